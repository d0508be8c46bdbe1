"""PBM, PGM and PPM (netpbm.sourceforge.net/doc): Pillow reads some of them in a loop of Python, and scales them."""

import re

import numpy as np
from jaxtyping import Shaped

from vae_explorer.data.codecs.cost import CostError

MAX_MEMORY = 48 << 20  # bytes of binary values; of those in letters a sixth
_HEADER = re.compile(rb"P([1-6])" + rb"(?:\s+(?:#[^\n]*\n\s*)*)(\d{1,9})" * 2)
_WHITE = re.compile(rb"(?:\s+(?:#[^\n]*\n\s*)*)(\d{1,5})")
_HEAD = 64 << 10  # bytes, comments too
_LETTERS = 8  # of a value and what is around it


def is_pnm(content: bytes) -> bool:
    return re.match(rb"P[1-6]\s", content) is not None


def values_of(content: bytes) -> tuple[Shaped[np.ndarray, "h w c"], int]:
    """The values, uint8 or uint16, and what is white. Raises CostError, or ValueError where it is damaged."""
    header = _HEADER.match(content[:_HEAD])
    if not header:
        raise ValueError("the header is damaged")
    form, (width, height), at = int(header[1]), (int(header[2]), int(header[3])), header.end()
    channels, white = 3 if form in (3, 6) else 1, 1
    if form not in (1, 4):
        found = _WHITE.match(content[:_HEAD], at)
        if not found or not 0 < (white := int(found[1])) < 1 << 16:
            raise ValueError("white is missing")
        at = found.end()
    count = width * height * channels
    if not count:
        raise ValueError("it has no pixels")
    if count * (2 if white > 255 else 1) > (MAX_MEMORY if form > 3 else MAX_MEMORY // 6):
        raise CostError(f"has {width} × {height} pixels, too many for this kind of PNM: save it as PNG")
    if form == 4:
        stride = (width + 7) // 8
        packed = np.frombuffer(content, np.uint8, height * stride, at + 1).reshape(height, stride)
        values = 1 - np.unpackbits(packed, axis=1)[:, :width]  # 1 is black
    elif form > 4:
        values = np.frombuffer(content, ">u2" if white > 255 else np.uint8, count, at + 1)
    else:
        values = _in_letters(content[at : at + _LETTERS * count + _HEAD], count, in_digits=form == 1)
        values = 1 - values if form == 1 else values
    shape = (height, width, channels)
    if white > 255:
        return np.minimum(values, np.uint16(white)).astype(np.uint16, copy=False).reshape(shape), white
    values = values.astype(np.uint8, copy=False)
    return (values if white == 255 else np.minimum(values, np.uint8(white))).reshape(shape), white


def _in_letters(text: bytes, count: int, *, in_digits: bool) -> Shaped[np.ndarray, "n"]:
    if b"#" in text:
        text = re.sub(rb"#[^\n]*", b" ", text)
    if in_digits:  # no white is needed between them
        values = np.frombuffer(text.translate(None, b" \t\r\n\v\f"), np.uint8)[:count] - np.uint8(ord("0"))
    else:
        if not re.fullmatch(rb"[\d\s]*", text):
            raise ValueError("it has other letters than digits")
        values = np.fromstring(text, np.int64, count, sep=" ")
    if len(values) < count or values.min() < 0 or values.max() > (1 if in_digits else 0xFFFF):
        raise ValueError("values are missing")
    return np.asarray(values, np.uint16)
