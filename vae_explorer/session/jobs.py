"""The one other long job: a data set that is read or downloaded, with progress and Cancel."""

from collections.abc import Callable, Generator
from typing import Any

from PySide6.QtCore import QObject, Signal

from vae_explorer.core.progress import Progress
from vae_explorer.session.generator_thread import GeneratorThread


class JobsSession(QObject):
    """Runs one job at a time; starting another cancels the first.

    Signals:
        changed(): `title` or `progress` is another; no title: nothing is being done
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
        self._thread: GeneratorThread | None = None
        self.title = ""
        self.progress: Progress | None = None

    @property
    def is_active(self) -> bool:
        return bool(self._threads)

    def start(self, title: str, make: Callable[[], Generator[Progress, None, Any]]) -> None:
        """Runs a job under a title such as "Reading photos"."""
        self.cancel()
        self.title, self.progress = title, None
        self._thread = thread = GeneratorThread(make, parent=self)
        self._threads.add(thread)
        thread.progressed.connect(self._on_progressed)
        thread.succeeded.connect(self._on_succeeded)
        thread.failed.connect(self._on_failed)
        thread.finished.connect(self._on_finished)
        thread.start()
        self.changed.emit()

    def cancel(self) -> None:
        """Stops what is being done; nothing half done stays behind."""
        if self._thread:
            self._thread.stop()
            self._end()

    def _end(self) -> None:
        self._thread, self.title, self.progress = None, "", None
        self.changed.emit()

    def _on_progressed(self, progress: Progress) -> None:
        if self.sender() is self._thread:
            self.progress = progress
            self.changed.emit()

    def _on_succeeded(self, result: object) -> None:
        if self.sender() is self._thread:
            self._end()
            self.succeeded.emit(result)

    def _on_failed(self, sentence: str) -> None:
        if self.sender() is self._thread:
            self._end()
            self.failed.emit(sentence)

    def _on_finished(self) -> None:
        thread = self.sender()
        if isinstance(thread, GeneratorThread):
            self._threads.discard(thread)
            thread.deleteLater()
        if not self._threads:
            self.finished.emit()
