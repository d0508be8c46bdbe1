"""Pictures of any size become images of one shape."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from vae_explorer.core.config import MAX_SIDE, MIN_SIDE
from vae_explorer.data.reading import Fit, Reading

SIDE = 64  # pixels: the longer side of images that are too large for a model, where no size was chosen


class Size(NamedTuple):
    """Of images, in pixels."""

    height: int
    width: int

    def __str__(self) -> str:
        return f"{self.width} × {self.height}"


def size_for(sizes: Mapping[tuple[int, int], int], reading: Reading) -> Size:
    """The size that the images of a set get: the one that most have (`sizes`: width and height, how many), the smaller
    of two that as many have; scaled to the side that was chosen, or to 64 where it is too large or too small."""
    width, height = max(sizes, key=lambda size: (sizes[size], -size[0] * size[1]))
    side = reading.size
    if not side and min(width, height) >= MIN_SIDE and max(width, height) <= MAX_SIDE:
        return Size(height, width)
    scale = (side or SIDE) / max(width, height)
    return Size(*(max(MIN_SIDE, round(side * scale)) for side in (height, width)))


def fitted(
    pixels: UInt8[np.ndarray, "h w c"], size: Size, fit: Fit, fill: int = 0
) -> UInt8[np.ndarray, "new_h new_w c"]:
    """A picture at that size. Of other proportions, the middle is kept, or a border of the level `fill` is added, or
    it is distorted. c is 1 to 4: transparent pictures come with their colours multiplied by alpha."""
    height, width, _ = pixels.shape
    if (height, width) == size:
        return pixels
    scale = (max if fit == "crop" else min)(size.height / height, size.width / width)
    if fit == "crop":
        inner = max(1, round(size.height / scale)), max(1, round(size.width / scale))
        top, left = (height - inner[0]) // 2, (width - inner[1]) // 2
        return _resized(pixels[top : top + inner[0], left : left + inner[1]], size)
    if fit == "stretch":
        return _resized(pixels, size)
    inside = Size(*(max(1, round(side * scale)) for side in (height, width)))
    whole = np.full((*size, pixels.shape[2]), fill, np.uint8)
    top, left = (size.height - inside.height) // 2, (size.width - inside.width) // 2
    whole[top : top + inside.height, left : left + inside.width] = _resized(pixels, inside)
    return whole


def _resized(pixels: UInt8[np.ndarray, "h w c"], size: Size) -> UInt8[np.ndarray, "new_h new_w c"]:
    """Every pixel of the result is a weighted mean of those that it covers."""
    channels = [
        np.asarray(
            Image.fromarray(np.ascontiguousarray(channel)).resize(
                (size.width, size.height), Image.Resampling.LANCZOS, reducing_gap=3.0
            )
        )
        for channel in np.moveaxis(pixels, 2, 0)
    ]
    return np.stack(channels, axis=2)
