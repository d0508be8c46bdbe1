"""Opens regular files only: a device or a pipe could be waited for for ever."""

import os
import stat
from io import BufferedReader
from pathlib import Path

from vae_explorer.errors import shown

FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


class NotRegularError(ValueError):
    """A path that is no regular file; the text names it."""


def opened(path: Path | str) -> BufferedReader:
    """A regular file, to be read. Raises NotRegularError, OSError, or ValueError for a path no file system takes."""
    if stat.S_ISREG(os.stat(path).st_mode):
        descriptor = os.open(path, FLAGS)  # not blocking: what was a file a moment ago may have become a pipe
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return os.fdopen(descriptor, "rb")
        os.close(descriptor)
    raise NotRegularError(f"{shown(Path(path).name)} is a folder, a device or a pipe, not a file")
