"""What a model is made of. Imports no torch, so that the window and the command line can read it at once."""

from math import sqrt
from typing import Annotated, Literal

from pydantic import BaseModel, Field

Kind = Literal["vae", "autoencoder"]
Network = Literal["mlp", "gated_mlp", "conv", "residual"]
LikelihoodName = Literal["bernoulli", "gaussian"]
MIN_SIDE, MAX_SIDE = 8, 128  # pixels

LECTURE_SIGMA = sqrt(0.5)  # −log p(x|z) is then ‖x − f(z)‖² plus a constant: the lecture's objective
MIN_SIGMA = 1 / 255  # one grey level; without a floor the density of a constant border grows without bound


class ModelOptions(BaseModel, frozen=True, extra="forbid"):
    """The choices that a user makes for a model, whatever the images are."""

    kind: Kind = Field(
        "vae",
        title="Model",
        description="vae, or a plain autoencoder: the same networks without sampling and without a prior",
    )
    z_dim: int = Field(16, ge=1, le=512, title="Dimensions of z", description="number of latent dimensions")
    network: Network = Field(
        "mlp",
        title="Network",
        description="mlp: two hidden layers; gated_mlp: with gated units; conv: convolutions, better and slower; "
        "residual: with residual blocks, the best of them and the slowest",
    )
    hidden: int = Field(
        400,
        ge=1,
        le=8192,
        title="Hidden units",
        description="units in each hidden layer (conv, residual: in their dense layer)",
    )
    likelihood: LikelihoodName = Field(
        "bernoulli",
        title="Likelihood",
        description="p(x|z) of a pixel: bernoulli for black-and-white images, gaussian for grey and colour",
    )
    sigma: Literal["learned", "lecture"] | Annotated[float, Field(ge=MIN_SIGMA, le=10)] = Field(
        "learned",
        title="Pixel σ",
        description="sigma of a gaussian p(x|z): learned, a number, or lecture (σ² = ½: the squared error)",
    )


class VAEConfig(ModelOptions, frozen=True):
    """A model for images of one shape: channels, height, width."""

    image_shape: tuple[
        Annotated[int, Field(ge=1, le=3)],
        Annotated[int, Field(ge=MIN_SIDE, le=MAX_SIDE)],
        Annotated[int, Field(ge=MIN_SIDE, le=MAX_SIDE)],
    ]

    @property
    def is_autoencoder(self) -> bool:
        """Whether it is the plain one, which has no q(z|x), no prior and no ELBO."""
        return self.kind == "autoencoder"

    @property
    def encoder_outputs(self) -> int:
        """Numbers that the encoder gives for an image: mu and logvar of each dimension, or z itself."""
        return self.z_dim if self.is_autoencoder else 2 * self.z_dim

    @property
    def fixed_sigma(self) -> float | None:
        """Sigma of the gaussian p(x|z), or None when it is learned."""
        if self.sigma == "learned":
            return None
        return LECTURE_SIGMA if self.sigma == "lecture" else float(self.sigma)
