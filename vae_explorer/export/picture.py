"""Pictures given out: a contact sheet, as a PNG or a JPEG file. For a thread: it brings Pillow."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from vae_explorer.data.picture import as_image
from vae_explorer.export import file
from vae_explorer.export.file import ExportError

SUFFIXES = {"": "PNG", ".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}
CHOOSE = ".png or .jpg"  # what a user is told to choose
# Without subsampling: at 28 pixels a colour would otherwise spread over a seventh of the picture.
OPTIONS: dict[str, dict[str, Any]] = {"PNG": {}, "JPEG": {"quality": 95, "subsampling": 0}}
MAX_JPEG_SIDE = 65_500  # pixels, of libjpeg
GAP = 2  # pixels between the images of a contact sheet
GAP_LEVEL = 96  # their grey: neither model's black nor white


def write(path: Path, images: UInt8[np.ndarray, "n h w c"], *, columns: int = 1, gap: int = GAP, zoom: int = 1) -> None:
    """A picture file in place of what was there: whole, or the old one stays. One image is written alone.

    The suffix decides between PNG and JPEG; without one it is a PNG. Raises ExportError with a sentence that names
    the file.
    """
    form = SUFFIXES.get(path.suffix.lower())
    if form is None:
        raise ExportError(f"{path.name} cannot be written as a picture: choose {CHOOSE}")
    pixels = sheet(images, columns, gap, zoom)
    if form == "JPEG" and max(pixels.shape) > MAX_JPEG_SIDE:
        raise ExportError(f"{path.name} would be wider or higher than a JPEG can be: choose .png")
    file.write(path, encoded(pixels, form))


def png(pixels: UInt8[np.ndarray, "h w c"]) -> bytes:
    """The content of a PNG file with exactly these pixels: one channel for grey, three for colour."""
    return encoded(pixels, "PNG")


def encoded(pixels: UInt8[np.ndarray, "h w c"], form: str) -> bytes:
    """The content of a picture file; form is "PNG" or "JPEG"."""
    content = io.BytesIO()
    as_image(pixels).save(content, form, **OPTIONS[form])
    return content.getvalue()


def sheet(
    images: UInt8[np.ndarray, "n h w c"], columns: int, gap: int = GAP, zoom: int = 1
) -> UInt8[np.ndarray, "sheet_h sheet_w c"]:
    """A contact sheet, filled row by row; each pixel becomes zoom × zoom pixels, the gap is in pixels of the sheet."""
    n, h, w, c = images.shape
    if n < 1 or columns < 1 or gap < 0 or zoom < 1:
        raise ValueError(
            f"a sheet needs images, columns and a zoom: got {n}, {columns} and {zoom}, with a gap of {gap}"
        )
    columns = min(columns, n)
    rows = -(-n // columns)
    h, w = h * zoom, w * zoom
    pixels = np.full((rows * (h + gap) - gap, columns * (w + gap) - gap, c), GAP_LEVEL, np.uint8)
    for i, image in enumerate(images):
        top, left = (h + gap) * (i // columns), (w + gap) * (i % columns)
        pixels[top : top + h, left : left + w] = image.repeat(zoom, 0).repeat(zoom, 1)
    return pixels


def levels(x: Float[np.ndarray, "n c h w"]) -> UInt8[np.ndarray, "n h w c"]:
    """Pixels in [0, 1] as 256 levels; what a draw puts outside is cut."""
    return np.asarray((np.clip(x, 0, 1) * 255).round().astype(np.uint8).transpose(0, 2, 3, 1))
