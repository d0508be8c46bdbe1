"""log p(x) of the chosen image: how far the ELBO is below it, and what of that the encoder has left."""

from collections.abc import Generator
from functools import partial

from PySide6.QtCore import QObject, Signal

from vae_explorer.core.progress import Progress
from vae_explorer.session.jobs.jobs import FIT, JobsSession
from vae_explorer.session.records import Encoded, Evidence, EvidenceRequest, Fitted, MapRequest, PosteriorMap, Snapshot
from vae_explorer.session.state.image import ImageSession
from vae_explorer.session.state.model import ModelSession
from vae_explorer.session.state.undo import Change
from vae_explorer.session.threads.latest import Latest
from vae_explorer.session.training import TrainingSession
from vae_explorer.session.views.view import LongView

MAX_IMPORTANCE_DRAWS = 100_000
MAPPED = 2  # dimensions of z whose true posterior can be integrated
FIT_TITLE = "Fitting q to this image"
PLAIN = (
    "A plain autoencoder has no q(z|x) and no prior: there is no KL, no ELBO and no log p(x), "
    "only how well it reconstructs."
)
GREY = (
    "x is grey and p(x|z) is for black and white, so these would be no log-probabilities: switch binarise on in the "
    "image panel."
)
NO_IMAGE = "Drop an image: its evidence appears here."


class EvidenceSession(QObject):
    """Follows the chosen image. While a run goes on only somebody who watches is worth the work.

    Signals:
        changed(): `shown`, `map`, `fitted` or `reason` is another
        settings_changed(): `importance_samples` or `seed` is another
        failed(sentence: str)
    """

    changed = Signal()
    settings_changed = Signal()
    failed = Signal(str)

    def __init__(
        self,
        model: ModelSession,
        image: ImageSession,
        training: TrainingSession,
        jobs: JobsSession,
        views: Latest,
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self._model, self._image, self._training, self._jobs = model, image, training, jobs
        self._draws = LongView("evidence", views, self)
        self._integral = LongView("posterior_map", views, self)
        self.importance_samples = 5000
        self.seed = 0
        self.is_watched = False
        self._was_fitting = False
        self._evidence: Evidence | None = None
        self._map: PosteriorMap | None = None
        self._fitted: Fitted | None = None
        image.encoded.connect(self._ask)
        image.images_changed.connect(self._on_images_changed)
        model.changed.connect(self._on_images_changed)
        training.finished.connect(self._ask)
        for view in (self._draws, self._integral):
            view.advanced.connect(self._on_advanced)
            view.failed.connect(self._on_failed)
        jobs.succeeded.connect(self._on_job_succeeded)
        jobs.changed.connect(self._on_jobs_changed)

    @property
    def shown(self) -> Evidence | None:
        """Of the chosen image, as far as it is; by an older snapshot of its model it is late, not wrong."""
        return self._evidence if self._evidence and self._is_chosen(self._evidence.encoded) else None

    @property
    def map(self) -> PosteriorMap | None:
        """p(z|x) of the chosen image, where z has two dimensions."""
        return self._map if self._map and self._is_chosen(self._map.encoded) else None

    @property
    def fitted(self) -> Fitted | None:
        """The best q for the chosen image and just these weights."""
        return self._fitted if self._fitted and self._fitted.encoded is self._image.posterior else None

    @property
    def is_fitting(self) -> bool:
        return FIT in self._jobs.running

    @property
    def reason(self) -> str:
        """Why there is no evidence for the chosen image; empty where there is, or will be."""
        snapshot, encoded = self._model.snapshot, self._image.posterior
        if snapshot and snapshot.is_autoencoder:
            return PLAIN
        if self._image.image is None:
            return NO_IMAGE
        return "" if encoded is None or encoded.is_likelihood else GREY

    def set_watched(self, watched: bool) -> None:
        """Whether anybody sees more of it than its figures."""
        self.is_watched = watched
        self._ask()

    def set_importance_samples(self, count: int) -> None:
        """K, 1 to 100,000 draws of z."""
        self.importance_samples = min(max(count, 1), MAX_IMPORTANCE_DRAWS)
        self.settings_changed.emit()
        self._ask()

    def redraw(self) -> None:
        """Other draws: those of the next seed."""
        if self._model.current and not self.reason:
            self._model.current.undo.push(Change("Draw again", self.seed, self.seed + 1, self.set_seed))

    def set_seed(self, seed: int) -> None:
        """The one that `vae-explorer encode --seed` takes."""
        self.seed = seed
        self.settings_changed.emit()
        self._ask()

    def fit(self) -> None:
        """Looks for the best q for this image, the decoder frozen; a job that can be cancelled."""
        snapshot, encoded = self._model.snapshot, self._image.posterior
        if snapshot and encoded and not self.reason and not self.is_fitting:
            self._jobs.start(FIT, FIT_TITLE, partial(_fit, snapshot, encoded, self.importance_samples, self.seed))

    def cancel_fit(self) -> None:
        self._jobs.cancel(FIT)

    @property
    def _is_wanted(self) -> bool:
        """Each snapshot of a run would cost it a fifth of a second, for figures that nobody may look at."""
        snapshot = self._model.snapshot
        goes_on = self._model.shown == "training" and self._training.is_active
        return self.is_watched or not goes_on or bool(snapshot and snapshot.info.test)

    def _ask(self) -> None:
        snapshot, encoded = self._model.snapshot, self._image.posterior
        if snapshot is None or encoded is None or self.reason or not self._is_wanted:
            self._draws.drop()
            self._integral.drop()
            self.changed.emit()
            return
        self._draws.want(EvidenceRequest(snapshot, encoded, self.importance_samples, self.seed))
        if self.is_watched and snapshot.z_dim == MAPPED:
            self._integral.want(MapRequest(snapshot, encoded))
        self.changed.emit()

    def _is_chosen(self, encoded: Encoded) -> bool:
        posterior = self._image.posterior
        return posterior is not None and encoded.subject == posterior.subject

    def _on_images_changed(self) -> None:
        if self._image.posterior is None or self._model.snapshot is None:
            self._ask()
        else:
            self.changed.emit()

    def _on_advanced(self, item: object) -> None:
        if isinstance(item, Evidence):
            self._evidence = item
        elif isinstance(item, PosteriorMap):
            self._map = item
        self.changed.emit()

    def _on_jobs_changed(self) -> None:
        if self.is_fitting != self._was_fitting:  # not with each report of any job
            self._was_fitting = self.is_fitting
            self.changed.emit()

    def _on_job_succeeded(self, result: object) -> None:
        if isinstance(result, Fitted):
            self._fitted = result
            self.changed.emit()

    def _on_failed(self, sentence: str) -> None:
        self.failed.emit(f"The evidence could not be computed: {sentence}")


def _fit(snapshot: Snapshot, encoded: Encoded, draws: int, seed: int) -> Generator[Progress, None, Fitted]:
    import torch

    from vae_explorer.core.fit import fit

    torch.set_num_threads(1)  # of this thread: a training may go on beside it
    found = yield from fit(snapshot.model, torch.from_numpy(encoded.x), draws=draws, seed=seed)
    return Fitted(
        encoded=encoded,
        mu=found.mu,
        sigma=found.sigma,
        encoder_elbo=found.encoder_elbo,
        fitted_elbo=found.fitted_elbo,
        log_evidence=found.log_evidence,
        standard_error=found.standard_error,
    )
