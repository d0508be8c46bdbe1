"""A few draws of x from p(x|z) of the newest z: what its mean image leaves out."""

from dataclasses import dataclass
from operator import attrgetter

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from vae_explorer.session.records import Key, Snapshot
from vae_explorer.session.state.latent import LatentSession
from vae_explorer.session.state.model import ModelSession
from vae_explorer.session.threads.latest import Latest
from vae_explorer.session.views.decoded import DecodedSession
from vae_explorer.session.views.view import View

COUNT = 5
REST = 120  # milliseconds without a change of z: until then the thread is for the picture alone


@dataclass(frozen=True, eq=False)
class DrawsRequest:
    snapshot: Snapshot
    z: np.ndarray  # float32 [z]
    seed: int

    @property
    def key(self) -> Key:
        return Key(self.snapshot.lineage, (self.z.tobytes(), self.seed), self.snapshot.number)


@dataclass(frozen=True, eq=False)
class Draws:
    """The first of them is the one that the picture shows as its draw."""

    z: np.ndarray  # float32 [z]
    seed: int
    images: np.ndarray  # float32 [n, c, h, w]


class DrawsSession(QObject):
    """Follows z once it rests, while somebody watches.

    Signals:
        changed(): `shown`, `is_late` or `failure` has changed
    """

    changed = Signal()

    def __init__(
        self,
        model: ModelSession,
        latent: LatentSession,
        decoded: DecodedSession,
        thread: Latest,
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self._model, self._latent, self._decoded = model, latent, decoded
        self.is_watched = False
        self._was_late = False
        self._rest = QTimer(self, singleShot=True, interval=REST)
        self._rest.timeout.connect(self._ask)
        self._view: View[Draws] = View(model, thread, attrgetter("lineage"), "Nothing could be drawn", self)
        self._view.changed.connect(self._tell)
        for fact in (model.updated, latent.changed, decoded.settings_changed):
            fact.connect(self._on_changed)

    @property
    def shown(self) -> Draws | None:
        """Of the shown model; None where it has nothing to draw from."""
        return None if self._model.lacks("spread") else self._view.value

    @property
    def is_late(self) -> bool:
        """Whether those shown are of another z than the picture."""
        shown = self._view.value
        return shown is not None and not np.array_equal(shown.z, self._latent.z)

    @property
    def failure(self) -> str:
        """Why there are none; empty if there are some, or some are expected."""
        return self._view.failure

    def set_watched(self, watched: bool) -> None:
        """Whether anybody sees them."""
        if watched != self.is_watched:
            self.is_watched = watched
            self._on_changed()

    def _on_changed(self) -> None:
        if self.is_watched:
            self._rest.start()
        else:
            self._rest.stop()
            self._view.want(None)
        if self.is_late != self._was_late:
            self._tell()

    def _ask(self) -> None:
        snapshot, z = self._model.snapshot, self._latent.z
        if snapshot is not None and snapshot.card.can("spread") and len(z) == snapshot.z_dim:
            self._view.want(DrawsRequest(snapshot, z.copy(), self._decoded.settings.seed))
        self._tell()  # another model's may be there already

    def _tell(self) -> None:
        self._was_late = self.is_late
        self.changed.emit()
