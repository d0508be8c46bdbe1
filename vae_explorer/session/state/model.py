"""The models in the window: the opened one and the one in training."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QObject, Signal

from vae_explorer.session.pictures import ReadPictures
from vae_explorer.session.records import Origin, Snapshot
from vae_explorer.session.state.workspace import Workspace
from vae_explorer.session.threads.latest import Latest

if TYPE_CHECKING:
    from vae_explorer.core.vae import VAE
    from vae_explorer.training.model_file import ModelInfo, StoredPosteriors

Which = Literal["opened", "training"]


@dataclass(frozen=True, eq=False)
class OpenedModel:
    """A model file that was read, with test images of its data where they are bundled."""

    name: str
    model: "VAE" = field(repr=False)
    info: "ModelInfo" = field(repr=False)
    posteriors: "StoredPosteriors | None" = field(repr=False)
    tests: tuple[Origin, ...]  # test images of its data
    examples: ReadPictures  # the first of them


class ModelSession(QObject):
    """Opens and saves models, and says which of the two the window shows.

    Signals:
        changed(): another workspace is shown
        updated(): the shown workspace has newer weights or statistics
        models_changed(): one of the two has come, gone or got another name
        saved(path: object): a Path
    """

    changed = Signal()
    updated = Signal()
    models_changed = Signal()
    saved = Signal(object)

    def __init__(self, views: Latest, parent: QObject | None = None):
        super().__init__(parent)
        self._views = views
        self.workspaces: dict[Which, Workspace] = {}
        self.shown: Which = "opened"
        self.is_opening = False
        views.answered.connect(self._on_answered)
        views.failed.connect(self._on_failed)

    @property
    def current(self) -> Workspace | None:
        """The workspace that the panels show."""
        return self.workspaces.get(self.shown)

    @property
    def snapshot(self) -> Snapshot | None:
        """The weights that the panels show."""
        return self.current.snapshot if self.current else None

    def open(self, name_or_path: str) -> None:
        """Opens a bundled model or a file in the place of the opened one."""
        self.is_opening = True
        self.models_changed.emit()
        self._views.ask("open_model", name_or_path)

    def show(self, which: Which) -> None:
        if which in self.workspaces and which != self.shown:
            self.shown = which
            self.changed.emit()

    def save(self, path: Path) -> None:
        """Writes the shown model to a file."""
        if self.snapshot:
            self._views.ask("save_model", (path, self.snapshot), key=path)

    def take_snapshot(
        self, snapshot: Snapshot, name: str, tests: tuple[Origin, ...], examples: ReadPictures | None
    ) -> None:
        """A run's newest weights; the first of a run shows it."""
        running = self.workspaces.get("training")
        if running is None or running.lineage != snapshot.lineage:
            self._place("training", Workspace(name, snapshot, tests, examples))
            return
        is_new_order = running.snapshot.info.statistics != snapshot.info.statistics
        running.snapshot, running.name = snapshot, name
        if is_new_order:  # only at a run's end
            running.sort()
        self.models_changed.emit()
        if self.shown == "training":
            (self.changed if is_new_order else self.updated).emit()

    def drop_training(self) -> None:
        """Goes back to the opened model and forgets the trained one."""
        self.workspaces.pop("training", None)
        self.models_changed.emit()
        if self.shown == "training":
            self.shown = "opened"
            self.changed.emit()

    def _place(self, which: Which, workspace: Workspace) -> None:
        self.workspaces[which] = workspace
        self.shown = which
        self.models_changed.emit()
        self.changed.emit()

    def _on_answered(self, kind: str, answer: object) -> None:
        if kind == "save_model":
            self.saved.emit(answer)
        elif isinstance(answer, OpenedModel):
            self.is_opening = False
            snapshot = Snapshot(Workspace.new_lineage(), 0, answer.model, answer.info, answer.posteriors)
            self._place("opened", Workspace(answer.name, snapshot, answer.tests, answer.examples))

    def _on_failed(self, kind: str, _sentence: str) -> None:
        if kind == "open_model":
            self.is_opening = False
            self.models_changed.emit()
