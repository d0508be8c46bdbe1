"""Is the chosen image one that the model knows? Its ELBO among the test images, its place in z, its neighbours."""

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QObject, Signal

from vae_explorer.core import judgement
from vae_explorer.core.aggregate import AggregatedPosterior
from vae_explorer.session.state.model import origins_of
from vae_explorer.session.views.context import Context

NEIGHBOURS = 16
NO_DATA = "The images of this model's data are not available, so its neighbours cannot be shown."
TROUBLE = "The neighbours could not be found"


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The images of the data nearest to the chosen one in z, the nearest first."""

    indices: np.ndarray  # int [k]: in the data
    distances: np.ndarray  # float64 [k]: of mu, in deviations of q(z)
    images: np.ndarray  # float32 [k, c, h, w]
    names: tuple[str, ...]
    of: int  # images that were looked at


class TypicalSession(QObject):
    """The percentile and the norm cost nothing; the neighbours are only searched for while they are visible.

    Signals:
        changed(): any of the values has changed
    """

    changed = Signal()

    def __init__(self, context: Context, parent: QObject | None = None):
        super().__init__(parent)
        self._model, self._image, self._posteriors = context.model, context.image, context.posteriors
        self.is_watched = False
        context.model.changed.connect(self._ask)
        context.latent.refreshed.connect(self._ask)
        context.image.encoded.connect(self.changed)
        context.image.images_changed.connect(self.changed)
        context.posteriors.changed.connect(self.changed)

    @property
    def quantiles(self) -> list[float] | None:
        """0, 1, … 100 % of the test images have an ELBO below these, in nats; known at a run's end."""
        card = self._model.card
        return card.statistics.elbo_quantiles if card and card.statistics else None

    @property
    def percentile(self) -> float | None:
        """How many percent of the test images have a lower ELBO than the chosen one."""
        encoded, quantiles = self._image.posterior, self.quantiles
        if encoded is None or encoded.elbo is None or quantiles is None or not encoded.is_likelihood:
            return None
        return judgement.percentile(encoded.elbo, quantiles)

    @property
    def norm(self) -> float | None:
        """‖mu‖² of the chosen image."""
        encoded = self._image.posterior
        return None if encoded is None else float(np.square(encoded.mu, dtype=np.float64).sum())

    @property
    def sampled_norm(self) -> float | None:
        """The mean of ‖z‖² for z ~ q(z|x): ‖mu‖² + Σ sigma², which is what the prior's compares with."""
        encoded, norm = self._image.posterior, self.norm
        if encoded is None or norm is None:
            return None
        return norm + float(np.square(encoded.sigma, dtype=np.float64).sum())

    @property
    def expected_norm(self) -> tuple[float, float] | None:
        """Mean and standard deviation of ‖z‖² for z ~ N(0, I)."""
        card = self._model.card
        return judgement.expected_norm(card.z_dim) if card else None

    @property
    def neighbours(self) -> Neighbours | None:
        """The images of the data whose mu is nearest to that of the chosen one."""
        encoded, found = self._image.posterior, self._posteriors.shown
        if encoded is None or found is None:
            return None
        deviation = AggregatedPosterior(found.mu, found.sigma).deviation
        at, distances = judgement.nearest(encoded.mu, found.mu, deviation, NEIGHBOURS)
        names = tuple(map(found.images.title, at))
        return Neighbours(at, distances, found.images.images[at].astype(np.float32) / 255, names, len(found.mu))

    @property
    def failure(self) -> str:
        """Why no neighbours were found; empty if there are some, or some are expected."""
        return self._posteriors.failure and f"{TROUBLE}: {self._posteriors.failure}"

    @property
    def reason(self) -> str:
        """Why there can be no neighbours; empty if there are some, or some are expected."""
        workspace = self._model.current
        if workspace is None or self._image.image is None:
            return "Drop an image: the images nearest to it appear here."
        if not workspace.snapshot.card.can("encode"):
            return f"Neighbours are found by their position in z. {workspace.snapshot.card.why_not('encode')}"
        return self._posteriors.why_none(NO_DATA)

    def set_watched(self, watched: bool) -> None:
        """Whether it is visible."""
        self.is_watched = watched
        self._ask()

    def choose(self, i: int) -> None:
        """Brings one of the neighbours into the strip, and encodes it."""
        neighbours, found = self.neighbours, self._posteriors.shown
        if found and neighbours and 0 <= i < len(neighbours.indices):
            self._image.open(origins_of(found.images, [int(neighbours.indices[i])]))

    def _ask(self) -> None:
        self._posteriors.set_wanted(self, self.is_watched)
        self.changed.emit()
