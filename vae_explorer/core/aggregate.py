"""The aggregated posterior q(z): where a whole data set lies in z, how far that is from the prior, how to sample it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from math import log, pi, sqrt
from typing import Literal, TypeAlias

import numpy as np
from jaxtyping import Float, Float32, Float64

from vae_explorer.core.card import ACTIVE_VARIANCE
from vae_explorer.core.latent import prior_sample
from vae_explorer.core.progress import Job, Progress, finish

SATURATED = 0.1  # nats below log N
DRAWS = 2000  # z's that the average KL is estimated with, at least: one of each of few images could make it negative
PAIRS_AT_ONCE = 1 << 20  # of a z and a stored posterior: bounds the memory
MAX_CONDITION = 1e8  # of the squares that are subtracted: 8 of float64's 16 digits are left
FITTED_POINTS = 2000  # z's that the mixture is fitted to, at least
MAX_COMPONENTS, IMAGES_PER_COMPONENT = 10, 20  # of the mixture; images for each row of a covariance
MIN_GAIN = 1e-3  # nats per point and dimension: the fit of the mixture ends with a step that brings less
MAX_FULL = 32  # dimensions of z up to which a component has a full covariance; beyond, it has too many numbers

SampleSource: TypeAlias = Literal["prior", "gaussian", "mixture", "posterior"]


class NoDensityError(ValueError):
    """A density is asked for where all of q(z|x) is one point; the text is a sentence for the user."""


@dataclass(frozen=True, eq=False)
class AggregatedPosterior:
    """q(z) = 1/N Σ_n q(z|x_n): the exact mixture over N stored posteriors.

    A plain autoencoder's have sigma = 0: then it is N points, and what needs a density raises NoDensityError.
    """

    mu: Float32[np.ndarray, "n z"]
    sigma: Float32[np.ndarray, "n z"]

    @property
    def z_dim(self) -> int:
        return int(self.mu.shape[1])

    @property
    def has_density(self) -> bool:
        """False for a plain autoencoder: all of q(z|x) is one point."""
        return bool((self.sigma > 0).all())

    @cached_property
    def mean(self) -> Float64[np.ndarray, "z"]:
        return self.mu.mean(0, dtype=np.float64)  # type: ignore[no-any-return]

    @cached_property
    def deviation(self) -> Float64[np.ndarray, "z"]:
        """The standard deviation of q(z) in each dimension: the variance of mu and the mean of sigma², together."""
        return np.sqrt(self.mu.var(0, dtype=np.float64) + self._mean_variance)  # type: ignore[no-any-return]

    @property
    def _mean_variance(self) -> Float64[np.ndarray, "z"]:
        return np.square(self.sigma, dtype=np.float64).mean(0)  # type: ignore[no-any-return]

    @property
    def active_dimensions(self) -> list[int]:
        """Those whose mu varies over the data (Burda et al. 2016)."""
        return [int(j) for j in np.flatnonzero(self.mu.var(0, dtype=np.float64) > ACTIVE_VARIANCE)]

    def density(self, j: int, z: Float[np.ndarray, "m"]) -> Float64[np.ndarray, "m"]:
        """q(z_j), the exact marginal density of one dimension, at these values."""
        one = AggregatedPosterior(self.mu[:, [j]], self.sigma[:, [j]])
        return np.exp(one.log_prob(z[:, None]))  # type: ignore[no-any-return]

    def log_prob(self, z: Float[np.ndarray, "m z"]) -> Float64[np.ndarray, "m"]:
        """log q(z) in nats."""
        return np.concatenate([np.empty(0), *self.log_probs(z)])

    def log_probs(self, z: Float[np.ndarray, "m z"]) -> Iterator[Float64[np.ndarray, "chunk"]]:
        """log q(z) of some points after the others, so that a long sum can be stopped.

        Σ_j (z_j − mu_j)²/sigma_j² is multiplied out: two matrix products are ten to forty times as fast. Where a
        sigma is so small that the products' difference would have no digits left, the dimension is done as it stands.
        """
        if not self.has_density:
            raise NoDensityError(
                "A plain autoencoder maps each image to one point z, which has no density: "
                "there is no KL, no information and no q(z) to compare with the prior's density"
            )
        mu = self.mu - self.mean  # about the mean the squares are smallest
        reach = np.maximum(np.abs(mu).max(0), np.abs(z - self.mean).max(0, initial=0)) / self.sigma.min(0)
        hard = np.flatnonzero(reach**2 > MAX_CONDITION)
        weights = np.empty((2, *mu.T.shape))  # of z² and of z
        np.divide(-0.5, np.square(self.sigma.T, out=weights[0], dtype=np.float64), out=weights[0])
        weights[0, hard] = 0
        np.multiply(-2 * weights[0], mu.T, out=weights[1])
        constant = -0.5 * np.einsum("zn,nz->n", weights[1], mu)
        constant -= np.log(self.sigma, dtype=np.float64).sum(1) + 0.5 * self.z_dim * log(2 * pi) + log(len(mu))

        rows = max(1, PAIRS_AT_ONCE // len(mu))
        for first in range(0, len(z), rows):
            part = z[first : first + rows] - self.mean
            log_terms = np.square(part) @ weights[0]  # [chunk, n]
            log_terms += part @ weights[1]
            log_terms += constant
            for j in hard:  # not about the mean: the difference of two near numbers is exact
                apart = np.subtract(z[first : first + rows, [j]], self.mu[:, j], dtype=np.float64)
                log_terms -= 0.5 * np.square(apart / self.sigma[:, j])
            largest = log_terms.max(1)
            log_terms -= largest[:, None]
            yield largest + np.log(np.exp(log_terms, out=log_terms).sum(1))

    def sample(self, how: SampleSource, count: int, seed: int = 0) -> Float32[np.ndarray, "count z"]:
        """z from the prior, from a Gaussian or a mixture of some fitted to q(z), or from a stored posterior each.

        All are made from the same eps, those that are the prior's z. The first points of a longer sample are the same.
        """
        eps = prior_sample(count, self.z_dim, seed=seed)
        chance = np.random.default_rng([seed, 1]).random(count)  # which component, which posterior
        match how:
            case "prior":
                z = eps
            case "gaussian":
                z = self.mean + eps @ self._root
            case "mixture":
                z = self.mixture.sample(chance, eps)
            case "posterior":
                chosen = (chance * len(self.mu)).astype(int)
                z = self.mu[chosen] + self.sigma[chosen] * eps
        return z.astype(np.float32)

    @cached_property
    def _root(self) -> Float64[np.ndarray, "z z"]:
        """The symmetric root of q(z)'s covariance. Nothing is inverted: fewer images than dimensions will do."""
        centred = self.mu - self.mean
        covariance = centred.T @ centred / len(centred) + np.diag(self._mean_variance)
        values, vectors = np.linalg.eigh(covariance)
        return (vectors * np.sqrt(values.clip(0))) @ vectors.T  # type: ignore[no-any-return]  # rounding gave −1e−17

    @cached_property
    def mixture(self) -> "Mixture":
        """Up to ten Gaussians fitted to draws from q(z), once: it takes a second."""
        return finish(self.fit_mixture())

    @property
    def has_mixture(self) -> bool:
        """Whether it is fitted already."""
        return "mixture" in self.__dict__

    def fit_mixture(self) -> "Job[Mixture]":
        """Makes `mixture` in steps, between which there is time for something else."""
        which = np.resize(np.arange(len(self.mu)), max(len(self.mu), FITTED_POINTS))
        eps = np.random.default_rng([0, 2]).standard_normal((len(which), self.z_dim))
        points = self.mu[which] + self.sigma[which] * eps - self.mean
        scale = self.deviation  # 0 in a dimension that is dead
        fitted = yield from _fit_mixture(points / np.where(scale > 0, scale, 1), images=len(self.mu))
        mixture = Mixture(fitted.weights, self.mean + scale * fitted.means, scale[:, None] * fitted.roots)
        self.__dict__["mixture"] = mixture  # where the cached property looks
        return mixture


@dataclass(frozen=True, eq=False)
class Mixture:
    """A few Gaussians: Σ_c weight_c N(mean_c, root_c root_cᵀ)."""

    weights: Float64[np.ndarray, "c"]
    means: Float64[np.ndarray, "c z"]
    roots: Float64[np.ndarray, "c z z"]

    def sample(self, chance: Float64[np.ndarray, "m"], eps: Float32[np.ndarray, "m z"]) -> Float64[np.ndarray, "m z"]:
        """A z for each; `chance`, uniform in [0, 1), chooses the component and eps ~ N(0, I) the place in it."""
        chosen = np.searchsorted(self.weights.cumsum()[:-1], chance, side="right")
        z = self.means[chosen]
        for c in np.unique(chosen):
            z[chosen == c] += eps[chosen == c] @ self.roots[c].T
        return z


def _fit_mixture(points: Float64[np.ndarray, "m z"], images: int) -> Job[Mixture]:
    """Gaussians fitted by expectation maximisation to points of about unit variance, drawn from so many posteriors."""
    from sklearn.mixture import GaussianMixture

    z_dim = points.shape[1]
    is_full = z_dim <= MAX_FULL
    fitting = GaussianMixture(
        n_components=max(1, min(MAX_COMPONENTS, images // (IMAGES_PER_COMPONENT * (z_dim if is_full else 1)))),
        covariance_type="full" if is_full else "diag",
        init_params="k-means++",  # the default changes the number of BLAS' threads for the whole process
        tol=np.finfo(float).max,  # any gain is small enough: each `fit` takes a step and says nothing of too few
        warm_start=True,
        random_state=0,
    )
    before = -np.inf
    for step in count(1):
        fitting.fit(points)
        if fitting.lower_bound_ - before < MIN_GAIN * z_dim:
            break
        before = fitting.lower_bound_
        yield Progress(step, None, "steps of the fit of a mixture")
    covariances = fitting.covariances_
    roots = np.linalg.cholesky(covariances) if is_full else np.sqrt([np.diag(one) for one in covariances])
    return Mixture(fitting.weights_, fitting.means_, roots)


@dataclass(frozen=True)
class Decomposition:
    """KL(q(z|x) ‖ p(z)), averaged over N images, is the information that z has on which image it was, and the distance
    of q(z) from the prior: I_q(x; z) + KL(q(z) ‖ p(z)) (Hoffman & Johnson 2016). In nats.

    All three are estimated from the same draws, so they add up. The errors are those of a mean over N images; None for
    a single image.
    """

    n: int
    information: float
    marginal_kl: float
    information_error: float | None
    marginal_kl_error: float | None
    kl_error: float | None

    @property
    def kl(self) -> float:
        return self.information + self.marginal_kl

    @property
    def log_n(self) -> float:
        """The most that can be known of N images."""
        return log(self.n)

    @property
    def is_saturated(self) -> bool:
        """The N posteriors hardly overlap: with more images the information would be larger, the other part smaller."""
        return self.information > self.log_n - SATURATED


def decompose(q: AggregatedPosterior, seed: int = 0, draws: int | None = None) -> Job[Decomposition]:
    """The parts of the average KL, by `draws` z's from each of the stored posteriors, else by as many as make 2000 in
    all. Raises NoDensityError.

    The mixture has the posterior that z was drawn from among its N, so the information is at most log N.
    """
    n, log_n = len(q.mu), log(len(q.mu))
    draws = draws or max(1, DRAWS // n)
    sigma = q.sigma.astype(np.float64)
    noise = np.random.default_rng([seed, 3])
    information, marginal_kl = np.zeros(n), np.zeros(n)
    for draw in range(draws):
        eps = noise.standard_normal(q.mu.shape)
        z = q.mu + sigma * eps  # in float64: a sigma may be too small for mu's digits in float32
        first = 0
        for log_q in q.log_probs(z):
            images = slice(first, first := first + len(log_q))
            log_own = _log_normal(eps[images]) - np.log(sigma[images]).sum(1)  # log q(z|x_n)
            information[images] += np.minimum(log_own - log_q, log_n) / draws  # above it only by rounding
            marginal_kl[images] += (log_q - _log_normal(z[images])) / draws
            yield Progress(draw * n + first, draws * n, "points")
    return Decomposition(
        n=n,
        information=float(information.mean()),
        marginal_kl=float(marginal_kl.mean()),
        information_error=_error(information),
        marginal_kl_error=_error(marginal_kl),
        kl_error=_error(information + marginal_kl),
    )


def _error(values: Float64[np.ndarray, "n"]) -> float | None:
    """The standard error of their mean."""
    return float(values.std(ddof=1)) / sqrt(len(values)) if len(values) > 1 else None


def _log_normal(z: Float64[np.ndarray, "n z"]) -> Float64[np.ndarray, "n"]:
    """log N(z; 0, I)."""
    return -0.5 * (np.square(z) + log(2 * pi)).sum(1)  # type: ignore[no-any-return]
