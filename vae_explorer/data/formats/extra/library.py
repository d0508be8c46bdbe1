"""Libraries that are installed only where somebody wants them."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase, BytesIO

from vae_explorer.data.container import DataError, File, read_bytes

MAX_MEMBER = 512 << 20  # bytes of a file in an archive
COMMAND = 'pip install "vae-explorer[data]"'


@contextmanager
def needed(file: File, kind: str) -> Iterator[None]:
    """Says how to get what is imported within, where it is not there."""
    try:
        yield
    except ImportError as error:
        raise DataError(f"{file} is {kind}, for which a library is missing: {COMMAND}") from error


def at_hand(file: File) -> BufferedIOBase:
    """A file whose reader goes back and forth: an archive's member would be unpacked again and again."""
    return file.open() if file.packed is None else BytesIO(read_bytes(file, MAX_MEMBER))
