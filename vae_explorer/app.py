"""The application: builds the session and the window, opens what it was started with, and ends with its exit code."""

import logging
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

if sys.platform == "win32":
    import torch  # noqa: F401 - torch 2.9 and newer must be loaded before Qt there

from PySide6.QtCore import QEvent, QEventLoop, QObject, Qt, QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from vae_explorer import display, errors, paths
from vae_explorer.process import (
    Collector,
    Destroyed,
    Faults,
    Memory,
    QtMessages,
    Signals,
    leave_display,
    qt_logged,
)
from vae_explorer.session.opening import kind_of
from vae_explorer.session.session import FIRST_MODEL, Session
from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.theme import theme
from vae_explorer.ui.window.main_window import MainWindow

log = logging.getLogger(__name__)
PICTURED_SIZE = "1440x900"  # pixels, of a screenshot without --size
SWITCH_INTERVAL = 0.001  # seconds: the window gets its turn soon while Python code runs in a thread
KEPT_KERNELS = 256  # of torch's, one for each shape: 1024, as it is, are 40 MB where numbers of samples change
SCREENSHOT_SECONDS = 60.0  # a machine may be slow; then the picture is taken as it is
CALM = 1000  # milliseconds after the first picture
UNSEEN = 200  # milliseconds until a window that is never shown opens its model
SETTLE = 400  # milliseconds without a change before a screenshot


def create(files: Sequence[Path] = (), *, remembers: bool = True) -> MainWindow:
    """The window with everything behind it, without running the loop. Where no model or run among the files opens, the
    first bundled model does. `remembers`: whether the places of its panels are restored and saved."""
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setApplicationName("VAE Explorer")
    application.setWindowIcon(QIcon(str(paths.resources() / "icon.svg")))
    with theme.held():
        theme.follow_system(application)
        session = Session()
        try:
            window = MainWindow(session, remembers=remembers)
        except BaseException:
            session.end()  # a thread that still runs when the program ends takes it down before the error is told
            raise
    session.setParent(window)
    Opening(window, files)
    return window


def run(files: Sequence[Path] = (), *, screenshot: Path | None = None, size: str = "") -> int:
    """Runs the window until it is closed, or renders it into a PNG; gives the exit code. The size is WIDTHxHEIGHT in
    pixels; without one the window is as large as last time, or fits the screen."""
    if screenshot and display.problem():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    problem = display.problem()
    if problem:
        print(problem, file=sys.stderr)
        return 1
    with errors.logged() as log, errors.crashes_traced(), qt_logged() as messages:
        return _run(files, screenshot, size, log, messages)


def _run(files: Sequence[Path], screenshot: Path | None, size: str, log_file: errors.Log, messages: QtMessages) -> int:
    sys.setswitchinterval(SWITCH_INTERVAL)
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", str(KEPT_KERNELS))
    window = create(files, remembers=screenshot is None)
    messages.leave = partial(leave_display, window, log_file)
    Faults(window, log_file)
    signals = Signals(window)
    Collector(window)
    Memory(window)
    WarmUp(window)
    if size or screenshot:
        width, height = map(int, (size or PICTURED_SIZE).split("x"))
        window.resize(width, height)
    taken = Screenshot(window, screenshot) if screenshot else None
    window.show()
    Destroyed(window)
    application = QApplication.instance()
    assert application is not None
    code = application.exec()
    signals.end()
    return code or (taken.code if taken else 0)


class Opening(QObject):
    """Opens the files once the window has been painted: loading torch at the same time would delay the first picture.
    The first bundled model opens where none of them is a model or a run, or where theirs does not open."""

    def __init__(self, window: MainWindow, files: Sequence[Path]):
        super().__init__(window)
        self._window, self._model, self._files = window, window.session.model, list(files)
        self._is_last_try = False
        window.successes.hold()  # a bundled model that opens in the place of another does not answer why
        self._timer = QTimer(self, singleShot=True, interval=UNSEEN)  # a window that is never shown works too
        self._timer.timeout.connect(self._open)
        self._timer.start()
        window.explore.installEventFilter(self)

    @guarded(False)
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            watched.removeEventFilter(self)
            self._timer.start(0)
        return False

    def _open(self) -> None:
        models = [path for path in self._files if kind_of(path) in ("model", "run")]
        self._files = [path for path in self._files if path not in models]
        if models:
            self._window.open_paths(models)
        self._model.models_changed.connect(self._on_models_changed)
        self._on_models_changed()

    def _on_models_changed(self) -> None:
        """Images and data wait for a model: the images are encoded with it."""
        if self._model.is_opening:
            return
        if self._model.current is None and not self._is_last_try:
            self._is_last_try = True
            self._model.open(FIRST_MODEL)
            return
        self._model.models_changed.disconnect(self._on_models_changed)
        log.info("the window is up")  # now that torch is loaded: its version is in the log's first line
        if self._files:
            self._window.open_paths(self._files)
        self._window.successes.release()


class WarmUp(QObject):
    """Imports the library of the plots at a calm moment, once the first pictures are there: it blocks the window for
    0.13 s, which would be felt at the first curve of a run. In this thread: PySide makes types as they are first
    used, and two threads that do so at once now and then cause a segmentation fault (1 of 40 starts)."""

    def __init__(self, window: MainWindow):
        super().__init__(window)
        self._decoded = window.session.decoded
        self._timer = QTimer(self, interval=CALM)
        self._timer.timeout.connect(self._on_calm)
        self._decoded.decoded.connect(self._on_decoded)

    def _on_decoded(self) -> None:
        self._decoded.decoded.disconnect(self._on_decoded)
        self._timer.start()

    def _on_calm(self) -> None:
        if QApplication.mouseButtons() == Qt.MouseButton.NoButton:  # not under a hand that drags
            self._timer.stop()
            import pyqtgraph  # noqa: F401


class Screenshot(QObject):
    """Waits until the window shows what it will show, saves a picture and closes."""

    def __init__(self, window: MainWindow, path: Path):
        super().__init__(window)
        self._window, self._path, self.code = window, path, 1
        self._calm = QTimer(window, singleShot=True, interval=SETTLE)
        self._calm.timeout.connect(self._on_calm)
        self._limit = QTimer(window, singleShot=True, interval=int(SCREENSHOT_SECONDS * 1000))
        self._limit.timeout.connect(self._take)
        session = window.session
        for signal_ in (session.decoded.decoded, session.posterior_samples.sampled, session.failed):
            signal_.connect(self._calm.start)
        session.prior_samples.sampled.connect(self._calm.start)
        self._limit.start()
        window.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)

    def _on_calm(self) -> None:
        session = self._window.session
        if session.model.is_opening or session.image.is_reading or session.jobs.is_active:
            self._calm.start()
        else:
            self._take()

    def _take(self) -> None:
        self._calm.stop()
        self._limit.stop()
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
        if self._window.grab().save(str(self._path), "PNG"):
            self.code = 0
        else:
            print(f"{self._path} could not be written: choose another folder", file=sys.stderr)
        self._window.close()
