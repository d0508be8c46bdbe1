"""A tiny data set and the smallest run on it."""

import numpy as np
import pytest
import torch

from vae_explorer.core.config import ModelOptions, VAEConfig
from vae_explorer.core.vae import VAE
from vae_explorer.training import loop
from vae_explorer.training.config import TrainConfig
from vae_explorer.training.run import Run
from vae_explorer.training.state import TrainingState
from vae_explorer.training.trainer import Trainer


@pytest.fixture(scope="session")
def bars() -> np.ndarray:
    """200 images of 8 × 8 pixels, no two alike: a bright bar on a faint ground. [n, c, h, w]"""
    random = np.random.default_rng(0)
    images = random.integers(0, 30, (200, 1, 8, 8), dtype=np.uint8)
    for i, column in enumerate(random.integers(0, 8, 200)):
        images[i, 0, :, column] = random.integers(200, 256, 8)
    return images


@pytest.fixture
def images(bars):
    return torch.from_numpy(bars)


@pytest.fixture
def validation_x(images):
    return (images[:40] > 127).float()


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


@pytest.fixture
def fresh():
    """The state of a run before its first step."""

    def fresh(config, device="cpu"):
        options = config.model_dump(include=set(ModelOptions.model_fields))
        model = VAE(VAEConfig(image_shape=(1, 8, 8), **options))
        return TrainingState.fresh(model.initialise(torch.Generator().manual_seed(config.seed)).to(device), config)

    return fresh


@pytest.fixture
def an_item_after_every_step(monkeypatch):
    monkeypatch.setattr(loop, "MESSAGE_INTERVAL", 0.0)


@pytest.fixture
def start(tmp_path, config):
    """A Trainer of a new run; its folder's name is the argument."""

    def start(name="run", **changes):
        return Trainer(Run.create(tmp_path / name, config.model_copy(update=changes)))

    return start
