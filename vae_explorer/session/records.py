"""What travels between the threads and the panels: frozen, numpy only. A model travels as an opaque Snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from vae_explorer.core.vae import VAE
    from vae_explorer.data.picture import Picture
    from vae_explorer.data.preprocess import Step
    from vae_explorer.training.model_file import ModelInfo

PictureMode = Literal["mean", "draw", "sigma"]
SIXTEEN = 16  # draws of one z that are shown side by side
EXAMPLES = 6  # test images that stand in the strip at first
MAX_IMAGES = 100  # in the strip: each keeps its pixels


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A frozen copy of a model. Snapshots of one run share their lineage; the number grows with each."""

    lineage: int
    number: int
    model: "VAE" = field(repr=False)
    info: "ModelInfo" = field(repr=False)

    @property
    def z_dim(self) -> int:
        return self.info.config.z_dim


@dataclass(frozen=True, eq=False)
class OpenedModel:
    """A model file that was read, with test images of its data where they are bundled."""

    name: str
    model: "VAE" = field(repr=False)
    info: "ModelInfo" = field(repr=False)
    tests: tuple["Source", ...]  # test images of its data
    examples: "ReadPictures"  # the first of them


@dataclass(frozen=True, eq=False)
class Source:
    """Where an image comes from: a file, bytes that were dropped or pasted, or pixels, uint8 [h, w, c]."""

    name: str
    content: Path | bytes | np.ndarray = field(repr=False)


@dataclass(frozen=True, eq=False)
class ReadRequest:
    sources: tuple[Source, ...]
    lineage: int = 0  # of the model into whose strip they go


@dataclass(frozen=True, eq=False)
class ReadPictures:
    """The answer to several sources: what could be read, and a sentence for each that could not."""

    request: ReadRequest
    pictures: tuple["Picture", ...]
    thumbnails: tuple[np.ndarray, ...]  # uint8 [3, h, w], all of one size
    refused: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class EncodeRequest:
    snapshot: Snapshot
    image: int  # the entry's id
    picture: "Picture" = field(repr=False)
    switches: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Encoded:
    """q(z|x) of one image, how x came about, and its figures in nats."""

    lineage: int
    number: int
    image: int
    steps: tuple["Step", ...]
    x: np.ndarray  # float32 [c, h, w] in [0, 1]: what the network sees
    reconstruction_image: np.ndarray  # float32 [c, h, w], decoded from mu
    mu: np.ndarray  # float32 [z]
    sigma: np.ndarray  # float32 [z]
    kl_per_dimension: np.ndarray  # float32 [z]
    elbo: float
    reconstruction: float
    kl: float
    is_likelihood: bool  # False: x is grey and the likelihood is for black and white
    switches: Mapping[str, bool] = field(default_factory=dict)  # that were asked for


@dataclass(frozen=True, eq=False)
class DecodeRequest:
    snapshot: Snapshot
    z: np.ndarray  # float32 [z]
    mode: PictureMode
    sixteen: bool  # sixteen draws in place of one
    seed: int


@dataclass(frozen=True, eq=False)
class Decoded:
    """The picture of one z."""

    lineage: int
    number: int
    z: np.ndarray
    mode: PictureMode
    seed: int
    images: np.ndarray  # float32 [n, c, h, w]: one, or sixteen draws


@dataclass(frozen=True, eq=False)
class PosteriorRequest:
    snapshot: Snapshot
    encoded: Encoded
    count: int
    multiplier: float
    seed: int
    noise_x: np.ndarray  # float32 [c, h, w]: the image that eps belongs to; another one's where eps is kept


@dataclass(frozen=True, eq=False)
class PosteriorSamples:
    """z = mu + multiplier · sigma · eps, and their pictures."""

    lineage: int
    image: int
    multiplier: float
    mu: np.ndarray  # float32 [z]
    sigma: np.ndarray  # float32 [z]
    eps: np.ndarray  # float32 [n, z]
    z: np.ndarray  # float32 [n, z]
    images: np.ndarray  # float32 [n, c, h, w]
    mean: np.ndarray  # float32 [c, h, w]
    spread: np.ndarray  # float32 [h, w]: standard deviation of each pixel, averaged over the channels


@dataclass(frozen=True, eq=False)
class PriorRequest:
    snapshot: Snapshot
    count: int
    temperature: float
    seed: int


@dataclass(frozen=True, eq=False)
class PriorSamples:
    lineage: int
    temperature: float
    seed: int
    z: np.ndarray  # float32 [n, z]
    images: np.ndarray  # float32 [n, c, h, w]


@dataclass(frozen=True, eq=False)
class ReconstructRequest:
    snapshot: Snapshot
    images: np.ndarray  # uint8 [n, c, h, w]


@dataclass(frozen=True, eq=False)
class Reconstructions:
    """Example images and what the model makes of them."""

    lineage: int
    x: np.ndarray  # float32 [n, c, h, w]
    images: np.ndarray  # float32 [n, c, h, w]
