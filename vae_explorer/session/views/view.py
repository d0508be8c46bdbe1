"""What a view requests and what it shows: one mechanism for all views."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, cast

from PySide6.QtCore import QObject, Signal

from vae_explorer.session.records import Key
from vae_explorer.session.state.model import ModelSession
from vae_explorer.session.state.workspace import Workspace
from vae_explorer.session.threads.latest import Latest, Place

A = TypeVar("A")


class Request(Protocol):
    """A frozen record with everything that its answer needs."""

    @property
    def key(self) -> Key: ...


@dataclass(eq=False)
class _Held(Generic[A]):
    """What one view has of one model."""

    value: A | None = None
    about: object = None  # what the value is about
    wanted: Key | None = None
    whole: Key | None = None  # key of the value, once it is complete
    under_way: Key | None = None
    following: Request | None = None  # by newer weights, once that is complete
    failed: tuple[Key, str] | None = None


class View(QObject, Generic[A]):
    """The newest answer to what is wanted now. Answers are kept with their model, so that going back to it computes
    nothing.

    Signals:
        changed(): `value` or `failure` has changed
        ended(): `value` is complete
    """

    changed = Signal()
    ended = Signal()

    def __init__(
        self,
        model: ModelSession,
        thread: Latest,
        about: Callable[[Workspace], object],
        trouble: str,
        parent: QObject | None = None,
    ):
        """`about` is what an answer must be about to be shown for a model, None for nothing; `trouble` begins the
        sentence of a failure, such as "The samples could not be decoded"."""
        super().__init__(parent)
        self._model, self._thread, self._about, self._trouble = model, thread, about, trouble

    @property
    def value(self) -> A | None:
        """The newest answer about what the shown model shows; by older weights or settings it is late, not wrong."""
        workspace = self._model.current
        about = self._about(workspace) if workspace else None
        return self._held.value if about is not None and self._held.about == about else None

    @property
    def failure(self) -> str:
        """Why there is no answer to the current request; empty if there is one, or one is expected."""
        failed = self._held.failed
        return failed[1] if failed and failed[0] == self._held.wanted else ""

    @property
    def is_busy(self) -> bool:
        """Whether a request of the shown model is under way."""
        return self._held.under_way is not None

    def want(self, request: Request | None) -> None:
        """What the shown model should show now; None: nothing more is worth computing, and what is there stays.

        The same key again does nothing. Another `about` or other `settings` take the place of what is under way; the
        same by other `weights` follow it, the newest of several: to begin anew with each snapshot of a run would never
        end.
        """
        held = self._held
        key = held.wanted = request.key if request else None
        if request is None or key is None:
            self._abandon(held)
            held.failed = None  # returning to it tries again
        elif key == held.whole or (held.failed and key == held.failed[0]):
            self._abandon(held)
        elif held.under_way == key:
            held.following = None
        elif held.under_way is not None and held.under_way[:2] == key[:2]:
            held.following = request
        else:
            self._ask(held, request)

    @property
    def _held(self) -> _Held[A]:
        workspace = self._model.current
        return cast(_Held[A], workspace.answers.setdefault(self, _Held())) if workspace else _Held()

    def _ask(self, held: _Held[A], request: Request) -> None:
        key, place = request.key, Place(self, self._model.shown)
        held.under_way, held.following, held.failed = key, None, None

        def done(value: Any) -> None:
            if held.under_way and held.under_way.about == key.about:  # by older settings it is late, not wrong
                held.value, held.about, held.whole = value, key.about, None
                self._tell(held)

        def ended() -> None:
            if held.under_way == key:
                held.whole = key
                self._finish(held)
                if held is self._held:
                    self.ended.emit()

        def failed(sentence: str) -> None:
            if held.under_way == key:
                held.failed = key, f"{self._trouble}: {sentence}"
                self._finish(held)
                self._tell(held)

        self._thread.ask(request, done, failed, ended=ended, place=place)

    def _finish(self, held: _Held[A]) -> None:
        following, held.under_way, held.following = held.following, None, None
        if following is not None and held is self._held:
            self._ask(held, following)

    def _abandon(self, held: _Held[A]) -> None:
        if held.under_way is not None:
            self._thread.drop(what=self, lineage=self._model.shown)
            held.under_way = held.following = None

    def _tell(self, held: _Held[A]) -> None:
        if held is self._held:
            self.changed.emit()
