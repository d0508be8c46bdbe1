"""What the drawn data sets share: numbers for each image, drawing with progress, and the cache."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TypeAlias

import numpy as np
from jaxtyping import Float32, Float64, Int64, UInt8

from vae_explorer.core.progress import Job, Progress
from vae_explorer.data.image_set import DataSet, ImageSet
from vae_explorer.paths import cache_folder
from vae_explorer.storage import atomic

SEED = 1
DRAWN_AT_ONCE = 1000  # images: bounds the memory
DIGEST = 32  # bytes, before the cached images

Images: TypeAlias = UInt8[np.ndarray, "n c h w"]
Factors: TypeAlias = Mapping[str, Float32[np.ndarray, "n"]]
Drawn: TypeAlias = tuple[Images, Factors]


def as_drawn(images: Images, factors: Factors) -> Images:
    return images


@dataclass(frozen=True, eq=False)
class DrawnSet:
    """A data set and how it is drawn: the label of an image is its class, and the classes take turns."""

    name: str
    version: int  # of the drawing: another one draws the cached images anew
    classes: tuple[str, ...]
    factors: tuple[str, ...]
    side: int  # pixels
    train: int  # images: the first of the seed
    test: int  # those after them
    draw: Callable[[Int64[np.ndarray, "n"], int, int], Drawn]  # of labels, a seed and the first image's number
    paint: Callable[[Images, Factors], Images] = as_drawn  # makes of what is drawn and cached the images

    def load(self) -> Job[DataSet]:
        """The data set, drawn at the first time and read from the cache later."""
        drawn = self.read_cache()
        if drawn is None:
            drawn = yield from self._draw_all()
            with suppress(OSError):  # it is here all the same, only the next time takes as long
                self.write_cache(*drawn)
        images, factors = drawn
        everything = ImageSet(self.name, self.paint(images, factors), self.labels, factors)
        train, test = everything.take(slice(self.train)), everything.take(slice(self.train, None), "test")
        return DataSet(self.name, train, test, classes=self.classes)

    @property
    def labels(self) -> Int64[np.ndarray, "n"]:
        return np.arange(self.train + self.test, dtype=np.int64) % len(self.classes)

    @property
    def cache_file(self) -> Path:
        """Holds a digest of the rest, what was drawn, and the factors one after the other."""
        return cache_folder() / f"{self.name}-version-{self.version}-seed-{SEED}"

    def _draw_all(self) -> Job[Drawn]:
        labels = self.labels
        images = np.empty((len(labels), 1, self.side, self.side), np.uint8)
        factors = {name: np.empty(len(labels), np.float32) for name in self.factors}
        for first in range(0, len(labels), DRAWN_AT_ONCE):
            yield Progress(first, len(labels), "images")
            some = slice(first, first + DRAWN_AT_ONCE)
            images[some], drawn = self.draw(labels[some], SEED, first)
            for name, values in drawn.items():
                factors[name][some] = values
        return images, factors

    def write_cache(self, images: Images, factors: Factors) -> None:
        parts = [images.data, *(factors[name].data for name in self.factors)]
        digest = blake2b(digest_size=DIGEST)
        for part in parts:
            digest.update(part)
        with atomic.replacing(self.cache_file) as file:
            file.write(digest.digest())
            file.writelines(parts)

    def read_cache(self) -> Drawn | None:
        """None where there is no whole file."""
        try:
            file = np.fromfile(self.cache_file, np.uint8)
        except OSError:
            return None
        digest, content = file[:DIGEST], file[DIGEST:]
        count = self.train + self.test
        pixels = count * self.side**2
        if len(content) != pixels + 4 * count * len(self.factors):
            return None
        if blake2b(content.data, digest_size=DIGEST).digest() != digest.tobytes():
            return None
        factors = content[pixels:].view(np.float32).reshape(len(self.factors), count)
        images = content[:pixels].reshape(-1, 1, self.side, self.side)
        return images, dict(zip(self.factors, factors, strict=True))


def uniform(count: int, columns: int, seed: int, first: int) -> Float64[np.ndarray, "n k"]:
    """Numbers in [0, 1) for each image: rows of one endless table, from `first` on. The columns are a multiple of 4."""
    steps = np.random.Philox(key=seed).advance(first * columns // 4)  # it makes four numbers at a step
    return np.random.Generator(steps).random((count, columns))


def in_ranges(
    ranges: Mapping[str, tuple[float, float]], numbers: Float64[np.ndarray, "n k"]
) -> dict[str, Float32[np.ndarray, "n"]]:
    """Each factor uniform in its range, by a column of numbers in [0, 1)."""
    return {
        name: (low + (high - low) * column).astype(np.float32)
        for (name, (low, high)), column in zip(ranges.items(), numbers.T, strict=False)
    }
