"""What the posterior plot shows, and how one walks through its dimensions."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLineEdit, QWidget

from vae_explorer.ui.plots.posterior_plot import PosteriorPlot
from vae_explorer.ui.widgets.numbers import mark

MU = np.array([0.17, -2.04, 1.5, 0.0])
SIGMA = np.array([0.11, 0.26, 0.5, 0.98])
KL = np.array([1.7, 3.0, 1.44, 0.0])
ORDER = np.array([1, 0, 2, 3])


def shown(qtbot, widget, size=(280, 124)):
    qtbot.addWidget(widget)
    widget.resize(*size)
    widget.show()
    qtbot.waitExposed(widget)
    return widget


@pytest.fixture
def plot(qtbot):
    plot = shown(qtbot, PosteriorPlot())
    plot.set_posterior(MU, SIGMA, KL, ORDER)
    return plot


def hover(plot, x, y):
    """The pointer moves there. (QTest.mouseMove says nothing where the pointer happens to be there already.)"""
    place = QPointF(x, y)
    none = Qt.MouseButton.NoButton
    move = QMouseEvent(
        QMouseEvent.Type.MouseMove, place, plot.mapToGlobal(place), none, none, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(plot, move)


def colour_at(plot, x, y):
    image = plot.grab().toImage()
    return image.pixelColor(int(x * image.devicePixelRatio()), int(y * image.devicePixelRatio()))


def near(colour, other):
    return all(abs(a - b) <= 6 for a, b in zip(colour.getRgb()[:3], other.getRgb()[:3], strict=True))


def count(plot, colour):
    """Pixels of a colour."""
    image = plot.grab().toImage()
    return sum(near(image.pixelColor(x, y), colour) for x in range(image.width()) for y in range(0, image.height(), 2))


def test_each_mu_is_an_orange_dot_at_its_place(plot):
    for j, mu in enumerate(MU):
        assert near(colour_at(plot, plot.x_of(j), plot.y_of(mu)), mark("mu"))


def test_the_bar_is_green_from_mu_minus_sigma_to_mu_plus_sigma(plot):
    x = plot.x_of(2)
    for inside in (1.5 + 0.42, 1.5 - 0.42):
        assert near(colour_at(plot, x, plot.y_of(inside)), mark("sigma"))
    for outside in (1.5 + 0.6, 1.5 - 0.6):
        assert not near(colour_at(plot, x, plot.y_of(outside)), mark("sigma"))


def test_dimensions_stand_in_the_given_order(plot):
    assert plot.x_of(1) < plot.x_of(0) < plot.x_of(2) < plot.x_of(3)


def test_the_band_of_the_prior_ends_at_one_sigma(plot):
    x = 200
    assert colour_at(plot, x, plot.y_of(0.9)) == colour_at(plot, x, plot.y_of(-0.9))
    assert colour_at(plot, x, plot.y_of(0.9)) != colour_at(plot, x, plot.y_of(1.2))


def test_the_range_is_three_and_grows_with_the_data(plot):
    assert plot.range == 3
    plot.set_posterior(MU * 4, SIGMA, KL, ORDER)
    assert plot.range == 10
    assert plot.y_of(-2.04 * 4) < plot.height()


def test_the_readout_gives_the_numbers(plot):
    assert plot.readout(1) == "z₁: μ −2.04, σ 0.26, KL 3.0 nats"


def test_hovering_points_at_the_dimension_under_the_pointer(plot):
    pointed = []
    plot.dimension_pointed.connect(pointed.append)
    for j in (1, 0, 2):
        hover(plot, plot.x_of(j), 60)
        assert plot.pointed == j
    assert pointed == [1, 0, 2]
    assert plot.accessibleDescription() == plot.readout(2)


def test_the_arrow_keys_walk_through_the_dimensions_in_order(qtbot):
    page = QWidget()
    row, before, plot = QHBoxLayout(page), QLineEdit(), PosteriorPlot()
    row.addWidget(before)
    row.addWidget(plot)
    plot.set_posterior(MU, SIGMA, KL, ORDER)
    shown(qtbot, page, (500, 130))
    page.activateWindow()
    before.setFocus()
    qtbot.waitUntil(before.hasFocus)
    pointed = []
    plot.dimension_pointed.connect(pointed.append)
    qtbot.keyClick(before, Qt.Key.Key_Tab)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_End, Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_Home):
        qtbot.keyClick(plot, key)
    before.setFocus()
    assert pointed == [1, 0, 3, 2, 1, -1]


def test_pointing_from_outside_highlights_and_says_nothing(plot):
    pointed = []
    plot.dimension_pointed.connect(pointed.append)
    before = colour_at(plot, plot.x_of(2), 120)
    plot.point_at(2)
    assert colour_at(plot, plot.x_of(2), 120) != before
    plot.point_at(99)
    assert plot.pointed == -1
    assert pointed == []


def test_without_an_image_there_is_neither_dot_nor_bar(plot):
    plot.point_at(2)
    plot.clear()
    assert plot.pointed == -1
    assert count(plot, mark("mu")) == 0
    assert count(plot, mark("sigma")) == 0


@pytest.mark.parametrize("z_dim", [1, 2, 64, 512])
def test_any_number_of_dimensions_can_be_seen_and_pointed_at(plot, z_dim):
    plot.set_posterior(np.zeros(z_dim), np.full(z_dim, 0.9), np.full(z_dim, 0.1), np.arange(z_dim)[::-1])
    assert count(plot, mark("sigma")) > 50
    hover(plot, plot.width() - 1, 20)
    assert plot.pointed == 0


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.floats(), st.floats(), st.floats()), min_size=1, max_size=6))
def test_no_figure_a_broken_model_may_give_stops_the_painting(plot, monkeypatch, rows):
    failures = []
    monkeypatch.setattr("sys.excepthook", lambda *failure: failures.append(failure))
    mu, sigma, kl = np.array(rows).T
    with np.errstate(all="ignore"):
        plot.set_posterior(mu, sigma, kl, np.arange(len(rows)))
        plot.point_at(0)
        plot.grab()
    assert failures == []
