"""The images of the shown model's data, where the model came without them."""

import os
from collections.abc import Generator
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from vae_explorer.core.progress import Progress
from vae_explorer.data import catalog
from vae_explorer.data.image_set import ImageSet
from vae_explorer.errors import sentence, shown
from vae_explorer.session.jobs.jobs import JobsSession
from vae_explorer.session.records import Snapshot
from vae_explorer.session.state.image import ImageSession
from vae_explorer.session.state.model import ModelSession, kept

MODEL_DATA = "images of the model"  # the kind of job
MAX_NAME = 80  # characters of a model's name in a sentence


@dataclass(frozen=True, eq=False)
class _Read:
    lineage: int
    images: ImageSet | None
    why_not: str = ""


class ModelDataSession(QObject):
    """A model that was opened may know where the images of its data are: a run's config says it. They are read when a
    view or the user needs them, in a job with progress and Cancel. Nothing is downloaded.

    Signals:
        changed(): `why_none` has changed; images that are there now are told by `model.updated`
        failed(sentence: str): the user has asked for an image, and there is none
    """

    changed = Signal()
    failed = Signal(str)

    def __init__(self, model: ModelSession, image: ImageSession, jobs: JobsSession, parent: QObject | None = None):
        super().__init__(parent)
        self._model, self._image, self._jobs = model, image, jobs
        self._reading = 0  # the lineage whose images are being read
        self._asked = 0  # the lineage for which the user has asked for an image
        self._why: dict[int, str] = {}  # why there are none, by lineage
        image.data_missed.connect(self._on_missed)
        jobs.succeeded.connect(self._on_succeeded)
        jobs.ended.connect(self._on_ended)

    def why_none(self, unknown: str) -> str:
        """Why the shown model has no images, `unknown` where nothing says where they are; empty where it has some, or
        some are expected."""
        workspace = self._model.current
        if workspace is None or workspace.data:
            return ""
        return self._why.get(workspace.lineage, "" if workspace.data_source else unknown)

    def want(self) -> None:
        """Reads the images of the shown model, unless they are there, are being read, or could not be."""
        workspace = self._model.current
        if workspace is None or workspace.data or self.why_none("unknown") or self._reading == workspace.lineage:
            return
        self._reading = 0  # another model's are given up
        title, name = f"Reading the images of {shown(workspace.name, MAX_NAME)}", shown(workspace.name, MAX_NAME)
        snapshot, source = workspace.snapshot, workspace.data_source
        self._jobs.start(MODEL_DATA, title, lambda: _read(snapshot, name, source))
        self._reading = workspace.lineage

    def _on_missed(self) -> None:
        """The user looks, or looks again."""
        workspace = self._model.current
        if workspace is None:
            return
        name = shown(workspace.name, MAX_NAME)
        if not workspace.data_source:
            self.failed.emit(f"{name} does not say where the images are that it was trained on: open its run's folder")
            return
        self._asked = workspace.lineage
        self._why.pop(workspace.lineage, None)
        self.want()

    def _on_succeeded(self, result: object) -> None:
        if not isinstance(result, _Read):
            return
        self._reading, asked, self._asked = 0, self._asked, 0
        is_asked = asked == result.lineage == self._model.shown
        if result.images is not None:
            self._model.set_data(result.lineage, result.images)
            if is_asked:
                self._image.open_test_image()
            return
        self._why[result.lineage] = result.why_not
        self.changed.emit()
        if is_asked:
            self.failed.emit(result.why_not)

    def _on_ended(self, kind: str) -> None:
        if kind == MODEL_DATA and self._reading:  # without a result
            lineage, self._reading, self._asked = self._reading, 0, 0
            self._why[lineage] = "The images of this model's data were not read to the end: Ctrl+I reads them."
            self.changed.emit()


def _read(snapshot: Snapshot, name: str, source: str) -> Generator[Progress, None, _Read]:
    """The images that the run has kept for validation, as while it went on."""

    def without(why: str) -> _Read:
        return _Read(snapshot.lineage, None, why)

    info = snapshot.info
    assert info is not None  # only models of this program say where their images are
    if source in catalog.DATASETS:
        place = source
        if not catalog.available(source):
            how = f"vae-explorer data fetch {source} downloads them"
            return without(f"The images of {name}, {source}, are not on this computer: {how}")
    else:
        place = shown(os.path.abspath(source))
        if not os.path.lexists(source):
            return without(f"The images of {name} were not found at {place}: put them there and press Ctrl+I")
    try:
        data = yield from catalog.load(source, info.reading)
        images = data.part("validation", info.split_seed, info.validation_images)
        trained_on = len(data.part("train", info.split_seed, info.validation_images))
    except (OSError, ValueError) as error:
        return without(f"The images of {name} could not be read: {sentence(error)}")
    if images.image_shape != info.config.image_shape or trained_on != info.train_images:
        return without(f"{place} no longer has the images that {name} was trained on")
    return _Read(snapshot.lineage, kept(images))
