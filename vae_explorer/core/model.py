"""What a model is to the rest of the program. What it can do is in its card."""

from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from vae_explorer.core.likelihoods import Likelihood, Pictures
from vae_explorer.core.posterior import Posterior


@runtime_checkable
class Decoder(Protocol):
    """z → a picture: all that a model must be able to do."""

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height, width."""

    @property
    def z_dim(self) -> int: ...

    def decode(self, z: Float[Tensor, "n z"]) -> Pictures:
        """The mean image of each latent point; a Likelihood where the card says `spread`."""


@runtime_checkable
class Model(Decoder, Protocol):
    """p(x, z) = p(z) p(x|z) with p(z) = N(0, I), and the q(z|x) that stands in for p(z|x)."""

    def encode(self, x: Float[Tensor, "n c h w"]) -> Posterior:
        """q(z|x) for each image; pixels in [0, 1]."""

    def decode(self, z: Float[Tensor, "n z"]) -> Likelihood:
        """p(x|z) for each latent point."""
