"""What travels between the threads and the panels: frozen, numpy only. A model travels as an opaque Snapshot."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from vae_explorer.core.aggregate import AggregatedPosterior, Decomposition
    from vae_explorer.core.vae import VAE
    from vae_explorer.data.picture import Picture
    from vae_explorer.data.preprocess import Step
    from vae_explorer.training.model_file import ModelInfo, StoredPosteriors

DecodedMode = Literal["mean", "draw", "sigma"]
DRAWS_SIDE_BY_SIDE = 16  # draws of one z that are shown side by side
EXAMPLES = 6  # test images that stand in the strip at first


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A frozen copy of a model. Snapshots of one run share their lineage; the number grows with each."""

    lineage: int
    number: int
    model: "VAE" = field(repr=False)
    info: "ModelInfo" = field(repr=False)
    posteriors: "StoredPosteriors | None" = field(default=None, repr=False)  # of test images, at a run's end

    @property
    def z_dim(self) -> int:
        return self.info.config.z_dim

    @property
    def is_autoencoder(self) -> bool:
        """Whether it is a plain one: no q(z|x), no KL, no ELBO."""
        return self.info.config.is_autoencoder


@dataclass(frozen=True, eq=False)
class Origin:
    """Where an image comes from: a file, bytes that were dropped or pasted, or pixels, uint8 [h, w, c]."""

    name: str
    content: Path | bytes | np.ndarray = field(repr=False)


@dataclass(frozen=True, eq=False)
class EncodeRequest:
    snapshot: Snapshot
    image: int  # the entry's id
    picture: "Picture" = field(repr=False)
    switches: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Encoded:
    """q(z|x) of one image, how x came about, and its figures in nats. A plain autoencoder gives z alone, as mu with
    sigma 0, and its figure is the reconstruction."""

    lineage: int
    number: int
    image: int
    steps: tuple["Step", ...]
    x: np.ndarray  # float32 [c, h, w] in [0, 1]: what the network sees
    reconstruction_image: np.ndarray  # float32 [c, h, w], decoded from mu
    mu: np.ndarray  # float32 [z]
    sigma: np.ndarray  # float32 [z]
    kl_per_dimension: np.ndarray | None  # float32 [z]
    elbo: float | None
    reconstruction: float
    kl: float | None
    is_likelihood: bool  # False: x is grey and the likelihood is for black and white
    switches: Mapping[str, bool] = field(default_factory=dict)  # that were asked for

    @property
    def subject(self) -> object:
        """The image, prepared in this way, for this model whichever its weights."""
        return self.lineage, self.image, self.switches


@dataclass(frozen=True, eq=False)
class DecodeRequest:
    snapshot: Snapshot
    z: np.ndarray  # float32 [z]
    mode: DecodedMode
    sixteen: bool  # sixteen draws in place of one
    seed: int


@dataclass(frozen=True, eq=False)
class Decoded:
    """The picture of one z."""

    lineage: int
    number: int
    z: np.ndarray
    mode: DecodedMode
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


@dataclass(frozen=True, eq=False)
class Slice:
    """A long view as far as it is: its job, and the newest that it gave."""

    request: object
    job: Iterator[object] | None = None  # None: not begun, or ended
    item: object = None  # None: nothing new
    is_last: bool = False


@dataclass(frozen=True, eq=False)
class EvidenceRequest:
    snapshot: Snapshot
    encoded: Encoded
    importance_samples: int
    seed: int

    @property
    def subject(self) -> object:
        return self.encoded.subject, self.importance_samples, self.seed

    @property
    def version(self) -> object:
        return self.encoded


@dataclass(frozen=True, eq=False)
class Evidence:
    """log p(x) of one image as far as its draws go, in nats; all parts come from the same draws, so they add up."""

    encoded: Encoded
    importance_samples: int  # that were asked for
    seed: int
    draws: int  # so far
    reconstruction: float
    kl: float
    elbo: float
    log_evidence: float
    gap: float | None
    standard_error: float | None
    effective_sample_size: float
    counts: np.ndarray  # int [m]: of draws, from 1 to all
    estimates: np.ndarray  # float64 [m]: log p(x) by the first so many
    errors: np.ndarray  # float64 [m]
    one_sample_elbos: np.ndarray  # float64 [draws]: log p(x|z) - KL in closed form, as training estimates it

    @property
    def is_whole(self) -> bool:
        return self.draws == self.importance_samples


@dataclass(frozen=True, eq=False)
class MapRequest:
    snapshot: Snapshot
    encoded: Encoded

    @property
    def subject(self) -> object:
        return self.encoded.subject

    @property
    def version(self) -> object:
        return self.encoded


@dataclass(frozen=True, eq=False)
class PosteriorMap:
    """p(z|x) of one image for a 2-dimensional z, by numerical integration."""

    encoded: Encoded
    log_evidence: float | None  # nats; None: p(z|x) is too long and narrow to be integrated exactly
    z1: np.ndarray  # float64 [a]
    z2: np.ndarray  # float64 [b]
    density: np.ndarray  # float64 [b, a], in 1/z²


@dataclass(frozen=True, eq=False)
class Fitted:
    """The best diagonal Gaussian q for one image, found with the decoder frozen; figures in nats."""

    encoded: Encoded
    mu: np.ndarray  # float32 [z]
    sigma: np.ndarray  # float32 [z]
    encoder_elbo: float
    fitted_elbo: float
    log_evidence: float  # with the fitted q as proposal
    standard_error: float | None


@dataclass(frozen=True, eq=False)
class DataPosteriorsRequest:
    """About q(z|x) of a model's test images."""

    snapshot: Snapshot
    tests: tuple[Origin, ...]  # those at hand; none where the posteriors that the model file stores are meant

    @property
    def subject(self) -> object:
        return self.snapshot.lineage

    @property
    def version(self) -> object:
        return self.snapshot.number


@dataclass(frozen=True, eq=False)
class Aggregate:
    """q(z), the mean of q(z|x) over images, and what its dimensions do."""

    lineage: int
    number: int
    images: int
    q: "AggregatedPosterior" = field(repr=False)
    z: np.ndarray  # float64 [m]: where the densities are known
    densities: np.ndarray  # float64 [z, m]; of a plain autoencoder a histogram of its codes
    prior: np.ndarray  # float64 [m]
    is_active: np.ndarray  # bool [z]
    decomposition: "Decomposition | None" = None  # None: not there yet, or a plain autoencoder's


@dataclass(frozen=True, eq=False)
class ComparedRequest:
    snapshot: Snapshot
    aggregate: Aggregate
    count: int
    seed: int

    @property
    def subject(self) -> object:
        return self.snapshot.lineage, self.seed

    @property
    def version(self) -> object:
        return self.aggregate


@dataclass(frozen=True, eq=False)
class ComparedSamples:
    """Pictures of z from the prior, from a Gaussian and a mixture fitted to q(z), and from the stored posteriors, as
    far as they are there."""

    lineage: int
    aggregate: Aggregate
    seed: int
    z: Mapping[str, np.ndarray]  # float32 [n, z] of each source
    images: Mapping[str, np.ndarray]  # float32 [n, c, h, w]


@dataclass(frozen=True, eq=False)
class DataPosteriors:
    """q(z|x) of the test images at hand."""

    lineage: int
    number: int
    mu: np.ndarray  # float32 [n, z]
    sigma: np.ndarray  # float32 [n, z]
    images: np.ndarray  # uint8 [n, c, h, w]


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The test images nearest to the chosen one in z, the nearest first."""

    indices: np.ndarray  # int [k]: among the test images
    distances: np.ndarray  # float64 [k]: of mu, in deviations of q(z)
    images: np.ndarray  # float32 [k, c, h, w]
    names: tuple[str, ...]
    of: int  # test images that were looked at
