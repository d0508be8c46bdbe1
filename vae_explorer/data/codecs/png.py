"""PNG files of the plain kind, of which large sets are made: decoded without looking for what they do not have."""

from zlib import crc32

from PIL import Image

MAX_PIECES = 1000  # of a file
_START = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
_MODES = {  # by bits, colour type, compression, filter and interlacing
    b"\x08\0\0\0\0": "L",
    b"\x08\2\0\0\0": "RGB",
    b"\x08\4\0\0\0": "LA",
    b"\x08\6\0\0\0": "RGBA",
}
_PIXELS, _END = b"IDAT", b"IEND"
_LENGTHS = {b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"pHYs": 9, b"tIME": 7}  # of pieces that change no pixel
_TEXTS = (b"Software\0", b"Comment\0", b"Title\0", b"date:create\0", b"date:modify\0")  # of others Pillow makes use


def plain(content: bytes, most_pixels: int) -> Image.Image | None:
    """The picture, exactly as `Image.open` gives it; None where that has to look, or find out what is wrong."""
    mode = _MODES.get(content[24:29]) if content.startswith(_START) else None
    width, height = int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
    if mode is None or not 0 < width * height <= most_pixels or not _is_whole(content, 12, 29):
        return None
    pixels: list[bytes] = []
    at, before = 33, b""
    for _ in range(MAX_PIECES):
        kind, start = content[at + 4 : at + 8], at + 8
        if kind == _END:
            break
        end = start + int.from_bytes(content[at : at + 4], "big")
        if end + 4 > len(content):
            return None
        if kind == _PIXELS:
            if pixels and before != _PIXELS:
                return None
            pixels.append(content[start:end])
        elif not _is_passed_over(kind, content[start:end]) or not _is_whole(content, at + 4, end):
            return None
        at, before = end + 4, kind
    else:
        return None
    try:
        return Image.frombytes(mode, (width, height), b"".join(pixels), "zip", mode)
    except ValueError:
        return None


def _is_whole(content: bytes, start: int, end: int) -> bool:
    return crc32(content[start:end]) == int.from_bytes(content[end : end + 4], "big")


def _is_passed_over(kind: bytes, piece: bytes) -> bool:
    return len(piece) == _LENGTHS.get(kind) or (kind == b"tEXt" and len(piece) < 1024 and piece.startswith(_TEXTS))
