"""The shared records passed between threads and panels: frozen, numpy only. A model is passed as an
opaque Snapshot. Requests and answers of one noun are in that noun's file."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
from pydantic import BaseModel

from vae_explorer.core.card import ModelCard
from vae_explorer.data.photo.frame import Frame

if TYPE_CHECKING:
    from vae_explorer.core.model import Decoder, Model
    from vae_explorer.data.preparation import Preparation
    from vae_explorer.data.preprocess import Step
    from vae_explorer.training.model_file import ModelInfo, StoredPosteriors


class Key(NamedTuple):
    """What an answer is the answer to. Two keys that differ …"""

    about: object  # … here: what is there is wrong and is no longer shown
    settings: object = None  # … here: it is late, and work under way is abandoned
    weights: object = None  # … here: it is late but may finish first; a run has new ones twice a second


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A frozen copy of a model. Snapshots of one run share their lineage; the number grows with each."""

    lineage: int
    number: int
    model: "Decoder" = field(repr=False)
    card: ModelCard
    preparation: "Preparation | None" = field(default=None, repr=False)  # of the images that its encoder takes
    posteriors: "StoredPosteriors | None" = field(default=None, repr=False)  # of test images, at a run's end
    info: "ModelInfo | None" = field(default=None, repr=False)  # to be saved; None: not a model of this program

    @classmethod
    def of(
        cls,
        lineage: int,
        number: int,
        model: "Decoder",
        info: "ModelInfo",
        posteriors: "StoredPosteriors | None" = None,
    ) -> "Snapshot":
        """Of one of this program's own models."""
        return cls(lineage, number, model, info.card, info.preparation, posteriors, info)

    @property
    def encoder(self) -> "Model":
        """The model as one that encodes too. Raises ValueError, the card's sentence, where it does not."""
        if not self.card.can("encode"):
            raise ValueError(self.card.why_not("encode"))
        return cast("Model", self.model)

    @property
    def z_dim(self) -> int:
        return self.card.z_dim


@dataclass(frozen=True, eq=False)
class Origin:
    """Where an image comes from: a file, bytes that were dropped or pasted, or pixels, uint8 [h, w, c]."""

    name: str
    content: Path | bytes | np.ndarray = field(repr=False)


class ImageSettings(BaseModel, frozen=True, extra="forbid"):
    """What the user has set of how an image becomes x."""

    switches: dict[str, bool] = {}  # of the preparation's steps, by their names
    frame: Frame | None = None  # in the pixels of the picture as it was read; None: the found one


@dataclass(frozen=True, eq=False)
class Encoded:
    """q(z|x) of one image, how x was made, and its figures in nats. What a model cannot give is None; one without
    q(z|x) gives z alone, as mu with sigma 0."""

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
    reconstruction: float | None
    kl: float | None
    is_likelihood: bool  # False: x is grey and the likelihood is for black and white
    frame: Frame  # what was looked at: the one that was set, or the best candidate
    candidates: tuple[Frame, ...]  # what was found in the whole picture, the best first
    doubt: str  # "", or one sentence: why the found frame may be wrong
    settings: ImageSettings = field(default_factory=ImageSettings)  # that were asked for

    @property
    def picture(self) -> object:
        """The same whichever part of the image is framed: what is of another part is late while a frame is dragged."""
        return self.lineage, self.image, self.settings.switches

    @property
    def subject(self) -> object:
        """The image, prepared in this way, for this model whichever its weights."""
        return self.lineage, self.image, self.settings
