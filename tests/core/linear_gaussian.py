"""A VAE whose evidence is known: z ~ N(0, I), x|z ~ N(W z + m, s² I) (probabilistic PCA, Tipping & Bishop 1999)."""

import torch
from torch import distributions

from vae_explorer.core.likelihoods import Gaussian
from vae_explorer.core.posterior import Posterior

SHAPE = (1, 2, 3)


class LinearGaussian:
    """`posterior_error` widens q(z|x) away from the true posterior."""

    def __init__(self, z_dim=2, s=0.4, posterior_error=0.0, seed=0):
        generator = torch.Generator().manual_seed(seed)
        self.w = torch.linalg.qr(torch.randn(6, z_dim, generator=generator, dtype=torch.float64))[0] * 1.5
        self.m = torch.rand(6, generator=generator, dtype=torch.float64)
        self.s, self.error = s, posterior_error
        self.image_shape, self.z_dim = SHAPE, z_dim

    def encode(self, x):
        """The true posterior: orthogonal columns of equal length make its covariance diagonal."""
        precision = torch.eye(self.z_dim, dtype=torch.float64) + self.w.T @ self.w / self.s**2
        covariance = torch.linalg.inv(precision)
        mu = (x.flatten(1).double() - self.m) @ self.w @ covariance / self.s**2
        logvar = covariance.diagonal().log().expand_as(mu)
        return Posterior((mu + self.error).float(), (logvar + self.error).float())

    def decode(self, z):
        mean = z.double() @ self.w.T + self.m
        return Gaussian(mean.float().view(-1, *SHAPE), torch.tensor(self.s))

    def log_evidence(self, x):
        covariance = self.w @ self.w.T + self.s**2 * torch.eye(6, dtype=torch.float64)
        return distributions.MultivariateNormal(self.m, covariance).log_prob(x.flatten(1).double())

    def images(self, n, seed=1):
        z = torch.randn(n, self.z_dim, generator=torch.Generator().manual_seed(seed))
        return self.decode(z).draw(torch.Generator().manual_seed(seed + 1))
