"""What belongs to one model in the window: its newest weights, its z, its images and its history."""

from dataclasses import dataclass, field
from itertools import count

import numpy as np
from PySide6.QtGui import QUndoStack

from vae_explorer.core.card import ACTIVE_VARIANCE
from vae_explorer.session.pictures import ReadPictures
from vae_explorer.session.records import Encoded, Origin, Snapshot

INACTIVE_KL = 0.01  # nats: a dimension below it says nothing, where the variance of its mu is not known
UNDO_LIMIT = 500  # gestures

_lineages = count(1)


@dataclass(eq=False)
class Workspace:
    """One opened file or one run: a lineage. The window shows one of them at a time."""

    name: str
    snapshot: Snapshot
    tests: tuple[Origin, ...] = ()  # images of its data, which can be called up
    examples: ReadPictures | None = None  # the first of them, until they stand in the strip
    z: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    locked: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    order: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    follows_mu: bool = True  # z goes with mu of the chosen image until a slider is moved
    images: tuple[int, ...] = ()  # in the strip, by their numbers
    image: int | None = None  # the chosen one
    encoded: dict[int, Encoded] = field(default_factory=dict)
    switches: dict[int, dict[str, bool]] = field(default_factory=dict)  # of the preparation, for each image
    undo: QUndoStack = field(default_factory=QUndoStack)

    def __post_init__(self) -> None:
        self.undo.setUndoLimit(UNDO_LIMIT)
        self.z = np.zeros(self.snapshot.z_dim, np.float32)
        self.locked = np.zeros(self.snapshot.z_dim, bool)
        self.sort()

    @staticmethod
    def new_lineage() -> int:
        return next(_lineages)

    @property
    def lineage(self) -> int:
        return self.snapshot.lineage

    @property
    def kl_per_dimension(self) -> np.ndarray | None:
        """Average over the data in nats, float [z]; None for a run's first epoch."""
        info = self.snapshot.info
        kl = info.statistics.kl_per_dimension if info.statistics else info.kl_per_dimension
        return None if kl is None else np.array(kl)

    @property
    def inactive(self) -> np.ndarray:
        """Whether each dimension says nothing about the images, bool [z]."""
        statistics, kl = self.snapshot.info.statistics, self.kl_per_dimension
        if statistics:
            return np.array(statistics.mu_variance) <= ACTIVE_VARIANCE
        return np.zeros(self.snapshot.z_dim, bool) if kl is None else kl < INACTIVE_KL

    @property
    def chosen(self) -> Encoded | None:
        """The posterior of the chosen image, once it is there."""
        return None if self.image is None else self.encoded.get(self.image)

    def sort(self) -> None:
        """Orders the dimensions by their average KL, the largest first; a plain autoencoder's by their variance."""
        by, statistics = self.kl_per_dimension, self.snapshot.info.statistics
        if by is None and statistics:
            by = np.array(statistics.mu_variance)
        self.order = np.arange(self.snapshot.z_dim) if by is None else np.argsort(-by, kind="stable")
