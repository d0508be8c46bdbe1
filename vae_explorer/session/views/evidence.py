"""log p(x) of the chosen image: how far the ELBO is below it, and how much of that is due to the encoder."""

from collections.abc import Generator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from pydantic import Field
from PySide6.QtCore import QObject, Signal

from vae_explorer.core.judgement import Gaps, best_estimate, doubt_of, gaps
from vae_explorer.core.progress import Progress
from vae_explorer.session.jobs.jobs import FIT
from vae_explorer.session.records import Encoded, Key, Snapshot
from vae_explorer.session.state.settings import MAX_SEED, Configured, Settings
from vae_explorer.session.state.workspace import Workspace
from vae_explorer.session.views.context import Context
from vae_explorer.session.views.view import View

MAX_IMPORTANCE_DRAWS = 100_000
FIT_TITLE = "Fitting q to this image"
GREY = (
    "x is grey and p(x|z) is for black and white, so these would be no log-probabilities: switch binarise on in the "
    "image panel."
)
SAME = 1e-3  # nats: the tolerance for two ELBOs of the same draws
NO_IMAGE = "Drop an image: its evidence appears here."
IN_TRAINING = (
    "While a run trains, log p(x) is computed as long as Evidence is in sight, and as soon as the run pauses or ends."
)
UNDER_WAY = "log p(x) is being computed."


class EvidenceSettings(Settings, frozen=True):
    importance_samples: int = Field(5000, ge=1, le=MAX_IMPORTANCE_DRAWS)  # K draws of z
    seed: int = Field(0, ge=0, le=MAX_SEED)  # the one that `vae-explorer encode --seed` takes


@dataclass(frozen=True, eq=False)
class EvidenceRequest:
    snapshot: Snapshot
    encoded: Encoded
    settings: EvidenceSettings

    @property
    def key(self) -> Key:
        return Key(self.encoded.subject, self.settings, self.encoded)


@dataclass(frozen=True, eq=False)
class Evidence:
    """log p(x) of one image as far as its draws go, in nats; all parts come from the same draws, so they add up."""

    encoded: Encoded
    importance_samples: int  # that were asked for
    seed: int
    draws: int  # so far
    reconstruction: float
    kl: float
    elbo: float
    log_evidence: float
    gap: float | None
    standard_error: float | None
    effective_sample_size: float
    counts: np.ndarray  # int [m]: of draws, from 1 to all
    estimates: np.ndarray  # float64 [m]: log p(x) estimated from the first `counts` draws
    errors: np.ndarray  # float64 [m]
    one_sample_elbos: np.ndarray  # float64 [draws]: log p(x|z) - KL in closed form, as training estimates it

    @property
    def is_whole(self) -> bool:
        return self.draws == self.importance_samples


@dataclass(frozen=True, eq=False)
class MapRequest:
    snapshot: Snapshot
    encoded: Encoded

    @property
    def key(self) -> Key:
        return Key(self.encoded.subject, None, self.encoded)


@dataclass(frozen=True, eq=False)
class PosteriorMap:
    """p(z|x) of one image for a 2-dimensional z, by numerical integration."""

    encoded: Encoded
    log_evidence: float | None  # nats; None: p(z|x) is too long and narrow to be integrated exactly
    z1: np.ndarray  # float64 [a]
    z2: np.ndarray  # float64 [b]
    density: np.ndarray  # float64 [b, a], in 1/z²


@dataclass(frozen=True, eq=False)
class Fitted:
    """The best diagonal Gaussian q for one image, found with the decoder frozen; figures in nats."""

    encoded: Encoded
    mu: np.ndarray  # float32 [z]
    sigma: np.ndarray  # float32 [z]
    encoder_elbo: float
    fitted_elbo: float
    log_evidence: float  # with the fitted q as proposal
    standard_error: float | None


@dataclass(frozen=True)
class ImageFigures:
    """The numbers of the chosen image, from one place so that panels never disagree. In nats; None where
    there is none (yet). All of them are by the same weights, unless `is_late`."""

    reconstruction: float | None
    kl: float | None
    elbo: float | None
    gap: float | None = None
    log_evidence: float | None = None
    standard_error: float | None = None
    draws: int | None = None  # that all of them come from
    doubt: str = ""  # why log_evidence, and with it the gap, is not to be trusted
    is_late: bool = False  # gap and log_evidence are by an earlier snapshot of the run than the ELBO
    missing: str = ""  # why gap and log_evidence are not there, or late


class EvidenceSession(Configured[EvidenceSettings]):
    """Follows the chosen image; during a run only while it is visible.

    Signals:
        changed(): `shown`, `map`, `fitted`, `figures`, `failure` or `reason` has changed
    """

    changed = Signal()

    def __init__(self, context: Context, parent: QObject | None = None):
        super().__init__(EvidenceSettings(), self._ask, parent)
        self._model, self._image = context.model, context.image
        self._training, self._jobs = context.training, context.jobs
        trouble = "The evidence could not be computed"
        self._draws: View[Evidence] = View(context.model, context.thread, _chosen, trouble, self)
        self._integral: View[PosteriorMap] = View(context.model, context.thread, _chosen, trouble, self)
        self.is_watched = False
        self._told: tuple[object, ...] = ()
        self._image.encoded.connect(self._ask)
        self._image.images_changed.connect(self._ask)
        self._model.changed.connect(self._ask)
        self._training.state_changed.connect(self._ask)
        self._training.finished.connect(self._ask)
        for view in (self._draws, self._integral):
            view.changed.connect(self._tell)
        self._jobs.succeeded.connect(self._on_job_succeeded)
        self._jobs.changed.connect(self._tell)

    @property
    def shown(self) -> Evidence | None:
        """Of the chosen image, as far as it is; by an older snapshot of its model it is late, not wrong."""
        return self._draws.value

    @property
    def map(self) -> PosteriorMap | None:
        """p(z|x) of the chosen image, where log p(x) can be integrated."""
        return self._integral.value

    @property
    def fitted(self) -> Fitted | None:
        """The best q for the chosen image and just these weights."""
        workspace = self._model.current
        found = workspace.answers.get(self) if workspace else None
        return found if isinstance(found, Fitted) and found.encoded is self._image.posterior else None

    @property
    def fit_of_the_draws(self) -> Fitted | None:
        """`fitted`, where it was made with the draws that are shown."""
        shown, fitted = self.shown, self.fitted
        if shown is None or fitted is None or not shown.is_whole:
            return None
        return fitted if abs(fitted.encoder_elbo - shown.elbo) < SAME else None

    @property
    def best(self) -> Evidence | Fitted | None:
        """Where the log p(x) that counts comes from."""
        return best_estimate(self.shown, self.fit_of_the_draws) if self.shown else None

    @property
    def gaps(self) -> Gaps | None:
        """The two parts of the gap: the encoder's, and the one that remains with the best q of this form."""
        fit, best = self.fit_of_the_draws, self.best
        return gaps(fit, best.log_evidence) if fit and best else None

    @property
    def doubt(self) -> str:
        """Why the estimate by the encoder's q is not to be trusted; empty where there is no reason."""
        return doubt_of(self.shown, self.map.log_evidence if self.map else None) if self.shown else ""

    @property
    def figures(self) -> ImageFigures | None:
        """By the draws of the evidence, as the evidence view shows them, as soon as they are there, even if the image
        has been encoded with newer weights since. Where they do not follow the weights, the ELBO's parts by a few draws
        with the last known gap."""
        encoded, shown, best = self._image.posterior, self.shown, self.best
        if encoded is None:
            return None
        known = None if shown is None or best is None else self._figures_by(shown, best)
        if known and shown and (shown.encoded is encoded or (self._is_wanted and not self.failure)):
            return known
        few = ImageFigures(encoded.reconstruction, encoded.kl, encoded.elbo, missing=self._why_no_gap)
        if known is None or few.elbo is None or known.log_evidence is None or few.elbo > known.log_evidence:
            return few  # a log p(x) that the run has left behind would be below its bound
        return replace(
            known,
            reconstruction=few.reconstruction,
            kl=few.kl,
            elbo=few.elbo,
            is_late=True,
            missing=few.missing,
        )

    def _figures_by(self, shown: Evidence, best: Evidence | Fitted) -> ImageFigures:
        return ImageFigures(
            reconstruction=shown.reconstruction,
            kl=shown.kl,
            elbo=shown.elbo,
            gap=None if shown.gap is None else best.log_evidence - shown.elbo,
            log_evidence=best.log_evidence,
            standard_error=best.standard_error,
            draws=shown.draws,
            doubt=self.doubt if best is shown else "",
        )

    @property
    def _why_no_gap(self) -> str:
        return self.reason or self.failure or (UNDER_WAY if self._is_wanted else IN_TRAINING)

    @property
    def is_busy(self) -> bool:
        """Whether newer figures are under way."""
        return self._draws.is_busy

    @property
    def failure(self) -> str:
        """Why there is no evidence by just these weights and settings; empty if there is one, or one is expected."""
        return self._draws.failure

    @property
    def map_failure(self) -> str:
        """The same of the integral."""
        return self._integral.failure

    @property
    def is_fitting(self) -> bool:
        return FIT in self._jobs.running

    @property
    def reason(self) -> str:
        """Why there can be no evidence for the chosen image; empty if there is one, or one is expected."""
        card, encoded = self._model.card, self._image.posterior
        if card and not card.can("evidence"):
            return card.why_not("evidence" if card.can("encode") else "encode")
        if self._image.image is None:
            return NO_IMAGE
        return "" if encoded is None or encoded.is_likelihood else GREY

    def set_watched(self, watched: bool) -> None:
        """Whether the evidence view is visible, not only the numbers in the image panel."""
        self.is_watched = watched
        self._ask()

    def set_importance_samples(self, count: int) -> None:
        """K, 1 to 100,000 draws of z."""
        self.set(importance_samples=min(max(count, 1), MAX_IMPORTANCE_DRAWS))

    def redraw(self) -> None:
        """Draws again, with the next seed."""
        workspace = self._model.current
        if workspace and not self.reason:
            self.set_undoably(workspace.undo, "Draw again", seed=min(self.settings.seed + 1, MAX_SEED))

    def set_seed(self, seed: int) -> None:
        self.set(seed=seed)

    def fit(self) -> None:
        """Fits the best q to this image with the decoder frozen; a job that can be cancelled."""
        snapshot, encoded = self._model.snapshot, self._image.posterior
        if snapshot and encoded and not self.reason and not self.is_fitting:
            draws, seed = self.settings.importance_samples, self.settings.seed
            self._jobs.start(FIT, FIT_TITLE, partial(_fit, snapshot, encoded, draws, seed))

    def cancel_fit(self) -> None:
        self._jobs.cancel(FIT)

    @property
    def _is_wanted(self) -> bool:
        """Each snapshot of a run would cost 0.2 s of training, for numbers that may not be visible."""
        snapshot = self._model.snapshot
        is_training = self._model.shows_trained and self._training.is_active and self._training.state != "paused"
        return self.is_watched or not is_training or bool(snapshot and snapshot.card.test)

    def _ask(self) -> None:
        snapshot, encoded, draws, integral = self._model.snapshot, self._image.posterior, None, None
        if snapshot and encoded and not self.reason and self._is_wanted:
            draws = EvidenceRequest(snapshot, encoded, self.settings)
            if self.is_watched and snapshot.card.can("exact"):
                integral = MapRequest(snapshot, encoded)
        self._draws.want(draws)
        self._integral.want(integral)
        self._tell()

    def _tell(self) -> None:
        """Only what is new: to draw all of it again takes longer than to compute it."""
        found = self.shown, self.map, self.fitted, self.failure, self.map_failure, self.reason, self.is_fitting
        now = (self._model.shown, self._image.posterior, *found, self._is_wanted)
        if now != self._told:
            self._told = now
            self.changed.emit()

    def _on_job_succeeded(self, result: object) -> None:
        if isinstance(result, Fitted) and (workspace := self._model.workspaces.get(result.encoded.lineage)):
            workspace.answers[self] = result
            self._tell()


def _chosen(workspace: Workspace) -> object:
    return workspace.chosen.subject if workspace.chosen else None


def _fit(snapshot: Snapshot, encoded: Encoded, draws: int, seed: int) -> Generator[Progress, None, Fitted]:
    import torch

    from vae_explorer.core.fit import fit

    torch.set_num_threads(1)  # of this thread: training may run at the same time
    found = yield from fit(snapshot.encoder, torch.from_numpy(encoded.x), draws=draws, seed=seed)
    return Fitted(
        encoded=encoded,
        mu=found.mu,
        sigma=found.sigma,
        encoder_elbo=found.encoder_elbo,
        fitted_elbo=found.fitted_elbo,
        log_evidence=found.log_evidence,
        standard_error=found.standard_error,
    )
