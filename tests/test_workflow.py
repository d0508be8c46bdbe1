"""One walk through the real window: train, drag, drop an image, stop, save, reopen, and the command line agrees."""

import json
import time

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget

from vae_explorer import app, cli
from vae_explorer.training.config import TrainConfig
from vae_explorer.ui.theme import theme

WAIT = 30_000  # milliseconds
WATCHED = 3.5  # seconds in which the picture has to move
PATIENCE = 1.0  # seconds between two of its changes, at most


@pytest.fixture
def window(qtbot):
    made = app.create()
    made.resize(1440, 900)  # the offscreen platform's screen is small
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()
    qtbot.waitUntil(lambda: made.session.is_closed and not made.isVisible(), timeout=WAIT)
    made.deleteLater()
    theme.set_scheme(Qt.ColorScheme.Dark)


@pytest.fixture
def data(tmp_path):
    """Bright bars of 16 × 16 pixels at a place of their own, and noise."""
    random = np.random.default_rng(5)
    images = random.integers(0, 40, (300, 16, 16), np.uint8)
    for image in images:
        row, column = random.integers(1, 12, 2)
        image[row : row + 3, column : column + 4] = 230
    np.savez(tmp_path / "bars.npz", images=images)
    return tmp_path / "bars.npz"


def drop(window, path):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    how = (Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(window, QDragEnterEvent(QPoint(80, 80), *how))
    QApplication.sendEvent(window, QDropEvent(QPointF(80, 80), *how))


def test_train_drag_drop_stop_save_reopen_and_the_command_line_agrees(
    window, data, tmp_path, qtbot, monkeypatch, capsys
):
    session = window.session

    def find(name):
        return window.findChild(QWidget, name)

    def value(name):
        return find(name).property("value")

    # the first start: a bundled model with an example image, encoded
    qtbot.waitUntil(lambda: session.image.posterior is not None and value("outputImage") is not None, timeout=WAIT)
    assert session.model.current.name == "mnist"
    assert value("encodeMu").shape == value("encodeSigma").shape == (session.model.snapshot.z_dim,)

    # train a model of our own
    session.data.open(data)
    assert window.training.form.config().data == str(data)
    qtbot.waitUntil(find("trainStart").isEnabled, timeout=WAIT)  # once it has been read
    config = TrainConfig(
        data=str(data), network="conv", hidden=32, z_dim=3, likelihood="gaussian", epochs=100_000, batch_size=16,
        device="cpu", threads=1,
    )  # fmt: skip
    window.training.form.set_config(config)
    qtbot.mouseClick(find("trainStart"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: session.model.shows_trained and value("outputImage").shape == (1, 16, 16), timeout=WAIT)

    # while it learns, the picture moves by itself: the sliders are not touched
    changes, last = [time.monotonic()], [value("outputImage")]

    def look() -> bool:
        now = value("outputImage")
        if not np.array_equal(now, last[0]):
            changes.append(time.monotonic())
            last[0] = now
        return time.monotonic() - changes[0] > WATCHED

    qtbot.waitUntil(look, timeout=WAIT)
    assert session.training.state == "running"
    assert max(np.diff([*changes, time.monotonic()])) < PATIENCE

    # drag a slider
    slider = find("latentSlider_1")
    start, end = (QPoint(round(slider.x_of(z)), slider.height() // 2) for z in (slider.property("value"), 2.0))
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=start)
    for step in range(1, 6):
        qtbot.mouseMove(slider, start + (end - start) * step / 5)
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=end)
    assert value("latentSlider_1") == pytest.approx(2.0, abs=0.1)
    moved = session.latent.z.copy()
    qtbot.waitUntil(lambda: np.array_equal(session.decoded.shown.z, moved), timeout=WAIT)
    with qtbot.waitSignal(session.model.updated, timeout=WAIT):  # newer weights leave the hand's z alone
        pass
    np.testing.assert_array_equal(session.latent.z, moved)

    # drop a photo
    photo = tmp_path / "photo.png"
    pixels = np.full((20, 30, 3), 30, np.uint8)
    pixels[6:12, 10:18] = (250, 200, 90)
    Image.fromarray(pixels).save(photo)
    drop(window, photo)
    image = session.image
    qtbot.waitUntil(
        lambda: image.posterior is not None and image.pictures[image.image].name == "photo.png", timeout=WAIT
    )

    # stop, and save the model
    qtbot.mouseClick(find("trainStop"), Qt.MouseButton.LeftButton)
    begin = time.monotonic()
    qtbot.waitUntil(lambda: not session.training.is_active, timeout=WAIT)
    assert time.monotonic() - begin < 3
    assert session.training.state == "stopped"
    saved = tmp_path / "bars.vae.safetensors"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(saved), ""))
    with qtbot.waitSignal(session.model.saved, timeout=WAIT):
        qtbot.mouseClick(find("trainSave"), Qt.MouseButton.LeftButton)

    # reopen it and drop the photo again
    drop(window, saved)
    qtbot.waitUntil(lambda: not session.model.shows_trained and session.model.current.name == "bars", timeout=WAIT)
    drop(window, photo)

    def there() -> bool:
        current, posterior = session.model.current, image.posterior
        name = image.pictures[image.image].name if image.image is not None else ""
        return name == "photo.png" and posterior is not None and posterior.lineage == current.lineage

    qtbot.waitUntil(there, timeout=WAIT)
    qtbot.waitUntil(lambda: session.posterior_samples.shown is not None, timeout=WAIT)
    assert value("posteriorSamples").shape == (16, 1, 16, 16)

    # the command line gives the same numbers
    capsys.readouterr()
    assert cli.run(["encode", str(saved), str(photo), "--json", "--samples", "16"]) == 0
    (result,) = json.loads(capsys.readouterr().out)["images"]
    np.testing.assert_allclose(value("encodeMu"), result["mu"], atol=1e-5)
    np.testing.assert_allclose(value("encodeSigma"), result["sigma"], atol=1e-5)
    np.testing.assert_allclose(session.posterior_samples.shown.z, result["samples"], atol=1e-5)
    assert image.posterior.elbo == pytest.approx(result["elbo"], abs=0.01)

    # generate from the prior
    window.drawer.show_view("prior_samples")
    qtbot.waitUntil(lambda: value("priorSamples") is not None, timeout=WAIT)
    assert value("priorSamples").shape == (64, 1, 16, 16)
    assert find("errorMessage").text() == ""
