"""Runs a long job for a command: progress on a terminal, and Ctrl+C between two of its steps."""

import signal
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from math import ceil
from types import FrameType
from typing import Any, TypeVar

from vae_explorer.core.progress import Progress

T = TypeVar("T")
LINE_INTERVAL = 0.2  # seconds between two lines of progress
FIRST_ESTIMATE = 2.0  # seconds of work, before which its rate says little


def drive(job: Generator[Progress, None, T], text: Callable[[Progress], str] | None = None) -> T:
    """The job's result. Ctrl+C, SIGTERM or a closed terminal closes the job, which keeps what it has, and raises
    KeyboardInterrupt; a second one interrupts at once."""
    line, text = _Line(), text or Counted()
    with _interruptible() as interrupted:
        try:
            while True:
                progress = next(job)
                with suppress(OSError):  # nobody reads it any more, which is no reason to lose the work
                    if progress.notice:
                        line.clear()
                        print(progress.notice, file=sys.stderr)
                    line.show(text(progress))
                if interrupted():
                    job.close()
                    raise KeyboardInterrupt
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        finally:
            with suppress(OSError):
                line.clear()


class Counted:
    """How much of a job is done, and the time left by the rate since the first report about the same things."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._first: tuple[Progress, float] | None = None

    def __call__(self, progress: Progress) -> str:
        if progress.total is None:
            return f"{progress.done:,} {progress.what}"
        seconds = self._seconds_left(progress, progress.total)
        left = "" if seconds is None else f", {duration(seconds)} left"
        return f"{progress.done:,} of {progress.total:,} {progress.what}{left}"

    def _seconds_left(self, progress: Progress, total: int) -> float | None:
        now = self._clock()
        if self._first:
            before, since = self._first
            is_same = (before.what, before.total) == (progress.what, progress.total) and before.done <= progress.done
            if is_same:
                done, seconds = progress.done - before.done, now - since
                return seconds / done * (total - progress.done) if done and seconds >= FIRST_ESTIMATE else None
        self._first = progress, now
        return None


def duration(seconds: float) -> str:
    """Minutes and seconds, after an hour with the hours: 12:30, 1:02:30."""
    minutes, rest = divmod(ceil(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class _Line:
    """One line on a terminal, written over and over; nothing where stderr is a file."""

    def __init__(self) -> None:
        self._last = 0.0
        self._width = 0

    def show(self, text: str) -> None:
        if not sys.stderr.isatty() or time.monotonic() - self._last < LINE_INTERVAL:
            return
        self._last = time.monotonic()
        print(f"\r{text:<{self._width}}", end="", file=sys.stderr, flush=True)
        self._width = len(text)

    def clear(self) -> None:
        if self._width:
            print(f"\r{'':<{self._width}}\r", end="", file=sys.stderr, flush=True)
            self._width = 0


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    asked = False
    before: dict[int, Any] = {}  # what each signal did

    def put_back() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def note(_signal: int, _frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        put_back()  # the next one does not wait

    try:
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)  # Windows has no SIGHUP
            if number is None or (name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN):  # as nohup asks
                continue
            before[number] = signal.signal(number, note)
    except ValueError:  # not the main thread, which alone hears signals
        yield lambda: False
        return
    try:
        yield lambda: asked
    finally:
        put_back()
