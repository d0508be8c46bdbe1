"""Samples of z: from the posterior of the chosen image, and from the prior."""

from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from pydantic import Field
from PySide6.QtCore import QObject, Signal

from vae_explorer.session.records import Encoded, Key, Snapshot
from vae_explorer.session.state.settings import MAX_SEED, Configured, Settings
from vae_explorer.session.state.workspace import Workspace
from vae_explorer.session.views.context import Context
from vae_explorer.session.views.view import Request, View

MAX_SAMPLES = 256


class SamplesSettings(Settings, frozen=True):
    count: int = Field(16, ge=1, le=MAX_SAMPLES)
    seed: int = Field(0, ge=0, le=MAX_SEED)


class PosteriorSettings(SamplesSettings, frozen=True):
    multiplier: float = Field(1.0, ge=0, le=100)  # on sigma; other than 1 it is not q(z|x)
    keeps_eps: bool = False  # the same eps for another image


class PriorSettings(SamplesSettings, frozen=True):
    count: int = Field(64, ge=1, le=MAX_SAMPLES)
    temperature: float = Field(1.0, ge=0, le=100)  # other than 1 it is not the prior


@dataclass(frozen=True, eq=False)
class PosteriorRequest:
    snapshot: Snapshot
    encoded: Encoded
    settings: PosteriorSettings
    noise: Encoded  # the image that eps belongs to; another one where eps is kept

    @property
    def key(self) -> Key:
        return Key(self.encoded.picture, (self.settings, self.noise.subject), self.encoded)


@dataclass(frozen=True, eq=False)
class PosteriorSamples:
    """z = mu + multiplier · sigma · eps, and their pictures."""

    lineage: int
    image: int
    multiplier: float
    mu: np.ndarray  # float32 [z]
    sigma: np.ndarray  # float32 [z]
    eps: np.ndarray  # float32 [n, z]
    z: np.ndarray  # float32 [n, z]
    images: np.ndarray  # float32 [n, c, h, w]
    mean: np.ndarray  # float32 [c, h, w]
    spread: np.ndarray  # float32 [h, w]: standard deviation of each pixel, averaged over the channels


@dataclass(frozen=True, eq=False)
class ApartRequest:
    snapshot: Snapshot
    subject: object  # what the samples are of
    samples: PosteriorSamples
    at: int  # the sample

    @property
    def key(self) -> Key:
        return Key(self.subject, self.at, self.samples)


@dataclass(frozen=True, eq=False)
class Apart:
    """One sample taken apart: what each dimension's sigma · eps changes in the picture when the others stay at mu."""

    samples: PosteriorSamples
    at: int
    changes: np.ndarray  # float32 [z]: norm of the difference from the picture of mu
    is_active: np.ndarray  # bool [z]
    order: np.ndarray  # int [z]: the active dimensions, those that change the picture most first; then the inactive


@dataclass(frozen=True, eq=False)
class PriorRequest:
    snapshot: Snapshot
    settings: PriorSettings

    @property
    def key(self) -> Key:
        return Key(self.snapshot.lineage, self.settings, self.snapshot.number)


@dataclass(frozen=True, eq=False)
class PriorSamples:
    lineage: int
    temperature: float
    seed: int
    z: np.ndarray  # float32 [n, z]
    images: np.ndarray  # float32 [n, c, h, w]


Shown = TypeVar("Shown", PosteriorSamples, PriorSamples)
Set = TypeVar("Set", bound=SamplesSettings)


class Samples(Configured[Set], Generic[Set, Shown]):
    """What both have: a count, a seed that decides the draws, and that nothing is computed while it is hidden.

    Signals:
        sampled(): new samples are there; the value is `shown`
        changed(): `shown` or `failure` has changed
    """

    sampled = Signal()
    changed = Signal()

    def __init__(self, settings: Set, context: Context, parent: QObject | None = None):
        super().__init__(settings, self._ask, parent)
        self._model, self._latent = context.model, context.latent
        self.is_watched = False
        self._told: Shown | None = None
        self._view: View[Shown] = View(
            context.model, context.thread, self._about, "The samples could not be decoded", self
        )
        self._view.changed.connect(self._on_view_changed)

    @property
    def shown(self) -> Shown | None:
        return self._view.value

    @property
    def failure(self) -> str:
        """Why there are no samples; empty if there are some, or some are expected."""
        return self._view.failure

    def resample(self) -> None:
        """Draws again, with the next seed."""
        workspace = self._model.current
        if workspace and self._can_sample:
            self.set_undoably(workspace.undo, "Resample", seed=min(self.settings.seed + 1, MAX_SEED))

    def set_count(self, count: int) -> None:
        """How many, 1 to 256; the first ones stay the same."""
        self.set(count=min(max(count, 1), MAX_SAMPLES))

    def set_seed(self, seed: int) -> None:
        self.set(seed=seed)

    def set_watched(self, watched: bool) -> None:
        """Whether they are visible; hidden samples are not computed."""
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
        raise NotImplementedError

    @staticmethod
    def _about(workspace: Workspace) -> object:
        """What samples must be from to be shown; None where there is nothing to sample from."""
        raise NotImplementedError

    def _wanted(self) -> Request | None:
        """What to ask for now; None where there is nothing to sample from."""
        raise NotImplementedError

    def _ask(self) -> None:
        self._view.want(self._wanted() if self.is_watched else None)
        if self.shown is not self._told:  # those of another model or image, which are there already
            self._on_view_changed()

    def _on_view_changed(self) -> None:
        self._told = self.shown
        self.changed.emit()
        if self.shown is not None and not self.failure:
            self.sampled.emit()


class PosteriorSamplesSession(Samples[PosteriorSettings, PosteriorSamples]):
    """z ~ q(z|x), again and again, for the chosen image; eps stays the same until `resample`.

    Signals:
        taken_apart(): `apart` or `apart_failure` has changed
    """

    taken_apart = Signal()

    def __init__(self, context: Context, parent: QObject | None = None):
        super().__init__(PosteriorSettings(), context, parent)
        self._image = context.image
        self._noise: Encoded | None = None  # the image that eps belongs to
        self._at: int | None = None
        self._apart: View[Apart] = View(
            context.model, context.thread, self._about, "The sample could not be taken apart", self
        )
        self._apart.changed.connect(self.taken_apart)
        self.changed.connect(self._ask_apart)
        self.is_watched = True
        context.image.encoded.connect(self._ask)
        context.image.images_changed.connect(self._ask)

    def set_multiplier(self, multiplier: float) -> None:
        self.set(multiplier=multiplier)

    def set_keeps_eps(self, keeps: bool) -> None:
        self.set(keeps_eps=keeps)

    @property
    def has_own_eps(self) -> bool:
        """Whether eps belongs to the chosen image, and was not kept from another."""
        own = self._image.posterior
        return self._noise is None or (own is not None and own.subject == self._noise.subject)

    @property
    def apart(self) -> Apart | None:
        """The sample that is taken apart; for a moment the one before."""
        return self._apart.value if self._at is not None else None

    @property
    def apart_failure(self) -> str:
        """Why it is not taken apart; empty if it is, or will be."""
        return self._apart.failure

    def take_apart(self, at: int | None) -> None:
        """Finds what each dimension of a sample changes in the picture; None: of none."""
        if at != self._at:
            self._at = at
            self._ask_apart()
            self.taken_apart.emit()

    def _ask(self) -> None:
        super()._ask()
        self._ask_apart()

    def _ask_apart(self) -> None:
        snapshot, encoded, shown = self._model.snapshot, self._image.posterior, self.shown
        is_there = shown is not None and self._at is not None and 0 <= self._at < len(shown.z)
        if snapshot and encoded and shown and self._at is not None and is_there and self.is_watched:
            self._apart.want(ApartRequest(snapshot, encoded.picture, shown, self._at))
        else:
            self._apart.want(None)

    @property
    def _can_sample(self) -> bool:
        return self._image.posterior is not None

    @staticmethod
    def _about(workspace: Workspace) -> object:
        return workspace.chosen.picture if workspace.chosen else None

    def _wanted(self) -> Request | None:
        snapshot, encoded = self._model.snapshot, self._image.posterior
        if snapshot is None or encoded is None:
            return None
        if self._noise is None or not self.settings.keeps_eps:
            self._noise = encoded
        return PosteriorRequest(snapshot, encoded, self.settings, self._noise)


class PriorSamplesSession(Samples[PriorSettings, PriorSamples]):
    """z ~ N(0, temperature² I), decoded."""

    def __init__(self, context: Context, parent: QObject | None = None):
        super().__init__(PriorSettings(), context, parent)
        context.model.changed.connect(self._ask)
        context.latent.refreshed.connect(self._ask)

    def set_temperature(self, temperature: float) -> None:
        self.set(temperature=temperature)

    @property
    def _can_sample(self) -> bool:
        return self._model.snapshot is not None

    @staticmethod
    def _about(workspace: Workspace) -> object:
        return workspace.lineage

    def _wanted(self) -> Request | None:
        snapshot = self._model.snapshot
        return PriorRequest(snapshot, self.settings) if snapshot else None
