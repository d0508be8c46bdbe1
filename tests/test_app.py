"""What the program does as it starts."""

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QLineEdit

from vae_explorer import app

WAIT = 20_000  # milliseconds: torch may have to be loaded


@pytest.fixture
def opened(qtbot):
    """Windows as `vae-explorer FILE …` opens them; closed as a user would close them."""
    windows = []

    def create(*files):
        windows.append(app.create(files))
        windows[-1].show()
        return windows[-1]

    yield create
    for window in windows:
        window.close()
        qtbot.waitUntil(lambda window=window: window.session.is_closed and not window.isVisible(), timeout=WAIT)
        window.deleteLater()


@pytest.fixture
def digit(tmp_path):
    path = tmp_path / "digit.png"
    Image.fromarray(np.eye(28, dtype=np.uint8) * 255).save(path)
    return path


def chosen(session):
    """The name of the image whose posterior is shown."""
    return session.image.pictures[session.image.image].name if session.image.posterior else None


def test_the_first_start_shows_a_trained_model_and_an_image(opened, qtbot):
    window = opened()
    qtbot.waitUntil(lambda: window.session.image.posterior is not None, timeout=WAIT)
    assert window.session.model.current.name == "mnist"
    assert window.session.image.images


def test_an_image_on_the_command_line_is_encoded_by_the_bundled_model(opened, qtbot, digit):
    window = opened(digit)
    session = window.session
    qtbot.waitUntil(lambda: chosen(session) == "digit.png", timeout=WAIT)
    assert session.model.current.name == "mnist"


def test_a_model_that_does_not_open_gives_way_to_the_bundled_one(opened, qtbot, tmp_path, digit):
    broken = tmp_path / "broken.vae.safetensors"
    broken.write_bytes(b"no model")
    said = []
    window = opened(broken, digit)
    window.session.failed.connect(said.append)
    qtbot.waitUntil(lambda: chosen(window.session) == "digit.png", timeout=WAIT)
    assert window.session.model.current.name == "mnist"
    assert said == ["broken.vae.safetensors is not a model file of this program"]


def test_no_field_takes_a_drop_that_is_meant_for_the_window(opened):
    assert not any(field.acceptDrops() for field in opened().findChildren(QLineEdit))
