"""The data sets that a run can be made from: the known ones and the user's."""

import os
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from vae_explorer.core.config import ImageShape, LikelihoodName
from vae_explorer.core.progress import Progress
from vae_explorer.data import catalog
from vae_explorer.data.contact_sheet import ContactSheet
from vae_explorer.data.formats.folder import cache
from vae_explorer.data.reading import AUTOMATIC, Reading
from vae_explorer.data.suiting_likelihood import suiting_likelihood
from vae_explorer.errors import shown
from vae_explorer.session.jobs.jobs import DATA, JobsSession

SHEET, EMPTY_CACHE = "contact sheet", "picture cache"  # kinds of jobs


@dataclass(frozen=True)
class DataChoice:
    """One entry of the form's list of images."""

    data: str  # a catalog name or a path: what TrainConfig.data takes
    title: str
    download_bytes: int = 0  # 0: on this machine


@dataclass(frozen=True)
class DataSummary:
    """What a data set was found to hold, read in one way."""

    data: str
    name: str
    images: int
    shape: ImageShape
    classes: int
    skipped: tuple[str, ...]  # a sentence for each file that could not be used
    likelihood: LikelihoodName  # what suits these images
    asked: Reading  # how it was to be read
    sheet: ContactSheet

    def __str__(self) -> str:
        classes = f", {self.classes} classes" if self.classes else ""
        files = "file" if len(self.skipped) == 1 else "files"
        skipped = f", {len(self.skipped)} {files} skipped" if self.skipped else ""
        return f"{self.name}: {self.images:,} images, {self.shape}{classes}{skipped}"


@dataclass(frozen=True)
class _Looked:
    """The result of a look, so that nothing follows from it but the contact sheet."""

    summary: DataSummary


@dataclass(frozen=True)
class _Emptied:
    """The result of emptying the picture cache."""

    size: int  # bytes that it had


class DataSession(QObject):
    """Lists the data sets, and looks into folders and files before they are trained on.

    Signals:
        choices_changed(): `choices` or `reading` has changed
        chosen(data: str): the user opened it; it is being read and should be selected in the form
        described(summary: object): a DataSummary, now that what was opened has been read
        given_up(data: str): it could not be read, or its reading was cancelled
        looked(data: str): `summary(data)` is new, since somebody wanted to see it or to have it read in another way
        told(sentence: str): what was done, for a moment
        look_changed(): `looking_at`, `how_far` or `failure` of a data set has changed
    """

    choices_changed = Signal()
    chosen = Signal(str)
    described = Signal(object)
    given_up = Signal(str)
    looked = Signal(str)
    told = Signal(str)
    look_changed = Signal()

    def __init__(self, jobs: JobsSession, parent: QObject | None = None):
        super().__init__(parent)
        self._jobs = jobs
        self.brought: list[DataSummary] = []
        self.reading: DataChoice | None = None
        self.looking_at = ""  # the data set that is read for its contact sheet
        self._summaries: dict[str, DataSummary] = {}
        self._failures: dict[str, str] = {}
        jobs.succeeded.connect(self._on_succeeded)
        jobs.failed.connect(self._on_failed)
        jobs.ended.connect(self._on_ended)
        jobs.changed.connect(self.look_changed)

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
        """What a data set holds, once it has been read: as it was read last."""
        return self._summaries.get(data)

    def failure(self, data: str) -> str:
        """Why it could not be read the last time; empty where it could."""
        return self._failures.get(data, "")

    def how_far(self, data: str) -> str:
        """Its reading in a few words."""
        progress = self._jobs.progress_of(DATA if self.is_reading(data) else SHEET)
        if progress is None or not progress.done:
            return "Reading…"
        total = f" of {progress.total:,}" if progress.total else ""
        return f"Reading… {progress.done:,}{total} {progress.what}"

    def is_missing(self, data: str) -> bool:
        """Whether it is the path of a data set that is not there."""
        return data not in catalog.DATASETS and not os.path.lexists(data)

    def is_at_hand(self, data: str) -> bool:
        """Whether this data set of the catalog can be looked at in a moment."""
        return data in catalog.DATASETS and catalog.at_hand(data)

    def open(self, path: Path) -> None:
        """Looks into a folder or a file, and offers it for training."""
        path = Path(os.path.realpath(path))  # a run may be resumed from another working folder
        self._jobs.start(DATA, f"Reading {shown(path.name)}", lambda: _described(str(path), AUTOMATIC))
        self.reading = DataChoice(str(path), shown(path.name))
        self._failures.pop(str(path), None)
        self.choices_changed.emit()
        self.chosen.emit(str(path))

    def look(self, data: str, reading: Reading) -> None:
        """Reads a data set for its contact sheet, in this way; what was looked at before is given up."""
        title = catalog.DATASETS[data].title if data in catalog.DATASETS else shown(Path(data).name)
        self._jobs.start(SHEET, f"Reading {title}", lambda: _looked(data, reading))
        self.looking_at = data
        self._failures.pop(data, None)
        self.look_changed.emit()

    def cancel(self, data: str) -> None:
        """Gives up its reading."""
        if self.is_reading(data):
            self._jobs.cancel(DATA)
        elif self.looking_at == data:
            self._jobs.cancel(SHEET)

    def empty_cache(self) -> None:
        """Removes the images of pictures that were read before: they are read anew when they are opened."""
        self._jobs.start(EMPTY_CACHE, "Emptying the picture cache", _emptied)

    def _on_succeeded(self, result: object) -> None:
        if isinstance(result, _Emptied):
            self.told.emit(f"The picture cache is empty: {result.size / 1e6:,.0f} MB were freed")
        elif isinstance(result, _Looked):
            summary = self._summaries[result.summary.data] = result.summary
            self.looking_at = ""
            self.brought = [summary if one.data == summary.data else one for one in self.brought]
            self.looked.emit(summary.data)
        elif isinstance(result, DataSummary):
            self.reading = None
            self._summaries[result.data] = result
            self.brought = [result, *(one for one in self.brought if one.data != result.data)]
            self.choices_changed.emit()
            self.described.emit(result)

    def _on_failed(self, sentence: str) -> None:
        """Of any job; those that go on are not meant."""
        if self.reading and DATA not in self._jobs.running:
            self._failures[self.reading.data] = sentence
        elif self.looking_at and SHEET not in self._jobs.running:
            self._failures[self.looking_at] = sentence

    def _on_ended(self, kind: str) -> None:
        if kind == DATA and self.reading:  # without a result
            given_up, self.reading = self.reading.data, None
            self.given_up.emit(given_up)
            self.choices_changed.emit()
        elif kind == SHEET:
            self.looking_at = ""
        self.look_changed.emit()


def _described(data: str, reading: Reading) -> Generator[Progress, None, DataSummary]:
    loaded = yield from catalog.load(data, reading)
    return DataSummary(
        data=data,
        name=loaded.name,
        images=len(loaded),
        shape=loaded.image_shape,
        classes=len(loaded.classes),
        skipped=tuple(one.reason for one in loaded.skipped),
        likelihood=suiting_likelihood(loaded.images.images),
        asked=reading,
        sheet=ContactSheet.of(loaded, reading),
    )


def _emptied() -> Generator[Progress, None, _Emptied]:
    yield Progress(0, None, "files")
    return _Emptied(cache.empty())


def _looked(data: str, reading: Reading) -> Generator[Progress, None, _Looked]:
    return _Looked((yield from _described(data, reading)))
