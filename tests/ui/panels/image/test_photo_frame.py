"""The frame on the photo, by mouse and by keys: what is dragged is what the model sees."""

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QMouseEvent
from PySide6.QtWidgets import QApplication, QCheckBox

from vae_explorer.data import bundled
from vae_explorer.data.photo.frame import Frame
from vae_explorer.data.preprocess import prepare
from vae_explorer.export.picture import png
from vae_explorer.session.records import Origin
from vae_explorer.ui.panels.image.image_panel import ImagePanel

WAIT = 30_000  # milliseconds
SIZE = 320, 240  # width and height of the photo


@pytest.fixture
def panel(session, put_on):
    return put_on(ImagePanel(session), 420, 620)


@pytest.fixture
def show(session, qtbot):
    """Opens a model and brings a picture in, uint8 [h, w, c]."""

    def show_it(model, pixels):
        with qtbot.waitSignal(session.model.changed, timeout=WAIT):
            session.model.open(str(model))
        session.image.open([Origin("photo.png", png(pixels))])
        qtbot.waitUntil(lambda: bool(session.image.brought) and session.image.posterior is not None, timeout=WAIT)
        return session.image

    return show_it


@pytest.fixture
def two_digits():
    """Paper with a digit, and a smaller one to its right."""
    paper = np.full((240, 320), 235, np.uint8)
    digits = bundled.tests_of("mnist").images[:2, 0]
    for digit, (top, left), side in zip(digits, ((60, 30), (80, 220)), (112, 84), strict=True):
        ink = np.asarray(Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC))
        paper[top : top + side, left : left + side] -= (ink * 0.8).astype(np.uint8)
    return paper[:, :, None]


@pytest.fixture
def image(panel, show, tiny_model, two_digits):
    """The session's images, with the photo of two digits encoded."""
    image = show(tiny_model, two_digits)
    panel.frame.setFocus()
    return image


@pytest.fixture
def encoded(session, qtbot):
    """Waits until what is set is what is encoded."""
    image = session.image
    return lambda: qtbot.waitUntil(
        lambda: image.posterior is not None and image.posterior.settings == image.settings, timeout=WAIT
    )


def screen(panel, across, down):
    """Where a place of the photo, in its pixels, is in the widget."""
    return panel.frame.rect_of(Frame(left=across, top=down, width=1, height=1)).topLeft()


def mouse(panel, kind, at, modifiers=Qt.KeyboardModifier.NoModifier):
    button = Qt.MouseButton.LeftButton
    held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else button
    where = panel.frame.mapToGlobal(at)
    QApplication.sendEvent(panel.frame, QMouseEvent(kind, at, QPointF(where), button, held, modifiers))


def drag(panel, start, end, modifiers=Qt.KeyboardModifier.NoModifier, *, release=True):
    """From one place of the photo to another, in its pixels."""
    a, b = screen(panel, *start), screen(panel, *end)
    mouse(panel, QEvent.Type.MouseButtonPress, a, modifiers)
    for share in (0.3, 0.6, 1.0):
        mouse(panel, QEvent.Type.MouseMove, a + share * (b - a), modifiers)
    if release:
        mouse(panel, QEvent.Type.MouseButtonRelease, b, modifiers)


def centre(frame):
    return frame.left + frame.width / 2, frame.top + frame.height / 2


def test_the_doubt_takes_the_place_of_the_percentile_until_the_frame_is_set_by_hand(panel, image, encoded, qtbot):
    assert panel.remark.property("role") == "warning"
    assert panel.remark.toolTip().startswith("Two figures were found")
    qtbot.keyClick(panel.frame, Qt.Key.Key_1)
    encoded()
    assert image.settings.frame == image.posterior.candidates[0]
    assert panel.remark.property("role") == "caption"
    assert panel.remark.text().startswith("nats")


def test_a_drag_moves_it_and_x_follows_before_the_mouse_is_released(panel, session, image, encoded):
    before, entries = image.frame, session.undo.activeStack().count()
    start = centre(before)
    drag(panel, start, (start[0] + 60, start[1] + 10), release=False)
    encoded()
    assert (image.frame.width, image.frame.height) == (before.width, before.height)
    assert image.frame.left == pytest.approx(before.left + 60, abs=2)
    assert image.frame.top == pytest.approx(before.top + 10, abs=2)
    np.testing.assert_array_equal(
        panel.x_view.property("value"),
        prepare(image.pictures[image.image], session.model.snapshot.preparation, frame=image.frame).x,
    )
    mouse(panel, QEvent.Type.MouseButtonRelease, QPointF(1, 1))
    assert session.undo.activeStack().count() == entries + 1
    session.undo.undo()
    encoded()
    assert image.frame == before


def test_a_corner_keeps_the_models_proportions_and_with_shift_none(panel, image, encoded):
    image.set_frame(Frame(left=40, top=40, width=100, height=100))
    drag(panel, (139, 139), (170, 150))
    assert image.frame.width == image.frame.height == pytest.approx(131, abs=3)
    drag(panel, (40 + image.frame.width - 1, 90), (230, 90), Qt.KeyboardModifier.ShiftModifier)
    assert image.frame.width == pytest.approx(190, abs=3)
    assert image.frame.height == pytest.approx(131, abs=3)


def test_esc_takes_a_drag_back(panel, session, image, encoded, qtbot):
    before, entries = image.frame, session.undo.activeStack().count()
    start = centre(before)
    drag(panel, start, (start[0] + 50, start[1]), release=False)
    assert image.frame != before
    qtbot.keyClick(panel.frame, Qt.Key.Key_Escape)
    encoded()
    assert (image.frame, image.settings.frame) == (before, None)
    mouse(panel, QEvent.Type.MouseMove, QPointF(1, 1))
    mouse(panel, QEvent.Type.MouseButtonRelease, QPointF(1, 1))
    assert (image.settings.frame, session.undo.activeStack().count()) == (None, entries)


def click(panel, frame):
    at = screen(panel, *centre(frame))
    mouse(panel, QEvent.Type.MouseButtonPress, at)
    mouse(panel, QEvent.Type.MouseButtonRelease, at)


def test_a_click_chooses_another_figure(panel, image, encoded):
    first, second = image.posterior.candidates
    for frame in (second, first):
        click(panel, frame)
        encoded()
        assert image.settings.frame == frame
        assert image.posterior.doubt == ""


def test_a_double_click_in_the_frame_enlarges_the_photo_and_leaves_the_doubt(panel, image, qtbot):
    click(panel, image.frame)
    mouse(panel, QEvent.Type.MouseButtonDblClick, screen(panel, *centre(image.frame)))
    qtbot.waitUntil(lambda: panel._large is not None and panel._large.isVisible(), timeout=WAIT)
    assert image.settings.frame is None
    panel._large.close()


def test_delete_and_the_step_go_back_to_what_was_found(panel, image, encoded, qtbot):
    found = image.frame
    for back in (
        lambda: qtbot.keyClick(panel.frame, Qt.Key.Key_Delete),
        lambda: panel.findChild(QCheckBox, "step_frame").click(),
    ):
        qtbot.keyClick(panel.frame, Qt.Key.Key_2)
        encoded()
        assert image.frame != found
        back()
        encoded()
        assert (image.settings.frame, image.frame) == (None, found)
        assert panel.remark.property("role") == "warning"


def test_arrows_move_it_by_a_hundredth_of_the_photo_and_with_shift_by_a_pixel(panel, image, qtbot):
    image.set_frame(Frame(left=100, top=100, width=60, height=60))
    ctrl, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    for key, modifiers, box in (
        (Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier, (103, 100, 60, 60)),
        (Qt.Key.Key_Up, Qt.KeyboardModifier.NoModifier, (103, 97, 60, 60)),
        (Qt.Key.Key_Left, shift, (102, 97, 60, 60)),
        (Qt.Key.Key_Right, ctrl, (102, 97, 63, 63)),
        (Qt.Key.Key_Up, ctrl, (102, 97, 60, 60)),
        (Qt.Key.Key_Down, ctrl | shift, (102, 97, 60, 61)),
        (Qt.Key.Key_Left, ctrl | shift, (102, 97, 59, 61)),
    ):
        qtbot.keyClick(panel.frame, key, modifiers)
        frame = image.frame
        assert (frame.left, frame.top, frame.width, frame.height) == box


def test_an_arrow_that_is_held_is_one_entry_of_the_history(panel, session, image, qtbot):
    entries = session.undo.activeStack().count()
    for _ in range(5):
        qtbot.keyPress(panel.frame, Qt.Key.Key_Right)
    qtbot.keyRelease(panel.frame, Qt.Key.Key_Right)
    assert session.undo.activeStack().count() == entries + 1
    qtbot.keyPress(panel.frame, Qt.Key.Key_Down)
    panel.frame.clearFocus()
    assert session.undo.activeStack().count() == entries + 2


def test_r_turns_it_where_the_photo_has_the_focus_and_only_there(panel, session, image, qtbot):
    seed = session.posterior_samples.settings.seed
    qtbot.keyClick(panel.frame, Qt.Key.Key_R)
    assert image.frame.turns == 1
    panel.steps.setFocus()
    qtbot.keyClick(panel, Qt.Key.Key_R)
    assert image.frame.turns == 1
    assert session.posterior_samples.settings.seed == seed


def test_the_photo_stays_where_it_is_while_the_frame_is_set(panel, image, encoded, qtbot):
    def places():
        return panel.photo.mapTo(panel, QPoint()), panel.x_view.mapTo(panel, QPoint())

    before = places()
    qtbot.keyClick(panel.frame, Qt.Key.Key_2)
    encoded()
    qtbot.keyClick(panel.frame, Qt.Key.Key_R)
    encoded()
    assert places() == before


def test_it_is_painted_around_what_is_seen_and_the_rest_is_dimmed(panel, image, encoded, two_digits):
    image.set_frame(Frame(left=160, top=60, width=120, height=120))
    encoded()

    def brightness(across, down):
        at = panel.frame.mapTo(panel.photo, screen(panel, across, down).toPoint())
        return panel.photo.grab().toImage().pixelColor(at).lightness()

    assert brightness(200, 70) > 200  # paper in the frame
    assert brightness(10, 220) < 150  # paper outside


def test_a_picture_that_fits_has_no_frame_until_somebody_comes_to_set_one(panel, show, tiny_model):
    show(tiny_model, bundled.tests_of("mnist").images[3, 0, :, :, None])
    panel.strip.grid.setFocus()
    without = panel.photo.grab().toImage()
    panel.frame.hide()
    assert panel.photo.grab().toImage() == without
    panel.frame.show()
    panel.frame.setFocus()
    assert panel.photo.grab().toImage() != without


def test_a_screen_reader_is_told_where_it_is(panel, image, qtbot):
    read = QAccessible.queryAccessibleInterface(panel.frame)
    assert read.role() == QAccessible.Role.Grip
    assert read.text(QAccessible.Text.Name) == "Frame on the photo"
    assert "2 figures were found" in read.text(QAccessible.Text.Value)
    image.set_frame(Frame(left=80, top=60, width=160, height=120, turns=1))
    assert read.text(QAccessible.Text.Value).startswith(
        "set by hand: 25% from the left, 25% from the top, 50% × 50% of the photo, turned by 90°"
    )


def test_the_large_photo_shows_the_same_frame_and_what_becomes_of_it(panel, image, encoded, qtbot):
    qtbot.keyClick(panel.frame, Qt.Key.Key_Return)
    large = panel._large
    qtbot.waitExposed(large)
    assert large.photo.width() > 2 * panel.photo.width()
    assert large.doubt.text().startswith("Two figures were found")
    qtbot.keyClick(large.frame, Qt.Key.Key_2)
    encoded()
    assert large.doubt.text() == ""
    np.testing.assert_array_equal(large.x_view.property("value"), image.posterior.x)
    large.automatic.click()
    assert image.settings.frame is None
    large.close()


def test_of_a_model_of_colour_pictures_the_frame_is_the_crop(panel, show, make_model, encoded, session):
    pixels = np.random.default_rng(1).integers(0, 256, (60, 90, 3), np.uint8)
    image = show(make_model(channels=3), pixels)
    assert image.frame == Frame(left=15, top=0, width=60, height=60)  # the middle
    panel.frame.setFocus()
    drag(panel, (45, 30), (60, 30))
    encoded()
    assert image.frame == Frame(left=30, top=0, width=60, height=60)
    wanted = prepare(image.pictures[image.image], session.model.snapshot.preparation, frame=image.frame)
    np.testing.assert_array_equal(image.posterior.x, wanted.x)
    assert (image.posterior.doubt, image.posterior.candidates) == ("", (Frame(left=15, top=0, width=60, height=60),))
