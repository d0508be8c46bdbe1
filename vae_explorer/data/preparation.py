"""What a model expects of an image."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
from jaxtyping import UInt8
from pydantic import BaseModel, Field, field_validator

from vae_explorer.core.config import ImageShape, ModelImageShape
from vae_explorer.data.image_set import Rows
from vae_explorer.data.reading import Fit, Reading

Binarise = Literal["draw", "threshold"]
MEASURED = 2000  # training images that a preparation is measured from
MAX_SIZES = 1000  # that are kept; photographs can be of more


class Preparation(BaseModel, frozen=True, extra="forbid"):
    """What a model expects of an image, measured from its training images and kept in the model file."""

    image_shape: ModelImageShape
    dark_background: bool | None = None  # None: the training images have no plain background
    box: float | None = Field(
        None, gt=0, le=1
    )  # the figures' longer side as a fraction of the frame; None: not centred figures
    binarise: Binarise | None = None  # None: the model takes grey levels
    reading: Reading | None = None  # how the training images were read; None: in a way that older versions had
    sizes: tuple[tuple[int, int], ...] = Field((), max_length=MAX_SIZES)  # width and height of those that were resized

    @field_validator("reading")
    @classmethod
    def _can_be_scaled(cls, reading: Reading | None) -> Reading | None:
        if reading and "auto" not in (reading.black, reading.white):
            width = float(reading.white) - float(reading.black)
            if not width or not np.isfinite(width) or not np.isfinite(255 / width):
                raise ValueError("values cannot be scaled from this black to this white")
        return reading

    @classmethod
    def of(
        cls,
        images: UInt8[np.ndarray, "n c h w"] | Rows,
        likelihood: str,
        reading: Reading | None = None,
        sizes: Mapping[tuple[int, int], int] | None = None,
    ) -> "Preparation":
        """Measured from at most 2,000 of the training images, evenly chosen. `sizes`: as in `DataSet`."""
        evenly = np.linspace(0, len(images) - 1, min(len(images), MEASURED)).astype(int)
        some = images[evenly] if len(images) else images[:]
        dark = _dark_background(some)
        return cls(
            image_shape=ImageShape(*images.shape[1:]),
            dark_background=dark,
            box=None if dark is None else _figure_box(some if dark else 255 - some),
            binarise="draw" if likelihood == "bernoulli" else None,
            reading=reading,
            sizes=_resized(sizes or {}, images.shape[:1:-1]),
        )

    @property
    def fit(self) -> Fit:
        """How images of other proportions came to those of the model."""
        return self.reading.fit if self.reading else "crop"

    @property
    def border(self) -> int:
        """The level around images that were padded."""
        return 255 if self.reading and self.reading.background == "white" else 0


def _resized(sizes: Mapping[tuple[int, int], int], now: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """Those that are others now, the most frequent first."""
    return tuple(sorted((size for size in sizes if size != now), key=lambda size: -sizes[size])[:MAX_SIZES])


def _dark_background(images: UInt8[np.ndarray, "n c h w"]) -> bool | None:
    """Whether most images have a plain border, and which."""
    if not len(images):
        return None
    border = np.concatenate((images[..., 0, :], images[..., -1, :], images[..., 0], images[..., -1]), axis=2)
    border = border.reshape(len(images), -1).astype(np.int16)
    middle = np.median(border, axis=1)
    plain = (np.abs(border - middle[:, None]) <= 24).mean(1) >= 0.6
    for dark, there in ((True, middle < 64), (False, middle > 191)):
        if (plain & there).mean() > 0.75:
            return dark
    return None


def _figure_box(images: UInt8[np.ndarray, "n c h w"]) -> float | None:
    """The figures' longer side as a fraction of the frame, if they leave a margin, are of one size and central."""
    level = images.max(1)
    _, h, w = level.shape
    level = level[level.reshape(len(level), -1).max(1) > 64].astype(np.float32)  # an empty image says nothing
    if not len(level):
        return None
    inside = level > 32
    rows, columns = inside.any(2), inside.any(1)
    tall = h - rows.argmax(1) - rows[:, ::-1].argmax(1)
    wide = w - columns.argmax(1) - columns[:, ::-1].argmax(1)
    longer = np.maximum(tall / h, wide / w)
    mass = level.sum((1, 2))
    y = (level.sum(2) * (np.arange(h) + 0.5)).sum(1) / mass / h - 0.5
    x = (level.sum(1) * (np.arange(w) + 0.5)).sum(1) / mass / w - 0.5
    smaller, middle, larger = np.percentile(longer, (10, 50, 90))
    if middle > 0.9 or larger - smaller > 0.3 or np.median(np.maximum(np.abs(x), np.abs(y))) > 0.1:
        return None
    return float(middle)
