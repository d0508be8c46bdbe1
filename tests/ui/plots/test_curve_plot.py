"""Curves that grow while a run goes on."""

import subprocess
import sys

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QFontMetricsF, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QScrollArea, QVBoxLayout, QWidget

from vae_explorer.ui.plots.curve_plot import CurvePlot, robust_range
from vae_explorer.ui.theme import theme
from vae_explorer.ui.widgets.numbers import mark

STEPS = np.arange(0.0, 1000.0)
BROAD = np.where(STEPS % 2, 1.0, 0.0)  # so dense that it is an area of its colour
ELBO = -100 - 440 * np.exp(-STEPS / 20)


@pytest.fixture
def plot(qtbot):
    plot = CurvePlot("ELBO")
    qtbot.addWidget(plot)
    plot.resize(300, 160)
    plot.show()
    qtbot.waitExposed(plot)
    return plot


def drawn(qtbot, plot, curves):
    plot.set_curves(curves)
    qtbot.waitUntil(lambda: plot.view is not None and not active_timers(plot))
    return plot.view


def active_timers(plot):
    return [timer for timer in plot.findChildren(QTimer) if timer.isActive()]


def colours(plot):
    image = plot.grab().toImage()
    return {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}


def test_importing_the_widget_does_not_load_pyqtgraph():
    script = (
        "import sys; import vae_explorer.ui.plots.curve_plot; from PySide6.QtWidgets import QApplication;"
        "a = QApplication(['-platform', 'offscreen']); w = vae_explorer.ui.plots.curve_plot.CurvePlot();"
        "sys.exit('pyqtgraph' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], timeout=60, check=False).returncode == 0


def test_a_curve_has_the_colour_of_its_name(qtbot, plot):
    drawn(qtbot, plot, {"train": (STEPS, BROAD), "validation": (STEPS, BROAD + 2)})
    found = colours(plot)
    assert mark("train").name() in found
    assert mark("validation").name() in found
    drawn(qtbot, plot, {"train": (STEPS, BROAD)})
    assert mark("validation").name() not in colours(plot)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_first_bad_figures_do_not_flatten_the_rest(sign):
    """Neither those that are far below nor, as of the KL, those that are far above."""
    low, high = sorted(sign * figure for figure in robust_range([sign * ELBO]))
    assert low > -150
    assert high > -100


def test_of_the_rise_as_much_is_in_sight_as_takes_no_more_room_than_the_rest():
    rise = np.concatenate([np.linspace(-500, -130, 20), np.linspace(-130, -100, 80)])
    low, high = robust_range([rise])
    assert -166 < low < -155
    assert -100 < high < -95


def test_the_newest_figure_is_in_sight_even_when_it_is_the_worst():
    low, high = robust_range([np.array([-100.0] * 50 + [-900.0])])
    assert low < -900
    assert high > -100


@pytest.mark.parametrize("values", [[], [np.nan], [5.0], [0.0, 0.0], [np.inf, -1.0, np.nan]])
def test_no_figures_or_odd_ones_still_give_a_range(values):
    low, high = robust_range([np.array(values)])
    assert np.isfinite([low, high]).all()
    assert low < high


def test_odd_figures_are_drawn_without_complaint(qtbot, plot):
    drawn(qtbot, plot, {"train": (np.empty(0), np.empty(0)), "kl": (np.arange(3.0), np.array([np.nan, np.inf, 1.0]))})
    plot.grab()


def test_it_redraws_at_most_ten_times_a_second(qtbot, plot, monkeypatch):
    drawn(qtbot, plot, {"train": (STEPS, ELBO)})
    draws = []
    monkeypatch.setattr(plot, "_fit", lambda: draws.append(1))
    for _ in range(50):
        plot.set_curves({"train": (STEPS, ELBO)})
        qtbot.wait(5)
    qtbot.waitUntil(lambda: not active_timers(plot))
    assert 1 <= len(draws) <= 6


def test_the_view_follows_until_the_user_zooms_and_again_after_a_double_click(qtbot, plot):
    drawn(qtbot, plot, {"train": (STEPS[:500], ELBO[:500])})
    viewport = plot._plot.viewport()
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=QPoint(150, 60))
    turn_wheel(viewport, 2)
    zoomed = plot.view
    assert zoomed[0][1] - zoomed[0][0] < 499
    assert drawn(qtbot, plot, {"train": (STEPS, ELBO)}) == zoomed
    QTest.mouseDClick(plot.windowHandle(), Qt.MouseButton.LeftButton, pos=QPoint(150, 60))
    assert plot.view[0] == (0, 999)


def turn_wheel(widget, notches):
    window = widget.window()
    place = QPointF(widget.mapTo(window, widget.rect().center()))
    QTest.wheelEvent(window.windowHandle(), place, QPoint(0, 120 * notches))


def test_the_wheel_scrolls_the_panel_until_the_plot_is_clicked(qtbot):
    area, inside, plot = QScrollArea(), QWidget(), CurvePlot()
    qtbot.addWidget(area)
    QVBoxLayout(inside).addWidget(plot)
    plot.setFixedSize(200, 100)
    inside.layout().addSpacing(900)
    area.setWidget(inside)
    area.resize(260, 200)
    area.show()
    qtbot.waitExposed(area)
    before = drawn(qtbot, plot, {"train": (STEPS, ELBO)})
    turn_wheel(plot, -1)
    assert area.verticalScrollBar().value() > 0
    assert plot.view == before


def test_a_hidden_plot_waits_with_its_drawing_and_leaves_no_timer(qtbot, plot):
    plot.hide()
    plot.set_curves({"train": (STEPS, ELBO)})
    assert active_timers(plot) == []
    assert plot.view is None
    plot.show()
    qtbot.waitUntil(lambda: plot.view is not None)
    plot.set_curves({"train": (STEPS, ELBO)})
    plot.close()
    assert active_timers(plot) == []


def hover(plot, x):
    """The mouse goes to an x of the curves."""
    viewport = plot._plot.viewport()
    scene = plot._plot.getViewBox().mapViewToScene(QPointF(x, sum(plot.view[1]) / 2))
    place = QPointF(plot._plot.mapFromScene(scene))
    none, keys = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(
        viewport, QMouseEvent(QEvent.Type.MouseMove, place, viewport.mapToGlobal(place), none, none, keys)
    )


def test_the_figures_under_the_mouse_are_written_next_to_it(qtbot, plot):
    epochs = np.arange(0.5, 60.5, 0.5)
    drawn(qtbot, plot, {"train": (epochs, -100 + epochs / 10), "validation": (epochs[1::2], -100 + epochs[1::2] / 20)})
    before = plot.grab().toImage()
    hover(plot, 41.02)
    assert plot.readout == [("epoch 41", "text"), ("train −95.9", "train"), ("validation −98.0", "validation")]
    assert plot.accessibleDescription() == "epoch 41, train −95.9, validation −98.0"
    assert plot.grab().toImage() != before
    hover(plot, 41.5)
    assert plot.readout[0] == ("epoch 41.5", "text")
    assert plot.readout[2][0].endswith(" at 41")  # there is no figure of the validation at 41.5
    QApplication.sendEvent(plot._plot.viewport(), QEvent(QEvent.Type.Leave))
    assert plot.readout == []
    assert plot.grab().toImage() == before


def test_the_figures_can_be_walked_with_the_keys(qtbot, plot):
    drawn(qtbot, plot, {"train": (np.arange(1.0, 6.0), np.arange(5.0))})
    plot.setFocus()
    for key, wanted in (("Left", "4"), ("Left", "3"), ("Right", "4"), ("End", "5"), ("Home", "1"), ("Left", "1")):
        qtbot.keyClick(plot, getattr(Qt.Key, f"Key_{key}"))
        assert plot.readout[0][0] == f"epoch {wanted}"


@pytest.mark.parametrize("scale", [80, 100, 200])
@pytest.mark.parametrize("values", [[-102.4, -101.9], [-12345.6, -12001.2], [0.00012, 0.00019], [-1.0, 1.0]])
def test_no_number_of_the_axis_is_cut(qtbot, plot, scale, values):
    theme.set_scale(scale)
    drawn(qtbot, plot, {"train": (np.arange(2.0), np.array(values))})
    axis = plot._plot.getAxis("left")
    spacing, ticks = axis.tickValues(*plot.view[1], plot._plot.getViewBox().height())[0]
    assert len(ticks)
    widest = max(map(QFontMetricsF(axis.style["tickFont"]).horizontalAdvance, axis.tickStrings(ticks, 1.0, spacing)))
    qtbot.waitUntil(lambda: axis.width() >= widest + axis.style["tickTextOffset"][0])  # it is measured when painted


def test_it_follows_the_theme(qtbot, plot):
    drawn(qtbot, plot, {"train": (STEPS, BROAD)})
    try:
        theme.set_scheme(Qt.ColorScheme.Light)
        assert {theme.colour("field").name(), mark("train").name()} <= colours(plot)
    finally:
        theme.set_scheme(Qt.ColorScheme.Dark)


def test_a_screen_reader_hears_the_newest_figures(qtbot, plot):
    drawn(qtbot, plot, {"train": (STEPS, ELBO), "validation": (STEPS[:2], np.array([-120.0, -99.64]))})
    assert plot.accessibleDescription() == "train −100.0, validation −99.6"
