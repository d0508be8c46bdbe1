"""HDF5 files (and MATLAB's of version 7.3): arrays by their names; 3dshapes, whose six factors are known.

3dshapes (github.com/google-deepmind/3d-shapes): images uint8 [480000, 64, 64, 3], labels float64 [480000, 6].
Only plain arrays inside of the file are read: no links to other files, no filters beyond the library's own.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from io import BufferedReader, RawIOBase
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from jaxtyping import Shaped

from vae_explorer.core.progress import Job
from vae_explorer.data import container
from vae_explorer.data.container import DataError, File, damage_told
from vae_explorer.data.formats import arrays, named
from vae_explorer.data.formats.extra.library import at_hand, needed
from vae_explorer.data.formats.split_names import by_split, prefixed
from vae_explorer.data.formats.stored import Stored
from vae_explorer.data.image_set import DataSet
from vae_explorer.data.reading import Reading
from vae_explorer.errors import shown

if TYPE_CHECKING:
    from h5py import Dataset, Group

Array: TypeAlias = Shaped[np.ndarray, "..."] | Stored
MAGIC = b"\x89HDF\r\n\x1a\n"
MATLAB = b"MATLAB 7.3 MAT-file"
SUFFIXES = (".h5", ".hdf5", ".hdf", ".he5")
MAX_OBJECTS = 1000
MAX_DEPTH = 8
BYTES_AT_ONCE = 1 << 20
MAX_CHUNK = 64 << 20  # bytes that are unpacked at once
MAX_RANK = 8
OWN_FILTERS = range(1, 7)  # deflate, shuffle, fletcher32, szip, nbit, scaleoffset; others would load a library's code
_OF_H5PY = (TypeError, KeyError, AttributeError, IndexError)  # raised where a file is damaged
SHAPES = ("floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation")


class _Values(RawIOBase):
    """The values of an array of an open file, one after another, as bytes."""

    def __init__(self, file: File, data: "Dataset"):
        super().__init__()
        row = prod(data.shape[1:]) * data.dtype.itemsize
        at_once = max(1, BYTES_AT_ONCE // max(1, row))
        if data.chunks:  # whole chunks, that none is unpacked twice
            at_once = max(1, min(-(-at_once // data.chunks[0]) * data.chunks[0], MAX_CHUNK // max(1, row)))
        self._file, self._data, self._at_once, self._row = file, data, at_once, 0
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest and self._row < (self._data.shape[0] if self._data.shape else 1):
            with damage_told(self._file, *_OF_H5PY):
                some = self._data[self._row : self._row + self._at_once] if self._data.shape else self._data[()]
            self._rest = np.ascontiguousarray(some).reshape(-1).view(np.uint8).data
            self._row += self._at_once
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


def read(name: str, path: Path, files: Sequence[File], reading: Reading) -> Job[DataSet]:
    """The data set that one file is by the names of its arrays, or several that are a part each."""
    with ExitStack() as opened:
        held: dict[str, Array | DataError] = {}
        parts, notes = by_split(name, files)
        for split, file in parts.items():
            found = _arrays(file, opened)
            held |= prefixed(found, split) if len(parts) > 1 else found
        shapes = held.get("labels")
        images = held.get("images")
        if isinstance(shapes, Stored) and isinstance(images, Stored) and _is_shapes(images, shapes):
            values = yield from shapes.whole()
            factors = dict(zip(SHAPES, values.astype(np.float32).T, strict=True))
            part = arrays.Part(str(images), images, values[:, SHAPES.index("shape")], factors)
            return (yield from arrays.data_set(name, path, part, reading=reading))
        return (yield from named.data_set(name, path, held, reading, notes))


def _is_shapes(images: Stored, labels: Stored) -> bool:
    return images.shape[1:] == (64, 64, 3) and labels.shape == (images.shape[0], len(SHAPES))


def _arrays(file: File, opened: ExitStack) -> dict[str, Array | DataError]:
    with needed(file, "an HDF5 file"):
        import h5py
    with damage_told(file, *_OF_H5PY):
        stream = opened.enter_context(at_hand(file))
        is_matlab = stream.read(len(MATLAB)) == MATLAB
        content = opened.enter_context(h5py.File(stream, "r"))
        found: dict[str, Array | DataError] = {}
        _walk(file, content, (), found, [0])
        if is_matlab:  # its first axis is HDF5's last
            whole = {key: one for key, one in found.items() if isinstance(one, Stored)}
            found |= {key: replace(one, shape=one.shape[::-1], order="F") for key, one in whole.items()}
        return found


def _walk(
    file: File, group: "Group", above: tuple[str, ...], found: dict[str, Array | DataError], count: list[int]
) -> None:
    """Adds the arrays of a group and those in it, by their names below it, in lower case."""
    import h5py

    for key in group:
        count[0] += 1
        if count[0] > MAX_OBJECTS or len(above) > MAX_DEPTH:
            raise DataError(
                f"{file} holds more than {MAX_OBJECTS:,} objects, or {MAX_DEPTH} levels of groups: save fewer"
            )
        if not isinstance(group.get(key, getlink=True), h5py.HardLink) or key.startswith("#"):
            continue  # to another file, or MATLAB's own
        one = group.get(key)
        if isinstance(one, h5py.Group):
            _walk(file, one, (*above, key), found, count)
        elif isinstance(one, h5py.Dataset):
            full = "_".join((*above, key)).lower()
            try:
                found[full] = _array(file, key, one)
            except DataError as error:
                found[full] = error


def _array(file: File, key: str, data: "Dataset") -> Stored:
    import h5py

    name = f"{shown(key, 60)} in {file}"
    dtype = data.dtype
    if dtype.kind not in "biufS" or not dtype.itemsize:
        raise DataError(f"{name} holds values of the type {shown(dtype, 60)}; expected numbers")
    created = data.id.get_create_plist()
    if data.is_virtual or data.external:
        raise DataError(f"{name} lies in another file, which is not read")
    if any(created.get_filter(i)[0] not in (*OWN_FILTERS, h5py.h5z.FILTER_LZF) for i in range(created.get_nfilters())):
        raise DataError(f"{name} is compressed by a filter that is not built into HDF5; save it with gzip")
    if data.ndim > MAX_RANK or prod(data.chunks or (0,)) * dtype.itemsize > MAX_CHUNK:
        raise DataError(f"{name} has chunks of more than {MAX_CHUNK:,} bytes; save it in smaller ones")
    size = prod(data.shape) * dtype.itemsize
    stored = data.id.get_storage_size()  # what is not there would be filled in
    if size > max(container.SMALL, container.MAX_RATIO * min(stored, file.on_disk)):
        raise DataError(f"{name} has {stored:,} bytes and declares {size:,}; it is not read")
    said = File(file.path, (f"{key}.h5",), name, file.size, file.open, file.packed)
    return Stored(said, tuple(data.shape), dtype, lambda: BufferedReader(_Values(file, data)))
