"""The self-test: what the program computes and draws, against another way to the same number."""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from math import sqrt
from typing import TypeVar

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from vae_explorer.core.evidence import draws
from vae_explorer.core.fit import WithPosterior
from vae_explorer.core.grid import TOLERANCE, true_posterior
from vae_explorer.core.noise import posterior_noise
from vae_explorer.core.posterior import Posterior
from vae_explorer.core.progress import Job, Progress
from vae_explorer.core.vae import VAE
from vae_explorer.data import bundled
from vae_explorer.data.preprocess import to_x
from vae_explorer.errors import UserError, shown
from vae_explorer.training import model_file, models

IMAGES = 100
IMAGES_ON_GRID = 10
SAMPLES = 5000  # of z for each image
IMPORTANCE_SAMPLES = 100  # for each of the 100 images: a convolutional decoder takes 0.4 ms for each
STANDARD_ERRORS = 6  # that a mean of draws may be off: the worst of thousands comes to four
WIDER = 1.5  # than p(z|x) is the proposal: a narrower one misses mass, and its standard error does not know
T = TypeVar("T")


@dataclass(frozen=True)
class Check:
    """Two ways to one number, or with `at_most` two numbers of which the left must not be the larger."""

    name: str
    left: str
    left_value: float
    right: str
    right_value: float
    unit: str
    tolerance: float
    note: str = ""
    at_most: bool = False

    @property
    def passed(self) -> bool:
        apart = self.left_value - self.right_value
        return (apart if self.at_most else abs(apart)) <= self.tolerance  # and not where one is not a number


def self_test(model: str = "mnist", two_dimensional: str = "mnist-2d") -> Job[list[Check]]:
    """Checks a model on its bundled test images; what needs a 2-dimensional z on the other one, unless it has that.

    Nothing is left to chance: the same model gives the same numbers. Raises UserError for a model that cannot be
    checked.
    """
    subject = _Subject.opened(model)
    flat = subject if subject.model.z_dim == 2 else _Subject.opened(two_dimensional)
    kl, *samples = yield from _samples(subject)
    below = yield from _elbo_below_evidence(subject)
    on_grid = yield from _importance_sampling_on_grid(flat)
    return [kl, on_grid, below, *samples]


@dataclass(frozen=True, eq=False)
class _Subject:
    """A model and the first of its test images."""

    name: str
    model: VAE
    x: Float[Tensor, "n c h w"]
    posterior: Posterior

    @classmethod
    def opened(cls, name: str) -> "_Subject":
        model, info = model_file.load(models.find(name))
        if not info.card.can("posterior", "evidence"):
            raise UserError(f"{shown(name)} has no q(z|x) to test: choose a VAE")
        tests = bundled.tests_of(info.data)
        if tests is None or tests.images.shape[1:] != model.image_shape:
            raise UserError(
                f"{shown(name)} was trained on {shown(info.data)}, of which no test images come with the program: "
                f"choose a model of {', '.join(bundled.names())}"
            )
        x = torch.from_numpy(to_x(tests.images[:IMAGES], info.preparation))
        with torch.inference_mode():
            return cls(name, model, x, model.encode(x))


def _samples(subject: _Subject) -> Job[tuple[Check, Check, Check]]:
    """Samples as every view draws them, against the Gaussian that they are said to come from."""
    of = f"of {len(subject.x)} {subject.name} test images"
    mu, sigma = (part.double().numpy() for part in (subject.posterior.mu, subject.posterior.sigma))
    log_ratios, means, variances = [], [], []
    for i, x in enumerate(subject.x):
        yield Progress(i, len(subject.x), f"images: samples from q(z|x) of {subject.name}")
        eps = torch.from_numpy(posterior_noise(x.numpy(), SAMPLES, subject.model.z_dim, seed=0))
        z = subject.posterior[i : i + 1].sample(eps).double().numpy()
        log_ratio = 0.5 * (z**2 - ((z - mu[i]) / sigma[i]) ** 2) - np.log(sigma[i])  # log q(z|x) − log p(z)
        log_ratios.append(log_ratio.sum(1))
        means.append(z.mean(0))
        variances.append(z.var(0, ddof=1))

    ratio = np.stack(log_ratios)
    error = float(np.sqrt(ratio.var(1).mean() / ratio.size))
    closed_form = float(subject.posterior.kl().double().sum(1).mean())
    n, z_dim = mu.shape
    note = f"{SAMPLES:,} samples; the worst {of} and {z_dim} dimensions:"
    return (
        Check(
            "KL(q(z|x) ‖ p(z)): its closed form against Monte Carlo",
            *("closed form", closed_form, "Monte Carlo", float(ratio.mean()), "nats"),
            STANDARD_ERRORS * error,
            f"mean {of}, {SAMPLES:,} samples of each",
        ),
        _worst(
            Check(
                "Posterior samples: their mean against mu",
                *("samples", float(means[i][j]), "mu", float(mu[i, j]), ""),
                STANDARD_ERRORS * float(sigma[i, j]) / sqrt(SAMPLES),
                f"{note} image {i}, z{j}",
            )
            for i, j in np.ndindex(n, z_dim)
        ),
        _worst(
            Check(
                "Posterior samples: their variance against sigma²",
                *("samples", float(variances[i][j]), "sigma²", float(sigma[i, j] ** 2), ""),
                STANDARD_ERRORS * float(sigma[i, j] ** 2) * sqrt(2 / (SAMPLES - 1)),
                f"{note} image {i}, z{j}",
            )
            for i, j in np.ndindex(n, z_dim)
        ),
    )


def _elbo_below_evidence(subject: _Subject) -> Job[Check]:
    """By draws of their own: by the same ones a mean of logarithms can only be below the logarithm of a mean."""
    checks = []
    for i, x in enumerate(subject.x):
        report = Progress(i, len(subject.x), f"images: ELBO and log p(x) of {subject.name}")
        estimate = yield from _reported(_last(draws(subject.model, x, IMPORTANCE_SAMPLES, seed=0)), report)
        bound = yield from _reported(_last(draws(subject.model, x, IMPORTANCE_SAMPLES, seed=1)), report)
        error = float(bound.log_weights.std(ddof=1)) / sqrt(IMPORTANCE_SAMPLES)
        checks.append(
            Check(
                "The ELBO is never above log p(x)",
                *("ELBO", bound.elbo, "log p(x)", estimate.log_evidence, "nats"),
                STANDARD_ERRORS * error,
                f"image {i}, where they are closest of {len(subject.x)} {subject.name} test images; "
                f"{IMPORTANCE_SAMPLES:,} draws for each",
                at_most=True,
            )
        )
    return _worst(checks)


def _importance_sampling_on_grid(subject: _Subject) -> Job[Check]:
    checks = []
    images = subject.x[:IMAGES_ON_GRID]
    for i, x in enumerate(images):
        report = Progress(i, len(images), f"images: log p(x) of {subject.name} on a grid")
        exact = yield from _reported(true_posterior(subject.model, x), report)
        proposal = _proposal(exact.mean, WIDER**2 * exact.covariance.diagonal())
        estimate = yield from _reported(_last(draws(WithPosterior(subject.model, proposal), x, SAMPLES)), report)
        checks.append(
            Check(
                "log p(x): importance sampling against the integral over a grid",
                *("importance sampling", estimate.log_evidence, "grid", exact.log_evidence, "nats"),
                STANDARD_ERRORS * (estimate.standard_error or 0.0) + TOLERANCE,
                f"the worst of {len(images)} {subject.name} test images: image {i}; {SAMPLES:,} draws from a Gaussian "
                f"{WIDER:g} times as wide as p(z|x)",
            )
        )
    return _worst(checks)


def _reported(job: Generator[object, None, T], report: Progress) -> Job[T]:
    """A part of a larger job, which has its own way to count."""
    while True:
        try:
            next(job)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        yield report


def _last(growing: Iterator[T]) -> Generator[T, None, T]:
    for one in growing:
        yield one
    return one


def _proposal(mean: Float64[np.ndarray, "z"], variance: Float64[np.ndarray, "z"]) -> Posterior:
    mu, var = (torch.from_numpy(part[None]).float() for part in (mean, variance))
    return Posterior(mu, var.log())


def _worst(checks: Iterable[Check]) -> Check:
    """The one that fails, or comes nearest to it."""

    def strain(check: Check) -> tuple[bool, float]:
        apart = check.left_value - check.right_value
        return not check.passed, (apart if check.at_most else abs(apart)) / check.tolerance

    return max(checks, key=strain)
