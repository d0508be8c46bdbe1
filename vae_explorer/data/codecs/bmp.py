"""BMP whose pixels are described by masks: Pillow leaves out the alpha of 16 bits, and refuses the rarer masks."""

import struct

import numpy as np
from PIL import Image

from vae_explorer.data.codecs.cost import CostError

MAX_PIXELS = 32 << 20  # they are kept in four bytes, besides the file
MAX_SIDE = 2**16 - 1
_PIECE = 1 << 20  # pixels that become numbers at a time
_BY_MASKS = (3, 6)  # BI_BITFIELDS, BI_ALPHABITFIELDS


def has_masks(content: bytes) -> bool:
    """Whether it is a BMP of 16 or 32 bits a pixel with masks for red, green, blue, and perhaps alpha."""
    if not content.startswith(b"BM") or len(content) < 66:
        return False
    length, bits, compression = *struct.unpack_from("<I", content, 14), *struct.unpack_from("<HI", content, 28)
    return length >= 40 and bits in (16, 32) and compression in _BY_MASKS


def by_masks(content: bytes) -> Image.Image:
    """The picture in RGB, or RGBA where some alpha is not zero. Raises CostError, or OSError where it is damaged."""
    start, length, width, height = struct.unpack_from("<IIii", content, 10)
    bits, compression = struct.unpack_from("<HI", content, 28)
    masks = struct.unpack_from("<IIII", content, 54)
    if length < 56 and compression == 3:
        masks = (*masks[:3], 0)  # what follows three masks is the picture
    rows, stride = abs(height), (width * bits + 31) // 32 * 4
    if width < 1 or rows < 1 or start + stride * rows > len(content) or not all(masks[:3]):
        raise OSError("it is cut off")
    if width * rows > MAX_PIXELS or max(width, rows) > MAX_SIDE:
        raise CostError(f"has {width} × {rows} pixels; the limit for this kind of BMP is {MAX_PIXELS >> 20} million")
    pixels = np.empty((rows, width, 4), np.uint8)
    upright = pixels[::-1] if height > 0 else pixels  # of the usual ones the lowest row comes first
    step = max(1, _PIECE // width)
    for top in range(0, rows, step):
        count = min(step, rows - top)
        raw = np.frombuffer(content, np.uint8, count * stride, start + top * stride).reshape(count, stride)
        numbers = raw[:, : width * bits // 8].copy().view(f"<u{bits // 8}")
        for channel, mask in enumerate(masks):
            upright[top : top + count, :, channel] = _levels(numbers, mask)
    transparent = masks[3] and pixels[..., 3].any()  # programs that know no alpha leave zeros in it
    return Image.fromarray(pixels if transparent else np.ascontiguousarray(pixels[..., :3]))


def _levels(numbers: np.ndarray, mask: int) -> np.ndarray:
    if not mask:
        return np.zeros(numbers.shape, np.uint8)
    shift = (mask & -mask).bit_length() - 1
    full = mask >> shift
    return np.rint((numbers.astype(np.uint32) & np.uint32(mask)) / (1 << shift) * (255 / full)).astype(np.uint8)
