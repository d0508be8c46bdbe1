"""q(z), the aggregated posterior: where the data are in z, compared with the prior that generation samples from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field
from PySide6.QtCore import QObject, Signal

from vae_explorer.session.records import Key, Snapshot
from vae_explorer.session.state.settings import MAX_SEED, Configured, Settings
from vae_explorer.session.views.context import Context
from vae_explorer.session.views.data_posteriors import DataPosteriors
from vae_explorer.session.views.view import View

if TYPE_CHECKING:
    from vae_explorer.core.aggregate import AggregatedPosterior, Decomposition

COUNT = 12  # pictures of each source
NO_IMAGES = (
    "This model file has no stored posteriors, since it was saved before its run had ended, and its images are not "
    "available: open the run's folder or its last model file."
)


class AggregateSettings(Settings, frozen=True):
    seed: int = Field(0, ge=0, le=MAX_SEED)  # of the samples


@dataclass(frozen=True, eq=False)
class AggregateRequest:
    """About the posteriors that the model file stores, or those of the images of its data."""

    snapshot: Snapshot
    posteriors: DataPosteriors | None  # None: the stored ones

    @property
    def key(self) -> Key:
        return Key(self.snapshot.lineage, None, self.posteriors or self.snapshot.number)


@dataclass(frozen=True, eq=False)
class Aggregate:
    """q(z), the mean of q(z|x) over images, and what its dimensions do."""

    lineage: int
    number: int
    images: int
    q: "AggregatedPosterior" = field(repr=False)
    z: np.ndarray  # float64 [m]: where the densities are known
    densities: np.ndarray  # float64 [z, m]; of a model without q(z|x) a histogram of its z
    prior: np.ndarray  # float64 [m]
    is_active: np.ndarray  # bool [z]
    decomposition: "Decomposition | None" = None  # None: not there yet, or without densities


@dataclass(frozen=True, eq=False)
class ComparedRequest:
    snapshot: Snapshot
    aggregate: Aggregate
    count: int
    seed: int

    @property
    def key(self) -> Key:
        return Key(self.snapshot.lineage, self.seed, self.aggregate)


@dataclass(frozen=True, eq=False)
class ComparedSamples:
    """Pictures of z from the prior, from a Gaussian and a mixture fitted to q(z), and from the stored posteriors, as
    far as they are there."""

    lineage: int
    aggregate: Aggregate
    seed: int
    z: Mapping[str, np.ndarray]  # float32 [n, z] of each source
    images: Mapping[str, np.ndarray]  # float32 [n, c, h, w]


class AggregateSession(Configured[AggregateSettings]):
    """Computed for the shown model while it is visible.

    Signals:
        changed(): `shown`, `samples`, `dimension`, `failure` or `reason` has changed
    """

    changed = Signal()

    def __init__(self, context: Context, parent: QObject | None = None):
        super().__init__(AggregateSettings(), self._compare, parent)
        self._model, self._latent, self._posteriors = context.model, context.latent, context.posteriors
        about, trouble = attrgetter("lineage"), "q(z) could not be computed"
        self._densities: View[Aggregate] = View(context.model, context.thread, about, trouble, self)
        self._compared: View[ComparedSamples] = View(context.model, context.thread, about, trouble, self)
        self.is_watched = False
        self._told: tuple[object, ...] = ()
        self._dimensions: dict[int, int] = {}  # that were chosen, of each lineage
        context.model.changed.connect(self._ask)
        context.latent.refreshed.connect(self._ask)
        context.posteriors.changed.connect(self._ask)
        self._densities.changed.connect(self._tell)
        self._densities.ended.connect(self._compare)
        self._compared.changed.connect(self._tell)

    @property
    def shown(self) -> Aggregate | None:
        """q(z) of the shown model; by an older snapshot it is late, not wrong."""
        return self._densities.value

    @property
    def samples(self) -> ComparedSamples | None:
        """Pictures from the four sources, as far as they are there."""
        return self._compared.value

    @property
    def failure(self) -> str:
        """Why there is nothing, or nothing more; empty if there is one, or one is expected."""
        return self._densities.failure or self._compared.failure or ("" if self.shown else self._posteriors.failure)

    @property
    def reason(self) -> str:
        """Why there can be no q(z); empty if there is one, or one is expected."""
        workspace = self._model.current
        if workspace is None:
            return "Open a model or train one: its q(z) appears here."
        card = workspace.snapshot.card
        if not (workspace.snapshot.posteriors or card.can("encode")):
            return f"q(z) is the mean of q(z|x) over images. {card.why_not('encode')}"
        return "" if workspace.snapshot.posteriors else self._posteriors.why_none(NO_IMAGES)

    @property
    def dimension(self) -> int:
        """The chosen one; the first of the order until one is chosen."""
        workspace = self._model.current
        if workspace is None:
            return 0
        return self._dimensions.get(workspace.lineage, int(workspace.order[0]))

    def choose(self, dimension: int) -> None:
        """Shows one dimension of z by itself."""
        workspace = self._model.current
        if workspace and 0 <= dimension < workspace.snapshot.z_dim:
            self._dimensions[workspace.lineage] = dimension
            self.changed.emit()

    def set_watched(self, watched: bool) -> None:
        """Whether it is visible."""
        self.is_watched = watched
        self._ask()

    def resample(self) -> None:
        """Draws new z from every source."""
        workspace = self._model.current
        if workspace and not self.reason:
            self.set_undoably(workspace.undo, "Resample", seed=min(self.settings.seed + 1, MAX_SEED))

    def put_on_sliders(self, source: str, i: int) -> None:
        """The z of one of the pictures."""
        samples = self.samples
        if samples and source in samples.z and 0 <= i < len(samples.z[source]):
            self._latent.set_z(samples.z[source][i], "Choose sample")

    def _ask(self) -> None:
        workspace = self._model.current
        is_wanted = self.is_watched and not self.reason
        has_stored = workspace is not None and workspace.snapshot.posteriors is not None
        self._posteriors.set_wanted(self, is_wanted and not has_stored)
        self._densities.want(self._wanted_densities() if is_wanted else None)
        if not is_wanted:
            self._compared.want(None)
        elif not self._densities.is_busy:
            self._compare()
        self._tell()

    def _tell(self) -> None:
        """Only what is new: to draw all of it again takes long."""
        now = (self._model.shown, self.shown, self.samples, self.dimension, self.failure, self.reason)
        if now != self._told:
            self._told = now
            self.changed.emit()

    def _wanted_densities(self) -> AggregateRequest | None:
        snapshot, posteriors = self._model.snapshot, self._posteriors.shown
        if snapshot is None or (snapshot.posteriors is None and posteriors is None):
            return None
        return AggregateRequest(snapshot, None if snapshot.posteriors else posteriors)

    def _compare(self) -> None:
        """Asks for pictures of the q(z) that is shown. A newer one on its way is no reason to abandon them: while a run
        goes on there always is one."""
        snapshot, shown = self._model.snapshot, self.shown
        if snapshot and shown and self.is_watched:
            self._compared.want(ComparedRequest(snapshot, shown, COUNT, self.settings.seed))
