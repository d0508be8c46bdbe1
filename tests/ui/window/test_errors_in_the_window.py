"""A message about what went wrong goes when the next thing works, and not before."""

import threading
from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl

from vae_explorer import app

WAIT = 20_000  # milliseconds


@pytest.fixture
def broken(tmp_path):
    """Files that nothing can be done with."""
    made = {name: tmp_path / f"broken{suffix}" for name, suffix in SUFFIXES.items()}
    for path in made.values():
        path.write_bytes(b"nothing")
    return made


SUFFIXES = {"image": ".png", "model": ".vae.safetensors", "data": ".npz"}


@pytest.fixture
def photos(tmp_path):
    path = tmp_path / "photos.npz"
    np.savez(path, images=np.random.default_rng(1).integers(0, 256, (40, 8, 8), np.uint8))
    return path


def until_said(qtbot, said, text=""):
    qtbot.waitUntil(lambda: bool(said()) and text in said(), timeout=WAIT)


def until_calm(window, qtbot):
    session = window.session
    qtbot.waitUntil(
        lambda: not (session.model.is_opening or session.image.is_reading or session.jobs.is_active), timeout=WAIT
    )


@pytest.mark.parametrize(
    ("wrong", "right"),  # each with its own kind and with the next one
    [
        pair
        for one, next_one in pairwise(["image", "model", "data", "run", "image"])
        for pair in ((one, one), (one, next_one))
    ],
)
def test_whatever_went_wrong_is_forgotten_when_anything_else_has_worked(
    window, model, make_model, files, photos, broken, config, said, qtbot, wrong, right
):
    def start(data):
        window.training.form.set_config(config.model_copy(update={"data": str(data)}))
        qtbot.mouseClick(window.training.start, Qt.MouseButton.LeftButton)

    if wrong == "run":
        start(broken["data"])
    else:
        window.open_paths([broken[wrong]])
    until_said(qtbot, said, "broken")
    qtbot.waitUntil(lambda: not window.session.training.is_active, timeout=WAIT)
    if right == "run":
        start(config.data)
    else:
        window.open_paths([{"image": files[0], "model": make_model("another"), "data": photos}[right]])
    qtbot.waitUntil(lambda: not said(), timeout=WAIT)
    assert not window.errors.isVisible()
    qtbot.waitUntil(lambda: not window.session.training.is_active, timeout=WAIT)
    until_calm(window, qtbot)


def test_what_is_tried_again_in_vain_takes_the_place_of_the_message(window, model, broken, said, qtbot):
    window.open_paths([broken["image"]])
    until_said(qtbot, said, "broken.png")
    window.open_paths([broken["data"]])
    until_said(qtbot, said, "broken.npz")


def test_what_was_left_out_of_a_drop_is_still_said_when_the_rest_has_been_opened(
    window, drop, make_model, files, photos, said, qtbot
):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in (make_model("one"), make_model("two"), files[0], photos)])
    drop(mime)
    qtbot.waitUntil(lambda: bool(window.session.image.brought and window.session.data.brought), timeout=WAIT)
    until_calm(window, qtbot)
    assert said().endswith("Not opened: two.vae.safetensors")
    window.open_paths([files[1]])
    qtbot.waitUntil(lambda: not said(), timeout=WAIT)


def test_a_refused_address_is_still_reported_when_the_picture_dropped_with_it_is_read(
    window, model, drop, files, said, encoded
):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(files[0])), QUrl("https://example.org/cat.png")])
    drop(mime)
    encoded("image 0.png")
    assert said().startswith("1 of 2 left out: ")


def test_of_several_images_the_bad_ones_stay_named(window, model, files, broken, said, encoded, qtbot):
    window.open_paths([files[0], broken["image"], files[1]])
    encoded("image 0.png")
    until_said(qtbot, said, "2 of 3 used")


def test_a_message_that_comes_while_a_model_is_opened_is_not_taken_away_by_it(
    window, model, make_model, said, qtbot, answering
):
    gate, opens = threading.Event(), answering["open_model"]
    answering["open_model"] = lambda request: gate.wait(10) and opens(request)
    window.open_paths([make_model("another")])
    window.session.failed.emit("mine is in use by process 7; opened read-only")
    gate.set()
    qtbot.waitUntil(lambda: window.session.model.current.name == "another", timeout=WAIT)
    assert said() == "mine is in use by process 7; opened read-only"


def test_training_that_goes_on_and_moved_sliders_answer_nothing(window, model, config, said, qtbot):
    window.training.form.set_config(config.model_copy(update={"epochs": 100_000}))
    qtbot.mouseClick(window.training.start, Qt.MouseButton.LeftButton)
    training = window.session.training
    qtbot.waitUntil(lambda: training.has_begun and len(training.curves.epochs) > 1, timeout=WAIT)
    window.session.failed.emit("The disk is full")
    reports, number = len(training.curves.epochs), window.session.model.snapshot.number
    window.session.latent.random()
    qtbot.waitUntil(
        lambda: len(training.curves.epochs) > reports + 2 and window.session.model.snapshot.number > number + 1,
        timeout=WAIT,
    )
    assert said() == "The disk is full"
    training.stop()
    qtbot.waitUntil(lambda: not training.is_active, timeout=WAIT)
    assert said() == "The disk is full"


@pytest.mark.parametrize("what", ["model", "run"])
def test_what_did_not_open_at_the_start_is_reported_although_the_bundled_model_opens(
    broken, files, photos, tmp_path, qtbot, what
):
    run = tmp_path / "run"
    run.mkdir()
    (run / "config.json").write_text("{]")
    (run / "model.vae.safetensors").touch()
    window = app.create([broken["model"] if what == "model" else run, files[0], photos])
    window.show()
    session = window.session
    qtbot.waitUntil(lambda: bool(session.image.brought and session.data.brought), timeout=WAIT)
    until_calm(window, qtbot)
    assert "model file" in window.errors.text.text() or "config.json" in window.errors.text.text()
    window.open_paths([files[1]])
    qtbot.waitUntil(lambda: not window.errors.isVisible(), timeout=WAIT)
    window.close()
    qtbot.waitUntil(lambda: session.is_closed and not window.isVisible(), timeout=WAIT)
    window.deleteLater()
