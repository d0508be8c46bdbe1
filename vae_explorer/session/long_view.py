"""A view that takes long: computed slice by slice, so that the thread it shares is free for newer requests between."""

from PySide6.QtCore import QObject, Signal

from vae_explorer.session.latest import Latest
from vae_explorer.session.records import Slice


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
        self._current: object | None = None  # request
        self._next: object | None = None
        views.answered.connect(self._on_answered)
        views.failed.connect(self._on_failed)

    @property
    def request(self) -> object | None:
        """What is under way."""
        return self._current

    def ask(self, request: object, *, after_this: bool = False) -> None:
        """Begins, in the place of what is under way, or after it: then the newest of several is taken."""
        if after_this and self._current is not None:
            self._next = request
            return
        self._current, self._next = request, None
        self._views.ask(self._kind, Slice(request))

    def drop(self) -> None:
        """Nobody wants what is under way any more."""
        self._current = self._next = None

    def _on_answered(self, kind: str, answer: object) -> None:
        if kind != self._kind or not isinstance(answer, Slice) or answer.request is not self._current:
            return
        if not answer.is_last:
            self._views.ask(kind, answer)
        if answer.item is not None:
            self.advanced.emit(answer.item)
        if answer.is_last and answer.request is self._current:  # whoever heard may have asked for something else
            self._end()
            self.ended.emit()

    def _on_failed(self, kind: str, sentence: str, failed: object) -> None:
        if kind == self._kind and isinstance(failed, Slice) and failed.request is self._current:
            self._end()
            self.failed.emit(sentence)

    def _end(self) -> None:
        following, self._current, self._next = self._next, None, None
        if following is not None:
            self.ask(following)
