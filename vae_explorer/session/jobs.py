"""The other long jobs: a data set that is read or downloaded, a q that is fitted, the self-test."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Signal

from vae_explorer.core.progress import Progress
from vae_explorer.session.generator_thread import GeneratorThread


@dataclass
class _Job:
    kind: str
    title: str
    thread: GeneratorThread
    progress: Progress | None = None


class JobsSession(QObject):
    """Runs one job of each kind at a time; starting another of a kind cancels the first. `title` and `progress` are
    those of the newest.

    Signals:
        changed(): `title` or `progress` is another, or a job of any kind has begun or ended
        succeeded(result: object)
        failed(sentence: str)
        finished(): the last thread has ended
    """

    changed = Signal()
    succeeded = Signal(object)
    failed = Signal(str)
    finished = Signal()

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self._threads: set[GeneratorThread] = set()
        self._jobs: list[_Job] = []  # the newest last

    @property
    def title(self) -> str:
        """Empty where nothing is being done."""
        return self._jobs[-1].title if self._jobs else ""

    @property
    def progress(self) -> Progress | None:
        return self._jobs[-1].progress if self._jobs else None

    @property
    def is_active(self) -> bool:
        return bool(self._threads)

    def is_running(self, kind: str) -> bool:
        return any(job.kind == kind for job in self._jobs)

    def progress_of(self, kind: str) -> Progress | None:
        return next((job.progress for job in self._jobs if job.kind == kind), None)

    def start(self, title: str, make: Callable[[], Generator[Progress, None, Any]], *, kind: str = "data") -> None:
        """Runs a job under a title such as "Reading photos"."""
        self.cancel(kind)
        thread = GeneratorThread(make, parent=self)
        self._jobs.append(_Job(kind, title, thread))
        self._threads.add(thread)
        thread.progressed.connect(self._on_progressed)
        thread.succeeded.connect(self._on_succeeded)
        thread.failed.connect(self._on_failed)
        thread.finished.connect(self._on_finished)
        thread.start()
        self.changed.emit()

    def cancel(self, kind: str) -> None:
        """Stops the job of this kind; nothing half done stays behind."""
        for job in [job for job in self._jobs if job.kind == kind]:
            job.thread.stop()
            self._end(job)

    def cancel_newest(self) -> None:
        """Stops the one that `title` names."""
        if self._jobs:
            self.cancel(self._jobs[-1].kind)

    def cancel_all(self) -> None:
        while self._jobs:
            self.cancel_newest()

    def _end(self, job: _Job) -> None:
        self._jobs.remove(job)
        self.changed.emit()

    def _sender(self) -> _Job | None:
        """Whose thread speaks; None: it was cancelled."""
        return next((job for job in self._jobs if job.thread is self.sender()), None)

    def _on_progressed(self, progress: Progress) -> None:
        if job := self._sender():
            job.progress = progress
            self.changed.emit()

    def _on_succeeded(self, result: object) -> None:
        if job := self._sender():
            self._end(job)
            self.succeeded.emit(result)

    def _on_failed(self, sentence: str) -> None:
        if job := self._sender():
            self._end(job)
            self.failed.emit(sentence)

    def _on_finished(self) -> None:
        thread = self.sender()
        if isinstance(thread, GeneratorThread):
            self._threads.discard(thread)
            thread.deleteLater()
        if not self._threads:
            self.finished.emit()
