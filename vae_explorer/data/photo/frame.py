"""The part of a photo that a model is shown."""

import numpy as np
from jaxtyping import UInt8
from pydantic import BaseModel, Field


class Frame(BaseModel, frozen=True, extra="forbid", allow_inf_nan=False):
    """A box in the pixels of an upright `Picture` as it was read, and how the cut is turned after."""

    left: float
    top: float
    width: float = Field(gt=0)
    height: float = Field(gt=0)
    turns: int = Field(0, ge=0, le=3)  # quarter turns clockwise

    @classmethod
    def whole(cls, pixels: UInt8[np.ndarray, "h w c"]) -> "Frame":
        """All of a picture."""
        return cls(left=0, top=0, width=pixels.shape[1], height=pixels.shape[0])

    @classmethod
    def middle(cls, pixels: UInt8[np.ndarray, "h w c"], height: int, width: int) -> "Frame":
        """The largest part in the middle that has these proportions, in whole pixels."""
        h, w = pixels.shape[:2]
        scale = min(h / height, w / width)
        inner_h, inner_w = max(1, round(height * scale)), max(1, round(width * scale))
        return cls(left=(w - inner_w) // 2, top=(h - inner_h) // 2, width=inner_w, height=inner_h)

    def scaled(self, across: float, down: float) -> "Frame":
        """The same part of the picture where that is so many times as wide and as high."""
        return Frame(
            left=self.left * across,
            top=self.top * down,
            width=self.width * across,
            height=self.height * down,
            turns=self.turns,
        )

    def cut(self, pixels: UInt8[np.ndarray, "h w c"]) -> UInt8[np.ndarray, "cut_h cut_w c"]:
        """What lies in the frame, turned: whole pixels, at least one, never more than there are."""
        rows, columns = (
            _within(start, length, size)
            for start, length, size in zip((self.top, self.left), (self.height, self.width), pixels.shape, strict=False)
        )
        return np.ascontiguousarray(np.rot90(pixels[rows, columns], -self.turns))


def _within(start: float, length: float, size: int) -> slice:
    first = round(min(max(start, 0), size - 1))
    return slice(first, round(min(max(start + length, first + 1), size)))
