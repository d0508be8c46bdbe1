"""Is this an image that the model knows? Its ELBO, its place in z and its neighbours among the test images."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from math import sqrt

import numpy as np
from jaxtyping import Float, Float64, Int64

MIN_SPREAD = 1e-5  # of the widest dimension's deviation: one below it is the same for every image


def percentile(value: float, quantiles: Sequence[float]) -> float:
    """How many percent of the test images have less, from their quantiles at 0, 1, … 100 %.

    Between 0 and 100; the middle of the stretch where several quantiles are the same number.
    """
    below, up_to = bisect_left(quantiles, value), bisect_right(quantiles, value)
    steps = 100 / (len(quantiles) - 1)
    if below < up_to:
        return steps * (below + up_to - 1) / 2
    if below in (0, len(quantiles)):
        return 100.0 if below else 0.0
    low, high = quantiles[below - 1], quantiles[below]
    return steps * (below - 1 + (value - low) / (high - low))


def expected_norm(z_dim: int) -> tuple[float, float]:
    """Mean and standard deviation of ‖z‖² for z ~ N(0, I): chi-squared with z_dim degrees of freedom."""
    return float(z_dim), sqrt(2 * z_dim)


def nearest(
    mu: Float[np.ndarray, "z"],
    mus: Float[np.ndarray, "n z"],
    deviation: Float[np.ndarray, "z"],
    count: int,
) -> tuple[Int64[np.ndarray, "k"], Float64[np.ndarray, "k"]]:
    """The `count` rows of `mus` that are nearest to mu, and how far they are, in deviations of q(z).

    A dimension that is the same for every image (a plain autoencoder has such) has no unit, so it does not count.
    """
    varies = deviation > MIN_SPREAD * deviation.max()
    apart = (mus[:, varies].astype(np.float64) - mu[varies]) / deviation[varies]
    distances = np.linalg.norm(apart, axis=1)
    order = np.argsort(distances, kind="stable")[:count]
    return order, distances[order]
