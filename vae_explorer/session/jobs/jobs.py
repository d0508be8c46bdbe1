"""Long jobs other than training: a data set that is read or downloaded, a q that is fitted, the self-test."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Signal

from vae_explorer.core.progress import Progress
from vae_explorer.session.threads.generator_thread import GeneratorThread

DATA, FIT, SELF_TEST = "data", "fit", "self-test"  # any other name is a kind too


@dataclass
class RunningJob:
    """A running job and its progress."""

    title: str
    thread: GeneratorThread
    progress: Progress | None = None


class JobsSession(QObject):
    """Runs one job of each kind at a time; starting another of a kind cancels the first.

    Signals:
        changed(): `running` or the progress of a job has changed
        succeeded(result: object)
        failed(sentence: str)
        ended(kind: str): after its result or its failure has been told, or because it was cancelled
        finished(): the last thread has ended
    """

    changed = Signal()
    succeeded = Signal(object)
    failed = Signal(str)
    ended = Signal(str)
    finished = Signal()

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self._threads: set[GeneratorThread] = set()
        self.running: dict[str, RunningJob] = {}  # by kind

    @property
    def is_active(self) -> bool:
        return bool(self._threads)

    def progress_of(self, kind: str) -> Progress | None:
        return self.running[kind].progress if kind in self.running else None

    def start(self, kind: str, title: str, make: Callable[[], Generator[Progress, None, Any]]) -> None:
        """Runs a job under a title such as "Reading photos"."""
        self.cancel(kind)
        thread = GeneratorThread(make, parent=self)
        self.running[kind] = RunningJob(title, thread)
        self._threads.add(thread)
        thread.progressed.connect(self._on_progressed)
        thread.succeeded.connect(self._on_succeeded)
        thread.failed.connect(self._on_failed)
        thread.finished.connect(self._on_finished)
        thread.start()
        self.changed.emit()

    def cancel(self, kind: str) -> None:
        """Cancels the job of this kind, if there is one; partial results are discarded."""
        if kind in self.running:
            self.running[kind].thread.stop()
            self._end(kind)
            self.ended.emit(kind)

    def cancel_all(self) -> None:
        for kind in list(self.running):
            self.cancel(kind)

    def _end(self, kind: str) -> None:
        del self.running[kind]
        self.changed.emit()

    def _kind(self) -> str | None:
        """The job whose thread has sent this signal; None: it was cancelled."""
        return next((kind for kind, job in self.running.items() if job.thread is self.sender()), None)

    def _on_progressed(self, progress: Progress) -> None:
        if kind := self._kind():
            self.running[kind].progress = progress
            self.changed.emit()

    def _on_succeeded(self, result: object) -> None:
        if kind := self._kind():
            self._end(kind)
            self.succeeded.emit(result)
            self.ended.emit(kind)

    def _on_failed(self, sentence: str) -> None:
        if kind := self._kind():
            self._end(kind)
            self.failed.emit(sentence)
            self.ended.emit(kind)

    def _on_finished(self) -> None:
        thread = self.sender()
        if isinstance(thread, GeneratorThread):
            self._threads.discard(thread)
            thread.deleteLater()
        if not self._threads:
            self.finished.emit()
