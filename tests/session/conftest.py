"""A session with a tiny model, pictures to bring in, and a tiny data set to train on."""

import json
import threading
from collections.abc import Generator
from contextlib import closing

import numpy as np
import pytest
import torch
from PIL import Image

from vae_explorer import cli
from vae_explorer.core.card import LatentStatistics
from vae_explorer.core.config import VAEConfig
from vae_explorer.core.vae import VAE
from vae_explorer.data.preprocess import Preparation
from vae_explorer.session.records import Origin, Snapshot
from vae_explorer.session.state.workspace import Workspace
from vae_explorer.session.views.view import View
from vae_explorer.training import model_file
from vae_explorer.training.config import TrainConfig
from vae_explorer.training.model_file import ModelInfo, StoredPosteriors

TIMEOUT = 30_000  # milliseconds


@pytest.fixture
def settled(session, qtbot):
    """Waits until everything that is watched shows the newest z, image and weights."""

    def is_settled() -> bool:
        snapshot, z = session.model.snapshot, session.latent.z
        posterior, picture, samples = session.image.posterior, session.decoded.shown, session.posterior_samples.shown
        if snapshot is None or posterior is None or picture is None or samples is None:
            return False
        return (
            {posterior.lineage, picture.lineage, samples.lineage} == {snapshot.lineage}
            and posterior.number == snapshot.number
            and posterior.settings == session.image.settings
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
        opened.image.open([Origin(path.name, path) for path in paths])
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


@pytest.fixture(scope="session")
def make_model(tmp_path_factory):
    """Writes a model of random weights for binary 28 × 28 images, and gives its file."""

    def make(name="a model", *, seed=11, kind="vae", z_dim=3, data="mnist", stored=0, shape=(1, 28, 28)):
        config = VAEConfig(image_shape=shape, z_dim=z_dim, hidden=16, kind=kind)
        model = VAE(config).initialise(torch.Generator().manual_seed(seed))
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(1.5)
        is_plain, noise = kind == "autoencoder", np.random.default_rng(seed)
        info = ModelInfo(
            config=config,
            preparation=Preparation(image_shape=shape, dark_background=True, box=0.7, binarise="draw"),
            data=data,
            split_seed=0,
            train_config={},
            epochs=1,
            steps=10,
            train_images=100,
            statistics=LatentStatistics(
                split="test",
                images=100,
                kl_per_dimension=None if is_plain else np.linspace(0.5, 2, z_dim).tolist(),
                mu_variance=np.linspace(0.5, 0.9, z_dim).tolist(),
                elbo_quantiles=None if is_plain else (-750 + 3 * np.arange(101.0) ** 1.2).tolist(),
            ),
        )
        mu = 1.3 * noise.standard_normal((stored, z_dim), dtype=np.float32)
        sigma = noise.uniform(0.2, 0.5, (stored, z_dim)).astype(np.float32) * (not is_plain)
        path = tmp_path_factory.mktemp("made") / f"{name}.vae.safetensors"
        model_file.save(path, model, info, StoredPosteriors(mu, sigma) if stored else None)
        return path

    return make


@pytest.fixture(scope="session")
def stored_model(make_model):
    """A model of three dimensions with 60 stored posteriors."""
    return make_model("stored", stored=60)


@pytest.fixture(scope="session")
def flat_model(make_model):
    """A model whose z has two dimensions."""
    return make_model("flat", z_dim=2, seed=5)


@pytest.fixture(scope="session")
def plain_model(make_model):
    """A plain autoencoder, with its codes of 60 images."""
    return make_model("plain", kind="autoencoder", stored=60)


@pytest.fixture
def open_model(session, qtbot):
    """Opens a model and waits for its first image's posterior."""

    def open_it(path):
        before = session.model.opened
        session.model.open(str(path))
        qtbot.waitUntil(
            lambda: session.model.opened is not before and session.image.posterior is not None,
            timeout=TIMEOUT,
        )
        return session

    return open_it


@pytest.fixture
def take_snapshot(session):
    """Hands over weights as a run does: those of a model file, as a newer snapshot of the same run."""
    lineages = {}

    def take(path, *, run="a run", data=None, is_last=False):
        lineage = lineages.setdefault(run, Workspace.new_lineage())
        now = session.model.trained
        number = now.snapshot.number + 1 if now and now.lineage == lineage else 1
        content = model_file.read(path)
        info = content.info.model_copy(update={"statistics": content.info.statistics if is_last else None})
        snapshot = Snapshot.of(lineage, number, content.model, info, content.posteriors if is_last else None)
        session.model.take_snapshot(snapshot, run, data, None)
        return snapshot

    return take


@pytest.fixture
def called():
    """What a command prints with --json."""

    def call(capsys, *arguments):
        assert cli.run([str(argument) for argument in (*arguments, "--json")]) == 0
        return json.loads(capsys.readouterr().out)

    return call


class Held:
    """The threads at a gate: `worked_on` has what was asked for, by the names of the answering functions and once for
    each item of a long answer, and `hold` names those that wait."""

    def __init__(self):
        self.gate, self.begun, self.kinds, self.worked_on = threading.Event(), threading.Event(), set(), []
        self.failing = {}  # kind: the error that it raises once
        self.gate.set()

    def hold(self, *kinds):
        self.begun.clear()
        self.gate.clear()
        self.kinds = set(kinds)

    def release(self):
        self.gate.set()

    def wrap(self, kind, work):
        def held(request):
            self._pass(kind)
            result = work(request)
            return self._items(kind, result) if isinstance(result, Generator) else result

        return held

    def _items(self, kind, job):
        with closing(job):
            for item in job:
                yield item
                self._pass(kind)

    def _pass(self, kind):
        self.worked_on.append(kind)
        if kind in self.kinds:
            self.begun.set()
            assert self.gate.wait(TIMEOUT / 1000)
        if error := self.failing.pop(kind, None):
            raise error


@pytest.fixture
def held(answering):
    """Every request can be held at a gate, and made to fail."""
    made = Held()
    answering.update({kind: made.wrap(kind, work) for kind, work in answering.items()})
    yield made
    made.release()


@pytest.fixture
def at_rest():
    """Whether nothing that a noun wants is under way: a whole answer may be there before its end is told."""
    return lambda noun: not any(view.is_busy for view in noun.findChildren(View))


@pytest.fixture
def short_slices(monkeypatch):
    """A slice of a long answer is one item, so that there are many."""
    monkeypatch.setattr("vae_explorer.session.threads.latest.SLICE", -1)
