"""A view that takes long: computed slice by slice, so that the thread it shares is free for newer requests between."""

from typing import Protocol

from PySide6.QtCore import QObject, Signal

from vae_explorer.session.records import Slice
from vae_explorer.session.threads.latest import Latest


class LongRequest(Protocol):
    """Two are alike where their subjects and their versions are equal."""

    @property
    def subject(self) -> object:
        """What it is about, by whichever weights."""

    @property
    def version(self) -> object:
        """Which weights it is by: those of a run change twice a second."""


class LongView(QObject):
    """Asks the views thread for one kind of long answer; each slice asks for the next.

    Signals:
        advanced(item: object): the newest that the job gave, each more than the one before
        ended(): the last was the whole
        failed(sentence: str)
    """

    advanced = Signal(object)
    ended = Signal()
    failed = Signal(str)

    def __init__(self, kind: str, views: Latest, parent: QObject | None = None):
        super().__init__(parent)
        self._kind, self._views = kind, views
        self._current: LongRequest | None = None
        self._next: LongRequest | None = None
        self._whole: tuple[object, object] | None = None  # subject and version of the whole answer that was told last
        views.answered.connect(self._on_answered)
        views.failed.connect(self._on_failed)

    @property
    def is_busy(self) -> bool:
        """Whether a request is under way."""
        return self._current is not None

    def want(self, request: LongRequest) -> None:
        """Asks, unless just this is under way or was told last. Another subject takes the place of what is under way;
        the same one by other weights follows it, the newest of several: to begin anew with each snapshot of a run would
        never end."""
        if self._whole == _key(request):
            self.drop()
        elif self._current is not None and _key(self._current) == _key(request):
            self._next = None
        elif self._current is not None and self._current.subject == request.subject:
            self._next = request
        else:
            self._ask(request)

    def drop(self) -> None:
        """Nobody wants what is under way any more."""
        self._current = self._next = None

    def _on_answered(self, kind: str, answer: object) -> None:
        if kind != self._kind or not isinstance(answer, Slice) or answer.request is not self._current:
            return
        if not answer.is_last:
            self._views.ask(kind, answer)
        if answer.item is not None:
            self._whole = None
            self.advanced.emit(answer.item)
        current = self._current  # whoever heard may have asked for something else
        if answer.is_last and current is not None and answer.request is current:
            self._whole = _key(current)  # not the request: it would keep a closed model in memory
            self._end()
            self.ended.emit()

    def _on_failed(self, kind: str, sentence: str, failed: object) -> None:
        if kind == self._kind and isinstance(failed, Slice) and failed.request is self._current:
            self._end()
            self.failed.emit(sentence)

    def _ask(self, request: LongRequest) -> None:
        self._current, self._next = request, None
        self._views.ask(self._kind, Slice(request))

    def _end(self) -> None:
        following, self._current, self._next = self._next, None, None
        if following is not None:
            self._ask(following)


def _key(request: LongRequest) -> tuple[object, object]:
    return request.subject, request.version
