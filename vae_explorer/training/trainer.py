"""A run being made, from loading the images to the test figures; it can be paused, stopped and resumed."""

import errno
import hashlib
import logging
import time
from collections.abc import Generator, Mapping
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vae_explorer.core.card import SplitFigures
from vae_explorer.core.config import ModelOptions, VAEConfig
from vae_explorer.core.progress import Job, Progress
from vae_explorer.core.vae import VAE
from vae_explorer.data import catalog
from vae_explorer.data.image_set import DataSet, ImageSet
from vae_explorer.data.preprocess import Preparation, to_x
from vae_explorer.errors import UserError, is_out_of_memory
from vae_explorer.training import device as devices
from vae_explorer.training import model_file, state_file
from vae_explorer.training.evaluation import evaluate
from vae_explorer.training.loop import (
    Steps,
    TrainingError,
    TrainingProgress,
    diverged,
    train,
    training_step,
)
from vae_explorer.training.model_file import ModelInfo, StoredPosteriors
from vae_explorer.training.run import REMEDY, Run, RunError
from vae_explorer.training.state import MAX_PARTS, Metrics, TrainingState

log = logging.getLogger(__name__)
CHECKPOINT_INTERVAL = 10.0  # seconds of training
EPOCH_CHECKPOINT_INTERVAL = 1.0  # seconds: very short epochs do not each wait for the disk
DISK_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


class Trainer:
    """Drives one run. Iterate `work()`; between two items the model rests and `snapshot()` may be called.

    Closing the generator stops the run: its state is on disk and `work()` of a new Trainer goes on from there.
    """

    def __init__(self, run: Run, *, leave_a_core: bool = False):
        self.run, self.config = run, run.config
        self._leave_a_core = leave_a_core  # for a window that is to stay smooth meanwhile
        self.state: TrainingState | None = None
        self.data: DataSet | None = None
        self.validation: ImageSet | None = None
        self.info: ModelInfo | None = None
        self.posteriors: StoredPosteriors | None = None  # once the test images have been looked at
        self.device = torch.device("cpu")
        self.threads = 0
        self._best_elbo: float | None = None
        self._best: tuple[VAE, ModelInfo] | None = None  # not yet on disk
        self._validations: list[tuple[float, float]] = []  # epoch, ELBO
        self._newest: tuple[VAE, ModelInfo] | None = None  # whose weights are finite
        self._images = ""  # digest of the training images
        self._saved_at = (0, 0.0)  # step, time

    def work(self) -> Generator[Progress, None, ModelInfo]:
        """Loads, trains, tests; the result is what the model file says. Raises TrainingError, RunError, ValueError,
        OSError with a sentence for the user."""
        try:
            with self.run.locked():
                try:
                    return (yield from self._work())
                except GeneratorExit:
                    self._keep()
                    raise
                except Exception:
                    with suppress(Exception):  # this error is the one to tell
                        self._keep()
                    raise
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            raise TrainingError(self._no_memory()) from error
        except OSError as error:
            if error.errno in DISK_FULL:
                what = f"The disk of {self.run.folder} is full: make room and resume"
            elif error.filename and Path(error.filename).parent == self.run.folder:
                why = f"can no longer be written ({error.strerror}): {REMEDY}, and resume"
                what = f"The run's folder {self.run.folder} {why}"
            else:
                raise
            raise TrainingError(f"{what}; the last good model is kept") from error

    def snapshot(self) -> tuple[VAE, ModelInfo]:
        """A copy of the model on the CPU that nobody changes, and what is known of it; the one before where a weight is
        not a finite number, which the next steps are going to mend or say."""
        if self.state is None or self.info is None:
            raise ValueError("there is no model before its images are loaded")
        if self._newest is None or _is_finite(self.state.model):
            self._newest = deepcopy(self.state.model).cpu().eval().requires_grad_(False), self.info
        return self._newest

    def facts(self) -> dict[str, Any]:
        """What the run is made of: device, numbers of images, their shape, parameters of decoder and encoder."""
        assert self.state is not None
        assert self.info is not None
        assert self.validation is not None
        decoder = [p for name, p in self.state.model.named_parameters() if not name.startswith("encoder.")]
        encoder = self.state.model.encoder.parameters()
        return {
            "device": self.device_text,
            "train_images": self.info.train_images,
            "validation_images": len(self.validation),
            "image_shape": self.info.config.image_shape,
            "theta": sum(p.numel() for p in decoder),
            "phi": sum(p.numel() for p in encoder),
        }

    def _work(self) -> Generator[Progress, None, ModelInfo]:
        config = self.config
        self.device = devices.choose(config.device)
        self.data = yield from catalog.load(config.data)
        train_set = self.data.part("train", config.seed, config.validation_images)
        self.validation = self.data.part("validation", config.seed, config.validation_images)
        if not len(train_set):
            least = 3 if self.data.test is None else 2  # one for each part
            raise UserError(f"{self.data.name} has {len(self.data.train)} images; training needs at least {least}")
        preparation = Preparation.of(train_set.images, config.likelihood)
        options = config.model_dump(include=set(ModelOptions.model_fields))
        model_config = VAEConfig(image_shape=train_set.image_shape, **options)
        self._prepare(model_config, train_set)
        assert self.state is not None

        images = torch.from_numpy(train_set.images).to(self.device)
        validation_x = torch.from_numpy(to_x(self.validation.images, preparation)).to(self.device)
        yield from self._choose_speed(images)
        self._describe(model_config, train_set, preparation)
        if not self._is_out_of_patience:
            for progress in train(self.state, config, images, validation_x):
                self._record(progress)
                yield progress
                if self._is_out_of_patience:
                    break
        self._save()
        if self._is_out_of_patience:
            yield self._take_best()
        return (yield from self._test())

    def _prepare(self, model_config: VAEConfig, train_set: ImageSet) -> None:
        """A new state, or the one on disk."""
        model_file.check_size(model_config)
        self._images = hashlib.blake2b(
            np.ascontiguousarray(train_set.images).data,
            digest_size=16,
            person=str(tuple(train_set.image_shape)).encode(),
        ).hexdigest()
        model = VAE(model_config).initialise(torch.Generator().manual_seed(self.config.seed)).to(self.device)
        if self.run.state_path.exists():
            self.state, self.threads, self._best_elbo = state_file.load(
                self.run.state_path, model, self.config, images=self._images
            )
        elif self.run.model_path.exists():
            raise RunError(
                f"{self.run.folder} holds a model without the state that resuming needs: start a new run in another "
                "folder; the model can still be opened"
            )
        else:
            self.state = TrainingState.fresh(model, self.config)
        self.run.rewind_metrics(self.state.step, without_figures=self.state.means.sums is not None)
        self._saved_at = (self.state.step, time.monotonic())

    def _describe(self, model_config: VAEConfig, train_set: ImageSet, preparation: Preparation) -> None:
        """What is known of the model: from here on there are snapshots."""
        assert self.state is not None
        assert self.data is not None
        precision = str(self.state.precision).removeprefix("torch.")
        found = {"data": self.data.name, "threads": self.threads, "precision": precision}  # no path of this machine
        self.info = ModelInfo(
            config=model_config,
            preparation=preparation,
            data=self.data.name,
            split_seed=self.config.seed,
            validation_images=self.config.validation_images,
            train_config={**self.config.model_dump(mode="json"), **found},
            epochs=self.state.step / Steps(len(train_set), self.config).per_epoch,
            steps=self.state.step,
            train_images=len(train_set),
        )
        self.snapshot()  # a first one with finite weights
        for report in self.run.metrics():
            if "validation" in report:
                self._note_validation(report["epoch"], report["validation"])

    def _choose_speed(self, images: torch.Tensor) -> Job[None]:
        """Tries what is fastest here at a run's start; a resumed run goes on as it began."""
        assert self.state is not None
        if not self.threads:
            trial = TrainingState.fresh(deepcopy(self.state.model), self.config)
            batch, noise = images[: self.config.batch_size], torch.Generator(device=images.device)

            def step(speed: devices.Speed) -> None:
                trial.precision = speed.precision
                while True:
                    try:
                        training_step(trial, self.config, batch, noise, beta=1.0)
                        return
                    except Exception as error:
                        if not trial.needs_less_memory(error, self.config.batch_size):
                            raise

            speeds = devices.candidates(self.device, self.config, leave_a_core=self._leave_a_core)
            chosen = yield from devices.fastest(speeds, step)
            self.threads, self.state.precision = chosen.threads, chosen.precision
            self.state.parts = trial.parts
            if trial.parts > 1:
                yield Progress(1, 1, "speeds tried", notice=trial.smaller(self.config.batch_size))
        torch.set_num_threads(self.threads)

    @property
    def device_text(self) -> str:
        """Where it computes, for people."""
        precision = self.state.precision if self.state else torch.float32
        return devices.describe(self.device, devices.Speed(self.threads, precision))

    def _record(self, progress: TrainingProgress) -> None:
        """Metrics, the best model and checkpoints."""
        assert self.state is not None
        assert self.info is not None
        step, now = self.state.step, time.monotonic()
        self.info = self.info.model_copy(update={"epochs": progress.epoch, "steps": step})
        if progress.train or progress.validation:
            report: dict[str, Any] = {
                "step": step,
                "epoch": progress.epoch,
                "images_per_second": progress.images_per_second,
            }
            if progress.train:  # not where every step was left out
                report["train"] = _report(progress.train)
            if progress.validation:
                report["validation"] = _report(progress.validation)
                self._note_validation(progress.epoch, report["validation"])
            self.run.add_metrics(report)
        if progress.notice:
            log.warning("%s: %s", self.run.folder.name, progress.notice)
            self.run.add_metrics({"step": step, "epoch": progress.epoch, "notice": progress.notice})
        interval = EPOCH_CHECKPOINT_INTERVAL if progress.validation else CHECKPOINT_INTERVAL
        if now - self._saved_at[1] > interval and _is_finite(self.state.model):  # else the loop is going to mend it
            self._save()

    def _note_validation(self, epoch: float, validation: Mapping[str, Any]) -> None:
        """A report's validation figures: now, or read again from the metrics of a run that is resumed."""
        assert self.info is not None
        elbo, kl = validation["elbo"], validation["kl_per_dimension"]
        figures = SplitFigures.model_validate(validation)
        if self.info.config.is_autoencoder:
            figures, kl = SplitFigures(elbo=None, reconstruction=figures.reconstruction, kl=None), None
        self.info = self.info.model_copy(update={"validation": figures, "kl_per_dimension": kl})
        self._validations.append((epoch, elbo))
        if self._best_elbo is None or elbo > self._best_elbo:
            self._best_elbo = elbo
            self._best = self.snapshot()

    @property
    def _is_out_of_patience(self) -> bool:
        """Whether the validation ELBO has not become better for config.patience epochs; those of the warm-up, which
        minimise something else, do not count."""
        counted = [(elbo, -epoch) for epoch, elbo in self._validations if epoch >= self.config.warm_up]
        return bool(self.config.patience and counted) and (
            self._validations[-1][0] + max(counted)[1] >= self.config.patience
        )

    def _take_best(self) -> Progress:
        """Early stopping ends with the weights of the best epoch; says so."""
        assert self.state is not None
        assert self.info is not None
        best, info = model_file.load(self.run.best_path)
        self.state.model.load_state_dict(best.state_dict())
        epochs = f"{self.config.patience} epoch{'s' if self.config.patience > 1 else ''}"
        figure = "log p(x|z)" if info.config.is_autoencoder else "ELBO"
        kept = ("validation", "kl_per_dimension", "epochs", "steps")
        self.info = self.info.model_copy(update={name: getattr(info, name) for name in kept})
        return Progress(
            self.state.step,
            self.state.step,
            "steps",
            notice=f"No better validation {figure} for {epochs}: training has stopped, and the model is that of epoch "
            f"{info.epochs:g}",
        )

    def _save(self) -> None:
        """The best model, the state, then the newest model: a kill between them leaves a run that resumes.

        Raises TrainingError when a weight is no longer a finite number."""
        assert self.state is not None
        assert self.info is not None
        if self._best:
            model_file.save(self.run.best_path, *self._best)
            self._best = None
        if not _is_finite(self.state.model):
            raise diverged("loss", self.state, self.config)
        state_file.save(
            self.run.state_path, self.state, threads=self.threads, best_elbo=self._best_elbo, images=self._images
        )
        model_file.save(self.run.model_path, self.state.model, self.info)
        self._saved_at = (self.state.step, time.monotonic())

    def _keep(self) -> None:
        """Saves what a stopped run has, where there is something new and good."""
        if self.state is not None and self.state.step > self._saved_at[0] and _is_finite(self.state.model):
            self._save()

    def _test(self) -> Generator[Progress, None, ModelInfo]:
        """The figures of the newest model on the test images, which are looked at here for the first time."""
        assert self.data is not None
        assert self.info is not None
        assert self.state is not None
        model, _ = self.snapshot()
        test = self.data.part("test", self.config.seed)
        result = yield from evaluate(model, test, self.info.preparation)
        self.info = self.info.model_copy(update={"test": result.figures, "statistics": result.statistics})
        self.posteriors = StoredPosteriors.first(result.mu, result.sigma)
        model_file.save(self.run.model_path, model, self.info, self.posteriors)
        self.run.add_metrics({"step": self.state.step, "test": result.figures.model_dump()})
        return self.info

    def _no_memory(self) -> str:
        least = max(1, self.config.batch_size // (2 * MAX_PARTS))
        return (
            f"There is not enough memory for batches of {self.config.batch_size} images, also in small parts: close "
            f"other programs and resume, or start again with a batch size of {least}; the last good model is kept"
        )


def _is_finite(model: VAE) -> bool:
    return all(bool(parameter.isfinite().all()) for parameter in model.parameters())


def _report(figures: Metrics) -> dict[str, Any]:
    kl = np.array(figures.kl_per_dimension).round(6).tolist()
    return {"elbo": figures.elbo, "reconstruction": figures.reconstruction, "kl": figures.kl, "kl_per_dimension": kl}
