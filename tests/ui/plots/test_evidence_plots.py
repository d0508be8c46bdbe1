"""How log p(x) grows with K, how the one-sample ELBO scatters, and the true posterior under its ellipse."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PySide6.QtCore import QPointF, Qt

from vae_explorer.ui.plots.growth_plot import GrowthPlot
from vae_explorer.ui.plots.histogram_plot import HistogramPlot
from vae_explorer.ui.plots.posterior_map import PosteriorMapPlot, levels
from vae_explorer.ui.theme import theme
from vae_explorer.ui.widgets.numbers import mark

MU, SIGMA = np.array([0.4, -1.2]), np.array([0.1, 0.3])
COUNTS = np.unique(np.geomspace(1, 5000, 60).round())
ESTIMATES = -76.4 - 3 / COUNTS
ERRORS = 1 / np.sqrt(COUNTS)


def drawn(plot):
    """Draws what waits to be drawn, in its place."""
    plot._timer.stop()
    plot._draw()
    plot._frame.activate()
    return plot


def at(plot, x, y):
    """Where a point of the data stands in the widget, in pixels."""
    view = plot._plot
    place = view.mapFromScene(view.getViewBox().mapViewToScene(QPointF(x, y)))
    return view.viewport().mapTo(plot, place)


def colour_at(plot, x, y):
    return plot.grab().toImage().pixelColor(at(plot, x, y))


def is_near(colour, other, by=12):
    return all(abs(a - b) <= by for a, b in zip(colour.getRgb()[:3], other.getRgb()[:3], strict=True))


def is_met(plot, matches, xs, ys):
    """Whether a colour that matches stands beside one of these points of the data: lines are thin, or dashed."""
    image = plot.grab().toImage()
    places = [at(plot, x, y) for x in np.atleast_1d(xs) for y in np.atleast_1d(ys)]
    around = [(p.x() + dx, p.y() + dy) for p in places for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
    return any(matches(image.pixelColor(*place)) for place in around)


def like(name, by=80):
    colour = theme.colour(name) if name == "text" else mark(name)
    return lambda other: is_near(other, colour, by)


def is_orange(colour):
    return colour.red() > colour.blue() + 30


def is_green(colour):
    return colour.green() > colour.red() + 30 and colour.green() > colour.blue() + 30


def mass_map(mu=MU, sigma=SIGMA, points=81):
    """A Gaussian on a grid as the true posterior."""
    z1, z2 = (
        np.linspace(m - 4 * s, m + 4 * s, points + 10 * j) for j, (m, s) in enumerate(zip(mu, sigma, strict=True))
    )
    near1, near2 = (z1 - mu[0]) / sigma[0], (z2 - mu[1]) / sigma[1]
    return z1, z2, np.exp(-0.5 * (near1[None, :] ** 2 + near2[:, None] ** 2))


# the growth of the estimate


@pytest.fixture
def growth(put_on):
    plot = put_on(GrowthPlot(), 360, 200)
    plot.set_growth(COUNTS, ESTIMATES, ERRORS, -79.4, -76.4)
    return drawn(plot)


def test_the_axis_of_k_is_logarithmic(growth):
    one, ten, hundred = (at(growth, power, -77).x() for power in (0, 1, 2))
    assert hundred - ten == pytest.approx(ten - one, abs=2)
    assert growth.view[0][0] < 0 < np.log10(5000) < growth.view[0][1]


def test_the_elbo_the_exact_value_and_the_estimate_stand_at_their_nats(growth):
    along = np.linspace(1.5, 3.5, 40)
    assert is_met(growth, like("reconstruction"), along, -79.4)
    assert is_met(growth, is_green, along, -76.4)
    assert not is_met(growth, like("reconstruction"), along, -78.9)
    growth.set_growth(COUNTS, ESTIMATES, ERRORS, -79.4, None)
    drawn(growth)
    assert not is_met(growth, is_green, along, -76.4)
    assert is_met(growth, like("text"), 1.0, -76.7)
    assert [entry.text for entry in growth.legend] == ["log p̂(x) −76.40 ± 0.01 nats", "ELBO −79.40"]


def test_the_band_is_one_standard_error_to_either_side(growth):
    inside, outside = colour_at(growth, 1.0, -76.7 + 0.22), colour_at(growth, 1.0, -76.7 + 0.45)
    assert colour_at(growth, 1.0, -76.7 - 0.45) == outside
    assert inside != theme.colour("field")
    assert outside == theme.colour("field")
    assert inside == colour_at(growth, 1.0, -76.7 - 0.22)


def test_a_first_estimate_far_below_does_not_flatten_what_matters(growth):
    growth.set_growth(COUNTS, np.where(COUNTS == 1, -900.0, ESTIMATES), ERRORS, -79.4, None)
    low, high = drawn(growth).view[1]
    assert low < -79.4 < -76.4 < high
    assert high - low < 20


def test_a_cleared_plot_says_nothing_and_shows_no_line(growth):
    growth.clear()
    drawn(growth)
    assert growth.legend == ()
    assert growth.accessibleDescription() == ""
    image = growth.grab().toImage()
    assert not [x for x in range(60, 340) if is_near(image.pixelColor(x, 100), theme.colour("text"), 80)]


# the scatter of one sample


@pytest.fixture
def histogram(put_on):
    return put_on(HistogramPlot(), 320, 200)


def test_the_bars_count_the_redraws_and_the_lines_stand_at_their_nats(histogram):
    values = np.repeat([-80.5, -79.5, -78.5, -77.5], (10, 40, 20, 10))
    histogram.set_values(values, {"elbo": -79.1, "log_evidence": -77.0})
    drawn(histogram)
    assert is_met(histogram, like("text"), -77.0, 20)
    assert is_met(histogram, like("reconstruction"), -79.1, np.linspace(5, 42, 40))
    middles = (histogram._edges[1:] + histogram._edges[:-1]) / 2
    for value, count in ((-80.5, 10), (-79.5, 40), (-78.5, 20), (-77.5, 10)):
        middle = middles[np.abs(middles - value).argmin()]
        assert colour_at(histogram, middle, count - 2) != theme.colour("field")
        assert colour_at(histogram, middle, count + 2) == theme.colour("field")


def test_a_heavy_tail_does_not_flatten_the_rest_and_is_said(histogram):
    values = np.concatenate([np.linspace(-80, -76, 999), [-5000.0]])
    histogram.set_values(values, {"elbo": -83.0, "log_evidence": -76.4})
    low, high = drawn(histogram).view[0]
    assert -100 < low < -83
    assert high > -76
    assert histogram.legend[0].text == "one-sample ELBO, 0.1 % outside"


# the true posterior and the ellipse


@pytest.fixture
def latent_map(put_on):
    plot = put_on(PosteriorMapPlot(), 320, 300)
    plot.set_posterior(*mass_map(), MU, SIGMA, ("z₀", "z₁"), None)
    return drawn(plot)


@pytest.mark.parametrize("mass", [0.5, 0.9, 0.99])
def test_the_region_of_a_mass_holds_that_mass(latent_map, mass):
    """Of a Gaussian in two dimensions it is the ellipse with a squared distance of −2 log(1 − mass) sigma²."""
    shares = np.exp(latent_map._log)
    level = levels(latent_map._log, (mass,))[0]
    assert shares[latent_map._log >= level].sum() / shares.sum() == pytest.approx(mass, abs=2e-3)
    reach = SIGMA[0] * np.sqrt(-2 * np.log(1 - mass))
    row = np.abs(latent_map._y - MU[1]).argmin()
    inside = latent_map._x[latent_map._log[row] >= level]
    assert (inside.min(), inside.max()) == pytest.approx((MU[0] - reach, MU[0] + reach), abs=0.01)


def test_the_regions_are_painted_where_they_are_each_stronger_than_the_one_around_it(latent_map):
    latent_map.set_posterior(*mass_map(), np.full(2, np.nan), SIGMA, ("z₀", "z₁"), None)
    drawn(latent_map)
    reaches = [np.sqrt(-2 * np.log(1 - mass)) for mass in (0.5, 0.9, 0.99)]
    between = [0.5 * reaches[0], *(np.mean(pair) for pair in pairwise(reaches)), 3.5]
    blue = [colour_at(latent_map, MU[0], MU[1] + SIGMA[1] * reach).blue() for reach in between]
    assert blue == sorted(blue, reverse=True)
    assert len(set(blue)) == 4
    assert blue[-1] == theme.colour("field").blue()


def test_the_ellipses_reach_from_mu_minus_sigma_to_mu_plus_sigma_in_the_units_of_z(latent_map):
    for times in (1, 2):
        for way in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            assert is_met(latent_map, is_orange, *(MU + times * SIGMA * way)), (times, way)
            assert not is_met(latent_map, is_orange, *(MU + (times - 0.4) * SIGMA * way)), (times, way)
    assert is_near(colour_at(latent_map, *MU), mark("mu"))
    before = at(latent_map, *(MU + SIGMA)) - at(latent_map, *MU)
    latent_map.resize(600, 500)
    after = at(latent_map, *(MU + SIGMA)) - at(latent_map, *MU)
    assert after.x() > 1.3 * before.x()


def test_a_unit_is_as_long_upwards_as_to_the_right_and_all_is_in_sight(latent_map):
    for size in ((320, 300), (700, 200), (200, 500)):
        latent_map.resize(*size)
        drawn(latent_map)
        zero, right, up = at(latent_map, 0, 0), at(latent_map, 1, 0), at(latent_map, 0, 1)
        assert right.x() - zero.x() == pytest.approx(zero.y() - up.y(), abs=3)
        (left, end), (low, high) = latent_map.view
        assert left <= MU[0] - 2 * SIGMA[0] < MU[0] + 2 * SIGMA[0] <= end
        assert low <= MU[1] - 2 * SIGMA[1] < MU[1] + 2 * SIGMA[1] <= high


def test_the_fitted_q_is_dashed_and_named(latent_map):
    latent_map.set_posterior(*mass_map(), MU, SIGMA, ("z₂", "z₅"), (MU + 0.1, SIGMA))
    assert [entry.sign for entry in latent_map.legend] == ["fill", "line", "dash"]
    assert latent_map.accessibleDescription() == (
        "q(z|x): z₂ 0.40 ± 0.10, z₅ −1.20 ± 0.30; q fitted: z₂ 0.50 ± 0.10, z₅ −1.10 ± 0.30"
    )


def test_an_uneven_grid_gives_the_same_regions(latent_map):
    z2 = mass_map()[1]
    bent = MU[0] + 4 * SIGMA[0] * np.sinh(np.linspace(-1, 1, 90) * 2) / np.sinh(2)
    density = np.exp(-0.5 * (((bent - MU[0]) / SIGMA[0])[None, :] ** 2 + ((z2 - MU[1]) / SIGMA[1])[:, None] ** 2))
    latent_map.set_posterior(bent, z2, density, MU, SIGMA, ("z₀", "z₁"), None)
    inside = np.exp(latent_map._log[latent_map._log >= latent_map._levels[0]]).sum() / np.exp(latent_map._log).sum()
    assert inside == pytest.approx(0.5, abs=2e-3)


def test_a_density_of_another_shape_is_refused(latent_map):
    z1, z2, density = mass_map()
    with pytest.raises(ValueError, match=r"the density is \[91, 81\], got \[81, 91\]"):
        latent_map.set_posterior(z1, z2, density.T, MU, SIGMA, ("z₀", "z₁"), None)


# all of them


def test_a_message_takes_the_place_of_the_plot(growth):
    growth.set_message("log p(x) is being estimated")
    assert not growth._plot.isVisible()
    growth.set_message(None)
    assert growth._plot.isVisible()


def test_they_follow_the_theme(growth, histogram):
    histogram.set_values(np.linspace(-80, -76, 100), {"elbo": -78.0})
    theme.set_scheme(Qt.ColorScheme.Light)
    assert colour_at(drawn(growth), 0.0, -76.0) == theme.colour("field")
    assert is_met(drawn(histogram), like("reconstruction"), -78.0, np.linspace(1, 9, 40))


FLOATS = st.floats()
hostile = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def failures(monkeypatch):
    found = []
    monkeypatch.setattr("sys.excepthook", lambda *failure: found.append(failure))
    return found


@hostile
@given(arrays(float, st.tuples(st.just(3), st.integers(0, 5)), elements=FLOATS), FLOATS, st.none() | FLOATS)
def test_no_estimate_stops_the_drawing(growth, failures, rows, elbo, exact):
    growth.set_growth(*rows, elbo, exact)
    drawn(growth).grab()
    assert failures == []


@hostile
@given(arrays(float, st.integers(0, 8), elements=FLOATS), FLOATS, FLOATS)
def test_no_redraw_stops_the_drawing(histogram, failures, values, elbo, log_evidence):
    histogram.set_values(values, {"elbo": elbo, "log_evidence": log_evidence})
    drawn(histogram).grab()
    assert failures == []


@hostile
@given(
    arrays(float, 3, elements=FLOATS),
    arrays(float, (2, 3), elements=FLOATS),
    arrays(float, (2, 2), elements=FLOATS),
    st.booleans(),
)
def test_no_posterior_stops_the_drawing(latent_map, failures, z1, density, gaussian, is_rising):
    z1 = np.arange(3.0) if is_rising else z1
    latent_map.set_posterior(z1, np.arange(2.0), density, *gaussian, ("z₀", "z₁"), tuple(gaussian))
    drawn(latent_map).grab()
    assert failures == []
