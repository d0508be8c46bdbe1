"""One sentence for each kind of thing that was done to the pictures of a folder."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float64, Int32

from vae_explorer.data.fitting import Size
from vae_explorer.data.formats.folder.decoding import Decoded, Trait
from vae_explorer.data.formats.folder.tree import Place
from vae_explorer.data.image_set import Note, Skipped, Split
from vae_explorer.data.reading import Reading

LISTED = 1000  # files of a note at most: the sentence has their number
NAMED = 3  # sizes in a sentence
MUCH = 0.5  # of a picture
_OF_SPLIT = {"train": "for training", "validation": "for validation", "test": "for test"}


def about_pictures(places: Sequence[Place], found: Decoded) -> tuple[Note, ...]:
    """What was done to the pictures that could be read; `places` are theirs."""
    facts, way = found.facts, found.way
    is_read = facts.have(Trait.READ)
    sizes, traits, total = facts.sizes[is_read], facts.traits[is_read], len(places)
    notes: list[Note] = []

    def note(which: Bool[np.ndarray, "n"], sentence: str, switch: str = "", each: str = "") -> None:
        """`{}` in the sentence is their number, `each` what the list says of one."""
        count = int(which.sum())
        if not count:
            return
        some = [
            Skipped(places[i].file.path, each or f"{places[i].file}: {Size(sizes[i][1], sizes[i][0])}")
            for i in (np.flatnonzero(which)[:LISTED] if count < total else ())
        ]
        notes.append(Note(sentence.format(_of(count, total)), switch, tuple(some)))

    other = (sizes != (way.size.width, way.size.height)).any(axis=1)
    note(other, f"{{}} resized to {way.size}, from {_sizes(sizes[other])}", "size")
    changed, share = _changed(sizes, way.size)
    if way.reading.fit == "crop":
        much = int((share > MUCH).sum())
        lost = f"; {much:,} of them lost more than half" if much else ""
        note(changed, f"{{}} cropped to the middle{lost}", "fit")
    elif way.reading.fit == "pad":
        note(changed, f"{{}} given a {way.background} border", "fit")
    else:
        note(changed, "{} distorted: the proportions differ", "fit")
    shade = {"white": "darker", "black": "brighter"}[way.background]
    why = "" if way.reading.background != "auto" else f": most of what is visible is {shade}"
    transparent = (traits & Trait.TRANSPARENT) != 0
    note(transparent, f"{{}} transparent and put on a {way.background} background{why}", "background")
    note((traits & Trait.TURNED) != 0, "{} turned upright as EXIF says")
    note((traits & Trait.FIRST) != 0, "{} reduced to the first frame or page")
    coloured = (traits & Trait.COLOUR) != 0
    if way.is_colour and not coloured.all():
        note(~coloured, "{} grey and converted to colour, because others are in colour")
    return (*notes, *way.range.notes)


def limit(reading: Reading, read: int, there: int) -> tuple[Note, ...]:
    if read == there:
        return ()
    return (Note(f"{read:,} of {there:,} files were read, evenly chosen", switch="limit"),)


def without_label(split: Split, places: Sequence[Place], total: int) -> Note:
    """Why a part has no labels."""
    who = f"the pictures {_OF_SPLIT[split]}"
    if len(places) == total:
        return Note(f"{who} have no labels: they are not in class folders")
    files = tuple(Skipped(place.file.path, f"{place.file} is not in a class folder") for place in places[:LISTED])
    some = f"{len(places):,} of {total:,} {'has' if len(places) == 1 else 'have'} none"
    return Note(f"the labels of {who} were left out: {some}", files=files)


def _of(count: int, total: int) -> str:
    if count == total:
        return "the picture was" if total == 1 else f"all {total:,} pictures were"
    return f"{count:,} of {total:,} pictures {'was' if count == 1 else 'were'}"


def _sizes(sizes: Int32[np.ndarray, "n 2"]) -> str:
    """The most frequent: 33 × 33, 48 × 32 and 5 others."""
    different, counts = np.unique(sizes, axis=0, return_counts=True)
    first = different[np.argsort(-counts, kind="stable")][:NAMED]
    text = ", ".join(str(Size(int(height), int(width))) for width, height in first)
    others = len(different) - len(first)
    return text + (f" and {others:,} other {'size' if others == 1 else 'sizes'}" if others else "")


def _changed(sizes: Int32[np.ndarray, "n 2"], size: Size) -> tuple[Bool[np.ndarray, "n"], Float64[np.ndarray, "n"]]:
    """Which have other proportions, by a pixel of theirs or more; and what share of each is outside when cropped."""
    width, height = sizes.T.astype(np.float64)
    scale = np.maximum(size.height / height, size.width / width)
    inner_width, inner_height = np.rint(size.width / scale), np.rint(size.height / scale)
    return (inner_width < width) | (inner_height < height), 1 - inner_width * inner_height / (width * height)
