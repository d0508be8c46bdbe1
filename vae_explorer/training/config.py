"""How a model is trained: one field is one flag, one row of the form and one entry of config.json. Imports no torch."""

from typing import Literal

from pydantic import Field

from vae_explorer.core.config import ModelOptions

DeviceName = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "float32", "bfloat16"]
Schedule = Literal["constant", "cosine"]


class TrainConfig(ModelOptions, frozen=True):
    """Everything that decides a run; the same config, data, thread count and precision give the same weights on the
    same CPU."""

    data: str = Field("drawn-digits", title="Images", description="a data set's name, a folder of images, or a file")
    beta: float = Field(
        1.0, ge=0, le=1000, title="β", description="weight of the KL term; above 1 is beta-VAE, 0 has no prior"
    )
    epochs: int = Field(30, ge=1, le=100_000, title="Epochs", description="times that every training image is seen")
    batch_size: int = Field(128, ge=1, le=65_536, title="Batch size", description="images in one step")
    learning_rate: float = Field(
        1e-3, gt=0, le=1, title="Learning rate", description="Adam's step size; lower it when the loss jumps"
    )
    schedule: Schedule = Field(
        "constant",
        title="Schedule",
        description="of the learning rate: constant, or cosine, which falls to 0 at the last epoch",
    )
    warm_up: float = Field(
        0.0, ge=0, le=100_000, title="KL warm-up", description="epochs over which beta grows from 0 to its value"
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
        description="training images that are kept for validation; 0 keeps a tenth",
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, title="Seed", description="decides weights, order, noise and split")
    device: DeviceName = Field(
        "auto", title="Device", description="auto: the GPU where there is one, otherwise the processor"
    )
    precision: Precision = Field(
        "auto",
        title="Precision",
        description="of the matrix products: bfloat16 is faster on some processors; auto tries both",
    )
    threads: int = Field(
        0, ge=0, le=256, title="Threads", description="processor threads; 0 tries one fewer than the cores, and all"
    )
