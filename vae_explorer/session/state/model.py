"""The models in the window, and which of them is shown."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
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
MAX_MODELS = 8  # in the list
MAX_KEPT = 1000  # images of the data that a model has, for q(z) and for neighbours
MAX_KEPT_BYTES = 32 << 20


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
    data_source: str = ""  # where there are some, if there are none here: a catalog name or a path; empty: not known


@dataclass(frozen=True, eq=False)
class SaveRequest:
    path: Path
    snapshot: Snapshot


class ModelSession(QObject):
    """The list of models: opens, closes and saves them, and says which of them the window shows. A model's id is its
    lineage.

    A ninth model takes the place of the oldest one that is neither shown nor in training, so that hours of training do
    not fill the memory; what was trained is in its run's folder and can be opened again.

    Signals, sent when everything here is as it will be:
        closed(): a model has left the list
        models_changed(): one has come or left, or has newer weights, or `is_opening` or `running` has changed
        changed(): another workspace is shown
        updated(): the shown workspace has newer weights or statistics, or its data
        saved(path: object): a Path
        failed(sentence: str): a model could not be opened or saved
    """

    closed = Signal()
    models_changed = Signal()
    changed = Signal()
    updated = Signal()
    saved = Signal(object)
    failed = Signal(str)

    def __init__(self, thread: Latest, parent: QObject | None = None):
        super().__init__(parent)
        self._thread = thread
        self.workspaces: dict[int, Workspace] = {}  # by lineage, in the order they came
        self.shown = 0  # a lineage; 0: no model
        self.running = 0  # the lineage of the run that is going on; 0: none
        self._runs: list[int] = []  # lineages of what was trained here, the newest run last
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
    def models(self) -> tuple[Workspace, ...]:
        """The list: every model in the window, in the order they came."""
        return tuple(self.workspaces.values())

    @property
    def opened(self) -> Workspace | None:
        """The model that was opened last."""
        return next((one for one in reversed(self.models) if one.lineage not in self._runs), None)

    @property
    def trained(self) -> Workspace | None:
        """The model in training, or the one that was trained last."""
        return self.workspaces.get(self._runs[-1]) if self._runs else None

    @property
    def shows_trained(self) -> bool:
        return self.current is not None and self.current is self.trained

    def open(self, name_or_path: str) -> None:
        """Opens a bundled model, a file or a run's folder, and shows it."""
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
        """Shows a model made elsewhere; nothing else may modify it."""
        return self._place(Workspace(name, Snapshot(Workspace.new_lineage(), 0, model, card), data))

    def show(self, lineage: int) -> None:
        if lineage in self.workspaces and lineage != self.shown:
            self.shown = lineage
            self.changed.emit()

    def can_close(self, lineage: int) -> bool:
        """Any model in the list but the one in training."""
        return lineage in self.workspaces and lineage != self.running

    def close(self, lineage: int) -> None:
        """Takes a model out of the list, with its z, history, images and answers. Where it was shown, the one before it
        in the list is; after the last one there is none."""
        if not self.can_close(lineage):
            return
        was_shown, at = lineage == self.shown, list(self.workspaces).index(lineage)
        self._forget(lineage)
        if was_shown:
            left = list(self.workspaces)
            self.shown = left[max(0, at - 1)] if left else 0
        self.closed.emit()
        self.models_changed.emit()
        if was_shown:
            self.changed.emit()

    def set_running(self, lineage: int) -> None:
        """Says which model is in training; 0: none."""
        self.running = lineage
        self.models_changed.emit()

    def set_data(self, lineage: int, data: ImageSet) -> None:
        """Gives a model images that it was not trained on."""
        if workspace := self.workspaces.get(lineage):
            workspace.data = data
            if lineage == self.shown:
                self.updated.emit()

    def save(self, path: Path) -> None:
        """Writes the shown model to a file."""
        if self.snapshot:
            place = Place((SaveRequest, path))  # each file is written
            self._thread.ask(SaveRequest(path, self.snapshot), self.saved.emit, self.failed.emit, place=place)

    def take_snapshot(
        self, snapshot: Snapshot, name: str, data: ImageSet | None, examples: ReadPictures | None
    ) -> None:
        """A run's newest weights; the first of a run shows it."""
        lineage = snapshot.lineage
        self._runs = [*(one for one in self._runs if one != lineage), lineage]
        running = self.workspaces.get(lineage)
        if running is None:
            self._place(Workspace(name, snapshot, data, examples))
            return
        is_new_order = running.snapshot.card.statistics != snapshot.card.statistics
        running.snapshot = snapshot
        if is_new_order:  # only at a run's end
            running.sort()
        self.models_changed.emit()
        if lineage == self.shown:
            (self.changed if is_new_order else self.updated).emit()

    def drop_trained(self) -> None:
        """Goes back to the opened model and closes the trained one."""
        trained, opened = self.trained, self.opened
        if trained and self.can_close(trained.lineage):
            if self.shows_trained and opened:
                self.show(opened.lineage)
            self.close(trained.lineage)

    def _place(self, workspace: Workspace) -> Workspace:
        """Shows a new one. A name that is taken gets a number."""
        names = {other.name for other in self.models}
        numbered = (f"{workspace.name} {number}" for number in count(2))
        if workspace.name in names:
            workspace.name = next(name for name in numbered if name not in names)
        self.workspaces[workspace.lineage] = workspace
        self.shown = workspace.lineage
        leaving = [one for one in self.workspaces if one != self.shown and self.can_close(one)]
        leaving = leaving[: max(0, len(self.workspaces) - MAX_MODELS)]
        for lineage in leaving:
            self._forget(lineage)
        if leaving:
            self.closed.emit()
        self.models_changed.emit()
        self.changed.emit()
        return workspace

    def _forget(self, lineage: int) -> None:
        del self.workspaces[lineage]
        self._runs = [one for one in self._runs if one != lineage]
        self._thread.drop(lineage=lineage)

    def _on_opened(self, answer: OpenedModel) -> None:
        self.is_opening = False
        snapshot = Snapshot.of(Workspace.new_lineage(), 0, answer.model, answer.info, answer.posteriors)
        self._place(Workspace(answer.name, snapshot, answer.data, answer.examples, answer.source, answer.data_source))

    def _on_open_failed(self, sentence: str) -> None:
        self.is_opening = False
        self.models_changed.emit()
        self.failed.emit(sentence)


def kept(images: ImageSet) -> ImageSet:
    """The first images of a part of the data, as many as a model has here; a copy, not a view of all of them."""
    first = images.take(slice(0, min(MAX_KEPT, MAX_KEPT_BYTES // images.images[0].nbytes)))
    return replace(first, name="", images=np.array(first.images[:]))


def origins_of(data: ImageSet, indices: Sequence[int]) -> tuple[Origin, ...]:
    """Some images of a set, to be brought into the strip."""
    return tuple(Origin(data.title(i), data.images[i].transpose(1, 2, 0)) for i in indices)
