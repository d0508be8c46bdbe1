"""The values of a set become grey levels by one range, which is said where it is not a usual one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from vae_explorer.data.container import DataError
from vae_explorer.data.reading import AUTOMATIC, Reading
from vae_explorer.data.values import Range, Values

RNG = np.random.default_rng(0)
NORMAL = RNG.normal(size=(4, 8, 8))


def spread(low, high, kind=float):
    """Values that reach both."""
    return np.linspace(low, high, 4 * 64).round(12).astype(kind).reshape(4, 8, 8)


def found(*pieces, white=0.0, reading=AUTOMATIC) -> Range:
    values = Values()
    for piece in pieces:
        values.observe(piece, "x", white)
    return values.range("set", reading)


@pytest.mark.parametrize(
    ("values", "white"),
    [
        (spread(0, 255, np.uint8), 255),
        (spread(0, 255), 255),
        (spread(3, 200, np.int64), 255),
        (spread(0, 1), 1),
        (spread(0, 1.0004, np.float16), 1),
        (spread(0.1, 0.9), 1),
        (spread(0, 1.99, np.uint8), 1),
        (spread(0, 1, bool), 1),
        (np.zeros((2, 8, 8), np.uint8), 1),
        (np.full((2, 8, 8), 7, np.uint8), 255),
    ],
)
def test_usual_ranges_are_taken_as_they_are_and_nothing_is_said(values, white):
    assert found(values) == Range(0, white)
    assert found(values).notes == ()
    assert found(values).resolved(AUTOMATIC) == AUTOMATIC


@pytest.mark.parametrize(
    ("values", "black", "white", "said"),
    [
        (spread(0, 16), 0, 16, "values 0 to 16"),  # scikit-learn's digits
        (spread(0, 1.02), 0, 1.02, "values 0 to 1.02"),
        (spread(-1, 1), -1, 1, "values −1 to 1"),
        (spread(-0.98, 0.97), -1, 1, "values −1 to 1"),
        (spread(-0.5, 0.5), -0.5, 0.5, "values −0.5 to 0.5"),
        (spread(-0.4242, 2.821), -0.4242, 2.821, "values −0.4242 to 2.821"),  # MNIST as PyTorch's example has it
        (NORMAL, NORMAL.min(), NORMAL.max(), "values −"),
        (spread(0, 4080, np.uint16), 0, 4080, "values 0 to 4,080"),
        (spread(0, 65535, np.uint16), 0, 65535, "values 0 to 65,535"),
        (spread(0, 2**32 - 1, np.uint32), 0, 2**32 - 1, "values 0 to 4,294,967,295"),
        (spread(0, 892), 0, 892, "values 0 to 892"),
        (spread(-1024, 3071, np.int16), -1024, 3071, "values −1,024 to 3,071"),  # a CT in Hounsfield units
        (spread(-20, 270), -20, 270, "values −20 to 270"),
        (spread(0, 0.05), 0, 0.05, "values 0 to 0.05"),
        (spread(0, 4, np.uint8), 0, 4, "values 0 to 4"),
    ],
)
def test_other_ranges_are_stretched_whole_and_it_is_said(values, black, white, said):
    one = found(values)
    assert (one.black, one.white) == (black, white)
    (note,) = one.notes
    assert note.switch == "white"
    assert note.sentence.startswith(said)
    assert note.sentence.endswith("were stretched to 0…255")
    wanted = (values.astype(float) - black) / (white - black) * 255
    assert np.abs(one.levels(values) - wanted).max() <= 0.5 + 1e-6  # nothing is cut off
    assert found(values, reading=one.resolved(AUTOMATIC)).levels(values).tolist() == one.levels(values).tolist()


def test_one_range_for_all_pieces():
    assert found(spread(0, 1), spread(0, 4095)) == found(spread(0, 4095))


def test_the_white_of_a_header_counts_where_the_values_come_near_it():
    assert found(spread(0, 3500), white=4095) == Range(0, 4095)
    assert found(spread(0, 4080), white=65535).white == 4080  # twelve bits in a file of sixteen


def test_the_users_black_and_white_come_first_and_what_is_cut_off_is_said():
    one = found(spread(-1024, 3071), reading=Reading(black=-100, white=400))
    assert one.levels(np.array([-1024, -100, 150, 400, 3071])).tolist() == [0, 0, 128, 255, 255]
    assert one.sentence == (
        "values −100 to 400 were stretched to 0…255; values outside were clipped (there are −1,024 to 3,071)"
    )
    assert found(spread(0, 255), reading=Reading(black=255, white=0)).levels(np.array([0, 255])).tolist() == [255, 0]


def test_values_that_are_no_numbers_are_counted_and_located():
    broken = spread(0, 1)
    broken[3, 2], broken[2, 0, 0] = np.nan, -np.inf
    with pytest.raises(DataError, match=r"^set: 9 values are not numbers, the first in image 6 of x; .*np\.where"):
        found(spread(0, 1), broken)
    with pytest.raises(DataError, match="1 value is not a number"):
        found(np.array([[np.nan]]))


@pytest.mark.parametrize("reading", [Reading(black=3, white=3), Reading(black=-1e308, white=1e308)])
def test_a_range_that_gives_no_levels_is_refused(reading):
    with pytest.raises(DataError, match="cannot be scaled"):
        found(spread(0, 16), reading=reading)


def test_no_images_need_no_range():
    assert found(np.zeros((0, 8, 8))) == Range(0, 255)


@given(
    arrays.arrays(
        st.sampled_from([np.uint8, np.int8, np.uint16, np.int64, np.float16, np.float32, np.float64, bool]),
        st.tuples(st.integers(0, 3), st.integers(1, 3), st.integers(1, 3)),
    ),
    st.sampled_from([0, 255, 4095]),
)
def test_any_values_become_levels_in_their_order_or_one_sentence(values, white):
    try:
        levels = found(values, white=white).levels(values)
    except DataError:
        return
    assert levels.dtype == np.uint8
    order = np.argsort(values, axis=None)
    assert (np.diff(levels.ravel()[order].astype(int)) >= 0).all()
