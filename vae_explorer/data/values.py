"""The values in files become grey levels: one range for a whole set, so that its images stay comparable."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from jaxtyping import Shaped, UInt8

from vae_explorer.data.container import DataError
from vae_explorer.data.image_set import Note
from vae_explorer.data.reading import Reading

OVER = 1.1  # of white: a little overshoot is from resampling
DIM = 0.25  # of white: where nothing in a whole set is brighter, it is counted in another way
USUAL = (1.0, 255.0)  # what white is in most files


@dataclass(frozen=True)
class Range:
    """What becomes black and white; what lies beyond is cut off. white may be below black: that negates."""

    black: float
    white: float
    sentence: str = ""  # empty where the values were counted as usual, from 0 to 1 or from 0 to 255

    @property
    def notes(self) -> tuple[Note, ...]:
        return (Note(self.sentence, switch="white"),) if self.sentence else ()

    def resolved(self, reading: Reading) -> Reading:
        """With these values, where they are not the usual ones: other files are then read alike."""
        return reading.model_copy(update={"black": self.black, "white": self.white}) if self.sentence else reading

    def levels(self, values: Shaped[np.ndarray, "*shape"]) -> UInt8[np.ndarray, "*shape"]:
        """Grey levels from 0 to 255, rounded. For a piece at a time: it needs eight bytes for each value."""
        if values.dtype == np.uint8:
            if (self.black, self.white) == (0, 255):
                return values
            return np.asarray(self._levels(np.arange(256))[values])
        return self._levels(values)

    def _levels(self, values: Shaped[np.ndarray, "*shape"]) -> UInt8[np.ndarray, "*shape"]:
        stretched = (values.astype(np.float64) - self.black) * (255 / (self.white - self.black))
        return np.asarray(np.rint(stretched.clip(0, 255)), np.uint8)


class Values:
    """What is known of the values of a set's images, piece by piece."""

    def __init__(self) -> None:
        self.low, self.high = np.inf, -np.inf
        self._white: float | None = None  # what all files say that white is; 0: they disagree
        self._images: Counter[str] = Counter()  # seen in each file
        self._broken, self._first = 0, ""  # values that are no numbers, and where the first is

    def observe(self, values: Shaped[np.ndarray, "n *shape"], name: str, white: float = 0) -> None:
        """The next images of a file or an array of this name. `white` is what its header says that white is
        (BitsPerSample 12: 4,095), 0 where it says nothing."""
        if values.size:
            with np.errstate(invalid="ignore"):
                low, high = float(values.min()), float(values.max())
            if not (np.isfinite(low) and np.isfinite(high)):
                low, high = self._note_broken(values, name)
            self.low, self.high = min(self.low, low), max(self.high, high)
            self._white = white if self._white in (None, white) else 0
        self._images[name] += len(values)

    def _note_broken(self, values: Shaped[np.ndarray, "n *shape"], name: str) -> tuple[float, float]:
        """Counts them, and gives the range of the others."""
        broken = ~np.isfinite(values)
        first = int(broken.reshape(len(values), -1).any(axis=1).argmax())
        self._first = self._first or f"image {self._images[name] + first:,} of {name}"
        self._broken += int(broken.sum())
        fine = values[~broken]
        return (float(fine.min()), float(fine.max())) if fine.size else (np.inf, -np.inf)

    def range(self, name: str, reading: Reading) -> Range:
        """One for all that was seen; what the user has chosen comes first. Raises DataError where there is none."""
        if self._broken:
            count = "1 value is not a number" if self._broken == 1 else f"{self._broken:,} values are not numbers"
            raise DataError(
                f"{name}: {count}, the first in {self._first}; "
                "replace them and save again: images = np.where(np.isfinite(images), images, 0)"
            )
        if self.low > self.high:  # nothing was seen
            return Range(0, 255)
        black, white = self._found()
        is_usual = black == 0 and white in (*USUAL, self._white)
        black, white = (
            found if chosen == "auto" else float(chosen)
            for found, chosen in ((black, reading.black), (white, reading.white))
        )
        if not np.isfinite(255 / (white - black) if white != black else np.inf) or not np.isfinite(white - black):
            raise DataError(
                f"{name} has values from {_said(self.low)} to {_said(self.high)}, which cannot be scaled from "
                f"{_said(black)} to {_said(white)}; scale them to 0…255 and save again: "
                "images = np.interp(images, (low, high), (0, 255)).astype(np.uint8)"
            )
        if reading.black == reading.white == "auto" and is_usual:
            return Range(black, white)
        sentence = f"values {_said(black)} to {_said(white)} were stretched to 0…255"
        if self.low < min(black, white) or self.high > max(black, white):
            sentence += f"; values outside were clipped (there are {_said(self.low)} to {_said(self.high)})"
        return Range(black, white, sentence)

    def _found(self) -> tuple[float, float]:
        """Black and white that nothing lies beyond: as usual where that is likely, else the lowest and the highest."""
        low, high = self.low, self.high
        white = self._white or next((white for white in USUAL if high <= OVER * white), 0.0)
        if -(OVER - 1) * white <= low and DIM * white <= high <= OVER * white:
            rounding = 0.001 * white
            return (low if low < -rounding else 0.0), (high if high > white + rounding else white)
        if low == high:  # one level
            return min(low, 0.0), max(high, white, 1.0)
        for half in (0.5, 1.0):  # counted from the middle, as tanh does
            if max(-low, high) <= OVER * half and low < 0 and high - low >= 2 * DIM * half:
                return min(low, -half), max(high, half)
        return low, high


def _said(value: float) -> str:
    """A value for a sentence: 4,095, −0.42, 1.02."""
    return (f"{value:,.0f}" if value == round(value) and abs(value) < 1e12 else f"{value:.4g}").replace("-", "−")
