"""Files that are either whole or not there: written aside, then put in place."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PREFIX = ".vae-explorer-"  # of the temporary files, so that stale ones can be told from the user's own


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write; it takes the place of `path` when the block ends well, and leaves no trace when it does not."""
    descriptor, name = tempfile.mkstemp(prefix=PREFIX, dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def write(path: Path, content: bytes) -> None:
    """Puts a whole file in place, or leaves the old one."""
    with replacing(path) as file:
        file.write(content)


def remove_stale(folder: Path) -> None:
    """Deletes temporary files that a killed writer left in a folder that nobody else writes."""
    for path in folder.glob(f"{PREFIX}*"):
        path.unlink(missing_ok=True)


def _umask() -> int:
    current = os.umask(0o022)
    os.umask(current)
    return current


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows has no handle for a folder
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
