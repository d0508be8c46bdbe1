"""Numbers as screen pixels: colour maps, scaling, rounded corners. uint32, 0xAARRGGBB."""

from typing import Literal

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage

from vae_explorer.ui.theme import theme, viridis
from vae_explorer.ui.widgets.grid_layout import GridLayout

ColourMap = Literal["grey", "viridis", "diverging"]
OPAQUE = np.uint32(0xFF000000)


def coloured(images: np.ndarray, colours: ColourMap = "grey", scale: float = 1.0) -> np.ndarray:
    """Numbers [..., c, h, w] as screen pixels 0xffRRGGBB, uint32 [..., h, w].

    grey shows [0, 1] (or uint8) as it is, three channels as red, green, blue; viridis shows [0, scale], diverging
    [-scale, scale], both for the mean over the channels. What lies outside is clipped.
    """
    if colours == "grey":
        levels = images if images.dtype == np.uint8 else _levels(images, 0.0, 1.0)
        return _packed(levels, -3) if levels.shape[-3] == 3 else np.take(_GREY, levels[..., 0, :, :])
    mean = images[..., 0, :, :] if images.shape[-3] == 1 else images.mean(axis=-3)
    if colours == "viridis":
        return np.take(_packed(viridis(), 1), _levels(mean, 0.0, scale))
    return np.take(_packed(_diverging(dark=theme.dark), 1), _levels(mean, -scale, scale))


def rgb(pixels: np.ndarray) -> np.ndarray:
    """Screen pixels uint32 [...] as red, green, blue: uint8 [..., 3]."""
    return np.stack([(pixels >> shift & 0xFF).astype(np.uint8) for shift in (16, 8, 0)], axis=-1)


def image_of(pixels: np.ndarray) -> QImage:
    """Screen pixels uint32 [h, w] as an image of its own memory."""
    height, width = pixels.shape
    pixels = np.ascontiguousarray(pixels)
    return QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGB32).copy()


def same(one: np.ndarray | None, other: np.ndarray | None) -> bool:
    """Whether these are the same numbers, so that nothing has to be painted."""
    return one is not None and other is not None and one.dtype == other.dtype and np.array_equal(one, other)


def smoothly_scaled(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Screen pixels uint32 [n, h, w] at another size: as one column of tiles, whose borders fall on whole pixels."""
    count = len(pixels)
    column = image_of(pixels.reshape(-1, pixels.shape[2])).scaled(
        width, height * count, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    column.convertTo(QImage.Format.Format_RGB32)
    lines = np.frombuffer(column.constBits(), np.uint32).reshape(height * count, column.bytesPerLine() // 4)
    return np.asarray(lines[:, :width].reshape(count, height, width) | OPAQUE)


def tiled(canvas: np.ndarray, pixels: np.ndarray, layout: GridLayout, radius: int) -> QImage:
    """Screen pixels uint32 [n, h, w] as tiles with clear gaps and rounded corners, in one image that looks into the
    canvas, uint32 of the layout's shape."""
    rows, columns, height, width = layout.rows, layout.columns, layout.height, layout.width
    zoom = height // pixels.shape[1]
    if (zoom * pixels.shape[1], zoom * pixels.shape[2]) == (height, width):
        pixels = np.repeat(pixels, zoom, axis=2)  # the rows are repeated below, which copies whole lines
    else:
        pixels, zoom = smoothly_scaled(pixels, height, width), 1
    missing = rows * columns - len(pixels)
    if missing:
        pixels = np.concatenate([pixels, np.zeros((missing, *pixels.shape[1:]), np.uint32)])
    pixels = pixels.reshape(rows, columns, -1, width).swapaxes(1, 2)  # [rows, h, columns, width]
    canvas.fill(0)
    cells = canvas.reshape(rows, height + layout.gap, columns, width + layout.gap)
    for line in range(zoom):
        cells[:, line:height:zoom, :, :width] = pixels
    round_corners(cells[:, :height, :, :width], min(radius, height // 8, width // 8))
    lines, across = canvas.shape
    return QImage(canvas.data, across, lines, 4 * across, QImage.Format.Format_ARGB32_Premultiplied)


def round_corners(tiles: np.ndarray, radius: int) -> None:
    """Fades the corners of premultiplied pixels [rows, h, columns, w] in place."""
    if radius < 1:
        return
    fine = (np.arange(radius * 4) + 0.5) / 4
    inside = (radius - fine[:, None]) ** 2 + (radius - fine[None, :]) ** 2 <= radius**2
    cover = inside.reshape(radius, 4, radius, 4).mean(axis=(1, 3))  # of the upper left corner's pixels
    bytes_of = tiles.view(np.uint8).reshape(*tiles.shape, 4)
    for top, left in ((True, True), (True, False), (False, True), (False, False)):
        corner = bytes_of[
            :, slice(0, radius) if top else slice(-radius, None), :, slice(0, radius) if left else slice(-radius, None)
        ]
        mask = cover[:: 1 if top else -1, :: 1 if left else -1]
        corner[...] = (corner * mask[None, :, None, :, None]).astype(np.uint8)


def _levels(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Values between low and high as 0 … 255; what is not a number counts as low."""
    high = max(high, low + 1e-12)
    inside = np.fmin(np.fmax(values, low), high)
    levels: np.ndarray = (inside - low) * (255 / (high - low)) + 0.5
    return levels.astype(np.uint8)


def _packed(colours: np.ndarray, axis: int) -> np.ndarray:
    """Red, green and blue along this axis, uint8, as 0xffRRGGBB."""
    red, green, blue = np.moveaxis(colours.astype(np.uint32), axis, 0)
    return np.asarray(OPAQUE | red << 16 | green << 8 | blue)


def _diverging(*, dark: bool) -> np.ndarray:
    """256 colours from blue to red by way of black or, on light, a white that a panel still shows the edge of."""
    stops = (
        ("a9d8ff", "2f86e0", "000000", "e0483b", "ffc0ae")
        if dark
        else ("08306b", "3a86d8", "eef1f4", "df5246", "6d0b14")
    )
    colours = [QColor(f"#{stop}") for stop in stops]
    at = np.linspace(-1, 1, 256)
    at[127:129] = 0  # 0 lies between two levels: both are the ground
    channels = np.array([(colour.red(), colour.green(), colour.blue()) for colour in colours]).T
    return np.stack([np.interp(at, (-1, -0.5, 0, 0.5, 1), channel) for channel in channels], axis=1).astype(np.uint8)


_GREY = _packed(np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1), 1)
