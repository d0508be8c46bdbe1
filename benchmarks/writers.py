"""What the program writes, each as something that can be broken off at any moment: kill.py does so.

Each writer works in a folder of its own. `begin` writes once, `work` for ever; `check` opens every file that has its
final name, `again` writes once more, as the next start of the program would.
"""

import hashlib
import http.server
import os
import time
from contextlib import suppress
from dataclasses import replace
from itertools import count, cycle
from pathlib import Path
from typing import Protocol

import numpy as np
import safetensors.torch
import torch

from vae_explorer.core.config import VAEConfig
from vae_explorer.core.progress import finish
from vae_explorer.core.vae import VAE
from vae_explorer.data import download, picture
from vae_explorer.data.drawn.digits import DRAWN_DIGITS
from vae_explorer.data.drawn.drawn_set import SEED
from vae_explorer.data.preprocess import Preparation
from vae_explorer.export.picture import write
from vae_explorer.storage import sealed
from vae_explorer.training import model_file, training
from vae_explorer.training.config import TrainConfig
from vae_explorer.training.model_file import ModelInfo
from vae_explorer.training.run import Run, RunError
from vae_explorer.training.state_file import STATE_FILE
from vae_explorer.training.trainer import Trainer

SIDE = 8  # pixels
CACHED = replace(DRAWN_DIGITS, train=200, test=100)
SERVED = bytes(range(256)) * 2048  # half a MiB
PIECES, PAUSE = 8, 0.002  # seconds between two of the pieces that the server sends


class Writer(Protocol):
    name: str
    seconds: float  # after which a writer may be killed
    share: int  # of all trials, among the other writers'

    def begin(self, folder: Path) -> None: ...
    def work(self, folder: Path) -> None: ...
    def check(self, folder: Path) -> None: ...
    def again(self, folder: Path) -> None: ...


class Training:
    """Runs of fifteen steps with a checkpoint after each. One that goes on comes to the weights of one that was never
    broken off."""

    name, seconds, share = "training", 1.0, 4

    def __init__(self, folder: Path):
        random = np.random.default_rng(0)
        np.savez(folder / "images.npz", images=random.integers(0, 256, (200, SIDE, SIDE), dtype=np.uint8))
        self._config = TrainConfig(
            data=str(folder / "images.npz"),
            hidden=16,
            z_dim=2,
            epochs=3,
            batch_size=32,
            threads=1,
            precision="float32",
            device="cpu",
        )
        self._weights = folder / "whole" / "state.safetensors"

    def begin(self, folder: Path) -> None:
        finish(Trainer(Run.create(folder / "begun", self._config)).work())

    def work(self, folder: Path) -> None:
        training.CHECKPOINT_INTERVAL = training.EPOCH_CHECKPOINT_INTERVAL = -1.0
        for number in count():
            finish(Trainer(Run.create(folder / f"run-{number}", self._config)).work())

    def whole(self) -> None:
        """The run that all are compared with."""
        finish(Trainer(Run.create(self._weights.parent, self._config)).work())

    def check(self, folder: Path) -> None:
        for run in self._runs(folder):
            assert run.config == self._config
            list(run.metrics())
            for path in (run.model_path, run.best_path):
                if path.exists():
                    model_file.load(path)
            assert run.state_path.exists() or not run.model_path.exists(), "a model without its state"
            if run.state_path.exists():
                sealed.read(run.state_path, STATE_FILE)

    def again(self, folder: Path) -> None:
        for path in filter(Path.is_dir, folder.iterdir()):
            try:
                run = Run.open(path)
            except RunError:  # killed before it was one
                run = Run.create(path, self._config)
            finish(Trainer(run).work())
            assert not run.lock_path.exists(), "a lock stayed"
            assert run.is_finished, "its test figures are missing"
            steps = [report["step"] for report in run.metrics()]
            assert steps == sorted(steps), "reports out of order"
            resumed, whole = _tensors(run.state_path), _tensors(self._weights)
            assert resumed.keys() == whole.keys()
            assert all(torch.equal(resumed[name], whole[name]) for name in whole), "other weights than without the kill"

    def _runs(self, folder: Path) -> list[Run]:
        found = []
        for path in filter(Path.is_dir, folder.iterdir()):
            with suppress(RunError):
                found.append(Run.open(path))
            assert found or not (path / "config.json").exists()
        return found


class Models:
    """Save model as…"""

    name, seconds, share = "saving", 0.2, 2

    def __init__(self) -> None:
        config = VAEConfig(image_shape=(1, SIDE, SIDE), z_dim=2, hidden=16)
        self._info = ModelInfo(
            config=config,
            preparation=Preparation(image_shape=config.image_shape),
            data="noise",
            split_seed=0,
            train_config={},
        )
        seeds = [torch.Generator().manual_seed(seed) for seed in range(2)]
        self._models = [VAE(config).initialise(seed) for seed in seeds]

    def begin(self, folder: Path) -> None:
        self.again(folder)

    def work(self, folder: Path) -> None:
        for model in cycle(self._models):
            model_file.save(folder / "mine.vae.safetensors", model, self._info)

    def check(self, folder: Path) -> None:
        for path in folder.glob("*.safetensors"):
            model_file.load(path)

    def again(self, folder: Path) -> None:
        model_file.save(folder / "mine.vae.safetensors", self._models[0], self._info)


class Cache:
    """The drawn digits, written at the first time."""

    name, seconds, share = "caching", 0.2, 2

    def __init__(self) -> None:
        self._drawn = CACHED.draw(CACHED.labels, SEED, 0)

    def begin(self, folder: Path) -> None:
        self.again(folder)

    def work(self, folder: Path) -> None:
        while True:
            self.again(folder)

    def check(self, folder: Path) -> None:
        os.environ["VAE_EXPLORER_HOME"] = str(folder)
        if CACHED.cache_file.exists():
            assert CACHED.read_cache() is not None, "a damaged cache"

    def again(self, folder: Path) -> None:
        os.environ["VAE_EXPLORER_HOME"] = str(folder)
        CACHED.write_cache(*self._drawn)


class Pictures:
    """A picture given out."""

    name, seconds, share = "exporting", 0.2, 2

    def begin(self, folder: Path) -> None:
        self.again(folder)

    def work(self, folder: Path) -> None:
        for grey in cycle((254, 255)):  # of the same size
            self._write(folder, grey)

    def check(self, folder: Path) -> None:
        for path in folder.glob("*.png"):
            assert picture.read(path).pixels.shape[:2] == (64, 64)

    def again(self, folder: Path) -> None:
        self._write(folder, 128)

    def _write(self, folder: Path, grey: int) -> None:
        pixels = np.random.default_rng(grey).integers(0, grey + 1, (64, 64, 3)).astype(np.uint8)
        write(folder / "grid.png", pixels[None])


class Downloads:
    """Files from a server of our own."""

    name, seconds, share = "downloading", 0.3, 2

    def __init__(self, port: int):
        self._mirrors = (f"http://127.0.0.1:{port}/",)
        self._sha256 = hashlib.sha256(SERVED).hexdigest()

    def begin(self, folder: Path) -> None:
        self.again(folder)

    def work(self, folder: Path) -> None:
        for number in count():
            self._fetch(folder, f"part-{number}.gz")

    def check(self, folder: Path) -> None:
        for path in folder.glob("set/*.gz"):
            assert path.read_bytes() == SERVED, "a part of a file has the name of the whole"

    def again(self, folder: Path) -> None:
        self._fetch(folder, "last.gz")

    def _fetch(self, folder: Path, name: str) -> None:
        file = download.RemoteFile(name, len(SERVED), self._sha256, self._mirrors)
        finish(download.fetch([file], folder / "set"))


class Server(http.server.ThreadingHTTPServer):
    """Gives the same content under every name, in pieces."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)


class _Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(SERVED)))
        self.end_headers()
        piece = len(SERVED) // PIECES
        with suppress(ConnectionError):  # killed
            for start in range(0, len(SERVED), piece):
                self.wfile.write(SERVED[start : start + piece])
                time.sleep(PAUSE)

    def log_message(self, *_: object) -> None:
        pass


def _tensors(path: Path) -> dict[str, torch.Tensor]:
    return safetensors.torch.load(path.read_bytes())
