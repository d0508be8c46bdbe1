"""A run whose images are loaded: weights that change, and what is known and kept of them."""

import logging
import time
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import numpy as np
from jaxtyping import UInt8
from torch import Tensor

from vae_explorer.core.card import SplitFigures
from vae_explorer.core.objective import Metrics
from vae_explorer.core.progress import Job, Progress
from vae_explorer.core.vae import VAE
from vae_explorer.data.image_set import DataSet, ImageSet
from vae_explorer.data.preparation import Preparation
from vae_explorer.training import device as devices
from vae_explorer.training import model_file, state_file
from vae_explorer.training.evaluation import evaluate
from vae_explorer.training.loop import Steps, TrainingProgress, diverged, train
from vae_explorer.training.mapped import Mapped, as_tensor
from vae_explorer.training.model_file import ModelInfo, StoredPosteriors
from vae_explorer.training.run import GROWN, Run
from vae_explorer.training.state import TrainingState

log = logging.getLogger(__name__)
CHECKPOINT_INTERVAL = 10.0  # seconds of training
EPOCH_CHECKPOINT_INTERVAL = 1.0  # seconds: very short epochs do not each wait for the disk


class Training:
    """Trains, reports, saves, tests. Between two items of `work()` the model rests and `snapshot()` may be called."""

    def __init__(self, run: Run, data: DataSet, train_set: ImageSet, state: TrainingState):
        config = run.config
        self.run, self.config, self.data, self.state = run, config, data, state
        self.validation = data.part("validation", config.seed, config.validation_images)
        precision = str(state.precision).removeprefix("torch.")
        found = {"data": data.name, "threads": state.threads, "precision": precision}  # no path of this machine
        self.info = ModelInfo(
            config=state.model.config,
            preparation=Preparation.of(train_set.images, config.likelihood, data.reading, data.sizes),
            data=data.name,
            split_seed=config.seed,
            validation_images=config.validation_images,
            train_config={**config.model_dump(mode="json"), **found},
            epochs=state.step / Steps(len(train_set), config).per_epoch,
            steps=state.step,
            train_images=len(train_set),
        )
        self.posteriors: StoredPosteriors | None = None  # once the test images have been looked at
        self._newest = self._copy()
        self._best: tuple[VAE, ModelInfo] | None = None  # not yet on disk
        self._validations: list[tuple[float, float]] = []  # epoch, ELBO
        self._saved_at = state.step, time.monotonic()
        for report in run.metrics():
            if GROWN in report:
                self._validations.clear()
            if "validation" in report:
                self._note_validation(report["epoch"], report["validation"])

    def work(self, images: UInt8[Tensor, "n c h w"] | Mapped) -> Job[ModelInfo]:
        """Trains on these images to the end, then tests; the result is what the model file says. Raises TrainingError,
        OSError."""
        self._adopt_changes()
        validation_x = as_tensor(self.validation.images, images.device, self.info.preparation)
        if not self._is_out_of_patience:
            for progress in train(self.state, self.config, images, validation_x):
                self._record(progress)
                yield progress
                if self._is_out_of_patience:
                    break
        self.save()
        if self._is_out_of_patience:
            yield self._take_best()
        return (yield from self._test())

    def snapshot(self) -> tuple[VAE, ModelInfo]:
        """A copy of the model on the CPU that nobody changes, and what is known of it; the one before where a weight is
        not a finite number, which the next steps are going to mend or say."""
        if _is_finite(self.state.model):
            self._newest = self._copy()
        return self._newest

    def facts(self) -> dict[str, Any]:
        """What the run is made of: device, numbers of images, their shape, a sentence for each file that is not among
        them, parameters of decoder and encoder."""
        decoder = [p for name, p in self.state.model.named_parameters() if not name.startswith("encoder.")]
        encoder = self.state.model.encoder.parameters()
        return {
            "device": self.device_text,
            "train_images": self.info.train_images,
            "validation_images": len(self.validation),
            "image_shape": self.info.config.image_shape,
            "skipped": tuple(one.reason for one in self.data.skipped),
            "theta": sum(p.numel() for p in decoder),
            "phi": sum(p.numel() for p in encoder),
        }

    @property
    def device_text(self) -> str:
        """Where it computes, for people."""
        device = next(self.state.model.parameters()).device
        return devices.describe(device, devices.Speed(self.state.threads, self.state.precision))

    def save(self) -> None:
        """The best model, the state, then the newest model: a kill between them leaves a run that resumes.

        Raises TrainingError when a weight is no longer a finite number."""
        if self._best:
            model_file.save(self.run.best_path, *self._best)
            self._best = None
        if not _is_finite(self.state.model):
            raise diverged("loss", self.state, self.config)
        state_file.save(self.run.state_path, self.state)
        model_file.save(self.run.model_path, self.state.model, self.info)
        self._saved_at = self.state.step, time.monotonic()

    def keep(self) -> None:
        """Saves what a stopped run has, where there is something new and good."""
        if self.state.step > self._saved_at[0] and _is_finite(self.state.model):
            self.save()

    def _adopt_changes(self) -> None:
        """Where more epochs are asked of a run that had stopped early, its patience counts anew from here, which
        metrics.jsonl says: a run that is resumed once more must know."""
        if self.run.is_longer and self._is_out_of_patience:
            self.run.add_metrics({"step": self.state.step, "epoch": self.info.epochs, GROWN: self.config.epochs})
            self._validations.clear()
        self.run.adopt()

    def _copy(self) -> tuple[VAE, ModelInfo]:
        return deepcopy(self.state.model).cpu().eval().requires_grad_(False), self.info

    def _record(self, progress: TrainingProgress) -> None:
        """Metrics, the best model and checkpoints."""
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
            self.save()

    def _note_validation(self, epoch: float, validation: Mapping[str, Any]) -> None:
        """A report's validation figures: now, or read again from the metrics of a run that is resumed."""
        elbo, kl = validation["elbo"], validation["kl_per_dimension"]
        figures = SplitFigures.model_validate(validation)
        if not self.info.card.can("elbo"):
            figures, kl = SplitFigures(elbo=None, reconstruction=figures.reconstruction, kl=None), None
        self.info = self.info.model_copy(update={"validation": figures, "kl_per_dimension": kl})
        self._validations.append((epoch, elbo))
        if self.state.best_elbo is None or elbo > self.state.best_elbo:
            self.state.best_elbo = elbo
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
        best, info = model_file.load(self.run.best_path)
        self.state.model.load_state_dict(best.state_dict())
        epochs = f"{self.config.patience} epoch{'s' if self.config.patience > 1 else ''}"
        figure = "ELBO" if info.card.can("elbo") else "log p(x|z)"
        kept = ("validation", "kl_per_dimension", "epochs", "steps")
        self.info = self.info.model_copy(update={name: getattr(info, name) for name in kept})
        return Progress(
            self.state.step,
            self.state.step,
            "steps",
            notice=f"No better validation {figure} for {epochs}: training has stopped; the model is from epoch "
            f"{info.epochs:g}",
        )

    def _test(self) -> Job[ModelInfo]:
        """The figures of the newest model on the test images, which are looked at here for the first time."""
        model, _ = self.snapshot()
        test = self.data.part("test", self.config.seed)
        result = yield from evaluate(model, test, self.info.preparation)
        self.info = self.info.model_copy(update={"test": result.figures, "statistics": result.statistics})
        self.posteriors = StoredPosteriors.first(result.mu, result.sigma)
        model_file.save(self.run.model_path, model, self.info, self.posteriors)
        self.run.add_metrics({"step": self.state.step, "test": result.figures.model_dump()})
        return self.info


def _is_finite(model: VAE) -> bool:
    return all(bool(parameter.isfinite().all()) for parameter in model.parameters())


def _report(figures: Metrics) -> dict[str, Any]:
    kl = np.array(figures.kl_per_dimension).round(6).tolist()
    return {"elbo": figures.elbo, "reconstruction": figures.reconstruction, "kl": figures.kl, "kl_per_dimension": kl}
