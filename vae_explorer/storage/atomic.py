"""Files that are either whole or not there: written aside, then put in place.

A writer holds a lock on its temporary file, so one that a kill left behind is one that anybody can lock. The next
writer of that folder deletes it, whichever program wrote it and whatever folder it is.
"""

import errno
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from vae_explorer.storage import file_lock

PREFIX = ".vae-explorer-"  # of the temporary files, so that stale ones can be told from the user's own
TEMPORARY = re.compile(re.escape(PREFIX) + "[0-9a-f]{16}")
ABANDONED = 24 * 3600  # seconds after which a temporary file is stale where locks tell nothing
NO_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EPERM)  # of folders that cannot be synced
IS_WINDOWS = os.name == "nt"  # an open file can be neither renamed nor deleted there


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write; it takes the place of `path` when the block ends well, and leaves no trace when it does not.

    An OSError names `path`, not the temporary file.
    """
    try:
        remove_stale(path.parent)  # first: what a kill left may be what fills the disk
        aside, descriptor = _create(path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
                if not IS_WINDOWS:
                    os.replace(aside, path)  # while it is locked
            if IS_WINDOWS:
                os.replace(aside, path)
        except BaseException:
            with suppress(OSError):  # the error before it is the one to tell
                aside.unlink()
            raise
        _sync_folder(path.parent)
    except OSError as error:
        name = str(error.filename or "")
        if error.errno is None or (name and PREFIX not in name and name != str(path.parent)):
            raise  # the block's own
        raise OSError(error.errno, error.strerror, str(path)) from error


def write(path: Path, content: bytes) -> None:
    """Puts a whole file in place, or leaves the old one."""
    with replacing(path) as file:
        file.write(content)


def remove_stale(folder: Path) -> None:
    """Deletes the temporary files that killed writers left in a folder; never one that is being written."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if TEMPORARY.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                with suppress(OSError):  # another user's, or on the point of being renamed
                    _remove_if_stale(entry.path)


def _create(folder: Path) -> tuple[Path, int]:
    """A new temporary file, locked where that is possible, and its descriptor."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    while True:
        path = folder / f"{PREFIX}{secrets.token_hex(8)}"
        descriptor = os.open(path, flags, 0o666)  # less the umask, which the kernel knows without a race
        if IS_WINDOWS:
            return path, descriptor
        free = file_lock.take(descriptor)
        if free is None or (free and path.exists()):
            return path, descriptor
        os.close(descriptor)  # somebody who clears stale files away was faster than our lock


def _remove_if_stale(path: str) -> None:
    descriptor = os.open(path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    try:
        free = None if IS_WINDOWS else file_lock.take(descriptor)
        if free is None:
            free = time.time() - os.fstat(descriptor).st_mtime > ABANDONED
        if free and not IS_WINDOWS:
            os.unlink(path)  # while we have its lock: its writer looks for that
    finally:
        os.close(descriptor)
    if free and IS_WINDOWS:
        os.unlink(path)


def _sync_folder(folder: Path) -> None:
    if IS_WINDOWS:  # it has no handle for a folder
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in NO_SYNC:
            raise
