"""q(z|x): the diagonal Gaussian that the encoder gives for each image."""

from dataclasses import dataclass
from math import log, pi

import torch
from jaxtyping import Float
from torch import Tensor

MIN_LOGVAR, MAX_LOGVAR = -30.0, 20.0


@dataclass(frozen=True, eq=False)
class Posterior:
    """q(z|x) = N(mu, diag sigma²) for n images; logvar is log sigma²."""

    mu: Float[Tensor, "n z"]
    logvar: Float[Tensor, "n z"]

    @property
    def sigma(self) -> Float[Tensor, "n z"]:
        """The standard deviation of each dimension, in z's units."""
        return torch.exp(0.5 * self.logvar)

    def sample(self, eps: Float[Tensor, "#n z"]) -> Float[Tensor, "n z"]:
        """z = mu + sigma · eps: differentiable in mu and sigma; eps ~ N(0, I) is the caller's."""
        return self.mu + self.sigma * eps

    def kl(self) -> Float[Tensor, "n z"]:
        """KL(q(z|x) ‖ N(0, I)) of each dimension, in nats (Kingma & Welling 2014, Appendix B)."""
        return 0.5 * (self.mu.square() + self.logvar.exp() - 1 - self.logvar)

    def log_prob(self, z: Float[Tensor, "n z"]) -> Float[Tensor, "n"]:
        """log q(z|x) in nats, summed over the dimensions."""
        return log_normal((z - self.mu) / self.sigma) - 0.5 * self.logvar.sum(1)

    def __getitem__(self, images: slice) -> "Posterior":
        return type(self)(self.mu[images], self.logvar[images])


class Point(Posterior):
    """What a plain autoencoder gives: all of q(z|x) in one point, so sigma is 0 and there is no density, no KL and no
    bound."""

    def __init__(self, mu: Float[Tensor, "n z"], logvar: Float[Tensor, "n z"] | None = None):
        super().__init__(mu, torch.full_like(mu, -torch.inf) if logvar is None else logvar)


def log_normal(z: Float[Tensor, "n z"]) -> Float[Tensor, "n"]:
    """log N(z; 0, I), the prior's density, in nats, summed over the dimensions."""
    return -0.5 * (z.square() + log(2 * pi)).sum(1)
