"""Curves that grow while a run goes on."""

import subprocess
import sys

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

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


def test_the_first_bad_figures_do_not_flatten_the_rest():
    low, high = robust_range([ELBO])
    assert low > -150
    assert high > -100


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
