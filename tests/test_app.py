"""What the program does as it starts."""

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QLineEdit

from vae_explorer import app
from vae_explorer.core.progress import finish
from vae_explorer.training.config import TrainConfig
from vae_explorer.training.run import Run
from vae_explorer.training.trainer import Trainer

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
    assert said == ["broken.vae.safetensors is not a VAE Explorer model file"]


def test_no_field_takes_a_drop_that_is_meant_for_the_window(opened):
    assert not any(field.acceptDrops() for field in opened().findChildren(QLineEdit))


@pytest.fixture
def run(tmp_path):
    """The folder of a run that has come to its end, with a dot in its name."""
    data = tmp_path / "blobs.npz"
    np.savez(data, images=np.random.default_rng(3).integers(0, 256, (60, 8, 8), np.uint8))
    config = TrainConfig(data=str(data), hidden=16, z_dim=2, epochs=1, device="cpu", threads=1, precision="float32")
    made = Run.create(tmp_path / "my.run", config)
    finish(Trainer(made).work())
    return made.folder


def test_a_run_on_the_command_line_opens_at_once_and_no_bundled_model_before_it(opened, qtbot, run):
    window = opened(run)
    names = []
    window.session.model.changed.connect(lambda: names.append(window.session.model.current.name))
    qtbot.waitUntil(lambda: bool(names) and not window.session.model.is_opening, timeout=WAIT)
    assert names == ["my.run"]
    assert window.training.form.config().hidden == 16
    assert window.recent() == [str(run)]
    qtbot.waitUntil(lambda: not window.session.training.is_reading_curves, timeout=WAIT)


def test_a_run_that_does_not_open_gives_way_to_the_bundled_model(opened, qtbot, run):
    (run / "config.json").write_text("{")
    window = opened(run)
    said = []
    window.session.failed.connect(said.append)
    qtbot.waitUntil(lambda: window.session.image.posterior is not None, timeout=WAIT)
    assert window.session.model.current.name == "mnist"
    assert "config.json is damaged" in said[0]


def test_a_data_set_on_the_command_line_is_read_and_the_bundled_model_opens(opened, qtbot, run):
    window = opened(run.parent / "blobs.npz")
    qtbot.waitUntil(lambda: bool(window.session.data.brought), timeout=WAIT)
    assert window.session.model.current.name == "mnist"
    qtbot.waitUntil(lambda: not window.session.jobs.is_active, timeout=WAIT)
