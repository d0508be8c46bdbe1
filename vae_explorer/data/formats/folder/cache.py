"""Pictures that were read once, as one file each set: reading them again is as fast as opening that file, and a set may
be larger than the memory.

The images lie in KEY-….npy, which is mapped; the rest of the set in KEY.json, which names that file and is written
last. What was used the longest time ago goes first. All of it can be made again.
"""

import errno
import json
import os
import secrets
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from hashlib import blake2b
from math import prod
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from numpy.lib import format as npy

from vae_explorer import paths
from vae_explorer.data.container import File
from vae_explorer.data.image_set import DataSet, ImageSet, Note, Skipped, Split
from vae_explorer.data.reading import Reading
from vae_explorer.storage import atomic

FORMAT = 1  # of the files, and of how pictures are read: another one, and all are read anew
LARGEST = 8 << 30  # bytes of all sets together; one that is larger is kept until the next
WORTH_KEEPING = 16 << 20  # bytes of files: fewer are read in a moment
MANY = 5000  # files, however small
SPARE = 1 << 30  # bytes of the disk that are left alone
ABANDONED = 24 * 3600  # seconds after which a file that was not finished is one that a kill has left
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


class Place:
    """Where a set of pictures, read in one way, is kept."""

    def __init__(self, where: Path, key: str):
        self._folder, self._rest = where, where / f"{key}.json"
        self._images: Path | None = None  # not finished

    @classmethod
    def of(cls, files: Sequence[File], reading: Reading) -> "Place | None":
        """None where they are soon read, or nothing can be kept."""
        if len(files) < MANY and sum(file.size for file in files) < WORTH_KEEPING:
            return None
        if any(file.stamp is None for file in files):
            return None  # a change could not be told
        digest = blake2b(f"{FORMAT} {files[0].path} {reading.model_dump_json()}".encode(errors="surrogatepass"))
        for file in files:
            digest.update(f"{'/'.join(file.parts)}\0{file.size} {file.stamp}\0".encode(errors="surrogatepass"))
        try:
            made = folder()
            made.mkdir(exist_ok=True)
        except OSError:
            return None
        return cls(made, digest.hexdigest()[:32])

    def found(self) -> DataSet | None:
        """The set, where it is there and whole."""
        try:
            rest = json.loads(self._rest.read_bytes())
            images = self._folder / Path(rest["images"]).name
            if rest.pop("digest") != _digest(rest) or images.stat().st_mtime_ns != rest["stamp"]:
                return None  # somebody has changed it
            data = _data_set(rest, npy.open_memmap(images, mode="c"))
            os.utime(self._rest)
            return data
        except Exception:  # whatever is wrong with it, the pictures can be read anew
            return None

    def room_for(self, shape: tuple[int, ...]) -> UInt8[np.ndarray, "n c h w"]:
        """An array on the disk. Raises OSError where that has no room: a mapped file must have it before it is written
        to, or the program would be ended."""
        self.give_up()
        _remove_abandoned(self._folder)
        room = shutil.disk_usage(self._folder).free - SPARE
        if prod(shape) > room:
            raise OSError(errno.ENOSPC, f"the disk has {max(0, room) / 2**30:.1f} GiB for them", str(self._folder))
        self._images = self._rest.with_name(f"{self._rest.stem}-{secrets.token_hex(4)}.npy")  # another may write too
        try:
            images = npy.open_memmap(self._images, mode="w+", dtype=np.uint8, shape=shape)
            _reserve(self._images)
        except OSError:
            self.give_up()
            raise
        return images

    def keep(self, data: DataSet, images: UInt8[np.ndarray, "n c h w"]) -> DataSet:
        """The set with its images mapped from where they are kept; `images` is what `room_for` gave."""
        if self._images is None:
            return data
        try:
            _flush(images, self._images)
            rest = _rest_of(data, self._images)
            atomic.write(self._rest, json.dumps(rest | {"digest": _digest(rest)}).encode())
        except OSError:
            return data  # it can still be used, though not be found again
        self._images = None
        _shrink(self._folder, besides=self._rest)
        return self.found() or data

    def give_up(self) -> None:
        """Removes what was not finished."""
        if self._images is not None:
            with suppress(OSError):
                self._images.unlink()
            self._images = None


def empty() -> int:
    """Removes all that is kept; gives how many bytes that were."""
    before = size()
    for path in folder().glob("*"):
        with suppress(OSError):  # on Windows one that is in use stays
            path.unlink()
    return before - size()


def size() -> int:
    """Bytes that all sets take."""
    return sum(_about(path)[1] for path in folder().glob("*"))


def folder() -> Path:
    """Where they are."""
    return paths.cache_folder() / "pictures"


def _flush(images: UInt8[np.ndarray, "n c h w"], path: Path) -> None:
    """Brings what was written to the disk."""
    if os.name == "nt":
        images.flush()  # type: ignore[attr-defined]
        return
    with path.open("r+b") as file:  # mmap's own flush keeps all other threads waiting, the window's too
        os.fsync(file.fileno())


def _reserve(path: Path) -> None:
    """Takes the room of a file that was made longer and not yet written."""
    if os.name == "nt":
        return  # there it has it from the start
    with path.open("r+b") as file:
        length = path.stat().st_size
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, length)
            return
        done = file.seek(npy.ARRAY_ALIGN * 4)  # beyond the header
        while done < length:
            done += file.write(bytes(min(1 << 20, length - done)))


def _shrink(where: Path, besides: Path) -> None:
    """Keeps those that were used last, as far as there is room for them."""
    total = 0
    for rest in sorted(where.glob("*.json"), key=lambda path: (path == besides, _about(path)), reverse=True):
        held = [rest, *where.glob(f"{rest.stem}-*.npy")]
        total += sum(_about(path)[1] for path in held)
        if total > LARGEST and rest != besides:
            for path in held:
                with suppress(OSError):
                    path.unlink()


def _about(path: Path) -> tuple[float, int]:
    """When it was used, and its bytes; of what another program has removed meanwhile zeros."""
    try:
        found = path.stat()
        return found.st_mtime, found.st_size
    except OSError:
        return 0.0, 0


def _remove_abandoned(where: Path) -> None:
    """Images that a kill has left without the rest of their set."""
    for path in where.glob("*.npy"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > ABANDONED and not _is_named(path):
                path.unlink()


def _is_named(images: Path) -> bool:
    try:
        rest = images.with_name(f"{images.stem.partition('-')[0]}.json").read_bytes()
        return bool(json.loads(rest)["images"] == images.name)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _digest(rest: dict[str, object]) -> str:
    return blake2b(json.dumps(rest).encode(), digest_size=16).hexdigest()


def _rest_of(data: DataSet, images: Path) -> dict[str, object]:
    parts = {"train": data.train, "validation": data.validation, "test": data.test}
    return {
        "images": images.name,
        "stamp": images.stat().st_mtime_ns,
        "name": data.name,
        "parts": {
            split: None if part is None else [len(part), None if part.labels is None else part.labels.tolist()]
            for split, part in parts.items()
        },
        "classes": data.classes,
        "skipped": _texts(data.skipped),
        "notes": [[note.sentence, note.switch, _texts(note.files)] for note in data.notes],
        "sizes": [[*size, count] for size, count in data.sizes.items()],
        "reading": data.reading.model_dump(),
    }


def _data_set(rest: dict, images: UInt8[np.ndarray, "n c h w"]) -> DataSet:  # type: ignore[type-arg]
    parts: dict[Split, ImageSet | None] = {}
    start = 0
    for split in SPLITS:
        parts[split] = None
        if rest["parts"][split] is not None:
            count, labels = rest["parts"][split]
            labels = None if labels is None else np.array(labels, np.int64)
            parts[split] = ImageSet(rest["name"], images[start : start + count], labels, split=split)
            start += count
    train = parts["train"]
    if train is None or start > len(images) or images.dtype != np.uint8 or images.ndim != 4:
        raise ValueError("it is not whole")
    return DataSet(
        rest["name"],
        train,
        parts["test"],
        tuple(rest["classes"]),
        _skipped(rest["skipped"]),
        parts["validation"],
        tuple(Note(sentence, switch, _skipped(files)) for sentence, switch, files in rest["notes"]),
        {(width, height): count for width, height, count in rest["sizes"]},
        Reading(**rest["reading"]),
    )


def _texts(files: Sequence[Skipped]) -> list[list[str]]:
    return [[str(one.path), one.reason] for one in files]


def _skipped(texts: list[list[str]]) -> tuple[Skipped, ...]:
    return tuple(Skipped(Path(path), reason) for path, reason in texts)
