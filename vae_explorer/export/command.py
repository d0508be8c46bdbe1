"""The line of the command line that makes the same figure or picture."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from vae_explorer.data.photo.frame import Frame
    from vae_explorer.data.preparation import Preparation

PROGRAM = "vae-explorer"


@dataclass(frozen=True, eq=False)
class NamedImage:
    """A file that a line names and that may have to be written first: x as the network sees it, in [0, 1]."""

    path: Path
    x: np.ndarray = field(repr=False)  # float32 [c, h, w]
    preparation: "Preparation" = field(repr=False)  # that must give the same x again


@dataclass(frozen=True, eq=False)
class Command:
    """A line, and the file that it needs; None where every file is there."""

    arguments: tuple[str, ...]
    image: NamedImage | None = None

    @property
    def line(self) -> str:
        """For a terminal of this system."""
        words = [PROGRAM, *self.arguments]
        if sys.platform == "win32":
            from subprocess import list2cmdline

            return list2cmdline(words)
        from shlex import join

        return join(words)


def decode(model: str, z: np.ndarray, out: str, *, draw_seed: int | None = None) -> Command:
    """The picture of one latent point, float32 [z]; with a seed an x drawn from p(x|z)."""
    draw = [] if draw_seed is None else ["--draw", "--seed", draw_seed]
    return _command("decode", model, "--z", ",".join(_shortest(value) for value in z), *draw, "--out", out)


def sample(model: str, count: int, seed: int, out: str, *, source: str = "prior", temperature: float = 1.0) -> Command:
    """Pictures of z from the prior, or from what is fitted to q(z)."""
    what: list[object] = ["--count", count, "--seed", seed]
    if source != "prior":
        what += ["--from", source]
    elif temperature != 1:
        what += ["--temperature", temperature]
    return _command("sample", model, *what, "--out", out)


def encode(model: str, image: Path | NamedImage, options: Sequence[object]) -> Command:
    """q(z|x) of an image, with these options."""
    path = image if isinstance(image, Path) else image.path
    needed = image if isinstance(image, NamedImage) else None
    return Command(_command("encode", model, path, *options).arguments, needed)


def data_info(data: str, reading: Mapping[str, object], out: str) -> Command:
    """The contact sheet of a data set that is read in this way."""
    options = (f"--{name}={value}" for name, value in reading.items())  # a value may begin with a minus
    return _command("data", "info", data, *options, "--sheet", out)


def frame_text(frame: "Frame") -> str:
    """LEFT,TOP,WIDTH,HEIGHT[,TURNS], as `encode --frame` takes it."""
    sides = (f"{side:.8g}" for side in (frame.left, frame.top, frame.width, frame.height))
    return ",".join([*sides, *([str(frame.turns)] if frame.turns else [])])


def _command(*arguments: object) -> Command:
    return Command(tuple(map(str, arguments)))


def _shortest(value: np.floating) -> str:
    """The shortest decimal that is read back as the same float32."""
    return np.format_float_positional(np.float32(value), unique=True, trim="-")
