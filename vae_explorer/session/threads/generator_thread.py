"""A thread that drives a long job: progress, pause, stop, errors, and snapshots between two steps."""

import logging
import time
from collections.abc import Callable, Generator
from contextlib import closing, suppress
from math import inf
from typing import Any

from PySide6.QtCore import QMutex, QMutexLocker, QObject, QThread, QWaitCondition, Signal

from vae_explorer.core.progress import Progress
from vae_explorer.errors import sentence
from vae_explorer.session.threads.guard import guarded

log = logging.getLogger(__name__)
MESSAGE_INTERVAL = 1 / 30  # seconds between two progress signals, unless they must arrive


class GeneratorThread(QThread):
    """Drives one generator of Progress from its first item to its result; it is stopped by closing the generator.

    Signals:
        progressed(progress: object): at most 30 per second, plus every one for which `is_report` is true
        snapshot_taken(snapshot: object): what `snapshot()` gave between two steps
        succeeded(result: object)
        failed(sentence: str)
        stopped(): closed before its end
    """

    progressed = Signal(object)
    snapshot_taken = Signal(object)
    succeeded = Signal(object)
    failed = Signal(str)
    stopped = Signal()

    def __init__(
        self,
        make: Callable[[], Generator[Progress, None, Any]],
        *,
        is_report: Callable[[Progress], bool] = lambda _progress: False,
        snapshot: Callable[[], object] | None = None,
        snapshot_interval: float = 0.5,  # seconds
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self._make, self._is_report, self._snapshot = make, is_report, snapshot
        self._snapshot_interval = snapshot_interval
        self._mutex, self._wake = QMutex(), QWaitCondition()
        self._paused = self._stopping = False

    def pause(self) -> None:
        """Pauses after the current step."""
        with QMutexLocker(self._mutex):
            self._paused = True

    def resume(self) -> None:
        with QMutexLocker(self._mutex):
            self._paused = False
        self._wake.wakeOne()

    def stop(self) -> None:
        """Closes the generator after the current step, also while paused; `stopped` and `finished` follow."""
        with QMutexLocker(self._mutex):
            self._stopping = True
        self._wake.wakeOne()

    @guarded()
    def run(self) -> None:
        try:
            with closing(self._make()) as generator:  # closed whatever fails here
                self._drive(generator)
        except Exception as error:
            log.warning("a job failed", exc_info=True)
            self.failed.emit(sentence(error))

    def _drive(self, generator: Generator[Progress, None, Any]) -> None:
        last_message = last_snapshot = -inf  # the clock may be close to 0
        while not self._asked_to_stop():
            try:
                progress = next(generator)
            except StopIteration as end:
                self._take_snapshot()
                self.succeeded.emit(end.value)
                return
            except Exception:
                with suppress(Exception):  # the first error is the one to report
                    self._take_snapshot()
                raise
            now = time.monotonic()
            if self._is_report(progress) or now - last_message >= MESSAGE_INTERVAL:
                last_message = now
                self.progressed.emit(progress)
            if now - last_snapshot >= self._snapshot_interval:
                last_snapshot = now
                self._take_snapshot()
        generator.close()
        self._take_snapshot()
        self.stopped.emit()

    def _take_snapshot(self) -> None:
        taken = self._snapshot() if self._snapshot else None
        if taken is not None:
            self.snapshot_taken.emit(taken)

    def _asked_to_stop(self) -> bool:
        """Waits here while paused."""
        with QMutexLocker(self._mutex):
            while self._paused and not self._stopping:
                self._wake.wait(self._mutex)
            return self._stopping
