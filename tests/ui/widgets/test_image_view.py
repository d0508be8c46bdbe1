"""The picture that follows the slider."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QHelpEvent, QImage

from vae_explorer.ui.theme import theme, viridis
from vae_explorer.ui.widgets.image_view import ImageView

WHITE, BLACK = "#ffffff", "#000000"


@pytest.fixture
def view(qtbot):
    made = ImageView()
    qtbot.addWidget(made)
    made.resize(300, 200)
    made.show()
    yield made
    theme.set_scheme(Qt.ColorScheme.Dark)


@pytest.fixture
def corner():
    """A black image of 3 × 5 whose pixel at row 0, column 4 is white."""
    image = np.zeros((1, 3, 5), np.float32)
    image[0, 0, 4] = 1
    return image


def colour(view, x, y):
    return view.grab().toImage().pixelColor(int(x), int(y)).name()


def centre_of_pixel(view, row, column):
    frame, (_, height, width) = view.picture_rect(), view.value.shape
    return QPointF(
        frame.x() + (column + 0.5) * frame.width() / width, frame.y() + (row + 0.5) * frame.height() / height
    )


def colour_of_pixel(view, row, column):
    point = centre_of_pixel(view, row, column)
    return colour(view, point.x(), point.y())


def test_every_pixel_is_a_square_of_one_colour(view, corner):
    view.set_image(corner)
    frame = view.picture_rect()
    assert (frame.width(), frame.height()) == (300, 180)  # 60 fold: the largest whole number
    shot = view.grab().toImage()
    left, top = int(frame.x()) + 4 * 60, int(frame.y())
    square = {shot.pixelColor(x, y).name() for x in range(left + 1, left + 50) for y in range(top + 10, top + 60)}
    assert square == {WHITE}
    assert shot.pixelColor(left - 1, top + 20).name() == BLACK
    assert shot.pixelColor(left + 20, top + 61).name() == BLACK


def test_the_frame_hugs_a_square_picture_in_a_wide_place(view):
    view.set_image(np.ones((1, 28, 28), np.float32))
    frame = view.picture_rect()
    assert (frame.width(), frame.height()) == (196, 196)
    assert colour(view, frame.x() - 3, 100) == view.palette().window().color().name()
    assert colour(view, frame.x() + 20, 100) == WHITE


def test_a_picture_larger_than_its_place_is_seen_whole_and_averaged(view):
    stripes = np.zeros((1, 800, 800), np.float32)
    stripes[:, :, ::2] = 1
    view.set_image(stripes)
    assert view.picture_rect().height() == 200
    assert 110 < QColor(colour(view, 150, 100)).red() < 145


def test_what_lies_outside_is_clipped_for_the_eye_and_kept_in_the_value(view):
    image = np.array([[[-3, 7], [np.nan, np.inf]]], np.float32)
    view.set_image(image)
    assert colour_of_pixel(view, 0, 0) == BLACK
    assert colour_of_pixel(view, 0, 1) == WHITE
    assert colour_of_pixel(view, 1, 0) == BLACK
    assert view.property("value") is image


def test_three_channels_are_red_green_and_blue(view):
    image = np.zeros((3, 1, 3), np.float32)
    image[0, 0, 0] = image[1, 0, 1] = image[2, 0, 2] = 1
    view.set_image(image)
    assert [colour_of_pixel(view, 0, column) for column in range(3)] == ["#ff0000", "#00ff00", "#0000ff"]


def test_sigma_is_viridis_from_zero_to_its_scale(view):
    view.set_image(np.array([[[0, 0.2, 0.4]]], np.float32), "viridis", scale=0.4)
    for column, level in ((0, 0), (1, 128), (2, 255)):
        assert colour_of_pixel(view, 0, column) == QColor(*viridis()[level].tolist()).name()


@pytest.mark.parametrize(
    ("scheme", "ground"), [(Qt.ColorScheme.Dark, range(1)), (Qt.ColorScheme.Light, range(238, 256))]
)
def test_a_difference_is_blue_below_red_above_and_the_ground_between(view, scheme, ground):
    theme.set_scheme(scheme)
    view.set_image(np.array([[[-0.5, 0, 0.5]]], np.float32), "diverging", scale=1)
    below, same, above = (QColor(colour_of_pixel(view, 0, column)) for column in range(3))
    assert below.blue() > below.red() + 60
    assert above.red() > above.blue() + 60
    assert all(channel in ground for channel in (same.red(), same.green(), same.blue()))


def test_a_scale_of_nothing_is_no_error(view):
    view.set_image(np.zeros((1, 4, 4), np.float32), "viridis", scale=0)
    assert colour_of_pixel(view, 0, 0) == QColor(*viridis()[0].tolist()).name()


def test_a_new_picture_is_announced_once_when_it_is_on_the_screen(view, corner, qtbot):
    qtbot.waitExposed(view)
    seen = []
    view.shown.connect(seen.append)
    view.set_image(corner)
    assert seen == []
    view.repaint()
    view.repaint()
    view.set_image(corner.copy())
    view.repaint()
    assert len(seen) == 1
    assert seen[0] is corner
    view.set_image(1 - corner)
    view.repaint()
    assert len(seen) == 2


def test_a_message_leaves_the_last_picture_in_sight(view):
    view.set_image(np.ones((1, 28, 28), np.float32))
    view.set_message("no room left on the disk")
    frame = view.picture_rect()
    dimmed = QColor(colour(view, frame.x() + 20, frame.y() + 20))
    assert QColor(theme.colours.panel).lightness() < dimmed.lightness() < 200
    assert view.accessibleDescription() == "no room left on the disk"
    view.set_message(None)
    assert colour(view, frame.x() + 20, frame.y() + 20) == WHITE


@pytest.mark.parametrize("size", [(300, 200), (84, 84), (30, 400), (8, 8), (1, 1)])
def test_a_long_message_fits_any_place(view, size):
    view.resize(*size)
    view.set_message(
        "averyveryverylongnameofafilewithoutanyspaces.jpg is 6 × 4; this model takes images of at least 8 × 8"
    )
    view.grab()
    view.set_image(np.zeros((1, 28, 28), np.float32))
    view.grab()


def test_an_empty_frame_is_a_quiet_square(view):
    frame = view.picture_rect()
    assert frame.width() == frame.height() == 200
    assert colour(view, 150, 100) == theme.colours.field
    assert view.property("value") is None
    assert view.to_image().isNull()


def test_taking_the_picture_away_empties_the_frame(view, corner):
    view.set_image(corner)
    view.set_image(None)
    assert colour(view, 150, 100) == theme.colours.field


def test_the_picture_is_given_out_pixel_for_pixel(view, corner):
    view.set_image(corner)
    image = view.to_image()
    assert (image.width(), image.height()) == (5, 3)
    assert image.pixelColor(4, 0).name() == WHITE
    assert image.pixelColor(3, 0).name() == BLACK


def test_widths_that_four_does_not_divide_are_not_sheared(view):
    photo = np.zeros((41, 37, 3), np.uint8)
    photo[:, 18] = 255
    view.set_picture(photo)
    assert {view.to_image().pixelColor(18, y).name() for y in range(41)} == {WHITE}


def test_a_photograph_keeps_its_shape_and_fills_its_place(view):
    view.set_picture(np.full((60, 120, 3), 200, np.uint8))
    frame = view.picture_rect()
    assert (frame.width(), frame.height()) == (300, 150)
    assert colour(view, 150, 100) == "#c8c8c8"


def test_a_grey_photograph_is_shown_too(view):
    view.set_picture(np.full((10, 10, 1), 90, np.uint8))
    assert colour(view, 150, 100) == "#5a5a5a"


@pytest.mark.parametrize("shape", [(28, 28), (2, 28, 28), (1, 1, 28, 28), (1, 0, 3)])
def test_arrays_that_are_no_image_are_refused(view, shape):
    with pytest.raises(ValueError, match="an image is"):
        view.set_image(np.zeros(shape, np.float32))


def test_a_picture_that_is_not_uint8_is_refused(view):
    with pytest.raises(ValueError, match="a picture is uint8"):
        view.set_picture(np.zeros((4, 4, 3), np.float32))


def test_the_mouse_reads_row_column_and_value(view, qtbot, monkeypatch):
    told = []
    monkeypatch.setattr(
        "vae_explorer.ui.widgets.image_view.QToolTip.showText", lambda place, text, *rest: told.append(text)
    )
    image = np.zeros((1, 28, 28), np.float32)
    image[0, 12, 7] = 0.83
    view.set_image(image)
    pointed = []
    view.pixel_pointed.connect(lambda row, column: pointed.append((row, column)))
    at = centre_of_pixel(view, 12, 7).toPoint()
    qtbot.mouseMove(view, at)
    assert pointed[-1] == (12, 7)
    view.event(QHelpEvent(QEvent.Type.ToolTip, at, view.mapToGlobal(at)))
    assert told == ["row 12, column 7: 0.83"]
    qtbot.mouseMove(view, QPoint(2, 2))
    assert pointed[-1] == (-1, -1)


def test_the_last_row_and_column_are_reached_at_the_very_edge(view):
    view.set_image(np.zeros((1, 28, 28), np.float32))
    frame = view.picture_rect()
    assert view._pixel_at(frame.bottomRight()) == (27, 27)
    assert view._pixel_at(frame.topLeft()) == (0, 0)


def test_dragging_the_picture_out_carries_a_png_of_its_own_pixels(view, corner, qtbot, monkeypatch):
    dragged = []
    monkeypatch.setattr(
        "vae_explorer.ui.widgets.image_view.QDrag.exec", lambda drag, action: dragged.append(drag.mimeData())
    )
    view.set_image(corner)
    start = view.picture_rect().center().toPoint()
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(view, start + QPoint(1, 1))
    assert dragged == []
    qtbot.mouseMove(view, start + QPoint(40, 40))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton)
    image = QImage.fromData(dragged[0].data("image/png"))
    assert (image.width(), image.height()) == (5, 3)
    assert image.pixelColor(4, 0).name() == WHITE


def test_another_scheme_is_painted_at_once(view):
    theme.set_scheme(Qt.ColorScheme.Light)
    assert colour(view, 150, 100) == theme.colours.field


def test_a_closed_view_no_longer_listens_to_the_theme(qtbot):
    view = ImageView()
    view.deleteLater()
    qtbot.wait(1)
    theme.changed.emit()
