"""What screen readers find in pictures and grids."""

import gc

import numpy as np
import pytest
import shiboken6
from PySide6.QtGui import QAccessible

from vae_explorer.ui.widgets.image_grid import ImageGrid
from vae_explorer.ui.widgets.image_view import ImageView

Text, Role = QAccessible.Text, QAccessible.Role


def read(widget):
    return QAccessible.queryAccessibleInterface(widget)


@pytest.fixture
def grid(put_on):
    made = put_on(ImageGrid(item="sample"), 400, 200)
    made.setAccessibleName("Posterior samples")
    made.set_images(np.zeros((16, 1, 8, 8), np.float32))
    return made


def test_a_picture_is_a_graphic_with_its_size(put_on):
    view = put_on(ImageView(), 100, 100)
    view.setAccessibleName("Decoded picture")
    view.set_image(np.zeros((1, 8, 10), np.float32))
    found = read(view)
    assert (found.role(), found.text(Text.Name)) == (Role.Graphic, "Decoded picture")
    assert found.text(Text.Description) == "10 × 8 pixels"
    view.set_message("The picture could not be decoded")
    assert found.text(Text.Description) == "The picture could not be decoded"


def test_a_grid_is_a_list_of_named_pictures(grid):
    found = read(grid)
    assert (found.role(), found.text(Text.Name), found.childCount()) == (Role.List, "Posterior samples", 16)
    sixth = found.child(5)
    assert (sixth.role(), sixth.text(Text.Name)) == (Role.ListItem, "sample 6 of 16")
    assert sixth.parent() is found
    assert found.indexOfChild(sixth) == 5
    assert found.child(16) is None
    centre = sixth.rect().center()
    assert found.childAt(centre.x(), centre.y()) is sixth
    assert sixth.rect().size() == grid.tile_rect(5).toAlignedRect().size()


def test_it_tells_which_is_selected_and_which_has_the_focus(grid, qtbot):
    found = read(grid)
    grid.set_selected(2)
    assert [i for i in range(16) if found.child(i).state().selected] == [2]
    grid.activateWindow()
    grid.setFocus()
    qtbot.waitUntil(grid.hasFocus, timeout=10_000)
    assert found.focusChild() is found.child(grid.item_in_frame())


def test_a_caption_is_part_of_the_name(grid):
    grid.set_captions(["mnist test image 3 (7)"])
    assert read(grid).child(0).text(Text.Name) == "sample 1 of 16: mnist test image 3 (7)"


def test_a_picture_that_is_no_longer_there_is_invalid(grid):
    last = read(grid).child(15)
    grid.set_images(np.zeros((4, 1, 8, 8), np.float32))
    assert not last.isValid()
    assert last.state().invalid
    assert last.text(Text.Name) == ""
    assert read(grid).childCount() == 4


def test_grids_that_are_read_and_deleted_leave_nothing_behind(qapp):
    for _ in range(50):
        grid = ImageGrid()
        grid.set_images(np.zeros((3, 1, 8, 8), np.float32))
        item = read(grid).child(1)
        assert item.text(Text.Name) == "image 2 of 3"
        shiboken6.delete(grid)
        assert not shiboken6.isValid(item)
        del item
    gc.collect()
    view = ImageView()
    assert read(view).role() == Role.Graphic
    shiboken6.delete(view)
