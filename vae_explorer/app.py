"""The application: builds the session and the window, and everything that a process needs around them."""

import gc
import logging
import logging.handlers
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType

if sys.platform == "win32":
    import torch  # noqa: F401 - torch 2.9 and newer must be loaded before Qt there

from PySide6.QtCore import QEvent, QEventLoop, QObject, QSocketNotifier, Qt, QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from vae_explorer import display, paths
from vae_explorer.session.guard import guarded
from vae_explorer.session.session import FIRST_MODEL, Session
from vae_explorer.ui.main_window import MainWindow
from vae_explorer.ui.theme import theme

log = logging.getLogger(__name__)
SWITCH_INTERVAL = 0.001  # seconds: the window gets its turn soon while Python code runs in a thread
COLLECT_INTERVAL = 1000  # milliseconds between two looks at the garbage
LOG_BYTES, LOG_FILES = 1_000_000, 3
SCREENSHOT_SECONDS = 60.0  # a machine may be slow; then the picture is taken as it is
UNSEEN = 200  # milliseconds until a window that nobody has shown opens its model
SETTLE = 400  # milliseconds without a change before a screenshot


def create(files: Sequence[Path] = ()) -> MainWindow:
    """The window with everything behind it, without running the loop. Without a model among the files the first
    bundled one opens."""
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setApplicationName("VAE Explorer")
    application.setWindowIcon(QIcon(str(paths.resources() / "icon.svg")))
    theme.follow_system(application)
    session = Session()
    window = MainWindow(session)
    session.setParent(window)
    models = [path for path in files if path.suffix == ".safetensors"]
    first = str(models[0]) if models else FIRST_MODEL
    WhenPainted(window, partial(session.model.open, first))
    others = [path for path in files if path not in models]
    if others:
        WhenReady(window, others)
    return window


def run(files: Sequence[Path] = (), *, screenshot: Path | None = None, size: str = "1440x900") -> int:
    """Runs the window until it is closed, or renders it into a PNG; gives the exit code."""
    width, _, height = size.partition("x")
    if not (width.isdigit() and height.isdigit() and 200 <= int(width) <= 8000 and 200 <= int(height) <= 8000):
        raise ValueError(f"--size takes WIDTHxHEIGHT in pixels such as 1440x900, got {size}")
    if screenshot and display.problem():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    problem = display.problem()
    if problem:
        print(problem, file=sys.stderr)
        return 1
    _start_log()
    sys.excepthook = _on_exception
    sys.setswitchinterval(SWITCH_INTERVAL)
    window = create(files)
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    heard = _Signals(window)
    window._collector = _Collector(window)  # type: ignore[attr-defined]
    if screenshot:
        window.resize(int(width), int(height))
        taken = Screenshot(window, screenshot)
        code = application.exec()
        del heard
        return code or taken.code
    if size != "1440x900":
        window.resize(int(width), int(height))
    window.show()
    code = application.exec()
    del heard
    return code


class WhenPainted(QObject):
    """Calls once, after the window has been painted for the first time: loading torch beside that would hold it up."""

    def __init__(self, window: MainWindow, then: Callable[[], object]):
        super().__init__(window)
        self._then = then
        self._timer = QTimer(self, singleShot=True, interval=UNSEEN)  # a window that is never shown works too
        self._timer.timeout.connect(self._call)
        self._timer.start()
        window.rows.installEventFilter(self)

    @guarded(False)
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            watched.removeEventFilter(self)
            self._timer.start(0)
        return False

    def _call(self) -> None:
        self._then()
        self.deleteLater()


class WhenReady:
    """Opens files when the first model is there, since images are encoded by it."""

    def __init__(self, window: MainWindow, files: Sequence[Path]):
        self._window, self._files = window, list(files)
        window.session.model.changed.connect(self._on_model_changed)
        window._when_ready = self  # type: ignore[attr-defined]

    def _on_model_changed(self) -> None:
        self._window.session.model.changed.disconnect(self._on_model_changed)
        self._window.open_paths(self._files)


class Screenshot:
    """Waits until the window shows what it will show, saves a picture and closes."""

    def __init__(self, window: MainWindow, path: Path):
        self._window, self._path, self.code = window, path, 1
        self._calm = QTimer(window, singleShot=True, interval=SETTLE)
        self._calm.timeout.connect(self._take)
        self._limit = QTimer(window, singleShot=True, interval=int(SCREENSHOT_SECONDS * 1000))
        self._limit.timeout.connect(self._take)
        session = window.session
        for signal_ in (session.picture.decoded, session.posterior_samples.sampled, session.failed):
            signal_.connect(self._calm.start)
        session.prior_samples.sampled.connect(self._calm.start)
        self._limit.start()
        window.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        window.show()

    def _take(self) -> None:
        self._calm.stop()
        self._limit.stop()
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
        if self._window.grab().save(str(self._path), "PNG"):
            self.code = 0
        else:
            print(f"{self._path} could not be written: choose another folder", file=sys.stderr)
        self._window.close()


class _Signals:
    """SIGINT and SIGTERM close the window as the user would. Python hears signals only while Python code runs, so the
    number comes through a socket that Qt listens to."""

    def __init__(self, window: MainWindow):
        self._window = window
        self._read, self._write = socket.socketpair()
        for end in (self._read, self._write):
            end.setblocking(False)
        self._before = signal.set_wakeup_fd(self._write.fileno())
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: None)
        self._notifier = QSocketNotifier(self._read.fileno(), QSocketNotifier.Type.Read)
        self._notifier.activated.connect(self._on_signal)

    def _on_signal(self) -> None:
        self._read.recv(64)
        self._window.close()


class _Collector:
    """Collects garbage in the GUI thread only: a collection in another thread that finds a widget is a crash."""

    def __init__(self, window: MainWindow):
        gc.collect()
        gc.freeze()
        gc.disable()
        self._timer = QTimer(window, interval=COLLECT_INTERVAL)
        self._timer.timeout.connect(self._collect)
        self._timer.start()

    @staticmethod
    def _collect() -> None:
        counts, limits = gc.get_count(), gc.get_threshold()
        for generation in (2, 1, 0):
            if counts[generation] > limits[generation]:
                gc.collect(generation)
                return


def _start_log() -> None:
    handler = logging.handlers.RotatingFileHandler(
        paths.log_file(), maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8", delay=True
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    root.addHandler(handler)


def _on_exception(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """An error inside the program: the window lives on and says so, the log has the details."""
    log.error("unexpected", exc_info=(kind, error, traceback))
    for widget in QApplication.topLevelWidgets():
        if isinstance(widget, MainWindow):
            widget.session.failed.emit(
                f"Something went wrong inside the program ({kind.__name__}: {error}). "
                "Your work is kept; Help → Show log has the details."
            )
