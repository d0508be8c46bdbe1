"""A lock on an open file, which the system gives back when its holder ends, however it ends."""

import errno
import os
import sys

if sys.platform == "win32":
    import msvcrt

    FAR = 1 << 30  # bytes: what is locked cannot be read by others there, so it lies behind the end
else:
    import fcntl

TAKEN = (errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK)


def take(descriptor: int, *, shared: bool = False) -> bool | None:
    """True when the lock is ours until the file is closed, False when somebody else has it, another thread of this
    process too; None where the file system knows no locks."""
    try:
        if sys.platform == "win32":
            os.lseek(descriptor, FAR, os.SEEK_SET)
            try:
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            finally:
                os.lseek(descriptor, 0, os.SEEK_SET)
        else:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        return True
    except OSError as error:
        return False if error.errno in TAKEN else None
