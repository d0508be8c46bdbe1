"""The test images that come with the program, for the data sets of its models."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int64, UInt8

from vae_explorer import paths


@dataclass(frozen=True, eq=False)
class BundledTests:
    """The first test images of a data set."""

    images: UInt8[np.ndarray, "n c h w"]
    labels: Int64[np.ndarray, "n"]
    classes: tuple[str, ...]  # the label's names


def names() -> list[str]:
    """The data sets that have some."""
    return sorted(_files())


def tests_of(data: str) -> BundledTests | None:
    """The test images of a data set that a model was trained on; None where the program has none of it."""
    path = _files().get(Path(data).name)  # not asked of the disk: a file's name for its data may be too long for it
    if path is None:
        return None
    with np.load(path, allow_pickle=False) as file:
        return BundledTests(file["test_images"], file["test_labels"], tuple(file["classes"]))


def _files() -> dict[str, Path]:
    return {path.stem: path for path in (paths.resources() / "test_images").glob("*.npz")}
