"""q(z|x) fitted to one image: what the encoder leaves, and what any diagonal Gaussian leaves (Cremer et al. 2018)."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import cos, pi

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from vae_explorer.core import evidence
from vae_explorer.core.evidence import Draws
from vae_explorer.core.likelihoods import Likelihood
from vae_explorer.core.model import Model
from vae_explorer.core.noise import content_generator
from vae_explorer.core.posterior import MAX_LOGVAR, MIN_LOGVAR, Point, Posterior
from vae_explorer.core.progress import Job, Progress

PAIRS = 8  # of eps and −eps in each step: the error of a linear decoder cancels
FIRST_RATE = 0.1  # of Adam, in z's units; it falls to 0 as a cosine
STEADY = (0.9, 0.99)  # Adam's memory; the usual 0.999 outlasts a fit
START = (-10.0, 0.0)  # of logvar: from farther away the steps would not lead back
BETWEEN_REPORTS = 5  # steps
DRAWS = 5000  # of z, for the figures


@dataclass(frozen=True, eq=False)
class FittedPosterior:
    """The best diagonal Gaussian for one image, beside the encoder's; nats, all by the same draws of eps."""

    mu: Float32[np.ndarray, "z"]
    sigma: Float32[np.ndarray, "z"]
    by_encoder: Draws  # from the encoder's q(z|x)
    by_fitted: Draws  # from this one

    @property
    def encoder_elbo(self) -> float:
        return self.by_encoder.elbo

    @property
    def fitted_elbo(self) -> float:
        return self.by_fitted.elbo

    @property
    def log_evidence(self) -> float:
        """With the fitted q as proposal."""
        return self.by_fitted.log_evidence

    @property
    def standard_error(self) -> float | None:
        """Of log_evidence; None for one draw."""
        return self.by_fitted.standard_error


def fit(
    model: Model, x: Float[Tensor, "c h w"], *, steps: int = 500, draws: int = DRAWS, seed: int = 0
) -> Job[FittedPosterior]:
    """Maximises the ELBO of this image over mu and logvar, from the encoder's; the model itself stays as it is.

    The figures are those of `evidence.draws` with the same number and seed. Where the encoder's q(z|x) is the better
    one by them, it is the result.
    """
    with torch.inference_mode():  # not around a yield: it would reach the caller
        encoded = model.encode(x[None])
    if isinstance(encoded, Point):
        raise ValueError("A plain autoencoder has no q(z|x) to fit to an image")
    climb = _Climb(model, x, encoded, steps, seed)
    for step in range(steps):
        climb.step(step)
        if step % BETWEEN_REPORTS == 0:
            yield Progress(step, steps, "steps of the fit")
    fitted = climb.posterior

    by_encoder = yield from _all_draws(evidence.draws(model, x, draws, seed), draws)
    by_fitted = yield from _all_draws(evidence.draws(WithPosterior(model, fitted), x, draws, seed), draws)
    if by_fitted.elbo < by_encoder.elbo:
        fitted, by_fitted = encoded, by_encoder
    return FittedPosterior(fitted.mu[0].cpu().numpy(), fitted.sigma[0].cpu().numpy(), by_encoder, by_fitted)


class _Climb:
    """Gradient steps on mu and logvar. Their driver may be in inference mode, which has no gradients: they leave it."""

    @torch.inference_mode(False)
    def __init__(self, model: Model, x: Float[Tensor, "c h w"], start: Posterior, steps: int, seed: int):
        self._model, self._x, self._steps = model, x[None].clone(), steps
        self._noise = content_generator(x.cpu().numpy(), ~seed)  # other draws than those that the figures are made of
        self._mu = start.mu.clone().requires_grad_()
        self._logvar = start.logvar.clamp(*START).clone().requires_grad_()
        self._adam = torch.optim.Adam([self._mu, self._logvar], betas=STEADY)

    @torch.inference_mode(False)
    def step(self, number: int) -> None:
        self._adam.param_groups[0]["lr"] = 0.5 * FIRST_RATE * (1 + cos(pi * number / self._steps))
        half = self._noise.standard_normal((PAIRS, self._mu.shape[1]), dtype=np.float32)
        eps = torch.from_numpy(np.concatenate([half, -half])).to(self._x.device)
        with torch.enable_grad():
            q = Posterior(self._mu, self._logvar)
            elbo = self._model.decode(q.sample(eps)).log_prob(self._x).mean() - q.kl().sum()
            gradients = torch.autograd.grad(-elbo, (self._mu, self._logvar))  # the model's weights get none
        self._mu.grad, self._logvar.grad = gradients
        self._adam.step()
        with torch.no_grad():
            self._logvar.clamp_(MIN_LOGVAR, MAX_LOGVAR)

    @property
    def posterior(self) -> Posterior:
        return Posterior(self._mu.detach(), self._logvar.detach())


@dataclass(frozen=True, eq=False)
class WithPosterior:
    """A model with this q(z|x) in place of the encoder's, for one image."""

    model: Model
    posterior: Posterior

    @property
    def image_shape(self) -> tuple[int, int, int]:
        return self.model.image_shape

    @property
    def z_dim(self) -> int:
        return self.model.z_dim

    def encode(self, x: Float[Tensor, "1 c h w"]) -> Posterior:
        return self.posterior

    def decode(self, z: Float[Tensor, "n z"]) -> Likelihood:
        return self.model.decode(z)


def _all_draws(growing: Iterator[Draws], count: int) -> Job[Draws]:
    for found in growing:
        yield Progress(len(found.log_ratio), count, "draws")
    return found
