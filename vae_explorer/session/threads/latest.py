"""A thread that always works on the newest request for each place."""

import logging
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, NamedTuple

from PySide6.QtCore import QMutex, QMutexLocker, QObject, QThread, QWaitCondition, Signal

from vae_explorer.errors import sentence
from vae_explorer.session.threads.guard import guarded

log = logging.getLogger(__name__)
SLICE = 0.03  # seconds of work on a long answer before other requests have their turn


class Place(NamedTuple):
    """Requests with the same place replace each other: the same kind of request for the same model."""

    what: object
    lineage: int = 0  # of the model; 0: of none


@dataclass(eq=False)
class _Task:
    place: Place
    request: object
    done: Callable[[Any], object]
    failed: Callable[[str], object]
    ended: Callable[[], object]
    job: Generator[object, None, None] | None = None  # of a long answer, once it has begun
    item: object = None  # the newest item, not yet delivered
    is_told: bool = True  # whether the last item sent has reached the GUI thread
    is_dropped: bool = False


class Latest(QThread):
    """Requests in one place replace each other before they are computed; every finished answer is delivered.

    The request cycle: a noun makes a frozen request with everything it needs; `ask` puts it in its place; the thread
    takes the place that has waited longest and works; `done` is called with the frozen answer in the thread that asked,
    where the noun keeps it if it belongs to its lineage. An answer that is a generator is a long one: it is advanced
    for a slice of time, `done` hears of the newest item (None is only time to yield), and it waits for its next turn,
    unless something has taken its place.
    """

    _told = Signal(object, object, bool)  # the task, what to call with what, and whether it has ended

    def __init__(
        self,
        name: str,
        work: Callable[[Any], object],
        parent: QObject | None = None,
        *,
        promised: tuple[type, ...] = (),  # requests that are answered even after a stop, such as saving a file
    ):
        super().__init__(parent)
        self.setObjectName(name)
        self._work, self._promised = work, promised
        self._mutex, self._wake = QMutex(), QWaitCondition()
        self._waiting: dict[Place, _Task] = {}
        self._current: _Task | None = None
        self._stopping = False
        self._told.connect(self._on_told)

    def ask(
        self,
        request: object,
        done: Callable[[Any], object],
        failed: Callable[[str], object],
        *,
        place: Place | None = None,  # of the request's type, unless said otherwise
        ended: Callable[[], object] = lambda: None,  # after the last `done`
    ) -> None:
        """Answers as soon as the thread is free, unless a newer request replaces it first."""
        task = _Task(place or Place(type(request)), request, done, failed, ended)
        with QMutexLocker(self._mutex):
            if not self._stopping or isinstance(request, self._promised):
                self._waiting[task.place] = task
        self._wake.wakeOne()

    def drop(self, *, what: object = None, lineage: int | None = None) -> None:
        """Drops the requests in these places; a long answer in progress ends with its current slice
        and is not delivered. (A short answer in progress still is.)"""
        with QMutexLocker(self._mutex):
            for place in [p for p in self._waiting if _matches(p, what, lineage)]:
                self._waiting.pop(place).is_dropped = True
            if self._current and _matches(self._current.place, what, lineage):
                self._current.is_dropped = True

    def stop(self) -> None:
        """Ends the thread after the current answer or slice and the promised ones; `finished` follows."""
        with QMutexLocker(self._mutex):
            self._stopping = True
            self._waiting = {p: task for p, task in self._waiting.items() if isinstance(task.request, self._promised)}
        self._wake.wakeOne()

    @guarded()
    def run(self) -> None:
        while (task := self._next()) is not None:
            try:
                self._advance(task)
            except Exception as error:
                log.warning("%s failed", type(task.request).__name__, exc_info=True)
                if not task.is_dropped:
                    self._told.emit(task, (task.failed, sentence(error)), False)
            del task  # its request would keep a closed model in memory until the next one comes

    def _next(self) -> _Task | None:
        with QMutexLocker(self._mutex):
            self._current = None
            while not self._waiting and not self._stopping:
                self._wake.wait(self._mutex)
            if not self._waiting:
                return None
            self._current = self._waiting.pop(next(iter(self._waiting)))
            return self._current

    def _advance(self, task: _Task) -> None:
        if task.job is None:
            answer = self._work(task.request)
            if not isinstance(answer, Generator):
                self._told.emit(task, (task.done, answer), True)
                return
            task.job = answer
        until = time.monotonic() + SLICE
        for item in task.job:
            task.item = task.item if item is None else item
            if time.monotonic() > until:
                self._tell_item(task)
                self._wait_again(task)
                return
        task.is_told = True  # the last one is told in any case
        self._tell_item(task, is_last=True)

    def _tell_item(self, task: _Task, *, is_last: bool = False) -> None:
        """Only when the one before has arrived: a window that takes longer to show one than a slice lasts must not fall
        behind. The end is told in the same breath: each message to the window costs it a turn at the interpreter."""
        if task.is_dropped:
            return
        if task.item is not None and task.is_told:
            item, task.item, task.is_told = task.item, None, False
            self._told.emit(task, (task.done, item), is_last)
        elif is_last:
            self._told.emit(task, (), True)

    def _wait_again(self, task: _Task) -> None:
        """Queues it for its next turn, unless it has been replaced."""
        with QMutexLocker(self._mutex):
            goes_on = not (task.is_dropped or self._stopping or task.place in self._waiting)
            if goes_on:
                self._waiting[task.place] = task
        if not goes_on and task.job:
            task.job.close()

    def _on_told(self, task: _Task, call: tuple[Callable[..., object], object] | tuple[()], is_last: bool) -> None:
        task.is_told = True
        if task.is_dropped and task.job:
            return
        if call:
            function, argument = call
            function(argument)
        if is_last:
            task.ended()


def _matches(place: Place, what: object, lineage: int | None) -> bool:
    return (what is None or place.what == what) and (lineage is None or place.lineage == lineage)
