"""What a path is, and what is opened of several. Knows no Qt and no torch: the window asks before either is needed."""

import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Literal

from vae_explorer.training.run import is_run

Kind = Literal["image", "model", "run", "data"]

MODEL_SUFFIX = ".safetensors"
DATA_SUFFIXES = frozenset(
    (".npz", ".npy", ".zip", ".csv", ".tsv", ".mat", ".h5", ".hdf5", ".parquet", ".tar", ".tgz", ".tbz2", ".txz")
)
PACKED_DATA = re.compile(r"\.(tar\.(gz|bz2|xz)|[ct]sv\.gz)$", re.IGNORECASE)
BATCH_NAME = re.compile(
    r"((data_batch_[1-9]|test_batch|train|test)|(train|test|unlabeled)_[Xy])\.bin$", re.IGNORECASE
)  # of CIFAR and STL-10
IDX_NAME = re.compile(r"idx[13]-ubyte(\.gz)?$", re.IGNORECASE)


@dataclass(frozen=True)
class ToOpen:
    """What is opened of several paths: every image, one model or run, one data set."""

    images: tuple[Path, ...] = ()
    model: Path | None = None
    run: Path | None = None  # in the place of a model
    data: Path | None = None
    left_out: tuple[Path, ...] = ()  # the other models, runs and data sets


def kind_of(path: Path) -> Kind:
    """A folder is a run or a data set. A file is what its suffix says, otherwise an image: whoever
    reads it reports what is wrong with it. Opens nothing but a run's folder."""
    try:
        is_folder = stat.S_ISDIR(os.stat(path).st_mode)
    except OSError:  # it does not exist, or is not accessible
        is_folder = False
    except ValueError:  # a name that no file system allows
        return "image"
    if is_folder:
        return "run" if is_run(path) else "data"
    if path.suffix.lower() == MODEL_SUFFIX:
        return "model"
    return "data" if is_data_file(path) else "image"


def is_data_file(path: PurePath) -> bool:
    """Whether a file's name is that of a data set."""
    return path.suffix.lower() in DATA_SUFFIXES or bool(PACKED_DATA.search(path.name)) or _is_of_several(path)


def _is_of_several(path: PurePath) -> bool:
    """Whether a file's name is that of one of several which are a data set together: MNIST's four, CIFAR's batches."""
    return bool(IDX_NAME.search(path.name) or BATCH_NAME.match(path.name))


def to_open(paths: Iterable[Path]) -> ToOpen:
    """The first of each kind, and all images."""
    images: list[Path] = []
    models: list[tuple[Kind, Path]] = []
    data: list[Path] = []
    for path in paths:
        kind = kind_of(path)
        if kind == "image":
            images.append(path)
        elif kind == "data":
            data.append(path)
        else:
            models.append((kind, path))
    if len(data) > 1 and len({path.parent for path in data}) == 1 and all(map(_is_of_several, data)):
        data = [data[0].parent]  # which is read as the set that they are
    first = dict(models[:1])
    left_out = (*(path for _, path in models[1:]), *data[1:])
    return ToOpen(tuple(images), first.get("model"), first.get("run"), data[0] if data else None, left_out)
