"""The part of a data set that the name of a file, or a word in a table, tells of."""

import re
from collections.abc import Iterable

from vae_explorer.data.container import DataError, File
from vae_explorer.data.image_set import Split
from vae_explorer.errors import shown

_WORDS: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "publictest": "validation",  # of FER2013's contest: the open test images
    "test": "test",
    "testing": "test",
    "privatetest": "test",
}


def split_of(text: str) -> Split | None:
    """The part that a word of this text names: train of mnist_train.csv; None where none does."""
    words = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).lower())
    whole = "".join(words)
    return _WORDS.get(whole) or next((_WORDS[word] for word in words if word in _WORDS), None)


def by_split(name: str, files: Iterable[File]) -> dict[Split, File]:
    """Files that are a part each; a single one may have any name. Raises DataError where their names do not tell."""
    files = list(files)
    if len(files) == 1:
        return {split_of(files[0].path.stem) or "train": files[0]}
    found = {split: file for file in files if (split := split_of(file.parts[-1]))}
    if len(found) != len(files):
        said = ", ".join(shown(file.parts[-1]) for file in files[:4])
        raise DataError(
            f"{name} has {len(files):,} tables ({said}{', …' if len(files) > 4 else ''}), and it is not clear which is "
            "for training: open one of them, or name them train, validation and test"
        )
    return found
