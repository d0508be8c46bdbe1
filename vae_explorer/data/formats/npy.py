"""NPY files, and NPZ files, which are ZIPs of them. What they say of themselves is read, never run: no pickle."""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from io import BufferedIOBase
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.lib import format as npy

from vae_explorer.core.progress import Job, Progress
from vae_explorer.data import container
from vae_explorer.data.container import DataError, File, damage_told
from vae_explorer.data.formats import named
from vae_explorer.data.formats.stored import Stored
from vae_explorer.data.image_set import DataSet
from vae_explorer.data.reading import Reading

MAGIC: bytes = npy.MAGIC_PREFIX
MAX_HEADER = 10_000  # bytes: numpy's own bound for a header that it does not trust

_FIELD = rb"""["'](descr["']:["'][<>|=]?[a-zA-Z]\d*["']|fortran_order["']:(?:True|False)|shape["']:\([\dL,]*\)),?"""
_HEADER = re.compile(rb"\{(?:" + _FIELD + rb"){3}\}")  # without its spaces
_ORDERS: dict[bytes, Literal["C", "F"]] = {b"False": "C", b"True": "F"}


def from_npz_files(name: str, path: Path, files: Sequence[File], reading: Reading) -> Job[DataSet]:
    """A data set from several NPZ files: one that holds a single array lends it its own name, as KMNIST's do."""
    with ExitStack() as opened:
        held: dict[str, File] = {}
        for file in files:
            inside = opened.enter_context(container.members(file))
            for member in inside:
                held[(file if len(inside) == 1 else member).path.stem.lower()] = member
        return (yield from _from_named(name, path, held, reading))


def from_npy_files(name: str, path: Path, files: Sequence[File], reading: Reading) -> Job[DataSet]:
    """A data set from NPY files (an NPZ is a ZIP of them), that are told apart by their names."""
    by_name = {file.parts[-1].removesuffix(".npy").lower(): file for file in files}
    return (yield from _from_named(name, path, by_name, reading))


def _from_named(name: str, path: Path, files: Mapping[str, File], reading: Reading) -> Job[DataSet]:
    held: dict[str, Stored | DataError] = {}
    for i, (key, file) in enumerate(files.items()):
        yield Progress(i, len(files), "arrays")
        try:
            held[key] = stored(file)
        except DataError as error:  # perhaps it is not needed
            held[key] = error
    return (yield from named.data_set(name, path, held, reading))


def stored(file: File) -> Stored:
    """The array of an NPY file. numpy evaluates the header as Python, whose parser can run out of the stack that macOS
    gives to a thread: here it is read as the three fields that it is."""
    with damage_told(str(file)), file.open() as stream:
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
        raise DataError(f"{file} has an NPY header that is damaged or does not describe a plain array") from error
    if not dtype.hasobject and (dtype.kind not in "biufUS" or not dtype.itemsize):
        raise DataError(f"{file} holds values of the type {dtype}; expected integers, floats or booleans")
    return Stored(file, shape, dtype, partial(_content, file, start.tell()), order)


@contextmanager
def _content(file: File, start: int) -> Iterator[BufferedIOBase]:
    with file.open() as stream:
        stream.seek(start)
        yield stream
