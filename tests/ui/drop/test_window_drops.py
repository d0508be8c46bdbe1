"""Dropping and pasting: what comes into the window, and what is said of what cannot."""

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget

from vae_explorer.core.progress import finish
from vae_explorer.export.picture import png
from vae_explorer.training.run import Run
from vae_explorer.training.trainer import Trainer
from vae_explorer.ui.drop.offer import promise

WAIT = 20_000  # milliseconds


def listed(*paths):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def brought(name, content):
    mime = QMimeData()
    mime.setData(name, content)
    return mime


def test_a_dropped_picture_file_is_encoded(window, model, drop, files, images, encoded):
    drop(listed(files[1]))
    posterior = encoded("image 1.png")
    np.testing.assert_array_equal(window.findChild(QWidget, "encodeMu").property("value"), posterior.mu)
    np.testing.assert_array_equal(window.findChild(QWidget, "imageDrop").property("value"), images[1])


def test_several_dropped_files_stand_in_the_strip_and_the_first_is_chosen(window, model, drop, files, encoded):
    drop(listed(*files))
    encoded("image 0.png")
    assert len(window.session.image.images) == 4


def test_of_several_the_bad_ones_are_named_and_the_good_ones_used(
    window, model, drop, files, tmp_path, qtbot, encoded, said
):
    (tmp_path / "bad.png").write_bytes(b"no picture")
    drop(listed(files[0], tmp_path / "bad.png", files[1]))
    encoded("image 0.png")
    qtbot.waitUntil(lambda: said() != "", timeout=WAIT)
    assert said().startswith("2 of 3 used: ")
    assert "bad.png" in said()
    assert len(window.session.image.images) == 2


def test_a_dropped_picture_without_a_file_is_encoded(window, model, drop, images, encoded):
    drop(brought("image/png", png(images[2])))
    encoded("picture.png")


def test_a_dropped_model_file_is_opened(window, drop, make_model, qtbot):
    path = make_model("dropped", z_dim=5)
    drop(listed(path))
    qtbot.waitUntil(lambda: window.session.model.current is not None, timeout=WAIT)
    assert window.session.model.current.name == "dropped"
    assert window.findChild(QWidget, "latentSlider_4") is not None
    assert window.recent() == [str(path)]


def test_a_dropped_folder_becomes_the_data_set_of_the_form(window, drop, files, tmp_path, qtbot):
    with qtbot.waitSignal(window.session.data.described, timeout=WAIT):
        drop(listed(tmp_path))
    assert window.training.form.config().data == str(tmp_path)
    assert "4 images, 8 × 8 grey pixels" in window.training.sentence.text()


@pytest.mark.parametrize(
    ("name", "content", "wanted"),
    [
        ("text/plain", b"only words", "Nothing here can be used"),
        ("text/html", b"<b>nothing</b>", "Nothing here can be used"),
        ("application/x-strange", b"\0\1\2", "Nothing here can be used"),
        ("text/uri-list", b"https://example.org/cat.png", "web address"),
        ("image/png", b"\x89PNG\r\n\x1a\nbroken", "picture.png"),
        ("image/png", b"", "Nothing here can be used"),
    ],
)
def test_what_cannot_be_used_gets_one_sentence_and_changes_nothing(
    window, model, drop, qtbot, name, content, wanted, said
):
    before = window.session.image.images, window.session.model.current
    drop(brought(name, content))
    qtbot.waitUntil(lambda: said() != "", timeout=WAIT)
    assert wanted in said()
    assert window.errors.isVisible()
    assert (window.session.image.images, window.session.model.current) == before


def test_a_damaged_model_file_leaves_the_opened_model(window, model, drop, tmp_path, qtbot, said):
    damaged = tmp_path / "damaged.vae.safetensors"
    damaged.write_bytes(model.read_bytes()[:-1] + b"\x7f")
    before = window.session.model.current
    drop(listed(damaged))
    qtbot.waitUntil(lambda: "damaged" in said(), timeout=WAIT)
    assert window.session.model.current is before


def test_an_image_without_a_model_says_that_there_is_none(window, drop, files, qtbot, said):
    drop(listed(files[0]))
    qtbot.waitUntil(lambda: said() != "", timeout=WAIT)
    assert "model" in said()


def test_while_something_hangs_over_the_window_an_overlay_says_what_it_will_be(window, model, files):
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    mime = listed(files[0])
    QApplication.sendEvent(window, QDragEnterEvent(QPoint(50, 50), Qt.DropAction.CopyAction, mime, buttons, keys))
    assert window.drops.overlay.isVisible()
    QApplication.sendEvent(window, QDragLeaveEvent())
    assert not window.drops.overlay.isVisible()
    assert window.session.image.images == ()


def test_a_model_and_images_together_are_both_used(window, drop, make_model, files, encoded, said):
    drop(listed(files[0], make_model("dropped")))
    encoded("image 0.png")
    assert window.session.model.current.name == "dropped"
    assert said() == ""


def test_of_two_models_the_second_is_named_as_left_out(window, drop, make_model, qtbot, said):
    drop(listed(make_model("one"), make_model("two")))
    qtbot.waitUntil(lambda: window.session.model.current is not None, timeout=WAIT)
    assert window.session.model.current.name == "one"
    assert said() == ("Only one model and one data set can be opened at a time. Not opened: two.vae.safetensors")


def test_a_pasted_picture_is_encoded(window, model, images, qtbot, encoded):
    QGuiApplication.clipboard().setMimeData(brought("image/png", png(images[3])))
    qtbot.keyClick(window, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    encoded("picture.png")


def test_the_copied_picture_can_be_pasted_back_as_an_image(window, model, qtbot, encoded):
    qtbot.waitUntil(lambda: window.decoded.view.property("value") is not None, timeout=WAIT)
    qtbot.keyClick(window, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(window, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    x = encoded("picture.png").x
    np.testing.assert_allclose(x, window.session.decoded.shown.images[0], atol=0.2)


def test_a_dropped_run_shows_its_model_under_its_own_name(window, drop, config, tmp_path, said, qtbot):
    run = Run.create(tmp_path / "mine", config)
    finish(Trainer(run).work())
    mime = listed(run.folder)
    assert promise(mime).sentence == "Drop to open the run mine"
    drop(mime)
    qtbot.waitUntil(lambda: window.session.model.current is not None, timeout=WAIT)
    assert window.session.model.current.name == "mine"
    qtbot.waitUntil(lambda: window.session.training.curves.validation_epochs == [1, 2, 3], timeout=WAIT)
    assert window.run_bar.curves.isVisible()
    assert window.run_bar.line.text.startswith("blobs.npz mine")
    assert window.training.form.config() == config
    assert window.training.sentence.text() == "mine is finished: these are its curves and its settings."
    assert len(window.session.training.kl_per_dimension) == config.z_dim
    assert window.recent()[0] == str(run.folder)
    assert said() == ""
