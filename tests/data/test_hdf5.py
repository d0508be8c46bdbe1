"""HDF5 files, MATLAB's of version 7.3 among them: by names, 3dshapes with its factors; nothing outside of the file."""

import sys

import numpy as np
import pytest
from foreign_files import COLOUR, GREY, LABELS, hdf5

from vae_explorer.core.progress import finish
from vae_explorer.data import container
from vae_explorer.data.files import DataError, read
from vae_explorer.data.reading import AUTOMATIC, Reading

START = b"\x89HDF\r\n\x1a\n"


def loaded(path, content: bytes, reading: Reading = AUTOMATIC):
    path.write_bytes(content)
    return finish(read(path, reading))


def refused(path, content: bytes) -> str:
    with pytest.raises(DataError) as raised:
        loaded(path, content)
    assert str(raised.value).isprintable()
    return str(raised.value)


def test_without_the_library_the_sentence_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    assert 'pip install "vae-explorer[data]"' in refused(tmp_path / "a.h5", START + bytes(600))
    assert "pip install" in refused(tmp_path / "a.mat", b"MATLAB 7.3 MAT-file".ljust(512, b" ") + START + bytes(600))


def test_arrays_are_known_by_their_names(tmp_path):
    pytest.importorskip("h5py")
    content = hdf5({"train/images": GREY, "train/labels": LABELS, "test/images": GREY[:3], "test/labels": LABELS[:3]})
    data = loaded(tmp_path / "a.h5", content)
    assert np.array_equal(data.train.images, GREY[:, None])
    assert np.array_equal(data.train.labels, LABELS)
    assert len(data.test) == 3


def test_files_that_are_a_part_each_are_one_set_and_what_is_left_out_is_said(tmp_path):
    pytest.importorskip("h5py")
    for name, images in (("train_catvnoncat", COLOUR), ("test_catvnoncat", COLOUR[:3]), ("other", COLOUR)):
        part = name.partition("_")[0]
        arrays = {f"{part}_set_x": images, f"{part}_set_y": LABELS[: len(images)] % 2}
        (tmp_path / f"{name}.h5").write_bytes(hdf5({**arrays, "list_classes": np.array([b"non-cat", b"cat"])}))
    data = finish(read(tmp_path))
    assert (len(data.train), len(data.test), data.classes) == (len(COLOUR), 3, ("non-cat", "cat"))
    assert data.notes[0].sentence == "files that were not used: other.h5"


def test_3dshapes_has_its_factors(tmp_path):
    pytest.importorskip("h5py")
    images = np.random.default_rng(3).integers(0, 256, (40, 64, 64, 3), dtype=np.uint8)
    values = np.stack([np.arange(40) % (i + 2) for i in range(6)], axis=1).astype(float)
    content = hdf5({"images": images, "labels": values}, compression="gzip", chunks=True)
    train = loaded(tmp_path / "3dshapes.h5", content).train
    assert np.array_equal(train.images, np.moveaxis(images, 3, 1))
    assert list(train.factors) == ["floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation"]
    assert np.array_equal(train.factors["scale"], values[:, 3])
    assert np.array_equal(train.labels, values[:, 4])
    some = finish(read(tmp_path / "3dshapes.h5", Reading(limit=10))).train
    assert np.array_equal(some.images[-1], np.moveaxis(images[-1], 2, 0))
    assert len(some) == len(some.factors["scale"]) == 10


def test_matlabs_newer_files_have_their_axes_the_other_way_round(tmp_path):
    h5py = pytest.importorskip("h5py")
    images = np.repeat(COLOUR.transpose(1, 2, 3, 0), 2, axis=3)  # h w 3 n, as MATLAB has SVHN
    path = tmp_path / "a.mat"
    with h5py.File(path, "w", userblock_size=512) as content:
        content["X"] = images.T
        content["y"] = np.repeat(LABELS, 2)[None].astype(float) + 1
        content["#refs#/a"] = np.zeros(3)
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124, b" ") + b"\0\2IM")
    data = finish(read(path))
    assert np.array_equal(data.train.images, images.transpose(3, 2, 0, 1))
    assert data.train.labels.tolist() == np.repeat(LABELS, 2).tolist()


def test_nothing_outside_of_the_file_is_read(tmp_path):
    h5py = pytest.importorskip("h5py")
    (tmp_path / "raw").write_bytes(GREY.tobytes())
    other = tmp_path / "other.h5"
    other.write_bytes(hdf5({"images": GREY}))
    with h5py.File(tmp_path / "a.h5", "w") as content:
        content["linked"] = h5py.ExternalLink(str(other), "/images")
        content.create_dataset("images", GREY.shape, "u1", external=[(str(tmp_path / "raw"), 0, GREY.size)])
    with pytest.raises(DataError, match=r"images in a.h5 lies in another file"):
        finish(read(tmp_path / "a.h5"))
    with h5py.File(tmp_path / "b.h5", "w") as content:
        layout = h5py.VirtualLayout(GREY.shape, "u1")
        layout[:] = h5py.VirtualSource(str(other), "images", GREY.shape)
        content.create_virtual_dataset("images", layout)
    with pytest.raises(DataError, match=r"images in b.h5 lies in another file"):
        finish(read(tmp_path / "b.h5"))


def test_what_is_not_there_is_not_filled_in(tmp_path, monkeypatch):
    h5py = pytest.importorskip("h5py")
    monkeypatch.setattr(container, "SMALL", 1 << 20)
    with h5py.File(tmp_path / "a.h5", "w") as content:
        content.create_dataset("images", (1 << 15, 8, 8), "u1", chunks=(64, 8, 8))
    with pytest.raises(DataError, match="declares 2,097,152; it is not read"):
        finish(read(tmp_path / "a.h5"))


def test_a_file_that_is_damaged_is_refused(tmp_path):
    pytest.importorskip("h5py")
    content = hdf5({"images": GREY})
    assert "a.h5 is damaged" in refused(tmp_path / "a.h5", content[:-400])
    assert "a.h5 is damaged" in refused(tmp_path / "a.h5", START + bytes(600))
