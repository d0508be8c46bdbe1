"""Images and labels that come as arrays of any usual shape and values become a data set."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from math import prod
from pathlib import Path
from typing import TypeAlias

import numpy as np
from jaxtyping import Int64, Shaped, UInt8

from vae_explorer.core.config import ImageShape
from vae_explorer.core.progress import Job, Progress
from vae_explorer.data import container
from vae_explorer.data.background import Background, multiplied
from vae_explorer.data.container import DataError, times
from vae_explorer.data.fitting import Size, fitted, size_for
from vae_explorer.data.formats.labels import MAX_CLASSES as MAX_CLASSES
from vae_explorer.data.formats.labels import numbered
from vae_explorer.data.formats.layout import ACCEPTED, Layout, layout
from vae_explorer.data.formats.stored import VALUES_AT_ONCE, Stored
from vae_explorer.data.image_set import DataSet, ImageSet, Note, Split
from vae_explorer.data.reading import AUTOMATIC, Reading
from vae_explorer.data.values import Range, Values
from vae_explorer.errors import shown

Rows: TypeAlias = Shaped[np.ndarray, "m *row"]
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
    chosen: Int64[np.ndarray, "m"]  # in their order

    def pieces(self) -> Generator[Shaped[np.ndarray, "k c h w"], None, None]:
        """The chosen images; pieces of none where none of those that were passed is chosen."""
        first = 0
        with closing(_rows(self.part.images)) as rows:
            for some in rows:
                start, stop = np.searchsorted(self.chosen, (first, first + len(some)))
                wanted = self.chosen[start:stop] - first
                images = self.layout.images(some if len(wanted) == len(some) else some[wanted])
                yield images.swapaxes(2, 3) if self.part.is_turned else images
                first += len(some)


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
    parts = [(split, part) for split, part in zip(SPLITS, (train, validation, test), strict=True) if part is not None]
    laid: dict[Split, _Laid] = {}
    for split, part in parts:
        laid[split] = yield from _laid(part)
    kind = _kind(name, laid)
    notes = [*notes, *_layout_notes(laid)]
    total = sum(one.layout.count for one in laid.values())
    size = size_for({(kind.width, kind.height): total}, reading)
    is_resized = size != (kind.height, kind.width)
    laid = _limited(laid, reading, kind.channels * prod(size))
    count = sum(len(one.chosen) for one in laid.values())
    if count < total:
        notes.append(Note(f"{count:,} of {total:,} images are read, evenly chosen", switch="limit"))
    used = reading
    values = yield from _observed(laid, count)
    scale = values.range(name, reading)
    used, notes = scale.resolved(used), [*notes, *scale.notes]
    if is_resized:
        used, notes = used.model_copy(update={"size": max(size)}), [*notes, *_size_notes(kind, size, reading)]
    background = Background() if kind.channels == 4 else None
    images: dict[Split, UInt8[np.ndarray, "n c h w"]] = {}
    for split, one in laid.items():
        levels = np.empty((len(one.chosen), kind.channels, *size), np.uint8)
        before = sum(len(others) for others in images.values())
        for done in _filled(levels, one, scale, reading, background):
            yield Progress(count + before + done, 2 * count, "images looked at and read")
        images[split] = levels
    if background:
        images = {split: background.composited(pixels, reading).copy() for split, pixels in images.items()}
        used, notes = background.resolved(used), [*notes, *background.notes(reading)]
    labels = numbered(
        {split: _chosen_labels(one) for split, one in laid.items() if one.part.labels is not None}, classes
    )
    sets = {
        split: ImageSet(name, images[split], labels.numbers.get(split), _factors(one), split)
        for split, one in laid.items()
        if split == "train" or len(one.chosen)
    }
    shape = ImageShape(3 if kind.channels == 4 else kind.channels, *size)
    return DataSet(
        name,
        sets.get("train") or ImageSet(name, np.empty((0, *shape), np.uint8)),
        sets.get("test"),
        labels.classes,
        validation=sets.get("validation"),
        notes=(*notes, *labels.notes),
        sizes={(kind.width, kind.height): total},
        reading=used,
    )


def _laid(part: Part) -> Job[_Laid]:
    shape, dtype = part.images.shape, part.images.dtype
    if isinstance(part.images, Stored):
        part.images.admit()
    if part.labels is not None:
        part = replace(part, labels=np.atleast_1d(part.labels))
    found = layout(shape, None if part.labels is None else len(part.labels))
    if 0 in shape or found is None:
        why = "it holds no images" if 0 in shape else f"expected {ACCEPTED}"
        raise DataError(f"{part.name} has the shape {shown(times(shape))}; {why}")
    if dtype.kind not in "biuf":
        raise DataError(f"{part.name} holds values of the type {dtype}; expected numbers")
    if part.labels is not None and len(part.labels) != found.count:
        raise DataError(
            f"{part.name} has {len(part.labels):,} labels for {found.count:,} images; expected one for each image"
        )
    if isinstance(part.images, Stored) and (found.is_reversed or part.images.order == "F"):
        part = replace(part, images=(yield from part.images.whole()))
    if found.is_reversed:
        assert not isinstance(part.images, Stored)
        part = replace(part, images=np.moveaxis(part.images, -1, 0))
    return _Laid(part, found, np.arange(found.count))


def _kind(name: str, laid: Mapping[Split, _Laid]) -> Layout:
    """The layout of the parts, that must be alike: as an image is, turned where it is to be turned."""
    kinds = {}
    for split, one in laid.items():
        found = one.layout
        if one.part.is_turned:
            found = replace(found, height=found.width, width=found.height)
        kinds[split] = found
    shapes = {split: ImageShape(found.channels, found.height, found.width) for split, found in kinds.items()}
    if len(set(shapes.values())) > 1:
        words = {"train": "training"}
        said = " and ".join(f"{words.get(split, split)} images of {shape}" for split, shape in shapes.items())
        raise DataError(f"{name} has {said}; they must be alike")
    return next(iter(kinds.values()))


def _layout_notes(laid: Mapping[Split, _Laid]) -> Iterator[Note]:
    """What was not plain about the axes."""
    layouts = [one.layout for one in laid.values()]
    if any(found.axes == "flat" and found.channels == 3 for found in layouts):
        side = layouts[0].height
        yield Note(f"rows of {3 * side * side:,} values were read as {side} × {side} pixels, channel by channel")
    if any(found.is_reversed for found in layouts):
        yield Note("the last axis was read as counting the images, as in MATLAB")
    if any(one.part.is_turned for one in laid.values()):
        yield Note("the images are stored on their side: rows and columns were exchanged")


def _size_notes(kind: Layout, size: Size, reading: Reading) -> Iterator[Note]:
    was = Size(kind.height, kind.width)
    yield Note(f"the images were resized to {size} pixels from {was}", switch="size")
    if not 0.95 < size.height * was.width / (size.width * was.height) < 1.05:
        done = {"crop": "cropped to their middle", "pad": "padded", "stretch": "stretched"}[reading.fit]
        yield Note(f"images of other proportions were {done}", switch="fit")


def _limited(laid: Mapping[Split, _Laid], reading: Reading, image_bytes: int) -> dict[Split, _Laid]:
    """As many images as were asked for and as there is room for, evenly chosen from all parts."""
    total = sum(one.layout.count for one in laid.values())
    count = min(total, reading.limit or total, container.MAX_BYTES // image_bytes)
    for one in laid.values():
        if isinstance(one.part.images, Stored):  # small ones become larger
            container.refuse_bomb(one.part.images.file, count * image_bytes)
    if count == total:
        return dict(laid)
    chosen = np.linspace(0, total - 1, count).round().astype(np.int64)
    limited, first = {}, 0
    for split, one in laid.items():
        after = first + one.layout.count
        limited[split] = replace(one, chosen=chosen[(chosen >= first) & (chosen < after)] - first)
        first = after
    return limited


def _observed(laid: Mapping[Split, _Laid], count: int) -> Job[Values]:
    values, done = Values(), 0
    for one in laid.values():
        with closing(one.pieces()) as pieces:
            for piece in pieces:
                values.observe(_plain(piece), one.part.name)
                done += len(piece)
                yield Progress(done, 2 * count, "images looked at and read")
    return values


def _filled(
    images: UInt8[np.ndarray, "n c h w"], one: _Laid, scale: Range, reading: Reading, background: Background | None
) -> Iterator[int]:
    """Fills in the grey levels of a part's images at their size, and tells how many there are by now. Transparent ones
    are multiplied by alpha, which remains."""
    size = Size(*images.shape[2:])
    fill = 255 if reading.background == "white" else 0
    done = 0
    with closing(one.pieces()) as pieces:
        for piece in pieces:
            levels = scale.levels(_plain(piece))
            if background:
                levels = multiplied(levels)
                background.observe(levels)
            if levels.shape[2:] == size:
                images[done : done + len(levels)] = levels
            else:
                for i, image in enumerate(np.moveaxis(levels, 1, 3), done):
                    images[i] = np.moveaxis(fitted(image, size, reading.fit, fill), 2, 0)
            done += len(levels)
            yield done


def _plain(values: Shaped[np.ndarray, "*shape"]) -> Shaped[np.ndarray, "*shape"]:
    """A file's bools may hold other bytes than 0 and 1."""
    return (values.view(np.uint8) != 0).astype(np.uint8) if values.dtype.kind == "b" else values


def _rows(images: Shaped[np.ndarray, "n *row"] | Stored) -> Generator[Rows, None, None]:
    if isinstance(images, Stored):
        yield from images.rows()
        return
    at_once = max(1, VALUES_AT_ONCE // prod(images.shape[1:]))
    for start in range(0, len(images), at_once):
        yield images[start : start + at_once]


def _chosen_labels(one: _Laid) -> Shaped[np.ndarray, "m *values"]:
    assert one.part.labels is not None
    return np.asarray(one.part.labels[one.chosen])


def _factors(one: _Laid) -> dict[str, Shaped[np.ndarray, "m"]]:
    return {name: np.asarray(values, np.float32)[one.chosen] for name, values in one.part.factors.items()}
