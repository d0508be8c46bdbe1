"""Which axes of an array are images, channels, rows and columns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isqrt, prod
from typing import Literal

import numpy as np
from jaxtyping import Shaped

from vae_explorer.data.fitting import Size

CHANNELS = (1, 3, 4)  # grey, colour, colour and alpha
LEAST = 4  # pixels: a shorter side is no picture's
MOST = 1 << 24  # values of an image: 4,096 × 4,096 grey pixels
ELONGATED = 4  # times as long as high: no picture is, so the long axis counts images
ACCEPTED = (
    "images x height x width, with or without 1, 3 or 4 channels (second or last), or a row of pixels for each image"
)


@dataclass(frozen=True)
class Layout:
    """How each image lies in an array, and how many there are."""

    count: int
    channels: int
    height: int
    width: int
    axes: Literal["flat", "none", "second", "last"]  # where the channels are
    is_reversed: bool = False  # as MATLAB has it: the images are counted by the last axis
    is_turned: bool = False  # the images lie on their side: rows and columns are exchanged

    @property
    def size(self) -> Size:
        """Of the images, upright."""
        return Size(self.width, self.height) if self.is_turned else Size(self.height, self.width)

    def images(self, values: Shaped[np.ndarray, "m *row"]) -> Shaped[np.ndarray, "m c h w"]:
        """Some rows of the array (of a reversed one: once the last axis came first), upright."""
        if self.axes == "last":
            images = np.moveaxis(values, 3, 1)
        else:
            images = values.reshape(len(values), self.channels, self.height, self.width)
        return images.swapaxes(2, 3) if self.is_turned else images


def layout(shape: Sequence[int], labels: int | None = None) -> Layout | None:
    """Of an array of this shape that has so many labels (None: not known); None where it holds no images."""
    if len(shape) == 2:
        return _flat(*shape, is_labelled=shape[0] == labels)
    if len(shape) not in (3, 4):
        return None
    if _is_reversed(shape, labels):
        plain = layout((shape[-1], *shape[:-1]))
        return plain and replace(plain, is_reversed=True)
    if prod(shape[1:]) > MOST:
        return None
    if len(shape) == 3:
        count, height, width = shape
        is_one_picture = width in CHANNELS and height >= 2 * LEAST
        return Layout(count, 1, height, width, "none") if _are_sides(shape[1:]) and not is_one_picture else None
    count, second, third, last = shape
    if last in CHANNELS and _are_sides((second, third)):
        return Layout(count, last, second, third, "last")
    if second in CHANNELS and _are_sides((third, last)):
        return Layout(count, second, third, last, "second")
    return None


def _flat(count: int, values: int, *, is_labelled: bool) -> Layout | None:
    """A row of pixels for each image: 784, 1,024, 3,072 (channel by channel, as in CIFAR)."""
    if count == values and not is_labelled:  # one grey picture as well
        return None
    for channels in (1, 3):
        side = isqrt(values // channels)
        if channels * side * side == values and side >= LEAST:
            return Layout(count, channels, side, side, "flat")
    return None


def _is_reversed(shape: Sequence[int], labels: int | None) -> bool:
    """Whether the last axis counts the images, where that is sure: by the number of labels, or no other can."""
    *sides, last = shape
    if not _are_sides(sides[:2]) or (len(sides) == 3 and (sides[2] not in CHANNELS or last in CHANNELS)):
        return False
    if len(sides) == 3:
        return shape[1] not in CHANNELS
    if labels is not None and (labels == shape[0]) != (labels == last):
        return labels == last
    return sides[0] == sides[1] and last >= ELONGATED * sides[0]


def _are_sides(sides: Sequence[int]) -> bool:
    return all(side >= LEAST for side in sides)
