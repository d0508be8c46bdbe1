"""The ELBO and log p(x) of single images, by many samples of z for each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, prod, sqrt

import numpy as np
import torch
from jaxtyping import Float, Float32, Float64
from torch import Tensor

from vae_explorer.core.model import Model
from vae_explorer.core.noise import content_generator
from vae_explorer.core.posterior import Point, Posterior

ELBO_DRAWS = 16  # samples of z per image where no evidence is asked for
DECODED_NUMBERS = 1 << 20  # at once, of large images: a tenth of a second, so that others need not wait long
DECODED_AT_ONCE = 256  # latent points: what they are decoded to stays in the processor's cache; more is 1.4 × slower


@dataclass(frozen=True, eq=False)
class Draws:
    """K draws z_k ~ q(z|x) of one image, in nats. All figures come from the same draws, so they add up.

    log p(x) is estimated with q(z|x) as proposal: w_k = p(x, z_k) / q(z_k|x), log p̂ = log mean w (Burda et al. 2016,
    eq. 8).
    """

    log_likelihood: Float64[np.ndarray, "k"]  # log p(x|z_k)
    log_ratio: Float64[np.ndarray, "k"]  # log q(z_k|x) − log p(z_k)

    @property
    def log_weights(self) -> Float64[np.ndarray, "k"]:
        """log w_k: each is a one-sample estimate of the ELBO."""
        log_w: Float64[np.ndarray, "k"] = self.log_likelihood - self.log_ratio
        return log_w

    @property
    def reconstruction(self) -> float:
        """E_q[log p(x|z)]."""
        return float(self.log_likelihood.mean())

    @property
    def kl(self) -> float:
        """KL(q(z|x) ‖ p(z)) by these draws: beside an evidence the closed form would make the gap negative."""
        return float(self.log_ratio.mean())

    @property
    def elbo(self) -> float:
        return self.reconstruction - self.kl

    @property
    def log_evidence(self) -> float:
        """log p̂(x), on average below log p(x)."""
        return self._importance[0]

    @property
    def gap(self) -> float | None:
        """log p̂(x) − ELBO, which estimates KL(q(z|x) ‖ p(z|x)); never negative; None for one draw."""
        if len(self.log_ratio) == 1:
            return None
        return max(0.0, self.log_evidence - self.elbo)  # 0 but for the rounding when all weights are equal

    @property
    def standard_error(self) -> float | None:
        """Of log p̂(x), by the delta method: std(w) / (mean(w) √K); None for one draw."""
        k = len(self.log_ratio)
        return sqrt((k / self.effective_sample_size - 1) / (k - 1)) if k > 1 else None

    @property
    def effective_sample_size(self) -> float:
        """(Σw)² / Σw², between 1 and K (Kong 1992)."""
        return self._importance[1]

    def growth(self, counts: Sequence[int]) -> tuple[Float64[np.ndarray, "m"], Float64[np.ndarray, "m"]]:
        """log p̂(x) by the first k draws for each count, and its standard error, which is nan for one draw."""
        k = np.asarray(counts, np.int64)
        log_w = self.log_weights[: k.max()]
        largest = log_w.max()  # near 0 the sums keep all their digits
        total, squares = (np.logaddexp.accumulate(times * (log_w - largest))[k - 1] for times in (1, 2))  # log Σw, Σw²
        spread = np.maximum(0.0, k * np.exp(squares - 2 * total) - 1)  # var(w) / mean(w)²
        return largest + total - np.log(k), np.sqrt(spread / np.where(k > 1, k - 1.0, np.nan))

    @cached_property
    def _importance(self) -> tuple[float, float]:
        """log p̂(x) and the effective sample size, by weights that are relative to the largest: they cannot overflow."""
        log_w = self.log_weights
        largest = log_w.max()
        w = np.exp(log_w - largest)
        size = float(w.sum() ** 2 / np.square(w).sum())
        return float(largest + np.log(w.mean())), min(float(len(w)), max(1.0, size))


@dataclass(frozen=True, eq=False)
class Bound:
    """The figures of one image, in nats; with an evidence all parts come from the same draws, so they add up.

    A plain autoencoder has a reconstruction alone: log p(x|z) of the one z that it gives.
    """

    mu: Float32[np.ndarray, "z"]
    sigma: Float32[np.ndarray, "z"]
    kl_per_dimension: Float32[np.ndarray, "z"] | None  # closed form
    reconstruction: float  # E_q[log p(x|z)]
    kl: float | None
    log_evidence: float | None = None
    standard_error: float | None = None  # of log_evidence; None for one draw
    effective_sample_size: float | None = None  # of the importance weights, between 1 and K

    @property
    def elbo(self) -> float | None:
        return None if self.kl is None else self.reconstruction - self.kl

    @property
    def gap(self) -> float | None:
        """log p(x) − ELBO = KL(q(z|x) ‖ p(z|x)), never negative; None for one draw."""
        if self.log_evidence is None or self.standard_error is None or self.elbo is None:
            return None
        return max(0.0, self.log_evidence - self.elbo)


def draws(model: Model, x: Float[Tensor, "c h w"], count: int, seed: int = 0) -> Iterator[Draws]:
    """All draws of an image so far, after each chunk; the last item has `count` of them.

    They belong to (image, seed): `bounds` has the same ones, and fewer are the first of more.
    """
    for (found,) in _draws(model, x[None], _encode(model, x[None]), count, seed):
        yield found


def bounds(
    model: Model,
    x: Float[Tensor, "n c h w"],
    *,
    importance_samples: int | None = None,
    seed: int = 0,
) -> Iterator[Bound | None]:
    """The figures of each image, in order; None after a chunk of draws that finishes no image.

    Draws belong to (image, seed): batch and neighbours do not matter. Without `importance_samples` the reconstruction
    is a mean of 16 draws and KL is its closed form. With K of them log p(x) is estimated beside it.
    """
    count = importance_samples or ELBO_DRAWS
    together = max(1, _decoded_at_once(model) // count)
    for start in range(0, len(x), together):
        images = x[start : start + together]
        posterior = _encode(model, images)
        if isinstance(posterior, Point):
            yield from _points(model, images, posterior)
            continue
        for found in _draws(model, images, posterior, count, seed):
            if len(found[0].log_ratio) < count:
                yield None
        yield from _bounds(posterior, found, evidence=importance_samples is not None)


@torch.inference_mode()  # not around a yield: it would reach the caller
def _encode(model: Model, x: Float[Tensor, "n c h w"]) -> Posterior:
    return model.encode(x)


@torch.inference_mode()
def _points(model: Model, x: Float[Tensor, "n c h w"], posterior: Point) -> list[Bound]:
    reconstruction = model.decode(posterior.mu).log_prob(x).tolist()
    mu, sigma = posterior.mu.cpu().numpy(), posterior.sigma.cpu().numpy()
    return [Bound(mu[i], sigma[i], None, reconstruction[i], None) for i in range(len(x))]


@torch.inference_mode()
def _bounds(posterior: Posterior, found: list[Draws], *, evidence: bool) -> list[Bound]:
    mu, sigma, kl = (part.cpu().numpy() for part in (posterior.mu, posterior.sigma, posterior.kl()))
    closed_form = kl.sum(1, dtype=np.float64)
    return [
        Bound(mu[i], sigma[i], kl[i], *(_figures(own) if evidence else (own.reconstruction, float(closed_form[i]))))
        for i, own in enumerate(found)
    ]


def _figures(own: Draws) -> tuple[float, float, float, float | None, float]:
    return own.reconstruction, own.kl, own.log_evidence, own.standard_error, own.effective_sample_size


def _draws(
    model: Model, x: Float[Tensor, "n c h w"], posterior: Posterior, count: int, seed: int
) -> Iterator[list[Draws]]:
    """The draws of each image so far, after each chunk of them."""
    if isinstance(posterior, Point):
        raise ValueError("a plain autoencoder has no q(z|x) to draw from")
    noise = [content_generator(image.cpu().numpy(), seed) for image in x]
    mu, sigma = posterior.mu.cpu().numpy()[:, None], posterior.sigma.cpu().numpy()[:, None]  # [n, 1, z]
    half_log_det = 0.5 * posterior.logvar.cpu().numpy().sum(1, dtype=np.float64)
    log_likelihood, log_ratio = np.empty((2, len(x), count))
    parts = ceil(count / max(1, _decoded_at_once(model) // len(x)))
    done = 0
    for part in range(parts):
        k = count * (part + 1) // parts - done
        eps = np.stack([one.standard_normal((k, model.z_dim), dtype=np.float32) for one in noise])
        z = mu + sigma * eps  # [n, k, z]
        now = np.s_[:, done : done + k]
        log_likelihood[now] = _log_likelihood(model, x, z)
        # log q(z|x) by eps itself: (z − mu) / sigma has lost it where sigma is small beside mu
        log_ratio[now] = 0.5 * (_squared_norm(z) - _squared_norm(eps)) - half_log_det[:, None]
        done += k
        yield [Draws(log_likelihood[i, :done], log_ratio[i, :done]) for i in range(len(x))]


@torch.inference_mode()
def _log_likelihood(
    model: Model, x: Float[Tensor, "n c h w"], z: Float32[np.ndarray, "n k z"]
) -> Float32[np.ndarray, "n k"]:
    n, k, _ = z.shape
    points = torch.from_numpy(z).to(x.device).flatten(0, 1)
    likelihood = model.decode(points)
    found = likelihood.log_prob(x if n == 1 else x.repeat_interleave(k, 0))  # one x is compared with every z
    return found.view(n, k).cpu().numpy()


def _decoded_at_once(model: Model) -> int:
    """Latent points."""
    return min(DECODED_AT_ONCE, max(16, DECODED_NUMBERS // prod(model.image_shape)))


def _squared_norm(z: Float32[np.ndarray, "n k z"]) -> Float64[np.ndarray, "n k"]:
    norm: Float64[np.ndarray, "n k"] = np.square(z, dtype=np.float64).sum(2)
    return norm
