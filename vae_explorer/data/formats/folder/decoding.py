"""Pictures become images of one shape, all in one way.

Which way depends on all of them, and to look at all first would take as long as to read them. So it is guessed from a
few, all are read in that way, and where all together say otherwise, they are read once more.
"""

import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from itertools import islice
from math import prod
from threading import Lock
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float64, Int32, Shaped, UInt8

from vae_explorer.core.progress import Job, Progress
from vae_explorer.data import picture
from vae_explorer.data.container import MAX_BYTES, DataError, File, read_bytes
from vae_explorer.data.fitting import Size, fitted, size_for
from vae_explorer.data.formats.folder import cache
from vae_explorer.data.picture import Layers
from vae_explorer.data.reading import Reading
from vae_explorer.data.values import Range, Values

GUESSED_FROM = 64  # pictures at most, and a sixteenth of all
AT_ONCE = 32  # pictures that a thread reads before it reports
REPORT_INTERVAL = 0.1  # seconds at most between two reports, so that a job can be cancelled
WORTH_THREADS = 100 * 100  # pixels: with less, threads mostly wait for Python (64 × 64: two are half as fast as one)
PASSES = 3  # a folder that is written to meanwhile could otherwise be read for ever
LARGE = 16 << 20  # bytes of a file: of these one is read at a time, however many cores there are
FULL = 255  # alpha of what is opaque


class Trait:
    """What is known of a file, besides its size. Plain numbers: flags of `enum` take longer than what they tell."""

    READ = 1  # it is a picture
    COLOUR = 2  # looked for until there is one
    TRANSPARENT = 4
    DEEP = 8  # its values are not bytes
    TURNED = 16  # as its EXIF says
    FIRST = 32  # of several frames or pages


class Facts:
    """What is known of each file once it is read."""

    def __init__(self, files: int):
        self.traits: UInt8[np.ndarray, "n"] = np.zeros(files, np.uint8)
        self.sizes: Int32[np.ndarray, "n 2"] = np.zeros((files, 2), np.int32)  # width and height in the file
        self.ink: Float64[np.ndarray, "n 2"] = np.zeros((files, 2))  # of transparent ones: see Layers.ink, as a share
        self.values: Float64[np.ndarray, "n 3"] = np.zeros((files, 3))  # lowest, highest, and white as the file says
        self.unread: dict[int, str] = {}  # why

    def have(self, trait: int) -> Bool[np.ndarray, "n"]:
        return np.asarray((self.traits & trait) != 0, bool)

    def note(self, i: int, layers: Layers, *, with_values: bool) -> None:
        """Raises DataError for values that are no numbers."""
        values = layers.values
        traits = Trait.READ
        if _is_coloured(values):
            traits |= Trait.COLOUR
        if layers.alpha is not None:
            traits |= Trait.TRANSPARENT
            self.ink[i] = np.array(layers.ink()) / layers.alpha.size
        if values.dtype != np.uint8:
            traits |= Trait.DEEP
        if layers.turned:
            traits |= Trait.TURNED
        if layers.frames > 1:
            traits |= Trait.FIRST
        self.sizes[i] = layers.file_size
        if with_values or traits & Trait.DEEP:
            with np.errstate(invalid="ignore"):
                self.values[i] = values.min(), values.max(), layers.white
            if not np.isfinite(self.values[i]).all():
                broken = int((~np.isfinite(values)).sum())
                raise DataError(f"{layers.name} has {broken:,} values that are not numbers: save it without them")
        self.traits[i] = traits

    def mean_pixels(self) -> float:
        """Of a picture in its file."""
        return float(self.sizes[self.have(Trait.READ)].prod(axis=1, dtype=float).mean())

    def counted_sizes(self) -> Counter[tuple[int, int]]:
        sizes, counts = np.unique(self.sizes[self.have(Trait.READ)], axis=0, return_counts=True)
        return Counter({(int(w), int(h)): int(count) for (w, h), count in zip(sizes, counts, strict=True)})


def _is_coloured(values: Shaped[np.ndarray, "h w c"]) -> bool:
    if values.shape[2] != 3:
        return False
    red, green, blue = values[len(values) // 2, values.shape[1] // 2].tolist()  # most colour is seen at once
    return not red == green == blue or not bool((values == values[..., :1]).all())


@dataclass(frozen=True)
class Way:
    """How every picture of a set becomes an image."""

    size: Size
    is_colour: bool
    background: Literal["black", "white"]  # behind what is transparent, and around what is padded
    range: Range  # of deep pictures; of all, where none is deep and the user has chosen it
    is_deep: bool
    reading: Reading = field(compare=False)

    @classmethod
    def of(cls, facts: Facts, reading: Reading, name: str) -> "Way":
        sizes = facts.counted_sizes()
        light, area = facts.ink.sum(axis=0)
        background = reading.background
        if background == "auto":
            background = "white" if 2 * light <= area and area else "black"
        deep = facts.have(Trait.DEEP)
        is_deep = bool(deep.any())
        values = Values()
        if is_deep or (reading.black, reading.white) != ("auto", "auto"):
            rows = facts.values[deep if is_deep else facts.have(Trait.READ)]
            for white in np.unique(rows[:, 2]):
                values.observe(rows[rows[:, 2] == white, :2], name, float(white))
        found = values.range(name, reading)
        is_colour = bool(facts.have(Trait.COLOUR).any())
        return cls(size_for(sizes, reading), is_colour, background, found, is_deep, reading)

    @property
    def shape(self) -> tuple[int, int, int]:
        return (3 if self.is_colour else 1), *self.size

    def image(self, layers: Layers) -> UInt8[np.ndarray, "c h w"]:
        """One channel or three."""
        pixels, alpha = layers.values, layers.alpha
        if not self.is_deep or pixels.dtype != np.uint8:
            pixels = self.range.levels(pixels)
        if not self.is_colour:
            pixels = pixels[..., :1]
        if alpha is not None:  # before it is resized, as a picture that is dropped
            pixels = picture.composited(pixels, alpha, self.background)
        border = FULL if self.background == "white" else 0
        return fitted(pixels, self.size, self.reading.fit, border).transpose(2, 0, 1)


@dataclass(frozen=True, eq=False)
class Decoded:
    """An image for each file: its row is not set where the file is no picture."""

    images: UInt8[np.ndarray, "n c h w"]
    facts: Facts
    way: Way


def decoded(
    name: str, files: Sequence[File], reading: Reading, place: cache.Place | None = None
) -> Job[Decoded | Facts]:
    """All pictures in one way, or only what is known of the files where none is a picture. The images lie in memory, or
    on the disk in that place. Raises DataError where they have no room."""
    some = np.linspace(0, len(files) - 1, max(1, min(GUESSED_FROM, len(files) // 16))).astype(int)
    facts = yield from _Pass([files[i] for i in some], reading).work()
    if not facts.have(Trait.READ).any():
        facts = yield from _Pass(files, reading).work()
    if not facts.have(Trait.READ).any():
        return facts
    wanted, whole = Way.of(facts, reading, name), None
    threads = _cores() if facts.mean_pixels() >= WORTH_THREADS else 1
    for _ in range(PASSES):
        way = wanted
        whole = None  # its images go before there are others
        whole = _Pass(files, reading, way, _room(name, (len(files), *way.shape), place), threads)
        facts = yield from whole.work()
        if whole.lacks_colour:
            wanted = replace(way, is_colour=True)
            continue
        wanted = Way.of(facts, reading, name)
        if wanted == way:
            break
    assert whole is not None
    assert whole.images is not None
    return Decoded(whole.images, facts, way)


def _room(name: str, shape: tuple[int, int, int, int], place: cache.Place | None) -> UInt8[np.ndarray, "n c h w"]:
    size, room = prod(shape), f"at most {MAX_BYTES >> 30} GiB can be read"
    if place is not None:
        try:
            return place.room_for(shape)
        except OSError as error:
            room = str(error.strerror or error)
    if size <= MAX_BYTES:
        return np.empty(shape, np.uint8)
    raise DataError(
        f"{name} has {shape[0]:,} pictures, which fill {size / 2**30:.1f} GiB at {shape[3]} × {shape[2]}; {room}: "
        f"choose fewer (--limit {MAX_BYTES // prod(shape[1:])}) or a smaller size (--size)"
    )


class _Pass:
    """Reads each file once, by some threads: Pillow lets go of Python while it decodes."""

    def __init__(
        self,
        files: Sequence[File],
        reading: Reading,
        way: Way | None = None,  # None: only the facts
        images: UInt8[np.ndarray, "n c h w"] | None = None,
        threads: int = 1,
    ):
        self._threads = threads
        self.way, self.images, self.lacks_colour = way, images, False
        self._files, self._facts, self._ended = files, Facts(len(files)), False
        self._one_large = Lock()
        self._with_values = (reading.black, reading.white) != ("auto", "auto")

    def work(self) -> Job[Facts]:
        total, done = len(self._files), 0
        starts = iter(range(0, total, AT_ONCE))
        threads = self._threads
        pool = ThreadPoolExecutor(threads, thread_name_prefix="pictures")
        try:
            waiting = {pool.submit(self._read_some, start) for start in islice(starts, 2 * threads)}
            while waiting and not self.lacks_colour:
                yield Progress(done, total, "images")
                ready, waiting = wait(waiting, REPORT_INTERVAL, FIRST_COMPLETED)
                done += sum(future.result() for future in ready)
                waiting |= {pool.submit(self._read_some, start) for start in islice(starts, len(ready))}
        finally:
            self._ended = True
            pool.shutdown(cancel_futures=True)
        return self._facts

    def _read_some(self, start: int) -> int:
        files = self._files[start : start + AT_ONCE]
        for i, file in enumerate(files, start):
            if self._ended:
                break
            try:
                with self._one_large if file.size > LARGE else nullcontext():
                    layers = picture.layers(read_bytes(file, picture.MAX_BYTES), str(file))
                self._facts.note(i, layers, with_values=self._with_values)
            except ValueError as error:
                self._facts.unread[i] = str(error)
                continue
            if self.way is None or self.images is None:
                continue
            if not self.way.is_colour and self._facts.traits[i] & Trait.COLOUR:
                self.lacks_colour = self._ended = True
                break
            self.images[i] = self.way.image(layers)
        return len(files)


def _cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
