"""A tiny data set and the smallest run on it."""

import numpy as np
import pytest

from vae_explorer.training.config import TrainConfig


@pytest.fixture(scope="session")
def bars() -> np.ndarray:
    """200 images of 8 × 8 pixels, no two alike: a bright bar on a faint ground. [n, c, h, w]"""
    random = np.random.default_rng(0)
    images = random.integers(0, 30, (200, 1, 8, 8), dtype=np.uint8)
    for i, column in enumerate(random.integers(0, 8, 200)):
        images[i, 0, :, column] = random.integers(200, 256, 8)
    return images


@pytest.fixture
def config(bars, tmp_path) -> TrainConfig:
    np.savez(tmp_path / "bars.npz", images=bars[:, 0])
    return TrainConfig(
        data=str(tmp_path / "bars.npz"),
        hidden=16,
        z_dim=2,
        epochs=3,
        batch_size=32,
        threads=1,
        precision="float32",
        device="cpu",
    )
