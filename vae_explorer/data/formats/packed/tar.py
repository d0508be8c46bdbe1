"""TAR archives, packed or not, and WebDataset's: of KEY.png and KEY.cls (or KEY.json) the second is the label.

An archive is a folder of files like a ZIP's; nothing is unpacked to where it says. What is packed comes as one stream:
it is unpacked once, to a nameless temporary file where it is large (github.com/webdataset/webdataset).
"""

import json
import tarfile
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from io import BufferedIOBase, BufferedReader, RawIOBase
from typing import IO, Any, cast

from vae_explorer.core.progress import Job, Progress
from vae_explorer.data import container
from vae_explorer.data.container import DataError, File, damage_told
from vae_explorer.data.formats.packed.unpacking import is_packed, unpacked
from vae_explorer.data.formats.split_names import split_of
from vae_explorer.data.picture import KNOWN_SUFFIXES
from vae_explorer.errors import shown

SUFFIXES = (".tar", ".tgz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz")
MAX_HEADER = 1 << 20  # bytes that are read at once while the members are listed: a long name, or lies
IN_MEMORY = 64 << 20  # bytes of an unpacked archive; larger ones lie in a temporary file
BETWEEN_REPORTS = 200  # members
MAX_LABEL = 64 << 10  # bytes of a label's file
_MAGIC = slice(257, 262)


def is_tar(start: bytes, name: str) -> bool:
    """Whether a file that begins like this is one; older ones have no magic, and a good name."""
    return start[_MAGIC] == b"ustar" or (name.lower().endswith(".tar") and len(start) >= 512)


@contextmanager
def members(files: Sequence[File]) -> Iterator[Job[list[File]]]:
    """The files in one archive, or in several (shards) as one folder: a job that lists them; they are there within."""
    with ExitStack() as opened:
        yield _listed(files, opened)


def _listed(files: Sequence[File], opened: ExitStack) -> Job[list[File]]:
    found: list[File] = []
    splits = {split_of(file.parts[-1]) for file in files}
    for file in files:
        split = split_of(file.parts[-1]) if len(splits) > 1 and None not in splits else None
        with damage_told(str(file)):
            stream, size = yield from _plain(file, opened)
            try:
                inside = yield from _members(file, stream, size, threading.Lock())
            except tarfile.TarError as error:
                raise ValueError(str(error)) from error
        inside = yield from _labelled(inside)
        found += [replace(one, parts=(split, *one.parts)) for one in inside] if split else inside
        if len(found) > container.MAX_MEMBERS:
            raise DataError(f"{file} holds too many files; at most {container.MAX_MEMBERS:,} are read")
    return sorted(found, key=lambda one: one.parts)


def _plain(file: File, opened: ExitStack) -> Job[tuple[IO[bytes], int]]:
    """The archive as it is when it is not packed, and how long it is."""
    with file.open() as raw:
        packed = is_packed(raw.read(8))
    if not packed:
        return cast(IO[bytes], opened.enter_context(file.open())), file.size
    content = opened.enter_context(tempfile.SpooledTemporaryFile(IN_MEMORY))  # noqa: SIM115
    with unpacked(file) as stream:
        while piece := stream.read(container.CHUNK):
            content.write(piece)
            container.refuse_bomb(file, content.tell())
            yield Progress(content.tell(), None, "bytes unpacked")
    return cast(IO[bytes], content), content.tell()


def _members(file: File, stream: IO[bytes], size: int, lock: threading.Lock) -> Job[list[File]]:
    """The regular files, in the order of their names; links, devices and hidden ones are left out."""
    found: list[File] = []
    stream.seek(0)
    with tarfile.open(fileobj=_Headers(stream), mode="r:") as archive:
        number = 0
        while info := archive.next():
            archive.members = []  # type: ignore[attr-defined]  # it would keep them all
            number += 1
            if number % BETWEEN_REPORTS == 0:
                yield Progress(info.offset, size, "bytes")
            if number > container.MAX_MEMBERS:
                raise DataError(
                    f"{file} holds too many files; at most {container.MAX_MEMBERS:,} are read: use a folder"
                )
            if info.size < 0 or info.offset_data + info.size > size:
                raise DataError(f"{file} is truncated: {shown(info.name, 60)} is not whole")
            parts = tuple(part for part in info.name.split("/") if part not in ("", ".", ".."))
            if len(parts) > container.MAX_DEPTH:
                raise DataError(f"{file} has more than {container.MAX_DEPTH} levels of nested folders; it is not read")
            if not info.isreg() or info.issparse() or not parts or any(part.startswith(".") for part in parts):
                continue
            found.append(
                File(
                    at=file.path.joinpath(*(part.replace("\0", "") for part in parts)),
                    parts=parts,
                    name=f"{shown('/'.join(parts))} in {file}",
                    size=info.size,
                    open=partial(_opened, stream, info.offset_data, info.size, lock),
                    packed=min(info.size, file.on_disk),
                    stamp=file.inner_stamp,
                )
            )
        stream.seek(archive.offset)
        if stream.read(tarfile.BLOCKSIZE).strip(b"\0"):  # tarfile takes what is no header for the end
            raise DataError(f"{file} is damaged or truncated after {len(found):,} files: get or make another copy")
    return found


class _Headers(RawIOBase):
    """A stream whose reader wants headers alone."""

    def __init__(self, stream: IO[bytes]):
        super().__init__()
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= MAX_HEADER:
            raise DataError(f"the archive has a header of {size:,} bytes; it is not read")
        return self._stream.read(size)

    def seek(self, place: int, whence: int = 0) -> int:
        return self._stream.seek(place, whence)

    def tell(self) -> int:
        return self._stream.tell()


class _Piece(RawIOBase):
    """Some bytes of a stream that others read as well."""

    def __init__(self, stream: IO[bytes], start: int, size: int, lock: threading.Lock):
        super().__init__()
        self._stream, self._start, self._size, self._lock, self._place = stream, start, size, lock, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, place: int, whence: int = 0) -> int:
        self._place = max(0, place + (0, self._place, self._size)[whence])
        return self._place

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: Any) -> int:
        with self._lock:
            self._stream.seek(self._start + self._place)
            piece = self._stream.read(min(len(buffer), max(0, self._size - self._place)))
        buffer[: len(piece)] = piece
        self._place += len(piece)
        return len(piece)


def _opened(stream: IO[bytes], start: int, size: int, lock: threading.Lock) -> BufferedIOBase:
    return BufferedReader(_Piece(stream, start, size, lock))


def _labelled(files: Sequence[File]) -> Job[list[File]]:
    """The files with those of WebDataset's labels read: a picture's class is then the folder that it lies in."""
    by_key: dict[tuple[str, ...], dict[str, File]] = {}
    for file in files:
        stem, _, kind = file.parts[-1].partition(".")
        by_key.setdefault((*file.parts[:-1], stem), {})[kind.lower()] = file
    is_label = {"cls": _class, "json": _json_class}
    if not any({*kinds} & {*is_label} and len(kinds) > 1 for kinds in by_key.values()):
        return list(files)
    found: list[File] = []
    for i, kinds in enumerate(by_key.values()):
        yield Progress(i, len(by_key), "labels")
        label = next((made for kind, read in is_label.items() if kind in kinds and (made := read(kinds[kind]))), None)
        for kind, file in kinds.items():
            if f".{kind.rpartition('.')[2]}" in KNOWN_SUFFIXES:
                found.append(replace(file, parts=(*file.parts[:-1], label, file.parts[-1])) if label else file)
    return found


def _class(file: File) -> str:
    text = container.read_bytes(file, MAX_LABEL).decode("utf-8", "replace").strip()
    return shown(text, 60)


def _json_class(file: File) -> str:
    try:
        content = json.loads(container.read_bytes(file, MAX_LABEL))
    except (ValueError, RecursionError):
        return ""
    value = (
        next((content[key] for key in ("label", "class", "cls", "target") if key in content), "")
        if isinstance(content, dict)
        else content
    )
    return shown(value, 60) if isinstance(value, str | int) else ""
