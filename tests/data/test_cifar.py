"""The binary versions of CIFAR-10, CIFAR-100 and STL-10, and the pickled ones, which are not loaded."""

import pickle

import numpy as np
import pytest
from foreign_files import cifar_batch, stl_images, tar

from vae_explorer.core.progress import finish
from vae_explorer.data.files import DataError, read

RNG = np.random.default_rng(1)
IMAGES = RNG.integers(0, 256, (12, 32, 32, 3), dtype=np.uint8)
LARGE = RNG.integers(0, 256, (4, 96, 96, 3), dtype=np.uint8)
LABELS = np.arange(12) % 3
NAMES = ("airplane", "automobile", "bird")
CIFAR10 = {
    **{f"data_batch_{i + 1}.bin": cifar_batch(IMAGES[5 * i :][:5], LABELS[5 * i :][:5]) for i in range(3)},
    "test_batch.bin": cifar_batch(IMAGES[:4], LABELS[:4]),
    "batches.meta.txt": ("\n".join(NAMES) + "\n\n").encode(),
    "readme.html": b"<html>",
}


def put(folder, files):
    folder.mkdir(exist_ok=True, parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def planes(images: np.ndarray) -> np.ndarray:
    return np.moveaxis(images, 3, 1)


def test_the_batches_of_cifar_10_are_one_set(tmp_path):
    data = finish(read(put(tmp_path / "cifar-10-batches-bin", CIFAR10)))
    assert np.array_equal(data.train.images, planes(IMAGES))
    assert np.array_equal(data.train.labels, LABELS)
    assert np.array_equal(data.test.images, planes(IMAGES[:4]))
    assert data.classes == NAMES
    assert not data.skipped


def test_the_archive_that_is_downloaded_is_read_as_it_is(tmp_path):
    path = tmp_path / "cifar-10-binary.tar.gz"
    path.write_bytes(tar({f"cifar-10-batches-bin/{name}": content for name, content in CIFAR10.items()}, "w:gz"))
    data = finish(read(path))
    assert (data.name, len(data.train), len(data.test), data.classes) == ("cifar-10-binary", 12, 4, NAMES)
    assert np.array_equal(data.train.images, planes(IMAGES))


def test_a_single_batch_is_a_set_and_knows_its_names(tmp_path):
    data = finish(read(put(tmp_path, CIFAR10) / "data_batch_2.bin"))
    assert np.array_equal(data.train.images, planes(IMAGES[5:10]))
    assert data.classes == NAMES
    assert data.test is None


def test_cifar_100_has_its_fine_labels(tmp_path):
    files = {
        "train.bin": cifar_batch(IMAGES, LABELS // 2, LABELS),
        "test.bin": cifar_batch(IMAGES[:4], LABELS[:4] // 2, LABELS[:4]),
        "fine_label_names.txt": b"apple\naquarium_fish\nbaby\n",
        "coarse_label_names.txt": b"fruit\nfish\n",
    }
    data = finish(read(put(tmp_path, files)))
    assert np.array_equal(data.train.images, planes(IMAGES))
    assert np.array_equal(data.train.labels, LABELS)
    assert data.classes == ("apple", "aquarium_fish", "baby")
    assert len(data.test) == 4


def test_stl_10_is_stored_column_by_column(tmp_path):
    files = {
        "train_X.bin": stl_images(LARGE),
        "train_y.bin": bytes([1, 2, 3, 1]),
        "test_X.bin": stl_images(LARGE[:2]),
        "test_y.bin": bytes([3, 1]),
        "unlabeled_X.bin": stl_images(LARGE[:1]),
        "class_names.txt": b"airplane\nbird\ncar\n",
    }
    data = finish(read(put(tmp_path, files)))
    assert np.array_equal(data.train.images, planes(LARGE))
    assert data.train.labels.tolist() == [0, 1, 2, 0]
    assert data.test.labels.tolist() == [2, 0]
    assert data.classes == ("airplane", "bird", "car")
    assert "unlabeled_X.bin was left out" in data.notes[0].sentence
    alone = finish(read(tmp_path / "unlabeled_X.bin"))
    assert (len(alone.train), alone.train.labels) == (1, None)
    assert finish(read(tmp_path / "train_X.bin")).train.labels.tolist() == [0, 1, 2, 0]


@pytest.mark.parametrize(("names", "number"), [(("data_batch_1", "batches.meta"), 10), (("train", "meta"), 100)])
def test_the_pickled_version_is_refused_by_the_name_of_the_binary_one(tmp_path, names, number):
    folder = put(tmp_path / "cifar", dict.fromkeys(names, pickle.dumps({b"data": b"x"}, 2)))
    for path in (folder, folder / names[0]):
        with pytest.raises(DataError, match=f"Python version of CIFAR-{number}, .*cifar-{number}-binary.tar.gz"):
            finish(read(path))


def test_a_batch_that_is_cut_off_says_so(tmp_path):
    with pytest.raises(DataError, match="a file of CIFAR-10 is a multiple of 3,073: download it again"):
        finish(read(put(tmp_path, {"data_batch_1.bin": CIFAR10["data_batch_1.bin"][:-5]})))
