"""The factors are measured in the images by other means than those that draw them: moments and ratios of channels."""

import colorsys

import numpy as np
import pytest

from vae_explorer.data.drawn.shapes import FACTORS, SHAPES, draw, paint

EACH = 300  # images of each shape
NUMBERS = np.arange(4 * EACH) % 4
SEED = 5


@pytest.fixture(scope="module")
def drawn():
    return draw(NUMBERS, SEED)


@pytest.fixture(scope="module")
def measured(drawn):
    return moments(drawn[0])


def own(shape):
    return list(SHAPES).index(shape) == NUMBERS


def moments(covered):
    """Centre of mass x, y in pixels, central moments mu20, mu11, mu02, and the ink in whole pixels."""
    ink = covered.sum((1, 2, 3), dtype=float)
    weight = covered[:, 0] / ink[:, None, None]
    pixel = np.arange(64) + 0.5
    x, y = np.einsum("nyx,x->n", weight, pixel), np.einsum("nyx,y->n", weight, pixel)
    to_x, to_y = pixel - x[:, None], pixel - y[:, None]
    second = [np.einsum("nyx,ny,nx->n", weight, to_y**j, to_x**k) for j, k in ((0, 2), (1, 1), (2, 0))]
    return x, y, *second, ink / 255


@pytest.mark.parametrize("shape", SHAPES)
def test_the_centre_of_mass_is_x_and_y(drawn, measured, shape):
    for at, name in enumerate("xy"):
        assert np.abs(measured[at] - drawn[1][name])[own(shape)].max() < 0.1


@pytest.mark.parametrize("shape", SHAPES)
def test_the_amount_of_ink_is_the_square_of_the_size(drawn, measured, shape):
    ratio = (measured[5] / drawn[1]["size"] ** 2)[own(shape)]
    assert abs(ratio.mean() - 1) < 0.005
    assert np.abs(ratio - 1).max() < 0.02


@pytest.mark.parametrize("shape", ["rectangle", "ellipse", "triangle"])
def test_the_longest_axis_of_the_ink_leans_clockwise_by_the_angle(drawn, measured, shape):
    _, _, mu20, mu11, mu02, _ = (values[own(shape)] for values in measured)
    leans = np.degrees(np.arctan2(-2 * mu11, mu02 - mu20)) / 2
    wrong = np.abs(leans - drawn[1]["angle"][own(shape)])
    assert wrong.max() < 1.5 if shape != "triangle" else np.median(wrong) < 1  # a triangle is hardly longer than wide


@pytest.mark.parametrize(("shape", "tip"), [("triangle", (0, -1)), ("heart", (0, 1))])
def test_the_tip_of_a_triangle_points_up_and_that_of_a_heart_down_before_it_is_turned(drawn, shape, tip):
    """The third moment along the turned axis: the ink is far on the side of the tip, and near on the other."""
    covered, factors = drawn[0][own(shape), 0] / 255, {name: values[own(shape)] for name, values in drawn[1].items()}
    angle = np.radians(factors["angle"])
    pixel = np.arange(64) + 0.5
    to_x, to_y = pixel - factors["x"][:, None], pixel - factors["y"][:, None]
    along_x, along_y = (-np.sin(angle) * tip[1], np.cos(angle) * tip[1])
    along = along_x[:, None, None] * to_x[:, None] + along_y[:, None, None] * to_y[:, :, None]
    assert ((covered * along**3).sum((1, 2)) > 0).all()


def test_every_shape_has_the_hue_that_the_factor_says_on_dark_grey(drawn):
    covered, factors = drawn
    images = paint(covered, factors)
    assert images.shape == (len(NUMBERS), 3, 64, 64)
    assert images.dtype == np.uint8
    for image, alpha, hue in zip(images, covered[:, 0], factors["colour"], strict=True):
        inside = image[:, alpha == 255]
        assert (inside == inside[:, :1]).all()
        measured, _, value = colorsys.rgb_to_hsv(*inside[:, 0] / 255)
        assert abs(360 * measured - hue) < 0.5
        assert value == 1
        assert (image[:, alpha == 0] == 64).all()
        shown = (image.max(0) - 64.0) / (255 - 64)  # on the edge, between the colour and the grey behind it
        np.testing.assert_allclose(255 * shown, alpha, atol=1)


def test_shapes_have_smooth_edges_and_never_leave_the_frame():
    covered, _ = draw(np.arange(2000) % 4, SEED)
    border = np.ones((64, 64), bool)
    border[1:-1, 1:-1] = False
    assert not covered[:, 0, border].any()
    assert (covered.max((1, 2, 3)) == 255).all()
    edge = ((covered > 0) & (covered < 255)).sum((1, 2, 3))
    assert edge.min() > 12
    assert len(np.unique(covered)) > 250  # not a few steps only


def test_the_largest_shape_in_each_corner_and_turned_to_either_end_stays_inside(monkeypatch):
    ends = np.array(np.meshgrid(*[(0.0, 1 - 1e-9)] * 3, [0.0, 0.25, 0.5, 0.75, 1 - 1e-9])).reshape(4, -1)
    x, y, size, angle = np.tile(ends, 4)
    table = np.stack([size, angle, x, y, 0 * x], axis=1)
    monkeypatch.setattr("vae_explorer.data.drawn.shapes.uniform", lambda *_: table)
    covered, factors = draw(np.repeat(np.arange(4), ends.shape[1]), SEED)
    assert {tuple(FACTORS[name]) for name in ("size", "x")} == {(10, 18), (20, 44)}
    assert factors["size"].max() == 18
    covered[:, 0, 1:-1, 1:-1] = 0
    assert not covered.any()


def test_the_factors_are_uniform_and_independent_of_each_other_and_of_the_shape(drawn):
    _, factors = drawn
    assert list(factors) == ["shape", "size", "angle", "x", "y", "colour"]
    np.testing.assert_array_equal(factors["shape"], NUMBERS)
    for name, (low, high) in FACTORS.items():
        values = (factors[name] - low) / (high - low)
        assert factors[name].dtype == np.float32
        assert np.abs(np.sort(values) - np.linspace(0, 1, len(values))).max() < 1.95 / np.sqrt(len(values))  # KS, 0.1 %
    together = np.corrcoef([*factors.values()])
    assert np.abs(together - np.eye(6)).max() < 4 / np.sqrt(len(NUMBERS))


def test_an_image_belongs_to_its_seed_and_number_and_not_to_its_batch(drawn):
    covered, factors = drawn
    for first, count in ((0, 1), (1, 1), (7, 130), (700, 499), (1199, 1)):
        some = slice(first, first + count)
        again, factors_again = draw(NUMBERS[some], SEED, first)
        np.testing.assert_array_equal(again, covered[some])
        for name in factors:
            np.testing.assert_array_equal(factors_again[name], factors[name][some])
    other, _ = draw(NUMBERS, SEED + 1)
    assert (other != covered).any((1, 2, 3)).all()


def test_no_two_shapes_are_equal(drawn):
    assert len({image.tobytes() for image in drawn[0]}) == len(NUMBERS)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_turned_shape_looks_most_like_the_angles_next_to_its_own(shape, monkeypatch):
    """So the ends of the range do not meet, as those of a whole turn, or a square's quarter, would."""
    table = np.full((10, 8), 0.5)
    table[:, 1] = np.linspace(0, 1, 10)
    monkeypatch.setattr("vae_explorer.data.drawn.shapes.uniform", lambda *_: table)
    turned = draw(np.full(10, list(SHAPES).index(shape)), SEED)[0].reshape(10, -1).astype(float)
    apart = ((turned[:, None] - turned) ** 2).sum(2) + np.diag(np.full(10, np.inf))
    assert (np.abs(apart.argmin(1) - np.arange(10)) == 1).all()


def test_no_shapes_are_an_empty_batch():
    covered, factors = draw(np.empty(0, int), SEED)
    assert paint(covered, factors).shape == (0, 3, 64, 64)
    assert all(len(values) == 0 for values in factors.values())
