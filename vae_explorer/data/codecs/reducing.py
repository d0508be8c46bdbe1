"""A large picture becomes smaller: each value the mean of a square."""

import numpy as np
from jaxtyping import Shaped

BAND = 1 << 20  # values that are added up at a time


def means(values: Shaped[np.ndarray, "h w c"], factor: int) -> Shaped[np.ndarray, "new_h new_w c"]:
    """The means of squares of `factor` pixels, narrower ones at the right and at the bottom."""
    height, width, channels = values.shape
    if factor == 1:
        return values
    columns = np.arange(0, width, factor)
    step = factor * max(1, BAND // (factor * width * channels))
    bands = []
    for top in range(0, height, step):
        band = values[top : top + step]
        rows = np.arange(0, len(band), factor)
        sums = np.add.reduceat(np.add.reduceat(band, rows, axis=0, dtype=np.float64), columns, axis=1)
        areas = np.diff(rows, append=len(band))[:, None, None] * np.diff(columns, append=width)[:, None]
        mean = sums / areas
        bands.append((mean if values.dtype.kind == "f" else np.rint(mean)).astype(values.dtype))
    return np.concatenate(bands)
