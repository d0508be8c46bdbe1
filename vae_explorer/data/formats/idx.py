"""The IDX files of MNIST: four bytes of magic, the dimensions, the values, big-endian (yann.lecun.com/exdb/mnist)."""

import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from io import BufferedIOBase
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vae_explorer.core.progress import Job
from vae_explorer.data import recognise
from vae_explorer.data.container import DataError, File
from vae_explorer.data.formats import arrays
from vae_explorer.data.formats.packed.unpacking import unpacked
from vae_explorer.data.formats.stored import Stored
from vae_explorer.data.image_set import DataSet, Split
from vae_explorer.data.reading import Reading
from vae_explorer.errors import shown

MAX_SAID = 8  # data sets in a sentence
_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_NAME = re.compile(
    r"(?:(?P<set>.+)[-_.])?(?P<split>train|t10k|test)[-_.](?P<kind>images|labels)[-_.]idx[0-9](?:[-_.]ubyte)?(?:\.gz)?",
    re.IGNORECASE,
)


class Part(NamedTuple):
    """The images of one part of a set, and their labels where they are there too."""

    images: File
    labels: File | None


def parts(files: Sequence[File]) -> dict[Split, Part]:
    """The files with MNIST's names of the first folder that has such images. Raises DataError where it has several sets
    (EMNIST's has six)."""
    named: dict[tuple[str, ...], dict[str, dict[tuple[Split, str], File]]] = {}
    for file in files:
        if match := _NAME.fullmatch(file.parts[-1]):
            found = named.setdefault(file.parts[:-1], {}).setdefault((match["set"] or "").lower(), {})
            found.setdefault((_split(match), match["kind"].lower()), file)  # the unpacked name sorts before its .gz
    for sets in named.values():
        with_images = {name: found for name, found in sets.items() if any(kind == "images" for _, kind in found)}
        if len(with_images) > 1:
            said = ", ".join(sorted(shown(name, 60) or "one without a name" for name in with_images)[:MAX_SAID])
            raise DataError(
                f"the folder has the IDX files of {len(with_images)} data sets ({said}): put each into its own folder"
            )
        for found in with_images.values():
            return {
                split: Part(file, found.get((split, "labels")))
                for (split, kind), file in found.items()
                if kind == "images"
            }
    return {}


def read(name: str, path: Path, files: Mapping[Split, Part], reading: Reading) -> Job[DataSet]:
    """The data set that these files are."""
    read: dict[Split, arrays.Part] = {}
    for split, (images, labels) in files.items():
        own = (yield from stored(labels, dimensions=(1,)).whole()) if labels else None
        turned = images.parts[-1].lower().startswith("emnist")  # its images are on their side, alone among all
        read[split] = arrays.Part(str(images), stored(images, dimensions=(3, 4)), own, is_turned=turned)
    return (yield from arrays.data_set(name, path, read.get("train"), read.get("test"), reading=reading))


def split_of(name: str) -> Split:
    """The part that a single file of images is."""
    match = _NAME.fullmatch(name)
    return _split(match) if match else "train"


def _split(match: re.Match[str]) -> Split:
    return "train" if match["split"].lower() == "train" else "test"


def labels_name(images_name: str) -> str:
    """The name that the labels of these images have, without .gz."""
    name = images_name.removesuffix(".gz")
    return name.replace("images", "labels").replace("idx3", "idx1").replace("idx4", "idx1")


def is_idx(start: bytes) -> bool:
    """Whether a file that begins like this, or what its gzip holds, may be IDX."""
    return start[:2] == b"\0\0" and len(start) >= 4 and start[2] in _TYPES


def stored(file: File, *, dimensions: Sequence[int]) -> Stored:
    """The array of an IDX file, gzipped or not, that has one of these numbers of dimensions."""
    with unpacked(file) as stream:
        shape, dtype = _header(stream, file, dimensions)
    return Stored(file, shape, dtype, partial(_content, file, dimensions))


def _header(stream: BufferedIOBase, file: File, dimensions: Sequence[int]) -> tuple[tuple[int, ...], np.dtype]:
    """Reads to the first value."""
    magic = stream.read(4)
    if not is_idx(magic):
        start = magic + stream.read(recognise.START)
        raise DataError(f"{file} {recognise.not_read(start, file.path.name.removesuffix('.gz'), 'data')}")
    if magic[3] not in dimensions:
        wanted = " or ".join(str(count) for count in dimensions)
        raise DataError(f"{file} is an IDX file with {magic[3]} dimensions; expected {wanted}")
    sides = stream.read(4 * magic[3])
    if len(sides) < 4 * magic[3]:
        raise DataError(f"{file} is truncated: it ends within its header")
    return struct.unpack(f">{magic[3]}I", sides), np.dtype(_TYPES[magic[2]])


@contextmanager
def _content(file: File, dimensions: Sequence[int]) -> Iterator[BufferedIOBase]:
    with unpacked(file) as stream:
        _header(stream, file, dimensions)
        yield stream
