"""MNIST's files and those of its kin, by the names that people have them under."""

import gzip
import struct

import numpy as np
import pytest

from vae_explorer.core.progress import finish
from vae_explorer.data.files import DataError, read
from vae_explorer.data.image_set import DataSet

IMAGES = np.random.default_rng(0).integers(0, 256, (12, 10, 9), dtype=np.uint8)
LABELS = np.arange(12, dtype=np.uint8) % 3


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def opened(folder, *names: str, images=IMAGES) -> DataSet:
    """A folder with files of these names."""
    for name in names:
        content = idx(images if "images" in name.lower() else LABELS)
        (folder / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return finish(read(folder))


@pytest.mark.parametrize(
    ("images", "labels", "test"),
    [
        ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte"),
        ("train-images.idx3-ubyte", "train-labels.idx1-ubyte", "t10k-images.idx3-ubyte"),
        ("train-images.idx3-ubyte.gz", "train-labels.idx1-ubyte.gz", "t10k-images.idx3-ubyte.gz"),
        ("train_images.idx3", "train_labels.idx1", "test_images.idx3"),
        ("TRAIN-IMAGES-IDX3-UBYTE", "TRAIN-LABELS-IDX1-UBYTE", "T10K-IMAGES-IDX3-UBYTE"),
        ("kmnist-train-images-idx3-ubyte.gz", "kmnist-train-labels-idx1-ubyte.gz", "kmnist-t10k-images-idx3-ubyte.gz"),
    ],
)
def test_the_files_are_found_in_every_spelling(tmp_path, images, labels, test):
    data = opened(tmp_path, images, labels, test)
    assert np.array_equal(data.train.images, IMAGES[:, None])
    assert np.array_equal(data.train.labels, LABELS)
    assert np.array_equal(data.test.images, IMAGES[:, None])
    assert data.notes == ()


def test_emnist_stands_upright_and_it_is_said(tmp_path):
    names = [
        f"emnist-digits-{part}-{kind}-ubyte.gz" for part in ("train", "test") for kind in ("images-idx3", "labels-idx1")
    ]
    data = opened(tmp_path, *names, images=IMAGES.swapaxes(1, 2))
    assert np.array_equal(data.train.images, IMAGES[:, None])
    assert np.array_equal(data.test.images, IMAGES[:, None])
    assert [note.sentence for note in data.notes] == [
        "the images are stored on their side: rows and columns were exchanged"
    ]
    alone = finish(read(tmp_path / names[2]))
    assert np.array_equal(alone.test.images, IMAGES[:, None])
    assert np.array_equal(alone.test.labels, LABELS)


def test_several_sets_in_one_folder_are_not_mixed(tmp_path):
    names = [f"emnist-{kind}-train-images-idx3-ubyte" for kind in ("letters", "digits")]
    with pytest.raises(DataError, match=r"has the IDX files of 2 data sets \(emnist-digits, emnist-letters\)"):
        opened(tmp_path, *names)
