"""What a folder or a ZIP holds, file by file. Nothing is unpacked, and every read is bounded."""

import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from io import BufferedIOBase, BufferedReader, BytesIO
from math import prod
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np

from vae_explorer.core.progress import Job, Progress
from vae_explorer.data.image_set import Skipped
from vae_explorer.errors import shown
from vae_explorer.storage import regular_file
from vae_explorer.storage.regular_file import NotRegularError

MAX_BYTES = 2 << 30  # of a data set in memory
MAX_RATIO = 200  # of the unpacked to the packed size, above which what is large is taken for a bomb
SMALL = 128 << 20  # bytes: up to here nothing is; drawn squares on black are packed to a four-hundredth
MAX_MEMBERS = 210_000  # of a ZIP (CelebA has 202,599 pictures): a million filled 1.3 GB before the first was read
MAX_DIRECTORY = 32 << 20  # bytes of the list of a ZIP's members
MAX_DEPTH = 32  # folders in a ZIP
CHUNK = 1 << 20  # bytes read between two reports
FILES_BETWEEN_REPORTS = 500
DAMAGE: tuple[type[Exception], ...] = (
    EOFError, ValueError, RuntimeError, OverflowError, struct.error, zlib.error, zipfile.BadZipFile
)  # fmt: skip


class DataError(ValueError):
    """A data set that cannot be used, and why: one sentence for the user."""


@dataclass(frozen=True, slots=True)
class File:
    """A file of a folder, or a member of a ZIP."""

    at: Path | str  # its path: as text, for a folder may hold a hundred thousand
    parts: tuple[str, ...]  # where it lies below the folder or in the ZIP
    name: str  # in a sentence; empty where it is that of its parts, which is made only when it is said
    size: int  # bytes, as the folder or the ZIP says
    open: Callable[[], BufferedIOBase]
    packed: int | None = None  # bytes that a ZIP has for it
    stamp: int | None = None  # another when the content has changed: the time, or a checksum; None: that is not told

    @property
    def path(self) -> Path:
        """A member's is the ZIP's path followed by its own."""
        return Path(self.at)

    @property
    def suffix(self) -> str:
        """In small letters, with its dot; of the last of its parts."""
        return os.path.splitext(self.parts[-1])[1].lower()

    @property
    def inner_stamp(self) -> int | None:
        """For what is in it and has no stamp of its own."""
        return None if self.stamp is None else hash((self.stamp, self.size))

    @property
    def on_disk(self) -> int:
        """Bytes that are really there, however large the content says it is."""
        return self.size if self.packed is None else self.packed

    def __str__(self) -> str:
        return self.name or shown("/".join(self.parts))


def opened(path: Path | str) -> BufferedReader:
    """A regular file, to be read. Raises DataError where it is none, which could be waited for for ever, or OSError."""
    try:
        return regular_file.opened(path)
    except NotRegularError as error:
        raise DataError(str(error)) from None


def single(path: Path) -> File:
    """One file of the user's, on its own."""
    about = path.stat()
    return File(path, (path.name,), shown(path.name), about.st_size, partial(opened, path), stamp=about.st_mtime_ns)


def folder(root: Path) -> Job[tuple[list[File], list[Skipped]]]:
    """The regular files below a folder, in the order of their names; hidden ones are left out."""
    files: list[File] = []
    skipped: list[Skipped] = []
    seen: set[tuple[int, int]] = set()  # folders, as (device, inode): a link to a folder above does not loop
    waiting: list[tuple[Path | os.DirEntry[str], tuple[str, ...]]] = [(root, ())]  # the next is last
    looked_at = 0
    while waiting:
        entry, parts = waiting.pop()
        looked_at += 1
        if looked_at % FILES_BETWEEN_REPORTS == 0:
            yield Progress(len(files), None, "files found")
        try:
            about = entry.stat()
            if stat.S_ISREG(about.st_mode):
                path = os.fspath(entry)
                files.append(File(path, parts, "", about.st_size, partial(opened, path), stamp=about.st_mtime_ns))
            elif not stat.S_ISDIR(about.st_mode):  # opening a pipe would wait for ever
                skipped.append(_left_out(entry, parts, "is a device or a pipe, not a file"))
            elif (about.st_dev, about.st_ino) not in seen:
                seen.add((about.st_dev, about.st_ino))
                with os.scandir(entry) as listing:
                    inside = [one for one in listing if not one.name.startswith(".")]
                inside.sort(key=attrgetter("name"), reverse=True)
                waiting += [(one, (*parts, one.name)) for one in inside]
        except OSError as error:  # a link to nowhere, or a folder of others
            skipped.append(_left_out(entry, parts, f"could not be read: {error.strerror}"))
    return files, skipped


def _left_out(entry: Path | os.DirEntry[str], parts: tuple[str, ...], why: str) -> Skipped:
    path = Path(entry)
    return Skipped(path, f"{shown('/'.join(parts) or path.name or path)} {why}")


@contextmanager
def members(file: File) -> Iterator[Sequence[File]]:
    """The files in a ZIP, in the order of their names; hidden ones are left out."""
    with damage_told(str(file)), file.open() as stream:
        refuse_bomb(file, file.size)
        _refuse_long_directory(file, stream)
        with zipfile.ZipFile(stream) as archive:
            yield _Members(file, archive)


class _Members(Sequence[File]):
    """Each is made when it is asked for: as many as a ZIP can have would fill the memory."""

    def __init__(self, file: File, archive: zipfile.ZipFile):
        self._file, self._archive = file, archive
        infos = archive.infolist()
        unpacked = sum(info.file_size for info in infos)
        if unpacked > max(MAX_BYTES, MAX_RATIO * file.on_disk):
            raise DataError(f"{file} has {file.on_disk:,} bytes and would unpack to {unpacked:,}; it is not read")
        packed = [info for info in infos if info.file_size > MAX_RATIO * info.compress_size]
        refuse_bomb(file, sum(info.file_size for info in packed))
        if sum(info.compress_size for info in infos) > file.size:
            raise DataError(f"{file} is damaged: its files overlap")  # a bomb too (Fifield 2019)
        if any(info.filename.count("/") > MAX_DEPTH for info in infos):
            raise DataError(f"{file} has more than {MAX_DEPTH} levels of nested folders; it is not read")
        # a name's parts in the order of tuples, without making one for each
        self._infos = sorted(filter(_is_seen, infos), key=lambda info: info.filename.replace("/", "\0"))

    def __len__(self) -> int:
        return len(self._infos)

    def __getitem__(self, i: Any) -> Any:
        info, parts = self._infos[i], _parts(self._infos[i])
        return File(
            at=self._file.path.joinpath(*parts),
            parts=parts,
            name=f"{shown('/'.join(parts))} in {self._file}",
            size=info.file_size,
            open=lambda: _member(self._archive, info),
            packed=min(info.compress_size, self._file.on_disk),
            stamp=info.CRC,
        )


def _parts(info: zipfile.ZipInfo) -> tuple[str, ...]:
    return tuple(part for part in info.filename.split("/") if part not in ("", ".", ".."))


def _is_seen(info: zipfile.ZipInfo) -> bool:
    parts = _parts(info)
    return bool(parts) and not info.is_dir() and not any(part.startswith((".", "__MACOSX")) for part in parts)


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> BufferedIOBase:
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # zipfile unpacks what it has read of the others whole: a megabyte becomes twenty gigabytes
        raise DataError(f"{shown(info.filename)} is compressed in an unsupported way; repack it as an ordinary ZIP")
    return cast(BufferedIOBase, archive.open(info))


def _refuse_long_directory(file: File, stream: BufferedIOBase) -> None:
    """Counts the members before zipfile makes an object for each; by its own rules, so that both count the same."""
    end = zipfile._EndRecData(stream)  # type: ignore[attr-defined]
    size, location = (end[5], end[9]) if end else (0, 0)
    if size > MAX_DIRECTORY:
        raise DataError(f"{file} has a file list of {size:,} bytes; at most {MAX_DIRECTORY:,} are read")
    size += 76  # bytes that may lie between the list and its end, when it is a large ZIP's
    stream.seek(max(0, location - size))
    count = stream.read(size).count(b"PK\1\2")  # each has one
    if count > MAX_MEMBERS:
        raise DataError(f"{file} holds {count:,} files; at most {MAX_MEMBERS:,} are read: use a folder")
    stream.seek(0)


def refuse_bomb(file: File, size: int) -> None:
    if size > max(SMALL, MAX_RATIO * file.on_disk):
        raise DataError(
            f"{file} has {file.on_disk:,} bytes and declares {size:,} of content; it is not read: "
            "if that is correct, save it without compression"
        )


@contextmanager
def damage_told(name: "str | Path | File", *more: type[Exception]) -> Iterator[None]:
    """Turns what the readers of files raise into one sentence about this file, `more` of a library's too."""
    try:
        yield
    except DataError:
        raise
    except MemoryError as error:
        raise DataError(f"{shown(name)} does not fit into memory") from error
    except OSError as error:
        if error.errno:
            raise DataError(f"{shown(name)} could not be read: {os.strerror(error.errno)}") from error
        raise DataError(f"{shown(name)} is damaged ({shown(error)}): get or make another copy") from error
    except DAMAGE + more as error:
        raise DataError(f"{shown(name)} is damaged ({shown(error)}): get or make another copy") from error


def read_bytes(file: File, limit: int) -> bytes:
    """A whole file of no more than `limit` bytes."""
    if file.size > limit:
        raise DataError(f"{file} has {file.size:,} bytes; at most {limit:,} are read")
    refuse_bomb(file, file.size)
    with damage_told(file), file.open() as stream:
        asked = min(file.size + 1, CHUNK, limit)
        piece = stream.read(asked)
        if len(piece) < asked:
            return piece  # all of it, as most files are small
        content = BytesIO()  # piece by piece: at once, zipfile would have it in memory twice
        content.write(piece)
        while piece := stream.read(min(CHUNK, limit - content.tell())):
            content.write(piece)
    return content.getvalue()


def read_array(
    stream: BufferedIOBase, dtype: np.dtype, shape: tuple[int, ...], file: File, *, order: Literal["C", "F"] = "C"
) -> Job[np.ndarray]:
    """The array that a header announced. What follows it is not read: one byte more, and the file is refused."""
    size = prod(shape) * dtype.itemsize
    if min(shape, default=1) < 0 or size > MAX_BYTES:
        said = shown(times(shape))
        raise DataError(f"{file} declares the shape {said}; at most {MAX_BYTES >> 30} GiB can be read")
    refuse_bomb(file, size)
    content = np.empty(size, np.uint8)
    done = 0
    while done < size:
        count = stream.readinto(content.data[done : done + CHUNK])
        if not count:
            raise DataError(f"{file} is truncated: its header declares {size:,} bytes of values, {done:,} follow")
        done += count
        yield Progress(done, size, "bytes")
    if stream.read(1):
        raise DataError(f"{file} has extra data after the {size:,} bytes of values that its header declares")
    return content.view(dtype).reshape(shape, order=order)


def times(shape: tuple[int, ...]) -> str:
    """A shape for a sentence: 60,000 x 28 x 28."""
    return " x ".join(f"{side:,}" for side in shape) or "one number"
