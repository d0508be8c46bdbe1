"""The factors are measured in the images by other means than those that draw them: sums over pixels, in float64."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from vae_explorer import paths
from vae_explorer.core.progress import finish
from vae_explorer.data import bundled
from vae_explorer.data.drawn.digits import DRAWN_DIGITS, FACTORS, draw
from vae_explorer.data.drawn.drawn_set import SEED as OWN_SEED

EACH = 300  # images of each digit
DIGITS = np.arange(10 * EACH) % 10
SEED = 5


@pytest.fixture(scope="module")
def drawn():
    return draw(DIGITS, SEED)


def correlation(a, b):
    return np.corrcoef(a, b)[0, 1]


def moments(images):
    """Centre of mass x, y in pixels, and -mu11/mu02."""
    weight = images[:, 0] / images.sum((1, 2, 3), dtype=float)[:, None, None]
    pixel = np.arange(28)
    x, y = np.einsum("nyx,x->n", weight, pixel), np.einsum("nyx,y->n", weight, pixel)
    to_x, to_y = pixel - x[:, None], pixel - y[:, None]
    lean = -np.einsum("nyx,ny,nx->n", weight, to_y, to_x) / np.einsum("nyx,ny->n", weight, to_y**2)
    return x, y, lean


@pytest.mark.parametrize("digit", range(10))
def test_the_slant_of_the_ink_follows_the_factor(drawn, digit):
    images, factors = drawn
    own = digit == DIGITS
    lean = moments(images[own])[2]
    assert correlation(lean, factors["slant"][own]) >= 0.98
    steepness = np.polyfit(np.tan(np.radians(factors["slant"][own])), lean, 1)[0]
    assert 0.85 < steepness < 1.02  # degrees, to the right; the pen's own width, which does not lean, takes its part


@pytest.mark.parametrize("digit", range(10))
def test_the_amount_of_ink_follows_the_boldness(drawn, digit):
    images, factors = drawn
    own = digit == DIGITS
    assert correlation(images[own].sum((1, 2, 3), dtype=float), factors["boldness"][own]) >= 0.9


@pytest.mark.parametrize("threshold", [0, 25, 127])
@pytest.mark.parametrize("digit", range(10))
def test_the_height_of_the_box_follows_the_size(drawn, digit, threshold):
    images, factors = drawn
    own = digit == DIGITS
    height = (images[own, 0] > threshold).any(2).sum(1)
    assert correlation(height, factors["size"][own]) >= 0.9
    if threshold == 127:  # half covered: where the pen's edge is
        assert np.abs(height - factors["size"][own]).mean() < 0.6


def test_a_one_is_as_wide_as_its_boldness_says():
    images, factors = draw(np.ones(200, int), SEED)
    upright = np.abs(factors["slant"]) < 4
    width = np.median(images[upright, 0, 8:20].sum(2) / 255, axis=1)  # the ink of a row across the stem
    assert np.abs(width / factors["boldness"][upright] - 1).mean() < 0.1


def test_the_factors_are_in_their_ranges_and_independent_of_each_other_and_of_the_digit(drawn):
    _, factors = drawn
    assert factors.keys() == FACTORS.keys() == {"size", "slant", "boldness"}
    for name, (low, high) in FACTORS.items():
        values = factors[name]
        assert values.dtype == np.float32
        assert low <= values.min() < low + 0.02 * (high - low)
        assert high - 0.02 * (high - low) < values.max() <= high
    together = np.corrcoef([*factors.values(), DIGITS])
    assert np.abs(together - np.eye(4)).max() < 4 / np.sqrt(len(DIGITS))


def test_digits_are_white_on_a_black_border_and_centred_by_mass(drawn):
    images, _ = drawn
    assert images.shape == (10 * EACH, 1, 28, 28)
    assert images.dtype == np.uint8
    assert images.max((1, 2, 3)).min() > 200
    border = np.ones((28, 28), bool)
    border[1:-1, 1:-1] = False
    assert not images[:, 0, border].any()
    x, y, _ = moments(images)
    assert max(np.abs(x - 14).mean(), np.abs(y - 14).mean()) < 0.2
    assert max(np.abs(x - 14).max(), np.abs(y - 14).max()) < 1.5


def test_no_two_digits_are_equal(drawn):
    images, _ = drawn
    assert len({image.tobytes() for image in images}) == len(images)
    fewer, _ = draw(DIGITS[:500], SEED + 1)
    assert not {image.tobytes() for image in fewer} & {image.tobytes() for image in images}


def test_an_image_belongs_to_its_seed_and_number_and_not_to_its_batch(drawn):
    images, factors = drawn
    for first, count in ((0, 1), (1, 1), (7, 130), (1000, 999), (2999, 1)):
        some = slice(first, first + count)
        again, factors_again = draw(DIGITS[some], SEED, first)
        np.testing.assert_array_equal(again, images[some])
        for name in FACTORS:
            np.testing.assert_array_equal(factors_again[name], factors[name][some])


def test_another_digit_of_the_same_number_has_the_same_factors_but_its_own_picture():
    (threes, of_three), (eights, of_eight) = draw(np.full(20, 3), SEED), draw(np.full(20, 8), SEED)
    assert (threes != eights).any((1, 2, 3)).all()
    for name in FACTORS:
        np.testing.assert_array_equal(of_three[name], of_eight[name])


def test_no_digits_are_an_empty_batch():
    images, factors = draw(np.empty(0, int), SEED)
    assert images.shape == (0, 1, 28, 28)
    assert all(len(values) == 0 for values in factors.values())


def test_the_nearest_neighbour_of_a_digit_is_mostly_of_its_class(drawn):
    flat = drawn[0].reshape(len(DIGITS), -1).astype(np.float32)
    squares = (flat**2).sum(1)
    distance = squares[:, None] + squares - 2 * flat @ flat.T
    np.fill_diagonal(distance, np.inf)
    right = DIGITS[distance.argmin(1)] == DIGITS
    assert right.mean() >= 0.95
    assert min(right[digit == DIGITS].mean() for digit in range(10)) >= 0.9


def test_the_digits_are_those_that_the_bundled_models_were_tested_on():
    bundle, first = bundled.tests_of("drawn-digits"), DRAWN_DIGITS.train
    images, _ = draw(DRAWN_DIGITS.labels[first : first + len(bundle)], OWN_SEED, first)
    np.testing.assert_allclose(images.astype(int), bundle.images, atol=1)  # another processor may round differently
    np.testing.assert_array_equal(DRAWN_DIGITS.labels[first : first + len(bundle)], bundle.labels)


def test_a_cache_of_the_first_release_is_still_read(tmp_path, monkeypatch):
    monkeypatch.setenv("VAE_EXPLORER_HOME", str(tmp_path))
    images, factors = np.zeros((80, 1, 28, 28), np.uint8), np.arange(3 * 80, dtype=np.float32)
    images[60:] = 9
    content = images.tobytes() + factors.tobytes()
    file = paths.cache_folder() / "drawn-digits-version-1-seed-1"
    file.write_bytes(hashlib.blake2b(content, digest_size=32).digest() + content)
    data = finish(replace(DRAWN_DIGITS, train=60, test=20).load())
    assert (data.test.images == 9).all()
    assert data.test.labels[:12].tolist() == [*range(10), 0, 1]
    np.testing.assert_array_equal(data.train.factors["slant"], factors[80:140])
