"""Images and labels that come as arrays of any usual shape and values become a data set."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from math import prod
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int64, Shaped, UInt8

from vae_explorer.core.config import ImageShape
from vae_explorer.core.progress import Job, Progress
from vae_explorer.data import container
from vae_explorer.data.container import DataError, times
from vae_explorer.data.fitting import Size, fitted, size_for
from vae_explorer.data.formats.background import Background, multiplied
from vae_explorer.data.formats.labels import MAX_CLASSES as MAX_CLASSES
from vae_explorer.data.formats.labels import numbered
from vae_explorer.data.formats.layout import ACCEPTED, Layout, layout
from vae_explorer.data.formats.stored import VALUES_AT_ONCE, Stored
from vae_explorer.data.image_set import DataSet, ImageSet, Note, Split
from vae_explorer.data.reading import AUTOMATIC, Reading
from vae_explorer.data.values import Range, Values
from vae_explorer.errors import shown

SPLITS: tuple[Split, ...] = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Part:
    """The arrays of one part, and where they came from. Images that are not read yet are read in pieces."""

    name: str
    images: Shaped[np.ndarray, "..."] | Stored
    labels: Shaped[np.ndarray, "..."] | None = None
    factors: Mapping[str, Shaped[np.ndarray, "n"]] = field(default_factory=dict)
    is_turned: bool = False  # its images lie on their side: rows and columns are exchanged


@dataclass(frozen=True, eq=False)
class _Laid:
    """A part whose axes are known, and which of its images are read."""

    part: Part
    layout: Layout
    chosen: Int64[np.ndarray, "m"]  # in their order; at first none

    def pieces(self) -> Generator[Shaped[np.ndarray, "k c h w"], None, None]:
        """The chosen images; pieces of none where none of those that were passed is chosen."""
        first = 0
        with closing(_rows(self.part.images)) as rows:
            for some in rows:
                start, stop = np.searchsorted(self.chosen, (first, first + len(some)))
                wanted = self.chosen[start:stop] - first
                images = self.layout.images(some if len(wanted) == len(some) else some[wanted])
                # a file's bools may hold other bytes than 0 and 1
                yield (images.view(np.uint8) != 0).astype(np.uint8) if images.dtype.kind == "b" else images
                first += len(some)


class _Read(NamedTuple):
    """The images of each part, what was done to them, and how they were really read."""

    images: Mapping[Split, UInt8[np.ndarray, "n c h w"]]
    notes: tuple[Note, ...]
    reading: Reading


def data_set(
    name: str,
    path: Path,
    train: Part | None,
    test: Part | None = None,
    *,
    validation: Part | None = None,
    reading: Reading = AUTOMATIC,
    classes: Sequence[str] = (),
    notes: Sequence[Note] = (),
) -> Job[DataSet]:
    """Brings arrays to images of one size with grey levels 0..255, and to labels 0, 1, 2, …

    Without training images the set has an empty part for training. `classes` names the labels 0, 1, 2, …; `notes` come
    before those about what is done here."""
    laid: dict[Split, _Laid] = {}
    for split, part in zip(SPLITS, (train, validation, test), strict=True):
        if part is not None:
            laid[split] = yield from _laid(part)
    layout = _alike(name, laid)
    sizes = {(layout.size.width, layout.size.height): sum(one.layout.count for one in laid.values())}
    size = size_for(sizes, reading)
    laid = _limited(laid, reading, layout.channels * prod(size))
    read = yield from _read(name, laid, size, reading)
    labels = numbered(
        {split: one.part.labels[one.chosen] for split, one in laid.items() if one.part.labels is not None}, classes
    )
    sets = {
        split: ImageSet(name, images, labels.numbers.get(split), _factors(laid[split]), split)
        for split, images in read.images.items()
        if split == "train" or len(images)
    }
    none = np.empty((0, *next(iter(read.images.values())).shape[1:]), np.uint8)
    return DataSet(
        name,
        sets.get("train", ImageSet(name, none)),
        sets.get("test"),
        labels.classes,
        validation=sets.get("validation"),
        notes=(*notes, *_layout_notes(layout), *read.notes, *labels.notes),
        sizes=sizes,
        reading=read.reading,
    )


def read_again(data: DataSet, reading: Reading) -> Job[DataSet]:
    """A set that is in memory, in another way."""
    train, test = (
        None if part is None else Part(data.name, np.asarray(part.images[:]), part.labels, part.factors)
        for part in (data.train, data.test)
    )
    return (yield from data_set(data.name, Path(data.name), train, test, classes=data.classes, reading=reading))


def _laid(part: Part) -> Job[_Laid]:
    """Finds the axes of a part; what cannot be read in pieces is read."""
    images, labels = part.images, None if part.labels is None else np.atleast_1d(part.labels)
    if isinstance(images, Stored):
        images.admit()
    found = layout(images.shape, None if labels is None else len(labels))
    if 0 in images.shape or found is None:
        why = "it holds no images" if 0 in images.shape else f"expected {ACCEPTED}"
        raise DataError(f"{part.name} has the shape {shown(times(images.shape))}; {why}")
    if images.dtype.kind not in "biuf":
        raise DataError(f"{part.name} holds values of the type {images.dtype}; expected numbers")
    if labels is not None and len(labels) != found.count:
        raise DataError(
            f"{part.name} has {len(labels):,} labels for {found.count:,} images; expected one for each image"
        )
    if isinstance(images, Stored) and (found.is_reversed or images.order == "F"):
        images = yield from images.whole()
    if found.is_reversed:
        images = np.moveaxis(np.asarray(images), -1, 0)
    found = replace(found, is_turned=part.is_turned)
    return _Laid(replace(part, images=images, labels=labels), found, np.arange(0))


def _alike(name: str, laid: Mapping[Split, _Laid]) -> Layout:
    """How the images of all parts are: raises DataError where those of one are others."""
    shapes = {split: ImageShape(one.layout.channels, *one.layout.size) for split, one in laid.items()}
    if len(set(shapes.values())) > 1:
        words = {"train": "training"}
        said = " and ".join(f"{words.get(split, split)} images of {shape}" for split, shape in shapes.items())
        raise DataError(f"{name} has {said}; they must have the same shape")
    return next(iter(laid.values())).layout


def _limited(laid: Mapping[Split, _Laid], reading: Reading, image_bytes: int) -> dict[Split, _Laid]:
    """As many images as were asked for and as there is room for, evenly chosen from all parts."""
    total = sum(one.layout.count for one in laid.values())
    count = min(total, reading.limit or total, container.MAX_BYTES // image_bytes)
    for one in laid.values():
        if isinstance(one.part.images, Stored):  # small ones become larger
            container.refuse_bomb(one.part.images.file, count * image_bytes)
    chosen, first = np.linspace(0, total - 1, count).round().astype(np.int64), 0
    limited: dict[Split, _Laid] = {}
    for split, one in laid.items():
        after = first + one.layout.count
        limited[split] = replace(one, chosen=chosen[(chosen >= first) & (chosen < after)] - first)
        first = after
    return limited


def _read(name: str, laid: Mapping[Split, _Laid], size: Size, reading: Reading) -> Job[_Read]:
    """Twice: to see the range of all values, then to make grey levels of them. So only a piece is there as it was."""
    count, done = sum(len(one.chosen) for one in laid.values()), 0
    values, background = Values(), Background()
    for one in laid.values():
        with closing(one.pieces()) as pieces:
            for piece in pieces:
                values.observe(piece, one.part.name)
                done += len(piece)
                yield Progress(done, 2 * count, "images looked at and read")
    scale = values.range(name, reading)
    images: dict[Split, UInt8[np.ndarray, "n c h w"]] = {}
    for split, one in laid.items():
        images[split] = np.empty((len(one.chosen), one.layout.channels, *size), np.uint8)
        for more in _filled(images[split], one, scale, reading, background):
            done += more
            yield Progress(done, 2 * count, "images looked at and read")
    layout = one.layout
    if layout.channels == 4:
        images = {split: background.composited(pixels, reading).copy() for split, pixels in images.items()}
    total = sum(one.layout.count for one in laid.values())
    limit = [Note(f"{count:,} of {total:,} images were read, evenly chosen", switch="limit")] if count < total else []
    notes = (*limit, *scale.notes, *_size_notes(layout.size, size, reading), *background.notes(reading))
    used = scale.resolved(background.resolved(reading))
    return _Read(images, notes, used if size == layout.size else used.model_copy(update={"size": max(size)}))


def _filled(
    images: UInt8[np.ndarray, "n c h w"], one: _Laid, scale: Range, reading: Reading, background: Background
) -> Iterator[int]:
    """Fills in the grey levels of a part's images at their size, and tells how many more there are. Transparent ones
    are multiplied by alpha, which remains."""
    size = Size(*images.shape[2:])
    fill = 255 if reading.background == "white" else 0
    done = 0
    with closing(one.pieces()) as pieces:
        for piece in pieces:
            levels = scale.levels(piece)
            if one.layout.channels == 4:
                levels = multiplied(levels)
                background.observe(levels)
            if levels.shape[2:] == size:
                images[done : done + len(levels)] = levels
            else:
                for i, image in enumerate(np.moveaxis(levels, 1, 3), done):
                    images[i] = np.moveaxis(fitted(image, size, reading.fit, fill), 2, 0)
            done += len(levels)
            yield len(levels)


def _rows(images: Shaped[np.ndarray, "n *row"] | Stored) -> Generator[Shaped[np.ndarray, "m *row"], None, None]:
    if isinstance(images, Stored):
        yield from images.rows()
        return
    at_once = max(1, VALUES_AT_ONCE // prod(images.shape[1:]))
    for start in range(0, len(images), at_once):
        yield images[start : start + at_once]


def _factors(one: _Laid) -> dict[str, Float32[np.ndarray, "m"]]:
    return {name: np.asarray(values, np.float32)[one.chosen] for name, values in one.part.factors.items()}


def _layout_notes(layout: Layout) -> Iterator[Note]:
    """What was not plain about the axes."""
    if layout.axes == "flat" and layout.channels == 3:
        values = 3 * prod(layout.size)
        yield Note(f"rows of {values:,} values were read as {layout.size} pixels, channel by channel")
    if layout.is_reversed:
        yield Note("the last axis was read as counting the images, as in MATLAB")
    if layout.is_turned:
        yield Note("the images are stored on their side: rows and columns were exchanged")


def _size_notes(was: Size, size: Size, reading: Reading) -> Iterator[Note]:
    if size != was:
        yield Note(f"the images were resized to {size} pixels from {was}", switch="size")
    if not 0.95 < size.height * was.width / (size.width * was.height) < 1.05:
        done = {"crop": "cropped to the middle", "pad": "padded", "stretch": "stretched"}[reading.fit]
        yield Note(f"the images were {done}: their proportions differ", switch="fit")
