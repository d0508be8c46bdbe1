"""A data set in memory, and its parts for training, validation and test."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float32, Int64, UInt8

from vae_explorer.core.config import ImageShape
from vae_explorer.data.reading import AUTOMATIC, Reading
from vae_explorer.errors import UserError

Split = Literal["train", "validation", "test"]
HELD_OUT = 0.1  # of the images are kept for validation, and for test where the data set has no test part


class Rows:
    """Some images of an array that may be larger than the memory, by their numbers: none is copied before it is asked
    for. Indexed like an array, it gives arrays."""

    def __init__(self, images: UInt8[np.ndarray, "all c h w"], at: Int64[np.ndarray, "n"]):
        self._images, self._at = images, at
        self.shape = (len(at), *images.shape[1:])
        self.dtype = images.dtype

    def __len__(self) -> int:
        return len(self._at)

    def __getitem__(self, which: Any) -> Any:
        """A copy of these images: one for a number, several for a slice or an array of numbers."""
        return np.asarray(self._images[self._at[which]])

    def take(self, which: Any) -> "Rows":
        return Rows(self._images, self._at[which])


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images of one shape, with what is known about each."""

    name: str
    images: UInt8[np.ndarray, "n c h w"] | Rows
    labels: Int64[np.ndarray, "n"] | None = None
    factors: Mapping[str, Float32[np.ndarray, "n"]] = field(default_factory=dict)  # what an image was drawn from
    split: Split = "train"
    classes: tuple[str, ...] = ()  # the labels' names

    def __len__(self) -> int:
        return len(self.images)

    @property
    def image_shape(self) -> ImageShape:
        return ImageShape(*self.images.shape[1:])

    def title(self, i: int) -> str:
        """One image for people: "mnist test image 3 (seven)"."""
        label = f" ({self.classes[self.labels[i]]})" if self.labels is not None and self.classes else ""
        return f"{self.name} {self.split} image {i}{label}".lstrip()

    def take(self, indices: Int64[np.ndarray, "m"] | slice, split: Split | None = None) -> "ImageSet":
        """These images only, in this order. Where they are mapped from a file, none is copied."""
        images = self.images
        if isinstance(images, np.memmap) and isinstance(indices, np.ndarray):
            images = Rows(images, np.arange(len(images)))
        return replace(
            self,
            images=images.take(indices) if isinstance(images, Rows) else images[indices],
            labels=None if self.labels is None else self.labels[indices],
            factors={name: values[indices] for name, values in self.factors.items()},
            split=split or self.split,
        )


@dataclass(frozen=True)
class Skipped:
    """A file of a folder that could not be used, and the sentence that says why."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Note:
    """One kind of thing that was done to the images so that they could be used, or that was left out."""

    sentence: str
    switch: str = ""  # the field of `Reading` that changes it
    files: tuple[Skipped, ...] = ()  # those that it is about, where it is not about all

    @property
    def switches(self) -> tuple[str, ...]:
        """All fields that change it: a range of values has two ends."""
        if self.switch in ("black", "white"):
            return "black", "white"
        return (self.switch,) if self.switch else ()


@dataclass(frozen=True, eq=False)
class DataSet:
    """What a name, a file or a folder holds: images for training, and its own for validation and test where it has
    some. A set of test images alone has none for training: `train` is then empty."""

    name: str
    train: ImageSet
    test: ImageSet | None = None
    classes: tuple[str, ...] = ()  # the label's names
    skipped: tuple[Skipped, ...] = ()
    validation: ImageSet | None = None
    notes: tuple[Note, ...] = ()  # what was done to the images, besides `skipped`
    sizes: Mapping[tuple[int, int], int] = field(default_factory=dict)  # width and height in the file: how many
    reading: Reading = AUTOMATIC  # how they were read, resolved; the default where nothing had to be done

    def __len__(self) -> int:
        return sum(len(part) for part in (self.train, self.validation, self.test) if part is not None)

    @property
    def image_shape(self) -> ImageShape:
        return self.train.image_shape

    @property
    def images(self) -> ImageSet:
        """Those that tell what the images look like: for training, or for test where there are no others."""
        return self.test if self.test is not None and not len(self.train) else self.train

    def part(self, split: Split, seed: int, validation_images: int = 0) -> ImageSet:
        """One part: the test images (the set's own, else a seeded 10 %), for validation the set's own, or the last of
        the rest in a seeded order (so many, or 10 % for 0), and what remains for training: of fewer than three images
        nothing.

        Raises UserError where so many are not to be had."""
        if split == "test" and self.test is not None:
            return self.test
        if split == "validation" and self.validation is not None and not validation_images:
            return self.validation
        order = np.random.default_rng(seed).permutation(len(self.train))
        held_out = max(1, int(len(order) * HELD_OUT))
        if self.test is None:
            order, test = order[:-held_out], order[-held_out:]
            if split == "test":
                return self.train.take(test, "test")
        if validation_images:
            if validation_images >= len(order):
                raise UserError(
                    f"{self.name} has {len(order):,} images for training and validation, too few to keep "
                    f"{validation_images:,} for validation: keep fewer, or take other images"
                )
            held_out = validation_images
        elif self.validation is not None:
            return self.train.take(order, "train")
        if split == "validation":
            return self.train.take(order[-held_out:], "validation")
        return self.train.take(order[:-held_out], "train")
