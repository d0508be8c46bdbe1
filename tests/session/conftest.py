"""A session with a tiny model, pictures to bring in, and a tiny data set to train on."""

import numpy as np
import pytest
from PIL import Image

from vae_explorer.session.records import Source
from vae_explorer.training.config import TrainConfig


@pytest.fixture
def settled(session, qtbot):
    """Waits until everything that is watched shows the newest z, image and weights."""

    def is_settled() -> bool:
        snapshot, z = session.model.snapshot, session.latent.z
        posterior, picture, samples = session.image.posterior, session.picture.shown, session.posterior_samples.shown
        if snapshot is None or posterior is None or picture is None or samples is None:
            return False
        return (
            {posterior.lineage, picture.lineage, samples.lineage} == {snapshot.lineage}
            and posterior.number == snapshot.number
            and posterior.switches == session.model.current.switches.get(session.image.image, {})
            and np.array_equal(picture.z, z)
            and np.array_equal(samples.mu, posterior.mu)
        )

    return lambda: qtbot.waitUntil(is_settled, timeout=10_000)


@pytest.fixture
def opened(session, tiny_model, settled):
    """The session with the tiny model, its first example encoded and decoded."""
    session.model.open(str(tiny_model))
    settled()
    return session


@pytest.fixture
def strokes(tmp_path):
    """Seven picture files that fit the tiny model: a white bar, a little further down in each."""
    files = []
    for i in range(7):
        pixels = np.zeros((28, 28), np.uint8)
        pixels[4 + 2 * i : 8 + 2 * i, 5:23] = 255
        files.append(tmp_path / f"stroke{i}.png")
        Image.fromarray(pixels).save(files[-1])
    return files


@pytest.fixture
def bring(opened, qtbot, settled):
    """Brings files in and waits until the first of them is encoded."""

    def bring_in(*paths):
        before = opened.image.images
        opened.image.open([Source(path.name, path) for path in paths])
        qtbot.waitUntil(lambda: opened.image.images != before, timeout=10_000)
        settled()
        return opened.image.images[: len(opened.image.images) - len(before)]

    return bring_in


@pytest.fixture
def config(tmp_path):
    """A run over 60 images of 8 × 8 pixels that ends in well under a second; more epochs make it last."""
    file = tmp_path / "blobs.npz"
    images = np.random.default_rng(3).integers(0, 256, (60, 8, 8), np.uint8)
    images[:, :4] //= 8
    np.savez(file, images=images)
    return TrainConfig(
        data=str(file), hidden=16, z_dim=2, epochs=3, batch_size=16, device="cpu", threads=1, precision="float32"
    )
