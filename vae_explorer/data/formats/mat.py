"""MATLAB's files, version 5 to 7 (The MathWorks, "MAT-File Format", R2024b), as far as data sets of images need them.

scipy reads them too, but makes what a header asks for before it looks whether the bytes are there, and loads every cell
and struct on its way. Here only arrays of numbers are looked at, and their values come in pieces. Version 7.3 is HDF5.
"""

import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from io import BufferedIOBase, BufferedReader
from math import prod
from pathlib import Path
from typing import TypeAlias

import numpy as np
from jaxtyping import Shaped

from vae_explorer.core.progress import Job, Progress
from vae_explorer.data.container import DataError, File, damage_told
from vae_explorer.data.formats import arrays, named
from vae_explorer.data.formats.packed.unpacking import Limited, Unpacked
from vae_explorer.data.formats.split_names import by_split, prefixed
from vae_explorer.data.formats.stored import Stored
from vae_explorer.data.formats.stored import read as read_stored
from vae_explorer.data.image_set import DataSet, Note
from vae_explorer.data.reading import Reading
from vae_explorer.errors import shown

Array: TypeAlias = Shaped[np.ndarray, "..."] | Stored
MAGIC = b"MATLAB 5.0 MAT-file"
HEADER = 128  # bytes
MAX_VARIABLES = 1000
MAX_DIMENSIONS = 8
MAX_TAG = 1 << 12  # bytes of the flags, the dimensions or the name of an array
_MATRIX, _COMPRESSED = 14, 15
_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_NUMBERS = range(6, 16)  # classes of arrays: double, single, int8 … uint64
_COMPLEX = 0x08  # of the flags
_FACES = {"ff": (28, 20), "faces": (64, 64)}  # rows and columns of Roweis' sets, in which each column is an image


@dataclass(frozen=True)
class _Tag:
    """What announces an element: 8 bytes, or 4 and up to 4 of its content."""

    kind: int
    size: int
    small: bytes | None


def read(name: str, path: Path, files: Sequence[File], reading: Reading) -> Job[DataSet]:
    """The data set that one file is, by the names of its arrays; several are a part each, or Cars3D's objects."""
    held = yield from _variables(files[0])
    if "im" in held and _is_cars(held["im"]):
        return (yield from _cars(name, path, files, reading))
    if len(files) > 1:
        parts, said = by_split(name, files)
        held = {}
        for split, file in parts.items():
            found = yield from _variables(file)
            yield from _number_digits(found)
            held |= prefixed(found, split)
        return (yield from named.data_set(name, path, held, reading, said))
    notes: list[Note] = []
    for key, (rows, columns) in _FACES.items():
        if key in held and held[key].ndim == 2 and held[key].shape[0] == rows * columns:
            values = (yield from read_stored(held[key])).T
            # Frey's were written row by row, Olivetti's as MATLAB has them
            axes = (0, 1, 2) if key == "ff" else (0, 2, 1)
            held[key] = np.ascontiguousarray(values).reshape(-1, rows, columns).transpose(axes)
            notes.append(Note(f"each column was read as an image of {columns} × {rows} pixels"))
            return (yield from arrays.data_set(name, path, arrays.Part(name, held[key]), reading=reading, notes=notes))
    if not held:
        raise DataError(
            f"{files[0]} holds no array of numbers, and structs and cells are not read; save the images and the labels "
            "as arrays of their own"
        )
    yield from _number_digits(held)
    return (yield from named.data_set(name, path, held, reading))


def _number_digits(held: dict[str, Array]) -> Job[None]:
    """SVHN writes the digit 0 as 10 (ufldl.stanford.edu/housenumbers), as others do in MATLAB."""
    if "x" in held and "y" in held and held["x"].shape[:3] == (32, 32, 3) and prod(held["y"].shape) < 1 << 24:
        labels = yield from read_stored(held["y"])
        held["y"] = np.where(labels == 10, 0, labels).ravel() if set(np.unique(labels)) <= set(range(1, 11)) else labels


def _is_cars(array: Array) -> bool:
    return array.ndim == 5 and array.shape[2] == 3


def _cars(name: str, path: Path, files: Sequence[File], reading: Reading) -> Job[DataSet]:
    """Cars3D (Reed et al. 2015): each file is a car, rows × columns × 3 × 24 directions × 4 heights of the camera."""
    images: list[np.ndarray] = []
    factors: list[np.ndarray] = []
    for i, file in enumerate(files):
        yield Progress(i, len(files), "files")
        held = yield from _variables(file)
        if "im" not in held or not _is_cars(held["im"]):
            said = ", ".join(shown(key, 60) for key in list(held)[:8])
            raise DataError(
                f"{name} has {len(files):,} MATLAB files, and {file} holds no image named im of rows x columns x 3 x "
                f"directions x heights but {said or 'no numbers'}: open one of them"
            )
        whole = yield from read_stored(held["im"])
        if images and whole.shape[:2] != images[0].shape[1:3]:
            raise DataError(f"{file} has images of a different size than {files[0]}")
        directions, heights = whole.shape[3:]
        images.append(whole.transpose(3, 4, 0, 1, 2).reshape(-1, *whole.shape[:3]))
        place = np.indices((directions, heights)).reshape(2, -1)
        factors.append(np.stack([place[1], place[0], np.full(place.shape[1], i)]))
    every = np.concatenate(factors, axis=1).astype(np.float32)
    values = {key: each for key, each in zip(("elevation", "azimuth", "object"), every, strict=True) if each.any()}
    part = arrays.Part(name, np.concatenate(images), factors=values)
    return (yield from arrays.data_set(name, path, part, reading=reading))


def _variables(file: File) -> Job[dict[str, Array]]:
    """The arrays of numbers, by their names in lower case. Cells, structs, objects and text are passed over."""
    found: dict[str, Array] = {}
    with damage_told(str(file)), file.open() as stream:
        order = _byte_order(file, stream.read(HEADER))
        place, number = HEADER, 0
        while place + 8 <= file.size:
            stream.seek(place)
            tag = _tag(stream, order)
            if tag.small is not None or place + 8 + tag.size > file.size:
                raise DataError(f"{file} is truncated: it ends within a variable")
            if tag.kind in (_MATRIX, _COMPRESSED):
                number += 1
                if number > MAX_VARIABLES:
                    raise DataError(
                        f"{file} holds more than {MAX_VARIABLES:,} variables; save those of the images alone"
                    )
                yield Progress(place, file.size, "bytes")
                content = partial(_content, file, place, tag.kind == _COMPRESSED)
                with content() as inside:
                    array = _array(file, inside, order, content)
                if array:
                    found[array[0].lower()] = array[1]
            place += 8 + tag.size
    return found


def _byte_order(file: File, header: bytes) -> str:
    order = {b"IM": "<", b"MI": ">"}.get(header[126:128])
    if order is None:
        raise DataError(f"{file} is a MATLAB file whose header is damaged: get or make another copy")
    return order


@contextmanager
def _content(file: File, place: int, is_packed: bool) -> Iterator[BufferedIOBase]:
    """An element of type miMATRIX from its tag on, wherever it is packed."""
    with file.open() as raw:
        raw.seek(place + 8 if is_packed else place)
        yield BufferedReader(Unpacked(raw, zlib.decompressobj)) if is_packed else raw


def _array(file: File, stream: BufferedIOBase, order: str, content: Callable[..., object]) -> tuple[str, Stored] | None:
    """The name and the values of an array of numbers; None for what is none."""
    outer = _tag(stream, order)
    if outer.kind != _MATRIX:
        return None
    before = 8
    parts = []
    for _ in range(3):  # flags, dimensions, name
        tag = _tag(stream, order)
        if tag.size > MAX_TAG:
            raise DataError(f"{file} is damaged: an array has a description of {tag.size:,} bytes")
        padded = tag.small is None and (tag.size + 7) // 8 * 8
        parts.append(tag.small if tag.small is not None else stream.read(padded)[: tag.size])
        before += 8 + (padded or 0)
    flags, sides, name = parts
    if len(flags) < 8 or len(sides) < 8:
        raise DataError(f"{file} is damaged: an array has no description")
    kind, is_complex = struct.unpack(order + "I", flags[:4])[0] & 0xFF, flags[2 if order == ">" else 1] & _COMPLEX
    shape = struct.unpack(f"{order}{len(sides) // 4}i", sides[: len(sides) // 4 * 4])
    if kind not in _NUMBERS or is_complex or not 2 <= len(shape) <= MAX_DIMENSIONS:
        return None
    tag = _tag(stream, order)
    if tag.kind not in _TYPES or min(shape) < 0:
        return None
    dtype = np.dtype(order + _TYPES[tag.kind])
    if prod(shape) * dtype.itemsize != tag.size:
        raise DataError(f"{file} is damaged: {shown(name.decode('latin-1'), 60)} has not as many values as it declares")
    start = before + (4 if tag.small is not None else 8)
    values = partial(_values, content, start, tag.size)
    said = File(
        file.path,
        (f"{name.decode('latin-1')}.mat",),
        f"{shown(name.decode('latin-1'), 60)} in {file}",
        file.size,
        file.open,
        file.packed,
    )
    return name.decode("latin-1"), Stored(said, shape, dtype, values, order="F")


@contextmanager
def _values(content: Callable[[], object], start: int, size: int) -> Iterator[BufferedIOBase]:
    with content() as stream:  # type: ignore[attr-defined]
        stream.read(start)
        yield BufferedReader(Limited(stream, size))


def _tag(stream: BufferedIOBase, order: str) -> _Tag:
    start = stream.read(8)
    if len(start) < 8:
        raise EOFError("it ends within a variable")
    kind, size = struct.unpack(order + "II", start)
    if kind >> 16:  # small: the size is in the upper half
        return _Tag(kind & 0xFFFF, min(kind >> 16, 4), start[4 : 4 + min(kind >> 16, 4)])
    return _Tag(kind, size, None)
