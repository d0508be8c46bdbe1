"""Pictures of a folder or a ZIP become one data set, and what was done to them is said."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Int64, UInt8

from vae_explorer.core.progress import Job
from vae_explorer.data.container import DataError, File
from vae_explorer.data.formats.folder import cache, said
from vae_explorer.data.formats.folder.annotations import Labels, is_annotation, label_of, labels_of
from vae_explorer.data.formats.folder.decoding import Decoded, Trait, decoded
from vae_explorer.data.formats.folder.tree import SPLITS, Place, tree_of
from vae_explorer.data.formats.labels import MAX_CLASSES
from vae_explorer.data.image_set import DataSet, ImageSet, Note, Skipped, Split
from vae_explorer.data.reading import AUTOMATIC, Reading
from vae_explorer.errors import shown

MAX_DIGITS = 20  # of a class that is a number
MOVED_AT_ONCE = 1024  # images, while those that could not be read are closed up


def read(
    name: str, files: Sequence[File], skipped: Sequence[Skipped] = (), reading: Reading = AUTOMATIC
) -> Job[DataSet]:
    """Pictures get the size that most have, or the one that is chosen; the notes say what was done to which. What
    cannot be read is listed in `skipped`. Many are kept on the disk, and read from there the next time. Raises
    DataError where nothing can be read."""
    place = cache.Place.of(files, reading)
    if place is None:
        return (yield from _read(name, files, skipped, reading, None))[0]
    if (known := place.found()) is not None:
        return replace(known, name=name)
    try:
        data, images = yield from _read(name, files, skipped, reading, place)
        return place.keep(data, images)
    finally:
        place.give_up()


def _read(
    name: str, files: Sequence[File], skipped: Sequence[Skipped], reading: Reading, place: cache.Place | None
) -> Job[tuple[DataSet, UInt8[np.ndarray, "n c h w"]]]:
    """The set, and the array in which its images are."""
    told, told_notes = yield from labels_of([file for file in files if is_annotation(file)])
    tree = tree_of([file for file in files if not is_annotation(file)])
    places = tree.places
    if 0 < reading.limit < len(places):
        places = tuple(places[i] for i in np.linspace(0, len(places) - 1, reading.limit).round().astype(int))
    found = (yield from decoded(name, [one.file for one in places], reading, place)) if places else None
    unread = found.facts.unread if isinstance(found, Decoded) else found.unread if found else {}
    left_out = [*skipped, *(Skipped(places[i].file.path, unread[i]) for i in sorted(unread)), *tree.outside]
    if not isinstance(found, Decoded):
        first = f"the first of {len(left_out):,} files: " if len(left_out) > 1 else ""
        reason = f"; {first}{left_out[0].reason}" if left_out else ""
        raise DataError(f"{name} contains no readable picture{reason}")
    is_read = found.facts.have(Trait.READ)
    images = _closed_up(found.images, np.flatnonzero(is_read))
    places = tuple(one for one, is_picture in zip(places, is_read, strict=True) if is_picture)
    if all(one.split == "validation" for one in places):  # there is nothing that they could validate
        places = tuple(replace(one, split="train") for one in places)
    labels, classes, label_notes = _labels(places, told)
    parts: dict[Split, ImageSet] = {}
    start = 0
    for split in SPLITS:
        count = sum(one.split == split for one in places)
        parts[split] = ImageSet(name, images[start : start + count], labels.get(split), split=split)
        start += count
    data = DataSet(
        name,
        parts["train"],
        parts["test"] if len(parts["test"]) else None,
        classes,
        tuple(left_out),
        parts["validation"] if len(parts["validation"]) else None,
        (
            *said.limit(reading, len(places) + len(unread), len(tree.places)),
            *said.about_pictures(places, found),
            *tree.notes,
            *told_notes,
            *label_notes,
        ),
        found.facts.counted_sizes(),
        _resolved(found),
    )
    return data, found.images


def _resolved(found: Decoded) -> Reading:
    way, reading = found.way, found.way.reading
    chosen: dict[str, object] = {"size": max(way.size)}
    if found.facts.have(Trait.TRANSPARENT).any():
        chosen["background"] = way.background
    return way.range.resolved(reading.model_copy(update=chosen))


def _closed_up(images: UInt8[np.ndarray, "n c h w"], rows: Int64[np.ndarray, "m"]) -> UInt8[np.ndarray, "m c h w"]:
    """Only these rows, moved up where they are: a copy would be there twice."""
    if len(rows) < len(images):
        for start in range(0, len(rows), MOVED_AT_ONCE):
            some = rows[start : start + MOVED_AT_ONCE]
            images[start : start + len(some)] = images[some]
    return images[: len(rows)]


def _labels(
    places: Sequence[Place], told: Labels
) -> tuple[dict[Split, Int64[np.ndarray, "n"]], tuple[str, ...], tuple[Note, ...]]:
    """The classes' numbers in each part where every picture has a class, the classes' names, and what is to be said of
    parts that have none."""
    names: dict[Split, list[str | None]] = {split: [] for split in SPLITS}
    for place in places:
        folder = place.folders[0] if place.folders else None
        names[place.split].append(label_of(told, place.file) or folder)
    labelled = {split: [name for name in held if name] for split, held in names.items()}
    known = {name for split, held in labelled.items() if len(held) == len(names[split]) for name in held}
    classes = tuple(sorted(known, key=_order))
    if len(classes) > MAX_CLASSES:
        return {}, (), (Note(f"the labels are left out: {len(classes):,} classes; the limit is {MAX_CLASSES:,}"),)
    number = {name: i for i, name in enumerate(classes)}
    labels: dict[Split, Int64[np.ndarray, "n"]] = {}
    notes: list[Note] = []
    some_have = any(labelled.values())
    for split, held in labelled.items():
        if held and len(held) == len(names[split]):
            labels[split] = np.array([number[name] for name in held], np.int64)
        elif names[split] and some_have:
            own = [place for place in places if place.split == split]
            notes.append(
                said.without_label(
                    split, [place for place, name in zip(own, names[split], strict=True) if not name], len(own)
                )
            )
    return labels, tuple(map(shown, classes)), tuple(notes)


def _order(name: str) -> tuple[bool, int, str]:
    """Numbers first, 2 before 10."""
    is_number = name.isdecimal() and name.isascii() and len(name) < MAX_DIGITS
    return not is_number, int(name) if is_number else 0, name
