"""The ELBO and log p(x) of single images, by many samples of z for each."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import log, sqrt

import numpy as np
import torch
from jaxtyping import Float, Float32, Float64
from torch import Tensor

from vae_explorer.core.model import Model
from vae_explorer.core.noise import content_generator
from vae_explorer.core.posterior import Posterior, log_normal

ELBO_DRAWS = 16  # samples of z per image where no evidence is asked for
DECODED_AT_ONCE = 2048  # latent points: bounds the memory


@dataclass(frozen=True, eq=False)
class Bound:
    """The figures of one image, in nats; with an evidence all parts come from the same draws, so they add up."""

    mu: Float32[np.ndarray, "z"]
    sigma: Float32[np.ndarray, "z"]
    kl_per_dimension: Float32[np.ndarray, "z"]  # closed form
    reconstruction: float  # E_q[log p(x|z)]
    kl: float
    log_evidence: float | None = None
    standard_error: float | None = None  # of log_evidence, by the delta method; None for one draw
    effective_sample_size: float | None = None  # of the importance weights, between 1 and K

    @property
    def elbo(self) -> float:
        return self.reconstruction - self.kl

    @property
    def gap(self) -> float | None:
        """log p(x) − ELBO = KL(q(z|x) ‖ p(z|x)), never negative; None for one draw."""
        if self.log_evidence is None or self.standard_error is None:
            return None
        return max(0.0, self.log_evidence - self.elbo)  # 0 but for the rounding when all weights are equal


def bounds(
    model: Model,
    x: Float[Tensor, "n c h w"],
    *,
    importance_samples: int | None = None,
    seed: int = 0,
) -> Iterator[Bound]:
    """The figures of each image, in order. Draws belong to (image, seed): batch and neighbours do not matter.

    Without `importance_samples` the reconstruction is a mean of 16 draws and KL is its closed form. With K of them
    log p(x) is estimated with q(z|x) as proposal: w_k = p(x, z_k) / q(z_k|x), log p̂ = log mean w (Burda et al. 2016,
    eq. 8).
    """
    with torch.inference_mode():  # not around a yield: it would reach the caller
        posterior = model.encode(x)
    draws = importance_samples or ELBO_DRAWS
    together = max(1, DECODED_AT_ONCE // draws) if draws <= DECODED_AT_ONCE else 1
    for start in range(0, len(x), together):
        images = slice(start, start + together)
        yield from _bounds_together(model, x[images], posterior[images], draws, importance_samples is not None, seed)


@torch.inference_mode()
def _bounds_together(
    model: Model, x: Float[Tensor, "n c h w"], posterior: Posterior, draws: int, evidence: bool, seed: int
) -> list[Bound]:
    noise = [content_generator(image.cpu().numpy(), seed) for image in x]
    sums = _WeightSums(len(x))
    for first in range(0, draws, DECODED_AT_ONCE):
        k = min(DECODED_AT_ONCE, draws - first)
        eps = np.stack([one.standard_normal((k, model.z_dim), dtype=np.float32) for one in noise])
        q = Posterior(posterior.mu.repeat_interleave(k, 0), posterior.logvar.repeat_interleave(k, 0))
        z = q.sample(torch.from_numpy(eps).to(x.device).flatten(0, 1))  # [n · k, z]
        log_likelihood = model.decode(z).log_prob(x.repeat_interleave(k, 0))
        log_ratio = q.log_prob(z) - log_normal(z)  # log q(z|x) − log p(z)
        sums.add(*(part.double().view(len(x), k).cpu().numpy() for part in (log_likelihood, log_ratio)))

    closed_form = posterior.kl().cpu().numpy()
    mu, sigma = posterior.mu.cpu().numpy(), posterior.sigma.cpu().numpy()
    closed_form_kl = closed_form.sum(1, dtype=np.float64)
    return [
        Bound(
            mu[i],
            sigma[i],
            closed_form[i],
            *(sums.figures(i) if evidence else (sums.reconstruction(i), float(closed_form_kl[i]))),
        )
        for i in range(len(x))
    ]


class _WeightSums:
    """Running sums over the draws of n images, in float64; the weights w as logarithms, so they cannot overflow."""

    def __init__(self, images: int):
        self.draws = 0
        self.log_likelihood = np.zeros(images)
        self.log_ratio = np.zeros(images)
        self.log_w = np.full(images, -np.inf)  # log Σ w
        self.log_w_squared = np.full(images, -np.inf)  # log Σ w²

    def add(self, log_likelihood: Float64[np.ndarray, "n k"], log_ratio: Float64[np.ndarray, "n k"]) -> None:
        log_w = log_likelihood - log_ratio
        self.draws += log_w.shape[1]
        self.log_likelihood += log_likelihood.sum(1)
        self.log_ratio += log_ratio.sum(1)
        self.log_w = np.logaddexp(self.log_w, np.logaddexp.reduce(log_w, axis=1))
        self.log_w_squared = np.logaddexp(self.log_w_squared, np.logaddexp.reduce(2 * log_w, axis=1))

    def reconstruction(self, i: int) -> float:
        return float(self.log_likelihood[i] / self.draws)

    def figures(self, i: int) -> tuple[float, float, float, float | None, float]:
        """reconstruction, KL, log evidence, its standard error, effective sample size (Σw)²/Σw² (Kong 1992)."""
        k = self.draws
        size = min(float(k), max(1.0, float(np.exp(2 * self.log_w[i] - self.log_w_squared[i]))))
        error = sqrt((k / size - 1) / (k - 1)) if k > 1 else None  # std(w) / (mean(w) √K)
        kl = float(self.log_ratio[i] / k)
        return self.reconstruction(i), kl, float(self.log_w[i]) - log(k), error, size
