"""Reading pictures: the request, what could be read, and why the rest could not."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vae_explorer.session.records import Origin

if TYPE_CHECKING:
    from vae_explorer.data.picture import Picture

MAX_IMAGES = 100  # in the strip: each is kept in memory
THUMBNAIL = 76  # pixels: twice the strip's tile, for high-resolution displays


@dataclass(frozen=True, eq=False)
class ReadRequest:
    origins: tuple[Origin, ...]
    lineage: int = 0  # of the model into whose strip they go


@dataclass(frozen=True, eq=False)
class ReadPictures:
    """The answer to several origins: what could be read, and a sentence for each that could not."""

    request: ReadRequest
    pictures: tuple["Picture", ...]
    thumbnails: tuple[np.ndarray, ...]  # uint8 [3, h, w], all of one size
    refused: tuple[str, ...]


def read_pictures(request: ReadRequest) -> ReadPictures:
    """The pictures that can be read, up to MAX_IMAGES, and why the others cannot. Imports Pillow: for a thread."""
    from vae_explorer.data import picture

    pictures: list[Picture] = []
    refused: list[str] = []
    for origin in request.origins:
        if len(pictures) == MAX_IMAGES:
            refused.append(f"{origin.name}: the strip holds {MAX_IMAGES}")
            continue
        try:
            pictures.append(_read(origin))
        except (ValueError, OSError) as error:
            refused.append(str(error))
    thumbnails = tuple(picture.thumbnail(one, THUMBNAIL) for one in pictures)
    return ReadPictures(request, tuple(pictures), thumbnails, tuple(refused))


def _read(origin: Origin) -> "Picture":
    from vae_explorer.data import picture

    if isinstance(origin.content, np.ndarray):
        height, width, _ = origin.content.shape
        return picture.Picture(origin.name, np.ascontiguousarray(origin.content), "", (width, height))
    return picture.read(origin.content, origin.name)
