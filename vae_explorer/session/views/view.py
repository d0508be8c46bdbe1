"""What a view asks for and what it shows: one mechanism for all of them."""

from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, cast

from PySide6.QtCore import QObject, Signal

from vae_explorer.session.jobs.jobs import JobsSession
from vae_explorer.session.records import Key
from vae_explorer.session.state.image import ImageSession
from vae_explorer.session.state.latent import LatentSession
from vae_explorer.session.state.model import ModelSession
from vae_explorer.session.state.workspace import Workspace
from vae_explorer.session.threads.latest import Latest, Place
from vae_explorer.session.training import TrainingSession

A = TypeVar("A")


@dataclass(frozen=True)
class Context:
    """What a view's noun may use of the session."""

    model: ModelSession
    latent: LatentSession
    image: ImageSession
    training: TrainingSession
    jobs: JobsSession
    thread: Latest  # of all views, which long ones share in slices


class Request(Protocol):
    """A frozen record that holds all that its answer needs."""

    @property
    def key(self) -> Key: ...


@dataclass(eq=False)
class _Held(Generic[A]):
    """What one view has of one model."""

    value: A | None = None
    about: object = None  # the value
    whole: Key | None = None  # of the value, once it is complete
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

    def __init__(self, thread: Latest, trouble: str, parent: QObject | None = None):
        """`trouble` begins the sentence of a failure, such as "The samples could not be decoded"."""
        super().__init__(parent)
        self._thread, self._trouble = thread, trouble
        self._workspace: Workspace | None = None
        self._about: object = None
        self._wanted: Key | None = None

    @property
    def value(self) -> A | None:
        """The newest answer about what is wanted; by older weights or settings it is late, not wrong."""
        held = self._held
        return held.value if self._about is not None and held.about == self._about else None

    @property
    def failure(self) -> str:
        """Why there is no answer to just what is wanted; empty where there is, or will be."""
        failed = self._held.failed
        return failed[1] if failed and failed[0] == self._wanted else ""

    @property
    def is_busy(self) -> bool:
        """Whether a request of the shown model is under way."""
        return self._held.under_way is not None

    @property
    def is_complete(self) -> bool:
        """Whether `value` is the complete answer to just what is wanted."""
        return self._wanted is not None and self._held.whole == self._wanted

    def want(self, workspace: Workspace | None, request: Request | None, *, about: object = None) -> None:
        """What is to be shown now, of this model; without a request nothing more of `about` is worth computing.

        The same key again does nothing. Another `about` or other `settings` take the place of what is under way; the
        same by other `weights` follow it, the newest of several: to begin anew with each snapshot of a run would never
        end.
        """
        key = request.key if request else None
        self._workspace, self._wanted, self._about = workspace, key, key.about if key else about
        held = self._held
        if request is None or key is None:
            self._abandon(held)
            held.failed = None  # whoever comes back may try again
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
        if self._workspace is None:
            return _Held()
        return cast(_Held[A], self._workspace.answers.setdefault(self, _Held()))

    def _ask(self, held: _Held[A], request: Request) -> None:
        assert self._workspace is not None
        key = request.key
        held.under_way, held.following, held.failed = key, None, None

        def done(value: Any) -> None:
            if held.under_way == key or (held is self._held and key.about == self._about):  # late is not wrong
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

        place = Place(self, self._workspace.lineage)
        self._thread.ask(request, done, failed, ended=ended, place=place)

    def _finish(self, held: _Held[A]) -> None:
        following, held.under_way, held.following = held.following, None, None
        if following is not None and held is self._held:
            self._ask(held, following)

    def _abandon(self, held: _Held[A]) -> None:
        if held.under_way is not None and self._workspace is not None:
            self._thread.drop(what=self, lineage=self._workspace.lineage)
            held.under_way = held.following = None

    def _tell(self, held: _Held[A]) -> None:
        if held is self._held:
            self.changed.emit()
