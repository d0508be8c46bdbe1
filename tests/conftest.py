"""Shared by all tests: no display, one torch thread, own folders, and nothing left running."""

import os

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["OMP_NUM_THREADS"] = "1"

from jaxtyping import install_import_hook

install_import_hook("vae_explorer.core", "beartype.beartype")  # shapes in signatures are checked while tests run

import functools
import gc
import multiprocessing
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import shiboken6
import torch
from PySide6.QtCore import QCoreApplication, QEvent, QThread, QTimer
from PySide6.QtWidgets import QApplication

from vae_explorer.core.card import LatentStatistics
from vae_explorer.core.config import VAEConfig
from vae_explorer.core.vae import VAE
from vae_explorer.data.preprocess import Preparation
from vae_explorer.training import model_file
from vae_explorer.training.model_file import ModelInfo

GRACE = 3.0  # seconds in which what a test has asked to end may end


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory, monkeypatch):
    """No test reads or writes the user's own files."""
    monkeypatch.setenv("VAE_EXPLORER_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory) -> Path:
    """The file of a model for 28 × 28 binary images with four dimensions: by their KL 1, 3, 0, 2, and 2 is inactive.

    Its weights are random, and large enough for mu, sigma and the pictures to differ from image to image.
    """
    config = VAEConfig(image_shape=(1, 28, 28), z_dim=4, hidden=16, likelihood="bernoulli")
    model = VAE(config).initialise(torch.Generator().manual_seed(7))
    with torch.no_grad():
        for layer in (model.encoder, model.decoder):
            for parameter in layer.parameters():
                parameter.mul_(1.5)
    info = ModelInfo(
        config=config,
        preparation=Preparation(image_shape=(1, 28, 28), dark_background=True, box=0.7, binarise="draw"),
        data="mnist",
        split_seed=0,
        train_config={},
        epochs=1,
        steps=10,
        train_images=100,
        statistics=LatentStatistics(
            split="test",
            images=100,
            kl_per_dimension=[0.5, 2.0, 0.001, 1.0],
            mu_variance=[0.2, 0.9, 0.0001, 0.5],
            elbo_quantiles=np.linspace(-300, -100, 101).tolist(),
        ),
    )
    path = tmp_path_factory.mktemp("models") / "tiny.vae.safetensors"
    model_file.save(path, model, info)
    return path


@pytest.fixture
def session(qtbot):
    """A session without a model; its threads end with the test."""
    from vae_explorer.session.session import Session

    made = Session()
    yield made
    if not made.is_closed:
        with qtbot.waitSignal(made.closed, timeout=10_000):
            made.close()


@pytest.fixture
def answering(monkeypatch):
    """The functions that answer the session's requests, by their names: one that is put in answers from then on."""
    from vae_explorer.session.answers import answers
    from vae_explorer.session.answers.answer import answer as answer_of

    found = {function.__name__: function for kind, function in answer_of.registry.items() if kind is not object}

    def answer(request):
        torch.set_num_threads(1)
        return found[answer_of.dispatch(type(request)).__name__](request)

    monkeypatch.setattr(answers, "answer", answer)
    return found


class _Started:
    """What a test has started, and where: the starting verbs are wrapped, so that nothing has to be searched for."""

    def __init__(self) -> None:
        self.threads: dict[QThread, str] = {}  # held: one that is collected while it runs takes the program down
        self.timers: weakref.WeakKeyDictionary[QTimer, str] = weakref.WeakKeyDictionary()
        self.processes: weakref.WeakKeyDictionary[subprocess.Popen, str] = weakref.WeakKeyDictionary()

    def clear(self) -> None:
        self.threads.clear()
        self.timers.clear()
        self.processes.clear()

    def note(self, kind: type, verb: str, notes: Callable[[], dict]) -> None:
        does = getattr(kind, verb)

        def noted(this, *args, **kwargs):
            result = does(this, *args, **kwargs)
            frame = sys._getframe(1)
            notes()[this] = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno} in {frame.f_code.co_name}"
            return result

        setattr(kind, verb, functools.wraps(does)(noted))

    def left(self) -> list[str]:
        """A line for everything that goes on."""
        threads = [
            f"QThread {thread.objectName() or type(thread).__name__}, started by {place}"
            for thread, place in self.threads.items()
            if shiboken6.isValid(thread) and thread.isRunning()
        ]
        timers = [
            f"QTimer {timer.objectName() or f'of {timer.interval()} ms'}, started by {place}"
            for timer, place in list(self.timers.items())
            if shiboken6.isValid(timer) and timer.isActive()
        ]
        processes = [
            f"process {process.pid} {process.args!r}, started by {place}"
            for process, place in list(self.processes.items())
            if process.poll() is None
        ]
        children = [f"process {child.pid} {child.name}" for child in multiprocessing.active_children()]
        windows = [
            f"visible window {window.objectName() or type(window).__name__}"
            for window in (QApplication.topLevelWidgets() if isinstance(QApplication.instance(), QApplication) else ())
            if window.isVisible()
        ]
        return [*threads, *timers, *processes, *children, *windows]


_started = _Started()
_lost: list[QThread] = []  # of failed tests
_started.note(QThread, "start", lambda: _started.threads)
_started.note(QTimer, "start", lambda: _started.timers)
_started.note(subprocess.Popen, "__init__", lambda: _started.processes)


@pytest.fixture
def left_running() -> Callable[[], list[str]]:
    """What the test would be blamed for now, a line each."""
    return _started.left


@pytest.fixture(autouse=True)
def _nothing_left_running() -> Iterator[None]:
    """Fails a test that leaves a running QThread, an active QTimer, a child process or a visible window, and says
    which and who started it. What is only waiting to be collected or deleted, or about to end, is no fault."""
    _started.clear()
    yield
    left = _started.left()
    if left:
        gc.collect()
        patience = time.monotonic() + GRACE
        while (left := _started.left()) and time.monotonic() < patience:
            if QCoreApplication.instance():
                QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
                QCoreApplication.processEvents()
            time.sleep(0.01)
    if left:
        _lost.extend(thread for thread in _started.threads if shiboken6.isValid(thread) and thread.isRunning())
        for window in QApplication.topLevelWidgets():
            window.hide()  # the next test is not to blame
        pytest.fail("The test left behind: " + "; ".join(left), pytrace=False)
