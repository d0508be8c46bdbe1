"""The data sets that a run can be made from: the known ones and the user's."""

import os
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from vae_explorer.core.config import ImageShape, LikelihoodName
from vae_explorer.core.progress import Progress
from vae_explorer.data import catalog
from vae_explorer.data.suiting_likelihood import suiting_likelihood
from vae_explorer.errors import shown
from vae_explorer.session.jobs.jobs import DATA, JobsSession


@dataclass(frozen=True)
class DataChoice:
    """One entry of the form's list of images."""

    data: str  # a catalog name or a path: what TrainConfig.data takes
    title: str
    download_bytes: int = 0  # 0: on this machine


@dataclass(frozen=True)
class DataSummary:
    """What a folder or file was found to hold."""

    data: str
    name: str
    images: int
    shape: ImageShape
    classes: int
    skipped: tuple[str, ...]  # a sentence for each file that could not be used
    likelihood: LikelihoodName  # what suits these images

    def __str__(self) -> str:
        classes = f", {self.classes} classes" if self.classes else ""
        files = "file" if len(self.skipped) == 1 else "files"
        skipped = f", {len(self.skipped)} {files} skipped" if self.skipped else ""
        return f"{self.name}: {self.images:,} images, {self.shape}{classes}{skipped}"


class DataSession(QObject):
    """Lists the data sets, and looks into folders and files before they are trained on.

    Signals:
        choices_changed(): `choices` or `reading` has changed
        chosen(data: str): the user opened it; it is being read and should be selected in the form
        described(summary: object): a DataSummary, now that it has been read
        given_up(data: str): it could not be read, or its reading was cancelled
    """

    choices_changed = Signal()
    chosen = Signal(str)
    described = Signal(object)
    given_up = Signal(str)

    def __init__(self, jobs: JobsSession, parent: QObject | None = None):
        super().__init__(parent)
        self._jobs = jobs
        self.brought: list[DataSummary] = []
        self.reading: DataChoice | None = None
        jobs.succeeded.connect(self._on_succeeded)
        jobs.ended.connect(self._on_ended)

    @property
    def choices(self) -> list[DataChoice]:
        """What can be trained on, and what is being read; the user's own first."""
        reading = [self.reading] if self.reading else []
        own = [DataChoice(one.data, one.name) for one in self.brought if not self.is_reading(one.data)]
        known = [
            DataChoice(name, entry.title, 0 if catalog.available(name) else entry.download_size)
            for name, entry in catalog.DATASETS.items()
        ]
        return reading + own + known

    def is_reading(self, data: str) -> bool:
        """Whether this is the data set that is being read: it cannot be trained on yet."""
        return self.reading is not None and self.reading.data == data

    def summary(self, data: str) -> DataSummary | None:
        """What a data set that was brought in holds, once it has been read."""
        return next((one for one in self.brought if one.data == data), None)

    def is_missing(self, data: str) -> bool:
        """Whether it is the path of a data set that is not there."""
        return data not in catalog.DATASETS and not os.path.lexists(data)

    def open(self, path: Path) -> None:
        """Looks into a folder, an IDX, NPZ, NPY or ZIP file, and offers it for training."""
        path = Path(os.path.realpath(path))  # a run may be resumed from another working folder
        self._jobs.start(DATA, f"Reading {shown(path.name)}", lambda: _described(str(path)))
        self.reading = DataChoice(str(path), shown(path.name))
        self.choices_changed.emit()
        self.chosen.emit(str(path))

    def _on_succeeded(self, result: object) -> None:
        if isinstance(result, DataSummary):
            self.reading = None
            self.brought = [result, *(one for one in self.brought if one.data != result.data)]
            self.choices_changed.emit()
            self.described.emit(result)

    def _on_ended(self, kind: str) -> None:
        if kind == DATA and self.reading:  # without a result
            given_up, self.reading = self.reading.data, None
            self.given_up.emit(given_up)
            self.choices_changed.emit()


def _described(data: str) -> Generator[Progress, None, DataSummary]:
    loaded = yield from catalog.load(data)
    return DataSummary(
        data=data,
        name=loaded.name,
        images=len(loaded),
        shape=loaded.image_shape,
        classes=len(loaded.classes),
        skipped=tuple(one.reason for one in loaded.skipped),
        likelihood=suiting_likelihood(loaded.images.images),
    )
