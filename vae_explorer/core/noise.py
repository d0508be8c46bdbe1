"""Noise that belongs to an image: the same image and seed give the same draws, alone or among others, in any order."""

import hashlib

import numpy as np
from jaxtyping import Float32, Shaped


def content_generator(array: Shaped[np.ndarray, "..."], seed: int) -> np.random.Generator:
    """A generator for one array's own draws; its key is made from the content, the shape and the seed."""
    digest = hashlib.blake2b(digest_size=16, person=b"vae-explorer")
    digest.update(repr((seed, array.shape, array.dtype.str)).encode())
    digest.update(np.ascontiguousarray(array).tobytes())
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest.digest())))


def posterior_noise(x: Shaped[np.ndarray, "c h w"], draws: int, z_dim: int, seed: int) -> Float32[np.ndarray, "k z"]:
    """eps ~ N(0, I) for the samples from q(z|x) of this image; the first k of more draws are the same."""
    return content_generator(x, seed).standard_normal((draws, z_dim), dtype=np.float32)
