"""Bytes from anywhere become a safe array. The only place that opens images."""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

from vae_explorer.data import recognise
from vae_explorer.data.codecs import decoding, tiff
from vae_explorer.data.codecs.cost import CostError
from vae_explorer.data.codecs.layers import Layers, Picture, composited
from vae_explorer.data.container import DataError, opened
from vae_explorer.data.formats.kinds import KINDS
from vae_explorer.data.reading import AUTOMATIC, Reading
from vae_explorer.errors import shown

__all__ = ["Layers", "Picture", "PictureError", "as_image", "composited", "frames", "layers", "read", "thumbnail"]

MAX_BYTES = 256 << 20  # of a file
KNOWN_SUFFIXES = frozenset(
    f".{suffix}" for kind in KINDS if kind.read_as == "picture" for suffix in kind.suffixes.split()
)


class PictureError(ValueError):
    """Why a picture cannot be used, in one sentence."""


def read(source: Path | bytes, name: str | None = None, reading: Reading = AUTOMATIC) -> Picture:
    """The first frame of a picture file, or of its content; raises PictureError. Safe in any thread."""
    return layers(source, name).picture(reading)


def layers(source: Path | bytes, name: str | None = None) -> Layers:
    """As `read`, before anything is decided: for the pictures of a set, which are read in one way."""
    content, name, path = _taken(source, name)
    with _told(content, name):
        return replace(decoding.first(content), name=name, path=path)


def frames(source: Path | bytes, name: str | None = None) -> Iterator[Layers]:
    """As `layers`, of every page of a TIFF and every picture of an animation, in turn; of other files the only one.
    Where they are too many, PictureError comes before the first; one that is damaged ends them with PictureError."""
    content, name, path = _taken(source, name)
    with _told(content, name):
        for one in decoding.all_frames(content):
            yield replace(one, name=name, path=path)


def _taken(source: Path | bytes, name: str | None) -> tuple[bytes, str, Path | None]:
    path = None if isinstance(source, bytes) else source
    name = name or ("the picture" if path is None else shown(path.name or path))
    content = source if isinstance(source, bytes) else _content(source, name)
    if not content:
        raise PictureError(f"{name} is empty; save or download it again")
    if len(content) > MAX_BYTES:
        raise PictureError(_too_long(name))
    return content, name, path


@contextmanager
def _told(content: bytes, name: str) -> Iterator[None]:
    """Whatever goes wrong with a picture becomes one sentence about it."""
    start, file_name = content[: recognise.START], name.split(" in ")[0]  # without the ZIP that it is said to be in
    try:
        kind = recognise.recognised(start, file_name) if tiff.is_tiff(content) else None
        if kind and kind.read_as is None:  # a camera's raw photo: Pillow would find a small preview in it
            raise UnidentifiedImageError
        yield
    except CostError as error:
        raise PictureError(f"{name} {error}") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError) as error:
        raise PictureError(f"{name} is too large; {decoding.AT_MOST}") from error
    except Exception as error:  # a damaged file can raise almost anything inside Pillow
        page = tiff.first_page(content)
        if page and tiff.is_whole(page) and not (kind and kind.read_as is None):
            raise PictureError(f"{name} is a TIFF of an unusual kind ({page}); save it as PNG") from error
        if isinstance(error, UnidentifiedImageError):
            raise PictureError(f"{name} {recognise.not_read(start, file_name, 'picture')}") from error
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
