"""What a run is at one moment: weights, optimizer, step, and the figures of the next report."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from vae_explorer.core.objective import Loss, Metrics
from vae_explorer.core.vae import VAE
from vae_explorer.errors import is_out_of_memory
from vae_explorer.training.config import TrainConfig

WEIGHTS = "weights"
MOMENTS = ("exp_avg", "exp_avg_sq")  # Adam's running means (Kingma & Ba 2015)
MAX_PARTS = 8  # of a batch: it is halved three times at most


class Means:
    """Means over images since the last report; kept on the device, so that no step waits for a figure, and added in
    the precision of `sums_dtype`."""

    def __init__(self, sums: Float[Tensor, "2+z"] | None = None):
        self.sums = sums  # of ones, of the reconstruction and of each dimension's KL; None before the first batch

    def add(self, loss: Loss, images: int, bad: Float[Tensor, ""] | None = None) -> None:
        """Adds a batch, unless `bad` is 1."""
        parts = torch.cat([loss.total.new_ones(1), loss.reconstruction.detach()[None], loss.kl_per_dimension.detach()])
        parts = parts.to(sums_dtype(parts.device)) * images
        if bad is not None:
            parts = torch.where(bad > 0, torch.zeros_like(parts), parts)
        self.sums = parts if self.sums is None else self.sums + parts

    def figures(self) -> Metrics | None:
        """None when nothing was added."""
        if self.sums is None or not self.sums[0]:
            return None
        reconstruction, *kl = (self.sums[1:] / self.sums[0]).tolist()
        return Metrics(reconstruction, tuple(kl))


def sums_dtype(device: torch.device) -> torch.dtype:
    """What sums over many images are added in."""
    return torch.float32 if device.type == "mps" else torch.float64  # which MPS has not


@dataclass(frozen=True, eq=False)
class Kept:
    """The weights and Adam's moments as they were after a step; nobody changes them."""

    step: int
    updates: int  # of the weights: steps that were not left out
    tensors: Mapping[str, Tensor]  # by the names of TrainingState.tensors


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
    parts: int = 1  # in which a batch is computed, where it does not fit into memory at once
    bad: Float[Tensor, "2"] | None = None  # steps left out: those in a row just now, and all; on the device
    kept: Kept | None = None  # what comes back after too many of them
    restores: int = 0
    threads: int = 0  # that it computes with; 0: not yet chosen
    best_elbo: float | None = None  # of the validations so far, in nats
    images_digest: str = ""  # of the training images; the first versions wrote none

    @classmethod
    def fresh(cls, model: VAE, config: TrainConfig) -> "TrainingState":
        return cls(model, torch.optim.Adam(model.parameters(), lr=config.learning_rate, fused=True))

    @property
    def images_per_second(self) -> float:
        return self.images / self.seconds if self.seconds else 0.0

    @property
    def updates(self) -> int:
        """Steps that have changed the weights."""
        return max((int(of_parameter["step"]) for of_parameter in self.optimizer.state.values()), default=0)

    def tensors(self) -> dict[str, Tensor]:
        """Weights and moments by name, the ones that steps change. There are no moments before the first update."""
        found = {f"{WEIGHTS}/{name}": tensor for name, tensor in self.model.state_dict().items()}
        for name, parameter in self.model.named_parameters():
            if parameter in self.optimizer.state:
                found |= {f"{moment}/{name}": self.optimizer.state[parameter][moment] for moment in MOMENTS}
        return found

    def put(self, tensors: Mapping[str, Tensor], updates: int) -> None:
        """Takes copies of weights and moments by those names."""
        self.model.load_state_dict({name: tensors[f"{WEIGHTS}/{name}"] for name in self.model.state_dict()})
        self.optimizer.state.clear()
        for name, parameter in self.model.named_parameters() if updates else ():
            step = torch.tensor(float(updates), device=parameter.device)
            moments = {moment: tensors[f"{moment}/{name}"].to(parameter.device, copy=True) for moment in MOMENTS}
            self.optimizer.state[parameter] = {"step": step, **moments}

    def keep(self) -> None:
        """Makes these weights those that `restore` brings back."""
        self.kept = Kept(self.step, self.updates, {name: one.detach().clone() for name, one in self.tensors().items()})

    def restore(self) -> None:
        """Brings back what was kept; the step goes on, so that other images come next."""
        if self.kept is None:
            raise ValueError("nothing was kept")
        self.put(self.kept.tensors, self.kept.updates)
        self.bad, self.restores = None, self.restores + 1

    def shrink_after(self, error: Exception, images: int) -> bool:
        """Computes batches in twice as many parts from here on, where the error is a want of memory and so many images
        can still be parted; whether it does."""
        if not is_out_of_memory(error) or self.parts >= min(MAX_PARTS, images):
            return False
        self.parts *= 2
        self.optimizer.zero_grad()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        elif torch.backends.mps.is_available():
            torch.mps.empty_cache()
        return True

    def at_once(self, images: int) -> int:
        """Of so many, those that are computed together."""
        return math.ceil(images / self.parts)

    def memory_notice(self, images: int) -> str:
        """The sentence that says in which parts so many are computed."""
        return (
            f"There is not enough memory for {images:,} images at once: they are now computed {self.at_once(images):,} "
            "at a time, which is slower and gives the same result"
        )
