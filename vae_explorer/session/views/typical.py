"""Is the chosen image one that the model knows? Its ELBO among the test images, its place in z, its neighbours."""

import numpy as np
from PySide6.QtCore import QObject, Signal

from vae_explorer.core import judgement
from vae_explorer.core.aggregate import AggregatedPosterior
from vae_explorer.session.records import DataPosteriors, DataPosteriorsRequest, Neighbours
from vae_explorer.session.state.image import ImageSession
from vae_explorer.session.state.latent import LatentSession
from vae_explorer.session.state.model import ModelSession
from vae_explorer.session.threads.latest import Latest
from vae_explorer.session.views.view import LongView

NEIGHBOURS = 16
NO_TESTS = "The test images of this model's data are not at hand, so its neighbours cannot be shown."


class TypicalSession(QObject):
    """What is known without looking costs nothing; the neighbours are looked for while somebody watches.

    Signals:
        changed(): any of the values is another
        failed(sentence: str)
    """

    changed = Signal()
    failed = Signal(str)

    def __init__(
        self,
        model: ModelSession,
        latent: LatentSession,
        image: ImageSession,
        views: Latest,
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self._model, self._image = model, image
        self._view = LongView("data_posteriors", views, self)
        self._tests: DataPosteriors | None = None
        self.is_watched = False
        model.changed.connect(self._ask)
        latent.refreshed.connect(self._ask)
        image.encoded.connect(self.changed)
        image.images_changed.connect(self.changed)
        self._view.advanced.connect(self._on_advanced)
        self._view.failed.connect(self._on_failed)

    @property
    def quantiles(self) -> list[float] | None:
        """0, 1, … 100 % of the test images have an ELBO below these, in nats; known at a run's end."""
        snapshot = self._model.snapshot
        return snapshot.info.statistics.elbo_quantiles if snapshot and snapshot.info.statistics else None

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
        snapshot = self._model.snapshot
        return judgement.expected_norm(snapshot.z_dim) if snapshot else None

    @property
    def neighbours(self) -> Neighbours | None:
        """The test images whose mu is nearest to that of the chosen one."""
        snapshot, encoded, tests = self._model.snapshot, self._image.posterior, self._tests
        if snapshot is None or encoded is None or tests is None or tests.lineage != snapshot.lineage:
            return None
        deviation = AggregatedPosterior(tests.mu, tests.sigma).deviation
        at, distances = judgement.nearest(encoded.mu, tests.mu, deviation, NEIGHBOURS)
        workspace = self._model.current
        assert workspace is not None
        names = tuple(workspace.tests[i].name for i in at)
        return Neighbours(at, distances, tests.images[at].astype(np.float32) / 255, names, len(tests.mu))

    @property
    def reason(self) -> str:
        """Why there are no neighbours; empty where there are, or will be."""
        workspace = self._model.current
        if workspace is None or self._image.image is None:
            return "Drop an image: the images nearest to it appear here."
        return "" if workspace.tests else NO_TESTS

    def set_watched(self, watched: bool) -> None:
        """Whether anybody sees it."""
        self.is_watched = watched
        self._ask()

    def choose(self, i: int) -> None:
        """Brings one of the neighbours into the strip, and encodes it."""
        workspace, neighbours = self._model.current, self.neighbours
        if workspace and neighbours and 0 <= i < len(neighbours.indices):
            self._image.open([workspace.tests[neighbours.indices[i]]])

    def _ask(self) -> None:
        workspace = self._model.current
        if workspace is None or not self.is_watched or not workspace.tests:
            self._view.drop()
        else:
            self._view.want(DataPosteriorsRequest(workspace.snapshot, workspace.tests))
        self.changed.emit()

    def _on_advanced(self, item: object) -> None:
        if isinstance(item, DataPosteriors):
            self._tests = item
            self.changed.emit()

    def _on_failed(self, sentence: str) -> None:
        self.failed.emit(f"The neighbours could not be found: {sentence}")
