"""Images and labels that come as arrays: NPY and NPZ, and what an array must be to serve as images."""

import io
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Int64, Shaped, UInt8
from numpy.lib import format as npy

from vae_explorer.core.config import MAX_SIDE, MIN_SIDE, ImageShape
from vae_explorer.core.progress import Job, Progress
from vae_explorer.data.container import DataError, File, damage_told, read_array, times
from vae_explorer.data.image_set import DataSet, ImageSet, Skipped, Split
from vae_explorer.data.reading import AUTOMATIC, Reading
from vae_explorer.errors import shown

NPY_MAGIC: bytes = npy.MAGIC_PREFIX
MAX_HEADER = 10_000  # bytes: numpy's own bound for a header that it does not trust
MAX_CLASSES = 1000
MAX_NAMED = 8  # arrays in a sentence
ONE = 1.001  # values up to here are counted from 0 to 1, a little rounding included
VALUES_AT_ONCE = 1 << 20  # of pixels, while they are scaled
ACCEPTED = (
    f"images x height x width, with 1 or 3 channels second or last or without, and sides from {MIN_SIDE} to {MAX_SIDE}"
)

_FIELD = rb"""["'](descr["']:["'][<>|=]?[a-zA-Z]\d*["']|fortran_order["']:(?:True|False)|shape["']:\([\dL,]*\)),?"""
_HEADER = re.compile(rb"\{(?:" + _FIELD + rb"){3}\}")  # without its spaces
_ORDERS: dict[bytes, Literal["C", "F"]] = {b"False": "C", b"True": "F"}
_TRAIN = ("x_train", "train_images", "train_x", "images", "x")
_TRAIN_LABELS = ("y_train", "train_labels", "train_y", "labels", "y")
_TEST = ("x_test", "test_images", "test_x")
_TEST_LABELS = ("y_test", "test_labels", "test_y")


@dataclass(frozen=True, eq=False)
class Part:
    """The arrays of one part as they were read, and where they came from."""

    name: str
    images: Shaped[np.ndarray, "..."]
    labels: Shaped[np.ndarray, "..."] | None = None


def data_set(
    name: str, path: Path, train: Part, test: Part | None = None, *, reading: Reading = AUTOMATIC
) -> Job[DataSet]:
    """Brings arrays to images with grey levels 0..255 and to labels 0, 1, 2, …"""
    parts = [train] if test is None else [train, test]
    arranged = [_channels_second(part) for part in parts]
    if len({images.shape[1:] for images in arranged}) > 1:
        own, test_own = (ImageShape(*images.shape[1:]) for images in arranged)
        raise DataError(f"{name} has training images of {own} and test images of {test_own}; they must be alike")
    scale = 255 if max(_brightest(part) for part in parts) <= ONE else 1
    labels, classes, skipped = _labels(parts, path)
    sets: list[ImageSet] = []
    for images, numbers in zip(arranged, labels, strict=True):
        split: Split = "test" if sets else "train"
        sets.append(ImageSet(name, (yield from _grey_levels(images, scale)), numbers, split=split))
    return DataSet(name, sets[0], sets[1] if test else None, classes, skipped)


def from_npy_files(name: str, path: Path, files: Sequence[File], reading: Reading) -> Job[DataSet]:
    """A data set from NPY files (an NPZ is a ZIP of them): by their names as in Keras, else the only one of images."""
    by_name = {file.parts[-1].removesuffix(".npy").lower(): file for file in files}
    train = _first(by_name, _TRAIN)
    if train is None:
        shapes: dict[File, tuple[int, ...]] = {}
        for i, file in enumerate(files):
            yield Progress(i, len(files), "arrays")
            shapes[file] = _header_of(file).shape
        candidates = [file for file, shape in shapes.items() if _channel_axis(shape) is not None]
        if len(candidates) != 1:
            held = ", ".join(
                f"{shown(file.parts[-1])} ({times(shape)})" for file, shape in list(shapes.items())[:MAX_NAMED]
            )
            raise DataError(f"{name} contains {held}; expected x_train, images, or one array of {ACCEPTED} pixels")
        train = candidates[0]
    test = _first(by_name, _TEST)
    first = yield from _read_part(train, _first(by_name, _TRAIN_LABELS))
    second = (yield from _read_part(test, _first(by_name, _TEST_LABELS))) if test else None
    return (yield from data_set(name, path, first, second, reading=reading))


def _first(files: Mapping[str, File], names: Sequence[str]) -> File | None:
    return next((files[name] for name in names if name in files), None)


def _read_part(images: File, labels: File | None) -> Job[Part]:
    pixels = yield from _read_npy(images)
    return Part(str(images), pixels, (yield from _read_npy(labels)) if labels else None)


@dataclass(frozen=True)
class _Header:
    shape: tuple[int, ...]
    order: Literal["C", "F"]
    dtype: np.dtype


def _header_of(file: File) -> _Header:
    with damage_told(str(file)), file.open() as stream:
        return _header(stream, str(file))


def _read_npy(file: File) -> Job[np.ndarray]:
    with damage_told(str(file)), file.open() as stream:
        header = _header(stream, str(file))
        return (yield from read_array(stream, header.dtype, header.shape, file, order=header.order))


def _header(stream: io.BufferedIOBase, name: str) -> _Header:
    """Reads to the first value. Objects are refused: only pickle could load them, and that could run anything.

    numpy evaluates the header as Python, whose parser can run out of the stack that macOS gives to a thread: here it is
    read as the three fields that it is.
    """
    start = io.BytesIO(stream.read(MAX_HEADER))
    try:
        version = npy.read_magic(start)
        length = int.from_bytes(start.read(2 if version == (1, 0) else 4), "little")
        text = b"".join(start.read(length).split())
        found = re.findall(_FIELD, text) if _HEADER.fullmatch(text) else []
        fields = {name: value for name, _, value in (one.translate(None, b"\"'").partition(b":") for one in found)}
        order = _ORDERS[fields[b"fortran_order"]]
        dtype = np.dtype(fields[b"descr"].decode())
        shape = tuple(int(side) for side in re.findall(rb"\d+", fields[b"shape"]))
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        raise DataError(f"{name} has an NPY header that is damaged or does not describe a plain array") from error
    if dtype.hasobject:
        raise DataError(f"{name} holds pickled Python objects, which are never loaded; save it as an array of numbers")
    if dtype.kind not in "biufU" or not dtype.itemsize:
        raise DataError(f"{name} holds values of the type {dtype}; expected integers, floats or booleans")
    stream.seek(start.tell())
    return _Header(shape, order, dtype)


def _channel_axis(shape: Sequence[int]) -> Literal[0, 1, 3] | None:
    """Which axis counts the channels, 0 where none does, or None where this is no shape of images."""
    sides = range(MIN_SIDE, MAX_SIDE + 1)
    if len(shape) == 3 and shape[1] in sides and shape[2] in sides:
        return 0
    if len(shape) == 4 and shape[3] in (1, 3) and shape[1] in sides and shape[2] in sides:
        return 3
    if len(shape) == 4 and shape[1] in (1, 3) and shape[2] in sides and shape[3] in sides:
        return 1
    return None


def _channels_second(part: Part) -> Shaped[np.ndarray, "n c h w"]:
    if not part.images.size:
        raise DataError(f"{part.name} has the shape {times(part.images.shape)}: it holds no images")
    axis = _channel_axis(part.images.shape)
    if axis is None:
        raise DataError(f"{part.name} has the shape {times(part.images.shape)}; expected {ACCEPTED} pixels")
    return part.images[:, None] if axis == 0 else np.moveaxis(part.images, axis, 1)


def _brightest(part: Part) -> float:
    """The highest value, once it is sure that all can be grey levels."""
    if part.images.dtype.kind not in "biuf":
        raise DataError(f"{part.name} holds values of the type {part.images.dtype}; expected numbers")
    if part.images.dtype.kind == "b":
        return 1.0
    with np.errstate(all="ignore"):
        low, high = float(part.images.min()), float(part.images.max())
    if not (low >= 0 and high <= 255):  # so that NaN fails too
        raise DataError(f"{part.name} has values from {low:g} to {high:g}; expected 0 to 1 or 0 to 255")
    return high


def _grey_levels(images: Shaped[np.ndarray, "n c h w"], scale: int) -> Job[UInt8[np.ndarray, "n c h w"]]:
    if images.dtype.kind == "b":
        images = images.view(np.uint8) != 0  # a file's bools may hold other bytes than 0 and 1
    if images.dtype == np.uint8 and scale == 1:
        return np.ascontiguousarray(images)
    grey = np.empty(images.shape, np.uint8)
    at_once = max(1, VALUES_AT_ONCE // prod(images.shape[1:]))
    for start in range(0, len(images), at_once):
        yield Progress(start, len(images), "images")
        some = slice(start, start + at_once)
        grey[some] = np.rint(np.minimum(images[some].astype(np.float32) * scale, 255))
    return grey


def _labels(
    parts: Sequence[Part], path: Path
) -> tuple[list[Int64[np.ndarray, "n"] | None], tuple[str, ...], tuple[Skipped, ...]]:
    """The labels of each part numbered from 0, the names of the classes, and why labels were left out."""
    none: list[Int64[np.ndarray, "n"] | None] = [None] * len(parts)
    for part in parts:
        if part.labels is not None and part.labels.shape[:1] != part.images.shape[:1]:
            count = part.labels.shape[0] if part.labels.ndim else 1
            raise DataError(f"{part.name} has {count:,} labels for {len(part.images):,} images; expected one per image")
    given = [part.labels for part in parts if part.labels is not None]
    if not given:
        return none, (), ()
    if any(labels.size != len(labels) or labels.dtype.kind not in "biuU" for labels in given):
        seen = " and ".join(f"{times(labels.shape)} of {labels.dtype}" for labels in given)
        return none, (), (Skipped(path, f"the labels are {seen}; expected one integer per image"),)
    if not all(_is_text(labels) for labels in given if labels.dtype.kind == "U"):
        return none, (), (Skipped(path, "the labels contain text that cannot be shown"),)
    names, numbers = np.unique(np.concatenate([labels.ravel() for labels in given]), return_inverse=True)
    if len(names) > MAX_CLASSES:
        return none, (), (Skipped(path, f"the labels have {len(names):,} values; the limit is {MAX_CLASSES:,}"),)
    counts = [0 if part.labels is None else len(part.labels) for part in parts]
    pieces = np.split(numbers.astype(np.int64).ravel(), np.cumsum(counts)[:-1])
    labelled = [None if part.labels is None else piece for part, piece in zip(parts, pieces, strict=True)]
    return labelled, tuple(shown(name) for name in names), ()


def _is_text(labels: Shaped[np.ndarray, "..."]) -> bool:
    """A file's text may hold numbers that are no letters, and a str of them is no safe object."""
    letters = np.frombuffer(labels.tobytes(), f"{labels.dtype.byteorder}u4")
    return bool(((letters < 0xD800) | ((letters > 0xDFFF) & (letters <= sys.maxunicode))).all())
