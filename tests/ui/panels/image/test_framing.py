"""Where a frame may go: within the photo, never too small, in the proportions that are asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vae_explorer.data.photo.frame import Frame
from vae_explorer.ui.panels.image.framing import LEAST, moved, resized

PHOTO = (400, 300)
FRAME = Frame(left=100, top=80, width=60, height=60)
HANDLES = [(across, down) for across in (-1, 0, 1) for down in (-1, 0, 1) if (across, down) != (0, 0)]

pulls = st.integers(-2000, 2000)


@st.composite
def framed_photos(draw):
    """A photo's size and a frame in it."""
    width, height = draw(st.integers(1, 1100)), draw(st.integers(1, 1100))
    across, down = draw(st.integers(1, width)), draw(st.integers(1, height))
    left, top = draw(st.integers(0, width - across)), draw(st.integers(0, height - down))
    return (width, height), Frame(left=left, top=top, width=across, height=down, turns=draw(st.integers(0, 3)))


def is_within(frame, photo):
    return (
        frame.left >= 0
        and frame.top >= 0
        and frame.left + frame.width <= photo[0]
        and frame.top + frame.height <= photo[1]
    )


@given(framed_photos(), pulls, pulls)
def test_a_frame_that_is_moved_keeps_its_size_and_stays_in_the_photo(given_, across, down):
    photo, frame = given_
    there = moved(frame, across, down, photo)
    assert is_within(there, photo)
    assert (there.width, there.height, there.turns) == (frame.width, frame.height, frame.turns)


@given(framed_photos(), st.sampled_from(HANDLES), pulls, pulls, st.sampled_from([None, 1.0, 0.5, 1.6]))
def test_a_frame_that_is_resized_stays_in_the_photo(given_, handle, across, down, ratio):
    photo, frame = given_
    there = resized(frame, handle, across, down, photo, ratio)
    assert is_within(there, photo)
    assert there.turns == frame.turns


@given(st.sampled_from(HANDLES), pulls, pulls)
def test_a_side_that_is_pulled_freely_is_at_least_eight_pixels_and_the_others_stay(handle, across, down):
    there = resized(FRAME, handle, across, down, PHOTO, None)
    assert min(there.width, there.height) >= LEAST
    if handle[0] >= 0:
        assert there.left == FRAME.left
    if handle[0] <= 0:
        assert there.left + there.width == FRAME.left + FRAME.width
    if handle[1] >= 0:
        assert there.top == FRAME.top
    if handle[1] <= 0:
        assert there.top + there.height == FRAME.top + FRAME.height


@given(st.sampled_from(HANDLES), pulls, pulls, st.sampled_from([1.0, 0.5, 1.6]))
def test_with_proportions_both_sides_have_them_to_a_pixel(handle, across, down, ratio):
    there = resized(FRAME, handle, across, down, PHOTO, ratio)
    assert there.width == pytest.approx(there.height * ratio, abs=1 + ratio)


def test_a_frame_around_a_narrow_figure_gets_the_proportions_without_losing_any_of_it():
    narrow = Frame(left=100, top=80, width=20, height=60)
    for handle in HANDLES:
        there = resized(narrow, handle, 0, 0, PHOTO, 1.0)
        assert (there.width, there.height) == (60, 60)
        assert there.left <= 100
        assert there.left + there.width >= 120
        assert there.top == 80


@pytest.mark.parametrize(
    ("handle", "ratio", "box"),
    [
        ((1, 1), 1.0, (100, 80, 80, 80)),  # the larger pull counts
        ((-1, -1), 1.0, (120, 100, 40, 40)),  # the corner across from it stays
        ((1, 0), 1.0, (100, 70, 80, 80)),  # around the middle of its side
        ((1, 0), None, (100, 80, 80, 60)),
        ((0, 1), None, (100, 80, 60, 70)),
    ],
)
def test_what_a_handle_does(handle, ratio, box):
    across, down = (20, 20) if handle == (-1, -1) else (20, 10)
    there = resized(FRAME, handle, across, down, PHOTO, ratio)
    assert (there.left, there.top, there.width, there.height) == box
