"""What a noun is set to: one frozen value for each, so that undo, a session file and a command line see all of it."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from pydantic import BaseModel
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from vae_explorer.session.state.undo import Change


class Settings(BaseModel, frozen=True, extra="forbid"):
    """The settings of one noun: JSON in, JSON out; what is out of range raises ValueError."""


S = TypeVar("S", bound=Settings)


class Configured(QObject, Generic[S]):
    """A noun with settings.

    Signals:
        settings_changed(): the value is `settings`
    """

    settings_changed = Signal()

    def __init__(self, settings: S, apply: Callable[[], object], parent: QObject | None = None):
        """`apply` is called after each change, to ask for what it makes necessary."""
        super().__init__(parent)
        self.settings = settings
        self._apply = apply

    def set(self, **changes: Any) -> None:
        """Changes some of the settings. Raises ValueError for a value out of its range."""
        self.put(self._with(changes))

    def set_undoably(self, undo: QUndoStack, text: str, **changes: Any) -> None:
        """The same as one entry of a history."""
        undo.push(Change(text, self.settings, self._with(changes), self.put))

    def put(self, settings: S) -> None:
        """Replaces all settings."""
        if settings != self.settings:
            self.settings = settings
            self.settings_changed.emit()
            self._apply()

    def _with(self, changes: dict[str, Any]) -> S:
        return type(self.settings).model_validate({**self.settings.model_dump(), **changes})
