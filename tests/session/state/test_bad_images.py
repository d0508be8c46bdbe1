"""Bad and odd images through the session: the good ones are encoded, of the others there is one sentence."""

import numpy as np
import pytest
from PIL import Image

from vae_explorer import paths
from vae_explorer.core.config import VAEConfig
from vae_explorer.core.vae import VAE
from vae_explorer.data.picture import read
from vae_explorer.data.preprocess import Preparation, prepare
from vae_explorer.export.picture import png
from vae_explorer.session.records import Origin
from vae_explorer.training import model_file
from vae_explorer.training.model_file import ModelInfo

TIMEOUT = 20_000  # milliseconds
SHAPES = [(1, 1, 3), (1, 5000, 1), (5000, 1, 3), (2, 3, 1), (65535, 1, 1)]


@pytest.fixture
def noise():
    rng = np.random.default_rng(4)
    return [rng.integers(0, 256, shape, np.uint8) for shape in SHAPES]


@pytest.fixture
def photo_model(tmp_path):
    """The file of a model for colour photographs."""
    config = VAEConfig(image_shape=(3, 12, 16), z_dim=2, hidden=16)
    path = tmp_path / f"photos{paths.MODEL_SUFFIX}"
    preparation = Preparation(image_shape=config.image_shape)
    info = ModelInfo(config=config, preparation=preparation, data="photos", split_seed=0, train_config={})
    model_file.save(path, VAE(config), info)
    return path


@pytest.mark.parametrize("model", ["tiny_model", "photo_model"])
def test_the_thinnest_and_smallest_pictures_are_encoded(session, request, model, noise, qtbot, tmp_path):
    heard = []
    session.failed.connect(heard.append)
    with qtbot.waitSignal(session.model.changed, timeout=TIMEOUT):
        session.model.open(str(request.getfixturevalue(model)))
    before = len(session.image.images)
    sources = []
    for i, pixels in enumerate(noise):
        path = tmp_path / f"{i}.png"
        path.write_bytes(png(pixels))
        sources.append(Origin(path.name, path))
    session.image.open(sources)
    qtbot.waitUntil(lambda: len(session.image.images) == before + len(noise), timeout=TIMEOUT)
    for image in session.image.images[: len(noise)]:
        session.image.choose(image)
        qtbot.waitUntil(lambda: session.image.posterior is not None, timeout=TIMEOUT)
        posterior = session.image.posterior
        assert posterior.x.shape == session.model.snapshot.info.config.image_shape
        assert np.isfinite(posterior.mu).all()
        assert np.isfinite(posterior.sigma).all()
        assert np.isfinite(posterior.elbo)
    assert heard == []


@pytest.mark.parametrize("dark", [True, False, None])
@pytest.mark.parametrize("box", [0.7, None])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("content", ["noise", "black", "white", "dot"])
def test_every_preparation_takes_the_thinnest_pictures(dark, box, channels, content, noise):
    preparation = Preparation(image_shape=(channels, 8, 28), dark_background=dark, box=box)
    for pixels in noise[:4]:
        if content != "noise":
            pixels = np.full_like(pixels, 255 if content == "white" else 0)
        if content == "dot":
            pixels[-1, -1] = 255
        file = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
        prepared = prepare(_picture(file), preparation)
        assert prepared.x.shape == (channels, 8, 28)
        assert np.isfinite(prepared.x).all()
        assert 0 <= prepared.x.min() <= prepared.x.max() <= 1


def _picture(image):
    pixels = np.asarray(image)
    return read(png(pixels[..., None] if pixels.ndim == 2 else pixels))


def test_a_thousand_bad_images_get_one_short_sentence(opened, qtbot, strokes):
    good = [Origin(path.name, path) for path in strokes[:2]]
    bad = [Origin(f"{i} " + "x" * 200, b"no picture") for i in range(1000)]
    before = len(opened.image.images)
    with qtbot.waitSignal(opened.image.refused, timeout=TIMEOUT) as refused:
        opened.image.open([*bad[:500], *good, *bad[500:]])
    assert refused.args[0].startswith("2 of 1002 used: 0 xxx")
    assert refused.args[0].endswith("; and 997 more")
    assert len(refused.args[0]) < 1500
    assert len(opened.image.images) == before + 2
