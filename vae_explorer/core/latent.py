"""Latent points: where z comes from."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32

LARGEST = float(np.finfo(np.float32).max)  # that a z_j can be: 3.4e38, as decoders compute in float32


def prior_sample(count: int, z_dim: int, *, temperature: float = 1.0, seed: int = 0) -> Float32[np.ndarray, "n z"]:
    """z ~ N(0, temperature² I); 1 is the prior. The first points of a longer sample are the same."""
    noise = np.random.default_rng(seed).standard_normal((count, z_dim), dtype=np.float32)
    return noise * np.float32(temperature)


def latent_point(numbers: Sequence[float]) -> Float32[np.ndarray, "z"]:
    """z by numbers that somebody wrote. Raises ValueError, the text beginning with "takes", where one is not finite in
    float32."""
    with np.errstate(over="ignore"):
        z = np.asarray(numbers, np.float64).astype(np.float32)
    if not np.isfinite(z).all():
        raise ValueError(f"takes finite numbers only, at most {LARGEST:.3g}")
    return z
