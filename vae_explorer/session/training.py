"""The run in the window: start, pause, resume, stop, and what is known about it."""

import logging
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeGuard

import numpy as np
from PySide6.QtCore import QObject, Signal

from vae_explorer import paths
from vae_explorer.core.card import Ability, abilities_of
from vae_explorer.core.config import ImageShape
from vae_explorer.core.progress import Progress
from vae_explorer.data.image_set import ImageSet
from vae_explorer.session.curves import Curves, CurvesRequest, ReadCurves
from vae_explorer.session.pictures import ReadPictures, ReadRequest
from vae_explorer.session.records import Snapshot
from vae_explorer.session.state.model import EXAMPLES, ModelSession, kept, origins_of
from vae_explorer.session.state.workspace import Workspace
from vae_explorer.session.threads.generator_thread import GeneratorThread
from vae_explorer.session.threads.latest import Latest
from vae_explorer.training.config import TrainConfig
from vae_explorer.training.run import Run, RunError, new_folder, unfinished

if TYPE_CHECKING:
    from vae_explorer.core.objective import Metrics
    from vae_explorer.core.vae import VAE
    from vae_explorer.training.loop import TrainingProgress
    from vae_explorer.training.model_file import ModelInfo, StoredPosteriors
    from vae_explorer.training.trainer import Trainer

log = logging.getLogger(__name__)
State = Literal["idle", "loading", "running", "paused", "stopping", "stopped", "finished", "failed"]
FOLLOWED = 8  # validation images whose reconstructions are shown


@dataclass(frozen=True, eq=False)
class RunFacts:
    """What a run consists of, known once its images are loaded."""

    device: str
    train_images: int
    validation_images: int
    image_shape: ImageShape
    theta: int  # parameters of the decoder, p(x|z)
    phi: int  # parameters of the encoder, q(z|x)
    skipped: tuple[str, ...] = ()  # a sentence for each file that could not be used


@dataclass(frozen=True, eq=False)
class _Taken:
    """What the training thread hands over between two steps; nobody else holds it."""

    folder: Path
    model: "VAE"
    info: "ModelInfo"
    posteriors: "StoredPosteriors | None"
    facts: RunFacts
    followed: np.ndarray  # uint8 [n, c, h, w]: validation images
    data: ImageSet  # these and more, with their labels and factors
    examples: ReadPictures  # the first of them


class _Work:
    """A run as its thread drives it; nobody else touches it. Brings torch, so nothing is imported before `start`."""

    def __init__(self, make_run: Callable[[], Run]):
        self._make_run = make_run
        self._trainer: Trainer | None = None
        self._followed: tuple[ImageSet, ReadPictures] | None = None

    def start(self) -> Generator[Progress, None, Any]:
        from vae_explorer.training.trainer import Trainer

        self._trainer = Trainer(self._make_run(), leave_a_core=True)
        return self._trainer.work()

    def snapshot(self) -> _Taken | None:
        """None until the images are loaded."""
        training = self._trainer and self._trainer.training
        if not training:
            return None
        if self._followed is None:
            from vae_explorer.session.pictures import read_pictures

            data = kept(training.validation)
            self._followed = data, read_pictures(ReadRequest(origins_of(data, range(min(EXAMPLES, len(data))))))
        model, info = training.snapshot()
        data, examples = self._followed
        facts, followed = RunFacts(**training.facts()), data.images[:FOLLOWED]
        return _Taken(training.run.folder, model, info, training.posteriors, facts, followed, data, examples)


@dataclass(frozen=True, eq=False)
class ReconstructRequest:
    snapshot: Snapshot
    images: np.ndarray  # uint8 [n, c, h, w]


@dataclass(frozen=True, eq=False)
class Reconstructions:
    """Example images and what the model makes of them."""

    lineage: int
    x: np.ndarray  # float32 [n, c, h, w]
    images: np.ndarray  # float32 [n, c, h, w]


class TrainingSession(QObject):
    """Drives one run in a thread of its own, and hands its snapshots to the model session.

    Signals:
        state_changed(): `state`, `config`, `facts`, `has_begun` or `reason` has changed
        progressed(): the value is `progress`
        reported(): `curves`, `kl_per_dimension` or `is_reading_curves` has changed
        reconstructed(): the value is `reconstructions`
        run_opened(): a run from disk is shown, `run`, and `config` is the one it was trained with
        finished(): the thread has ended, for whatever reason
        failed(sentence: str): also for problems that the run recovered from
    """

    state_changed = Signal()
    progressed = Signal()
    reported = Signal()
    reconstructed = Signal()
    run_opened = Signal()
    finished = Signal()
    failed = Signal(str)

    def __init__(self, model: ModelSession, thread: Latest, parent: QObject | None = None):
        super().__init__(parent)
        self._model, self._answers = model, thread
        self._thread: GeneratorThread | None = None
        self._lineage = self._number = 0  # of the newest snapshot
        self._lineages: dict[Path, int] = {}  # of each run's folder
        self.run: Run | None = None  # the one that is shown: opened from any folder, resumed or begun here
        self.state: State = "idle"
        self.has_begun = False  # the newest run has weights: what it leaves is a model
        self.reason = ""  # why the newest run failed
        self.config = TrainConfig()
        self.facts: RunFacts | None = None
        self.progress: Progress | None = None
        self.curves = Curves()
        self._curves_of: Run | None = None  # whose curves on disk are wanted
        self.kl_per_dimension: tuple[float, ...] = ()
        self.reconstructions: Reconstructions | None = None
        self._restore: Callable[[], None] = lambda: None  # what was shown before the newest run

    @staticmethod
    def abilities(config: TrainConfig) -> frozenset[Ability]:
        """What a model that is trained with this config will be able to do."""
        return abilities_of(config)

    @property
    def is_reading_curves(self) -> bool:
        """Whether the curves of a run on disk are being read."""
        return self._curves_of is not None

    @property
    def is_active(self) -> bool:
        """Whether a training thread is running: the form is locked and no other run can start."""
        return self._thread is not None

    def resumable(self) -> list[Run]:
        """Runs that were stopped or killed, the newest first; none while a run is active."""
        if self.is_active:
            return []
        try:
            runs = unfinished(paths.runs())
        except OSError:
            log.warning("the runs cannot be listed", exc_info=True)
            runs = []
        run = self.run
        if run and run.is_resumable:
            runs = [run, *(one for one in runs if one.folder != run.folder)]
        return runs

    @property
    def finished_run(self) -> Run | None:
        """The shown run, if it is finished and can be trained longer."""
        run = None if self.is_active else self.run
        return run if run and run.is_finished and run.state_path.exists() else None

    def folder_of(self, lineage: int) -> Path | None:
        """Where the run with these weights lies."""
        return next((folder for folder, of in self._lineages.items() if of == lineage), None)

    def open_run(self, folder: Path) -> None:
        """Shows the newest model of a run and, unless another run is active, its curves. It is only read: where another
        program is writing it, the user is told."""
        try:
            run = Run.open(folder)
        except RunError as error:
            self.failed.emit(str(error))
            return
        self._model.open(str(folder))
        if not self.is_active:
            self.run, self.config = run, run.config
            self.facts, self.progress = None, None
            self._lineage = 0  # ignore what the previous run still reports
            self.curves, self.kl_per_dimension, self.reconstructions = Curves(), (), None
            self._read_curves(run)
            self._set_state("idle")
            self.run_opened.emit()
            self.reported.emit()
            self.reconstructed.emit()
        writer = run.writer()
        if writer and not (writer == "this program" and self.is_active):
            self.failed.emit(f"{folder.name} is in use by {writer}; opened read-only")

    def start(self, config: TrainConfig) -> None:
        """A new run in the user's folder."""
        if not self.is_active:
            self._drive(config, lambda: Run.create(new_folder(paths.runs(), config), config))

    def resume_run(self, run: Run, *, epochs: int | None = None, data: str | None = None) -> None:
        """Continues a run that was stopped or killed, or trains a finished one longer. `epochs` is how many it shall
        have in all, `data` the place where its images are now."""
        if self.is_active:
            return
        try:
            changed = run.changed(epochs=epochs, data=data) if epochs or data else run
        except RunError as error:
            self.failed.emit(str(error))
            return
        self.run = run
        self._drive(changed.config, lambda: changed, resumed=self._lineages.get(run.folder, 0))
        self._read_curves(run)
        self.reported.emit()

    def pause(self) -> None:
        if self._thread and self.state == "running":
            self._thread.pause()
            self._set_state("paused")

    def resume(self) -> None:
        if self._thread and self.state == "paused":
            self._set_state("running")
            self._thread.resume()

    def stop(self) -> None:
        """Ends the run after the current step; it can be resumed later."""
        if self._thread and self.state in ("loading", "running", "paused"):
            self._set_state("stopping")
            self._thread.stop()

    def _drive(self, config: TrainConfig, make_run: Callable[[], Run], *, resumed: int = 0) -> None:
        self._restore = self._restorer()
        self._curves_of = None
        self.has_begun, self.reason = False, ""
        self.config, self.facts, self.progress = config, None, None
        self.curves, self.kl_per_dimension, self.reconstructions = Curves(), (), None
        before = self._model.workspaces.get(resumed)
        if before:  # z, locks and history stay
            self._lineage, self._number = before.lineage, before.snapshot.number
        else:
            self._lineage, self._number = Workspace.new_lineage(), 0
        work = _Work(make_run)
        thread = GeneratorThread(work.start, is_report=_is_report, snapshot=work.snapshot, parent=self)
        thread.progressed.connect(self._on_progressed)
        thread.snapshot_taken.connect(self._on_snapshot_taken)
        thread.succeeded.connect(self._on_succeeded)
        thread.failed.connect(self._on_failed)
        thread.stopped.connect(self._on_stopped)
        thread.finished.connect(self._on_thread_finished)
        self._thread = thread  # before the state changes: listeners must see an active run
        self._model.set_running(self._lineage)
        self._set_state("loading")
        self.reconstructed.emit()  # those of the previous run are gone
        thread.start()

    def _on_snapshot_taken(self, taken: _Taken) -> None:
        is_first = self.facts is None
        if is_first:
            self.facts, self.has_begun = taken.facts, True
            self.run = Run(taken.folder, self.config)
            self._lineages[taken.folder] = self._lineage
            self.state_changed.emit()
        self._number += 1
        snapshot = Snapshot.of(self._lineage, self._number, taken.model, taken.info, taken.posteriors)
        self._model.take_snapshot(snapshot, taken.folder.name, taken.data, taken.examples)
        if is_first:
            self._model.show(self._lineage)  # also when it was resumed
        request = ReconstructRequest(snapshot, taken.followed)
        self._answers.ask(request, self._on_reconstructed, self._on_reconstruct_failed)

    def _on_progressed(self, progress: Progress) -> None:
        if self.state == "loading" and _is_training(progress):
            self._set_state("running")
        self.progress = progress
        if progress.notice:
            self.failed.emit(progress.notice)
        if _is_training(progress) and (newest := progress.train or progress.validation):
            self.kl_per_dimension = newest.kl_per_dimension
            self.curves.add(progress.epoch, _figures(progress.train), _figures(progress.validation))
            self.reported.emit()
        self.progressed.emit()

    def _on_reconstructed(self, answer: Reconstructions) -> None:
        if answer.lineage == self._lineage:
            self.reconstructions = answer
            self.reconstructed.emit()

    def _on_reconstruct_failed(self, sentence: str) -> None:
        self.failed.emit(f"The validation images could not be reconstructed: {sentence}")

    def _on_succeeded(self, _info: object) -> None:
        self._set_state("finished")

    def _on_stopped(self) -> None:
        self._set_state("stopped")

    def _on_failed(self, sentence: str) -> None:
        self.reason = sentence
        self._set_state("failed")
        self.failed.emit(sentence)

    def _restorer(self) -> Callable[[], None]:
        """Restores what is known about the shown run."""
        known = self.config, self.facts, self.progress, self.curves, self.kl_per_dimension, self.reconstructions
        newest = self._lineage, self._number

        def restore() -> None:
            self.config, self.facts, self.progress, self.curves, self.kl_per_dimension, self.reconstructions = known
            self._lineage, self._number = newest
            self._curves_of = None

        return restore

    def _on_thread_finished(self) -> None:
        if self._thread:
            self._thread.deleteLater()
        self._thread = None
        self._model.set_running(0)
        if not self.has_begun:  # there is nothing of it to show
            self._restore()
            self.reported.emit()
            self.reconstructed.emit()
        self.state_changed.emit()
        self.finished.emit()

    def _read_curves(self, run: Run) -> None:
        self._curves_of = run
        self._answers.ask(CurvesRequest(run), self._take_curves, partial(self._on_curves_failed, run))

    def _take_curves(self, read: ReadCurves) -> None:
        """Prepends the curves on disk to what the run has reported since they were requested."""
        if read.run is not self._curves_of:
            return
        self._curves_of = None
        self.curves = read.curves.followed_by(self.curves)
        self.kl_per_dimension = self.kl_per_dimension or read.kl_per_dimension
        self.reported.emit()

    def _on_curves_failed(self, run: Run, sentence: str) -> None:
        self.failed.emit(f"The run's curves could not be read: {sentence}")
        if run is self._curves_of:
            self._curves_of = None
            self.reported.emit()

    def _set_state(self, state: State) -> None:
        self.state = state
        self.state_changed.emit()


def _is_training(progress: Progress) -> TypeGuard["TrainingProgress"]:
    from vae_explorer.training.loop import TrainingProgress  # torch is already imported: a run has made progress

    return isinstance(progress, TrainingProgress)


def _is_report(progress: Progress) -> bool:
    return progress.notice is not None or (_is_training(progress) and bool(progress.train or progress.validation))


def _figures(figures: "Metrics | None") -> dict[str, float] | None:
    if figures is None:
        return None
    return {"elbo": figures.elbo, "reconstruction": figures.reconstruction, "kl": figures.kl}
