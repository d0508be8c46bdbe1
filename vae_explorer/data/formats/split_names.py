"""The part of a data set that the name of a file, or a word in a table, tells of."""

import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

from vae_explorer.data.container import DataError, File
from vae_explorer.data.image_set import Note, Skipped, Split
from vae_explorer.errors import shown

T = TypeVar("T")
MAX_SAID = 4  # files in a sentence
_WORDS: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "trainset": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "publictest": "validation",  # of FER2013's contest: the open test images
    "test": "test",
    "testing": "test",
    "testset": "test",
    "privatetest": "test",
}


def split_of(text: str) -> Split | None:
    """The part that a word of this text names: train of mnist_train.csv; None where none does."""
    words = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).lower())
    whole = "".join(words)
    return _WORDS.get(whole) or next((_WORDS[word] for word in words if word in _WORDS), None)


def by_split(name: str, files: Sequence[File]) -> tuple[dict[Split, File], list[Note]]:
    """Files that are a part each, and what was left out beside them (Kaggle's sample_submission.csv); a single one may
    have any name. Raises DataError where their names do not tell."""
    if len(files) == 1:
        return {split_of(files[0].path.stem) or "train": files[0]}, []
    named = [(split, file) for file in files if (split := split_of(file.parts[-1]))]
    found = dict(named)
    if len(found) != len(named) or "train" not in found:
        said = ", ".join(shown(file.parts[-1], 60) for file in files[:MAX_SAID])
        raise DataError(
            f"{name} has {len(files):,} files ({said}{', …' if len(files) > MAX_SAID else ''}), and it is not clear "
            "which is for training: open one of them, or name them train, validation and test"
        )
    why = "is not named after train, validation or test"
    rest = tuple(Skipped(file.path, f"{file} {why}") for file in files if file not in found.values())
    names = ", ".join(shown(one.path.name, 60) for one in rest[:MAX_SAID]) + (", …" if len(rest) > MAX_SAID else "")
    return found, [Note(f"files that were not used: {names}", files=rest)] if rest else []


def prefixed(held: Mapping[str, T], split: Split) -> dict[str, T]:
    """The arrays of a file that is one part, by names that say so."""
    return {key if key.startswith(split) else f"{split}_{key}": one for key, one in held.items()}
