"""What a data set holds, at a glance: a few of its images, and a line for everything that is known of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np
from jaxtyping import Int64, UInt8

from vae_explorer.data.image_set import DataSet, ImageSet, Note, Split
from vae_explorer.data.reading import AUTOMATIC, Reading
from vae_explorer.errors import shown

PICTURES = 32
COLUMNS = 8
NAMED = 10  # classes or factors in a line, where there are more than two more
SIZES = 4  # in a line
LONGEST = 32  # characters of a name in a line


@dataclass(frozen=True, eq=False)
class ContactSheet:
    """Some images of a set, by class where it has classes, otherwise evenly chosen from all parts."""

    title: str  # "mnist: 70,000 images, 28 × 28 grey pixels"
    images: UInt8[np.ndarray, "n c h w"]
    names: tuple[str, ...]  # of the images
    columns: int  # so that no class is broken into two rows
    lines: tuple[Note, ...]  # sizes, splits, factors, classes; then what was done to the images, or left out

    @classmethod
    def of(cls, data: DataSet, asked: Reading = AUTOMATIC) -> "ContactSheet":
        """asked: how the set was to be read; what was chosen has a line too, so that it can be taken back."""
        parts = [replace(part, classes=data.classes) for part in _parts(data)]
        chosen, columns = _chosen(parts)
        starts = [0, *accumulate(len(part) for part in parts)]
        images, names = [], []
        for i in chosen:
            at = int(np.searchsorted(starts, i, side="right")) - 1
            images.append(parts[at].images[i - starts[at]])
            names.append(parts[at].title(i - starts[at]))
        return cls(
            title=f"{shown(data.name)}: {len(data):,} image{'' if len(data) == 1 else 's'}, {data.image_shape}",
            images=np.stack(images) if images else np.empty((0, *data.image_shape), np.uint8),
            names=tuple(names),
            columns=columns,
            lines=tuple(_lines(data, parts, asked)),
        )


def split_counts(data: DataSet) -> dict[Split, int]:
    """How many images a run gets for training, validation and test, by default."""

    def bare(part: ImageSet | None) -> ImageSet | None:
        """Without its pixels, which need not be copied to be counted."""
        return part and replace(part, images=part.images[:, :0, :0, :0], labels=None, factors={})

    train = bare(data.train)
    assert train is not None
    without = replace(data, train=train, validation=bare(data.validation), test=bare(data.test))
    return {split: len(without.part(split, seed=0)) for split in ("train", "validation", "test")}


def class_counts(data: DataSet) -> list[int]:
    """How many images of all parts are of each of the classes."""
    counts = np.zeros(len(data.classes), np.int64)
    for part in _parts(data):
        if part.labels is not None:
            counts += np.bincount(part.labels, minlength=len(counts))
    return counts.tolist()


def flags(note: Note) -> str:
    """The options of the command line that change it, such as " (--fit)"."""
    names = " ".join(f"--{name}" for name in note.switches)
    return f" ({names})" if names else ""


def _parts(data: DataSet) -> list[ImageSet]:
    return [part for part in (data.train, data.validation, data.test) if part is not None and len(part)]


def _chosen(parts: Sequence[ImageSet]) -> tuple[list[int], int]:
    """Which images, counted through all parts, and in how many columns they are shown."""
    count = sum(map(len, parts))
    labels = _labels(parts)
    if labels is None:
        return _evenly(np.arange(count), PICTURES).tolist(), COLUMNS
    classes = _evenly(np.unique(labels), PICTURES)
    each = PICTURES // len(classes)
    if each > COLUMNS:
        each -= each % COLUMNS
    found = [i for number in classes for i in _evenly(np.flatnonzero(labels == number), each).tolist()]
    return found, COLUMNS if each > COLUMNS else COLUMNS // each * each


def _labels(parts: Sequence[ImageSet]) -> Int64[np.ndarray, "n"] | None:
    """Of all images; None where one has none."""
    found = [part.labels for part in parts if part.labels is not None]
    return np.concatenate(found) if found and len(found) == len(parts) else None


def _evenly(values: Int64[np.ndarray, "n"], count: int) -> Int64[np.ndarray, "m"]:
    """So many at most, from the first on, in their order."""
    return values if len(values) <= count else values[np.arange(count) * len(values) // count]


def _lines(data: DataSet, parts: Sequence[ImageSet], asked: Reading) -> Iterator[Note]:
    by_note = {name for note in data.notes for name in note.switches}
    height, width = data.image_shape[1:]
    if set(data.sizes) - {(width, height)}:
        switch = "" if "size" in by_note else "size"
        yield Note(f"sizes: {_sizes(data.sizes)} → {width} × {height}", switch)
        by_note.add("size")
    yield Note(f"splits: {', '.join(f'{count:,} {split}' for split, count in split_counts(data).items())}")
    if ranges := list(_ranges(parts)):
        yield Note(f"factors: {_folded(ranges)}")
    if data.classes:
        yield Note(f"classes: {_classes(data.classes, class_counts(data))}")
    yield from data.notes
    if data.skipped:
        files = "1 file was" if len(data.skipped) == 1 else f"{len(data.skipped):,} files were"
        yield Note(f"{files} left out", files=data.skipped)
    for name in Reading.model_fields:
        if getattr(asked, name) != getattr(AUTOMATIC, name) and name not in by_note:
            note = Note("", name)
            yield replace(note, sentence=", ".join(_said(asked, one) for one in note.switches))
            by_note.update(note.switches)


def _said(asked: Reading, name: str) -> str:
    """A field and its value: "fit: pad"."""
    value = getattr(asked, name)
    shown_value = f"{value:g}".replace("-", "−") if isinstance(value, float) else str(value)
    return f"{(Reading.model_fields[name].title or name).lower()}: {shown_value}"


def _sizes(sizes: Mapping[tuple[int, int], int]) -> str:
    """Those that most have, with how many."""
    ordered = sorted(sizes.items(), key=lambda size: -size[1])
    named = [f"{width} × {height} ({count:,})" for (width, height), count in ordered]
    if len(named) <= SIZES + 1:
        return ", ".join(named)
    rest = sum(count for _, count in ordered[SIZES:])
    return f"{', '.join(named[:SIZES])} and {len(named) - SIZES:,} others ({rest:,})"


def _classes(classes: Sequence[str], counts: Sequence[int]) -> str:
    """In their order; of many, the largest."""
    named = [f"{shown(name, LONGEST)} ({count:,})" for name, count in zip(classes, counts, strict=True)]
    if len(named) > NAMED + 2:
        named = [named[i] for i in sorted(range(len(named)), key=lambda i: -counts[i])]
    return _folded(named)


def _folded(named: Sequence[str]) -> str:
    """All, or the first and how many more."""
    if len(named) <= NAMED + 2:
        return ", ".join(named)
    return f"{', '.join(named[:NAMED])} … and {len(named) - NAMED:,} more"


def _ranges(parts: Sequence[ImageSet]) -> Iterator[str]:
    """Each factor from its least to its largest value."""
    for name in dict.fromkeys(name for part in parts for name in part.factors):
        values = np.concatenate([part.factors[name] for part in parts if name in part.factors])
        values = values[np.isfinite(values)]
        ends = f" {values.min():.4g} to {values.max():.4g}".replace("-", "−") if len(values) else ""
        yield f"{shown(name, LONGEST)}{ends}"
