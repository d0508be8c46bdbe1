"""The frame on an image: live while it is dragged, one entry of the history, and the same x as the command's."""

import json
import shlex

import numpy as np
import pytest
from PIL import Image

from vae_explorer import cli
from vae_explorer.data import bundled
from vae_explorer.data.photo.frame import Frame
from vae_explorer.data.preprocess import prepare
from vae_explorer.session.records import ImageSettings

TIMEOUT = 30_000  # milliseconds
AROUND_THE_SECOND = Frame(left=380, top=90, width=220, height=220)


@pytest.fixture
def image(opened):
    return opened.image


@pytest.fixture
def history(opened):
    return opened.model.current.undo


@pytest.fixture
def photo(tmp_path):
    """Paper with a large digit and a smaller one, at twice the size that is read."""
    digits = bundled.tests_of("mnist").images[:2, 0]
    paper = np.full((400, 640), 235, np.uint8)
    for digit, (top, left), side in zip(digits, ((80, 60), (120, 410)), (224, 168), strict=True):
        ink = np.asarray(Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC))
        paper[top : top + side, left : left + side] -= (ink * 0.8).astype(np.uint8)
    path = tmp_path / "two.png"
    Image.fromarray(paper).resize((2560, 1600)).save(path)
    return path


@pytest.fixture
def two(bring, photo, image):
    """The photo, encoded."""
    bring(photo)
    return image.pictures[image.image]


def prepared_with(session, frame, switches=None):
    image = session.image
    return prepare(image.pictures[image.image], session.model.snapshot.preparation, switches, frame=frame)


def framed(picture, frame):
    """The same part of a picture that was reduced when it was read."""
    return frame.scaled(picture.width / 640, picture.height / 400)


def test_until_a_frame_is_set_it_is_the_one_that_was_found_and_the_doubt_is_told(two, image):
    assert len(image.posterior.candidates) == 2
    assert image.frame == image.posterior.frame == image.posterior.candidates[0]
    assert image.posterior.doubt.startswith("Two figures were found")


def test_a_frame_decides_what_is_encoded_and_ends_the_doubt(opened, two, image, settled):
    before, frame = image.posterior, framed(two, AROUND_THE_SECOND)
    image.set_frame(frame)
    settled()
    np.testing.assert_array_equal(image.posterior.x, prepared_with(opened, frame).x)
    assert not np.array_equal(image.posterior.mu, before.mu)
    assert (image.frame, image.posterior.frame, image.posterior.doubt) == (frame, frame, "")
    assert image.posterior.candidates == before.candidates
    np.testing.assert_array_equal(opened.latent.z, image.posterior.mu)
    image.set_frame(None)
    settled()
    np.testing.assert_array_equal(image.posterior.mu, before.mu)


def test_a_gesture_is_live_and_one_entry_of_the_history(opened, two, image, history, settled):
    before, frame, entries = image.posterior, framed(two, AROUND_THE_SECOND), history.count()
    image.grip_frame()
    for left in (0, 40, 80):
        image.set_frame(frame.model_copy(update={"left": left}))
        assert image.frame.left == left
    image.set_frame(frame)
    settled()
    assert image.posterior.frame == frame  # though the hand still holds it
    assert history.count() == entries
    image.release_frame()
    assert (history.count(), history.undoText()) == (entries + 1, "Frame")
    history.undo()
    settled()
    assert image.frame == before.frame
    np.testing.assert_array_equal(image.posterior.mu, before.mu)
    history.redo()
    settled()
    assert image.frame == frame


def test_a_gesture_that_is_taken_back_leaves_everything_as_it_was(opened, two, image, history, settled):
    opened.latent.set_z(np.array([1, -2, 3, -1], np.float32))
    entries, z, frame = history.count(), opened.latent.z.copy(), image.frame
    image.grip_frame()
    image.set_frame(framed(two, AROUND_THE_SECOND))
    settled()
    assert not np.array_equal(opened.latent.z, z)
    image.release_frame(take_back=True)
    settled()
    np.testing.assert_array_equal(opened.latent.z, z)
    assert (history.count(), image.frame) == (entries, frame)


def test_an_undo_during_a_gesture_ends_it(two, image, history, settled):
    image.set_frame(framed(two, AROUND_THE_SECOND))
    image.grip_frame()
    history.undo()
    assert not image.is_frame_held
    image.release_frame()
    settled()
    assert image.settings.frame is None
    assert history.canRedo()


def test_it_is_turned_by_quarters_from_the_one_that_was_found(opened, two, image, settled):
    found = image.frame
    for turns in (1, 2, 3, 0):
        image.turn_frame()
        assert image.frame == found.model_copy(update={"turns": turns})
    image.turn_frame()
    settled()
    np.testing.assert_array_equal(image.posterior.x, prepared_with(opened, found.model_copy(update={"turns": 1})).x)


def test_it_belongs_to_its_image_and_is_kept_with_the_switches(two, image, settled):
    frame, first = framed(two, AROUND_THE_SECOND), image.image
    image.set_frame(frame)
    image.set_switch("binarise", False)
    image.step(1)
    settled()
    assert image.settings == ImageSettings()
    image.choose(first)
    settled()
    assert image.settings == ImageSettings(switches={"binarise": False}, frame=frame)
    assert ImageSettings.model_validate_json(image.settings.model_dump_json()) == image.settings


def test_where_no_image_is_chosen_there_is_no_frame_to_set(session):
    session.image.set_frame(AROUND_THE_SECOND)
    session.image.turn_frame()
    session.image.grip_frame()
    session.image.release_frame()
    assert session.image.frame is None


@pytest.mark.parametrize("turns", [0, 1])
def test_the_command_with_this_frame_gives_the_windows_mu(opened, two, image, settled, qtbot, capsys, turns):
    image.set_frame(Frame(left=round(two.width * 0.6), top=71, width=333, height=377, turns=turns))
    settled()
    lines = []
    opened.take_away.hand_over(opened.take_away.posterior_command(), lines.append)
    qtbot.waitUntil(lambda: bool(lines), timeout=TIMEOUT)
    words = shlex.split(lines[0])[1:]
    assert "--frame" in words
    assert cli.run(words) == 0
    (printed,) = json.loads(capsys.readouterr().out)["images"]
    np.testing.assert_allclose(printed["mu"], image.posterior.mu, atol=1e-5)
    across, down = two.scale
    frame = printed["frame"]
    assert (frame["left"] / across, frame["height"] / down) == pytest.approx((image.frame.left, image.frame.height))


def test_the_samples_stay_in_sight_while_the_frame_is_dragged(opened, two, image, settled):
    opened.posterior_samples.set_watched(True)
    settled()
    image.grip_frame()
    image.set_frame(framed(two, AROUND_THE_SECOND))
    gone = []
    image.encoded.connect(lambda: gone.append(opened.posterior_samples.shown is None))
    settled()
    image.release_frame()
    assert gone
    assert not any(gone)
