"""The parts of a data set: training, validation, test."""

import numpy as np
import pytest

from vae_explorer.data.image_set import DataSet, ImageSet


def numbered(count: int, *, first: int = 0) -> ImageSet:
    """Images whose label is their number, so that each can be found again."""
    numbers = np.arange(first, first + count)
    images = np.broadcast_to((numbers % 256).astype(np.uint8)[:, None, None, None], (count, 1, 8, 8))
    return ImageSet("numbered", images, numbers, {"number": numbers.astype(np.float32)})


def parts(data: DataSet, seed: int = 0) -> list[ImageSet]:
    return [data.part("train", seed), data.part("validation", seed), data.part("test", seed)]


@pytest.mark.parametrize("count", [3, 4, 10, 11, 999, 1000])
def test_the_parts_are_disjoint_and_cover_the_set(count):
    labels = np.concatenate([part.labels for part in parts(DataSet("numbered", numbered(count)))])
    assert sorted(labels) == list(range(count))


def test_a_tenth_is_validation_and_a_tenth_test():
    assert [len(part) for part in parts(DataSet("numbered", numbered(1000)))] == [800, 100, 100]


def test_with_its_own_test_part_nothing_else_is_held_out_for_test():
    data = DataSet("numbered", numbered(1000), numbered(50, first=1000))
    assert [len(part) for part in parts(data)] == [900, 100, 50]
    assert data.part("test", 7) is data.test
    train, validation, _ = parts(data)
    assert sorted([*train.labels, *validation.labels]) == list(range(1000))


def test_no_part_is_empty_even_of_few_images():
    assert [len(part) for part in parts(DataSet("few", numbered(3)))] == [1, 1, 1]


def test_as_many_images_are_kept_for_validation_as_are_asked_for():
    data = DataSet("numbered", numbered(1000))
    sets = [data.part(split, 0, 250) for split in ("train", "validation", "test")]
    assert [len(part) for part in sets] == [650, 250, 100]
    assert sorted(np.concatenate([part.labels for part in sets])) == list(range(1000))
    assert np.array_equal(sets[2].labels, data.part("test", 0).labels)


@pytest.mark.parametrize("asked", [20, 500])
def test_a_set_that_is_too_small_for_them_is_refused_but_for_its_test_part(asked):
    data = DataSet("few", numbered(20), numbered(5))
    assert len(data.part("test", 0, asked)) == 5
    for split in ("train", "validation"):
        with pytest.raises(ValueError, match=f"few has 20 images .* too few to keep {asked} for validation"):
            data.part(split, 0, asked)
    assert [len(data.part(split, 0, 19)) for split in ("train", "validation")] == [1, 19]


@pytest.mark.parametrize(("count", "lengths"), [(0, [0, 0, 0]), (1, [0, 0, 1]), (2, [0, 1, 1])])
def test_fewer_than_three_images_can_be_tested_and_not_trained_with(count, lengths):
    assert [len(part) for part in parts(DataSet("few", numbered(count)))] == lengths


def test_a_seed_gives_the_same_parts_again_and_another_seed_others():
    data = DataSet("numbered", numbered(200))
    again = [np.array_equal(a.labels, b.labels) for a, b in zip(parts(data, 1), parts(data, 1), strict=True)]
    other = [np.array_equal(a.labels, b.labels) for a, b in zip(parts(data, 1), parts(data, 2), strict=True)]
    assert again == [True] * 3
    assert other == [False] * 3


def test_labels_factors_and_pixels_stay_with_their_image():
    for part in parts(DataSet("numbered", numbered(200))):
        assert np.array_equal(part.images[:, 0, 0, 0], part.labels)
        assert np.array_equal(part.factors["number"], part.labels)


def test_each_part_says_which_it_is():
    assert [part.split for part in parts(DataSet("numbered", numbered(20)))] == ["train", "validation", "test"]


def test_a_validation_part_of_its_own_is_used_as_it_is():
    data = DataSet("numbered", numbered(100), validation=numbered(30, first=1000))
    train, validation, test = parts(data)
    assert validation is data.validation
    assert [len(train), len(test)] == [90, 10]
    assert sorted([*train.labels, *test.labels]) == list(range(100))
    assert len(data.part("validation", 0, 20)) == 20  # asked for: of the images for training
    assert len(data) == 130


def test_images_for_test_alone_are_never_those_for_training():
    data = DataSet("tests", numbered(0), numbered(5))
    assert [len(part) for part in parts(data)] == [0, 0, 5]
    assert data.images is data.test
    assert data.image_shape == (1, 8, 8)
