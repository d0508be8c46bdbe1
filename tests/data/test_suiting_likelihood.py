"""The likelihood that is taken for images of which nobody has said one."""

import numpy as np
import pytest

from vae_explorer.data import bundled
from vae_explorer.data.suiting_likelihood import suiting_likelihood


@pytest.mark.parametrize(
    ("name", "wanted"), [("mnist", "bernoulli"), ("drawn-digits", "bernoulli"), ("fashion-mnist", "gaussian")]
)
def test_digits_are_bernoulli_and_clothes_gaussian(name, wanted):
    assert suiting_likelihood(bundled.tests_of(name).images) == wanted


def test_colour_is_gaussian_also_where_it_is_all_black_and_white():
    black_and_white = np.random.default_rng(0).integers(0, 2, (5, 1, 8, 8), np.uint8) * 255
    assert suiting_likelihood(black_and_white) == "bernoulli"
    assert suiting_likelihood(black_and_white.repeat(3, axis=1)) == "gaussian"


@pytest.mark.parametrize(("grey", "wanted"), [(0.19, "bernoulli"), (0.21, "gaussian")])
def test_a_fifth_of_the_pixels_may_be_grey(grey, wanted):
    images = np.zeros((4, 1, 10, 10), np.uint8)
    images.reshape(4, 100)[:, : round(100 * grey)] = 128
    images.reshape(4, 100)[:, -20:] = 255
    assert suiting_likelihood(images) == wanted


def test_dark_images_in_which_hardly_a_pixel_is_white_are_gaussian():
    """A CT from air to bone: the body has the levels 60 to 70 of 255, or 20 where metal is white."""
    for level in (20, 40, 65):
        images = np.zeros((4, 1, 32, 32), np.uint8)
        images[:, :, 8:20, 8:20] = level
        images[:, :, 9, 9] = 255
        assert suiting_likelihood(images) == "gaussian"
