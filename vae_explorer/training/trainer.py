"""A run being made, from loading the images to the test figures; it can be paused, stopped and resumed."""

import errno
import hashlib
from contextlib import suppress
from copy import deepcopy
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor

from vae_explorer.core.config import ModelOptions, VAEConfig
from vae_explorer.core.progress import Job, Progress
from vae_explorer.core.vae import VAE
from vae_explorer.data import catalog
from vae_explorer.data.image_set import DataSet, ImageSet
from vae_explorer.errors import UserError, is_out_of_memory
from vae_explorer.training import device as devices
from vae_explorer.training import model_file, state_file
from vae_explorer.training.loop import TrainingError, training_step
from vae_explorer.training.mapped import Mapped, as_tensor
from vae_explorer.training.model_file import ModelInfo
from vae_explorer.training.run import REMEDY, Run, RunError
from vae_explorer.training.state import MAX_PARTS, TrainingState
from vae_explorer.training.training import Training

DIGESTED_AT_ONCE = 1024  # images
DISK_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


class Trainer:
    """Drives one run: iterate `work()`. What there is to see of it meanwhile is `training`.

    Closing the generator stops the run: its state is on disk and `work()` of a new Trainer goes on from there.
    """

    def __init__(self, run: Run, *, data: DataSet | None = None, leave_a_core: bool = False):
        self.run, self.config = run, run.config
        self._data = data  # None: yet to be loaded
        self._leave_a_core = leave_a_core  # for a window that is to stay smooth meanwhile
        self.training: Training | None = None  # once its images are loaded and its speed is chosen

    def work(self) -> Job[ModelInfo]:
        """Loads, trains, tests; the result is what the model file says. Raises TrainingError, RunError, ValueError,
        OSError with a sentence for the user. A new run that comes to no model leaves nothing."""
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
                finally:
                    self.run.take_back()
        except TrainingError as error:
            raise self._told(str(error)) from error
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            least = max(1, self.config.batch_size // (2 * MAX_PARTS))
            raise self._told(
                f"There is not enough memory for batches of {self.config.batch_size} images, even in small parts: "
                f"close other programs and {self._again}, or begin a new run with a batch size of {least}"
            ) from error
        except OSError as error:
            if error.errno in DISK_FULL:
                what = f"The disk of {self.run.folder} is full: free some space and {self._again}"
            elif error.filename and Path(error.filename).parent == self.run.folder:
                why = f"can no longer be written ({error.strerror}): {REMEDY}, and {self._again}"
                what = f"The run's folder {self.run.folder} {why}"
            else:
                raise
            raise self._told(what) from error

    @property
    def _again(self) -> str:
        return "resume" if self.run.state_path.exists() else "start again"

    def _told(self, what: str) -> TrainingError:
        return TrainingError(f"{what}; the last good model is kept" if self.run.has_model else what)

    def _work(self) -> Job[ModelInfo]:
        config = self.config
        device = devices.choose(config.device)
        data = self._data or (yield from catalog.load(config.data, config.reading))
        train_set = data.part("train", config.seed, config.validation_images)
        if not len(train_set):
            least = 3 if data.test is None else 2  # one for each part
            if data.test and not len(data.train):
                raise UserError(f"{data.name} has only test images, which are for evaluation; train on other images")
            raise UserError(f"{data.name} has {len(data.train)} images; training needs at least {least}")
        state = self._state(train_set, device, (yield from _digest(train_set)))
        images = as_tensor(train_set.images, device)
        if not state.threads:
            yield from self._choose_speed(state, images)
        torch.set_num_threads(state.threads)
        self.training = Training(self.run, data, train_set, state)
        return (yield from self.training.work(images))

    def _state(self, train_set: ImageSet, device: torch.device, digest: str) -> TrainingState:
        """A new one, or the one on disk."""
        options = self.config.model_dump(include=set(ModelOptions.model_fields))
        model_config = VAEConfig(image_shape=train_set.image_shape, **options)
        model_file.check_size(model_config)
        model = VAE(model_config).initialise(torch.Generator().manual_seed(self.config.seed)).to(device)
        if self.run.state_path.exists():
            state = self._loaded(model, digest)
        elif self.run.model_path.exists():
            raise RunError(
                f"{self.run.folder} holds a model without the state needed to resume: start a new run in another "
                "folder; the model can still be opened"
            )
        else:
            state = TrainingState.fresh(model, self.config)
            state.images_digest = digest
        self.run.rewind_metrics(state.step, without_figures=state.means.sums is not None)
        return state

    def _loaded(self, model: VAE, images: str) -> TrainingState:
        try:
            return state_file.load(self.run.state_path, model, self.config, images=images)
        except state_file.OtherImagesError:
            if not self.run.is_moved:
                raise
            raise RunError(
                f"{self.config.data} does not contain the images that this run was trained on: give the original ones"
            ) from None

    def _choose_speed(self, state: TrainingState, images: UInt8[Tensor, "n c h w"] | Mapped) -> Job[None]:
        """Tries what is fastest here at a run's start; a resumed run goes on as it began."""
        size = self.config.batch_size
        trial = TrainingState.fresh(deepcopy(state.model), self.config)
        batch, noise = images[:size], torch.Generator(device=images.device)

        def step(speed: devices.Speed) -> None:
            trial.precision = speed.precision
            while True:
                try:
                    training_step(trial, self.config, batch, noise, beta=1.0)
                    return
                except Exception as error:
                    if not trial.shrink_after(error, size):
                        raise

        speeds = devices.candidates(images.device, self.config, leave_a_core=self._leave_a_core)
        chosen = yield from devices.fastest(speeds, step)
        state.threads, state.precision, state.parts = chosen.threads, chosen.precision, trial.parts
        if state.parts > 1:
            yield Progress(1, 1, "speeds tried", notice=state.memory_notice(size))

    def _keep(self) -> None:
        if self.training:
            self.training.keep()


def _digest(train_set: ImageSet) -> Job[str]:
    """Of the training images: their shape and every pixel, in their order."""
    person = str(tuple(train_set.image_shape)).encode()  # as the first versions wrote it
    digest = hashlib.blake2b(digest_size=16, person=person)
    for start in range(0, len(train_set), DIGESTED_AT_ONCE):
        digest.update(np.ascontiguousarray(train_set.images[start : start + DIGESTED_AT_ONCE]).data)
        yield Progress(start, len(train_set), "images looked through")  # of a large map that takes minutes
    return digest.hexdigest()
