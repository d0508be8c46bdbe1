"""The command line, called in this process, and a tiny model made by it."""

import io
import json
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vae_explorer import cli

TINY = [
    "--hidden",
    "16",
    "--z-dim",
    "2",
    "--batch-size",
    "32",
    "--threads",
    "1",
    "--precision",
    "float32",
    "--device",
    "cpu",
]


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def sentence(self) -> str:
        """What stderr has, which must be one line and no traceback."""
        assert self.err.count("\n") == 1, self.err
        assert "Traceback" not in self.err
        return self.err.strip()


@pytest.fixture
def call(capsys):
    """Runs a command; arguments may be paths or numbers."""

    def call(*arguments) -> Answer:
        capsys.readouterr()
        code = cli.run([str(argument) for argument in arguments])
        return Answer(code, *capsys.readouterr())

    return call


@pytest.fixture(scope="session")
def tiny() -> list[str]:
    """The flags of a training that takes no time."""
    return TINY


@pytest.fixture(scope="session")
def digits() -> np.ndarray:
    """120 images of 12 × 12 pixels, no two alike: a bright block on black. [n, h, w]"""
    random = np.random.default_rng(3)
    images = np.zeros((120, 12, 12), np.uint8)
    for image in images:
        top, left = random.integers(2, 5, 2)
        image[top : top + 5, left : left + 5] = random.integers(100, 256, (5, 5))
    return images


@pytest.fixture(scope="session")
def data(digits, tmp_path_factory) -> Path:
    """The images as a data set, with labels and a test part of its own."""
    path = tmp_path_factory.mktemp("data") / "blocks.npz"
    labels = np.arange(120) % 3
    np.savez(path, x_train=digits[:100], y_train=labels[:100], x_test=digits[100:], y_test=labels[100:])
    return path


@pytest.fixture(scope="session")
def trained(data, tmp_path_factory) -> tuple[Path, dict]:
    """A finished run's folder, and what `train` has said about it."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    out = io.StringIO()
    with redirect_stdout(out):
        assert cli.run(["train", str(data), "--out", str(folder), "--epochs", "2", *TINY, "--json"]) == 0
    return folder, json.loads(out.getvalue())


@pytest.fixture(scope="session")
def model(trained) -> Path:
    return trained[0] / "model.vae.safetensors"


@pytest.fixture
def png(digits, tmp_path):
    """The PNG of one of the images."""

    def png(i: int) -> Path:
        path = tmp_path / f"digit{i}.png"
        Image.fromarray(digits[i]).save(path)
        return path

    return png
