"""Where the parts of the image panel are, at every size of panel and type, and how they are reached."""

from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QFontMetricsF, QGuiApplication
from PySide6.QtWidgets import QCheckBox, QLabel, QWidget

from vae_explorer.errors import UserError
from vae_explorer.export.picture import png
from vae_explorer.session.records import Origin
from vae_explorer.ui.panels.image import image_panel
from vae_explorer.ui.panels.image.image_panel import ImagePanel
from vae_explorer.ui.theme import theme
from vae_explorer.ui.widgets.numbers import z_name

WAIT = 30_000  # milliseconds


@pytest.fixture
def panel(session, put_on, open_model, make_model, bring):
    panel = put_on(ImagePanel(session), 300, 576)
    open_model(make_model(side=28, likelihood="bernoulli", kl=[1.0, 2.0, 3.0], data="mnist"))
    bring(0, 1, 2)
    return panel


def place(panel, part):
    return QRect(part.mapTo(panel, QPoint(0, 0)), part.size())


@pytest.mark.parametrize("scale", [80, 100, 125, 150, 200])
@pytest.mark.parametrize("size", [(270, 540), (300, 576), (700, 540)], ids=str)
def test_figures_and_strip_never_scroll_out_of_sight_and_nothing_is_cut_or_overlaps(panel, size, scale, qtbot):
    theme.set_scale(scale)
    panel.resize(*size)

    def is_in_order(*parts):
        return all(above.bottom() < lower.top() for above, lower in pairwise(place(panel, part) for part in parts))

    qtbot.waitUntil(lambda: is_in_order(panel._area, panel.line, panel.remark, panel.strip))
    qtbot.waitUntil(lambda: is_in_order(panel._top, panel.pictures, panel.posterior))
    qtbot.waitUntil(lambda: panel.rect().contains(place(panel, panel.strip)))
    assert panel._area.viewport().width() >= panel._area.widget().minimumSizeHint().width()
    assert (panel.width(), panel.height()) == size
    for box in panel.findChildren(QCheckBox):
        assert box.width() >= box.sizeHint().width()
        assert place(panel, box).right() <= place(panel, panel._area.viewport()).right()
    for text in [*panel.pictures.captions, *panel.posterior.findChildren(QLabel)]:
        if text.isVisible() and text.text() and "<" not in text.text():
            assert QFontMetricsF(text.font()).horizontalAdvance(text.text()) <= text.width() + 1, text.text()
    assert panel.x_view.picture_rect().width() >= 84


def test_at_100_per_cent_nothing_scrolls_and_x_has_three_screen_pixels_for_each_of_its_own(panel, qtbot):
    for size in ((300, 576), (270, 540)):
        panel.resize(*size)
        qtbot.waitUntil(lambda: panel._area.verticalScrollBar().maximum() == 0)
        for view in (panel.x_view, panel.reconstruction, panel.difference):
            assert view.picture_rect().width() == view.picture_rect().height() == 84


def test_where_three_large_pictures_have_no_room_x_stays_large(panel, qtbot):
    theme.set_scale(150)
    panel.resize(270, 540)
    qtbot.waitUntil(lambda: panel.difference.picture_rect().width() == 56)
    assert panel.x_view.picture_rect().width() == 84


def test_nothing_jumps_from_one_image_to_the_next(panel, session, qtbot):
    def rooms():
        parts = (panel._area, panel._top, panel.pictures, panel.posterior.plot, panel.line, panel.remark, panel.strip)
        return [place(panel, part) for part in parts]

    before = rooms()
    for image in (*session.image.images, *session.image.images[:1]):
        session.image.choose(image)
        assert rooms() == before
        qtbot.waitUntil(
            lambda: session.image.posterior is not None and bool(session.evidence.figures.draws), timeout=WAIT
        )
        assert rooms() == before
    for image in session.image.images:
        session.image.remove(image)
    assert rooms() == before


def test_the_plot_and_the_rows_of_z_point_at_one_dimension(panel, session):
    plot = panel.posterior.plot
    plot._user_points(2)
    assert session.latent.pointed_at == 2
    session.latent.point_at(0)
    assert plot.pointed == 0
    assert panel.posterior.dimension.text() == z_name(0)
    plot._user_points(-1)
    assert session.latent.pointed_at is None
    assert (plot.pointed, panel.posterior.dimension.text()) == (-1, z_name(0))  # its numbers stay


@pytest.mark.qt_log_ignore("^This plugin does not support")
def test_the_table_is_in_the_order_of_the_sliders_and_copies_whole_numbers(panel, session, qtbot):
    qtbot.mouseClick(panel.posterior.table_link, Qt.MouseButton.LeftButton)
    window = panel.posterior._table
    qtbot.waitExposed(window)
    table, posterior = window.table, session.image.posterior
    order = session.model.current.order.tolist()
    assert [table.item(row, 0).text() for row in range(3)] == [z_name(j) for j in order]
    table.selectRow(1)
    assert session.latent.pointed_at == order[1]
    qtbot.keyClick(window, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    head, line = QGuiApplication.clipboard().text().split("\n")
    assert head.split("\t") == ["dimension", "μ", "σ", "KL, nats"]
    j, *numbers = line.split("\t")
    wanted = (posterior.mu[order[1]], posterior.sigma[order[1]], posterior.kl_per_dimension[order[1]])
    assert int(j) == order[1]
    np.testing.assert_array_equal(np.array(numbers, np.float32), np.array(wanted, np.float32))
    session.image.choose(session.image.images[1])
    qtbot.waitUntil(lambda: session.image.posterior is not None, timeout=WAIT)
    assert float(table.item(0, 1).data(Qt.ItemDataRole.UserRole)) == session.image.posterior.mu[order[0]]
    window.close()


def test_the_dashed_cell_asks_for_files(panel, qtbot):
    with qtbot.waitSignal(panel.open_asked):
        qtbot.mouseClick(panel.findChild(QWidget, "dropCell"), Qt.MouseButton.LeftButton)


def test_tab_goes_from_the_header_to_the_strip_in_the_order_of_the_screen(panel, qtbot):
    panel.activateWindow()
    qtbot.waitUntil(panel.isActiveWindow)
    panel.explain.setFocus()
    seen = [panel.explain]
    while len(seen) < 30:
        panel.focusNextChild()
        now = panel.focusWidget()
        if now in seen:
            break
        seen.append(now)
    heights = [place(panel, part).top() for part in seen]
    assert seen[-1].objectName() == "dropCell"
    assert {"imageStrip", "posteriorPlot", "showTable", "copyCsv", "step_binarise"} <= {w.objectName() for w in seen}
    assert all(lower >= above - 12 for above, lower in pairwise(heights))
    assert all(part.accessibleName() or part.text() for part in seen)


def test_a_screen_reader_is_told_once_for_each_image_what_its_elbo_is(panel, session, qtbot, monkeypatch):
    said = []
    monkeypatch.setattr(image_panel, "announce", lambda widget, text: said.append(text))
    session.image.choose(session.image.images[1])
    qtbot.waitUntil(lambda: len(said) == 1, timeout=WAIT)
    qtbot.waitUntil(lambda: not session.evidence.is_busy, timeout=WAIT)
    assert said == [f"encoded, ELBO {panel.figures['elbo'].text()}"]
    session.image.encoded.emit()  # by a newer snapshot
    assert len(said) == 1


def test_an_encoding_that_takes_long_is_told_and_one_that_fails_says_why_where_the_posterior_would_be(
    panel, session, answering, images, qtbot, monkeypatch
):
    def broken(_request):
        raise UserError("no memory is left")

    answering["encode"] = broken
    session.image.open([Origin("a.png", png(images[3]))])
    sentence = "The image could not be encoded: no memory is left"
    qtbot.waitUntil(lambda: panel.x_view.accessibleDescription() == sentence, timeout=WAIT)
    assert panel.posterior.plot._message == sentence
    assert len(panel.posterior.mu.property("value")) == 0
    panel._on_patience_ended()
    assert panel.x_view.accessibleDescription() == image_panel.ENCODING
