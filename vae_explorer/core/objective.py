"""The negative evidence lower bound and its parts."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from vae_explorer.core.model import Model
from vae_explorer.core.posterior import Point


@dataclass(frozen=True, eq=False)
class Loss:
    """Nats per image: summed over pixels and latent dimensions, averaged over the batch."""

    total: Float[Tensor, ""]  # what training minimises: −reconstruction + beta · KL
    reconstruction: Float[Tensor, ""]  # E_q[log p(x|z)], one sample of z per image
    kl_per_dimension: Float[Tensor, "z"]  # zeros for a plain autoencoder, which has no KL

    @property
    def elbo(self) -> Float[Tensor, ""]:
        """reconstruction − KL: always with beta = 1. Of a plain autoencoder it is the reconstruction, and no bound."""
        return self.reconstruction - self.kl_per_dimension.sum()


@dataclass(frozen=True)
class Metrics:
    """Nats per image, averaged over images; elbo = reconstruction − kl."""

    reconstruction: float
    kl_per_dimension: tuple[float, ...]

    @property
    def kl(self) -> float:
        return math.fsum(self.kl_per_dimension)

    @property
    def elbo(self) -> float:
        return self.reconstruction - self.kl


def negative_elbo(
    model: Model,
    x: Float[Tensor, "n c h w"],
    eps: Float[Tensor, "n z"],
    beta: float = 1.0,
) -> Loss:
    """The one-sample estimate that training differentiates (Kingma & Welling 2014, eq. 7).

    KL in closed form, the expectation by one z = mu + sigma · eps per image; beta above 1 is beta-VAE (Higgins et al.
    2017). A plain autoencoder's is −log p(x|z) at its one z: no KL, no noise.
    """
    posterior = model.encode(x)
    if isinstance(posterior, Point):
        reconstruction = model.decode(posterior.mu).log_prob(x).mean()
        return Loss(-reconstruction, reconstruction, torch.zeros_like(posterior.mu[0]))
    reconstruction = model.decode(posterior.sample(eps)).log_prob(x).mean()
    kl = posterior.kl().mean(0)
    return Loss(beta * kl.sum() - reconstruction, reconstruction, kl)
