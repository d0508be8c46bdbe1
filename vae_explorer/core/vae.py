"""The variational autoencoder: a network that gives q(z|x) and one that gives p(x|z)."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import log, sqrt

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vae_explorer.core.config import MIN_SIGMA, VAEConfig
from vae_explorer.core.likelihoods import Bernoulli, Gaussian, Likelihood
from vae_explorer.core.networks import NETWORKS
from vae_explorer.core.posterior import MAX_LOGVAR, MIN_LOGVAR, Point, Posterior

FIRST_SIGMA = 0.2  # of a learned sigma: about the spread of the pixels before anything is learned


class VAE(nn.Module):
    """theta are the decoder's parameters, phi the encoder's (Kingma & Welling 2014). With the kind "autoencoder" it is
    the plain one: the encoder gives z itself."""

    def __init__(self, config: VAEConfig):
        super().__init__()
        self.config = config
        pair = NETWORKS[config.network](config)
        self.encoder, self.decoder = pair.encoder, pair.decoder
        self._precision = torch.float32
        self.log_sigma: nn.Parameter | None = None
        if config.likelihood == "gaussian" and config.fixed_sigma is None:
            self.log_sigma = nn.Parameter(torch.tensor(log(FIRST_SIGMA - MIN_SIGMA)))

    def initialise(self, generator: torch.Generator) -> "VAE":
        """New weights from this generator alone: torch's own defaults draw from a state that all threads share."""
        for layer in self.modules():
            if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
                nn.init.kaiming_uniform_(layer.weight, a=sqrt(5), generator=generator)
                if layer.bias is not None:
                    limit = 1 / sqrt(layer.weight[0].numel())
                    nn.init.uniform_(layer.bias, -limit, limit, generator=generator)
        return self

    @property
    def image_shape(self) -> tuple[int, int, int]:
        return self.config.image_shape

    @property
    def z_dim(self) -> int:
        return self.config.z_dim

    @contextmanager
    def computing_in(self, precision: torch.dtype) -> Iterator[None]:
        """Within, the wide matrix products of both networks are made in this type. What they give is float32 again: KL,
        exp and the loss need its digits."""
        before, self._precision = self._precision, precision
        try:
            yield
        finally:
            self._precision = before

    def encode(self, x: Float[Tensor, "n c h w"]) -> Posterior:
        numbers = self._through(self.encoder, x)
        if self.config.is_autoencoder:
            return Point(numbers)
        mu, logvar = numbers.chunk(2, dim=1)
        return Posterior(mu, logvar.clamp(MIN_LOGVAR, MAX_LOGVAR))

    def decode(self, z: Float[Tensor, "n z"]) -> Likelihood:
        logits = self._through(self.decoder, z)
        if self.config.likelihood == "bernoulli":
            return Bernoulli(logits)
        return Gaussian(torch.sigmoid(logits), self.sigma)

    def _through(self, network: nn.Sequential, batch: Float[Tensor, "n ..."]) -> Float[Tensor, "n ..."]:
        if self._precision == torch.float32:
            return network(batch)  # type: ignore[no-any-return]
        device = batch.device.type
        with torch.autocast(device, dtype=self._precision):
            for layer in network:
                # bfloat16 has three digits, sigma is often a hundredth of mu: what touches z keeps float32
                with torch.autocast(device, enabled=layer not in (self.encoder[-1], self.decoder[0])):
                    batch = layer(batch.float() if layer is self.encoder[-1] else batch)
        return batch.float()

    @property
    def sigma(self) -> Float[Tensor, ""]:
        """Sigma of the gaussian p(x|z), in grey levels of [0, 1]; at least MIN_SIGMA."""
        if self.log_sigma is not None:
            return MIN_SIGMA + self.log_sigma.exp()
        fixed = self.config.fixed_sigma
        if fixed is None:
            raise ValueError("a bernoulli model has no pixel sigma")
        return torch.tensor(fixed, device=next(self.parameters()).device)
