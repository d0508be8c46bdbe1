"""How a model is trained: one field is one flag, one row of the form and one entry of config.json. Imports no torch."""

from typing import Literal

from pydantic import Field

from vae_explorer.core.config import ModelOptions
from vae_explorer.data.reading import Reading

DeviceName = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "float32", "bfloat16"]
Schedule = Literal["constant", "cosine"]


class TrainConfig(Reading, ModelOptions, frozen=True):
    """Everything that decides a run; the same config, data, thread count and precision give the same weights on the
    same CPU."""

    data: str = Field(
        "drawn-digits", title="Images", description="a data set's name, a folder, an archive, or a file of images"
    )
    beta: float = Field(
        1.0, ge=0, le=1000, title="β", description="weight of the KL term; above 1 is beta-VAE, 0 has no prior"
    )
    epochs: int = Field(30, ge=1, le=100_000, title="Epochs", description="passes over the training images")
    batch_size: int = Field(128, ge=1, le=65_536, title="Batch size", description="images per step")
    learning_rate: float = Field(
        1e-3, gt=0, le=1, title="Learning rate", description="Adam's step size; lower it when the loss jumps"
    )
    schedule: Schedule = Field(
        "constant",
        title="Schedule",
        description="constant, or cosine: the learning rate decays to 0 at the last epoch",
    )
    warm_up: float = Field(
        0.0, ge=0, le=100_000, title="KL warm-up", description="epochs over which beta rises from 0 to its value"
    )
    patience: int = Field(
        0,
        ge=0,
        le=100_000,
        title="Early stopping",
        description="epochs without a better validation ELBO before training stops; 0 trains to the last epoch",
    )
    validation_images: int = Field(
        0,
        ge=0,
        le=10**9,
        title="Validation images",
        description="training images held out for validation; 0 holds out a tenth",
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, title="Seed", description="seed of the weights, order, noise and split")
    device: DeviceName = Field("auto", title="Device", description="auto: the GPU if there is one, otherwise the CPU")
    precision: Precision = Field(
        "auto",
        title="Precision",
        description="of matrix products: bfloat16 is faster on some CPUs; auto tries both",
    )
    threads: int = Field(0, ge=0, le=256, title="Threads", description="CPU threads; 0 tries all cores and one fewer")

    @property
    def reading(self) -> Reading:
        """How the images are read."""
        return Reading(**self.model_dump(include=set(Reading.model_fields)))
