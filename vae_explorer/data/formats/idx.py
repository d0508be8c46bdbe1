"""The IDX files of MNIST: four bytes of magic, the dimensions, the values, big-endian (yann.lecun.com/exdb/mnist)."""

import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BufferedIOBase, BufferedReader, RawIOBase
from typing import Any, NamedTuple

import numpy as np

from vae_explorer.core.progress import Job
from vae_explorer.data import recognise
from vae_explorer.data.container import DataError, File, damage_told, read_array

GZIP_MAGIC = b"\x1f\x8b"
PIECE = 1 << 16  # bytes that are unpacked at once
MAX_SILENCE = 1 << 20  # bytes of a gzipped file that give not one byte
_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_NAME = re.compile(r"(train|t10k|test)[-_.](images|labels)[-_.]idx[0-9][-_.]ubyte(\.gz)?", re.IGNORECASE)


class Part(NamedTuple):
    """The images of one part of a set, and their labels where they are there too."""

    images: File
    labels: File | None


def parts(files: Sequence[File]) -> list[Part]:
    """The files with MNIST's names of the first folder that has such images: those for training, those for test."""
    named: dict[tuple[str, ...], dict[tuple[str, str], File]] = {}
    for file in files:
        if match := _NAME.fullmatch(file.parts[-1]):
            split = "train" if match[1].lower() == "train" else "test"
            found = named.setdefault(file.parts[:-1], {})
            found.setdefault((split, match[2].lower()), file)  # the unpacked name sorts before its .gz
    for found in named.values():
        images = {split: file for (split, kind), file in found.items() if kind == "images"}
        if images:
            return [Part(images[split], found.get((split, "labels"))) for split in sorted(images, reverse=True)]
    return []


def labels_name(images_name: str) -> str:
    """The name that the labels of these images have, without .gz."""
    name = images_name.removesuffix(".gz")
    return name.replace("images", "labels").replace("idx3", "idx1").replace("idx4", "idx1")


def is_idx(start: bytes) -> bool:
    """Whether a file that begins like this, or what its gzip holds, may be IDX."""
    return start[:2] == b"\0\0" and len(start) >= 4 and start[2] in _TYPES


@contextmanager
def unpacked(file: File) -> Iterator[BufferedIOBase]:
    """The content of a file that may be gzipped."""
    with damage_told(str(file)), file.open() as raw:
        packed = raw.read(2) == GZIP_MAGIC
        raw.seek(0)
        if not packed:
            yield raw
            return
        yield BufferedReader(_Unpacked(raw))


class _Unpacked(RawIOBase):
    """What gzipped bytes hold (RFC 1952). The headers are read by zlib: Python's own gzip goes through them byte by
    byte, for minutes where one has a name of a gigabyte."""

    def __init__(self, packed: BufferedIOBase):
        super().__init__()
        self._packed, self._rest, self._is_within = packed, b"", False
        self._zlib = zlib.decompressobj(16 + zlib.MAX_WBITS)  # 16: with the header and the checksum of gzip

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        silence = 0
        while silence <= MAX_SILENCE:
            if self._zlib.eof:  # another gzip may follow
                self._rest, self._is_within = self._zlib.unused_data.lstrip(b"\0"), False
                self._zlib = zlib.decompressobj(16 + zlib.MAX_WBITS)
            self._rest = self._rest or self._packed.read(PIECE)
            if not self._rest and self._is_within:
                raise EOFError("it is truncated")
            if not self._rest:
                return 0
            silence += len(self._rest)
            piece = self._zlib.decompress(self._rest, len(buffer))
            self._rest, self._is_within = self._zlib.unconsumed_tail, True
            if piece:
                buffer[: len(piece)] = piece
                return len(piece)
        raise EOFError(f"{MAX_SILENCE:,} of its bytes unpack to nothing")


def read(file: File, *, dimensions: Sequence[int]) -> Job[np.ndarray]:
    """The array of an IDX file, gzipped or not, that has one of these numbers of dimensions."""
    with unpacked(file) as stream:
        magic = stream.read(4)
        if not is_idx(magic):
            start = magic + stream.read(recognise.START)
            raise DataError(f"{file} {recognise.not_read(start, file.path.name.removesuffix('.gz'), 'data')}")
        if magic[3] not in dimensions:
            wanted = " or ".join(str(count) for count in dimensions)
            raise DataError(f"{file} is an IDX file whose number of dimensions is {magic[3]}; expected {wanted}")
        sides = stream.read(4 * magic[3])
        if len(sides) < 4 * magic[3]:
            raise DataError(f"{file} is truncated: it ends within its header")
        shape = struct.unpack(f">{magic[3]}I", sides)
        return (yield from read_array(stream, np.dtype(_TYPES[magic[2]]), shape, file))
