"""What a process needs around its window: signals, garbage, memory, and exceptions that nothing has caught."""

import ctypes
import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType

import shiboken6
from PySide6.QtCore import (
    QEvent,
    QMessageLogContext,
    QObject,
    QSocketNotifier,
    Qt,
    QTimer,
    QtMsgType,
    Signal,
    qInstallMessageHandler,
)
from PySide6.QtGui import QGuiApplication

from vae_explorer import display, errors
from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.window.main_window import MainWindow

COLLECT_INTERVAL = 1000  # milliseconds between two looks at the garbage
GIVE_BACK_INTERVAL = 30_000  # milliseconds between two times that freed memory goes back to the system
BROKEN = ("The X11 connection broke", "The Wayland connection ")  # so Qt begins its last words
SAVING = 10.0  # seconds that a run has to be saved when the display has gone


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
    """Whether nohup has asked that a closed terminal does not end the program."""
    return number == getattr(signal, "SIGHUP", None) and signal.getsignal(number) is signal.SIG_IGN


class Collector(QObject):
    """Collects garbage in the GUI thread only: a collection in another thread that finds a widget is a crash."""

    def __init__(self, window: MainWindow):
        super().__init__(window)
        gc.freeze()  # without a collection before it, 0.05 s: what the imports have left is a few hundred objects
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
    """Every exception that nothing has caught, from whichever thread: the window stays open and says so once; the log
    has the details.

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


class Destroyed(QObject):
    """A window that another program destroys (by XDestroyWindow; Qt notices nothing) is closed as by the user. Made for
    a window that has been shown."""

    def __init__(self, window: MainWindow):
        super().__init__(window)
        self._window = window
        if QGuiApplication.platformName() == "xcb":
            window.windowHandle().installEventFilter(self)

    @guarded(False)
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Waits until it is seen: before that the display may not know it."""
        if event.type() == QEvent.Type.Expose:
            watched.removeEventFilter(self)
            self._watch = display.WindowWatch(int(self._window.winId()))
            self._notifier = QSocketNotifier(self._watch.fileno(), QSocketNotifier.Type.Read, self)
            self._notifier.activated.connect(self._on_activated)
        return False

    def _on_activated(self) -> None:
        is_destroyed = self._watch.is_destroyed()
        if is_destroyed or self._watch.is_broken:
            self._notifier.setEnabled(False)
        if is_destroyed:
            self._window.close()


def leave_display(window: MainWindow, log_file: errors.Log) -> None:
    """The connection to the display is broken, and Qt is about to end the process in the middle of everything: saves
    the run and the files that are being written, and leaves. Where only this window was cut off (xkill), it was closed:
    exit code 0. Where the display has gone, one sentence on stderr and exit code 1."""
    code = 1
    try:
        training = window.session.training
        run = training.run if training.is_active and training.has_begun else None
        is_saved = window.session.end(SAVING)
        if display.problem():
            what = "the run is saved" if is_saved else "the run could not be saved in time, but its last checkpoint is"
            resume = f"; {what} in {run.folder}" if run else ""
            with suppress(OSError, AttributeError):  # there may be no stderr either
                print(f"The display has gone{resume}", file=sys.__stderr__, flush=True)
        else:
            code = 0
        log_file.close()
    finally:
        os._exit(code)


class QtMessages:
    """What is done with what Qt has to say: it goes into the log, fatal messages to stderr too. `leave` is called
    where the connection to the display is broken: when it returns, Qt ends the process."""

    def __init__(self) -> None:
        self.leave: Callable[[], object] = lambda: None

    def on_message(self, kind: QtMsgType, _context: QMessageLogContext, text: str) -> None:
        levels = {QtMsgType.QtDebugMsg: logging.DEBUG, QtMsgType.QtInfoMsg: logging.INFO}
        logging.getLogger("qt").log(levels.get(kind, logging.WARNING), "%s", text)
        if kind == QtMsgType.QtFatalMsg:
            print(text, file=sys.__stderr__, flush=True)
        if text.startswith(BROKEN):
            self.leave()


@contextmanager
def qt_logged() -> Iterator[QtMessages]:
    """While it lasts, what Qt has to say is handled so."""
    messages = QtMessages()
    before = qInstallMessageHandler(messages.on_message)
    try:
        yield messages
    finally:
        qInstallMessageHandler(before)
