"""Bytes from anywhere become a safe array. The only place that opens images."""

import ctypes
import logging
import stat
import warnings
from contextlib import suppress
from dataclasses import dataclass, replace
from math import ceil, sqrt
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Shaped, UInt8
from PIL import Image, ImageOps, TiffTags, UnidentifiedImageError, _imaging

from vae_explorer.data.container import DataError, opened
from vae_explorer.data.picture_cost import MAX_EXIF, Content, CostError
from vae_explorer.data.reading import AUTOMATIC, Reading
from vae_explorer.errors import shown

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")
KNOWN_SUFFIXES = frozenset(
    {".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".bmp", ".webp", ".tif", ".tiff"}
)
MAX_BYTES = 256 << 20  # of a file
MAX_PIXELS = 64 << 20  # of a picture that is opened; see picture_cost for those that need more memory than others
MAX_SIDE = 2**16 - 1  # pixels, as in a JPEG
STRIP_PIXELS = 1 << 20  # of a large picture that are reduced at a time
KEPT_PIXELS = 1024 * 1024  # a larger picture is reduced: no model takes more than 128 × 128, a strip holds 100
RANGES = (1, 2**8 - 1, 2**16 - 1, 2**24 - 1, 2**31 - 1)  # white in 32-bit and float pictures: the first that holds all

_AT_MOST = (
    f"at most {MAX_PIXELS >> 20} million pixels are read, and {MAX_SIDE:,} in a row: make it smaller in an image editor"
)
_DEEP = ("I", "F")
_LUMA = np.array((0.299, 0.587, 0.114))  # of red, green and blue in what is seen as bright (ITU-R BT.601)
_EXIF_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# Once, here: warnings.catch_warnings is not safe with threads. What Pillow warns of is either usable or too large.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
warnings.simplefilter("error", Image.DecompressionBombWarning)
logging.getLogger("PIL").addHandler(logging.NullHandler())  # else its errors go to stderr where nothing logs
with suppress(OSError, AttributeError):  # so do those of its libtiff, by the library itself; not where that is static
    ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler(None)


class PictureError(ValueError):
    """Why a picture cannot be used, in one sentence."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as it came, upright and opaque; one channel for grey sources, three for colour."""

    name: str
    pixels: UInt8[np.ndarray, "h w c"]
    format: str  # "PNG", "JPEG", …
    file_size: tuple[int, int]  # width and height in the file; larger than the pixels where the picture was reduced
    path: Path | None = None  # of the file; None where it came as bytes or pixels

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def scale(self) -> tuple[float, float]:
        """Pixels of the file for each of its own, across and down."""
        return self.file_size[0] / self.width, self.file_size[1] / self.height


@dataclass(frozen=True, eq=False)
class Layers:
    """A picture upright, before its levels become 8 bits and its transparent parts get a background: what the pictures
    of a set are compared by, so that one range and one background do for all of them."""

    name: str
    values: Shaped[np.ndarray, "h w c"]  # of the file; uint8, or deep: uint16, int32, float32. c is 1 or 3
    alpha: UInt8[np.ndarray, "h w"] | None  # None: opaque. The values are not multiplied by it
    white: float  # what the file says that white is: 255, 65535, 4095 of 12 bits; 0 where it says nothing
    format: str
    file_size: tuple[int, int]  # width and height in the file
    turned: bool = False  # as its EXIF says
    frames: int = 1  # pages of a TIFF, pictures of an animation: in the file, these are the layers of one
    path: Path | None = None

    def ink(self) -> tuple[float, float]:
        """The brightness of what is visible, from 0 to 1, times its area, and that area in pixels: of several pictures
        both are added up, and their one background is black where the first is more than half of the second."""
        levels = _levels(self.values, *self.range()) / 255
        level = levels[..., 0] if levels.shape[2] == 1 else levels @ _LUMA
        visible = np.ones_like(level) if self.alpha is None else self.alpha / 255
        return float((level * visible).sum()), float(visible.sum())

    def range(self) -> tuple[float, float]:
        """The values that are black and white in this picture, as far as it alone can tell. Nothing is outside."""
        if self.white:
            return 0.0, self.white
        finite = self.values[np.isfinite(self.values)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
        white = next((white for white in RANGES if high <= 1.1 * white), high)  # a little overshoot is from resampling
        if low < -0.1 * max(high, 1.0):  # signed: no range is known
            return low, high
        return min(low, 0.0), max(high, white)

    def picture(self, reading: Reading = AUTOMATIC) -> Picture:
        """The picture read as a set was. What is automatic is chosen by this picture alone: the range, and the
        background that its visible pixels stand out from."""
        black, white = (
            found if chosen == "auto" else float(chosen)
            for found, chosen in zip(self.range(), (reading.black, reading.white), strict=True)
        )
        pixels = _levels(self.values, black, white)
        if self.alpha is not None:
            background = reading.background
            if background == "auto":
                light, area = self.ink()
                background = "black" if 2 * light > area else "white"
            pixels = composited(pixels, self.alpha, background)
        return Picture(self.name, pixels, self.format, self.file_size, self.path)


def composited(
    pixels: UInt8[np.ndarray, "*n h w c"], alpha: UInt8[np.ndarray, "*n h w"], background: Literal["black", "white"]
) -> UInt8[np.ndarray, "*n h w c"]:
    """Transparent pixels, not multiplied by alpha, on a background."""
    behind = np.uint16(0 if background == "black" else 255)
    share = alpha[..., None].astype(np.uint16)
    return ((pixels * share + behind * (255 - share) + 127) // 255).astype(np.uint8)


def read(source: Path | bytes, name: str | None = None, reading: Reading = AUTOMATIC) -> Picture:
    """The first frame of a picture file, or of its content; raises PictureError. Safe in any thread."""
    return layers(source, name).picture(reading)


def layers(source: Path | bytes, name: str | None = None) -> Layers:
    """As `read`, before anything is decided: for the pictures of a set, which are read in one way."""
    if isinstance(source, bytes):
        name = name or "the picture"
        content = source
    else:
        name = name or shown(source.name or source)
        content = _content(source, name)
    if not content:
        raise PictureError(f"{name} is empty; save or download it again")
    if len(content) > MAX_BYTES:
        raise PictureError(_too_long(name))
    try:
        return replace(_upright(content, name), path=None if isinstance(source, bytes) else source)
    except CostError as error:
        raise PictureError(f"{name} {error}") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError) as error:
        raise PictureError(f"{name} is too large; {_AT_MOST}") from error
    except UnidentifiedImageError as error:
        raise PictureError(
            f"{name} is not a PNG, JPEG, GIF, BMP, WebP or TIFF picture, or it is damaged; save it as PNG and try again"
        ) from error
    except Exception as error:  # a damaged file can raise almost anything inside Pillow
        raise PictureError(f"{name} is cut off or damaged; save or download it again") from error


def thumbnail(picture: Picture, side: int) -> UInt8[np.ndarray, "3 side side"]:
    """The middle of a picture in a square of one size, in three channels."""
    image = as_image(picture.pixels).convert("RGB")
    return np.asarray(ImageOps.fit(image, (side, side), Image.Resampling.BOX)).transpose(2, 0, 1).copy()


def as_image(pixels: UInt8[np.ndarray, "h w c"]) -> Image.Image:
    """One channel for grey, three for colour. Raises ValueError for others."""
    if pixels.shape[2] not in (1, 3):
        raise ValueError(f"a picture has 1 or 3 channels, got {pixels.shape[2]}")
    return Image.fromarray(np.ascontiguousarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels))


def _content(path: Path, name: str) -> bytes:
    """All bytes of a regular file; opening anything else could wait for ever."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise PictureError(f"{name} is a folder, not a picture; choose a file in it")
        if not stat.S_ISREG(status.st_mode):
            raise PictureError(f"{name} is a device or a pipe, not a picture; choose a file")
        if status.st_size > MAX_BYTES:
            raise PictureError(_too_long(name))
        with opened(path) as file:
            return file.read(MAX_BYTES + 1) or b""  # None: of the kernel's own files some say "not now"
    except FileNotFoundError as error:
        raise PictureError(f"{name} is no longer there; it was moved or deleted") from error
    except PermissionError as error:
        raise PictureError(f"{name} cannot be read: permission denied; change its permissions or copy it") from error
    except PictureError:
        raise
    except DataError as error:  # it is no longer what it was
        raise PictureError(str(error)) from error
    except (OSError, ValueError) as error:  # ValueError: a path that no file system takes
        reason = getattr(error, "strerror", None) or "the path is not valid"
        raise PictureError(f"{name} cannot be read: {reason.lower()}") from error


def _too_long(name: str) -> str:
    return f"{name} is larger than {MAX_BYTES >> 20} MB; save it smaller, for example as JPEG"


def _upright(content: bytes, name: str) -> Layers:
    """The picture turned as its EXIF says."""
    readable = Content(content)
    image = Image.open(readable, formats=FORMATS)
    size = image.size
    if size[0] * size[1] > MAX_PIXELS or max(size) > MAX_SIDE:
        raise CostError(f"has {size[0]} × {size[1]} pixels; {_AT_MOST}")
    factor = _reduction(image)
    if factor > 1:  # a JPEG decodes at ½, ¼ or ⅛ of its size in a fraction of the memory
        image.draft(None, (size[0] // factor, size[1] // factor))
    readable.admit(image, size)
    if image.format == "TIFF":  # with the pixels Pillow would unpack all that these directories hold
        for tag in TiffTags.TAGS_V2_GROUPS:
            image.getexif().pop(tag, None)
    image.load()
    turn = _TURNS.get(_orientation(image))
    small, form = _reduced(image), image.format or ""
    image.close()  # the large one goes before there are more small ones
    before = small.size
    if turn is not None:
        info, small = small.info, small.transpose(turn)
        small.info = info
        size = size if small.size == before else size[::-1]
    values, alpha = _split(small)
    white = 255.0 if values.dtype == np.uint8 else small.info.get("white", 0.0)
    return Layers(name, values, alpha, white, form, size, turned=turn is not None)


def _reduction(image: Image.Image) -> int:
    return ceil(sqrt(image.width * image.height / KEPT_PIXELS))


def _reduced(image: Image.Image) -> Image.Image:
    """The picture, a large one at a fraction of its size: strip by strip, so that it is never there twice."""
    factor = _reduction(image)
    if factor == 1:
        return _plain(image)
    (width, height), small = image.size, None
    rows = factor * max(1, STRIP_PIXELS // (factor * width))
    for top in range(0, height, rows):
        strip = _plain(image.crop((0, top, width, min(top + rows, height)))).reduce(factor)
        if small is None:
            small = Image.new(strip.mode, (strip.width, ceil(height / factor)))
            small.info = strip.info
        small.paste(strip, (0, top // factor))
    assert small is not None
    return small


def _orientation(image: Image.Image) -> int:
    if any(len(image.info.get(kind) or "") > MAX_EXIF for kind in ("exif", "Raw profile type exif")):
        return 1  # each number in it would become an object
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except Exception:  # bad EXIF does not spoil a good picture
        return 1


def _plain(image: Image.Image) -> Image.Image:
    """The same picture in one of the modes L, LA, RGB, RGBA, or a deep one."""
    if image.mode.startswith("I;16"):
        sixteen = image.convert("I")
        sixteen.info["white"] = RANGES[2]
        return sixteen
    if image.mode in _DEEP:
        return image.copy()
    grey = image.mode in ("1", "L", "LA", "La")
    if image.has_transparency_data:
        return image.convert("LA" if grey else "RGBA")
    return image.convert("L" if grey else "RGB")


def _split(image: Image.Image) -> tuple[Shaped[np.ndarray, "h w c"], UInt8[np.ndarray, "h w"] | None]:
    """Values and alpha; no alpha where all is opaque."""
    values = np.array(image)
    values = values[..., None] if values.ndim == 2 else values
    if image.mode in _DEEP:
        transparent = image.info.get("transparency")  # a deep PNG can name one level that is transparent
        hidden = values[..., 0] == transparent if isinstance(transparent, int) else np.zeros((), bool)
        return values, np.where(hidden, 0, 255).astype(np.uint8) if hidden.any() else None
    if image.mode not in ("LA", "RGBA"):
        return values, None
    alpha = np.ascontiguousarray(values[..., -1])
    return np.ascontiguousarray(values[..., :-1]), None if alpha.min() == 255 else alpha


def _levels(values: Shaped[np.ndarray, "h w c"], black: float, white: float) -> UInt8[np.ndarray, "h w c"]:
    if values.dtype == np.uint8 and (black, white) == (0, 255):
        return values
    with np.errstate(invalid="ignore"):  # some kinds of NaN are warned of
        numbers = np.nan_to_num(values.astype(np.float64), nan=0, posinf=0, neginf=0)
    scale = 255 / (white - black or 1.0)
    return np.rint(((numbers - black) * scale).clip(0, 255)).astype(np.uint8)
