"""The test images that come with the program, for the data sets of its models."""

from pathlib import Path

import numpy as np

from vae_explorer import paths
from vae_explorer.data.image_set import ImageSet


def names() -> list[str]:
    """The data sets that have some."""
    return sorted(_files())


def tests_of(data: str) -> ImageSet | None:
    """The first test images of a data set that a model was trained on; None where the program has none of it."""
    path = _files().get(Path(data).name)  # not asked of the disk: a file's name for its data may be too long for it
    if path is None:
        return None
    with np.load(path, allow_pickle=False) as file:
        return ImageSet(
            name=data,
            images=file["test_images"],
            labels=file["test_labels"],
            split="test",
            classes=tuple(map(str, file["classes"])),
        )


def _files() -> dict[str, Path]:
    return {path.stem: path for path in (paths.resources() / "test_images").glob("*.npz")}
