"""Arrays of every usual shape and scaling become images, and what was done to them is said."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as any_arrays

from vae_explorer.core.progress import finish
from vae_explorer.data import container
from vae_explorer.data.container import DataError
from vae_explorer.data.fitting import Size, fitted
from vae_explorer.data.formats import arrays
from vae_explorer.data.formats.arrays import Part
from vae_explorer.data.formats.layout import layout
from vae_explorer.data.image_set import DataSet
from vae_explorer.data.reading import AUTOMATIC, Reading

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (12, 10, 9), dtype=np.uint8)  # n h w
COLOUR = RNG.integers(0, 256, (12, 10, 9, 3), dtype=np.uint8)  # n h w c
LABELS = np.arange(12) % 3
HERE = Path()


def read(train, test=None, *, validation=None, labels=None, reading=AUTOMATIC) -> DataSet:
    parts = [None if images is None else Part(f"x_{i}", images) for i, images in enumerate((train, test, validation))]
    if labels is not None:
        parts[0] = Part("x_0", train, labels)
    return finish(arrays.data_set("set", HERE, parts[0], parts[1], validation=parts[2], reading=reading))


def said(data: DataSet) -> list[str]:
    return [note.sentence for note in data.notes]


# --- shapes


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [
        ((5, 8, 128), (1, 8, 128)),
        ((5, 28, 28, 1), (1, 28, 28)),
        ((5, 28, 28, 3), (3, 28, 28)),
        ((5, 28, 28, 4), (4, 28, 28)),
        ((5, 1, 28, 30), (1, 28, 30)),
        ((5, 3, 32, 30), (3, 32, 30)),
        ((5, 4, 32, 30), (4, 32, 30)),
        ((5, 64), (1, 8, 8)),
        ((5, 784), (1, 28, 28)),
        ((5, 1024), (1, 32, 32)),
        ((5, 4096), (1, 64, 64)),
        ((5, 3072), (3, 32, 32)),
        ((5, 12288), (3, 64, 64)),
        ((5, 256, 300, 3), (3, 256, 300)),
        ((5, 6, 6), (1, 6, 6)),
    ],
)
def test_usual_shapes_are_images(shape, wanted):
    found = layout(shape)
    assert (found.count, found.channels, found.height, found.width) == (5, *wanted)
    assert not found.is_reversed


@pytest.mark.parametrize(
    "shape",
    [(), (5,), (5, 10), (5, 2, 28), (28, 28, 3), (5, 2, 28, 28), (5, 28, 28, 2), (5, 3, 28, 28, 1), (28, 28)],
)
def test_other_shapes_are_not(shape):
    assert layout(shape) is None


def test_rows_are_as_many_values_as_images_only_where_labels_say_so():
    assert layout((256, 256)) is None  # one grey picture
    assert layout((256, 256), 256).channels == 1


def test_matlabs_order_is_read_where_it_is_sure():
    for shape in [(28, 28, 500), (32, 32, 3, 500), (32, 24, 1, 500)]:
        assert (layout(shape).count, layout(shape).is_reversed) == (500, True)
    assert layout((20, 28, 60), 60).is_reversed
    assert not layout((60, 20, 28), 60).is_reversed
    assert not layout((28, 28, 40)).is_reversed


def test_images_of_all_orders_come_out_alike():
    chw = COLOUR.transpose(0, 3, 1, 2)
    for array in (COLOUR, chw, COLOUR.transpose(1, 2, 3, 0), np.asfortranarray(COLOUR)):
        assert np.array_equal(read(array).train.images, chw)
    assert said(read(COLOUR.transpose(1, 2, 3, 0))) == ["the last axis was read as counting the images, as in MATLAB"]
    assert np.array_equal(read(GREY.transpose(1, 2, 0), labels=LABELS).train.images, GREY[:, None])


def test_rows_of_colour_are_read_channel_by_channel_as_in_cifar_and_it_is_said():
    images = RNG.integers(0, 256, (4, 3, 32, 32), dtype=np.uint8)
    data = read(images.reshape(4, -1))
    assert np.array_equal(data.train.images, images)
    assert said(data) == ["rows of 3,072 values were read as 32 × 32 pixels, channel by channel"]


def test_parts_that_are_not_alike_are_refused():
    with pytest.raises(DataError, match=r"set has training images of .* and test .*; they must have the same shape"):
        read(GREY, COLOUR)


# --- values


def test_all_parts_share_one_range_and_the_set_keeps_it():
    data = read(
        np.full((4, 8, 8), 1024, np.uint16), np.full((2, 8, 8), 4080, np.uint16), validation=np.zeros((2, 8, 8))
    )
    assert [part.images[0, 0, 0, 0] for part in (data.train, data.validation, data.test)] == [64, 0, 255]
    assert said(data) == ["values 0 to 4,080 were stretched to 0…255"]
    assert (data.reading.black, data.reading.white) == (0, 4080)
    again = read(np.full((4, 8, 8), 1024, np.uint16), reading=data.reading)
    assert (again.train.images == 64).all()


def test_values_that_are_no_numbers_are_counted_and_located():
    images = GREY / 255
    images[3, 0, :8] = np.nan
    with pytest.raises(DataError, match="set: 8 values are not numbers, the first in image 3 of x_0"):
        read(images)


def test_bools_may_be_any_bytes():
    images = RNG.integers(0, 3, (4, 8, 8), dtype=np.uint8)
    assert np.array_equal(read(images.view(bool)).train.images[:, 0], (images > 0) * 255)


# --- transparency


def transparent(level: int) -> np.ndarray:
    """A square of that level, half visible in its upper half, among hidden pixels of the other extreme."""
    images = np.full((4, 16, 16, 4), 255 - level, np.uint8)
    images[..., 3] = 0
    images[:, 4:12, 4:12, :3] = level
    images[:, 4:8, 4:12, 3], images[:, 8:12, 4:12, 3] = 128, 255
    return images


@pytest.mark.parametrize(("level", "behind"), [(0, "white"), (255, "black")])
@pytest.mark.parametrize("scale", [1, 255])
def test_transparent_images_get_one_background_that_they_stand_out_from(level, behind, scale):
    data = read(transparent(level) / np.float32(scale) if scale > 1 else transparent(level))
    assert said(data) == [f"transparent images were put on a {behind} background"]
    assert (data.notes[0].switch, data.reading.background) == ("background", behind)
    image = data.train.images[0, 1]
    assert (image[0, 0], image[9, 5]) == (255 - level, level)
    assert abs(int(image[5, 5]) - 127) <= 1
    assert data.train.images.shape == (4, 3, 16, 16)
    assert data.images.images.flags.c_contiguous


def test_the_background_can_be_chosen():
    image = read(transparent(255), reading=Reading(background="white")).train.images[0, 0]
    assert (image == 255).all()


def test_opaque_images_lose_their_alpha_without_a_word():
    opaque = np.concatenate([COLOUR, np.full((12, 10, 9, 1), 255, np.uint8)], axis=3)
    data = read(opaque)
    assert np.array_equal(data.train.images, COLOUR.transpose(0, 3, 1, 2))
    assert data.notes == ()
    assert data.reading == AUTOMATIC


def test_hidden_colours_do_not_bleed_when_images_are_resized():
    images = transparent(0).repeat(16, 1).repeat(16, 2)
    small = read(images, reading=Reading(background="black")).train.images
    assert small.shape == (4, 3, 64, 64)
    assert small.max() == 0  # hidden white is nowhere


# --- sizes


def test_large_images_are_resized_as_pictures_of_a_folder_are():
    images = RNG.integers(0, 256, (3, 200, 100, 3), dtype=np.uint8)
    data = read(images)
    assert data.train.images.shape == (3, 3, 64, 32)
    assert np.array_equal(data.train.images[1].transpose(1, 2, 0), fitted(images[1], Size(64, 32), "crop"))
    assert said(data) == ["the images were resized to 32 × 64 pixels from 100 × 200"]
    assert (data.notes[0].switch, data.reading.size) == ("size", 64)
    assert data.sizes == {(100, 200): 3}


def test_the_size_can_be_chosen():
    assert read(GREY, reading=Reading(size=20)).train.images.shape == (12, 1, 20, 18)
    assert read(np.zeros((2, 256, 256), np.uint8), reading=Reading(size=128)).train.images.shape == (2, 1, 128, 128)


def test_small_images_become_as_large_as_a_model_needs():
    data = read(np.zeros((2, 4, 6), np.uint8))
    assert min(data.train.images.shape[2:]) >= 8
    assert data.notes[0].switch == "size"


@pytest.mark.parametrize(("fit", "done"), [("crop", "cropped"), ("pad", "padded"), ("stretch", "stretched")])
def test_what_happens_to_long_images_is_said(fit, done):
    data = read(np.full((2, 300, 20), 200, np.uint8), reading=Reading(fit=fit))
    assert data.train.images.shape == (2, 1, 64, 8)
    assert [note.switch for note in data.notes] == ["size", "fit"]
    assert f"were {done}" in data.notes[1].sentence


# --- limits and parts


def test_fewer_images_are_evenly_chosen_from_all_parts_with_what_is_known_of_them():
    images = np.arange(200, dtype=np.uint8)[:, None, None].repeat(8, 1).repeat(8, 2)
    train = Part("train", images[:150], np.arange(150), {"number": np.arange(150)})
    data = finish(arrays.data_set("set", HERE, train, Part("test", images[150:]), reading=Reading(limit=21)))
    assert said(data) == ["21 of 200 images were read, evenly chosen"]
    assert (len(data.train), len(data.test), data.notes[0].switch) == (16, 5, "limit")
    numbers = data.train.images[:, 0, 0, 0].tolist()
    assert numbers[:3] == [0, 10, 20]
    assert data.train.factors["number"].tolist() == numbers
    assert [int(data.classes[label]) for label in data.train.labels] == numbers
    assert data.test.images[-1, 0, 0, 0] == 199


def test_a_limit_that_is_not_reached_changes_nothing():
    assert read(GREY, reading=Reading(limit=12)).notes == ()


def test_only_pieces_are_looked_at_and_progress_is_told(monkeypatch):
    monkeypatch.setattr(arrays, "VALUES_AT_ONCE", 200)
    parts = Part("a", GREY.astype(float)), Part("b", GREY[:4].astype(float))
    reports = [report.fraction for report in arrays.data_set("set", HERE, *parts)]
    assert len(reports) == 2 * 8
    assert reports == sorted(reports)
    assert reports[-1] == 1


def test_test_images_alone_leave_nothing_for_training():
    data = read(None, GREY)
    assert (len(data.train), len(data.test), data.image_shape) == (0, 12, (1, 10, 9))
    assert len(data.part("train", 0)) == 0


def test_validation_images_of_the_file_are_the_sets_own():
    data = read(GREY[:6], GREY[6:8], validation=GREY[8:])
    assert np.array_equal(data.part("validation", 0).images, GREY[8:, None])
    assert (data.validation.split, len(data.part("train", 0))) == ("validation", 6)


@settings(max_examples=50, deadline=None)
@given(
    any_arrays.arrays(
        st.sampled_from([np.uint8, np.int16, np.float32, bool]),
        st.one_of(
            st.tuples(*[st.integers(0, 12)] * 3),
            st.tuples(st.integers(0, 3), st.sampled_from([1, 3, 4, 9]), st.integers(4, 9), st.sampled_from([3, 4, 5])),
            st.tuples(st.integers(0, 5), st.sampled_from([16, 17, 48, 64])),
        ),
        elements=st.nothing(),
        fill=st.just(1),
    )
    | any_arrays.arrays(np.int16, (3, 4, 4)),
    st.sampled_from([AUTOMATIC, Reading(size=8), Reading(limit=2), Reading(background="white")]),
)
def test_any_array_becomes_images_that_a_model_takes_or_one_sentence(images, reading):
    try:
        data = read(images, reading=reading)
    except DataError:
        return
    assert data.image_shape.channels in (1, 3)
    assert all(8 <= side <= 128 for side in data.train.images.shape[2:])
    assert len(data.train) <= max(len(images), images.shape[-1])


def test_what_small_images_would_grow_to_is_bounded_by_the_file(monkeypatch, tmp_path):
    from vae_explorer.data.files import read as read_file

    np.savez_compressed(tmp_path / "small.npz", x=np.zeros((2000, 4, 4), np.uint8))
    monkeypatch.setattr(container, "SMALL", 1 << 20)
    with pytest.raises(DataError, match="it is not read"):
        finish(read_file(tmp_path / "small.npz"))
