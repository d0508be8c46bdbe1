"""Sealed files: tensors and a description, in a container that notices every flipped bit.

A sealed file is a safetensors file with one metadata key, whose text is JSON and ends with the SHA-256 of the file
itself. It is hostile until its digest was checked, and no tensor has memory before.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from math import isfinite, prod
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from vae_explorer.errors import shown
from vae_explorer.storage import regular_file

MAX_HEADER = 1 << 20  # bytes: a header of 64 MiB took 7 s and 944 MB to parse
MAX_AXES = 8  # of a tensor
METADATA_KEY = "vae"
NO_DIGEST = "0" * 64  # stands in the file while its digest is made
DIGEST_BYTES = 64
CHUNK = 1 << 20  # bytes read at once
OTHER_DIGEST = "its content does not match its digest; get another copy"

_NUMBERS = {  # the names that safetensors gives to the types of values
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "U8": torch.uint8,
}


class SealedError(ValueError):
    """A file cannot be sealed or opened; the text names the file and says why."""


@dataclass(frozen=True)
class Kind:
    """What a sealed file is: what opening it checks, and what it raises."""

    name: str  # in a sentence: "model file"
    newest: int  # the highest `format` that is understood
    max_bytes: int
    error: type[SealedError] = SealedError

    def not_one(self, file: str) -> SealedError:
        """The error of a file that is something else."""
        return self.error(f"{file} is not a VAE Explorer {self.name}")

    def damaged(self, file: str, why: str) -> SealedError:
        return self.error(f"{file} is damaged: {why}")


def sealed(tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> bytes:
    """The content of a sealed file; the digest is counted with zeros in its place. Raises SealedError where the
    description is too large, ValueError where it has a number that JSON does not know."""
    text = json.dumps({**metadata, "sha256": NO_DIGEST}, separators=(",", ":"), allow_nan=False)
    content = safetensors.torch.save(dict(tensors), metadata={METADATA_KEY: text})
    length = int.from_bytes(content[:8], "little")
    if length > MAX_HEADER:
        raise SealedError(f"its header is larger than {MAX_HEADER >> 20} MiB")
    at = content.rindex(NO_DIGEST.encode(), 0, 8 + length)
    digest = hashlib.sha256(content).hexdigest().encode()
    return content[:at] + digest + content[at + DIGEST_BYTES :]


def read(path: Path, kind: Kind) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """All tensors and the metadata of a sealed file. Raises SealedError (its kind's), OSError."""
    with opened(path, kind) as file:
        return file.tensors(), file.metadata


@dataclass(frozen=True, eq=False)
class Sealed:
    """A sealed file whose digest is right, and whose tensors are not in memory yet."""

    kind: Kind
    name: str  # for a sentence
    stream: BufferedReader
    start: bytes  # the header, with zeros in the digest's place
    digest: str
    metadata: dict[str, Any]
    announced: dict[str, Tensor]  # without memory, in the order of their bytes, which follow each other to the end

    def tensors(self) -> dict[str, Tensor]:
        """Read straight to where they stay, and hashed again: the file may have changed meanwhile."""
        self.stream.seek(len(self.start))
        sha = hashlib.sha256(self.start)
        read = {}
        for key, wanted in self.announced.items():
            try:
                content = torch.empty(wanted.nbytes, dtype=torch.uint8)
            except RuntimeError:
                raise self.kind.error(f"{self.name} does not fit into memory") from None
            self.stream.readinto(content.numpy().data)
            sha.update(content.numpy().data)
            read[key] = content.view(wanted.dtype).reshape(wanted.shape)
        if self.stream.read(1) or sha.hexdigest() != self.digest:
            raise self.kind.damaged(self.name, OTHER_DIGEST)
        return read


@contextmanager
def opened(path: Path, kind: Kind) -> Iterator[Sealed]:
    """A sealed file whose digest was checked without keeping what was read: a bad file costs no memory, however large
    it is. Raises SealedError, OSError."""
    name = shown(path.name)
    with _stream(path, kind) as stream:
        start = stream.read(8)
        length = int.from_bytes(start, "little")
        start += stream.read(min(length, MAX_HEADER))
        if len(start) != 8 + length:
            raise kind.not_one(name)
        header, metadata = _parsed(start[8:], kind, name)
        digest = metadata.pop("sha256", "")
        if not isinstance(digest, str) or len(digest) != DIGEST_BYTES:
            raise kind.error(f"{name} has no digest, so it cannot be trusted")
        at = start.rfind(digest.encode(errors="replace"))
        blank = start[:at] + NO_DIGEST.encode() + start[at + DIGEST_BYTES :]
        sha = hashlib.sha256(blank)
        size = len(start)
        while chunk := stream.read(CHUNK):
            sha.update(chunk)
            size += len(chunk)
        if at < 0 or sha.hexdigest() != digest:
            raise kind.damaged(name, OTHER_DIGEST)
        try:
            announced = _announced(header, size - len(start))
        except (KeyError, TypeError, ValueError):
            raise kind.damaged(name, "its header does not fit its content") from None
        yield Sealed(kind, name, stream, blank, digest, metadata, announced)


def _stream(path: Path, kind: Kind) -> BufferedReader:
    """A regular file that is not larger than its kind."""
    try:
        stream = regular_file.opened(path)  # never mapped: a mapped file that is truncated later kills the process
    except regular_file.NotRegularError:
        raise kind.error(f"{shown(path)} is not a file") from None
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a path that no file system takes
        raise kind.error(f"There is no file {shown(path)}") from None
    if os.fstat(stream.fileno()).st_size <= kind.max_bytes:
        return stream
    stream.close()
    raise kind.error(f"{shown(path.name)} is larger than {kind.max_bytes >> 30} GiB, the limit for such a file")


def _parsed(header: bytes, kind: Kind, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What stands in the header, and the metadata in it, of a version that this program knows."""
    try:
        entries = _json(header.decode())
        metadata = _json(entries["__metadata__"][METADATA_KEY])
        version = metadata["format"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise kind.not_one(name) from None
    if type(version) is not int or version < 1:
        raise kind.not_one(name)
    if version > kind.newest:
        number = str(version) if version < 1 << 53 else "unknown"
        raise kind.error(f"{name} was made by a newer VAE Explorer (format {number}); update this program to open it")
    return entries, metadata


def _json(text: str) -> Any:
    """Strictly: a name that stands twice, or a number that is none, would mean something else to another reader."""
    return json.loads(text, object_pairs_hook=_once, parse_float=_finite, parse_constant=_finite)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        raise ValueError("a name occurs twice")
    return entries


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError("a number is not finite")
    return number


def _announced(header: Mapping[str, Any], size: int) -> dict[str, Tensor]:
    """The tensors that fill the `size` bytes after the header without a gap, without memory of their own. Raises
    ValueError, KeyError or TypeError."""
    entries = [(key, entry) for key, entry in header.items() if key != "__metadata__"]
    tensors, at = {}, 0
    for key, entry in sorted(entries, key=lambda one: one[1]["data_offsets"]):
        dtype, shape, (begin, end) = _NUMBERS[entry["dtype"]], entry["shape"], entry["data_offsets"]
        if len(shape) > MAX_AXES or not all(type(number) is int and number > 0 for number in (*shape, end)):
            raise ValueError(f"{key} has no shape")
        if begin != at or type(begin) is not int or end > size or end - begin != prod(shape) * dtype.itemsize:
            raise ValueError(f"{key} is not where it should be")
        tensors[key], at = torch.empty(shape, dtype=dtype, device="meta"), end
    if at != size:
        raise ValueError("the tensors do not fill the file")
    return tensors
