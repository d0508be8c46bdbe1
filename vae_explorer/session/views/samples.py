"""Samples of z: from the posterior of the chosen image, and from the prior."""

from typing import Any, Generic, TypeVar

import numpy as np
from PySide6.QtCore import QObject, Signal

from vae_explorer.session.records import PosteriorRequest, PosteriorSamples, PriorRequest, PriorSamples
from vae_explorer.session.state.image import ImageSession
from vae_explorer.session.state.latent import LatentSession
from vae_explorer.session.state.model import ModelSession
from vae_explorer.session.state.undo import Change
from vae_explorer.session.threads.latest import Latest

MAX_SAMPLES = 256

Shown = TypeVar("Shown", PosteriorSamples, PriorSamples)


class Samples(QObject, Generic[Shown]):
    """What both have: a count, a seed that decides the draws, and that nothing is computed while nobody watches.

    Signals:
        sampled(): new samples are there; the value is `shown`
        settings_changed(): count, seed or another setting is another
        failed(sentence: str)
    """

    sampled = Signal()
    settings_changed = Signal()
    failed = Signal(str)

    def __init__(
        self,
        kind: str,
        model: ModelSession,
        latent: LatentSession,
        views: Latest,
        *,
        count: int,
        parent: QObject | None,
    ):
        super().__init__(parent)
        self._kind, self._model, self._latent, self._views = kind, model, latent, views
        self.count = count
        self.seed = 0
        self.is_watched = False
        self.shown: Shown | None = None
        views.answered.connect(self._on_answered)
        views.failed.connect(self._on_failed)

    def resample(self) -> None:
        """Other draws: those of the next seed."""
        if self._model.current and self._can_sample:
            self._model.current.undo.push(Change("Resample", self.seed, self.seed + 1, self.set_seed))

    def set_seed(self, seed: int) -> None:
        self.seed = seed
        self._changed()

    def set_count(self, count: int) -> None:
        """How many, 1 to 256; the first ones stay the same."""
        self.count = min(max(count, 1), MAX_SAMPLES)
        self._changed()

    def set_watched(self, watched: bool) -> None:
        """Whether anybody sees them; what nobody sees is not computed."""
        if watched != self.is_watched:
            self.is_watched = watched
            self._ask()

    def choose(self, i: int) -> None:
        """Puts a sample's z on the sliders."""
        if self.shown and 0 <= i < len(self.shown.z):
            self._latent.set_z(self.shown.z[i], "Choose sample")

    @property
    def _can_sample(self) -> bool:
        """Whether there is something to sample from."""
        return self._model.snapshot is not None

    def _request(self) -> object | None:
        """What to ask for now; None where there is nothing to sample from."""
        raise NotImplementedError

    def _changed(self) -> None:
        self.settings_changed.emit()
        self._ask()

    def _ask(self) -> None:
        request = self._request() if self.is_watched else None
        if request is not None:
            self._views.ask(self._kind, request)

    def _on_answered(self, kind: str, answer: Any) -> None:
        snapshot = self._model.snapshot
        if kind == self._kind and snapshot and answer.lineage == snapshot.lineage and self._can_sample:
            self.shown = answer  # late is not wrong, but where there is nothing to sample from there is nothing to show
            self.sampled.emit()

    def _on_failed(self, kind: str, sentence: str) -> None:
        if kind == self._kind:
            self.failed.emit(f"The samples could not be decoded: {sentence}")


class PosteriorSamplesSession(Samples[PosteriorSamples]):
    """z ~ q(z|x), again and again, for the chosen image; eps stays the same until `resample`."""

    def __init__(
        self,
        model: ModelSession,
        latent: LatentSession,
        image: ImageSession,
        views: Latest,
        parent: QObject | None = None,
    ):
        super().__init__("sample_posterior", model, latent, views, count=16, parent=parent)
        self._image = image
        self.multiplier = 1.0  # on sigma; other than 1 it is not q(z|x)
        self.keeps_eps = False  # the same eps for another image
        self._noise_x: np.ndarray | None = None  # the image that eps belongs to
        self.is_watched = True
        image.encoded.connect(self._ask)

    def set_multiplier(self, multiplier: float) -> None:
        self.multiplier = multiplier
        self._changed()

    def set_keeps_eps(self, keeps: bool) -> None:
        self.keeps_eps = keeps
        self._changed()

    @property
    def _can_sample(self) -> bool:
        return self._image.posterior is not None

    def _request(self) -> PosteriorRequest | None:
        snapshot, encoded = self._model.snapshot, self._image.posterior
        if snapshot is None or encoded is None:
            return None
        if self._noise_x is None or not self.keeps_eps:
            self._noise_x = encoded.x
        return PosteriorRequest(snapshot, encoded, self.count, self.multiplier, self.seed, self._noise_x)


class PriorSamplesSession(Samples[PriorSamples]):
    """z ~ N(0, temperature² I), decoded."""

    def __init__(self, model: ModelSession, latent: LatentSession, views: Latest, parent: QObject | None = None):
        super().__init__("sample_prior", model, latent, views, count=64, parent=parent)
        self.temperature = 1.0  # other than 1 it is not the prior
        model.changed.connect(self._ask)
        latent.refreshed.connect(self._ask)

    def set_temperature(self, temperature: float) -> None:
        self.temperature = temperature
        self._changed()

    def _request(self) -> PriorRequest | None:
        snapshot = self._model.snapshot
        return PriorRequest(snapshot, self.count, self.temperature, self.seed) if snapshot else None
