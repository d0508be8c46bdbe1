"""The KL of each dimension as bars."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from vae_explorer.ui.plots.bar_plot import BarPlot
from vae_explorer.ui.widgets.numbers import mark


@pytest.fixture
def plot(qtbot):
    plot = BarPlot()
    qtbot.addWidget(plot)
    plot.resize(260, 60)
    plot.show()
    qtbot.waitExposed(plot)
    return plot


def hover(plot, x, y):
    """The pointer moves there. (QTest.mouseMove says nothing where the pointer happens to be there already.)"""
    place = QPointF(x, y)
    none = Qt.MouseButton.NoButton
    move = QMouseEvent(
        QMouseEvent.Type.MouseMove, place, plot.mapToGlobal(place), none, none, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(plot, move)


def height_of(plot, dimension):
    """Violet pixels in the middle of a dimension's column."""
    image = plot.grab().toImage()
    wanted = mark("kl").getRgb()[:3]
    found = [image.pixelColor(int(plot.x_of(dimension)), y).getRgb()[:3] for y in range(image.height())]
    return sum(all(abs(a - b) <= 6 for a, b in zip(pixel, wanted, strict=True)) for pixel in found)


def test_a_bar_is_as_high_as_its_kl(plot):
    plot.set_values(np.array([1.0, 4.0, 2.0]), np.array([1, 2, 0]))
    one, four, two = (height_of(plot, j) for j in range(3))
    assert four == pytest.approx(plot.height() - 8, abs=2)
    assert two == pytest.approx(four / 2, abs=2)
    assert one == pytest.approx(four / 4, abs=2)


def test_bars_stand_in_the_given_order(plot):
    plot.set_values(np.array([1.0, 4.0, 2.0]), np.array([1, 2, 0]))
    assert plot.x_of(1) < plot.x_of(2) < plot.x_of(0)


def test_a_collapsed_posterior_has_low_bars(plot):
    plot.set_values(np.array([1e-4, 2e-4]), np.arange(2))
    assert max(height_of(plot, j) for j in range(2)) <= 2


def test_hovering_gives_the_number(qtbot, plot):
    plot.set_values(np.array([0.004, 3.02]), np.array([1, 0]))
    with qtbot.waitSignal(plot.dimension_pointed) as pointed:
        hover(plot, 20, 30)
    assert pointed.args == [1]
    assert plot.accessibleDescription() == "z₁: KL 3.0 nats"
    assert plot.readout(0) == "z₀: KL 0.004 nats"


@pytest.mark.parametrize("z_dim", [0, 1, 64, 512])
def test_any_number_of_dimensions_can_be_shown(plot, monkeypatch, z_dim):
    failures = []
    monkeypatch.setattr("sys.excepthook", lambda *failure: failures.append(failure))
    values = np.full(z_dim, 2.0)
    values[z_dim // 2 :] = np.nan
    plot.set_values(values, np.arange(z_dim))
    plot.point_at(0)
    plot.grab()
    assert failures == []
    assert z_dim < 2 or height_of(plot, 1) > 30


def test_a_pointed_dimension_that_is_gone_is_no_longer_pointed_at(plot):
    plot.set_values(np.ones(8), np.arange(8))
    plot.point_at(7)
    plot.set_values(np.ones(2), np.arange(2))
    assert plot.pointed == -1
    plot.clear()
    assert plot.accessibleDescription() == ""
