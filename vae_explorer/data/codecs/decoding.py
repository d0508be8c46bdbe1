"""The content of a picture file becomes layers: upright, and not larger than a model may need."""

import ctypes
import logging
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from math import ceil, sqrt

import numpy as np
from jaxtyping import Shaped, UInt8
from PIL import Image, ImagePalette, TiffTags, _imaging, features
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import TiffImageFile

from vae_explorer.data.codecs import bmp, heif, png, pnm, tiff
from vae_explorer.data.codecs.cost import MAX_EXIF, Content, CostError
from vae_explorer.data.codecs.layers import Layers
from vae_explorer.data.codecs.reducing import means

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", *(("AVIF",) if features.check("avif") else ()))
MAX_PIXELS = 64 << 20  # of a picture that is opened; see `cost` for those that need more memory than others
MAX_SIDE = 2**16 - 1  # pixels, as in a JPEG
MAX_FRAMES = 100_000  # pages or pictures of an animation
MAX_IN_FRAMES = 1 << 30  # pixels of all of them
STRIP_PIXELS = 1 << 20  # of a large picture that are reduced at a time
LARGE = 16 << 20  # bytes of decoded pixels
KEPT_PIXELS = 1024 * 1024  # a larger picture is reduced: no model takes more than 128 × 128, a strip holds 100
AT_MOST = (
    f"at most {MAX_PIXELS >> 20} million pixels are read, and {MAX_SIDE:,} in a row: make it smaller in an image editor"
)

_ONE_LARGE = threading.RLock()
_DEEP = ("I", "F")
_EXIF_ORIENTATION = 0x0112
_BITS, _COLOUR_MAP = 258, 320  # of a TIFF
_WHITE = (0, 0)  # a key in what Pillow knows of a picture, where the texts of its file lie by their names too
_TURNS: dict[int, Callable[[np.ndarray], np.ndarray]] = {  # the rows and columns as they are seen
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: lambda pixels: np.rot90(pixels),
}

# Once, here: warnings.catch_warnings is not safe with threads. What Pillow warns of is either usable or too large.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
warnings.simplefilter("error", Image.DecompressionBombWarning)
logging.getLogger("PIL").addHandler(logging.NullHandler())  # else its errors go to stderr where nothing logs
with suppress(OSError, AttributeError):  # so do those of its libtiff, by the library itself; not where that is static
    ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler(None)


def first(content: bytes) -> Layers:
    """The layers of the only picture of a file, or of the first. Raises CostError, MissingError, and of a damaged file
    almost anything."""
    if (plain := png.plain(content, KEPT_PIXELS)) is not None:
        return Layers("", *_split(plain), 255.0, "PNG", plain.size)
    if whole := _without_pillow(content):
        return whole
    if tiff.is_tiff(content) and (pages := _pages(content)):
        return replace(_of_page(content, *pages[0]), frames=len(pages))
    return _decoded(content)


def all_frames(content: bytes) -> Iterator[Layers]:
    """Of every page, or picture of an animation, in turn. As `first`; CostError comes before the first one."""
    if whole := _without_pillow(content):
        yield whole
    elif tiff.is_tiff(content) and (pages := _pages(content)):
        _refuse_many(len(pages), sum(page.size[0] * page.size[1] for _, page in pages))
        others = sum(not page.has_numbers for _, page in pages)  # for each of these Pillow goes through the file
        if others * len(content) > MAX_IN_FRAMES:
            raise CostError(f"has {others:,} pages of a kind that takes too long; save each as PNG")
        for index, page in pages:
            yield replace(_of_page(content, index, page), frames=len(pages))
    else:
        readable, image = _opened(content)
        with image:
            need = readable.admit(image, image.size)
            count = getattr(image, "n_frames", 1)
            _refuse_many(count, count * image.width * image.height)
            for index in range(count):
                with _memory(need):
                    image.seek(index)  # what is drawn upon the picture before stays
                    _mend(image, content)
                    image.load()
                    layers = _of_image(image)
                yield replace(layers, frames=count)


def _without_pillow(content: bytes) -> Layers | None:
    if pnm.is_pnm(content):
        values, white = pnm.values_of(content)
        height, width, _ = values.shape
        _refuse_size((width, height))
        values = means(values, _reduction(width, height))
        if values.dtype == np.uint8 and white < 255:
            values, white = np.rint(values * (255 / white)).astype(np.uint8), 255
        return Layers("", values, None, float(white), "PPM", (width, height))
    if bmp.has_masks(content):
        image = bmp.by_masks(content)
        image.format = "BMP"
        return _of_image(image)
    if heif.is_heif(content):
        return _of_image(heif.decoded(content, MAX_PIXELS))
    return None


def _pages(content: bytes) -> list[tuple[int, tiff.Page]]:
    """With their numbers; small copies of others and masks are left out, where there is anything else."""
    pages = list(enumerate(tiff.pages(content)))
    return [(i, page) for i, page in pages if not page.is_reduced] or pages


def _of_page(content: bytes, index: int, page: tiff.Page) -> Layers:
    if not page.needs_numbers and not (index and page.has_numbers):  # Pillow takes all of the file for each page
        return _decoded(content, index)
    _refuse_size(page.size)
    with _memory(4 * page.size[0] * page.size[1]):
        samples = tiff.samples_of(page, _reduction(*page.size))
    return _upright(samples.values, samples.alpha, samples.white, "TIFF", page.size, page.orientation)


def _decoded(content: bytes, index: int = 0) -> Layers:
    """As Pillow decodes it: one picture of a file."""
    readable, image = _opened(content)
    if index:
        image.seek(index)
        _refuse_size(image.size)
    size, factor = image.size, _reduction(*image.size)
    if factor > 1:  # a JPEG decodes at ½, ¼ or ⅛ of its size in a fraction of the memory
        image.draft(None, (size[0] // factor, size[1] // factor))
    need = readable.admit(image, size)
    _mend(image, content)
    with _memory(need):
        image.load()
        layers = _of_image(image, size)
    if getattr(image, "is_animated", False):
        with suppress(Exception):  # what is behind the first is damaged
            layers = replace(layers, frames=int(getattr(image, "n_frames", 1)))
    image.close()
    return layers


def _opened(content: bytes) -> tuple[Content, ImageFile]:
    readable = Content(content)
    image = Image.open(readable, formats=FORMATS)
    _refuse_size(image.size)
    return readable, image


def _memory(need: int) -> AbstractContextManager[object]:
    """While pixels of so many bytes are there: large ones come one after another, in whatever thread."""
    return _ONE_LARGE if need > LARGE else nullcontext()


def _refuse_size(size: tuple[int, int]) -> None:
    if size[0] * size[1] > MAX_PIXELS or max(size) > MAX_SIDE:
        raise CostError(f"has {size[0]} × {size[1]} pixels; {AT_MOST}")


def _refuse_many(count: int, pixels: int) -> None:
    if count > MAX_FRAMES or pixels > MAX_IN_FRAMES:
        raise CostError(f"has {count:,} pictures with {pixels >> 20:,} million pixels, too many to read; save fewer")


def _mend(image: ImageFile, content: bytes) -> None:
    """What Pillow takes otherwise than it is meant, before the pixels are read."""
    if isinstance(image, TiffImageFile):
        for tag in TiffTags.TAGS_V2_GROUPS:  # with the pixels Pillow would unpack all that these directories hold
            image.getexif().pop(tag, None)
        colours = image.tag_v2.get(_COLOUR_MAP, ()) if image.mode in ("P", "PA") else ()
        if colours and max(colours) < 256:  # they should be of 16 bits, and would all be black
            image.palette = ImagePalette.raw("RGB;L", bytes(colours))
        if image.tag_v2.get(_BITS) == (12,):
            image.info[_WHITE] = 2**12 - 1
    if image.format == "PNG" and image.mode == "I;16":
        at = content.find(b"sBIT", 0, content.find(b"IDAT"))  # significant bits; many leave the others on top, as zeros
        if at > 0 and 8 < (bits := content[at + 4]) < 16:
            image.info[_WHITE] = 2**bits - 1
    level = image.info.get("transparency")
    if image.format == "PNG" and image.mode == "L" and isinstance(level, int):
        bits = content[24]
        image.info["transparency"] = (level & (2**bits - 1)) * 255 // (2**bits - 1)  # as the pixels are scaled


def _of_image(image: Image.Image, file_size: tuple[int, int] | None = None) -> Layers:
    """The layers of a picture whose pixels are read."""
    size, form, orientation = file_size or image.size, image.format or "", _orientation(image)
    small = _reduced(image)
    values, alpha = _split(small)
    white = 255 if values.dtype == np.uint8 else small.info.get(_WHITE, 0)
    if white and values.max() > white:  # it has more bits than it says
        white = 0xFFFF
    return _upright(values, alpha, float(white), form, size, orientation)


def _upright(
    values: Shaped[np.ndarray, "h w c"],
    alpha: UInt8[np.ndarray, "h w"] | None,
    white: float,
    form: str,
    size: tuple[int, int],
    orientation: int,
) -> Layers:
    turn = _TURNS.get(orientation)
    if turn is None:
        return Layers("", values, alpha, white, form, size)
    upright = np.ascontiguousarray(turn(values))
    size = size if orientation < 5 else size[::-1]
    return Layers("", upright, None if alpha is None else np.ascontiguousarray(turn(alpha)), white, form, size, True)


def _reduction(width: int, height: int) -> int:
    return ceil(sqrt(width * height / KEPT_PIXELS))


def _reduced(image: Image.Image) -> Image.Image:
    """The picture, a large one at a fraction of its size: strip by strip, so that it is never there twice."""
    factor = _reduction(*image.size)
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
        sixteen.info.setdefault(_WHITE, 0xFFFF)
        return sixteen
    if image.mode in _DEEP:
        return image.copy()
    if image.mode in ("L", "RGB") and "transparency" not in image.info:
        return image
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
