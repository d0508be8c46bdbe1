"""p(x|z): what the decoder's output says about the pixels."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import log, pi

import torch
import torch.nn.functional as F  # noqa: N812
from jaxtyping import Float
from torch import Tensor


class Pictures(ABC):
    """What is decoded of n latent points, by a model that may not say more than one picture for each."""

    @property
    @abstractmethod
    def mean(self) -> Float[Tensor, "n c h w"]:
        """The mean image E[x|z], pixels in [0, 1]."""


class Likelihood(Pictures):
    """p(x|z) for n latent points; pixels are independent given z."""

    @abstractmethod
    def log_prob(self, x: Float[Tensor, "#n c h w"]) -> Float[Tensor, "n"]:
        """log p(x|z) in nats, summed over the pixels; one x is compared with every z."""

    @property
    @abstractmethod
    def std(self) -> Float[Tensor, "n c h w"]:
        """The standard deviation of each pixel, in grey levels of [0, 1]."""

    @abstractmethod
    def draw(self, generator: torch.Generator) -> Float[Tensor, "n c h w"]:
        """An x from p(x|z). A gaussian draw may leave [0, 1]."""


@dataclass(frozen=True, eq=False)
class MeanImages(Pictures):
    """Of a model without a likelihood: there is nothing to draw from, and no nats."""

    images: Float[Tensor, "n c h w"]

    @property
    def mean(self) -> Float[Tensor, "n c h w"]:
        return self.images


@dataclass(frozen=True, eq=False)
class Bernoulli(Likelihood):
    """Each pixel is white with probability sigmoid(logit); log_prob is exact for x in {0, 1}."""

    logits: Float[Tensor, "n c h w"]

    def log_prob(self, x: Float[Tensor, "#n c h w"]) -> Float[Tensor, "n"]:
        x = x.expand(self.logits.shape)
        return -F.binary_cross_entropy_with_logits(self.logits, x, reduction="none").flatten(1).sum(1)

    @property
    def mean(self) -> Float[Tensor, "n c h w"]:
        return torch.sigmoid(self.logits)

    @property
    def std(self) -> Float[Tensor, "n c h w"]:
        return torch.sqrt(self.mean * torch.sigmoid(-self.logits))

    def draw(self, generator: torch.Generator) -> Float[Tensor, "n c h w"]:
        uniform = torch.rand(self.logits.shape, generator=generator, device=self.logits.device)
        return (uniform < self.mean).to(self.logits.dtype)


@dataclass(frozen=True, eq=False)
class Gaussian(Likelihood):
    """Each pixel is N(mean, sigma²), one sigma for the whole image. Figures are densities over [0, 1]^d."""

    mean_image: Float[Tensor, "n c h w"]
    sigma: Float[Tensor, ""]

    def log_prob(self, x: Float[Tensor, "#n c h w"]) -> Float[Tensor, "n"]:
        squared_error = (x - self.mean_image).square().flatten(1).sum(1)
        pixels = self.mean_image[0].numel()
        return -0.5 * squared_error / self.sigma.square() - pixels * (0.5 * log(2 * pi) + torch.log(self.sigma))

    @property
    def mean(self) -> Float[Tensor, "n c h w"]:
        return self.mean_image

    @property
    def std(self) -> Float[Tensor, "n c h w"]:
        return self.sigma.expand(self.mean_image.shape)

    def draw(self, generator: torch.Generator) -> Float[Tensor, "n c h w"]:
        eps = torch.randn(self.mean_image.shape, generator=generator, device=self.mean_image.device)
        return self.mean_image + self.sigma * eps
