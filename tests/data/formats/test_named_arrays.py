"""What the arrays of an NPZ are, by the names that people give them."""

import io
import os

import numpy as np
import pytest

from vae_explorer.core.progress import finish
from vae_explorer.data.files import DataError, read
from vae_explorer.data.formats import named, stored
from vae_explorer.data.image_set import DataSet
from vae_explorer.data.reading import AUTOMATIC, Reading

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (12, 10, 9), dtype=np.uint8)  # n h w
LABELS = np.arange(12) % 3


def opened(folder, *unnamed, reading=AUTOMATIC, **held) -> DataSet:
    np.savez(folder / "set.npz", *unnamed, **held)
    return finish(read(folder / "set.npz", reading))


def refused(folder, *unnamed, **held) -> str:
    with pytest.raises(DataError) as raised:
        opened(folder, *unnamed, **held)
    return str(raised.value)


def said(data: DataSet) -> list[str]:
    return [note.sentence for note in data.notes]


class Trap:
    """Makes a folder where it is unpickled."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder / "sprung"),)


def trap(folder) -> np.ndarray:
    objects = np.empty((), object)
    objects[()] = Trap(folder)
    return objects


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        ("image", "label"),
        ("images", "labels"),
        ("imgs", "targets"),
        ("data", "target"),
        ("X", "y"),
        ("x_train", "y_train"),
        ("X_train", "Y_train"),
        ("train_data", "train_label"),
        ("train-images", "train-labels"),
        ("images_train", "labels_train"),
        ("trainX", "trainY"),
        ("faces", "labels"),
        ("mnist_images", "mnist_labels"),
        ("arr_0", "arr_1"),
    ],
)
def test_images_and_their_labels_are_found_by_their_names(tmp_path, images, labels):
    data = opened(tmp_path, **{images: GREY, labels: LABELS + 5})
    assert np.array_equal(data.train.images, GREY[:, None])
    assert data.classes == ("5", "6", "7")
    assert np.array_equal(data.train.labels, LABELS)
    assert (data.test, data.notes) == (None, ())


@pytest.mark.parametrize("flat", [False, True])
def test_rows_of_pixels_are_images_where_their_name_says_so(tmp_path, flat):
    images = RNG.integers(0, 256, (12, 28, 28), dtype=np.uint8)
    held = images.reshape(12, -1) if flat else images
    assert np.array_equal(opened(tmp_path, X=held, y=LABELS).train.images[:, 0], images)
    assert np.array_equal(opened(tmp_path, held).train.images[:, 0], images)


@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [
        (("train_images", "train_labels"), ("val_images", "val_labels"), ("test_images", "test_labels")),  # MedMNIST
        (("x_train", "y_train"), ("x_valid", "y_valid"), ("x_test", "y_test")),
        (("X", "y"), ("X_dev", "y_dev"), ("X_test", "y_test")),
    ],
)
def test_each_part_is_its_own_with_its_labels(tmp_path, train, validation, test):
    cuts = {train: slice(0, 6), validation: slice(6, 8), test: slice(8, 12)}
    held = {images: GREY[cut] for (images, _), cut in cuts.items()}
    held |= {labels: LABELS[cut, None].astype(np.uint8) for (_, labels), cut in cuts.items()}
    data = opened(tmp_path, **held)
    for part, cut in zip((data.train, data.validation, data.test), cuts.values(), strict=True):
        assert np.array_equal(part.images, GREY[cut, None])
        assert np.array_equal(part.labels, LABELS[cut])
    assert data.classes == ("0", "1", "2")
    assert data.notes == ()


def test_arrays_without_names_are_images_and_labels_of_two_parts_and_it_is_said(tmp_path):
    for order in ((GREY[:8], LABELS[:8], GREY[8:], LABELS[8:]), (GREY[:8], GREY[8:], LABELS[:8], LABELS[8:])):
        data = opened(tmp_path, *order)
        assert np.array_equal(data.test.images, GREY[8:, None])
        assert np.array_equal(data.test.labels, LABELS[8:])
        assert said(data)[0].startswith("the arrays have no names; these were taken for images: arr_0 (train), arr_")
    assert "set contains arr_0 (12 x 10 x 9), arr_1 (12 x 10 x 9); expected" in refused(tmp_path, GREY, GREY)


def test_test_images_alone_are_not_trained_on_and_keep_their_labels(tmp_path):
    data = opened(tmp_path, x_test=GREY, y_test=LABELS)
    assert (len(data.train), len(data.test)) == (0, 12)
    assert np.array_equal(data.test.labels, LABELS)
    assert "name them x_train, or x_test" in refused(tmp_path, x_val=GREY)


def test_olivetti_is_read_with_its_labels_and_its_text_left_alone(tmp_path):
    faces = RNG.random((12, 16, 16), np.float32)
    data = opened(tmp_path, data=faces.reshape(12, -1), images=faces, target=LABELS, DESCR=trap(tmp_path))
    assert data.train.images.shape == (12, 1, 16, 16)
    assert np.array_equal(data.train.labels, LABELS)
    assert said(data) == ["arrays that were not used: descr, data"]
    assert not (tmp_path / "sprung").exists()


def test_the_digits_of_scikit_learn_are_as_bright_as_they_are(tmp_path):
    images = RNG.integers(0, 17, (12, 8, 8)).astype(float)
    images[0, 0] = 16
    names = np.array(["zero", "one", "two"])
    data = opened(tmp_path, data=images.reshape(12, -1), target=LABELS, target_names=names)
    assert (data.train.images.max(), data.classes) == (255, ("zero", "one", "two"))
    assert said(data) == ["values 0 to 16 were stretched to 0…255"]


def test_objects_that_are_needed_are_refused_with_the_line_that_saves_them(tmp_path):
    sentence = refused(tmp_path, images=trap(tmp_path).reshape(1).repeat(12), labels=LABELS)
    assert "images.npy in set.npz holds pickled Python objects, which are never loaded" in sentence
    assert sentence.endswith("images = np.stack(list(images))")
    data = opened(tmp_path, images=GREY, labels=trap(tmp_path).reshape(1).repeat(12))
    assert data.train.labels is None
    assert "the labels were left out: labels.npy in set.npz holds pickled Python objects" in said(data)[0]
    assert said(data)[0].endswith("labels = np.array(labels, dtype=str)")
    assert not (tmp_path / "sprung").exists()


# --- labels


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (np.eye(3)[LABELS], ("0", "1", "2")),
        (LABELS.astype(np.float32) + 1, ("1", "2", "3")),
        (LABELS[None], ("0", "1", "2")),
        (np.array([b"ant", b"b\xc3\xa9e", b"cat"])[LABELS], ("ant", "bée", "cat")),
        (LABELS == 0, ("0", "1")),
        (np.arange(12) + 2**40, tuple(str(i + 2**40) for i in range(12))),
    ],
    ids=["one-hot", "float", "row", "bytes", "bool", "large"],
)
def test_labels_of_every_usual_kind_are_classes(tmp_path, labels, classes):
    data = opened(tmp_path, images=GREY, labels=labels)
    assert data.classes == classes
    assert len(data.train.labels) == 12
    assert data.notes == ()


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        (LABELS / 2, "are fractions, not classes"),
        (np.full(12, np.nan), "are fractions, not classes"),
        (np.ones((12, 14), int), "are 12 x 14, several for each image"),  # MedMNIST's chest
        (np.zeros((12, 4, 4)), "are 12 x 4 x 4"),
    ],
)
def test_labels_that_are_no_classes_are_left_out_and_it_is_said(tmp_path, labels, why):
    data = opened(tmp_path, images=GREY, labels=labels)
    assert data.train.labels is None
    assert said(data)[0].startswith(f"the labels were left out: they {why}")


def test_labels_that_would_fill_the_memory_are_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(named, "MAX_BYTES", 11 * 8)
    assert said(opened(tmp_path, images=GREY, labels=LABELS))[0].startswith(
        "the labels were left out: they have 96 bytes"
    )


@pytest.mark.parametrize(("count", "kept"), [(10_000, True), (10_001, False)])
def test_ten_thousand_classes_are_kept(tmp_path, count, kept):
    data = opened(tmp_path, images=np.zeros((count, 8, 8), np.uint8), labels=np.arange(count))
    assert (data.train.labels is not None) == kept
    assert said(data) == [] if kept else "have 10,001 values; at most 10,000 classes" in said(data)[0]


# --- factors


def dsprites(folder) -> dict[str, np.ndarray]:
    """As in github.com/google-deepmind/dsprites-dataset, but few and small."""
    classes = np.stack(np.unravel_index(np.arange(72), (1, 3, 2, 3, 2, 2)), 1)
    return {
        "metadata": trap(folder),
        "imgs": RNG.integers(0, 2, (72, 16, 16), dtype=np.uint8),
        "latents_classes": classes,
        "latents_values": classes + 1.0,
    }


def test_dsprites_is_read_with_its_factors_and_without_its_pickle(tmp_path):
    held = dsprites(tmp_path)
    data = opened(tmp_path, **held)
    assert np.array_equal(data.train.images[:, 0], held["imgs"] * 255)
    assert list(data.train.factors) == ["shape", "scale", "orientation", "posX", "posY"]
    assert np.array_equal(data.train.factors["scale"], held["latents_values"][:, 2])
    assert said(data) == [
        "factors that are the same in all images, or not numbers, were left out: color",
        "arrays that were not used: metadata",
    ]
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("at_once", [1, 700, 1 << 20])
def test_of_dsprites_a_part_can_be_read_in_pieces(tmp_path, monkeypatch, at_once):
    monkeypatch.setattr(stored, "VALUES_AT_ONCE", at_once)
    held = dsprites(tmp_path)
    data = opened(tmp_path, reading=Reading(limit=20), **held)
    rows = np.linspace(0, 71, 20).round().astype(int)
    assert np.array_equal(data.train.images[:, 0], held["imgs"][rows] * 255)
    assert np.array_equal(data.train.factors["posX"], held["latents_values"][rows, 4])
    assert "20 of 72 images were read, evenly chosen" in said(data)


def test_factors_of_any_file_are_read_by_their_names(tmp_path):
    table = RNG.random((12, 2))
    data = opened(
        tmp_path, images=GREY, factors=table, factor_names=np.array(["angle", "size"]), latents_age=np.arange(12)
    )
    assert list(data.train.factors) == ["angle", "size", "age"]
    assert np.array_equal(data.train.factors["size"], table[:, 1].astype(np.float32))
    assert list(opened(tmp_path, images=GREY, latents=table).train.factors) == ["latents 0", "latents 1"]
    assert said(opened(tmp_path, images=GREY, latents=table[:5])) == ["arrays that were not used: latents"]
    assert (
        "latents was left out: it has 100 columns" in said(opened(tmp_path, images=GREY, latents=np.ones((12, 100))))[0]
    )


@pytest.mark.parametrize("name", ["factor_names", "class_names"])
def test_names_that_are_no_text_are_not_shown(tmp_path, name):
    names = np.frombuffer(b"\xff\xff\xff\x7f" * 3, "<U1")
    data = opened(tmp_path, images=GREY, labels=LABELS, factors=RNG.random((12, 3)), **{name: names})
    assert list(data.train.factors) == ["factors 0", "factors 1", "factors 2"]
    assert data.classes == ("0", "1", "2")


# --- several files


def test_kmnists_four_npz_files_are_one_set(tmp_path):
    for part, cut in {"train": slice(0, 8), "test": slice(8, 12)}.items():
        np.savez_compressed(tmp_path / f"kmnist-{part}-imgs.npz", GREY[cut])
        np.savez_compressed(tmp_path / f"kmnist-{part}-labels.npz", LABELS[cut])
    data = finish(read(tmp_path))
    assert np.array_equal(data.train.images, GREY[:8, None])
    assert np.array_equal(data.test.labels, LABELS[8:])


def test_npy_files_of_a_folder_are_told_apart_by_their_names(tmp_path):
    for name, array in {"train_images": GREY, "train_labels": LABELS, "test_images": GREY[:2]}.items():
        np.save(tmp_path / f"{name}.npy", array)
    data = finish(read(tmp_path))
    assert (len(data.train), len(data.test), data.classes) == (12, 2, ("0", "1", "2"))


def test_a_damaged_array_matters_only_where_it_is_needed(tmp_path):
    import zipfile

    def npz(**damaged: str) -> None:
        with zipfile.ZipFile(tmp_path / "set.npz", "w") as archive:
            for name, array in {"images": GREY, "labels": LABELS, "extra": LABELS}.items():
                file = io.BytesIO()
                np.save(file, array)
                archive.writestr(f"{name}.npy", damaged.get(name, file.getvalue()))

    npz(extra="no array")
    assert said(finish(read(tmp_path / "set.npz"))) == ["arrays that were not used: extra"]
    for name in ("images", "labels"):
        npz(**{name: "no array"})
        with pytest.raises(DataError, match=rf"{name}.npy in set.npz has an NPY header that is damaged"):
            finish(read(tmp_path / "set.npz"))
