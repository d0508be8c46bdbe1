"""The application: builds the session and the window, and everything that a process needs around them."""

import ctypes
import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

if sys.platform == "win32":
    import torch  # noqa: F401 - torch 2.9 and newer must be loaded before Qt there

import shiboken6
from PySide6.QtCore import (
    QEvent,
    QEventLoop,
    QMessageLogContext,
    QObject,
    QSocketNotifier,
    Qt,
    QTimer,
    QtMsgType,
    Signal,
    qInstallMessageHandler,
)
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from vae_explorer import display, errors, paths
from vae_explorer.session.guard import guarded
from vae_explorer.session.session import FIRST_MODEL, Session
from vae_explorer.ui import drop
from vae_explorer.ui.main_window import MainWindow
from vae_explorer.ui.theme import theme

log = logging.getLogger(__name__)
USUAL_SIZE = "1440x900"  # pixels
SWITCH_INTERVAL = 0.001  # seconds: the window gets its turn soon while Python code runs in a thread
KEPT_KERNELS = 256  # of torch's, one for each shape: 1024, as it is, are 40 MB where numbers of samples change
COLLECT_INTERVAL = 1000  # milliseconds between two looks at the garbage
GIVE_BACK_INTERVAL = 30_000  # milliseconds between two times that freed memory goes back to the system
SCREENSHOT_SECONDS = 60.0  # a machine may be slow; then the picture is taken as it is
CALM = 1000  # milliseconds after the first samples
UNSEEN = 200  # milliseconds until a window that nobody has shown opens its model
SETTLE = 400  # milliseconds without a change before a screenshot


def create(files: Sequence[Path] = (), *, remembers: bool = True) -> MainWindow:
    """The window with everything behind it, without running the loop. Where no model among the files opens, the first
    bundled one does. `remembers` is whether the places of its panels are read and kept."""
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setApplicationName("VAE Explorer")
    application.setWindowIcon(QIcon(str(paths.resources() / "icon.svg")))
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


def run(files: Sequence[Path] = (), *, screenshot: Path | None = None, size: str = USUAL_SIZE) -> int:
    """Runs the window until it is closed, or renders it into a PNG; gives the exit code. The size is WIDTHxHEIGHT."""
    if screenshot and display.problem():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    problem = display.problem()
    if problem:
        print(problem, file=sys.stderr)
        return 1
    with errors.logged() as log, errors.crashes_traced(), _qt_logged():
        return _run(files, screenshot, size, log)


def _run(files: Sequence[Path], screenshot: Path | None, size: str, log_file: errors.Log) -> int:
    sys.setswitchinterval(SWITCH_INTERVAL)
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", str(KEPT_KERNELS))
    window = create(files, remembers=screenshot is None)
    Faults(window, log_file)
    signals = Signals(window)
    Collector(window)
    Memory(window)
    WarmUp(window)
    if screenshot or size != USUAL_SIZE:
        width, height = map(int, size.split("x"))
        window.resize(width, height)
    taken = Screenshot(window, screenshot) if screenshot else None
    window.show()
    application = QApplication.instance()
    assert application is not None
    code = application.exec()
    signals.end()
    return code or (taken.code if taken else 0)


class Opening(QObject):
    """Opens the files once the window has been painted: loading torch beside that would hold the first picture up.
    The first bundled model opens where none of them is a model, or where theirs does not open."""

    def __init__(self, window: MainWindow, files: Sequence[Path]):
        super().__init__(window)
        self._window, self._model, self._files = window, window.session.model, list(files)
        self._is_last_try = False
        self._timer = QTimer(self, singleShot=True, interval=UNSEEN)  # a window that is never shown works too
        self._timer.timeout.connect(self._open)
        self._timer.start()
        window.rows.installEventFilter(self)

    @guarded(False)
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            watched.removeEventFilter(self)
            self._timer.start(0)
        return False

    def _open(self) -> None:
        self._model.models_changed.connect(self._on_models_changed)
        models = [path for path in self._files if drop.kind_of(path) == "model"]
        self._files = [path for path in self._files if path not in models]
        if models:
            self._window.open_paths(models)
        else:
            self._open_bundled()

    def _open_bundled(self) -> None:
        self._is_last_try = True
        self._model.open(FIRST_MODEL)

    def _on_models_changed(self) -> None:
        """Images come when there is a model that encodes them."""
        if self._model.is_opening:
            return
        if self._model.current is None and not self._is_last_try:
            self._open_bundled()
            return
        self._model.models_changed.disconnect(self._on_models_changed)
        log.info("the window stands")  # now that torch is loaded: its version is in the log's first line
        if self._files:
            self._window.open_paths(self._files)


class WarmUp(QObject):
    """Imports the library of the plots at a calm moment, once the first pictures are there: it holds the window up for
    0.13 s, which at the first curve of a training would be felt. In this thread: PySide makes types as they are first
    used, and two threads that do so at once are now and then a segmentation fault (1 of 40 starts)."""

    def __init__(self, window: MainWindow):
        super().__init__(window)
        self._samples = window.session.posterior_samples
        self._timer = QTimer(self, interval=CALM)
        self._timer.timeout.connect(self._on_calm)
        self._samples.sampled.connect(self._on_sampled)

    def _on_sampled(self) -> None:
        self._samples.sampled.disconnect(self._on_sampled)
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
        for signal_ in (session.picture.decoded, session.posterior_samples.sampled, session.failed):
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


class Signals(QObject):
    """SIGINT, SIGTERM and a terminal that is closed (SIGHUP) close the window as the user would. Python hears signals
    only while Python code runs, so the number comes through a socket that Qt listens to."""

    NUMBERS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))

    def __init__(self, window: MainWindow):
        super().__init__(window)
        self._window = window
        self._read, self._write = socket.socketpair()
        for end in (self._read, self._write):
            end.setblocking(False)
        signal.set_wakeup_fd(self._write.fileno())
        for number in self.NUMBERS:
            if not _is_to_outlive(number):
                signal.signal(number, lambda *_: None)
        self._notifier = QSocketNotifier(self._read.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._on_signal)

    def end(self) -> None:
        """From here on the program ends by itself: another signal must not stop it halfway, or write to a socket that
        is gone."""
        signal.set_wakeup_fd(-1)
        for number in self.NUMBERS:
            signal.signal(number, signal.SIG_IGN)

    def _on_signal(self) -> None:
        self._read.recv(64)
        self._window.close()


def _is_to_outlive(number: int) -> bool:
    """Whether nohup has said that a closed terminal is nothing to the program."""
    return number == getattr(signal, "SIGHUP", None) and signal.getsignal(number) is signal.SIG_IGN


class Collector(QObject):
    """Collects garbage in the GUI thread only: a collection in another thread that finds a widget is a crash."""

    def __init__(self, window: MainWindow):
        super().__init__(window)
        gc.collect()
        gc.freeze()
        gc.disable()
        self._modules = len(sys.modules)
        self._timer = QTimer(self, interval=COLLECT_INTERVAL)
        self._timer.timeout.connect(self._collect)
        self._timer.start()

    def _collect(self) -> None:
        if len(sys.modules) > self._modules:
            self._modules = len(sys.modules)
            gc.freeze()  # torch has come, or a part of it: 150,000 objects that stay, and 100 ms to look through
        counts, limits = gc.get_count(), gc.get_threshold()
        for generation in (2, 1, 0):
            if counts[generation] > limits[generation]:
                gc.collect(generation)
                return


class Memory(QObject):
    """Gives freed memory back. glibc keeps it, in pieces between others, and a program that is used for hours would
    grow and grow; other systems see to it themselves."""

    def __init__(self, window: MainWindow):
        super().__init__(window)
        self._trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
        self._timer = QTimer(self, interval=GIVE_BACK_INTERVAL)
        self._timer.timeout.connect(self._give_back)
        if self._trim:
            self._timer.start()

    def _give_back(self) -> None:
        threading.Thread(target=self._trim, args=(0,), name="give memory back", daemon=True).start()  # takes 10 ms


class Faults(QObject):
    """Every exception that nothing has caught, from whichever thread: the window lives on and says so once, the log has
    the details.

    Signals:
        happened(sentence: str)
    """

    happened = Signal(str)

    def __init__(self, window: MainWindow, log_file: errors.Log):
        super().__init__(window)
        self._repeats = errors.Repeats()
        queued = Qt.ConnectionType.QueuedConnection  # not while something is painted
        self.happened.connect(window.session.failed, queued)
        log_file.tell = self.tell
        if log_file.problem:  # there was something to say before
            self.tell(log_file.problem)
        sys.excepthook = self.on_exception

    def tell(self, sentence: str) -> None:
        """Shows it, as soon as the window has time."""
        if shiboken6.isValid(self):  # the last ones come when the window has gone
            self.happened.emit(sentence)

    def on_exception(self, kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        """What `sys.excepthook` is given."""
        errors.on_exception(kind, error, traceback)
        if issubclass(kind, Exception) and self._repeats.note(errors.place(kind, traceback)) == 1:
            self.tell(errors.sentence(error))


@contextmanager
def _qt_logged() -> Iterator[None]:
    """While it lasts, what Qt has to say goes into the log. What it dies of goes to stderr too."""
    levels = {QtMsgType.QtDebugMsg: logging.DEBUG, QtMsgType.QtInfoMsg: logging.INFO}
    qt = logging.getLogger("qt")

    def on_message(kind: QtMsgType, _context: QMessageLogContext, text: str) -> None:
        qt.log(levels.get(kind, logging.WARNING), "%s", text)
        if kind == QtMsgType.QtFatalMsg:
            print(text, file=sys.__stderr__, flush=True)

    before = qInstallMessageHandler(on_message)
    try:
        yield
    finally:
        qInstallMessageHandler(before)
