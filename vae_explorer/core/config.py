"""What a model is made of. Imports no torch, so that the window and the command line can read it at once."""

from math import sqrt
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, Field

Kind = Literal["vae", "autoencoder"]
Network = Literal["mlp", "gated_mlp", "conv", "residual"]
LikelihoodName = Literal["bernoulli", "gaussian"]
MIN_SIDE, MAX_SIDE = 8, 128  # pixels

LECTURE_SIGMA = sqrt(0.5)  # −log p(x|z) is then ‖x − f(z)‖² plus a constant: the lecture's objective
MIN_SIGMA = 1 / 255  # one grey level; without a floor the density of a constant border grows without bound


class ImageShape(NamedTuple):
    """Of images: as a text the size that people read, width first; in JSON a list of the three numbers."""

    channels: int
    height: int  # pixels
    width: int

    def __str__(self) -> str:
        return f"{self.width} × {self.height} {'grey' if self.channels == 1 else 'colour'} pixels"


def _possible(shape: ImageShape) -> ImageShape:
    channels, *sides = shape
    if channels not in (1, 3) or not all(MIN_SIDE <= side <= MAX_SIDE for side in sides):
        raise ValueError(
            f"images have 1 or 3 channels and sides of {MIN_SIDE} to {MAX_SIDE} pixels, got {list(shape)}: "
            "channels, height, width"
        )
    return shape


ModelImageShape = Annotated[ImageShape, AfterValidator(_possible)]  # one that a model can have


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
        description="mlp: two hidden layers; gated_mlp: with gated units; conv: convolutions, better but slower; "
        "residual: with residual blocks, the best and the slowest",
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
    """A model for images of one shape."""

    image_shape: ModelImageShape

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
