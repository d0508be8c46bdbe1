"""The axes along which z is moved."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vae_explorer.core.latent import MAX_Z, Axis, latent_point

POINTS = arrays(np.float32, 4, elements=st.floats(-50, 50, width=32))


def along(vector):
    """An axis in this direction."""
    return Axis("bolder", (vector / np.linalg.norm(vector)).astype(np.float32))


def test_a_dimension_moves_alone_and_exactly():
    z = np.array([0.1, 1e30, -3, 0.25], np.float32)
    axis = Axis.of_dimension(2, 4)
    moved = axis.moved(z, 0.7)
    assert moved.tolist() == [z[0], z[1], np.float32(0.7), z[3]]
    assert axis.value(moved) == np.float32(0.7)
    assert z[2] == -3  # the point itself stays


@given(POINTS, POINTS.filter(lambda v: np.linalg.norm(v) > 1), st.floats(-20, 20))
def test_along_any_axis_the_point_gets_the_value_and_what_is_orthogonal_stays(z, direction, value):
    axis = along(direction)
    moved = axis.moved(z, value)
    assert axis.value(moved) == pytest.approx(value, abs=1e-3)
    apart = moved.astype(np.float64) - z
    assert np.linalg.norm(apart - (apart @ axis.vector) * axis.vector) < 1e-3
    np.testing.assert_allclose(axis.moved(moved, axis.value(z)), z, atol=1e-3)


@pytest.mark.parametrize("numbers", [[MAX_Z * 1.1], [float("inf")], [float("nan"), 0.0]])
def test_a_point_that_float32_does_not_hold_is_refused(numbers):
    with pytest.raises(ValueError, match="finite numbers only"):
        latent_point(numbers)


def test_a_point_that_float32_holds_is_taken():
    assert latent_point([MAX_Z, -1e-30]).tolist() == [np.float32(MAX_Z), np.float32(-1e-30)]
