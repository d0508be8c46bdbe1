"""What a folder or a ZIP holds, file by file. Nothing is unpacked, and every read is bounded."""

import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedIOBase
from lzma import LZMAError
from math import prod
from pathlib import Path, PurePosixPath
from typing import Literal, cast

import numpy as np

from vae_explorer.core.progress import Job, Progress
from vae_explorer.data.image_set import Skipped

MAX_BYTES = 2 << 30  # of a data set in memory
MAX_RATIO = 200  # of the unpacked to the packed size of a ZIP, above which it is taken for a bomb
CHUNK = 1 << 20  # bytes read between two reports
FILES_BETWEEN_REPORTS = 500


class DataError(ValueError):
    """A data set that cannot be used, and why: one sentence for the user."""


@dataclass(frozen=True)
class File:
    """A file of a folder, or a member of a ZIP."""

    path: Path  # a member's is the ZIP's path followed by its own
    parts: tuple[str, ...]  # where it lies below the folder or in the ZIP
    name: str  # in a sentence
    size: int  # bytes, as the folder or the ZIP says
    open: Callable[[], BufferedIOBase]

    def __str__(self) -> str:
        return self.name


def shown(name: str | Path) -> str:
    """A name for a sentence: where it is not UTF-8 it has question marks."""
    return str(name).encode("utf-8", "replace").decode()


def single(path: Path) -> File:
    """One file of the user's, on its own."""
    return File(path, (path.name,), shown(path.name), path.stat().st_size, _opener(path))


def folder(root: Path) -> Job[tuple[list[File], list[Skipped]]]:
    """The regular files below a folder, in the order of their names; hidden ones are left out."""
    files: list[File] = []
    skipped: list[Skipped] = []
    seen: set[tuple[int, int]] = set()  # folders, as (device, inode): a link to a folder above does not loop
    waiting = [root]
    while waiting:
        current = waiting.pop()
        try:
            about = current.stat()
            if (about.st_dev, about.st_ino) in seen:
                continue
            seen.add((about.st_dev, about.st_ino))
            with os.scandir(current) as listing:
                entries = sorted(Path(entry.path) for entry in listing if not entry.name.startswith("."))
        except OSError as error:
            skipped.append(Skipped(current, f"the folder could not be read: {error.strerror}"))
            continue
        for path in entries:
            try:
                about = path.stat()
            except OSError as error:  # a link to nowhere
                skipped.append(Skipped(path, f"the file could not be read: {error.strerror}"))
                continue
            if stat.S_ISDIR(about.st_mode):
                waiting.append(path)
            elif stat.S_ISREG(about.st_mode):  # opening a pipe would wait for ever
                parts = path.relative_to(root).parts
                files.append(File(path, parts, shown("/".join(parts)), about.st_size, _opener(path)))
                if len(files) % FILES_BETWEEN_REPORTS == 0:
                    yield Progress(len(files), None, "files found")
    return sorted(files, key=lambda file: file.parts), skipped


def members(archive: zipfile.ZipFile, file: File) -> list[File]:
    """The files in a ZIP, in the order of their names; hidden ones are left out."""
    unpacked = sum(info.file_size for info in archive.infolist())
    if unpacked > max(MAX_BYTES, MAX_RATIO * file.size):
        raise DataError(f"{file} has {file.size:,} bytes and would unpack to {unpacked:,}; it is not read")
    files = []
    for info in archive.infolist():
        parts = tuple(part for part in PurePosixPath(info.filename).parts if part not in ("/", ".."))
        if parts and not info.is_dir() and not any(part.startswith((".", "__MACOSX")) for part in parts):
            name = f"{shown('/'.join(parts))} in {file}"
            opener = _member_opener(archive, info)
            files.append(File(file.path.joinpath(*parts), parts, name, info.file_size, opener))
    return sorted(files, key=lambda file: file.parts)


@contextmanager
def damage_told(name: str | Path) -> Iterator[None]:
    """Turns what the readers of files raise into one sentence about this file."""
    try:
        yield
    except DataError:
        raise
    except OSError as error:
        if error.errno:
            raise DataError(f"{shown(name)} could not be read: {os.strerror(error.errno)}") from error
        raise DataError(f"{shown(name)} is damaged: {error}") from error
    except (EOFError, ValueError, RuntimeError, OverflowError, zlib.error, LZMAError, zipfile.BadZipFile) as error:
        raise DataError(f"{shown(name)} is damaged: {error}") from error


def read_bytes(file: File, limit: int) -> bytes:
    """A whole file of no more than `limit` bytes."""
    if file.size > limit:
        raise DataError(f"{file} has {file.size:,} bytes; at most {limit:,} are read")
    with damage_told(str(file)), file.open() as stream:
        return stream.read(limit)


def read_array(
    stream: BufferedIOBase, dtype: np.dtype, shape: tuple[int, ...], name: str, *, order: Literal["C", "F"] = "C"
) -> Job[np.ndarray]:
    """The array that a header announced. What follows it is not read: one byte more, and the file is refused."""
    size = prod(shape) * dtype.itemsize
    if min(shape, default=1) < 0 or size > MAX_BYTES:
        raise DataError(f"{name} says that its shape is {times(shape)}; at most {MAX_BYTES >> 30} GiB can be read")
    try:
        content = np.empty(size, np.uint8)
    except MemoryError:
        raise DataError(f"{name} needs {size:,} bytes of memory, more than there are") from None
    done = 0
    while done < size:
        count = stream.readinto(content.data[done : done + CHUNK])
        if not count:
            raise DataError(f"{name} is cut short: its header announces {size:,} bytes of values, {done:,} are there")
        done += count
        yield Progress(done, size, "bytes")
    if stream.read(1):
        raise DataError(f"{name} goes on after the {size:,} bytes of values that its header announces")
    return content.view(dtype).reshape(shape, order=order)


def times(shape: tuple[int, ...]) -> str:
    """A shape for a sentence: 60,000 x 28 x 28."""
    return " x ".join(f"{side:,}" for side in shape) or "one number"


def _opener(path: Path) -> Callable[[], BufferedIOBase]:
    return lambda: path.open("rb")


def _member_opener(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Callable[[], BufferedIOBase]:
    return lambda: cast(BufferedIOBase, archive.open(member))
