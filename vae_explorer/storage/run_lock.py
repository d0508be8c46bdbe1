"""Who writes a run: a file that says it, and is locked for as long as it is so.

What counts is the lock on the open file, which ends with its holder even where that was killed. The text in it is for
people, for other machines, whose locks may not be seen here, and for file systems without locks, where two who begin in
the same instant may both have it.
"""

import json
import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from vae_explorer.storage import file_lock

MAX_LENGTH = 4096  # bytes of a signature that are read
PATIENCE = 2.0  # seconds that a new holder may take to sign
NO_WAIT = getattr(os, "O_NONBLOCK", 0)  # a pipe of that name holds nobody up
_THIS_PROCESS = secrets.token_hex(8)  # the number of a process comes again, this does not


class HeldError(ValueError):
    """Somebody else has the lock; the text is who."""


@contextmanager
def held(path: Path) -> Iterator[None]:
    """The lock is ours in the block. That of a holder who is gone is taken over, by one of all who try.

    Raises HeldError, or OSError where the file cannot be written.
    """
    descriptor = _take(path)
    try:
        yield
    finally:
        _give_back(path, descriptor)


def holder(path: Path) -> str | None:
    """Who has the lock, for people; None where it is free."""
    try:
        descriptor = os.open(path, os.O_RDONLY | NO_WAIT)
    except FileNotFoundError:
        return None
    except OSError:
        return "another program"
    try:
        free = file_lock.take(descriptor, shared=True)
        return _signer(_content(descriptor), free) or ("another program" if free is False else None)
    finally:
        os.close(descriptor)


def _take(path: Path) -> int:
    """The descriptor of the file, signed by us and locked where there are locks."""
    patience = time.monotonic() + PATIENCE
    while True:
        with ExitStack() as closing:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | NO_WAIT, 0o666)
            closing.callback(os.close, descriptor)
            free = file_lock.take(descriptor)
            who = _signer(_content(descriptor), free)
            if who is None and free is not False and _sign(path, descriptor, is_locked=bool(free)):
                closing.pop_all()
                return descriptor
            if who or time.monotonic() > patience:
                raise HeldError(who or "another program")
        time.sleep(0.01)  # its new holder has not signed yet, or its old one has just deleted it


def _sign(path: Path, descriptor: int, *, is_locked: bool) -> bool:
    """Whether our name stands at `path` then: the holder before us may have deleted the file meanwhile."""
    about = {"pid": os.getpid(), "host": socket.gethostname(), "time": time.time(), "locked": is_locked}
    signature = json.dumps({**about, "process": _THIS_PROCESS, "token": secrets.token_hex(8)}).encode()
    try:
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, signature)
    except OSError:  # a full disk
        _delete(path, descriptor)
        raise
    try:
        return path.read_bytes() == signature
    except FileNotFoundError:
        return False


def _give_back(path: Path, descriptor: int) -> None:
    if os.name == "nt":  # an open file cannot be deleted there
        os.close(descriptor)
        with suppress(OSError):  # somebody has it already
            path.unlink()
    else:
        _delete(path, descriptor)
        os.close(descriptor)


def _delete(path: Path, descriptor: int) -> None:
    """Deletes the file while it is ours, unless another stands in its place."""
    with suppress(OSError):  # gone, with its folder perhaps
        if os.path.samestat(os.fstat(descriptor), path.stat()):
            path.unlink()


def _content(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, MAX_LENGTH)
    except OSError:
        return b""


def _signer(content: bytes, free: bool | None) -> str | None:
    """Who has signed, where it may still be at work; `free` is what the lock on the file says."""
    try:
        lock = json.loads(content)
        pid, host = int(lock["pid"]), " ".join(str(lock["host"]).split())[:60]
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None  # cut off by a kill
    if host != socket.gethostname():
        return f"process {pid} on {host}"
    if free and lock.get("locked"):
        return None  # it had the lock, so it is gone, even where another process has its number now
    if pid == os.getpid():  # ours, or of a dead process that had the same number
        return "this program" if lock.get("process") == _THIS_PROCESS else None
    return f"process {pid}" if _is_alive(pid) else None


def _is_alive(pid: int) -> bool:
    if os.name == "nt":
        return True  # os.kill would end it there; such a lock is the user's to delete
    if pid <= 0:
        return False  # no process, but a group of them
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
