"""Which p(x|z) suits images, where the user has not said: one rule for the window and the command line."""

import numpy as np
from jaxtyping import UInt8

from vae_explorer.core.config import LikelihoodName
from vae_explorer.data.image_set import Rows

BLACK, WHITE = 48, 208  # grey levels up to the one and from the other on; those between are neither
FEW = 0.2  # of the pixels may be between
DARK = 16  # grey levels of a background with its noise
BRIGHT = 0.2  # of the pixels above it are white at least: digits have half, a CT whose bone is white hardly one
MEASURED = 1000  # images


def suiting_likelihood(images: UInt8[np.ndarray, "n c h w"] | Rows) -> LikelihoodName:
    """bernoulli for grey images that are nearly black and white, as digits are; gaussian for all others."""
    if images.shape[1] != 1:
        return "gaussian"
    some = images[:: max(1, len(images) // MEASURED)]
    between, bright, seen = (np.mean(is_so) for is_so in ((some > BLACK) & (some < WHITE), some >= WHITE, some > DARK))
    return "bernoulli" if between < FEW and bright > BRIGHT * seen else "gaussian"
