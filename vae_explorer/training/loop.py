"""The training loop: a generator that makes steps of Adam and tells how far it is."""

import hashlib
import math
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Float32, UInt8
from torch import Tensor

from vae_explorer.core.objective import Loss, negative_elbo
from vae_explorer.core.progress import Progress
from vae_explorer.core.vae import VAE
from vae_explorer.training.config import TrainConfig

REPORTS_PER_EPOCH = 20  # points of the training curve
MESSAGE_INTERVAL = 0.1  # seconds between two items when no report is due
VALIDATION_BATCH = 500  # images


class TrainingError(RuntimeError):
    """Training cannot go on; the text says what to do. The model is as it was before the step that failed."""


@dataclass(frozen=True)
class Figures:
    """Nats per image, averaged over images; elbo = reconstruction − kl."""

    reconstruction: float
    kl_per_dimension: tuple[float, ...]

    @property
    def kl(self) -> float:
        return math.fsum(self.kl_per_dimension)

    @property
    def elbo(self) -> float:
        return self.reconstruction - self.kl


@dataclass(frozen=True)
class TrainingProgress(Progress):
    """done and total are steps. `train` (means since the last report) and `validation` are None when none is due."""

    epoch: float
    epochs: int
    images_per_second: float  # over the whole run, evaluation left out
    seconds_left: float | None = None
    train: Figures | None = None
    validation: Figures | None = None


class Means:
    """Means over images since the last report; kept on the device, so that no step waits for a figure, and added in
    the precision of `sums_dtype`."""

    def __init__(self, images: int = 0, sums: Float[Tensor, "1+z"] | None = None):
        self.images = images
        self.sums = sums  # of the reconstruction and of each dimension's KL

    def add(self, loss: Loss, images: int) -> None:
        parts = torch.cat([loss.reconstruction.detach()[None], loss.kl_per_dimension.detach()])
        parts = parts.to(sums_dtype(parts.device)) * images
        self.sums = parts if self.sums is None else self.sums + parts
        self.images += images

    def figures(self) -> Figures:
        """Raises ValueError when nothing was added."""
        if self.sums is None:
            raise ValueError("there are no figures before the first batch")
        reconstruction, *kl = (self.sums / self.images).tolist()
        return Figures(reconstruction, tuple(kl))


def sums_dtype(device: torch.device) -> torch.dtype:
    """What sums over many images are added in."""
    return torch.float32 if device.type == "mps" else torch.float64  # which MPS has not


@dataclass(eq=False)
class TrainingState:
    """What a step changes, and all that resuming needs: order and noise follow from the seed and the step."""

    model: VAE
    optimizer: torch.optim.Adam
    step: int = 0
    seconds: float = 0.0  # spent in steps
    images: int = 0  # consumed in them
    means: Means = field(default_factory=Means)  # for the next report
    precision: torch.dtype = torch.float32  # of the matrix products

    @classmethod
    def fresh(cls, model: VAE, config: TrainConfig) -> "TrainingState":
        return cls(model, torch.optim.Adam(model.parameters(), lr=config.learning_rate, fused=True))

    @property
    def images_per_second(self) -> float:
        return self.images / self.seconds if self.seconds else 0.0


def train(
    state: TrainingState,
    config: TrainConfig,
    train_images: UInt8[Tensor, "n c h w"],
    validation_x: Float32[Tensor, "m c h w"],
) -> Iterator[TrainingProgress]:
    """Trains until config.epochs are done, one item at least every tenth of a second and at each report.

    Between two items nobody touches the model: copies and checkpoints are made there. Raises TrainingError when the
    loss is no longer finite.
    """
    steps = Steps(len(train_images), config)
    noise = torch.Generator(device=train_images.device)

    def item(train: Figures | None = None, validation: Figures | None = None) -> TrainingProgress:
        return TrainingProgress(
            done=state.step,
            total=steps.total,
            what="steps",
            epoch=state.step / steps.per_epoch,
            epochs=config.epochs,
            images_per_second=state.images_per_second,
            seconds_left=(steps.total - state.step) * state.seconds / state.step if state.step else None,
            train=train,
            validation=validation,
        )

    state.model.train()
    clock = last_item = time.perf_counter()
    while True:
        if state.means.images and steps.is_report(state.step):  # also one that a stop came before
            validation = (
                (yield from _validate(state, config, validation_x, item)) if steps.ends_epoch(state.step) else None
            )
            if validation and not math.isfinite(validation.elbo):
                raise diverged("validation ELBO", state, config)
            figures, state.means = state.means.figures(), Means()
            yield item(figures, validation)
            clock = last_item = time.perf_counter()  # what happened at a yield is not training
        if state.step >= steps.total:  # more, where the images have become fewer
            return
        batch = steps.batch(state.step).to(train_images.device)
        noise.manual_seed(_mixed(config.seed, "noise", state.step))
        loss = training_step(state, config, train_images[batch], noise, beta=steps.beta(state.step))
        if loss is None:
            raise diverged("loss", state, config)
        state.means.add(loss, len(batch))
        state.step += 1
        state.images += len(batch)
        now = time.perf_counter()
        state.seconds += now - clock
        clock = now
        if now - last_item >= MESSAGE_INTERVAL and not steps.is_report(state.step):
            yield item()
            clock = last_item = time.perf_counter()


def training_step(
    state: TrainingState, config: TrainConfig, images: UInt8[Tensor, "b c h w"], noise: torch.Generator, beta: float
) -> Loss | None:
    """One step of Adam on one batch; None, and nothing changed, when the loss is not finite."""
    x = to_training_x(images, config, noise)
    eps = torch.randn(len(x), state.model.z_dim, generator=noise, device=x.device)
    with state.model.computing_in(state.precision):
        loss = negative_elbo(state.model, x, eps, beta)
    if not _is_finite(loss.total):
        return None
    state.optimizer.zero_grad()
    loss.total.backward()  # type: ignore[no-untyped-call]
    state.optimizer.step()
    return loss


def to_training_x(
    images: UInt8[Tensor, "b c h w"], config: TrainConfig, noise: torch.Generator
) -> Float32[Tensor, "b c h w"]:
    """Pixels in [0, 1]; for a bernoulli likelihood drawn anew each time: white with probability level/255 (dynamic
    binarisation, Salakhutdinov & Murray 2008)."""
    if config.likelihood == "gaussian":
        return images.float().div_(255)
    threshold = torch.empty_like(images).random_(0, 255, generator=noise)  # 0 … 254
    return (threshold < images).float()


class Steps:
    """Which images each step sees, and with which beta: a function of the seed and the step alone, so that a resumed
    run needs no memory of the order."""

    def __init__(self, images: int, config: TrainConfig):
        self.images, self.config = images, config
        self.per_epoch = math.ceil(images / config.batch_size)
        self.total = self.per_epoch * config.epochs
        self.per_report = math.ceil(self.per_epoch / REPORTS_PER_EPOCH)
        self._epoch = -1
        self._order = torch.empty(0, dtype=torch.long)

    def batch(self, step: int) -> Tensor:
        """The indices of the images of one step; every epoch sees each image once."""
        epoch, position = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            generator = torch.Generator().manual_seed(_mixed(self.config.seed, "order", epoch))
            self._epoch, self._order = epoch, torch.randperm(self.images, generator=generator)
        first = position * self.config.batch_size
        return self._order[first : first + self.config.batch_size]

    def ends_epoch(self, step: int) -> bool:
        """Whether so many steps are whole epochs."""
        return step % self.per_epoch == 0

    def is_report(self, step: int) -> bool:
        """Whether a report is due after so many steps."""
        return self.ends_epoch(step) or step % self.per_epoch % self.per_report == 0

    def beta(self, step: int) -> float:
        """beta of one step: grows in a straight line over the warm-up (Bowman et al. 2016)."""
        warm_up = self.config.warm_up * self.per_epoch
        return self.config.beta * min(1.0, (step + 1) / warm_up) if warm_up else self.config.beta


def _validate(
    state: TrainingState,
    config: TrainConfig,
    x: Float32[Tensor, "m c h w"],
    item: Callable[[], TrainingProgress],
) -> Generator[TrainingProgress, None, Figures]:
    """The mean over the validation images, with the same noise every time; an item after each batch."""
    noise = torch.Generator(device=x.device).manual_seed(_mixed(config.seed, "validation", 0))
    means = Means()
    state.model.eval()
    for batch in torch.split(x, VALIDATION_BATCH):
        with torch.no_grad():
            eps = torch.randn(len(batch), state.model.z_dim, generator=noise, device=x.device)
            means.add(negative_elbo(state.model, batch, eps), len(batch))
        yield item()
    state.model.train()
    return means.figures()


def diverged(what: str, state: TrainingState, config: TrainConfig) -> TrainingError:
    """The error that says so, and what to do."""
    return TrainingError(
        f"The {what} is no longer a finite number at step {state.step}: lower the learning rate "
        f"(it is {config.learning_rate:g}) and start again; the last good model is kept"
    )


def _is_finite(loss: Float[Tensor, ""]) -> bool:
    return loss.device.type == "meta" or math.isfinite(float(loss.detach()))


def _mixed(seed: int, purpose: str, index: int) -> int:
    """A seed for one purpose and step. torch's CPU generator looks at 32 bits only, so they must all depend on all."""
    return int.from_bytes(hashlib.blake2b(f"{seed}/{purpose}/{index}".encode(), digest_size=4).digest())
