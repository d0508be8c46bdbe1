"""Latent points: where z comes from."""

import numpy as np
from jaxtyping import Float32


def prior_sample(count: int, z_dim: int, *, temperature: float = 1.0, seed: int = 0) -> Float32[np.ndarray, "n z"]:
    """z ~ N(0, temperature² I); 1 is the prior. The first points of a longer sample are the same."""
    noise = np.random.default_rng(seed).standard_normal((count, z_dim), dtype=np.float32)
    return noise * np.float32(temperature)
