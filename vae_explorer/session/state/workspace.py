"""What belongs to one model in the window: its newest weights, its z, its images, its answers and its history."""

from dataclasses import dataclass, field
from itertools import count

import numpy as np
from PySide6.QtGui import QUndoStack

from vae_explorer.data.image_set import ImageSet
from vae_explorer.session.pictures import ReadPictures
from vae_explorer.session.records import Encoded, ImageSettings, Snapshot
from vae_explorer.session.state.undo import Change

UNDO_LIMIT = 500  # gestures

_lineages = count(1)


@dataclass(frozen=True, eq=False)
class Choice:
    """What choosing or adding an image changes, and an undo restores."""

    images: tuple[int, ...]
    image: int | None
    z: np.ndarray
    follows_mu: bool
    settings: dict[int, ImageSettings]


@dataclass(eq=False)
class Workspace:
    """One opened file or one run: a lineage. The window shows one of them at a time."""

    name: str
    snapshot: Snapshot
    data: ImageSet | None = None  # images that it was not trained on, from which examples are taken
    examples: ReadPictures | None = None  # the first of them, until they are in the strip
    source: str = ""  # what a command calls the model: a bundled one's name or a path; "" of one made elsewhere
    data_source: str = ""  # where its data can be read, a catalog name or a path; empty: not known
    z: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    locked: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    order: np.ndarray = field(default_factory=lambda: np.zeros(0, int))  # of the dimensions, by their average KL
    follows_mu: bool = True  # z goes with mu of the chosen image until a slider is moved
    images: tuple[int, ...] = ()  # in the strip, by their numbers
    image: int | None = None  # the chosen one
    encoded: dict[int, Encoded] = field(default_factory=dict)
    settings: dict[int, ImageSettings] = field(default_factory=dict)  # of those images where something is set
    answers: dict[object, object] = field(default_factory=dict)  # by the view that keeps them here
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
    def chosen(self) -> Encoded | None:
        """The posterior of the chosen image, once it is there."""
        return None if self.image is None else self.encoded.get(self.image)

    @property
    def choice(self) -> Choice:
        """As it is now, to be put back."""
        return Choice(self.images, self.image, self.z, self.follows_mu, self.settings)

    def images_in_use(self) -> set[int]:
        """Those in the strip, and those that the history can bring back."""
        used = set(self.images)
        for i in range(self.undo.count()):
            change = self.undo.command(i)
            if isinstance(change, Change) and isinstance(change.before, Choice):
                used.update(change.before.images, change.after.images)
        return used

    def sort(self) -> None:
        """Reorders the dimensions; not during a run, since a slider must not move away."""
        self.order = self.snapshot.card.order
