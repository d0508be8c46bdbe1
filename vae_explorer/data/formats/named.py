"""Arrays with names become the parts of a data set: x_train, val_images, imgs, data and target, arr_0, …"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Shaped

from vae_explorer.core.progress import Job
from vae_explorer.data.container import DataError, times
from vae_explorer.data.formats import arrays, factors
from vae_explorer.data.formats.labels import MAX_BYTES, MAX_NAMES_BYTES, names
from vae_explorer.data.formats.layout import ACCEPTED, layout
from vae_explorer.data.formats.stored import Stored, objects, read
from vae_explorer.data.image_set import DataSet, Note, Split
from vae_explorer.data.reading import Reading
from vae_explorer.errors import shown

Array: TypeAlias = Shaped[np.ndarray, "..."] | Stored
Held: TypeAlias = Mapping[str, Array | DataError]
Role = Literal["images", "labels"]

MAX_SAID = 8  # arrays in a sentence

_SPLITS: dict[Split, str] = {
    "train": "train(?:ing)?|tr",
    "validation": "val(?:id(?:ation)?)?|dev",
    "test": "test(?:ing)?|te|t10k",
}
_ROLES: dict[Role, tuple[str, ...]] = {  # the likelier words first
    "images": ("images?", "imgs?", "x", "pictures?", "pixels", "faces", "data", "samples"),
    "labels": ("labels?", "y", "targets?", "lbls?", "classes", "class", "categories"),
}
_BEFORE, _AFTER = ("|".join(f"(?P<{split}{i}>{words})" for split, words in _SPLITS.items()) for i in (1, 2))
_NAME = r"(?P<other>.+?[_. -])??(?:(?:{before})(?:[_. -]?set)?[_. -]?)?(?:{word})(?:[_. -]?(?:{after}))?"
_PATTERNS = [
    (role, rank, re.compile(_NAME.format(before=_BEFORE, word=word, after=_AFTER)))
    for role, words in _ROLES.items()
    for rank, word in enumerate(words)
]
_CLASS_NAMES = re.compile(
    r"(?:(?:train|validation|test)_)?(?:(?:class|label|target|category)_?names?|(?:list_)?classes|categories)"
)
_UNNAMED = re.compile(r"arr_\d{1,4}")  # numpy's names for arrays that were given none


class _Meaning(NamedTuple):
    """Of a name. What is called like images may still be something else."""

    role: Role
    split: Split | None  # None: the name does not say
    rank: int  # the lower, the likelier


class _Pair(NamedTuple):
    """The names of the arrays of one part."""

    images: str
    labels: str | None


def data_set(name: str, path: Path, held: Held, reading: Reading, said: Sequence[Note] = ()) -> Job[DataSet]:
    """The data set that arrays are, by their names in lower case. One that cannot be read comes as the error, which is
    raised if that array is needed. `said`: notes that come first."""
    pairs = _pairs(name, held)
    known = {key: one for key, one in held.items() if not isinstance(one, DataError)}
    used = {key for pair in pairs.values() for key in pair}
    notes = list(said)
    parts: dict[Split, arrays.Part] = {}
    for split, pair in pairs.items():
        images = _needed(held, pair.images)
        labels = (yield from _read_labels(pair.labels, held, notes)) if pair.labels else None
        found = layout(images.shape, None if labels is None else _count(labels))
        drawn = (yield from factors.of(known, found.count)) if found else factors.NONE
        notes += drawn.notes
        used.update(drawn.used)
        title = str(images) if isinstance(images, Stored) else shown(f"{pair.images} in {name}")
        parts[split] = arrays.Part(title, images, labels, drawn.values)
    classes: tuple[str, ...] = ()
    for key, one in known.items():
        is_list = one.dtype.kind in "USiu" and one.ndim == 1 and one.nbytes <= MAX_NAMES_BYTES
        if key not in used and _CLASS_NAMES.fullmatch(key) and is_list:
            classes = names((yield from read(one)))
            used.add(key)
    if len(pairs) > 1 and all(_UNNAMED.fullmatch(pair.images) for pair in pairs.values()):
        taken = ", ".join(f"{pair.images} ({split})" for split, pair in pairs.items())
        notes.append(Note(f"the arrays have no names; these were taken for images: {taken}"))
    rest = [key for key in held if key not in used]
    if rest:
        more = ", …" if len(rest) > MAX_SAID else ""
        notes.append(Note(f"arrays that were not used: {', '.join(shown(key, 60) for key in rest[:MAX_SAID])}{more}"))
    train, validation, test = (parts.get(split) for split in arrays.SPLITS)
    return (
        yield from arrays.data_set(
            name, path, train, test, validation=validation, reading=reading, classes=classes, notes=notes
        )
    )


def _pairs(name: str, held: Held) -> Mapping[Split, _Pair]:
    """Which arrays are the images of which part, and which are their labels."""
    meanings = {key: meaning for key in held if (meaning := _meaning(key))}
    of_images = {key: meaning for key, meaning in meanings.items() if meaning.role == "images"}
    images: dict[Split, str] = {}
    for split in _SPLITS:
        said = [key for key, meaning in of_images.items() if meaning.split == split]
        if split == "train" and not said:
            said = [key for key, meaning in of_images.items() if meaning.split is None and _is_of_images(held[key])]
        if said:
            images[split] = min(said, key=lambda key: (_unlikeliness(held[key]), of_images[key].rank))
    if not images:
        unnamed = _unnamed(held)
        if unnamed:
            return unnamed
        images["train"] = _only(name, held, sorted(of_images, key=lambda key: of_images[key].rank))
    if images.keys() == {"validation"}:
        raise DataError(
            f"{name} has images for validation only: name them x_train, or x_test if they only evaluate models"
        )
    return {split: _Pair(key, _labels(key, split, held, meanings)) for split, key in images.items()}


def _meaning(name: str) -> _Meaning | None:
    """Of an array's name; None where it says nothing."""
    if not factors.is_of_factors(name):
        for role, rank, pattern in _PATTERNS:
            if match := pattern.fullmatch(name):
                split = next((split for split in _SPLITS if match[f"{split}1"] or match[f"{split}2"]), None)
                return _Meaning(role, split, rank + (len(_PATTERNS) if match["other"] else 0))
    return None


def _labels(images: str, split: Split, held: Held, meanings: Mapping[str, _Meaning]) -> str | None:
    """The labels of these images, of its part or of none that is said; as many as there are images, where one has."""
    shape = _needed(held, images).shape
    as_many, others = [], []
    for key, meaning in sorted(meanings.items(), key=lambda one: one[1].rank):
        if meaning.role == "labels" and meaning.split in (split, None):
            one = held[key]
            count = 0 if isinstance(one, DataError) else _count(one)
            found = layout(shape, count)
            if found and found.count == count:
                as_many.append((meaning.split is None, key))
            elif meaning.split == split or (
                meaning.split == _split_of(images, meanings) and not _CLASS_NAMES.fullmatch(key)
            ):
                others.append((meaning.split is None, key))
    return min(as_many or others, key=lambda one: one[0], default=(True, None))[1]


def _split_of(images: str, meanings: Mapping[str, _Meaning]) -> Split | None:
    return meanings[images].split if images in meanings else None


def _unnamed(held: Held) -> Mapping[Split, _Pair]:
    """arr_0, arr_1, …: images and their labels, or those of two parts, in their order; else nothing."""
    keys = sorted((key for key in held if _UNNAMED.fullmatch(key)), key=lambda key: int(key.removeprefix("arr_")))
    images = [key for key in keys if _is_of_images(held[key]) and _needed(held, key).ndim > 2]
    images = images or [key for key in keys[:1] if _is_of_images(held[key])]
    free = [key for key in keys if key not in images and not isinstance(held[key], DataError)]
    pairs: list[_Pair] = []
    for key in images:
        counts = {one: _count(_needed(held, one)) for one in free}
        labels = next((one for one in free if _count_of(held[key], counts[one]) == counts[one]), None)
        pairs.append(_Pair(key, labels))
        free = [one for one in free if one != labels]
    if len(pairs) == 1:
        return {"train": pairs[0]}
    if len(pairs) == 2 and all(pair.labels for pair in pairs):
        return {"train": pairs[0], "test": pairs[1]}
    return {}


def _only(name: str, held: Held, likely: Sequence[str]) -> str:
    """The only array of images, whatever its name. `likely` are those that are called so."""
    found = [key for key in held if _is_of_images(held[key]) and not factors.is_of_factors(key)]
    if not likely:
        found = [key for key in found if _needed(held, key).ndim > 2] or found
    if len(found) == 1:
        return found[0]
    for key in likely or held:
        if objects(_needed(held, key)):
            raise DataError(objects(_needed(held, key)))
    said = ", ".join(f"{shown(key, 60)} ({times(_needed(held, key).shape)})" for key in list(held)[:MAX_SAID])
    raise DataError(f"{name} contains {said}; expected x_train, images, or one array of {ACCEPTED}")


def _read_labels(key: str, held: Held, notes: list[Note]) -> Job[Shaped[np.ndarray, "n *values"] | None]:
    labels = _needed(held, key)
    if objects(labels):
        notes.append(Note(f"the labels were left out: {objects(labels, text=True)}"))
        return None
    if labels.nbytes > MAX_BYTES:
        notes.append(
            Note(f"the labels were left out: they have {labels.nbytes:,} bytes; at most {MAX_BYTES >> 20} MiB are read")
        )
        return None
    values = yield from read(labels)
    return values.T if values.ndim == 2 and len(values) == 1 else values  # as MATLAB has them


def _needed(held: Held, key: str) -> Array:
    one = held[key]
    if isinstance(one, DataError):
        raise one
    return one


def _count(labels: Array) -> int:
    """How many labels an array has."""
    shape = labels.shape
    return int(shape[1] if len(shape) == 2 and shape[0] == 1 else shape[0] if shape else 1)


def _count_of(images: Array | DataError, labels: int) -> int | None:
    found = None if isinstance(images, DataError) else layout(images.shape, labels)
    return found.count if found else None


def _is_of_images(one: Array | DataError) -> bool:
    if isinstance(one, DataError) or one.dtype.kind not in "biuf" or 0 in one.shape:
        return False
    return layout(one.shape, one.shape[0] if one.shape else None) is not None


def _unlikeliness(one: Array | DataError) -> int:
    """Images come before rows of pixels, and these before what is none."""
    if isinstance(one, DataError) or not _is_of_images(one):
        return 2
    return 1 if one.ndim == 2 else 0
