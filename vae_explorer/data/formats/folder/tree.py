"""What the place of a picture in its folder means: which part it belongs to, and which class."""

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from itertools import takewhile
from operator import attrgetter

from vae_explorer.data.container import File
from vae_explorer.data.formats.split_names import split_of
from vae_explorer.data.image_set import Note, Skipped, Split
from vae_explorer.data.picture import KNOWN_SUFFIXES
from vae_explorer.data.recognise import is_bystander

PARTS: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "images_background": "train",  # so Omniglot calls its two
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
    "images_evaluation": "test",
}
SPLITS: tuple[Split, ...] = ("train", "validation", "test")  # the order of the images in memory
PLAIN = frozenset(
    {"", "images", "image", "imgs", "img", "pictures", "pics", "jpegimages"}
)  # they say nothing of a class
BOXES = "labels"  # a folder with a text for each picture: YOLO's and Roboflow's boxes


@dataclass(frozen=True)
class Place:
    """A file that may be a picture, and what the folders above it say."""

    file: File
    split: Split
    folders: tuple[str, ...]  # below that of its part; the first is its class


@dataclass(frozen=True)
class Tree:
    """The files in the order in which their images come: those of one part together."""

    places: tuple[Place, ...]
    outside: tuple[Skipped, ...]  # pictures that lie in no part
    notes: tuple[Note, ...]


def tree_of(files: Sequence[File]) -> Tree:
    """Parts are folders named train, val and test, wherever they lie; what is above them says nothing. Classes are the
    folders below, but for those that all pictures share and those that are called "images"."""
    boxes = [file for file in files if BOXES in file.parts[:-1] and file.suffix == ".txt"]
    is_box = set(map(attrgetter("parts"), boxes))
    files = [file for file in files if file.parts not in is_box and not is_bystander(*file.parts)]
    pictures = [file for file in files if file.suffix in KNOWN_SUFFIXES] or files
    shared = _shared([file.parts[:-1] for file in pictures])
    named = _parts({file.parts[shared] for file in pictures if len(file.parts) > shared + 1})
    said = sorted(set(named.values()), key=SPLITS.index)
    places: list[Place] = []
    outside: list[Skipped] = []
    for file in files:
        split = named.get(file.parts[shared]) if len(file.parts) > shared + 1 else None
        if not named:
            places.append(Place(file, "train", file.parts[shared:-1]))
        elif split is not None:
            places.append(Place(file, split, file.parts[shared + 1 : -1]))
        elif file.suffix in KNOWN_SUFFIXES:
            outside.append(Skipped(file.path, f"{file} is outside the folders for {_and(said)}"))
    places = _without_plain(places)
    return Tree(
        tuple(sorted(places, key=lambda place: SPLITS.index(place.split))),  # else as they were
        tuple(outside),
        (*_about_boxes(boxes), *_about_folders_in_classes(places)),
    )


def _shared(paths: Sequence[tuple[str, ...]]) -> int:
    """How many folders all have in common."""
    if not paths:
        return 0
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(min(paths), max(paths), strict=False)))


def _parts(names: Set[str]) -> Mapping[str, Split]:
    """The folders of one level that are parts, where there are two at least. What is called training_set, seg_test or
    val2017 is one where all that lie with it are parts too: alone it could be a class."""
    plain = {name: PARTS[name.lower()] for name in names if name.lower() in PARTS}
    likely = {name: split for name in names if (split := split_of(name))}
    for found in (plain, likely if len(likely) == len(names) else {}):
        if len(set(found.values())) > 1:
            return found
    return {}


def _without_plain(places: list[Place]) -> list[Place]:
    """Takes away, level by level, the folders that tell no picture from another."""
    while True:
        names: defaultdict[Split, set[str]] = defaultdict(set)  # of the next level
        for place in places:
            if place.file.suffix in KNOWN_SUFFIXES:
                names[place.split].add(place.folders[0] if place.folders else "")
        silent = {split for split, held in names.items() if held != {""} and {name.lower() for name in held} <= PLAIN}
        every = set().union(*names.values())
        if len(every) == 1 and "" not in every:
            silent = set(SPLITS)
        if not silent:
            return places
        places = [replace(place, folders=place.folders[1:]) if place.split in silent else place for place in places]


def _about_boxes(boxes: Sequence[File]) -> tuple[Note, ...]:
    if not boxes:
        return ()
    return (Note(f"bounding boxes in “{BOXES}” were not used: they do not say the class of a whole picture"),)


def _about_folders_in_classes(places: Sequence[Place]) -> tuple[Note, ...]:
    """What is said where a class has folders of its own."""
    inner: defaultdict[str, set[str]] = defaultdict(set)
    for place in places:
        if len(place.folders) > 1 and place.folders[1].lower() not in PLAIN:
            inner[place.folders[0]].add(place.folders[1])
    merged = {name: held for name, held in inner.items() if len(held) > 1}
    if not merged:
        return ()
    name, held = next(iter(sorted(merged.items())))
    return (
        Note(
            f"{_count(len(merged), 'class', 'classes')} have subfolders, which were merged: "
            f"{name} has {_and(sorted(held)[:2])}{' …' if len(held) > 2 else ''}"
        ),
    )


def _count(n: int, one: str, many: str = "") -> str:
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def _and(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
