"""q(z), the aggregated posterior: where the data lie in z, beside the prior that generation draws from."""

from PySide6.QtCore import QObject, Signal

from vae_explorer.session.records import Aggregate, ComparedRequest, ComparedSamples, DataPosteriorsRequest
from vae_explorer.session.state.latent import LatentSession
from vae_explorer.session.state.model import ModelSession
from vae_explorer.session.state.undo import Change
from vae_explorer.session.threads.latest import Latest
from vae_explorer.session.views.view import LongView

COUNT = 12  # pictures of each source
NO_IMAGES = (
    "This model file has no stored posteriors, since it was saved before its run had ended, and its images are not at "
    "hand: open the run's folder or its last model file."
)


class AggregateSession(QObject):
    """Computed while somebody watches, for the shown model.

    Signals:
        changed(): `shown`, `samples`, `dimension` or `reason` is another
        failed(sentence: str)
    """

    changed = Signal()
    failed = Signal(str)

    def __init__(self, model: ModelSession, latent: LatentSession, views: Latest, parent: QObject | None = None):
        super().__init__(parent)
        self._model, self._latent = model, latent
        self._densities = LongView("aggregate", views, self)
        self._sources = LongView("compared_samples", views, self)
        self.is_watched = False
        self.seed = 0
        self._dimensions: dict[int, int] = {}  # that were chosen, of each lineage
        self._aggregate: Aggregate | None = None
        self._samples: ComparedSamples | None = None
        model.changed.connect(self._ask)
        latent.refreshed.connect(self._ask)
        self._densities.advanced.connect(self._on_advanced)
        self._densities.ended.connect(self._on_ended)
        self._sources.advanced.connect(self._on_sampled)
        for view in (self._densities, self._sources):
            view.failed.connect(self._on_failed)

    @property
    def shown(self) -> Aggregate | None:
        """q(z) of the shown model; by an older snapshot it is late, not wrong."""
        snapshot = self._model.snapshot
        return self._aggregate if snapshot and self._aggregate and self._aggregate.lineage == snapshot.lineage else None

    @property
    def samples(self) -> ComparedSamples | None:
        """Pictures from the four sources, as far as they are there."""
        snapshot = self._model.snapshot
        return self._samples if snapshot and self._samples and self._samples.lineage == snapshot.lineage else None

    @property
    def reason(self) -> str:
        """Why there is no q(z); empty where there is, or will be."""
        workspace = self._model.current
        if workspace is None:
            return "Open a model or train one: its q(z) appears here."
        return "" if workspace.snapshot.posteriors or workspace.tests else NO_IMAGES

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
        """Whether anybody sees it."""
        self.is_watched = watched
        self._ask()

    def resample(self) -> None:
        """Other z's from every source."""
        if self._model.current and not self.reason:
            self._model.current.undo.push(Change("Resample", self.seed, self.seed + 1, self._set_seed))

    def put_on_sliders(self, source: str, i: int) -> None:
        """The z of one of the pictures."""
        samples = self.samples
        if samples and source in samples.z and 0 <= i < len(samples.z[source]):
            self._latent.set_z(samples.z[source][i], "Choose sample")

    def _set_seed(self, seed: int) -> None:
        self.seed = seed
        self._ask_for_samples()

    def _ask(self) -> None:
        workspace = self._model.current
        if workspace is None or not self.is_watched or self.reason:
            self._densities.drop()
            self._sources.drop()
        else:
            tests = () if workspace.snapshot.posteriors else workspace.tests
            self._densities.want(DataPosteriorsRequest(workspace.snapshot, tests))
            if not self._densities.is_busy:
                self._ask_for_samples()  # they were dropped while nobody watched
        self.changed.emit()

    def _ask_for_samples(self) -> None:
        snapshot, shown = self._model.snapshot, self.shown
        if snapshot is not None and shown is not None and self.is_watched:
            self._sources.want(ComparedRequest(snapshot, shown, COUNT, self.seed))

    def _on_advanced(self, item: object) -> None:
        if isinstance(item, Aggregate):
            self._aggregate = item
            self.changed.emit()

    def _on_ended(self) -> None:
        self._ask_for_samples()

    def _on_sampled(self, item: object) -> None:
        if isinstance(item, ComparedSamples):
            self._samples = item
            self.changed.emit()

    def _on_failed(self, sentence: str) -> None:
        self.failed.emit(f"q(z) could not be computed: {sentence}")
