"""The models in the window, and which of them is shown."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from vae_explorer.core.card import Ability, ModelCard
from vae_explorer.data.image_set import ImageSet
from vae_explorer.session.pictures import ReadPictures
from vae_explorer.session.records import Origin, Snapshot
from vae_explorer.session.state.workspace import Workspace
from vae_explorer.session.threads.latest import Latest, Place

if TYPE_CHECKING:
    from vae_explorer.core.model import Decoder
    from vae_explorer.core.vae import VAE
    from vae_explorer.training.model_file import ModelInfo, StoredPosteriors

EXAMPLES = 6  # images that are in the strip at first


@dataclass(frozen=True)
class OpenRequest:
    name_or_path: str  # a bundled model's name, a model file or a run's folder


@dataclass(frozen=True, eq=False)
class OpenedModel:
    """A model file that was read, with test images of its data where they are bundled."""

    name: str
    model: "VAE" = field(repr=False)
    info: "ModelInfo" = field(repr=False)
    posteriors: "StoredPosteriors | None" = field(repr=False)
    data: ImageSet | None
    examples: ReadPictures  # the first of them
    source: str = ""  # what a command calls it: the name of a bundled model, or a path


@dataclass(frozen=True, eq=False)
class SaveRequest:
    path: Path
    snapshot: Snapshot


class ModelSession(QObject):
    """Opens and saves models, and says which of them the window shows. A model's id is its lineage.

    Signals:
        changed(): another workspace is shown
        updated(): the shown workspace has newer weights or statistics
        models_changed(): a model was added, removed or renamed
        saved(path: object): a Path
        failed(sentence: str): a model could not be opened or saved
    """

    changed = Signal()
    updated = Signal()
    models_changed = Signal()
    saved = Signal(object)
    failed = Signal(str)

    def __init__(self, thread: Latest, parent: QObject | None = None):
        super().__init__(parent)
        self._thread = thread
        self.workspaces: dict[int, Workspace] = {}  # by lineage
        self.shown = 0  # a lineage; 0: no model
        self._opened = self._trained = 0  # lineages
        self.is_opening = False

    @property
    def current(self) -> Workspace | None:
        """The workspace that the panels show."""
        return self.workspaces.get(self.shown)

    @property
    def snapshot(self) -> Snapshot | None:
        """The weights that the panels show."""
        return self.current.snapshot if self.current else None

    @property
    def card(self) -> ModelCard | None:
        """What the shown model is and can do."""
        return self.current.snapshot.card if self.current else None

    def lacks(self, ability: Ability) -> bool:
        """Whether a model is shown and cannot do this."""
        return self.card is not None and not self.card.can(ability)

    @property
    def opened(self) -> Workspace | None:
        """The model that was opened."""
        return self.workspaces.get(self._opened)

    @property
    def trained(self) -> Workspace | None:
        """The model in training, or the one that was trained last."""
        return self.workspaces.get(self._trained)

    @property
    def shows_trained(self) -> bool:
        return self.current is not None and self.current is self.trained

    def open(self, name_or_path: str) -> None:
        """Opens a bundled model or a file, replacing the opened one."""
        self.is_opening = True
        self.models_changed.emit()
        self._thread.ask(OpenRequest(name_or_path), self._on_opened, self._on_open_failed)

    def add(
        self,
        name: str,
        model: "Decoder",
        card: ModelCard,
        *,
        data: ImageSet | None = None,
    ) -> Workspace:
        """Shows a model made elsewhere, replacing the opened one; nothing else may modify it."""
        return self._open(Workspace(name, Snapshot(Workspace.new_lineage(), 0, model, card), data))

    def show(self, lineage: int) -> None:
        if lineage in self.workspaces and lineage != self.shown:
            self.shown = lineage
            self.changed.emit()

    def save(self, path: Path) -> None:
        """Writes the shown model to a file."""
        if self.snapshot:
            place = Place((SaveRequest, path))  # each file is written
            self._thread.ask(SaveRequest(path, self.snapshot), self.saved.emit, self.failed.emit, place=place)

    def take_snapshot(
        self, snapshot: Snapshot, name: str, data: ImageSet | None, examples: ReadPictures | None
    ) -> None:
        """A run's newest weights; the first of a run shows it."""
        running = self.trained
        if running is None or running.lineage != snapshot.lineage:
            self._forget(self._trained)
            self._trained = snapshot.lineage
            self._place(Workspace(name, snapshot, data, examples))
            return
        is_new_order = running.snapshot.card.statistics != snapshot.card.statistics
        running.snapshot, running.name = snapshot, name
        if is_new_order:  # only at a run's end
            running.sort()
        self.models_changed.emit()
        if self.shows_trained:
            (self.changed if is_new_order else self.updated).emit()

    def drop_trained(self) -> None:
        """Goes back to the opened model and forgets the trained one."""
        was_shown = self.shows_trained
        self._forget(self._trained)
        if was_shown:
            self.shown = self._opened
        self.models_changed.emit()
        if was_shown:
            self.changed.emit()

    def _open(self, workspace: Workspace) -> Workspace:
        self._forget(self._opened)
        self._opened = workspace.lineage
        self._place(workspace)
        return workspace

    def _place(self, workspace: Workspace) -> None:
        self.workspaces[workspace.lineage] = workspace
        self.shown = workspace.lineage
        self.models_changed.emit()
        self.changed.emit()

    def _forget(self, lineage: int) -> None:
        if self.workspaces.pop(lineage, None):
            self._thread.drop(lineage=lineage)

    def _on_opened(self, answer: OpenedModel) -> None:
        self.is_opening = False
        snapshot = Snapshot.of(Workspace.new_lineage(), 0, answer.model, answer.info, answer.posteriors)
        self._open(Workspace(answer.name, snapshot, answer.data, answer.examples, answer.source))

    def _on_open_failed(self, sentence: str) -> None:
        self.is_opening = False
        self.models_changed.emit()
        self.failed.emit(sentence)


def origins_of(data: ImageSet, indices: Sequence[int]) -> tuple[Origin, ...]:
    """Some images of a set, to be brought into the strip."""
    return tuple(Origin(data.title(i), data.images[i].transpose(1, 2, 0)) for i in indices)
