"""A picture: what its file says of each pixel, and what becomes of that when it is read."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Shaped, UInt8

from vae_explorer.data.reading import AUTOMATIC, Reading

RANGES = (1, 2**8 - 1, 2**16 - 1, 2**24 - 1, 2**31 - 1)  # white in 32-bit and float pictures: the first that holds all
_LUMA = np.array((0.299, 0.587, 0.114))  # of red, green and blue in what is seen as bright (ITU-R BT.601)


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as it came, upright and opaque; one channel for grey sources, three for colour."""

    name: str
    pixels: UInt8[np.ndarray, "h w c"]
    format: str  # "PNG", "JPEG", …
    file_size: tuple[int, int]  # width and height in the file; larger than the pixels where the picture was reduced
    path: Path | None = None  # of the file; None where it came as bytes or pixels
    frames: int = 1  # in the file: pages of a TIFF, pictures of an animation. These are the pixels of one
    layers: "Layers | None" = field(default=None, repr=False)  # where the pixels took a choice: deep or transparent
    _otherwise: dict[Reading, "Picture"] = field(default_factory=dict, repr=False)

    def read_as(self, reading: Reading) -> "Picture":
        """This picture read as a set was; itself where there is nothing to choose."""
        if self.layers is None:
            return self
        if reading not in self._otherwise:
            other = self.layers.picture(reading)
            self._otherwise[reading] = self if np.array_equal(other.pixels, self.pixels) else other
        return self._otherwise[reading]

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def size_said(self) -> str:
        """How large it is in its file, and which of several it is."""
        width, height = self.file_size
        others = {"TIFF": "pages"}.get(self.format, "pictures")
        return f"{width} × {height}" + (f", the first of {self.frames:,} {others}" if self.frames > 1 else "")

    @property
    def scale(self) -> tuple[float, float]:
        """Pixels of the file for each of its own, across and down."""
        return self.file_size[0] / self.width, self.file_size[1] / self.height


@dataclass(frozen=True, eq=False)
class Layers:
    """A picture upright, before its levels become 8 bits and its transparent parts get a background: what the pictures
    of a set are compared by, so that one range and one background do for all of them."""

    name: str
    values: Shaped[np.ndarray, "h w c"]  # of the file: uint8, or deeper numbers. c is 1 or 3
    alpha: UInt8[np.ndarray, "h w"] | None  # None: opaque. The values are not multiplied by it
    white: float  # what the file says that white is: 255, 65535, 4095 of 12 bits; 0 where it says nothing
    format: str
    file_size: tuple[int, int]  # width and height in the file
    turned: bool = False  # as its EXIF says
    frames: int = 1  # pages of a TIFF, pictures of an animation: in the file, these are the layers of one
    path: Path | None = None

    def ink(self) -> tuple[float, float]:
        """The brightness of what is visible, from 0 to 1, times its area, and that area in pixels: of several pictures
        both are added up, and their one background is black where the first is more than half of the second."""
        grey = self.levels / 255
        level = grey[..., 0] if grey.shape[2] == 1 else grey @ _LUMA
        visible = np.ones_like(level) if self.alpha is None else self.alpha / 255
        return float((level * visible).sum()), float(visible.sum())

    @property
    def levels(self) -> UInt8[np.ndarray, "h w c"]:
        """Grey levels by the range of this picture alone."""
        return levels(self.values, *self.range())

    def range(self) -> tuple[float, float]:
        """The values that are black and white in this picture, as far as it alone can tell. Nothing is outside."""
        if self.white:
            return 0.0, self.white
        finite = self.values[np.isfinite(self.values)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
        white = next((white for white in RANGES if high <= 1.1 * white), high)  # a little overshoot is from resampling
        if low < -0.1 * max(high, 1.0):  # signed: no range is known
            return low, high
        return min(low, 0.0), max(high, white)

    def picture(self, reading: Reading = AUTOMATIC) -> Picture:
        """The picture read as a set was. What is automatic is chosen by this picture alone: the range, and the
        background that its visible pixels stand out from. Bytes have their usual range, whatever that of a set of
        deeper numbers is."""
        black, white = self.range()
        if self.values.dtype != np.uint8:
            black = black if reading.black == "auto" else float(reading.black)
            white = white if reading.white == "auto" else float(reading.white)
        pixels = levels(self.values, black, white)
        if self.alpha is not None:
            background = reading.background
            if background == "auto":
                light, area = self.ink()
                background = "black" if 2 * light > area else "white"
            pixels = composited(pixels, self.alpha, background)
        took_a_choice = self.alpha is not None or self.values.dtype != np.uint8
        return Picture(
            self.name, pixels, self.format, self.file_size, self.path, self.frames, self if took_a_choice else None
        )


def composited(
    pixels: UInt8[np.ndarray, "*n h w c"], alpha: UInt8[np.ndarray, "*n h w"], background: Literal["black", "white"]
) -> UInt8[np.ndarray, "*n h w c"]:
    """Transparent pixels, not multiplied by alpha, on a background."""
    behind = np.uint16(0 if background == "black" else 255)
    share = alpha[..., None].astype(np.uint16)
    return ((pixels * share + behind * (255 - share) + 127) // 255).astype(np.uint8)


def levels(values: Shaped[np.ndarray, "h w c"], black: float, white: float) -> UInt8[np.ndarray, "h w c"]:
    """Grey levels; what lies beyond black or white is cut off, what is no number is 0."""
    if values.dtype == np.uint8 and (black, white) == (0, 255):
        return values
    with np.errstate(invalid="ignore"):  # some kinds of NaN are warned of
        numbers = np.nan_to_num(values.astype(np.float64), nan=0, posinf=0, neginf=0)
    scale = 255 / (white - black or 1.0)
    return np.asarray(np.rint(((numbers - black) * scale).clip(0, 255)), np.uint8)
