"""A model's figures over a set of images."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, Float64, Shaped

from vae_explorer.core.card import ACTIVE_VARIANCE, LatentStatistics, SplitFigures
from vae_explorer.core.evidence import Bound, bounds
from vae_explorer.core.judgement import MIN_EFFECTIVE_DRAWS
from vae_explorer.core.model import Model
from vae_explorer.core.progress import Job, Progress
from vae_explorer.data.image_set import ImageSet
from vae_explorer.data.preparation import Preparation
from vae_explorer.data.preprocess import to_x
from vae_explorer.errors import UserError
from vae_explorer.training.device import Speed, cores, fastest

PREPARED_AT_ONCE = 128  # images
TRIED_SAMPLES = 1024  # of the first image, while the number of threads is tried
WORTH_A_TRIAL = 500_000  # draws, some seconds of work
FIGURES = (  # of a Bound, that an Evaluation is made of
    "mu",
    "sigma",
    "kl_per_dimension",
    "elbo",
    "reconstruction",
    "kl",
    "log_evidence",
    "standard_error",
    "effective_sample_size",
)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Nats per image, averaged over the images; evidence and what follows from it are None where not asked for, and
    what needs q(z|x) is None for a plain autoencoder."""

    split: str
    mu: Float32[np.ndarray, "n z"]
    sigma: Float32[np.ndarray, "n z"]
    elbo: float | None  # reconstruction − kl
    elbos: Float64[np.ndarray, "n"] | None  # of each image
    reconstruction: float
    kl: float | None
    kl_per_dimension: Float64[np.ndarray, "z"] | None  # closed form
    log_evidence: float | None
    standard_error: float | None  # of log_evidence: what the importance sampling leaves open, not the choice of images
    effective_sample_sizes: Float64[np.ndarray, "n"] | None  # of each image

    @property
    def images(self) -> int:
        return len(self.mu)

    @property
    def gap(self) -> float | None:
        """log p(x) − ELBO; None for one draw, which cannot tell them apart."""
        if self.log_evidence is None or self.standard_error is None or self.elbo is None:
            return None
        return max(0.0, self.log_evidence - self.elbo)

    @property
    def effective_sample_size(self) -> float | None:
        """The median over the images."""
        return None if self.effective_sample_sizes is None else float(np.median(self.effective_sample_sizes))

    @property
    def low_effective_sample_size(self) -> int | None:
        """How many images have too few effective draws for their log p̂(x) to be trusted."""
        if self.effective_sample_sizes is None:
            return None
        return int((self.effective_sample_sizes < MIN_EFFECTIVE_DRAWS).sum())

    @property
    def mu_variance(self) -> Float64[np.ndarray, "z"]:
        variance: Float64[np.ndarray, "z"] = self.mu.var(axis=0, dtype=np.float64)
        return variance

    @property
    def active_dimensions(self) -> list[int]:
        return [int(j) for j in np.flatnonzero(self.mu_variance > ACTIVE_VARIANCE)]

    @property
    def figures(self) -> SplitFigures:
        return SplitFigures(elbo=self.elbo, reconstruction=self.reconstruction, kl=self.kl)

    @property
    def statistics(self) -> LatentStatistics:
        quantiles = None if self.elbos is None else np.quantile(self.elbos, np.linspace(0, 1, 101)).tolist()
        return LatentStatistics(
            split="validation" if self.split == "validation" else "test",
            images=self.images,
            kl_per_dimension=None if self.kl_per_dimension is None else self.kl_per_dimension.tolist(),
            mu_variance=self.mu_variance.tolist(),
            elbo_quantiles=quantiles,
        )


class Evaluator:
    """Finds every image's bound. Iterate `work()`; where that is interrupted, `so_far()` has what was found."""

    def __init__(
        self,
        model: Model,
        images: ImageSet,
        preparation: Preparation,
        *,
        importance_samples: int | None = None,
        seed: int = 0,
    ):
        self._model, self._images, self._preparation = model, images, preparation
        self._importance_samples, self._seed = importance_samples, seed
        self._done = 0  # images
        self._found: dict[str, Shaped[np.ndarray, "n ..."]] = {}  # of each image, by the name that it has in Bound

    def work(self) -> Job[Evaluation]:
        """The figures of all images. The model computes on the CPU. Raises ValueError for no images."""
        total = len(self._images)
        if not total:
            raise UserError(f"{self._images.name} has no {self._images.split} images to evaluate")
        if (self._importance_samples or 0) * total >= WORTH_A_TRIAL:
            yield from self._choose_threads()
        for bound in self._bounds():
            if bound is not None:
                self._keep(bound)
            yield Progress(self._done, total, "images")
        return self._evaluation()

    def so_far(self) -> Evaluation | None:
        """The figures of the first images, those that are done; None before there is one."""
        return self._evaluation() if self._done else None

    def _choose_threads(self) -> Job[None]:
        """All cores are faster on a quiet machine and many times slower on a busy one, so both are tried."""
        x = torch.from_numpy(to_x(self._images.images[:1], self._preparation))

        def step(_speed: Speed) -> None:
            for _ in bounds(self._model, x, importance_samples=TRIED_SAMPLES):
                pass

        speeds = [Speed(count) for count in sorted({max(1, cores() - 1), cores()})]
        chosen = yield from fastest(speeds, step)
        torch.set_num_threads(chosen.threads)

    def _bounds(self) -> Iterator[Bound | None]:
        for start in range(0, len(self._images), PREPARED_AT_ONCE):
            images = self._images.images[start : start + PREPARED_AT_ONCE]
            x: Float32[np.ndarray, "n c h w"] = to_x(images, self._preparation)
            samples = self._importance_samples
            yield from bounds(self._model, torch.from_numpy(x), importance_samples=samples, seed=self._seed)

    def _keep(self, bound: Bound) -> None:
        """In arrays for all images: ten thousand small ones lay scattered in memory, and held 300 MB between them."""
        for name in FIGURES:
            if (value := getattr(bound, name)) is None:
                continue
            value = np.asarray(value)
            if name not in self._found:
                self._found[name] = np.empty((len(self._images), *value.shape), value.dtype)
            self._found[name][self._done] = value
        self._done += 1

    def _evaluation(self) -> Evaluation:
        found = {name: values[: self._done] for name, values in self._found.items()}
        means = {name: values.mean(axis=0, dtype=np.float64) for name, values in found.items()}
        errors = found.get("standard_error")
        return Evaluation(
            split=self._images.split,
            mu=found["mu"],
            sigma=found["sigma"],
            elbo=float(means["reconstruction"] - means["kl"]) if "kl" in means else None,
            elbos=found.get("elbo"),
            reconstruction=float(means["reconstruction"]),
            kl=float(means["kl"]) if "kl" in means else None,
            kl_per_dimension=means.get("kl_per_dimension"),
            log_evidence=float(means["log_evidence"]) if "log_evidence" in means else None,
            standard_error=None if errors is None else float(np.sqrt(np.square(errors).sum()) / len(errors)),
            effective_sample_sizes=found.get("effective_sample_size"),
        )


def evaluate(
    model: Model,
    images: ImageSet,
    preparation: Preparation,
    *,
    importance_samples: int | None = None,
    seed: int = 0,
) -> Job[Evaluation]:
    """An Evaluator's work, for those who need nothing of one that is interrupted."""
    evaluator = Evaluator(model, images, preparation, importance_samples=importance_samples, seed=seed)
    return (yield from evaluator.work())
