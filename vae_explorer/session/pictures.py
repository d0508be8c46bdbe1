"""Pictures as they come in: what is asked for, what could be read, and why the rest could not."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vae_explorer.session.records import Origin

if TYPE_CHECKING:
    from vae_explorer.data.picture import Picture

MAX_IMAGES = 100  # in the strip: each keeps its pixels
THUMBNAIL = 76  # pixels: twice the strip's tile, for fine displays


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
    """All that can be read, as many as a strip holds, and why the others cannot. For a thread: it brings Pillow."""
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
