"""q(z|x) of the images that belong to a model's data: computed once for each snapshot, for all views that need it."""

from dataclasses import dataclass, field
from operator import attrgetter

import numpy as np
from PySide6.QtCore import QObject, Signal

from vae_explorer.data.image_set import ImageSet
from vae_explorer.session.records import Key, Snapshot
from vae_explorer.session.state.latent import LatentSession
from vae_explorer.session.state.model import ModelSession
from vae_explorer.session.threads.latest import Latest
from vae_explorer.session.views.model_data import ModelDataSession
from vae_explorer.session.views.view import View

TROUBLE = "The images of the data could not be encoded"


@dataclass(frozen=True, eq=False)
class DataPosteriorsRequest:
    snapshot: Snapshot
    images: ImageSet = field(repr=False)

    @property
    def key(self) -> Key:
        return Key(self.snapshot.lineage, None, self.snapshot.number)


@dataclass(frozen=True, eq=False)
class DataPosteriors:
    """q(z|x) of images that the model was not trained on, with their labels, factors and names."""

    lineage: int
    number: int
    images: ImageSet = field(repr=False)
    mu: np.ndarray  # float32 [n, z]
    sigma: np.ndarray  # float32 [n, z]; 0 where the model has no q(z|x)


class DataPosteriorsSession(QObject):
    """Computed while some view wants it.

    Signals:
        changed(): `shown`, `failure` or `why_none` has changed
    """

    changed = Signal()

    def __init__(
        self,
        model: ModelSession,
        latent: LatentSession,
        data: ModelDataSession,
        thread: Latest,
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self._model, self._data = model, data
        self._users: set[object] = set()
        self._told: DataPosteriors | None = None
        self._view: View[DataPosteriors] = View(model, thread, attrgetter("lineage"), TROUBLE, self)
        self._view.changed.connect(self._tell)
        model.changed.connect(self._ask)
        latent.refreshed.connect(self._ask)
        data.changed.connect(self.changed)

    @property
    def shown(self) -> DataPosteriors | None:
        """Of the shown model; by an older snapshot it is late, not wrong."""
        return self._view.value

    @property
    def failure(self) -> str:
        """Why there is none; empty if there is one, or one is expected."""
        return self._view.failure

    @property
    def can_be_had(self) -> bool:
        """Whether the shown model encodes images, and has some."""
        workspace = self._model.current
        return bool(workspace and workspace.data and workspace.snapshot.card.can("encode"))

    def why_none(self, unknown: str) -> str:
        """Why the shown model has no images, `unknown` where nothing says where they are; empty where it has some, or
        some are expected."""
        return self._data.why_none(unknown)

    def set_wanted(self, user: object, wanted: bool) -> None:
        """Whether this view needs it now."""
        if wanted != (user in self._users):
            (self._users.add if wanted else self._users.discard)(user)
            self._ask()

    def _ask(self) -> None:
        workspace, request = self._model.current, None
        if self._users and workspace and workspace.snapshot.card.can("encode"):
            self._data.want()
        if workspace and workspace.data and self._users and self.can_be_had:
            request = DataPosteriorsRequest(workspace.snapshot, workspace.data)
        self._view.want(request)
        if self.shown is not self._told:  # those of another model, which are there already
            self._tell()

    def _tell(self) -> None:
        self._told = self.shown
        self.changed.emit()
