"""Pictures of a folder or a ZIP become one data set: sub-folders are classes, `train` and `test` are parts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from math import prod

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from vae_explorer.core.config import MAX_SIDE, MIN_SIDE
from vae_explorer.core.progress import Job, Progress
from vae_explorer.data import picture
from vae_explorer.data.container import MAX_BYTES, DataError, File, read_bytes
from vae_explorer.data.formats.arrays import MAX_CLASSES
from vae_explorer.data.image_set import DataSet, ImageSet, Skipped, Split
from vae_explorer.data.reading import AUTOMATIC, Reading
from vae_explorer.data.recognise import is_bystander

SIDE = 64  # pixels: the longer side of pictures that had to be brought to one size
PARTS: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "val": "train",  # validation images are drawn anew from those for training
    "valid": "train",
    "validation": "train",
    "test": "test",
    "testing": "test",
}
_Pixels = UInt8[np.ndarray, "h w c"]


@dataclass(frozen=True, eq=False)
class _Found:
    """A picture that could be read, at its final size, and the folders it lies in."""

    file: File
    pixels: UInt8[np.ndarray, "h w c"]
    folders: tuple[str, ...]


class _NotOneSizeError(Exception):
    """The pictures do not come out at one size in this way."""


def read(
    name: str, files: Sequence[File], skipped: Sequence[Skipped] = (), reading: Reading = AUTOMATIC
) -> Job[DataSet]:
    """Pictures of one size are kept as they are; others are resized, and cropped where their proportions differ.

    What cannot be read is listed in `skipped`. All pictures are decoded again when one shows that a way does not do:
    mostly the first or the second, so that large pictures never lie in memory together.
    """
    for prepare in (_as_it_is, _resized, _cropped):
        try:
            found, unreadable = yield from _gather(name, files, prepare)
            break
        except _NotOneSizeError:
            continue
    unreadable = [*skipped, *unreadable]
    if not found:
        reason = f"; the first of {len(unreadable):,} files: {unreadable[0].reason}" if unreadable else ""
        raise DataError(f"{name} contains no readable picture{reason}")
    train, test, beside = _by_part(found)
    classes = _classes([*train, *test])
    height, width = found[0].pixels.shape[:2]
    shape = max(one.pixels.shape[2] for one in found), height, width  # grey only where every picture is
    return DataSet(
        name,
        _image_set(name, train, shape, classes, "train"),
        _image_set(name, test, shape, classes, "test") if test else None,
        classes,
        (*unreadable, *beside),
    )


def _gather(
    name: str, files: Sequence[File], prepare: Callable[[_Pixels], _Pixels]
) -> Job[tuple[list[_Found], list[Skipped]]]:
    found: list[_Found] = []
    skipped: list[Skipped] = []
    for i, file in enumerate(files):
        yield Progress(i, len(files), "images")
        if is_bystander(file.path.name):
            continue
        try:
            pixels = picture.read(read_bytes(file, picture.MAX_BYTES), str(file)).pixels
        except ValueError as error:
            skipped.append(Skipped(file.path, str(error)))
            continue
        pixels = prepare(pixels)
        if found and pixels.shape[:2] != found[0].pixels.shape[:2]:
            raise _NotOneSizeError
        if (pixels == pixels[..., :1]).all():
            pixels = pixels[..., :1].copy()  # not a view, which would keep all three
        found.append(_Found(file, pixels, file.parts[:-1]))
        if len(found) * prod(pixels.shape) > MAX_BYTES:
            raise DataError(
                f"{name} has too many pictures: {len(found):,} of {len(files):,} fill {MAX_BYTES >> 30} GiB"
            )
    return found, skipped


def _as_it_is(pixels: _Pixels) -> _Pixels:
    if not all(MIN_SIDE <= side <= MAX_SIDE for side in pixels.shape[:2]):
        raise _NotOneSizeError
    return pixels


def _resized(pixels: _Pixels) -> UInt8[np.ndarray, "new_h new_w c"]:
    height, width = pixels.shape[:2]
    longer = max(height, width)
    size = round(SIDE * width / longer), round(SIDE * height / longer)
    if min(size) < MIN_SIDE:
        raise _NotOneSizeError
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    resized = np.array(image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0))  # antialiased
    return resized[..., None] if resized.ndim == 2 else resized


def _cropped(pixels: _Pixels) -> UInt8[np.ndarray, "new_h new_w c"]:
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return _resized(np.ascontiguousarray(pixels[top : top + side, left : left + side]))


def _by_part(found: Sequence[_Found]) -> tuple[list[_Found], list[_Found], list[Skipped]]:
    """The pictures for training and for test, each with its folders below that; and those that lie in neither."""
    paths = [one.folders for one in found]
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(min(paths), max(paths), strict=False)))
    found = [replace(one, folders=one.folders[shared:]) for one in found]
    named = {one.folders[0].lower() for one in found if one.folders} & PARTS.keys()
    if len(named) < 2 or all(PARTS[folder] == "test" for folder in named):
        return found, [], []
    parts: dict[str | None, list[_Found]] = {"train": [], "test": [], None: []}
    for one in found:
        part = PARTS.get(one.folders[0].lower()) if one.folders else None
        parts[part].append(replace(one, folders=one.folders[1:]))
    beside = [Skipped(one.file.path, f"{one.file} is outside the folders for training and test") for one in parts[None]]
    return parts["train"], parts["test"], beside


def _classes(found: Sequence[_Found]) -> tuple[str, ...]:
    """The names of the sub-folders, where every picture lies in one."""
    names = {one.folders[0] if one.folders else "" for one in found}
    return () if "" in names or len(names) > MAX_CLASSES else tuple(sorted(names))


def _image_set(
    name: str, found: Sequence[_Found], shape: tuple[int, int, int], classes: tuple[str, ...], split: Split
) -> ImageSet:
    number = {folder: i for i, folder in enumerate(classes)}
    labels = np.array([number[one.folders[0]] for one in found], np.int64) if classes else None
    images = np.empty((len(found), *shape), np.uint8)
    for image, one in zip(images, found, strict=True):
        image[:] = np.moveaxis(one.pixels, 2, 0)
    return ImageSet(name, images, labels, split=split)
