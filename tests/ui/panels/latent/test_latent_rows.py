"""The rows of z: their columns, the focus, pointing, the filter, and the room that they take."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton

from vae_explorer.ui.panels.latent.dimension_filter import indices
from vae_explorer.ui.panels.latent.latent_panel import NONE_SUCH, LatentPanel
from vae_explorer.ui.panels.latent.latent_row import tint
from vae_explorer.ui.panels.latent.latent_slider import LatentSlider
from vae_explorer.ui.theme import SCALES, theme

WAIT = 30_000  # milliseconds
KL = [0.5, 3.0, 0.001, 1.0]  # nats: the order is 1, 3, 0, 2, and 2 says nothing


@pytest.fixture
def panel(session, put_on):
    return put_on(LatentPanel(session), 744, 576)


@pytest.fixture
def four(open_model, make_model):
    return open_model(make_model(z_dim=4, kl=KL, mu_variance=[0.2, 0.9, 0.0001, 0.5]))


@pytest.fixture
def forty(open_model, make_model):
    return open_model(make_model(z_dim=40, kl=np.linspace(5, 0.5, 40).tolist()))


def row(panel, j):
    return next(line for line in panel.rows() if line.j == j)


def hover(line):
    """Moves the mouse over a row."""
    QApplication.sendEvent(line, QEnterEvent(QPointF(1, 1), QPointF(1, 1), QPointF(1, 1)))


def leave(line):
    QApplication.sendEvent(line, QEvent(QEvent.Type.Leave))


def colour_at(line, x=1, y=14):
    return line.grab().toImage().pixelColor(x, y)


# the figures


def test_kl_of_this_image_and_its_average_have_columns_of_their_own(panel, four, session, bring):
    assert [line.texts()["mean"] for line in panel.rows()] == ["3.0", "1.0", "0.5", "0.0"]
    assert {line.texts()["here"] for line in panel.rows()} == {"–"}  # there is no image
    posterior = bring(0)
    for line in panel.rows():
        assert float(line.texts()["here"].replace("−", "-")) == pytest.approx(
            posterior.kl_per_dimension[line.j], abs=0.051
        )
    assert [line.texts()["mean"] for line in panel.rows()] == ["3.0", "1.0", "0.5", "0.0"]


def test_a_small_sigma_is_never_0(panel, four):
    panel.rows()[0].set_figures(-0.18, 0.004, 2.2, 2.8)
    assert panel.rows()[0].texts()["sigma"].strip() == "± 0.0040"


def test_the_figure_of_z_is_painted_again_also_where_the_slider_knew_it(panel, four, qtbot):
    line = row(panel, 1)
    line.slider.setFocus()
    qtbot.keyClick(line.slider, Qt.Key.Key_PageUp)  # 0.5 is the same in float32: nothing else tells the row
    assert line.texts()["z"] == "+0.50"


@pytest.mark.parametrize(
    ("width", "gone"),
    [(744, set()), (430, {"mean"}), (360, {"mean", "here"}), (300, {"mean", "here", "sigma"}),
     (240, {"mean", "here", "sigma", "mu"})],
)  # fmt: skip
def test_in_a_narrow_panel_columns_go_in_a_fixed_order(panel, four, qtbot, width, gone):
    panel.resize(width, 540)
    line = panel.rows()[0]
    qtbot.waitUntil(lambda: line.width() <= width, timeout=WAIT)
    columns = ("mu", "sigma", "here", "mean")
    qtbot.waitUntil(lambda: {c for c in columns if not line.place(c)} == gone, timeout=WAIT)
    assert line.slider.width() >= 80
    assert line.rect().contains(line.place("z"))


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("width", [430, 744])
def test_no_tool_is_cut_at_any_size_of_type(panel, four, qtbot, width, scale):
    theme.set_scale(scale)
    panel.resize(width, 540)
    assert panel.minimumWidth() <= width

    def is_whole():
        tools = (panel.random, panel.to_mu, panel.reset, panel.limit)
        return all(
            tool.width() >= tool.sizeHint().width()
            and tool.height() >= tool.sizeHint().height()
            and panel.contentsRect().contains(tool.rect().translated(tool.mapTo(panel, QPoint())))
            and tool.parentWidget().rect().contains(tool.geometry())
            and tool.mapTo(panel, tool.rect().bottomLeft()).y() < panel.list.mapTo(panel, QPoint()).y()
            for tool in tools
        )

    qtbot.waitUntil(is_whole, timeout=WAIT)
    assert panel.rows()[0].slider.width() >= 80


def test_the_tools_are_in_the_line_of_the_title_where_they_fit(panel, four, qtbot):
    def tools_top():
        return panel.random.mapTo(panel, QPoint()).y()

    above = tools_top()
    panel.resize(300, 576)
    qtbot.waitUntil(lambda: tools_top() > above + 16, timeout=WAIT)
    panel.resize(744, 576)
    qtbot.waitUntil(lambda: tools_top() == above, timeout=WAIT)


def test_a_scroll_bar_that_appears_moves_no_column(panel, four, qtbot):
    bar, line = panel.list.scroll_area.verticalScrollBar(), panel.rows()[0]
    assert not bar.isVisible()
    wide = line.width()
    assert panel.list.header.width() == wide
    panel.resize(744, 150)
    qtbot.waitUntil(bar.isVisible, timeout=WAIT)
    qtbot.waitUntil(lambda: line.width() == wide, timeout=WAIT)
    assert panel.list.header.width() == wide


def test_in_a_high_panel_rows_do_not_stretch(panel, four, qtbot):
    before = panel.rows()[0].height()
    panel.resize(744, 1000)
    qtbot.waitUntil(lambda: panel.list.scroll_area.height() > 800, timeout=WAIT)
    assert {line.height() for line in panel.rows()[:3]} == {before}


# pointing


def test_the_row_under_the_mouse_is_pointed_at_and_lights_up(panel, four, session):
    line = row(panel, 3)
    plain = colour_at(line)
    hover(line)
    assert session.latent.pointed_at == 3
    assert colour_at(line) != plain
    leave(line)
    assert session.latent.pointed_at is None
    assert colour_at(line) == plain


def test_a_row_lights_up_when_its_dimension_is_pointed_at_elsewhere(panel, forty, session):
    plain = colour_at(panel.rows()[-1])
    session.latent.point_at(39)
    assert colour_at(panel.rows()[-1]) != plain
    assert panel.list.scroll_area.verticalScrollBar().value() == 0  # nothing moves under the mouse
    session.latent.point_at(0)
    assert colour_at(panel.rows()[-1]) == plain


def test_the_focus_points_too_and_again_when_the_mouse_has_left(panel, four, session):
    row(panel, 1).slider.setFocus()
    assert session.latent.pointed_at == 1
    hover(row(panel, 0))
    assert session.latent.pointed_at == 0
    leave(row(panel, 0))
    assert session.latent.pointed_at == 1


@pytest.mark.parametrize("colour", ["z", "mu", "sigma", "kl", "muted", "text"])
def test_every_figure_can_be_read_on_the_tint(panel, four, colour):
    def luminance(rgb):
        """WCAG 2.2: relative luminance."""
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), parts, strict=True))

    below, over = np.array(theme.colour("panel").getRgbF()[:3]), tint()
    ground = below * (1 - over.alphaF()) + np.array(over.getRgbF()[:3]) * over.alphaF()
    low, high = sorted([luminance(ground), luminance(theme.colour(colour).getRgbF()[:3])])
    assert (high + 0.05) / (low + 0.05) >= 4.5


# the focus


def test_for_the_tab_key_the_rows_are_one_stop_between_the_tools_and_the_fold(panel, four, qtbot):
    panel.activateWindow()
    qtbot.waitUntil(panel.isActiveWindow, timeout=WAIT)
    panel.limit.setFocus()
    stops = []
    for _ in range(2):
        qtbot.keyClick(panel.focusWidget(), Qt.Key.Key_Tab)
        stops.append(panel.focusWidget().objectName())
    assert stops == ["latentSlider_1", "latentFold"]
    qtbot.keyClick(panel.focusWidget(), Qt.Key.Key_Tab, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(panel.focusWidget(), Qt.Key.Key_Down)
    assert panel.focusWidget().objectName() == "latentSlider_3"
    panel.limit.setFocus()
    qtbot.keyClick(panel.limit, Qt.Key.Key_Tab)
    assert panel.focusWidget().objectName() == "latentSlider_3"  # where it was


def test_in_the_window_the_panels_tools_come_before_its_sliders(window, model, qtbot):
    panel = window.latent
    panel.limit.setFocus()
    qtbot.keyClick(panel.limit, Qt.Key.Key_Tab)
    assert isinstance(window.focusWidget(), LatentSlider)
    qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Backtab)
    assert window.focusWidget() is panel.limit


def test_the_inactive_ones_are_shown_by_key_and_the_focus_stays_when_its_row_is_folded(panel, four, qtbot):
    panel.list.fold.setFocus()
    qtbot.keyClick(panel.list.fold, Qt.Key.Key_Space)
    assert row(panel, 2).isVisible()
    row(panel, 2).slider.setFocus()
    panel.list.fold.click()
    assert not row(panel, 2).isVisible()
    assert panel.focusWidget() is row(panel, 1).slider


def test_l_locks_the_row_and_frees_it(panel, four, session, qtbot):
    line = row(panel, 1)
    line.slider.setFocus()
    qtbot.keyClick(line.slider, Qt.Key.Key_L)
    assert session.latent.locked.tolist() == [False, True, False, False]
    qtbot.keyClick(line.slider, Qt.Key.Key_L)
    assert not session.latent.locked.any()


def test_a_click_beside_the_slider_gives_it_the_focus(panel, four, qtbot):
    line = row(panel, 3)
    qtbot.mouseClick(line, Qt.MouseButton.LeftButton, pos=line.place("name").center())
    assert panel.focusWidget() is line.slider


# the filter


def test_only_where_there_are_many_dimensions_they_can_be_filtered(panel, four, open_model, make_model):
    field = panel.findChild(QLineEdit, "latentFilter")
    assert not field.isVisible()
    open_model(make_model("many", z_dim=40, kl=[1.0] * 40))
    assert field.isVisible()


def test_the_filter_shows_these_dimensions_inactive_or_not(panel, open_model, make_model, qtbot):
    variance = [1.0] * 40
    variance[12] = 0.0
    open_model(make_model(z_dim=40, kl=np.linspace(5, 0.5, 40).tolist(), mu_variance=variance))
    panel.rows()[20].slider.setFocus()
    qtbot.keyClicks(panel.filter, "3, 10-12")
    assert [line.j for line in panel.list.shown()] == [3, 10, 11, 12]
    assert not panel.findChild(QPushButton, "latentFold").isVisible()
    panel.filter.clear()
    assert len(panel.list.shown()) == 39


def test_the_filter_says_what_is_wrong(panel, forty, qtbot):
    qtbot.keyClicks(panel.filter, "3,x")
    assert "such as 3, 7, 10-20" in panel.filter.toolTip()
    assert panel.filter.property("role") == "wrong"
    assert [line.j for line in panel.list.shown()] == [3]  # as far as it was a list
    panel.filter.setText("77")
    assert panel.hint.text() == NONE_SUCH
    assert panel.hint.isVisible()
    assert panel.filter.property("role") == ""


def test_another_model_is_not_filtered(panel, forty, open_model, make_model):
    panel.filter.setText("3")
    open_model(make_model("few", z_dim=4, kl=[1.0] * 4))
    assert len(panel.list.shown()) == 4


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("", None), (" ", None), ("3", {3}), ("3, 7", {3, 7}), ("z3;10–12", {3, 10, 11, 12}), ("5-", {5}), ("9-2", set())],
)
def test_indices_are_read(text, wanted):
    assert indices(text) == wanted


@pytest.mark.parametrize("text", ["x", "3,x", "1.5", "-"])
def test_other_texts_are_no_indices(text):
    with pytest.raises(ValueError, match="invalid literal"):
        indices(text)


def test_a_huge_range_takes_no_time():
    assert len(indices("0-99999999999")) == 10_000
