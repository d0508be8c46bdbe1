"""Errors: one sentence for the user, and a log that turns round with the details."""

import errno
import faulthandler
import logging
import logging.handlers
import os
import platform
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from vae_explorer import __version__, paths

if TYPE_CHECKING:
    from pydantic import ValidationError

LOG_BYTES, LOG_FILES = 1_000_000, 3
AGAIN = 10.0  # seconds between two lines about an error that goes on and on
QUIET = 2.0  # seconds without an error, after which it is new to the user
MAX_KINDS = 500  # of errors, remembered at a time
BRIEF = 100  # characters of an error that was not written for the user
IN_THE_WINDOW = "see Help → Show log for details"
NO_MEMORY = "There is not enough memory for this: close other programs, or ask for less at once"

_NO_MEMORY_LEFT = (
    "out of memory", "not enough memory", "can't allocate memory", "invalid buffer size", "alloc_failed"
)  # fmt: skip  # of CUDA and MPS, the CPU on Windows and elsewhere, MPS again, cuBLAS
_log = logging.getLogger(__name__)
_NO_ROOM = "{} could not be written: the disk is full; free some space and try again"
_OF_THE_SYSTEM = {
    errno.ENOSPC: _NO_ROOM,
    getattr(errno, "EDQUOT", errno.ENOSPC): _NO_ROOM,
    errno.EROFS: "{} could not be written: its disk is read-only; choose another folder",
    errno.EACCES: "{} is not accessible: permission denied; choose another place, or change its permissions",
    errno.EPERM: "{} is not accessible: permission denied; choose another place, or change its permissions",
    errno.ENOENT: "{} does not exist: it was moved or deleted, or its disk is not connected",
    errno.ENOTDIR: "{} cannot exist: a part of its path is a file, not a folder; choose another place",
    errno.EISDIR: "{} is a folder: choose a file",
    errno.EEXIST: "{} already exists: choose another name",
    errno.ENAMETOOLONG: "{} has too long a name: choose a shorter one",
    errno.EIO: "{} could not be read or written: its disk reports an error; check the disk, or choose another",
    errno.EMFILE: "Too many files are open: close other programs, then try again",
    errno.ENFILE: "Too many files are open: close other programs, then try again",
}


class UserError(ValueError):
    """What the user can do something about; the text is one sentence for them. All kinds of error of this package are
    meant so, those of Python and of libraries are faults of the program."""


def sentence(error: BaseException, details: str = IN_THE_WINDOW) -> str:
    """One line for the user: what the error says where it was written for them, what to do about one of the system's;
    of a fault of the program only that it is one, and where its details are.

    It travels in place of the exception, whose frames would keep tensors alive.
    """
    text = _text(error)
    if is_out_of_memory(error):
        return NO_MEMORY
    if text and type(error).__module__.partition(".")[0] == __package__:
        return text
    if isinstance(error, OSError) and error.strerror:
        name = error.filename2 or error.filename  # the second is what a renamed file was to be
        file = one_line(os.fsdecode(name)) if isinstance(name, str | bytes | os.PathLike) else ""
        if error.errno == errno.ENOMEM:
            return NO_MEMORY
        if error.errno in _OF_THE_SYSTEM:
            words = _OF_THE_SYSTEM[error.errno].format(file or "a file")
            return words[0].upper() + words[1:] if not file else words
        return f"{file}: {error.strerror}" if file else one_line(error.strerror)
    brief = text if len(text) <= BRIEF else f"{text[:BRIEF]}…"
    what = f"{type(error).__name__}: {brief}" if brief else type(error).__name__
    return f"Something went wrong inside the program ({what}); {details}"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether Python or torch asked for more memory than there is. Only CUDA's allocator has a kind of its own."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    said = str(error).lower() if isinstance(error, RuntimeError) else ""
    return any(words in said for words in _NO_MEMORY_LEFT)


def _text(error: BaseException | None) -> str:
    try:
        return one_line(str(error))
    except Exception:  # a kind of error that cannot say itself
        return ""


def one_line(text: str) -> str:
    """Without line ends and what cannot be shown: names of files may have anything."""
    shown = (c if c.isprintable() else " " if c.isspace() else "\ufffd" for c in text)
    return " ".join("".join(shown).split())


def shown(name: object, longest: int = 255) -> str:
    """A name or an address, or what a library says, for a sentence: one line of at most so many characters."""
    text = name if isinstance(name, bytes | str) else str(name)
    if len(text) > 4 * longest:  # before anything is done with all of it
        text = text[: 2 * longest] + text[-2 * longest :]  # type: ignore[operator]
    text = one_line(os.fsdecode(text))
    head = longest * 2 // 3
    return text if len(text) <= longest else f"{text[:head]}…{text[head + 1 - longest :]}"


def wrong_value(error: "ValidationError") -> tuple[str, str, str]:
    """pydantic's complaints about the first wrong field in plain words: its name, what it must be ("at least 0"), and
    what it is."""
    errors = error.errors()
    field, value = errors[0]["loc"][0], errors[0]["input"]
    wanted = [_wanted(one["type"], one.get("ctx", {}), one["msg"]) for one in errors if one["loc"][0] == field]
    return str(field), ", or ".join(wanted), str(value) or "nothing"


def _wanted(kind: str, limits: dict[str, object], message: str) -> str:
    match kind:
        case "greater_than_equal":
            return f"at least {limits['ge']:g}"
        case "less_than_equal":
            return f"at most {limits['le']:g}"
        case "greater_than":
            return f"more than {limits['gt']:g}"
        case "int_parsing" | "int_type" | "int_from_float":
            return "a whole number"
        case "float_parsing" | "float_type" | "finite_number":
            return "a number"
        case "literal_error":
            return str(limits["expected"]).replace("'", "")
        case "value_error":  # of a validator of ours
            return message.removeprefix("Value error, ").removeprefix("must be ")
    return message


class Repeats:
    """Tells what is new from what happens again and again, sixty times a second where it is painted."""

    def __init__(self) -> None:
        self._last: dict[object, tuple[float, int]] = {}  # when, how often in a row

    def note(self, what: object) -> int:
        """Notes that it happens; gives how often it has by now without a moment of quiet, this time included."""
        now = time.monotonic()
        last, times = self._last.pop(what, (now, 0))
        times = times + 1 if now - last <= QUIET else 1
        self._last[what] = now, times
        if len(self._last) > MAX_KINDS:
            del self._last[next(iter(self._last))]
        return times


def place(kind: type[BaseException], traceback: TracebackType | None) -> tuple[str, str, int]:
    """What makes two errors the same one: their kind, and the line that raised them."""
    while traceback and traceback.tb_next:
        traceback = traceback.tb_next
    return (
        kind.__name__,
        traceback.tb_frame.f_code.co_filename if traceback else "",
        getattr(traceback, "tb_lineno", 0),
    )


class Log(logging.handlers.RotatingFileHandler):
    """The log file, made with the first thing that there is to say; each begins with the versions of what is used.

    An error is written in full once, and counted while it goes on. A log that cannot be written stops nobody: `tell`
    gets a sentence about it, once.
    """

    def __init__(self, path: Path, tell: Callable[[str], object] = lambda _sentence: None):
        super().__init__(
            path, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8", errors="backslashreplace", delay=True
        )
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        self.tell = tell
        self.problem = ""  # why it cannot be written
        self._again: dict[object, tuple[float, int, logging.LogRecord]] = {}  # when written, how often since

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._write_once(record)
            self._count(AGAIN)
        except Exception:
            self.handleError(record)

    def _write_once(self, record: logging.LogRecord) -> None:
        what: object = (record.name, record.getMessage())
        if record.exc_info and record.exc_info[0]:
            what = (what, place(record.exc_info[0], record.exc_info[2]))
        if what in self._again:
            since, times, line = self._again[what]
            self._again[what] = (since, times + 1, line)
        else:
            line = logging.LogRecord(record.name, record.levelno, "", 0, _first_line(record), (), None)
            self._again[what] = (time.monotonic(), 0, line)
            super().emit(record)

    def _count(self, after: float) -> None:
        """Writes how often errors were there again, and forgets old ones where there are too many."""
        now = time.monotonic()
        for what, (since, times, line) in list(self._again.items()):
            if times and now - since >= after:
                again = logging.makeLogRecord({**line.__dict__, "msg": f"{line.msg} … again, {times} times"})
                again.created = time.time()
                self._again[what] = (now, 0, line)
                super().emit(again)
        while len(self._again) > MAX_KINDS:
            del self._again[next(iter(self._again))]

    def _open(self):  # type: ignore[no-untyped-def]  # as the library has it
        Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True)
        stream = super()._open()
        stream.write(f"{_versions()}\n")
        return stream

    def rotate(self, source: str, dest: str) -> None:
        with suppress(OSError):  # another window may hold it open; then it grows
            super().rotate(source, dest)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            return  # a record that cannot be read
        self.stream, stream = None, self.stream  # tried anew with the next record
        with suppress(OSError, ValueError):
            if stream:
                stream.close()
        if not self.problem:
            why = one_line(error.strerror or type(error).__name__).lower()
            self.problem = (
                f"The log {one_line(self.baseFilename)} cannot be written ({why}): free some space, "
                f"or set {paths.HOME_VARIABLE} to a folder that can be written"
            )
            self.tell(self.problem)

    def close(self) -> None:
        self._count(0)
        with suppress(OSError, ValueError):
            super().close()


def _first_line(record: logging.LogRecord) -> str:
    what = record.getMessage()
    if record.exc_info and record.exc_info[0]:
        what += f" ({record.exc_info[0].__name__}: {_text(record.exc_info[1])[:BRIEF]})"
    return what


def _versions() -> str:
    """What a report has to say of the machine. Only the libraries that are loaded: looking for others takes time."""
    loaded = [
        f"{name} {getattr(sys.modules[name], '__version__', '?')}"
        for name in ("torch", "numpy", "PySide6", "pyqtgraph", "PIL")
        if name in sys.modules
    ]
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    return ", ".join([f"--- VAE Explorer {__version__}", f"Python {platform.python_version()}", system, *loaded])


@contextmanager
def crashes_traced() -> Iterator[None]:
    """While it lasts, a crash of the process leaves its place beside the log, and the next start takes it in there."""
    if faulthandler.is_enabled():  # somebody looks for a crash in another way
        yield
        return
    file = paths.log_file().with_name("crash.txt")
    trace = None
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        trace = file.open("a+", encoding="utf-8", errors="replace")
        trace.seek(0)
        if last := trace.read().strip():
            _log.error("the program crashed the last time:\n%s", last)
            trace.truncate(0)
        faulthandler.enable(trace)
    except OSError:
        _log.info("crashes will not be recorded", exc_info=True)
    try:
        yield
    finally:
        if trace:
            faulthandler.disable()
            trace.close()


@contextmanager
def logged() -> Iterator[Log]:
    """While it lasts, the log has what is logged, Python's warnings, and every exception that nothing has caught, and
    stderr has nothing of it. The outermost one counts."""
    root = logging.getLogger()
    outer = next((handler for handler in root.handlers if isinstance(handler, Log)), None)
    if outer:
        yield outer
        return
    log = Log(paths.log_file())
    before = sys.excepthook, threading.excepthook, sys.unraisablehook, warnings.showwarning, root.level
    root.addHandler(log)
    root.setLevel(logging.INFO)
    logging.captureWarnings(True)
    sys.excepthook = on_exception
    threading.excepthook = lambda ended: sys.excepthook(  # as everything does
        ended.exc_type, ended.exc_value or ended.exc_type(), ended.exc_traceback
    )
    sys.unraisablehook = lambda lost: sys.excepthook(
        lost.exc_type, lost.exc_value or lost.exc_type(), lost.exc_traceback
    )
    try:
        yield log
    finally:
        sys.excepthook, threading.excepthook, sys.unraisablehook, warnings.showwarning, level = before
        logging.captureWarnings(False)
        root.setLevel(level)
        root.removeHandler(log)
        log.close()


def on_exception(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """What nothing has caught goes into the log."""
    if not issubclass(kind, Exception):
        if not issubclass(kind, SystemExit):
            sys.__excepthook__(kind, error, traceback)
        return
    _log.error("unexpected", exc_info=(kind, error, traceback))
