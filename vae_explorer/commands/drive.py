"""Runs a long job for a command: progress on a terminal, and Ctrl+C between two of its steps."""

import signal
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

from vae_explorer.core.progress import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

T = TypeVar("T")
INTERVAL = 0.2  # seconds between two reports that are shown


def drive(job: Generator[Progress, None, T], text: Callable[[Progress], str] | None = None) -> T:
    """The job's result. Ctrl+C, SIGTERM or a closed terminal closes the job, which keeps what it has, and raises
    KeyboardInterrupt; a second one interrupts at once."""
    bar = _Bar(text)
    with _interruptible() as interrupted:
        try:
            while True:
                progress = next(job)
                with suppress(OSError):  # nobody reads it any more, which is no reason to lose the work
                    bar.show(progress)
                if interrupted():
                    job.close()
                    raise KeyboardInterrupt
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        finally:
            with suppress(OSError):
                bar.clear()


class _Bar:
    """A line on a terminal with how much is done and the time left; nothing where stderr is a file."""

    def __init__(self, text: Callable[[Progress], str] | None):
        self._text = text or _counted
        self._has_time = text is None  # else the text has its own, where there is one
        self._bars: Bars | None = None
        self._task: TaskID | None = None
        self._shown: Progress | None = None
        self._last = 0.0

    def show(self, progress: Progress) -> None:
        if progress.notice:
            self.clear()
            print(progress.notice, file=sys.stderr)
        if not sys.stderr.isatty() or time.monotonic() - self._last < INTERVAL:
            return
        self._last = time.monotonic()
        if self._bars is None:
            self._bars = _started(has_time=self._has_time)
        before, self._shown = self._shown, progress
        if self._task is not None and not (before and _continues(before, progress)):  # its rate says nothing of this
            self._bars.remove_task(self._task)
            self._task = None
        if self._task is None:
            self._task = self._bars.add_task("", total=progress.total)
        self._bars.update(self._task, completed=progress.done, description=self._text(progress), refresh=True)

    def clear(self) -> None:
        if self._bars:
            self._bars.stop()
        self._bars = self._task = None


def _started(*, has_time: bool) -> "Bars":
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = [BarColumn(bar_width=20), *([TimeRemainingColumn(compact=True)] if has_time else [])]
    text = TextColumn("{task.description}", markup=False)
    bars = Bars(
        *(text, *columns),
        console=Console(file=sys.stderr),
        transient=True,
        auto_refresh=False,
        redirect_stdout=False,  # what is printed meanwhile belongs where it was printed to
        redirect_stderr=False,
    )
    bars.start()
    return bars


def _counted(progress: Progress) -> str:
    of = "" if progress.total is None else f" of {progress.total:,}"
    return f"{progress.done:,}{of} {progress.what}"


def _continues(before: Progress, progress: Progress) -> bool:
    return (before.what, before.total) == (progress.what, progress.total) and before.done <= progress.done


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
