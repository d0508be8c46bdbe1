"""A thread that always works on the newest request of each kind."""

import logging
from collections.abc import Callable, Collection

from PySide6.QtCore import QMutex, QMutexLocker, QObject, QThread, QWaitCondition, Signal

from vae_explorer.errors import sentence
from vae_explorer.session.threads.guard import guarded

log = logging.getLogger(__name__)


class Latest(QThread):
    """Requests of one kind replace each other before they are computed; every finished answer is delivered.

    The request cycle: a noun makes a frozen request that holds all it needs, `ask` puts it in the place of an older one
    of its kind, the thread takes the kind that has waited longest and works, and `answered` carries the frozen answer
    to the GUI thread, where the noun keeps it if it belongs to its lineage.

    Signals:
        answered(kind: str, answer: object)
        failed(kind: str, sentence: str, request: object)
    """

    answered = Signal(str, object)
    failed = Signal(str, str, object)

    def __init__(
        self,
        name: str,
        work: Callable[[str, object], object],
        parent: QObject | None = None,
        *,
        promised: Collection[str] = (),  # kinds that a stop does not drop: what they write would be lost
    ):
        super().__init__(parent)
        self.setObjectName(name)
        self._work, self._promised = work, promised
        self._mutex, self._wake = QMutex(), QWaitCondition()
        self._waiting: dict[tuple[str, object], object] = {}
        self._stopping = False

    def ask(self, kind: str, request: object, *, key: object = None) -> None:
        """Answers as soon as the thread is free, unless a newer request of that kind (and key) comes first."""
        with QMutexLocker(self._mutex):
            if not self._stopping or kind in self._promised:  # a long view asks for its next slice: it would go on
                self._waiting[kind, key] = request
        self._wake.wakeOne()

    def stop(self) -> None:
        """Ends the thread after the answer it is at, and those promised; `finished` follows."""
        with QMutexLocker(self._mutex):
            self._stopping = True
            self._waiting = {place: request for place, request in self._waiting.items() if place[0] in self._promised}
        self._wake.wakeOne()

    @guarded()
    def run(self) -> None:
        while (waiting := self._next()) is not None:
            kind, request = waiting
            try:
                answer = self._work(kind, request)
            except Exception as error:
                log.warning("%s failed", kind, exc_info=True)
                self.failed.emit(kind, sentence(error), request)
            else:
                self.answered.emit(kind, answer)

    def _next(self) -> tuple[str, object] | None:
        with QMutexLocker(self._mutex):
            while not self._waiting and not self._stopping:
                self._wake.wait(self._mutex)
            if not self._waiting:
                return None
            kind, key = next(iter(self._waiting))
            return kind, self._waiting.pop((kind, key))
