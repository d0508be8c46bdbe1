"""What reading a picture would cost: a few bytes can ask for hours, or for all of the memory.

Pillow bounds the pixels and the texts. What follows bounds the rest, by what stands in the file and never by a clock:
a picture is read on every machine or on none.
"""

import io
import re
import struct
from math import prod

from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.TiffImagePlugin import TiffImageFile

MAX_MEMORY = 352 << 20  # bytes for the content of the file and the decoded picture; all in all it stays below 400 MB
MAX_HEADER = 32 << 20  # bytes that are read before the first pixel
MAX_READS = 600_000  # pieces of a file: Pillow takes each in a loop of Python
MAX_SEGMENTS = 50_000  # of a JPEG: 64 KB each, or a scan
MAX_EXIF = 1 << 20  # bytes; cameras write less than 64 KB
MAX_NUMBERS = 200_000  # in the tags of a TIFF: Pillow makes an object of each, and a tile of each strip
MAX_SCANNED = 16 * (64 << 20)  # pixels of a JPEG, counted once in each scan: a usual one has 1 or 10 scans
MIN_SCAN = 1 << 20  # pixels that a scan counts at least
MAX_RUNS = 8 << 20  # pixels of a BMP in runs, which Pillow unpacks in Python

SLOW = "would take too long to read; open it in an image editor and save it as PNG"
_HEAVY = "contains too much data besides its pixels; open it in an image editor and save it as PNG"

_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")  # what stands between is picture; so are FF 00, and D0 to D7
_FILL = b"\xff" * 64  # Pillow takes each on its own
_STRETCH = 1 << 20  # bytes to look for a marker in
_EXIF, _SCAN, _END = 0xE1, 0xDA, 0xD9
_BARE = (0x01, 0xD8)  # nothing follows these

TIFFS = {b"II*\0": "<", b"MM\0*": ">", b"II+\0": "<", b"MM\0+": ">"}
_UNITS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_AS_BYTES = (1, 2, 7)  # types whose values stay as they are
_BITS, _PHOTOMETRIC, _ORIENTATION, _ROWS, _TILE_WIDTH, _TILE_HEIGHT = 258, 262, 274, 278, 322, 323
_YCBCR = 6

# Bytes of a pixel in memory; in all other modes it has 4.
_OF_MODE = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2, "I;16N": 2}
_OF_WEBP = 16  # its decoder keeps the picture four times, and gives one back
_OF_AVIF = 16  # in planes of 16 bits, in RGBA twice
_GIVEN_BACK = 32 << 20  # bytes, before there is anything else


_read = io.BytesIO.read  # named once: a JPEG of a few kilobytes is read in forty pieces


class CostError(Exception):
    """Reading this would take too long or too much memory: what a sentence says after the picture's name."""


class Content(io.BytesIO):
    """The content of a picture file, which gives no more than a picture needs. Raises CostError, in `read` too."""

    def __init__(self, content: bytes):
        super().__init__(content)
        self.size = len(content)
        self.scans = 1  # of a JPEG
        self.tags = 0  # bytes in the tags of a TIFF
        self.taken = 0  # bytes
        self._reads = 0
        self._limit = MAX_HEADER
        if content.startswith(b"\xff\xd8"):
            self._look_at_jpeg(content)
        elif content[:4] in TIFFS:
            self._look_at_tiff(content)
            self._limit += 2 * self.size
        elif content.startswith(b"RIFF") or content[4:8] == b"ftyp":
            self._limit += self.size  # Pillow takes a WebP or an AVIF whole

    def read(self, size: int | None = -1, /) -> bytes:
        piece = _read(self, size)
        self._reads += 1
        self.taken += len(piece)
        if self._reads > MAX_READS:
            raise CostError(SLOW)
        if self.taken > self._limit:
            raise CostError(_HEAVY)
        return piece

    def admit(self, image: ImageFile, file_size: tuple[int, int]) -> int:
        """Lets the pixels be read of a picture that was opened, and may have been told to decode at a smaller size;
        gives the bytes that decoding takes."""
        pixels = prod(file_size)
        scanned = self.scans * max(pixels, MIN_SCAN)
        if scanned > MAX_SCANNED or (_codec(image) == "bmp_rle" and pixels > MAX_RUNS):
            raise CostError(SLOW)
        beside = self.size + 3 * self.tags  # Pillow has these twice, libtiff once
        if image.format in ("WEBP", "AVIF"):
            beside += self.size  # Pillow puts it together once more
        if beside > MAX_MEMORY:
            raise CostError(_HEAVY)
        need = self._pixel_memory(image, pixels)
        if beside + need > MAX_MEMORY:
            most = (MAX_MEMORY - beside) * pixels // need
            raise CostError(
                f"has {file_size[0]} × {file_size[1]} pixels; the limit for this kind of {image.format} is "
                f"{most >> 20} million: make it smaller in an image editor"
            )
        self._limit = 4 * self.size + MAX_HEADER
        return need

    def _pixel_memory(self, image: ImageFile, pixels: int) -> int:
        """Bytes that decoding takes at its worst moment."""
        if image.format == "AVIF":
            return pixels * _OF_AVIF
        if image.format == "WEBP":
            return max(pixels, pixels * _OF_WEBP - _GIVEN_BACK)
        decoded = prod(image.size) * _OF_MODE.get(image.mode, 4)
        if isinstance(image, JpegImageFile) and self.scans > 1:  # all coefficients are kept until the last scan
            largest = max(h for _, h, _, _ in image.layer) * max(v for _, _, v, _ in image.layer)
            decoded += 2 * pixels * sum(h * v for _, h, v, _ in image.layer) // max(largest, 1)
        elif isinstance(image, TiffImageFile):
            if image.tag_v2.get(_ORIENTATION, 1) != 1:  # Pillow turns it, into a second one
                decoded *= 2
            if _codec(image) == "libtiff":
                decoded += _strip_memory(image)
        return decoded

    def _look_at_jpeg(self, content: bytes) -> None:
        """Walks over the segments as the decoder does."""
        at, exif, self.scans = 2, 0, 0
        for _ in range(MAX_SEGMENTS):
            found = _MARKER.search(content, at, at + _STRETCH)
            if content.find(_FILL, at, found.start() if found else at + _STRETCH) >= 0:
                raise CostError(SLOW)
            if found is None:
                at += _STRETCH - 1
                if at >= self.size:
                    return
                continue
            if found[1][0] == _END:
                return
            marker, at = found[1][0], found.end()
            if marker in _BARE:
                continue
            length = int.from_bytes(content[at : at + 2], "big")
            if marker == _SCAN:
                self.scans += 1
            elif marker == _EXIF and content.startswith(b"Exif", at + 2):
                exif += length
                if exif > MAX_EXIF:  # Pillow puts them together piece by piece
                    raise CostError(_HEAVY)
            at += max(length, 2)
        raise CostError(SLOW)

    def _look_at_tiff(self, content: bytes) -> None:
        """Adds up what the tags of the first picture say that they hold."""
        order, is_big = TIFFS[content[:4]], b"+" in content[:4]
        entry, inside = struct.Struct(order + ("HHQQ" if is_big else "HHLL")), 8 if is_big else 4
        try:
            (at,) = struct.unpack_from(order + ("Q" if is_big else "L"), content, 8 if is_big else 4)
            (count,) = struct.unpack_from(order + ("Q" if is_big else "H"), content, at)
        except (struct.error, OverflowError):
            return  # Pillow says that it is damaged
        if count > 0xFFFF:
            raise CostError(SLOW)
        start = at + (8 if is_big else 2)
        table = content[start : start + count * entry.size]
        numbers = 0
        for _, kind, values, where in entry.iter_unpack(table[: len(table) // entry.size * entry.size]):
            length = values * _UNITS.get(kind, 0)
            if length <= inside or where + length > self.size:
                continue  # it stands in the table itself, or is left out
            self.tags += length
            numbers += 0 if kind in _AS_BYTES else values
        if numbers > MAX_NUMBERS:
            raise CostError(SLOW)
        if self.tags > self.size:  # they lie over each other
            raise CostError(_HEAVY)


def _codec(image: ImageFile) -> str:
    return image.tile[0].codec_name if image.tile else ""


def _strip_memory(image: TiffImageFile) -> int:
    """Bytes of a strip or a tile, which libtiff unpacks whole."""
    tags, (width, height) = image.tag_v2, image.size
    area = width * min(tags.get(_ROWS, height), height)
    if _TILE_WIDTH in tags and _TILE_HEIGHT in tags:
        area = tags[_TILE_WIDTH] * tags[_TILE_HEIGHT]
    bits = 32 if tags.get(_PHOTOMETRIC) == _YCBCR else sum(tags.get(_BITS, (1,)))
    return int(area * bits) // 8
