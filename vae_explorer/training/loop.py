"""The training loop: a generator that makes steps of Adam and tells how far it is."""

import hashlib
import math
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float32, UInt8
from torch import Tensor

from vae_explorer.core.objective import Loss, Metrics, negative_elbo
from vae_explorer.core.progress import Progress
from vae_explorer.training.config import TrainConfig
from vae_explorer.training.mapped import Mapped
from vae_explorer.training.state import Means, TrainingState

REPORTS_PER_EPOCH = 20  # points of the training curve
MESSAGE_INTERVAL = 0.1  # seconds between two items when no report is due
VALIDATION_BATCH = 500  # images
BAD_IN_A_ROW = 3  # steps, after which the weights of the last good epoch come back
RESTORES = 2  # times; then training stops
HEEDS_FOUND_INF = ("cpu", "cuda", "meta")  # devices whose fused Adam leaves a step out where found_inf says so


class TrainingError(RuntimeError):
    """Training cannot go on; the text says what to do. The model is as it was after the last good step."""


@dataclass(frozen=True)
class TrainingProgress(Progress):
    """done and total are steps. `train` (means since the last report) and `validation` are None when none is due."""

    epoch: float
    epochs: int
    images_per_second: float  # over the whole run, evaluation left out
    seconds_left: float | None = None
    train: Metrics | None = None
    validation: Metrics | None = None


def train(
    state: TrainingState,
    config: TrainConfig,
    train_images: UInt8[Tensor, "n c h w"] | Mapped,
    validation_x: Float32[Tensor, "m c h w"] | Mapped,
) -> Iterator[TrainingProgress]:
    """Trains until config.epochs are done, one item at least every tenth of a second and at each report.

    Between two items nobody touches the model: copies and checkpoints are made there.

    A step whose loss or gradient is not finite is left out. After three in a row the weights of the last epoch's end
    come back, and when that has not helped twice TrainingError is raised; so it is when the validation ELBO is not
    finite. Where memory is short the batch is computed in up to eight parts. A notice says each of these.
    """
    steps = Steps(len(train_images), config)
    noise = torch.Generator(device=train_images.device)
    left_out = 0 if state.bad is None else int(state.bad[1])
    if state.kept is None or (state.means.sums is None and steps.ends_epoch(state.step)):
        state.keep()  # also where a kill came between an epoch's report and this

    def item(
        train: Metrics | None = None, validation: Metrics | None = None, notice: str | None = None
    ) -> TrainingProgress:
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
            notice=notice,
        )

    def one_step() -> None:
        batch = steps.batch(state.step).to(train_images.device)
        noise.manual_seed(_mixed(config.seed, "noise", state.step))
        for group in state.optimizer.param_groups:
            group["lr"] = steps.learning_rate(state.step)
        training_step(state, config, train_images[batch], noise, beta=steps.beta(state.step))
        state.step += 1
        state.images += len(batch)

    state.model.train()
    clock = last_item = time.perf_counter()
    while True:
        if state.means.sums is not None and steps.is_report(state.step):  # also one that a stop came before
            validation = (
                (yield from _validate(state, config, validation_x, item)) if steps.ends_epoch(state.step) else None
            )
            if validation and not math.isfinite(validation.elbo):
                raise diverged("validation ELBO", state, config)
            figures, state.means = state.means.figures(), Means()
            if figures or validation:
                yield item(figures, validation)
            if validation:
                state.keep()
            clock = last_item = time.perf_counter()  # what happened at a yield is not training
        if state.step >= steps.total:  # more, where the images have become fewer
            return
        try:
            one_step()
            notice = None
        except Exception as error:
            if not state.shrink_after(error, config.batch_size):
                raise
            notice = state.memory_notice(config.batch_size)
        now = time.perf_counter()
        state.seconds += now - clock
        clock = now
        is_report = steps.is_report(state.step)
        # elsewhere than on the CPU looking at a figure means waiting for all that was asked of the device
        if state.bad is not None and (state.bad.device.type == "cpu" or is_report):
            in_a_row, left_out_now = map(int, state.bad.tolist())
            if in_a_row >= BAD_IN_A_ROW:
                if state.restores == RESTORES:
                    raise diverged("loss", state, config)
                state.restore()
                left_out = 0
                notice = _left_out(in_a_row, state.step, "the weights of the last good epoch were restored")
            elif left_out_now > left_out:
                notice = _left_out(left_out_now - left_out, state.step)
                left_out = left_out_now
        if notice or (now - last_item >= MESSAGE_INTERVAL and not is_report):
            yield item(notice=notice)
            clock = last_item = time.perf_counter()


def training_step(
    state: TrainingState, config: TrainConfig, images: UInt8[Tensor, "b c h w"], noise: torch.Generator, beta: float
) -> Loss:
    """One step of Adam on one batch. Where the loss or a gradient is not finite it changes nothing and is counted in
    `state.bad`; nothing here waits for the device."""
    x = to_training_x(images, config, noise)
    eps = torch.randn(len(x), state.model.z_dim, generator=noise, device=x.device)
    state.optimizer.zero_grad()
    at_once = state.at_once(len(x))
    parts = [
        _backward(state, part, part_eps, beta, share=len(part) / len(x))
        for part, part_eps in zip(torch.split(x, at_once), torch.split(eps, at_once), strict=True)
    ]
    loss = Loss(*(sum(figures[1:], start=figures[0]) for figures in zip(*parts, strict=True)))
    # every layer has a bias, and what is not finite in a layer reaches it; to look at all takes eight times as long
    gradients = [p.grad for p in state.model.parameters() if p.grad is not None and p.ndim <= 1]
    bad = 1 - torch.isfinite(torch.nn.utils.get_total_norm(gradients) + loss.total).float()
    if bad.device.type in HEEDS_FOUND_INF:
        state.optimizer.found_inf = bad  # type: ignore[attr-defined]  # as torch.amp.GradScaler does
        state.optimizer.step()
    elif not bad:
        state.optimizer.step()
    before = torch.zeros(2, device=bad.device) if state.bad is None else state.bad
    state.bad = torch.stack([(before[0] + 1) * bad, before[1] + bad])
    state.means.add(loss, len(x), bad)
    return loss


def _backward(
    state: TrainingState, x: Float32[Tensor, "b c h w"], eps: Float32[Tensor, "b z"], beta: float, share: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Adds the gradients of a part of the batch; gives its share of the loss: total, reconstruction and KL of each
    dimension."""
    with state.model.computing_in(state.precision):
        loss = negative_elbo(state.model, x, eps, beta)
    total = loss.total * share
    total.backward()  # type: ignore[no-untyped-call]
    return total.detach(), loss.reconstruction.detach() * share, loss.kl_per_dimension.detach() * share


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

    def learning_rate(self, step: int) -> float:
        """Adam's step size at one step: constant, or half a cosine from its value to 0 (Loshchilov & Hutter 2017). A
        run that is given more epochs follows the cosine of its new length from there, so its step size jumps up."""
        if self.config.schedule == "constant":
            return self.config.learning_rate
        return self.config.learning_rate * 0.5 * (1 + math.cos(math.pi * step / self.total))

    def beta(self, step: int) -> float:
        """beta of one step: grows in a straight line over the warm-up (Bowman et al. 2016)."""
        warm_up = self.config.warm_up * self.per_epoch
        return self.config.beta * min(1.0, (step + 1) / warm_up) if warm_up else self.config.beta


def _validate(
    state: TrainingState,
    config: TrainConfig,
    x: Float32[Tensor, "m c h w"] | Mapped,
    item: Callable[..., TrainingProgress],
) -> Generator[TrainingProgress, None, Metrics]:
    """The mean over the validation images, with the same noise every time; an item after each batch."""
    noise = torch.Generator(device=x.device).manual_seed(_mixed(config.seed, "validation", 0))
    means = Means()
    state.model.eval()
    for start in range(0, len(x), VALIDATION_BATCH):
        batch = x[start : start + VALIDATION_BATCH]
        eps = torch.randn(len(batch), state.model.z_dim, generator=noise, device=x.device)
        while True:
            at_once = VALIDATION_BATCH
            if state.parts > 1:
                at_once = min(state.at_once(VALIDATION_BATCH), state.at_once(config.batch_size))
            try:
                losses = _validation_losses(state, torch.split(batch, at_once), torch.split(eps, at_once))
                break
            except Exception as error:
                if not state.shrink_after(error, VALIDATION_BATCH):
                    raise
            yield item(notice=state.memory_notice(config.batch_size))
        for loss, images in losses:
            means.add(loss, images)
        yield item()
    state.model.train()
    figures = means.figures()
    assert figures is not None
    return figures


@torch.no_grad()
def _validation_losses(
    state: TrainingState, parts: Sequence[Float32[Tensor, "b c h w"]], eps: Sequence[Float32[Tensor, "b z"]]
) -> list[tuple[Loss, int]]:
    return [(negative_elbo(state.model, x, part_eps), len(x)) for x, part_eps in zip(parts, eps, strict=True)]


def diverged(what: str, state: TrainingState, config: TrainConfig) -> TrainingError:
    """The error that says so, and what to do."""
    return TrainingError(
        f"The {what} is not finite at step {state.step}: lower the learning rate "
        f"(it is {config.learning_rate:g}) and start again"
    )


def _left_out(steps: int, last: int, mended: str = "") -> str:
    which = f"Step {last:,} was" if steps == 1 else f"{steps} steps up to step {last:,} were"
    why = "the loss or a gradient was not finite"
    return f"{which} skipped because {why}{mended and f'; {mended}'}: lower the learning rate if this continues"


def _mixed(seed: int, purpose: str, index: int) -> int:
    """A seed for one purpose and step. torch's CPU generator looks at 32 bits only, so they must all depend on all."""
    return int.from_bytes(hashlib.blake2b(f"{seed}/{purpose}/{index}".encode(), digest_size=4).digest())
