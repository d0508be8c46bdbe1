"""Pictures of any size at the one size of a set."""

import numpy as np
import pytest

from vae_explorer.data.fitting import Size, fitted, size_for
from vae_explorer.data.reading import Reading

HALVES = np.repeat(np.array([[0, 250]], np.uint8), 20, 1)[:, :, None].repeat(20, 0)  # 40 × 20: black, then bright


@pytest.mark.parametrize(
    ("sizes", "side", "size"),
    [
        ({(32, 32): 99, (33, 33): 1}, 0, (32, 32)),  # one picture does not decide for all
        ({(28, 20): 3}, 0, (20, 28)),
        ({(640, 480): 5}, 0, (48, 64)),
        ({(640, 480): 5}, 128, (96, 128)),
        ({(32, 32): 5}, 16, (16, 16)),
        ({(300, 20): 5}, 0, (8, 64)),  # no side is less than a model takes
        ({(4, 4): 5}, 0, (64, 64)),
        ({(20, 20): 2, (30, 30): 2}, 0, (20, 20)),
    ],
)
def test_the_size_is_the_one_that_most_have_or_the_one_asked_for(sizes, side, size):
    assert size_for(sizes, Reading(size=side)) == size


def test_other_proportions_are_cropped_padded_or_stretched():
    size = Size(20, 20)
    assert np.array_equal(fitted(HALVES, size, "crop"), HALVES[:, 10:30])
    assert set(np.unique(fitted(HALVES, size, "stretch")[:, [0, -1]])) == {0, 250}
    padded = fitted(HALVES, size, "pad", fill=99)
    assert (padded[[0, 1, 2, 3, 4, -5, -1]] == 99).all()
    assert padded[10, 2] == 0
    assert padded[10, 17] == 250


def test_a_picture_that_has_the_size_stays_as_it_is():
    assert fitted(HALVES, Size(20, 40), "crop") is HALVES


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_every_channel_is_resized_alike(channels):
    whole = fitted(HALVES.repeat(channels, 2), Size(10, 20), "crop")
    assert whole.shape == (10, 20, channels)
    assert (whole == whole[..., :1]).all()
