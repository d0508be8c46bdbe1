"""MATLAB's files: the orders of axes, the sets that are published in them, and bytes that lie."""

import numpy as np
import pytest
from foreign_files import COLOUR, GREY, LABELS, mat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vae_explorer.core.progress import finish
from vae_explorer.data.files import DataError, read

RNG = np.random.default_rng(2)


def loaded(folder, arrays: dict, *, packed: bool = False, name: str = "a.mat"):
    (folder / name).write_bytes(mat(arrays, packed=packed))
    return finish(read(folder / name))


@pytest.mark.parametrize("packed", [False, True])
def test_svhn_is_read_and_its_zero_is_a_zero(tmp_path, packed):
    x = RNG.integers(0, 256, (32, 32, 3, 20), dtype=np.uint8)
    y = (np.arange(20) % 10 + 1)[:, None].astype(np.uint8)
    data = loaded(tmp_path, {"X": x, "y": y}, packed=packed, name="train_32x32.mat")
    assert np.array_equal(data.train.images, x.transpose(3, 2, 0, 1))
    assert data.classes == tuple("0123456789")
    assert data.train.labels.tolist() == [*range(1, 10), 0] * 2


def test_svhns_files_in_a_folder_are_its_parts(tmp_path):
    for name, count in (("train", 20), ("test", 10), ("extra", 5)):
        x = RNG.integers(0, 256, (32, 32, 3, count), dtype=np.uint8)
        y = (np.arange(count) % 10 + 1)[:, None].astype(np.uint8)
        (tmp_path / f"{name}_32x32.mat").write_bytes(mat({"X": x, "y": y}))
    data = finish(read(tmp_path))
    assert (len(data.train), len(data.test), data.classes) == (20, 10, tuple("0123456789"))
    assert data.notes[0].sentence == "files that were not used: extra_32x32.mat"


def test_frey_faces_stand_upright(tmp_path):
    faces = RNG.integers(0, 256, (30, 28, 20), dtype=np.uint8)
    data = loaded(tmp_path, {"ff": faces.reshape(30, 560).T})
    assert np.array_equal(data.train.images, faces[:, None])


def test_olivetti_faces_are_stored_column_by_column(tmp_path):
    faces = RNG.integers(0, 256, (20, 64, 64), dtype=np.uint8)
    data = loaded(tmp_path, {"faces": faces.transpose(2, 1, 0).reshape(4096, 20).astype(float), "p": np.eye(3)})
    assert np.array_equal(data.train.images, faces[:, None])


def test_cars3d_has_its_factors(tmp_path):
    cars = [RNG.integers(0, 256, (16, 16, 3, 24, 4), dtype=np.uint8) for _ in range(2)]
    for i, car in enumerate(cars):
        (tmp_path / f"car_{i:03}_mesh.mat").write_bytes(mat({"im": car}))
    train = finish(read(tmp_path)).train
    assert {name: sorted(set(values)) for name, values in train.factors.items()} == {
        "elevation": [0, 1, 2, 3],
        "azimuth": list(range(24)),
        "object": [0, 1],
    }
    for i in (0, 5, 100, 191):
        azimuth, elevation, car = (int(train.factors[name][i]) for name in ("azimuth", "elevation", "object"))
        assert np.array_equal(train.images[i], cars[car][..., azimuth, elevation].transpose(2, 0, 1))
    alone = finish(read(tmp_path / "car_001_mesh.mat")).train
    assert set(alone.factors) == {"elevation", "azimuth"}


def test_names_as_people_use_them_work_and_what_is_no_array_of_numbers_is_passed_over(tmp_path):
    arrays = {
        "train_images": GREY,
        "train_labels": LABELS[None],
        "test_images": GREY[:3],
        "about": "made by hand",
        "cells": np.array([np.ones(3), "x"], object),
        "options": {"a": 1, "b": np.eye(3)},
    }
    data = loaded(tmp_path, arrays, packed=True)
    assert np.array_equal(data.train.images, GREY[:, None])
    assert np.array_equal(data.train.labels, LABELS)
    assert len(data.test) == 3


def test_a_file_without_images_names_what_it_holds(tmp_path):
    with pytest.raises(DataError, match="contains weights"):
        loaded(tmp_path, {"weights": np.eye(3)})


def test_of_a_struct_the_sentence_says_that_it_is_not_read(tmp_path):
    with pytest.raises(DataError, match="holds no array of numbers, and structs and cells are not read; save"):
        loaded(tmp_path, {"dataset": {"images": np.eye(3)}})  # EMNIST's


def test_a_small_file_that_announces_much_is_refused(tmp_path):
    sides = np.array(GREY.shape, "<i4").tobytes()
    lying = mat({"images": GREY}).replace(sides, np.array([1 << 30, 8, 8], "<i4").tobytes())
    (tmp_path / "a.mat").write_bytes(lying)
    with pytest.raises(DataError, match="images has not as many values as it declares"):
        finish(read(tmp_path / "a.mat"))


CONTENTS = [mat({"images": COLOUR, "labels": LABELS, "s": {"a": 1}}, packed=packed) for packed in (False, True)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(st.data())
def test_whatever_bytes_are_changed_one_sentence_comes(tmp_path, data):
    content = bytearray(data.draw(st.sampled_from(CONTENTS)))
    for place, value in data.draw(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=4)):
        content[place] = value
    (tmp_path / "a.mat").write_bytes(content[: data.draw(st.integers(0, len(content)))])
    sentence = "fine"
    try:
        finish(read(tmp_path / "a.mat"))
    except DataError as error:
        sentence = str(error)
    assert sentence.isprintable()
