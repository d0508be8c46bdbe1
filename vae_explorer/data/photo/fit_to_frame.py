"""Pictures brought to the size and the middle of a frame."""

import numpy as np
from jaxtyping import Float64, UInt8
from PIL import Image

from vae_explorer.data.photo.foreground import ring

MAX_GAIN = 3.0  # a hairline of a third of a pixel becomes white; what is thinner stays pale


def framed(
    pixels: UInt8[np.ndarray, "h w c"], height: int, width: int, share: float, fill: float
) -> UInt8[np.ndarray, "frame_h frame_w c"]:
    """The picture in the middle of a frame, its longer side as a share of the frame's."""
    h, w, c = pixels.shape
    scale = share * min(height / h, width / w)
    small = resized(pixels, max(1, round(h * scale)), max(1, round(w * scale)))
    frame = np.full((height, width, c), round(fill), np.uint8)
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    frame[top : top + small.shape[0], left : left + small.shape[1]] = small
    return frame


def strengthened(level: UInt8[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w"]:
    """Strokes thinner than a pixel are pale by averaging; most of the figure becomes white again, as in MNIST."""
    ink = level[level > 0.5 * level.max()]
    gain = min(255 / max(float(np.percentile(ink, 75)), 1.0), MAX_GAIN) if ink.size else 1.0
    return np.asarray(np.rint((level * gain).clip(0, 255)), np.uint8)


def centred(pixels: UInt8[np.ndarray, "h w c"], level: UInt8[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w c"]:
    """Moved by whole pixels, as MNIST was: its centre of mass is at pixel (14, 14). Nothing leaves the frame."""
    inside = _mass(level) > 0.1 * 255
    if not inside.any():
        return pixels
    shifts = []
    for axis, centre in enumerate(centre_of_mass(level)):
        size = level.shape[axis]
        where = np.flatnonzero(inside.any(1 - axis))
        shifts.append(min(max(size // 2 - round(centre - 0.5), -int(where[0])), size - 1 - int(where[-1])))
    (down, across), (h, w, _) = shifts, pixels.shape
    fill = np.median(ring(pixels), axis=0).astype(np.uint8)
    moved = np.broadcast_to(fill, pixels.shape).copy()
    moved[max(down, 0) : h + min(down, 0), max(across, 0) : w + min(across, 0)] = pixels[
        max(-down, 0) : h + min(-down, 0), max(-across, 0) : w + min(-across, 0)
    ]
    return moved


def centre_of_mass(level: UInt8[np.ndarray, "h w"]) -> tuple[float, float]:
    """Down and across, in pixels from the picture's corner; the border counts as weightless."""
    mass = _mass(level)
    total = max(float(mass.sum()), 1e-9)
    down, across = (float((mass.sum(1 - axis) * (np.arange(mass.shape[axis]) + 0.5)).sum()) / total for axis in (0, 1))
    return down, across


def resized(pixels: UInt8[np.ndarray, "h w c"], height: int, width: int) -> UInt8[np.ndarray, "new_h new_w c"]:
    """Every pixel of the result is a weighted mean of those that it stands for."""
    if pixels.shape[:2] == (height, width):
        return pixels
    whole = pixels.shape[0] % height == 0 and pixels.shape[1] % width == 0  # then an enlarged image comes back exactly
    return _array(_image(pixels).resize((width, height), Image.Resampling.BOX if whole else Image.Resampling.LANCZOS))


def luma(pixels: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h w"]:
    """The brightness of a colour picture (ITU-R BT.601)."""
    return np.asarray(_image(pixels).convert("L"))


def _mass(level: UInt8[np.ndarray, "h w"]) -> Float64[np.ndarray, "h w"]:
    return np.asarray((level - float(np.median(ring(level)))).clip(0))


def _image(pixels: UInt8[np.ndarray, "h w c"]) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels))


def _array(image: Image.Image) -> UInt8[np.ndarray, "h w c"]:
    pixels = np.asarray(image)
    return pixels[..., None] if pixels.ndim == 2 else pixels
