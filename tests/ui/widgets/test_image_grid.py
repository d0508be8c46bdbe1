"""Many images side by side."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QHelpEvent, QKeyEvent
from PySide6.QtWidgets import QApplication

from vae_explorer.ui.theme import theme
from vae_explorer.ui.widgets.grid_layout import arrange
from vae_explorer.ui.widgets.image_grid import ImageGrid
from vae_explorer.ui.widgets.image_strip import ImageStrip


@pytest.fixture
def grid(qtbot):
    made = ImageGrid()
    qtbot.addWidget(made)
    made.resize(740, 190)
    made.show()
    return made


def greys(count, shape=(1, 28, 28)):
    """Image i is all of the grey i / count."""
    return np.stack([np.full(shape, i / count, np.float32) for i in range(count)]) if count else np.zeros((0, *shape))


def at(grid, index):
    return grid.tile_rect(index).center().toPoint()


def level_shown(grid, index):
    return grid.grab().toImage().pixelColor(at(grid, index)).red()


@given(st.integers(1, 400), st.integers(1, 64), st.integers(1, 64), st.integers(1, 1500), st.integers(1, 1500))
def test_tiles_are_as_large_as_any_number_of_columns_allows(count, width, height, room_width, room_height):
    best = arrange(count, width, height, room_width, room_height, largest_gap=0)
    assert best.columns * best.rows >= count
    assert (best.rows - 1) * best.columns < count

    def zoom(columns):
        largest = min(room_width / (columns * width), room_height / (-(-count // columns) * height))
        return int(largest) if largest >= 2 else largest  # smoothly enlarged below two times

    most = max(zoom(columns) for columns in range(1, count + 1))
    assert best.width == max(1, int(width * most + 1e-6))
    assert best.height == max(1, int(height * most + 1e-6))


@given(st.integers(1, 400), st.integers(60, 1500), st.integers(60, 1500))
def test_tiles_and_gaps_never_leave_the_place(count, room_width, room_height):
    best = arrange(count, 28, 28, room_width, room_height, largest_gap=8)
    assert best.total_width <= room_width
    assert best.total_height <= room_height


def test_sixteen_samples_fill_a_wide_place_in_two_rows(grid):
    grid.set_images(greys(16))
    assert grid.tile_rect(7).y() == grid.tile_rect(0).y() < grid.tile_rect(8).y()
    assert grid.tile_rect(0).width() == 84  # three times 28


@pytest.mark.parametrize("count", [1, 2, 7, 16, 64, 256, 400])
def test_each_image_is_where_its_tile_says(grid, count):
    grid.set_images(greys(count))
    for index in {0, count // 2, count - 1}:
        assert level_shown(grid, index) == pytest.approx(255 * index / count, abs=1)


@pytest.mark.parametrize("shape", [(1, 28, 20), (3, 28, 28), (1, 5, 7), (3, 200, 300)])
def test_any_shape_of_image_is_shown(grid, shape):
    grid.set_images(greys(6, shape))
    tile = grid.tile_rect(0)
    assert tile.width() / tile.height() == pytest.approx(shape[2] / shape[1], rel=0.1)
    assert level_shown(grid, 3) == pytest.approx(127.5, abs=1)


def test_pixels_are_squares_in_the_right_place(grid):
    images = np.zeros((2, 1, 4, 4), np.float32)
    images[1, 0, 0, 3] = 1
    grid.set_images(images)
    tile, shot = grid.tile_rect(1), grid.grab().toImage()
    size = tile.width() / 4
    for row in range(4):
        for column in range(4):
            shown = shot.pixelColor(int(tile.x() + (column + 0.5) * size), int(tile.y() + (row + 0.5) * size)).red()
            assert shown == (255 if (row, column) == (0, 3) else 0)


def test_the_value_is_the_array_as_given(grid):
    images = greys(4)
    grid.set_images(images)
    assert grid.property("value") is images
    grid.set_images(None)
    assert grid.property("value") is None


def test_bytes_are_shown_as_they_are(grid):
    grid.set_images(np.full((3, 1, 8, 8), 77, np.uint8))
    assert level_shown(grid, 2) == 77


def test_other_images_of_the_same_shape_replace_the_old_ones_wholly(grid):
    grid.set_images(greys(7))
    grid.grab()
    grid.set_images(1 - greys(7))
    assert level_shown(grid, 0) == 255


def test_new_images_are_announced_once_when_they_are_on_the_screen(grid, qtbot):
    qtbot.waitExposed(grid)
    seen = []
    grid.shown.connect(seen.append)
    images = greys(9)
    for given_images in (images, images, images.copy()):
        grid.set_images(given_images)
        grid.repaint()
    assert len(seen) == 1
    assert seen[0] is images


def test_differences_from_the_mean_have_two_colours(grid):
    grid.set_colours("diverging", 1.0)
    grid.set_images(np.stack([np.full((1, 8, 8), value, np.float32) for value in (-0.6, 0.6)]))
    shot = grid.grab().toImage()
    below, above = (QColor(shot.pixelColor(at(grid, index))) for index in (0, 1))
    assert below.blue() > below.red()
    assert above.red() > above.blue()


def test_the_mouse_points_chooses_and_opens(grid, qtbot):
    grid.set_images(greys(16))
    pointed, chosen, opened = [], [], []
    grid.pointed.connect(pointed.append)
    grid.chosen.connect(chosen.append)
    grid.double_clicked.connect(opened.append)
    qtbot.mouseMove(grid, at(grid, 5))
    qtbot.mouseClick(grid, Qt.MouseButton.LeftButton, pos=at(grid, 5))
    qtbot.mouseDClick(grid, Qt.MouseButton.LeftButton, pos=at(grid, 6))
    QApplication.sendEvent(grid, QEvent(QEvent.Type.Leave))
    assert pointed[0] == 5
    assert pointed[-1] == -1
    assert 5 in chosen
    assert opened == [6]


def test_a_gap_is_no_image(grid):
    grid.set_images(greys(15))
    tile = grid.tile_rect(0)
    assert grid.index_at(tile.topRight() + QPointF(3, 5)) == -1
    assert grid.index_at(QPointF(-50, -50)) == -1
    last = grid.tile_rect(14)
    assert grid.index_at(last.center() + QPointF(last.width() + 6, 0)) == -1  # the empty place in the last row


def test_the_arrows_walk_and_enter_and_space_choose(grid, qtbot):
    grid.set_images(greys(16))
    pointed, chosen = [], []
    grid.pointed.connect(pointed.append)
    grid.chosen.connect(chosen.append)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Up, Qt.Key.Key_End, Qt.Key.Key_Right):
        qtbot.keyClick(grid, key)
    assert pointed == [1, 9, 8, 0, 15]
    qtbot.keyClick(grid, Qt.Key.Key_Return)
    qtbot.keyClick(grid, Qt.Key.Key_Home)
    qtbot.keyClick(grid, Qt.Key.Key_Space)
    assert chosen == [15, 0]
    assert "image 1 of 16" in grid.accessibleDescription()


def test_space_belongs_to_a_grid_with_the_focus_even_when_the_window_wants_it(grid):
    event = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_Space, Qt.KeyboardModifier.NoModifier)
    event.ignore()
    grid.event(event)
    assert not event.isAccepted()  # nothing to choose
    grid.set_images(greys(3))
    grid.event(event)
    assert event.isAccepted()
    undo = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_Left, Qt.KeyboardModifier.ControlModifier)
    undo.ignore()
    grid.event(undo)
    assert not undo.isAccepted()


def test_the_selected_image_has_a_frame_in_the_accent_colour(grid):
    grid.set_images(greys(16))
    edge = grid.tile_rect(3).topLeft().toPoint() + QPoint(20, -1)
    before = grid.grab().toImage().pixelColor(edge).name()
    grid.set_selected(3)
    assert grid.grab().toImage().pixelColor(edge).name() == theme.colours.accent != before
    grid.set_selected(99)
    assert grid.grab().toImage().pixelColor(edge).name() == before


def test_fewer_images_forget_what_was_selected_beyond_them(grid, qtbot):
    grid.set_images(greys(16))
    grid.set_selected(12)
    qtbot.keyClick(grid, Qt.Key.Key_End)
    grid.set_images(greys(4))
    grid.grab()
    chosen = []
    grid.chosen.connect(chosen.append)
    qtbot.keyClick(grid, Qt.Key.Key_Return)
    assert chosen == [3]


def test_a_failure_is_written_over_the_images_that_stay(grid):
    grid.set_images(np.ones((16, 1, 28, 28), np.float32))
    grid.set_message("the model has gone")
    assert 40 < level_shown(grid, 0) < 160
    grid.set_message(None)
    assert level_shown(grid, 0) == 255


@pytest.mark.parametrize("images", [None, np.zeros((0, 1, 28, 28), np.float32)])
def test_nothing_to_show_can_say_so_and_takes_every_key(grid, qtbot, images):
    grid.set_images(images)
    blank = grid.grab().toImage()
    grid.set_message("Samples appear here")
    assert grid.grab().toImage() != blank
    for key in (Qt.Key.Key_Right, Qt.Key.Key_End, Qt.Key.Key_Return):
        qtbot.keyClick(grid, key)
    qtbot.mouseClick(grid, Qt.MouseButton.LeftButton)


def test_each_image_has_its_own_tooltip(grid, monkeypatch):
    told = []
    monkeypatch.setattr(
        "vae_explorer.ui.widgets.image_grid.QToolTip.showText", lambda place, text, *rest: told.append(text)
    )
    grid.set_images(greys(3))
    grid.set_captions(["seven", "two", "one"])
    place = at(grid, 1)
    grid.event(QHelpEvent(QEvent.Type.ToolTip, place, grid.mapToGlobal(place)))
    assert told == ["two"]


@pytest.mark.parametrize("shape", [(28, 28), (5, 2, 28, 28)])
def test_arrays_that_are_no_images_are_refused(grid, shape):
    with pytest.raises(ValueError, match="images are"):
        grid.set_images(np.zeros(shape, np.float32))


def test_fixed_rows_put_reconstructions_under_their_images(qtbot):
    grid = ImageGrid(rows=2, tile=30)
    qtbot.addWidget(grid)
    grid.set_images(greys(16))
    grid.resize(grid.sizeHint())
    assert grid.tile_rect(8).x() == grid.tile_rect(0).x()
    assert grid.tile_rect(8).y() > grid.tile_rect(0).bottom()
    assert grid.tile_rect(0).height() == theme.pixels(30)
    assert level_shown(grid, 15) == pytest.approx(255 * 15 / 16, abs=1)
    assert grid.height_for_rows() == grid.sizeHint().height() >= grid.tile_rect(15).bottom()


def test_a_strip_scrolls_to_the_image_that_the_keyboard_reaches(qtbot):
    strip = ImageStrip(rows=1, tile=38)
    qtbot.addWidget(strip)
    strip.grid.set_images(greys(30))
    strip.resize(250, 60)
    strip.show()
    qtbot.waitUntil(lambda: strip.horizontalScrollBar().maximum() > 0)
    qtbot.keyClick(strip.grid, Qt.Key.Key_End)
    bar = strip.horizontalScrollBar()
    assert bar.value() == bar.maximum()
    assert strip.sizeHint().height() > strip.grid.height_for_rows()
    qtbot.keyClick(strip.grid, Qt.Key.Key_Home)
    assert bar.value() <= strip.grid.tile_rect(0).right()
