"""What the window shows, taken away: names, files, and the command that makes the same."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, QStandardPaths, Signal

from vae_explorer import paths
from vae_explorer.errors import UserError
from vae_explorer.export import command
from vae_explorer.export.command import Command, NamedImage
from vae_explorer.export.file import file_name
from vae_explorer.export.table import csv_of
from vae_explorer.session.jobs.data import DataSummary
from vae_explorer.session.threads.latest import Latest, Place
from vae_explorer.session.views.aggregate import COUNT as AGGREGATE_COUNT
from vae_explorer.session.views.aggregate import AggregateSession
from vae_explorer.session.views.context import Context
from vae_explorer.session.views.decoded import Decoded
from vae_explorer.session.views.evidence import EvidenceSession
from vae_explorer.session.views.samples import PosteriorSamplesSession, PriorSamplesSession

SIDE = 512  # pixels: a picture of 28 is given out at the whole-number zoom that comes nearest


@dataclass(frozen=True, eq=False)
class Sheet:
    """Pictures in rows, each pixel a square: uint8 [n, h, w, 1 or 3]."""

    pixels: np.ndarray = field(repr=False)
    columns: int = 1

    @property
    def zoom(self) -> int:
        """Screen pixels for one of the picture's."""
        count, height, width = map(int, self.pixels.shape[:3])
        return max(1, SIDE // (max(height, width) * min(self.columns, count)))

    @property
    def gap(self) -> int:
        """Pixels between two pictures."""
        return max(2, self.zoom)


@dataclass(frozen=True, eq=False)
class WriteRequest:
    """A file in place of what was there: its content, or pictures whose format its suffix decides."""

    path: Path
    content: bytes | Sheet


class TakeAwaySession(QObject):
    """Names what is taken away, writes it, and says which command makes the same.

    Signals:
        told(text: str): something was copied or saved
        folder_changed(): the next file goes to another folder first; the value is `folder`
        failed(sentence: str): it could not be taken away
    """

    told = Signal(str)
    folder_changed = Signal()
    failed = Signal(str)

    def __init__(self, context: Context, thread: Latest, parent: QObject | None = None):
        super().__init__(parent)
        self._model, self._image, self._latent = context.model, context.image, context.latent
        self._training, self._thread = context.training, thread
        self._folder: Path | None = None

    @property
    def folder(self) -> Path:
        """Where a dialog begins: where the last file went, else the user's pictures."""
        if self._folder is None or not self._folder.is_dir():
            return Path(
                QStandardPaths.writableLocation(QStandardPaths.StandardLocation.PicturesLocation) or Path.home()
            )
        return self._folder

    def set_folder(self, folder: Path) -> None:
        if folder != self._folder:
            self._folder = folder
            self.folder_changed.emit()

    def name(self, what: str, *, of_image: bool = True) -> str:
        """image – model – what, as the name of a file without its suffix."""
        number, workspace = self._image.image, self._model.current
        image = self._image.pictures[number].name if of_image and number is not None else ""
        stem, dot, suffix = image.rpartition(".")
        is_file = bool(dot) and bool(stem) and len(suffix) <= 4 and suffix.isalnum()
        return file_name([stem if is_file else image, workspace.name if workspace else "", what])

    def write(self, path: Path, content: bytes | Sheet) -> None:
        """Writes a file, in the thread; what it is called is told."""
        self.set_folder(path.parent)
        done = partial(self._on_written, path)
        self._thread.ask(WriteRequest(path, content), done, self.failed.emit, place=Place((WriteRequest, path)))

    @staticmethod
    def sheet(pixels: np.ndarray, columns: int) -> Sheet:
        """Pictures uint8 [n, h, w, 1 or 3], to be copied or written."""
        return Sheet(pixels, columns)

    @staticmethod
    def png(sheet: Sheet) -> bytes:
        """The same as the content of a PNG file."""
        from vae_explorer.export import picture

        return picture.png(picture.sheet(sheet.pixels, sheet.columns, sheet.gap, sheet.zoom))

    @staticmethod
    def csv_of_pixels(images: np.ndarray) -> str:
        """Numbers [n, c, h, w] as a table, a line for each row of pixels, in full precision."""
        n, c, h, w = images.shape
        at = np.indices((n, c, h)).reshape(3, -1)
        names = ("picture", "channel", "row")
        columns: dict[str, np.ndarray | Sequence[object]] = dict(zip(names, at, strict=True))
        columns |= {str(x): images[..., x].ravel() for x in range(w)}
        return csv_of(columns, index="line")

    def hand_over(self, made: Command, done: Callable[[str], object]) -> None:
        """Gives a command's line once the image that it names is there."""
        if made.image is None:
            done(made.line)
            return
        place = Place((NamedImage, made.image.path))
        self._thread.ask(made.image, partial(_with_line, done, made.line), self.failed.emit, place=place)

    # the commands; each raises UserError, one sentence, where there is none

    def decode_command(self, shown: Decoded | None) -> Command:
        """The picture of z, or the draw, that is shown."""
        if shown is None:
            raise UserError("There is no picture yet")
        mode = shown.settings.mode
        if mode == "sigma":
            raise UserError("No command makes the picture of σ: show Mean or Draw")
        if len(shown.images) > 1:
            raise UserError("No command makes sixteen draws: show one of them")
        seed = shown.settings.seed if mode == "draw" else None
        out = self._png_name("draw" if mode == "draw" else "mean image", of_image=False)
        return command.decode(self._model_name(), shown.z, out, draw_seed=seed)

    def samples_command(self, samples: PosteriorSamplesSession) -> Command:
        """The samples of q(z|x), decoded."""
        settings = samples.settings
        if settings.multiplier != 1:
            raise UserError(f"σ × {settings.multiplier:g} is not q(z|x), and no command samples from it: set σ × to 1")
        if not samples.has_own_eps:
            raise UserError("These samples have the ε of another image, and no command keeps it: draw new samples")
        out = self._png_name("posterior samples")
        return self._encode("--samples", settings.count, "--seed", settings.seed, "--out", out)

    def prior_command(self, samples: PriorSamplesSession) -> Command:
        """The pictures of z from the prior."""
        settings, out = samples.settings, self._png_name("prior samples", of_image=False)
        return command.sample(self._model_name(), settings.count, settings.seed, out, temperature=settings.temperature)

    def compared_command(self, aggregate: AggregateSession, source: str) -> Command:
        """The pictures of z from one of the sources that q(z) is compared with."""
        snapshot, samples = self._model.snapshot, aggregate.samples
        if snapshot is None or samples is None:
            raise UserError("There are no samples yet")
        if source != "prior" and snapshot.posteriors is None:
            raise UserError("A command samples from stored posteriors, which a model file has once its run has ended")
        out = self._png_name(f"samples from {source}", of_image=False)
        return command.sample(self._model_name(), AGGREGATE_COUNT, samples.seed, out, source=source)

    def evidence_command(self, evidence: EvidenceSession) -> Command:
        """The figures of the image, and those of the best q where it was fitted."""
        settings, fit = evidence.settings, ["--fit"] if evidence.fit_of_the_draws else []
        return self._encode("--importance-samples", settings.importance_samples, "--seed", settings.seed, *fit)

    def sheet_command(self, summary: DataSummary | None) -> Command:
        """The contact sheet of a data set, with its texts."""
        if summary is None:
            raise UserError("There is no contact sheet yet")
        reading = summary.asked.model_dump(exclude_defaults=True)
        return command.data_info(summary.data, reading, self._png_name("contact sheet", of_image=False))

    def image_command(self) -> Command:
        """x and its reconstruction."""
        return self._encode("--out", self._png_name("reconstruction"))

    def posterior_command(self) -> Command:
        """mu, sigma and KL of every dimension."""
        return self._encode("--json")

    def _encode(self, *options: object) -> Command:
        snapshot, encoded, number = self._model.snapshot, self._image.posterior, self._image.image
        if snapshot is None or snapshot.preparation is None or encoded is None or number is None:
            raise UserError("There is no encoded image yet")
        picture = self._image.pictures[number]
        given = picture.path
        image: Path | NamedImage
        if given is not None and not encoded.settings.switches:
            image = given.absolute()
            if (frame := encoded.settings.frame) is not None:
                options = (*options, "--frame", command.frame_text(frame.scaled(*picture.scale)))
        else:
            digest = sha256(encoded.x.tobytes()).hexdigest()[:8]  # of several with one name
            name = file_name([picture.name, digest])
            image = NamedImage(paths.cache_folder() / f"{name}.png", encoded.x, snapshot.preparation)
        return command.encode(self._model_name(), image, options)

    def _model_name(self) -> str:
        workspace = self._model.current
        if workspace is None:
            raise UserError("There is no model")
        folder = self._training.folder_of(workspace.lineage)
        if folder is not None and self._model.shows_trained and self._training.is_active:
            raise UserError("The weights change while the run goes on: copy the command when it has ended")
        if folder is None and not workspace.source:
            raise UserError("This model is in no file that a command could read: save it, and open that file")
        return str(folder) if folder else workspace.source

    def _png_name(self, what: str, *, of_image: bool = True) -> str:
        return f"{self.name(what, of_image=of_image)}.png"

    def _on_written(self, path: Path, _answer: object) -> None:
        self.told.emit(f"Saved: {path.name}")


def _with_line(done: Callable[[str], object], line: str, _answer: object) -> None:
    done(line)
