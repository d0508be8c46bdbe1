"""What lies behind transparent pictures: one background for a whole set."""

from typing import Literal

import numpy as np
from jaxtyping import UInt8

from vae_explorer.data.image_set import Note
from vae_explorer.data.reading import Reading


class Background:
    """Chosen from all pictures of a set: the one of black and white that what is visible stands out from.

    Colours come multiplied by alpha: they are what is seen on black."""

    def __init__(self) -> None:
        self.is_needed = False  # once a picture is transparent anywhere
        self._colour, self._alpha = 0, 0  # sums of levels over all pixels

    def observe(self, pixels: UInt8[np.ndarray, "*n channels h w"]) -> None:
        """The next pictures, alpha last of their channels."""
        colour, alpha = pixels[..., :-1, :, :], pixels[..., -1, :, :]
        self._colour += int(colour.sum(dtype=np.uint64)) // colour.shape[-3]
        self._alpha += int(alpha.sum(dtype=np.uint64))
        self.is_needed = self.is_needed or bool((alpha < 255).any())

    def chosen(self, reading: Reading) -> Literal["black", "white"]:
        """The user's choice comes first."""
        if reading.background != "auto":
            return reading.background
        return "black" if self._colour > 0.5 * self._alpha else "white"

    def resolved(self, reading: Reading) -> Reading:
        """With the one that was chosen, where one was needed: other pictures are then read alike."""
        return reading.model_copy(update={"background": self.chosen(reading)}) if self.is_needed else reading

    def notes(self, reading: Reading) -> tuple[Note, ...]:
        said = f"transparent images were put on a {self.chosen(reading)} background"
        return (Note(said, switch="background"),) if self.is_needed else ()

    def composited(
        self, pixels: UInt8[np.ndarray, "*n channels h w"], reading: Reading
    ) -> UInt8[np.ndarray, "*n colours h w"]:
        """The pictures on that background, without alpha."""
        colour = pixels[..., :-1, :, :]
        if self.chosen(reading) == "black":
            return colour
        return np.asarray(
            colour + np.minimum(255 - pixels[..., -1:, :, :], 255 - colour)
        )  # rounding lets none pass white


def multiplied(pixels: UInt8[np.ndarray, "*n channels h w"]) -> UInt8[np.ndarray, "*n channels h w"]:
    """The colours multiplied by alpha, the last channel, so that hidden ones do not bleed when they are resized."""
    product = pixels[..., :-1, :, :].astype(np.uint16) * pixels[..., -1:, :, :]
    result = pixels.copy()
    result[..., :-1, :, :] = (product + 127) // 255
    return result
