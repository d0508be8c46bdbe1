"""The binary versions of CIFAR-10 and CIFAR-100 (cs.toronto.edu/~kriz/cifar.html) and of STL-10
(cs.stanford.edu/~acoates/stl10).

A record of CIFAR-10 is one byte of label and 3 × 32 × 32 bytes of red, green and blue, row by row; CIFAR-100 has the
coarse label before the fine one. STL-10 has 3 × 96 × 96 bytes column by column, and labels 1 to 10 in their own file.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from vae_explorer.core.progress import Job
from vae_explorer.data.container import DataError, File, damage_told, read_array, read_bytes, single
from vae_explorer.data.formats import arrays
from vae_explorer.data.formats.stored import Stored
from vae_explorer.data.image_set import DataSet, Note, Split
from vae_explorer.data.reading import Reading
from vae_explorer.errors import shown

SHAPE, STL_SHAPE = (3, 32, 32), (3, 96, 96)
MAX_NAMES = 64 << 10  # bytes of the list of classes
_NAME = re.compile(r"(?:(data)_batch_[1-9]|(test)_batch|(train)|(test))\.bin", re.IGNORECASE)
_STL = re.compile(r"(train|test|unlabeled)_X\.bin", re.IGNORECASE)
_PICKLED = re.compile(r"(data_batch_[1-9]|test_batch|batches\.meta|train|test|meta)", re.IGNORECASE)
_CLASSES = {"batches.meta.txt", "fine_label_names.txt", "class_names.txt"}


def is_ours(file: File) -> bool:
    """Whether a file is called like one of these."""
    return bool(_NAME.fullmatch(file.parts[-1]) or _STL.fullmatch(file.parts[-1]))


def refuse_pickled(name: str, files: Sequence[File]) -> None:
    """Raises DataError where the files are those for Python, which are pickles."""
    for file in files:
        if _PICKLED.fullmatch(file.parts[-1]):
            with damage_told(str(file)), file.open() as stream:
                if stream.read(2)[:1] == b"\x80":  # the protocol of a pickle
                    kind = 100 if file.parts[-1].lower() in ("train", "test", "meta") else 10
                    raise DataError(
                        f"{name} is the Python version of CIFAR-{kind}, pickled objects, which are never loaded; "
                        f"download the binary version, cifar-{kind}-binary.tar.gz from cs.toronto.edu/~kriz/cifar.html"
                    )


def read(name: str, path: Path, files: Sequence[File], reading: Reading) -> Job[DataSet]:
    """The data set that these files are, of those that lie in the folder of the first that is one."""
    folder = next(file.parts[:-1] for file in files if is_ours(file))
    here = {file.parts[-1]: file for file in files if file.parts[:-1] == folder}
    classes = _classes(here)
    notes: list[Note] = []
    if any(_STL.fullmatch(key) for key in here):
        parts = yield from _stl_parts(here, notes)
    else:
        parts = yield from _cifar_parts(here)
    return (
        yield from arrays.data_set(
            name, path, parts.get("train"), parts.get("test"), reading=reading, classes=classes, notes=notes
        )
    )


def beside(file: File) -> list[File]:
    """A single file of the user's, and what it needs of its folder: the names of the classes, STL's labels."""
    wanted = [*_CLASSES, file.parts[-1].replace("_X.", "_y.")]
    found = [file.path.with_name(name) for name in wanted if name != file.parts[-1]]
    return [file, *(single(path) for path in found if path.is_file())]


def _cifar_parts(files: Mapping[str, File]) -> Job[dict[Split, arrays.Part]]:
    batches: dict[Split, list[File]] = {}
    for key, file in sorted(files.items()):
        if match := _NAME.fullmatch(key):
            batches.setdefault("train" if match[1] or match[3] else "test", []).append(file)
    parts: dict[Split, arrays.Part] = {}
    for split, some in batches.items():
        records = []
        for file in some:
            records.append((yield from _records(file)))
        if len({each.shape[1] for each in records}) > 1:
            raise DataError(f"{some[0]} and {some[-1]} belong to different data sets, CIFAR-10 and CIFAR-100")
        every = np.concatenate(records) if len(records) > 1 else records[0]
        labels = every.shape[1] - 3072
        parts[split] = arrays.Part(str(some[0]), every[:, labels:].reshape(-1, *SHAPE), every[:, labels - 1].copy())
    return parts


def _records(file: File) -> Job[np.ndarray]:
    """One row for each image: its label or labels, then its pixels."""
    is_fine = file.parts[-1].lower() in ("train.bin", "test.bin")
    length = 3074 if is_fine else 3073
    if not file.size or file.size % length:
        raise DataError(
            f"{file} has {file.size:,} bytes, and a file of CIFAR-{100 if is_fine else 10} is a multiple of "
            f"{length:,}: download it again"
        )
    with damage_told(str(file)), file.open() as stream:
        return (yield from read_array(stream, np.dtype(np.uint8), (file.size // length, length), file))


def _stl_parts(files: Mapping[str, File], notes: list[Note]) -> Job[dict[Split, arrays.Part]]:
    found = {match[1].lower(): file for key, file in files.items() if (match := _STL.fullmatch(key))}
    if len(found) > 1 and "unlabeled" in found:
        del found["unlabeled"]
        notes.append(Note("unlabeled_X.bin was left out: open it on its own to use the images without labels"))
    parts: dict[Split, arrays.Part] = {}
    for key, file in found.items():
        length = int(np.prod(STL_SHAPE))
        if not file.size or file.size % length:
            raise DataError(
                f"{file} has {file.size:,} bytes; a file of STL-10 is a multiple of {length:,}: download it again"
            )
        of_labels = files.get(file.parts[-1].replace("_X.", "_y."))
        labels = None
        if of_labels and key != "unlabeled":
            with damage_told(str(of_labels)), of_labels.open() as stream:
                labels = yield from read_array(stream, np.dtype(np.uint8), (of_labels.size,), of_labels)
            labels = labels.astype(np.int64) - 1
        images = Stored(file, (file.size // length, *STL_SHAPE), np.dtype(np.uint8), file.open)
        parts["test" if key == "test" else "train"] = arrays.Part(str(file), images, labels, is_turned=True)
    return parts


def _classes(files: Mapping[str, File]) -> tuple[str, ...]:
    for name in _CLASSES & files.keys():
        text = read_bytes(files[name], MAX_NAMES).decode("utf-8", "replace")
        return tuple(shown(line.strip(), 60) for line in text.splitlines() if line.strip())
    return ()
