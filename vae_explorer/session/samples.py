"""Samples of z: from the posterior of the chosen image, and from the prior."""

import numpy as np
from PySide6.QtCore import QObject, Signal

from vae_explorer.session.image import ImageSession
from vae_explorer.session.latent import LatentSession
from vae_explorer.session.latest import Latest
from vae_explorer.session.model import ModelSession
from vae_explorer.session.records import PosteriorRequest, PosteriorSamples, PriorRequest, PriorSamples
from vae_explorer.session.undo import Change

MAX_SAMPLES = 256


class PosteriorSamplesSession(QObject):
    """z ~ q(z|x), again and again, for the chosen image; eps stays the same until `resample`.

    Signals:
        sampled(): new samples are there; the value is `shown`
        settings_changed(): count, multiplier, seed or keep_eps is another
        failed(sentence: str)
    """

    sampled = Signal()
    settings_changed = Signal()
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
        self._model, self._latent, self._image, self._views = model, latent, image, views
        self.count = 16
        self.multiplier = 1.0  # on sigma; other than 1 it is not q(z|x)
        self.seed = 0
        self.keeps_eps = False  # the same eps for another image
        self.is_watched = True
        self.shown: PosteriorSamples | None = None
        image.encoded.connect(self._ask)
        image.images_changed.connect(self._on_images_changed)
        views.answered.connect(self._on_answered)
        views.failed.connect(self._on_failed)

    def resample(self) -> None:
        """Other eps."""
        if self._model.current and self._image.posterior:
            self._model.current.undo.push(Change("Resample", self.seed, self.seed + 1, self._put_seed))

    def set_count(self, count: int) -> None:
        """How many, 1 to 256; the first ones stay the same."""
        self.count = min(max(count, 1), MAX_SAMPLES)
        self._changed()

    def set_multiplier(self, multiplier: float) -> None:
        self.multiplier = multiplier
        self._changed()

    def set_keeps_eps(self, keeps: bool) -> None:
        self.keeps_eps = keeps
        self._changed()

    def set_watched(self, watched: bool) -> None:
        """Whether anybody sees them; what nobody sees is not computed."""
        if watched != self.is_watched:
            self.is_watched = watched
            self._ask()

    def choose(self, i: int) -> None:
        """Puts a sample's z on the sliders."""
        if self.shown and 0 <= i < len(self.shown.z):
            self._latent.set_z(self.shown.z[i], "Choose posterior sample")

    def _put_seed(self, seed: int) -> None:
        self.seed = seed
        self._changed(fresh=True)

    def _changed(self, *, fresh: bool = False) -> None:
        self.settings_changed.emit()
        self._ask(fresh=fresh)

    def _ask(self, *, fresh: bool = False) -> None:
        snapshot, encoded = self._model.snapshot, self._image.posterior
        if not self.is_watched or snapshot is None or encoded is None:
            return
        eps = None
        if self.keeps_eps and not fresh and self.shown is not None:
            kept = self.shown.eps
            eps = kept if kept.shape == (self.count, snapshot.z_dim) else None
        request = PosteriorRequest(snapshot, encoded, self.count, self.multiplier, self.seed, eps)
        self._views.ask("sample_posterior", request)

    def _on_images_changed(self) -> None:
        if self.shown and self._image.posterior is None:
            self.settings_changed.emit()

    def _on_answered(self, _kind: str, answer: object) -> None:
        snapshot = self._model.snapshot
        if isinstance(answer, PosteriorSamples) and snapshot and answer.lineage == snapshot.lineage:
            self.shown = answer
            self.sampled.emit()

    def _on_failed(self, kind: str, error: object) -> None:
        if kind == "sample_posterior":
            self.failed.emit(f"The samples could not be decoded: {error}")


class PriorSamplesSession(QObject):
    """z ~ N(0, temperature² I), decoded.

    Signals:
        sampled(): new samples are there; the value is `shown`
        settings_changed(): count, temperature or seed is another
        failed(sentence: str)
    """

    sampled = Signal()
    settings_changed = Signal()
    failed = Signal(str)

    def __init__(self, model: ModelSession, latent: LatentSession, views: Latest, parent: QObject | None = None):
        super().__init__(parent)
        self._model, self._latent, self._views = model, latent, views
        self.count = 64
        self.temperature = 1.0  # other than 1 it is not the prior
        self.seed = 0
        self.is_watched = False
        self.shown: PriorSamples | None = None
        model.changed.connect(self._ask)
        model.updated.connect(self._ask)
        views.answered.connect(self._on_answered)
        views.failed.connect(self._on_failed)

    def resample(self) -> None:
        """The next seed."""
        if self._model.current:
            self._model.current.undo.push(Change("New prior samples", self.seed, self.seed + 1, self.set_seed))

    def set_seed(self, seed: int) -> None:
        self.seed = seed
        self._changed()

    def set_count(self, count: int) -> None:
        """How many, 1 to 256."""
        self.count = min(max(count, 1), MAX_SAMPLES)
        self._changed()

    def set_temperature(self, temperature: float) -> None:
        self.temperature = temperature
        self._changed()

    def set_watched(self, watched: bool) -> None:
        """Whether anybody sees them; what nobody sees is not computed."""
        if watched != self.is_watched:
            self.is_watched = watched
            self._ask()

    def choose(self, i: int) -> None:
        """Puts a sample's z on the sliders."""
        if self.shown and 0 <= i < len(self.shown.z):
            self._latent.set_z(np.asarray(self.shown.z[i]), "Choose prior sample")

    def _changed(self) -> None:
        self.settings_changed.emit()
        self._ask()

    def _ask(self) -> None:
        snapshot = self._model.snapshot
        if self.is_watched and snapshot:
            self._views.ask("sample_prior", PriorRequest(snapshot, self.count, self.temperature, self.seed))

    def _on_answered(self, _kind: str, answer: object) -> None:
        snapshot = self._model.snapshot
        if isinstance(answer, PriorSamples) and snapshot and answer.lineage == snapshot.lineage:
            self.shown = answer
            self.sampled.emit()

    def _on_failed(self, kind: str, error: object) -> None:
        if kind == "sample_prior":
            self.failed.emit(f"The samples could not be decoded: {error}")
