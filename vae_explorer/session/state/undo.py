"""One entry of the history for each gesture."""

from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtGui import QUndoCommand

from vae_explorer.session.threads.guard import guarded

T = TypeVar("T")


class Change(QUndoCommand, Generic[T]):
    """A value before and after a gesture, and the function that sets either."""

    def __init__(self, text: str, before: T, after: T, apply: Callable[[T], None]):
        super().__init__(text)
        self.before, self.after, self._apply = before, after, apply

    @guarded()
    def undo(self) -> None:
        self._apply(self.before)

    @guarded()
    def redo(self) -> None:
        self._apply(self.after)
