"""A run that is quit or killed in the window, while sliders move, goes on bit for bit as if nobody had touched it."""

import os
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtWidgets import QWidget

from vae_explorer import app, paths
from vae_explorer.core.progress import finish
from vae_explorer.storage import sealed
from vae_explorer.training.config import TrainConfig
from vae_explorer.training.run import Run
from vae_explorer.training.state_file import STATE_FILE
from vae_explorer.training.trainer import Trainer

WAIT = 30_000  # milliseconds


@pytest.fixture
def config(tmp_path):
    pixels = np.random.default_rng(3).integers(0, 256, (120, 8, 8), np.uint8)
    pixels[:, :4] //= 8
    np.savez(tmp_path / "blobs.npz", images=pixels)
    return TrainConfig(
        data=str(tmp_path / "blobs.npz"), hidden=16, z_dim=2, epochs=100, batch_size=16, device="cpu", threads=1,
        precision="float32",
    )  # fmt: skip


@pytest.fixture
def untouched(config, tmp_path):
    """The same run made without a break and without a window."""
    run = Run.create(tmp_path / "untouched", config)
    finish(Trainer(run).work())
    return run


@pytest.fixture
def make_window(qtbot):
    import pyqtgraph  # noqa: F401 - as a second after each start; later it would hold the window while the run goes on

    made = []

    def make():
        window = app.create()
        made.append(window)
        window.show()
        window.resize(1440, 900)  # the offscreen platform's screen is small, and there Train folds away
        qtbot.waitExposed(window)
        return window

    def close(window):
        window.close()
        qtbot.waitUntil(lambda: window.session.is_closed and not window.isVisible(), timeout=WAIT)

    make.close = close
    yield make
    for window in made:
        close(window)
        window.deleteLater()


def play(window, qtbot, moves):
    """Drags a slider of the model in training and draws again, as a hand would."""
    if not window.session.model.shows_trained:
        return
    slider = window.findChild(QWidget, "latentSlider_0")
    moves.append(slider.property("value"))
    middle = slider.height() // 2
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=QPoint(round(slider.x_of(0.0)), middle))
    for z in (0.3, -0.7, 1.4):
        qtbot.mouseMove(slider, QPoint(round(slider.x_of(z)), middle))
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=QPoint(round(slider.x_of(1.4)), middle))
    window.session.posterior_samples.resample()
    window.session.prior_samples.resample()
    window.session.decoded.draw_again()


def assert_same(run, other):
    """The same weights, moments, best model and reports, bit for bit; only the clock differs."""
    for name in ("model_path", "best_path"):
        assert getattr(run, name).read_bytes() == getattr(other, name).read_bytes()
    (tensors, about), (other_tensors, other_about) = (sealed.read(each.state_path, STATE_FILE) for each in (run, other))
    assert tensors.keys() == other_tensors.keys()
    assert all(tensors[name].numpy().tobytes() == other_tensors[name].numpy().tobytes() for name in tensors)
    assert {**about, "seconds": 0} == {**other_about, "seconds": 0}
    reports = [
        [{key: value for key, value in report.items() if key != "images_per_second"} for report in each.metrics()]
        for each in (run, other)
    ]
    assert reports[0] == reports[1]


def only_run():
    (folder,) = paths.runs().iterdir()
    return Run.open(folder)


def test_quit_in_the_window_and_resumed_there(make_window, config, untouched, qtbot):
    for part in range(3):
        window, moves = make_window(), []
        training = window.session.training
        hand = QTimer(window, interval=5)
        hand.timeout.connect(lambda window=window, moves=moves: play(window, qtbot, moves))
        if part == 0:
            window.training.form.set_config(config)
            qtbot.mouseClick(window.training.start, Qt.MouseButton.LeftButton)
        else:
            qtbot.waitUntil(window.training.resume.offer.isVisible, timeout=WAIT)
            qtbot.mouseClick(window.training.resume.offer, Qt.MouseButton.LeftButton)
        hand.start()
        epoch = (20.4, 61.0, None)[part]
        if epoch is None:
            qtbot.waitUntil(lambda training=training: not training.is_active, timeout=WAIT)
            assert training.state == "finished"
        else:
            training.progressed.connect(
                lambda window=window, epoch=epoch: (
                    window.close() if getattr(window.session.training.progress, "epoch", 0) > epoch else None
                )
            )
            qtbot.waitUntil(lambda window=window: not window.isVisible(), timeout=WAIT)
            assert training.state == "stopped"
        hand.stop()
        assert len(set(moves)) > 1
        make_window.close(window)
    assert_same(only_run(), untouched)


PLAYED = """
    import sys
    import numpy as np
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication
    from vae_explorer import app
    from vae_explorer.training.config import TrainConfig

    window = app.create()
    window.show()
    session = window.session
    random = np.random.default_rng(1)

    def play():
        if session.model.shows_trained:
            session.latent.set_z(random.standard_normal(2).astype(np.float32))
            session.posterior_samples.resample()

    hand = QTimer(window, interval=2)
    hand.timeout.connect(play)
    hand.start()
    session.training.start(TrainConfig.model_validate_json(sys.argv[1]))
    QApplication.instance().exec()
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no such signal")
def test_killed_in_the_window_and_resumed_on_the_command_line(config, untouched, tmp_path):
    program = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PLAYED), config.model_dump_json()], stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + WAIT / 1000
        while not (paths.runs().exists() and any(paths.runs().glob("*/state.safetensors"))):
            assert program.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        program.kill()
        program.wait()
    run = only_run()
    assert not run.is_finished
    finish(Trainer(run).work())
    assert_same(run, untouched)
