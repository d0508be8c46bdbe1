"""The menus of what is painted: what they have on offer, and what is then on the clipboard or in a file."""

from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QApplication, QFileDialog, QVBoxLayout, QWidget

from vae_explorer.errors import UserError
from vae_explorer.ui.plots.curve_plot import CurvePlot
from vae_explorer.ui.plots.posterior_plot import PosteriorPlot
from vae_explorer.ui.widgets.image_grid import ImageGrid
from vae_explorer.ui.widgets.image_view import ImageView
from vae_explorer.ui.widgets.panel import Help, Panel
from vae_explorer.ui.widgets.take_away import Taken, offer

pytestmark = pytest.mark.qt_log_ignore("^This plugin does not support")  # raise() and grabbing the keyboard, offscreen
WAIT = 30_000  # milliseconds
PICTURE = np.linspace(0, 1, 64, dtype=np.float32).reshape(1, 8, 8)


@pytest.fixture
def view(put_on):
    made = put_on(ImageView(), 200, 200)
    made.set_image(PICTURE)
    return made


@pytest.fixture
def plot(put_on):
    made = put_on(PosteriorPlot(), 300, 120)
    made.set_posterior(np.zeros(4), np.ones(4), np.ones(4), np.arange(4))
    return made


@pytest.fixture
def menu_of(qtbot):
    """Asks a widget for its menu, by the right mouse button or the key; gives its actions by their texts."""
    opened = []

    def ask(widget, reason=QContextMenuEvent.Reason.Mouse):
        place = widget.rect().center()
        QApplication.sendEvent(widget, QContextMenuEvent(reason, place, widget.mapToGlobal(place)))
        qtbot.waitUntil(lambda: QApplication.activePopupWidget() is not None, timeout=WAIT)
        opened.append(QApplication.activePopupWidget())
        return {action.text(): action for action in opened[-1].actions()}

    yield ask
    for menu in opened:
        menu.close()


def clipboard():
    return QGuiApplication.clipboard().mimeData()


def save_as(monkeypatch, path):
    asked = []
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: (asked.append(args), (str(path), ""))[1])
    return asked


@pytest.mark.parametrize("reason", [QContextMenuEvent.Reason.Mouse, QContextMenuEvent.Reason.Keyboard])
def test_a_picture_has_a_menu_by_mouse_and_by_key(view, session, menu_of, reason):
    offer(view, session.take_away, Taken("x", command=lambda: None))
    assert list(menu_of(view, reason)) == ["Copy", "Save picture…", "Copy data", "Copy as command"]


def test_a_plot_is_on_offer_as_png_and_svg(plot, session, menu_of):
    offer(plot, session.take_away, Taken("posterior", data=lambda: "dimension,mu\n"))
    assert list(menu_of(plot)) == ["Copy", "Save PNG…", "Save SVG…", "Copy data"]


def test_a_curve_drawn_by_the_library_answers_the_right_button_too(put_on, session, menu_of, qtbot):
    plot = put_on(CurvePlot("Training curves"), 300, 120)
    offer(plot, session.take_away, Taken("curves"))
    plot.set_curves({"train": (np.arange(5.0), np.arange(5.0))})
    qtbot.waitUntil(lambda: plot.view is not None, timeout=WAIT)
    assert "Save SVG…" in menu_of(plot._plot.viewport())


def test_an_empty_picture_offers_nothing_that_can_be_chosen(put_on, session, menu_of):
    view = put_on(ImageView(), 100, 100)
    offer(view, session.take_away, Taken("x"))
    assert not any(action.isEnabled() for action in menu_of(view).values())


def test_copy_puts_the_picture_on_the_clipboard_and_says_so(view, session, menu_of, qtbot):
    offer(view, session.take_away, Taken("reconstruction", of_image=False))
    with qtbot.waitSignal(session.take_away.told) as told:
        menu_of(view)["Copy"].trigger()
    assert told.args == ["Copied: reconstruction"]
    copied = QImage.fromData(clipboard().data("image/png"))
    assert (copied.width(), copied.height()) == (512, 512)
    assert copied.pixelColor(511, 511).red() == 255
    assert clipboard().hasImage()


def test_the_data_of_a_picture_are_its_pixels(view, session, menu_of):
    offer(view, session.take_away, Taken("x"))
    menu_of(view)["Copy data"].trigger()
    assert np.float32(clipboard().text().splitlines()[8].split(",")[4:]).tolist() == PICTURE[0, 7].tolist()


def test_a_sheet_is_saved_in_the_columns_that_are_seen(put_on, session, menu_of, tmp_path, monkeypatch, qtbot):
    grid = put_on(ImageGrid(), 400, 120)
    grid.set_images(np.repeat(PICTURE[None], 8, 0))
    offer(grid, session.take_away, Taken("samples", of_image=False))
    asked = save_as(monkeypatch, tmp_path / "sheet")
    with qtbot.waitSignal(session.take_away.told, timeout=WAIT):
        menu_of(grid)["Save picture…"].trigger()
    saved = QImage(str(tmp_path / "sheet.png"))
    tiles = saved.width() / saved.height()
    assert tiles == pytest.approx(grid.columns / (8 / grid.columns), rel=0.1)
    assert asked[0][2].endswith("samples.png")


def test_saving_begins_in_the_folder_used_last(view, session, menu_of, tmp_path, monkeypatch, qtbot):
    offer(view, session.take_away, Taken("x", of_image=False))
    asked = save_as(monkeypatch, tmp_path / "one.jpg")
    for _ in range(2):
        with qtbot.waitSignal(session.take_away.told, timeout=WAIT):
            menu_of(view)["Save picture…"].trigger()
    assert asked[1][2] == str(tmp_path / "x.png")
    assert (tmp_path / "one.jpg").read_bytes().startswith(b"\xff\xd8")


def test_a_plot_is_saved_as_lines_and_at_twice_its_size(plot, session, menu_of, tmp_path, monkeypatch, qtbot):
    offer(plot, session.take_away, Taken("posterior"))
    for verb, name in (("Save SVG…", "plot.svg"), ("Save PNG…", "plot.png")):
        save_as(monkeypatch, tmp_path / name)
        with qtbot.waitSignal(session.take_away.told, timeout=WAIT):
            menu_of(plot)[verb].trigger()
    drawing = ElementTree.parse(tmp_path / "plot.svg").getroot()
    drawn = [part.tag.split("}")[1] for part in drawing.iter()]
    assert len({"path", "text", "rect", "polyline"} & set(drawn)) >= 2
    assert "image" not in drawn  # no screenshot in an envelope
    assert QImage(str(tmp_path / "plot.png")).width() == 2 * plot.width()


def test_a_command_is_copied_and_where_there_is_none_a_sentence_says_why(view, session, menu_of, qtbot):
    def none():
        raise UserError("No command makes this")

    offer(view, session.take_away, Taken("x", command=none))
    with qtbot.waitSignal(session.failed) as failed:
        menu_of(view)["Copy as command"].trigger()
    assert failed.args == ["No command makes this"]


def test_the_menu_of_a_panel_has_all_that_is_painted_in_it(session, put_on, qtbot, menu_of):
    panel = Panel("Image", "x")
    above, below, hidden = ImageView(), ImageView(), ImageView()
    for part, what in ((above, "x"), (below, "reconstruction"), (hidden, "difference")):
        panel.body.addWidget(part)
        offer(part, session.take_away, Taken(what))
    hidden.hide()
    put_on(panel, 300, 400)
    qtbot.mouseClick(panel.more, Qt.MouseButton.LeftButton)
    menu = QApplication.activePopupWidget()
    assert [action.text() for action in menu.actions()] == ["x", "Reconstruction"]
    assert "Copy" in [action.text() for action in menu.actions()[1].menu().actions()]
    menu.close()
    assert list(menu_of(panel.more, QContextMenuEvent.Reason.Keyboard)) == ["x", "Reconstruction"]


def test_an_explanation_takes_room_inside_its_panel_and_moves_no_splitter(put_on, qtbot):
    panel = Panel("Latent", "z", help=Help("What it is. " * 20, "z = μ + σ · ε"))
    panel.body.addWidget(ImageView(), 1)
    box = QWidget()
    QVBoxLayout(box).addWidget(panel)
    put_on(box, 300, 400)
    least, size = panel.minimumSizeHint(), panel.size()
    qtbot.mouseClick(panel.explain, Qt.MouseButton.LeftButton)
    assert panel.explanation.isVisible()
    assert "z = μ + σ · ε" in panel.explanation.text()
    qtbot.waitUntil(
        lambda: panel.explanation.height() >= panel.explanation.heightForWidth(panel.explanation.width()) > 40,
        timeout=WAIT,
    )
    assert (panel.minimumSizeHint(), panel.size()) == (least, size)
    assert panel.rect().contains(panel.explanation.geometry().bottomRight() + QPoint(0, 8))
    qtbot.mouseClick(panel.explain, Qt.MouseButton.LeftButton)
    assert not panel.explanation.isVisible()
