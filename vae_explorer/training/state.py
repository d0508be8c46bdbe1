"""What a run is at one moment: weights, optimizer, step, and the figures of the next report."""

import math
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from vae_explorer.core.objective import Loss
from vae_explorer.core.vae import VAE
from vae_explorer.training.config import TrainConfig

MOST_PARTS = 8  # of a batch: it is halved three times at most


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

    def figures(self) -> Figures | None:
        """None when nothing was added."""
        if self.sums is None or not self.sums[0]:
            return None
        reconstruction, *kl = (self.sums[1:] / self.sums[0]).tolist()
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
    parts: int = 1  # in which a batch is computed, where it does not fit into memory at once
    bad: Float[Tensor, "2"] | None = None  # steps left out: those in a row just now, and all; on the device

    @classmethod
    def fresh(cls, model: VAE, config: TrainConfig) -> "TrainingState":
        return cls(model, torch.optim.Adam(model.parameters(), lr=config.learning_rate, fused=True))

    @property
    def images_per_second(self) -> float:
        return self.images / self.seconds if self.seconds else 0.0

    def kept(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """A copy of the weights and of Adam's moments."""
        return deepcopy((self.model.state_dict(), self.optimizer.state_dict()))

    def restore(self, kept: tuple[dict[str, Any], dict[str, Any]]) -> None:
        """Brings them back; the step goes on, so that other images come next."""
        weights, moments = deepcopy(kept)
        self.model.load_state_dict(weights)
        self.optimizer.load_state_dict(moments)
        self.bad = None

    def needs_less_memory(self, error: Exception, batch_size: int) -> bool:
        """Whether the error is a want of memory that a batch in twice as many parts may mend; it is divided so."""
        if not is_out_of_memory(error) or self.parts == MOST_PARTS or self.parts >= batch_size:
            return False
        self.parts *= 2
        self.optimizer.zero_grad()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return True

    def at_once(self, batch_size: int) -> int:
        """Images of a batch that are computed together."""
        return math.ceil(batch_size / self.parts)

    def smaller(self, batch_size: int) -> str:
        """The sentence that says so."""
        return (
            f"There is not enough memory for {batch_size:,} images at once: each step computes them "
            f"{self.at_once(batch_size):,} at a time from here on, which is slower and gives the same result"
        )


def is_out_of_memory(error: BaseException) -> bool:
    """Whether torch or Python asked for more memory than there is; the CPU's allocator has no error of its own."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    said = str(error)
    return isinstance(error, RuntimeError) and ("not enough memory" in said or "can't allocate" in said)
