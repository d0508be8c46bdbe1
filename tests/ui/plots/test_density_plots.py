"""q(z) against the prior: one dimension in large, all of them as small pictures."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PySide6.QtCore import QPointF, Qt

from vae_explorer.ui.plots.density_multiples import DensityMultiples
from vae_explorer.ui.plots.density_plot import DensityPlot
from vae_explorer.ui.theme import theme
from vae_explorer.ui.widgets.numbers import mark
from vae_explorer.ui.widgets.panel import scrolling

Z = np.linspace(-5, 5, 201)
PRIOR = np.exp(-Z * Z / 2) / np.sqrt(2 * np.pi)


def gaussian(mu, sigma):
    return np.exp(-0.5 * ((Z - mu) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))


def is_near(colour, other, by=6):
    return all(abs(a - b) <= by for a, b in zip(colour.getRgb()[:3], other.getRgb()[:3], strict=True))


# one dimension


@pytest.fixture
def plot(put_on):
    return put_on(DensityPlot(), 420, 200)


def drawn(plot):
    """Draws what waits to be drawn, in its place."""
    plot._timer.stop()
    plot._draw()
    plot._frame.activate()
    return plot


def curves(plot):
    """What is drawn, as arrays [2, n]."""
    return [np.array(item.getData()) for item in plot._plot.listDataItems()]


def test_q_and_the_prior_have_one_scale(plot):
    plot.set_densities(Z, gaussian(1, 0.5), PRIOR, None, name="z₆")
    q, prior = curves(drawn(plot))
    assert q[1].max() / prior[1].max() == pytest.approx(2, rel=1e-3)
    assert np.trapezoid(q[1], q[0]) == pytest.approx(1, abs=1e-3)
    assert np.trapezoid(prior[1], prior[0]) == pytest.approx(1, abs=1e-3)
    assert plot.view[1][1] > q[1].max()
    assert [entry.text for entry in plot.legend] == ["q(z₆), all images", "prior N(0, 1)"]


def test_a_narrow_posterior_is_drawn_lower_and_says_by_how_much(plot):
    plot.set_densities(Z, PRIOR, PRIOR, (-1.3, 0.05))
    image = curves(drawn(plot))[-1]
    assert image[0][image[1].argmax()] == pytest.approx(-1.3)
    half = image[0][image[1] >= image[1].max() / 2]
    assert np.ptp(half) == pytest.approx(2.355 * 0.05, rel=0.06)
    assert 0.85 * plot.view[1][1] < image[1].max() < plot.view[1][1]
    times = 1 / (0.05 * np.sqrt(2 * np.pi)) / image[1].max()
    assert plot.legend[-1].text == f"q(z|x) ÷ {times:.0f}, this image"
    assert plot.accessibleDescription() == "μ −1.30, σ 0.05"


def test_a_broad_posterior_keeps_its_scale(plot):
    plot.set_densities(Z, PRIOR, PRIOR, (0.1, 0.98))
    assert curves(drawn(plot))[-1][1].max() == pytest.approx(1 / (0.98 * np.sqrt(2 * np.pi)))
    assert plot.legend[-1].text == "q(z|x), this image"


def test_a_plain_autoencoder_has_bins_and_a_line_at_the_z_of_the_image(plot):
    middles = np.arange(-20.0, 21.0, 2)
    bins = np.where(np.abs(middles) < 10, 0.05, 0.001)
    plot.set_densities(middles, bins, np.exp(-(middles**2) / 2) / np.sqrt(2 * np.pi), (12.25, 0.0), True, "z₁")
    x, y = curves(drawn(plot))[0]
    assert (x.min(), x.max()) == (-21, 21)
    assert set(y[(x > -9) & (x < 9)]) == {0.05}
    assert plot.legend[-1].text == "z₁ of this image 12.25"
    assert len(curves(plot)) == 2


def test_a_mu_beyond_the_axis_widens_it(plot):
    plot.set_densities(Z, PRIOR, PRIOR, (7.0, 0.1))
    assert drawn(plot).view[0][1] >= 7.3


def test_a_cleared_plot_is_empty(plot):
    plot.set_densities(Z, PRIOR, PRIOR, (7.0, 0.1))
    drawn(plot).clear()
    assert all(np.size(curve) == 0 or curve[1] is None for curve in curves(drawn(plot)))
    assert plot.legend == ()


hostile = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@hostile
@given(
    arrays(float, st.tuples(st.just(3), st.integers(0, 5)), elements=st.floats()),
    st.none() | st.tuples(st.floats(), st.floats()),
    st.booleans(),
)
def test_no_density_stops_the_drawing(plot, monkeypatch, rows, posterior, is_histogram):
    failures = []
    monkeypatch.setattr("sys.excepthook", lambda *failure: failures.append(failure))
    plot.set_densities(*rows, posterior, is_histogram)
    drawn(plot).grab()
    assert failures == []


# all dimensions


@pytest.fixture
def multiples(put_on):
    made = put_on(DensityMultiples(), 480, 200)
    densities = np.stack([gaussian(0, 1), gaussian(-1, 0.5), gaussian(2, 0.4), *[PRIOR] * 5])
    active = np.array([True, True, True, False, False, False, False, False])
    made.set_densities(Z, densities, np.array([2, 1, 0, 3, 4, 5, 6, 7]), active, np.arange(8) - 4.0, 1)
    return made


def blue_of(widget, dimension):
    """Pixels of the filled curve from the left to the right of a cell, near its floor."""
    cell, image = widget.cell_rect(dimension), widget.grab().toImage()
    field, y = theme.colour("field"), int(cell.bottom()) - theme.pixels(7)
    row = [image.pixelColor(x, y) for x in range(int(cell.left()) + 5, int(cell.right()) - 4)]
    return [place for place, colour in enumerate(row) if colour.blue() > max(field.blue() + 40, colour.red())]


def test_cells_stand_in_the_given_order_and_their_curves_where_the_density_is(multiples):
    assert multiples.cell_rect(2).left() < multiples.cell_rect(1).left() < multiples.cell_rect(0).left()
    assert np.mean(blue_of(multiples, 1)) < np.mean(blue_of(multiples, 0)) < np.mean(blue_of(multiples, 2))


def test_an_inactive_dimension_is_dimmed(multiples):
    def brightest(dimension):
        cell, image = multiples.cell_rect(dimension).toAlignedRect(), multiples.grab().toImage().copy
        shown = image(cell.adjusted(4, 4, -4, -4))
        return max(shown.pixelColor(x, y).lightness() for x in range(shown.width()) for y in range(shown.height()))

    assert brightest(3) < brightest(0) - 30


def test_mu_of_the_image_is_an_orange_line(multiples):
    multiples.set_densities(Z, np.tile(PRIOR, (8, 1)), np.arange(8), np.ones(8, bool), np.arange(8) - 4.0, -1)
    cell, image = multiples.cell_rect(3), multiples.grab().toImage()
    row = {x: image.pixelColor(x, int(cell.center().y())) for x in range(int(cell.left()), int(cell.right()))}
    found = [x for x, colour in row.items() if is_near(colour, mark("mu"))]
    assert np.mean(found) == pytest.approx(cell.center().x() - cell.width() / 10, abs=2)


def test_a_click_chooses_and_says_so_once(qtbot, multiples):
    chosen = []
    multiples.chosen.connect(chosen.append)
    for _ in range(2):
        qtbot.mouseClick(multiples, Qt.MouseButton.LeftButton, pos=multiples.cell_rect(0).center().toPoint())
    assert chosen == [0]
    assert multiples.selected == 0
    assert multiples.accessibleDescription() == "z₀, active"
    assert multiples.dimension_at(QPointF(470, 195)) == -1


def test_arrows_home_and_end_walk_through_the_cells_as_they_stand(qtbot, multiples):
    chosen = []
    multiples.chosen.connect(chosen.append)
    for key in ("Home", "Right", "Right", "Left", "Down", "Up", "End", "Right", "Left"):
        qtbot.keyClick(multiples, getattr(Qt.Key, f"Key_{key}"))
    assert multiples._columns() == 4  # of the six in a row that there would be room for
    assert chosen == [2, 1, 0, 1, 5, 1, 7, 6]


def test_512_dimensions_scroll_and_only_those_in_sight_are_painted(qtbot, put_on, monkeypatch):
    inside = DensityMultiples()
    inside.set_densities(Z, np.tile(PRIOR, (512, 1)), np.arange(512), np.ones(512, bool), None, 0)
    area = put_on(scrolling(inside), 500, 200)
    assert inside.height() == inside.heightForWidth(inside.width()) > 3000
    painted = []
    monkeypatch.setattr(DensityMultiples, "_paint_cell", lambda _self, _painter, _cell, j: painted.append(j))
    qtbot.keyClick(inside, Qt.Key.Key_End)
    assert area.verticalScrollBar().value() > area.verticalScrollBar().maximum() - 5
    painted.clear()
    area.grab()
    assert 511 in painted
    assert len(painted) <= 6 * 6


def test_a_selected_dimension_that_is_gone_is_no_longer_selected(multiples):
    multiples.select(7)
    multiples.set_densities(Z, np.tile(PRIOR, (2, 1)), np.arange(2), np.ones(2, bool), None, 7)
    assert multiples.selected == -1
    multiples.clear()
    multiples.grab()


@hostile
@given(
    arrays(float, st.integers(0, 4), elements=st.floats()),
    arrays(float, (2, 4), elements=st.floats()),
    arrays(float, 2, elements=st.floats()),
)
def test_no_densities_stop_the_painting(multiples, monkeypatch, z, densities, mu):
    failures = []
    monkeypatch.setattr("sys.excepthook", lambda *failure: failures.append(failure))
    multiples.set_densities(z, densities[:, : len(z)], np.arange(2), np.array([True, False]), mu, 0)
    multiples.grab()
    assert failures == []
