"""What a noun is set to: one frozen value for each, so that undo, a session file and a command line see all of it."""

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from pydantic import BaseModel
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from vae_explorer.session.state.undo import Change

MAX_SEED = 2**31 - 1


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
        self.put(self.settings_with(changes))

    def set_undoably(self, undo: QUndoStack, text: str, **changes: Any) -> None:
        """The same as one entry of a history; an undo puts back just these, not what was set otherwise since."""
        self.settings_with(changes)  # raises before anything is pushed
        before = {name: getattr(self.settings, name) for name in changes}
        undo.push(Change(text, before, changes, self._set))

    def _set(self, changes: dict[str, Any]) -> None:
        self.set(**changes)

    def put(self, settings: S) -> None:
        """Replaces all settings."""
        if settings != self.settings:
            self.settings = settings
            self.settings_changed.emit()
            self._apply()

    def settings_with(self, changes: Mapping[str, Any]) -> S:
        """The settings with some of them changed. Raises ValueError for what is unknown or out of range."""
        return type(self.settings).model_validate({**self.settings.model_dump(), **changes})
