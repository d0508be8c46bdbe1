"""Latent points: where z comes from, and the axes along which it is moved."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from jaxtyping import Float, Float32

MAX_Z = float(np.finfo(np.float32).max)  # that a z_j can be: 3.4e38, as decoders compute in float32


@dataclass(frozen=True, eq=False)
class Axis:
    """What a slider moves: a direction in z. A dimension is the first case."""

    name: str
    vector: Float32[np.ndarray, "z"]  # of length 1
    sigma: float = 1.0  # the spread of z along it, in z's units; 1 is the prior's

    @staticmethod
    @lru_cache(maxsize=1024)  # a slider asks for its own with each move
    def of_dimension(j: int, z_dim: int) -> "Axis":
        """z_j by itself."""
        return Axis(f"z{j}", np.eye(1, z_dim, j, dtype=np.float32)[0])

    @cached_property
    def only(self) -> int | None:
        """The dimension that it moves alone; None for a direction across several."""
        moved = np.flatnonzero(self.vector)
        return int(moved[0]) if len(moved) == 1 and self.vector[moved[0]] == 1 else None

    def value(self, z: Float[np.ndarray, "z"]) -> float:
        """Where z is along the axis, in z's units: the projection."""
        return float(self.vector @ z)

    def moved(self, z: Float[np.ndarray, "z"], value: float) -> Float32[np.ndarray, "z"]:
        """The point with this value along the axis that is nearest to z; what is orthogonal to the axis stays."""
        if self.only is not None:  # exactly, whatever z was
            moved = np.array(z, np.float32)
            moved[self.only] = value
            return moved
        return (z + (value - self.value(z)) * self.vector).astype(np.float32)


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
        raise ValueError(f"takes finite numbers only, at most {MAX_Z:.3g}")
    return z
