"""A model's figures over a set of images."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

import numpy as np
import torch
from jaxtyping import Float32, Float64

from vae_explorer.core.evidence import Bound, bounds
from vae_explorer.core.model import Model
from vae_explorer.core.progress import Job, Progress
from vae_explorer.data.image_set import ImageSet
from vae_explorer.data.preprocess import Preparation, to_x
from vae_explorer.errors import UserError
from vae_explorer.training.model_file import LatentStatistics, SplitFigures

ENCODED_AT_ONCE = 128  # images
ACTIVE_VARIANCE = 0.01  # of mu over the data (Burda et al. 2016)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Nats per image, averaged over the images; evidence and what follows from it are None where not asked for."""

    split: str
    elbos: Float64[np.ndarray, "n"]  # of each image
    reconstruction: float
    kl: float
    kl_per_dimension: Float64[np.ndarray, "z"]  # closed form
    mu_variance: Float64[np.ndarray, "z"]
    log_evidence: float | None
    standard_error: float | None  # of log_evidence: what the importance sampling leaves open, not the choice of images
    effective_sample_size: float | None  # median over the images

    @property
    def elbo(self) -> float:
        return self.reconstruction - self.kl

    @property
    def gap(self) -> float | None:
        """log p(x) − ELBO; None for one draw, which cannot tell them apart."""
        if self.log_evidence is None or self.standard_error is None:
            return None
        return max(0.0, self.log_evidence - self.elbo)

    @property
    def active_dimensions(self) -> list[int]:
        return [int(j) for j in np.flatnonzero(self.mu_variance > ACTIVE_VARIANCE)]

    @property
    def figures(self) -> SplitFigures:
        return SplitFigures(elbo=self.elbo, reconstruction=self.reconstruction, kl=self.kl)

    @property
    def statistics(self) -> LatentStatistics:
        return LatentStatistics(
            split="validation" if self.split == "validation" else "test",
            images=len(self.elbos),
            kl_per_dimension=self.kl_per_dimension.tolist(),
            mu_variance=self.mu_variance.tolist(),
            elbo_quantiles=np.quantile(self.elbos, np.linspace(0, 1, 101)).tolist(),
        )


def evaluate(
    model: Model,
    images: ImageSet,
    preparation: Preparation,
    *,
    importance_samples: int | None = None,
    seed: int = 0,
) -> Job[Evaluation]:
    """Every image's bound, and their means. The model computes on the CPU. Raises ValueError for no images."""
    if not len(images):
        raise UserError(f"{images.name} has no {images.split} images to evaluate")
    found: list[Bound] = []
    for bound in _bounds(model, images, preparation, importance_samples, seed):
        found.append(bound)
        yield Progress(len(found), len(images), "images")

    mu = np.stack([bound.mu for bound in found]).astype(np.float64)
    evidences = [bound.log_evidence for bound in found if bound.log_evidence is not None]
    errors = [bound.standard_error for bound in found if bound.standard_error is not None]
    sizes = [bound.effective_sample_size for bound in found if bound.effective_sample_size is not None]
    return Evaluation(
        split=images.split,
        elbos=np.array([bound.elbo for bound in found]),
        reconstruction=float(np.mean([bound.reconstruction for bound in found])),
        kl=float(np.mean([bound.kl for bound in found])),
        kl_per_dimension=np.stack([bound.kl_per_dimension for bound in found]).mean(axis=0, dtype=np.float64),
        mu_variance=mu.var(axis=0),
        log_evidence=float(np.mean(evidences)) if evidences else None,
        standard_error=float(np.sqrt(np.square(errors).sum()) / len(found)) if errors else None,
        effective_sample_size=float(median(sizes)) if sizes else None,
    )


def _bounds(
    model: Model, images: ImageSet, preparation: Preparation, importance_samples: int | None, seed: int
) -> Iterator[Bound]:
    for start in range(0, len(images), ENCODED_AT_ONCE):
        x: Float32[np.ndarray, "n c h w"] = to_x(images.images[start : start + ENCODED_AT_ONCE], preparation)
        yield from bounds(model, torch.from_numpy(x), importance_samples=importance_samples, seed=seed)
