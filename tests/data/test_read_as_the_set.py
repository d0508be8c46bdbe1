"""A picture that is dropped is read as the training images were: on their background, in their range of values."""

import io

import numpy as np
import pytest
from PIL import Image

from vae_explorer.core.progress import finish
from vae_explorer.data import files, picture
from vae_explorer.data.preparation import Preparation
from vae_explorer.data.preprocess import prepare
from vae_explorer.data.reading import Reading


def read(image: Image.Image, format_: str = "PNG"):
    file = io.BytesIO()
    image.save(file, format_)
    return picture.read(file.getvalue())


def prepared(image, reading: Reading | None, channels: int):
    shape = channels, *image.size[::-1]
    return prepare(read(image), Preparation(image_shape=shape, reading=reading))


EMOJI = np.zeros((16, 16, 4), np.uint8)
EMOJI[4:12, 4:12] = 250, 200, 10, 255  # bright: alone it is put on black


def test_a_transparent_picture_is_on_the_background_of_the_set():
    image = Image.fromarray(EMOJI)
    for reading, corner in ((None, 0), (Reading(background="black"), 0), (Reading(background="white"), 255)):
        found = prepared(image, reading, 3)
        assert (found.grey[:, 0, 0] == corner).all()
        assert (found.grey[:, 8, 8] == (250, 200, 10)).all()
    said = [step for step in found.steps if step.name == "background"]
    assert [step.fixed for step in said] == [True]
    assert "images are on white" in said[0].sentence


def test_a_deep_picture_is_read_in_the_range_of_the_set():
    image = Image.fromarray(np.full((16, 16), 2040, np.uint16))
    assert (prepared(image, None, 1).grey == round(2040 / 257)).all()
    found = prepared(image, Reading(black=0.0, white=4080.0), 1)
    assert (found.grey == 128).all()
    assert "0 is black and 4,080 is white" in found.steps[0].sentence


def test_bytes_are_never_read_in_the_range_of_a_deep_set():
    image = Image.fromarray(np.full((16, 16), 200, np.uint8))
    assert (prepared(image, Reading(black=0.0, white=4080.0), 1).grey == 200).all()
    assert (prepared(image, Reading(black=0.0, white=16.0), 1).grey == 200).all()


def test_what_took_no_choice_is_the_picture_itself():
    opaque = read(Image.fromarray(EMOJI[..., :3]))
    assert opaque.read_as(Reading(background="white", white=9.0)) is opaque
    transparent = read(Image.fromarray(EMOJI))
    other = transparent.read_as(Reading(background="white"))
    assert transparent.read_as(Reading(background="white")) is other  # what was found in it is found once
    assert transparent.read_as(Reading()) is transparent


@pytest.fixture
def logos(tmp_path):
    """24 small figures of all sizes and places on transparent ground, of two shapes."""
    random = np.random.default_rng(0)
    for i in range(24):
        pixels = np.zeros((20, 20 + 12 * (i % 2), 4), np.uint8)
        top, left, side = *random.integers(0, 8, 2), random.integers(4, 12)
        pixels[top : top + side, left : left + side] = *random.integers(0, 120, 3), 255
        Image.fromarray(pixels).save(tmp_path / f"{i:02}.png")
    return tmp_path


@pytest.mark.parametrize("background", ["auto", "black"])
@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_a_training_picture_that_is_dropped_is_resized_as_the_training_images_were(logos, fit, background):
    data = finish(files.read(logos, Reading(size=16, fit=fit, background=background)))
    preparation = Preparation.of(data.train.images, "gaussian", data.reading, data.sizes)
    for path, image in zip(sorted(logos.iterdir()), data.train.images, strict=True):
        found = prepare(picture.read(path), preparation)
        assert np.array_equal(found.grey, image)
        assert not found.doubt
        assert found.candidates == (found.frame,)
        assert found.frame.width <= 20 + 12 * (int(path.stem) % 2)
    assert "Training images of this model were 32 × 20 too" in " ".join(step.sentence for step in found.steps)


def test_resizing_as_the_training_images_were_can_be_switched_off(logos):
    data = finish(files.read(logos, Reading(size=16)))
    preparation = Preparation.of(data.train.images, "gaussian", data.reading, data.sizes)
    assert set(preparation.sizes) == {(20, 20), (32, 20)}
    assert preparation.dark_background is False
    small = picture.read(min(logos.iterdir()))
    found = prepare(small, preparation, {"size": False})
    assert any(step.name == "crop" and step.on for step in found.steps)  # the figure is looked for


def test_of_many_sizes_the_most_frequent_are_kept():
    sizes = {(100 + i, 50): i + 1 for i in range(1500)}
    kept = Preparation.of(np.zeros((4, 1, 16, 16), np.uint8), "gaussian", None, sizes).sizes
    assert len(kept) == 1000
    assert kept[0] == (1599, 50)
