"""What packed bytes hold, in pieces and with bounds: gzip, bzip2, xz."""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedIOBase, BufferedReader, RawIOBase
from typing import Any

from vae_explorer.data.container import File, damage_told

PIECE = 1 << 16  # bytes that are unpacked at once
MAX_SILENCE = 1 << 20  # packed bytes that give not one byte
MAX_MEMORY = 128 << 20  # bytes that xz may take for what it looks back to: its file says how many
GZIP_MAGIC = b"\x1f\x8b"


def _gzip() -> Any:
    # 16: with header and checksum (RFC 1952), which Python's own gzip reads byte by byte: a long name takes minutes
    return zlib.decompressobj(16 + zlib.MAX_WBITS)


def _xz() -> Any:
    return lzma.LZMADecompressor(memlimit=MAX_MEMORY)


_PACKINGS: dict[bytes, Callable[[], Any]] = {GZIP_MAGIC: _gzip, b"BZh": bz2.BZ2Decompressor, b"\xfd7zXZ": _xz}


def is_packed(start: bytes) -> bool:
    """Whether a file that begins like this is packed in one of these ways."""
    return start.startswith(tuple(_PACKINGS))


@contextmanager
def unpacked(file: File) -> Iterator[BufferedIOBase]:
    """The content of a file that may be packed."""
    with damage_told(str(file)), file.open() as raw:
        start = raw.read(8)
        raw.seek(0)
        packing = next((made for magic, made in _PACKINGS.items() if start.startswith(magic)), None)
        try:
            yield BufferedReader(Unpacked(raw, packing)) if packing else raw
        except lzma.LZMAError as error:
            raise ValueError(str(error)) from error


class Unpacked(RawIOBase):
    """The content of one packed stream after another, each read by an own decompressor of zlib, bz2 or lzma."""

    def __init__(self, packed: BufferedIOBase, decompressor: Callable[[], Any]):
        super().__init__()
        self._packed, self._rest, self._is_within = packed, b"", False
        self._new = decompressor
        self._one = decompressor()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        silence = 0
        while silence <= MAX_SILENCE:
            if self._one.eof:  # another may follow
                self._rest, self._is_within = self._one.unused_data.lstrip(b"\0"), False
                self._one = self._new()
            wants = getattr(self._one, "needs_input", True)  # bz2 and lzma keep what they have not unpacked yet
            if wants:
                self._rest = self._rest or self._packed.read(PIECE)
                if not self._rest and self._is_within:
                    raise EOFError("it is truncated")
                if not self._rest:
                    return 0
                silence += len(self._rest)
            piece = self._one.decompress(self._rest if wants else b"", len(buffer))
            self._rest, self._is_within = getattr(self._one, "unconsumed_tail", b""), True
            if piece:
                buffer[: len(piece)] = piece
                return len(piece)
        raise EOFError(f"{MAX_SILENCE:,} of its bytes unpack to nothing")


class Limited(RawIOBase):
    """The next so many bytes of a stream."""

    def __init__(self, stream: BufferedIOBase, size: int):
        super().__init__()
        self._stream, self._left = stream, size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._stream.read(min(len(buffer), self._left))
        buffer[: len(piece)] = piece
        self._left -= len(piece)
        return len(piece)
