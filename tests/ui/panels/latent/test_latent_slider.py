"""What a hand does with a latent slider, and what the eye sees on it."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QContextMenuEvent, QKeyEvent, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QScrollArea, QVBoxLayout, QWidget

from vae_explorer.ui.panels.latent.latent_slider import LatentSlider
from vae_explorer.ui.theme import theme
from vae_explorer.ui.widgets.numbers import mark

LEFT, NO_BUTTON = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
NO_MODIFIER, SHIFT, CTRL = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
)


class Heard:
    """Everything a slider said, in order."""

    def __init__(self, slider):
        self.said = []
        slider.gripped.connect(lambda: self.said.append("gripped"))
        slider.moved.connect(lambda value: self.said.append(value))
        slider.released.connect(lambda: self.said.append("released"))

    @property
    def values(self):
        return [said for said in self.said if isinstance(said, float)]


@pytest.fixture
def slider(qtbot):
    slider = LatentSlider("z 6")
    qtbot.addWidget(slider)
    slider.resize(300, 22)
    slider.show()
    qtbot.waitExposed(slider)
    slider.activateWindow()
    slider.setFocus()
    qtbot.waitUntil(slider.hasFocus)
    return slider


@pytest.fixture
def heard(slider):
    return Heard(slider)


def mouse(slider, what, x, modifiers=NO_MODIFIER, button=LEFT):
    kinds = {"press": QMouseEvent.Type.MouseButtonPress, "move": QMouseEvent.Type.MouseMove}
    kind = kinds.get(what, QMouseEvent.Type.MouseButtonRelease)
    place = QPointF(x, 11)
    held = NO_BUTTON if what == "release" else button
    own = NO_BUTTON if what == "move" else button
    QApplication.sendEvent(slider, QMouseEvent(kind, place, slider.mapToGlobal(place), own, held, modifiers))


def wheel(widget, notches, modifiers=NO_MODIFIER):
    """A turn of the wheel over the widget, given to its window as the system does."""
    window = widget.window()
    place = QPointF(widget.mapTo(window, widget.rect().center()))
    QTest.wheelEvent(window.windowHandle(), place, QPoint(0, 120 * notches), QPoint(), modifiers)


def key(slider, what, key, *, repeat=False):
    kind = QKeyEvent.Type.KeyPress if what == "press" else QKeyEvent.Type.KeyRelease
    QApplication.sendEvent(slider, QKeyEvent(kind, key, NO_MODIFIER, "", repeat))


def colour_at(slider, x, y):
    image = slider.grab().toImage()
    return image.pixelColor(int(x * image.devicePixelRatio()), int(y * image.devicePixelRatio()))


def close_to(colour: QColor, other: QColor) -> bool:
    return all(abs(a - b) <= 6 for a, b in zip(colour.getRgb()[:3], other.getRgb()[:3], strict=True))


# the value


def test_the_property_value_has_full_precision(slider):
    slider.set_value(-2.0437113285064697)
    assert slider.property("value") == -2.0437113285064697
    assert slider.value == -2.0437113285064697


def test_setting_the_value_from_outside_says_nothing(slider, heard):
    slider.set_value(1.0)
    slider.setProperty("value", 2.0)
    assert slider.value == 2.0
    assert heard.said == []


def test_a_value_outside_the_range_widens_the_slider(slider):
    slider.set_value(7.5)
    assert slider.value == 7.5
    assert slider.limit > 7.5
    assert slider.x_of(7.5) < slider.width()
    slider.set_value(0.0)
    assert slider.limit == 3.0


def test_mu_outside_the_range_widens_the_slider_too(slider):
    slider.set_posterior(-4.0, 0.1)
    assert slider.limit > 4
    slider.set_posterior(None, None)
    assert slider.limit == 3


def test_a_wider_range_moves_the_handle_towards_the_middle(slider):
    slider.set_value(2.0)
    before = slider.x_of(2.0)
    slider.set_range(5.0)
    assert slider.x_of(0.0) < slider.x_of(2.0) < before


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(), st.floats(), st.floats(), st.lists(st.floats(), max_size=4))
def test_no_figure_a_broken_model_may_give_stops_the_painting(slider, monkeypatch, value, mu, sigma, ticks):
    failures = []
    monkeypatch.setattr("sys.excepthook", lambda *failure: failures.append(failure))
    slider.set_value(value)
    slider.set_posterior(mu, sigma)
    slider.set_ticks(np.array(ticks))
    slider.grab()
    assert failures == []
    assert slider.value == value or math.isnan(value)


# the mouse


def test_a_drag_is_one_gesture(slider, heard):
    x = slider.x_of(0.0)
    mouse(slider, "press", x)
    for further in (5, 20, 40):
        mouse(slider, "move", x + further)
    mouse(slider, "release", x + 40)
    assert heard.said[0] == "gripped"
    assert heard.said[-1] == "released"
    assert len(heard.values) == 3 == len(heard.said) - 2
    assert slider.x_of(slider.value) == pytest.approx(x + 40, abs=1e-6)


def test_the_handle_stays_where_it_was_gripped(slider, heard):
    slider.set_value(1.234)
    mouse(slider, "press", slider.x_of(1.234) + 5)
    mouse(slider, "release", slider.x_of(1.234) + 5)
    assert heard.said == ["gripped", "released"]
    assert slider.value == 1.234


def test_a_click_on_the_groove_jumps_there(qtbot, slider, heard):
    qtbot.mouseClick(slider, LEFT, pos=QPoint(round(slider.x_of(2.0)), 11))
    assert slider.value == pytest.approx(2.0, abs=0.02)
    assert heard.said == ["gripped", slider.value, "released"]


def test_a_drag_ends_at_the_end_of_the_groove(slider):
    mouse(slider, "press", slider.x_of(0.0))
    mouse(slider, "move", 2000)
    assert slider.value == slider.limit == 3.0
    mouse(slider, "move", slider.x_of(0.0))  # the way back starts under the pointer, not at once
    assert slider.value == pytest.approx(0.0, abs=1e-9)
    mouse(slider, "release", slider.x_of(0.0))


def test_a_drag_with_shift_is_ten_times_finer_and_never_jumps(slider):
    slider.set_value(1.0)
    x = slider.x_of(1.0)
    per_pixel = 1.0 / (slider.x_of(1.0) - slider.x_of(0.0))
    mouse(slider, "press", x + 60, SHIFT)
    assert slider.value == 1.0
    mouse(slider, "move", x + 70, SHIFT)
    assert slider.value == pytest.approx(1 + per_pixel, abs=1e-9)
    mouse(slider, "move", x + 70)  # letting Shift go
    assert slider.value == pytest.approx(1 + per_pixel, abs=1e-9)
    mouse(slider, "move", x + 80)
    assert slider.value == pytest.approx(1 + 11 * per_pixel, abs=1e-9)
    mouse(slider, "release", x + 80)


def test_the_scale_stands_still_under_the_hand(slider):
    slider.set_value(6.0)
    wide = slider.limit
    mouse(slider, "press", slider.x_of(6.0))
    mouse(slider, "move", slider.x_of(1.0))
    assert slider.limit == wide
    mouse(slider, "release", slider.x_of(1.0))
    assert slider.limit == 3.0
    assert slider.value == pytest.approx(1.0)


def test_double_click_takes_mu_exactly(qtbot, slider, heard):
    mu = -2.0437113285064697
    slider.set_posterior(mu, 0.26)
    qtbot.mouseDClick(slider, LEFT, pos=QPoint(round(slider.x_of(1.0)), 11))
    assert slider.value == mu
    assert heard.said == ["gripped", mu, "released"]


def test_a_real_double_click_on_the_groove_ends_at_mu(slider, heard):
    slider.set_posterior(1.96, 0.25)
    QTest.mouseDClick(slider.windowHandle(), LEFT, pos=QPoint(round(slider.x_of(-1.0)), 11))
    assert slider.value == 1.96
    assert heard.said.count("gripped") == heard.said.count("released") == 2  # the first click is a jump of its own


def test_double_click_without_an_image_takes_zero(qtbot, slider):
    slider.set_value(1.0)
    qtbot.mouseDClick(slider, LEFT, pos=QPoint(round(slider.x_of(2.0)), 11))
    assert slider.value == 0.0


def test_a_right_click_asks_for_the_menu_and_moves_nothing(qtbot, slider, heard):
    place = QPoint(40, 11)
    with qtbot.waitSignal(slider.menu_asked) as asked:
        QApplication.sendEvent(
            slider, QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, slider.mapToGlobal(place))
        )
    qtbot.mouseClick(slider, Qt.MouseButton.RightButton, pos=place)
    assert asked.args == [slider.mapToGlobal(place)]
    assert heard.said == []


def test_the_menu_key_asks_for_the_menu_at_the_handle(qtbot, slider):
    slider.set_value(2.0)
    with qtbot.waitSignal(slider.menu_asked) as asked:
        QApplication.sendEvent(slider, QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(), QPoint()))
    assert slider.mapFromGlobal(asked.args[0]).x() == round(slider.x_of(2.0))


# the keys


@pytest.mark.parametrize(
    ("pressed", "modifiers", "value"),
    [
        (Qt.Key.Key_Right, NO_MODIFIER, 1.05),
        (Qt.Key.Key_Left, NO_MODIFIER, 0.95),
        (Qt.Key.Key_Right, CTRL, 1.01),
        (Qt.Key.Key_Left, CTRL, 0.99),
        (Qt.Key.Key_PageUp, NO_MODIFIER, 1.5),
        (Qt.Key.Key_PageDown, NO_MODIFIER, 0.5),
        (Qt.Key.Key_Home, NO_MODIFIER, 0.0),
        (Qt.Key.Key_End, NO_MODIFIER, -1.3399),
    ],
)
def test_each_key_has_its_step_and_is_one_gesture(qtbot, slider, heard, pressed, modifiers, value):
    slider.set_posterior(-1.3399, 0.2)
    slider.set_value(1.0)
    qtbot.keyClick(slider, pressed, modifiers)
    assert slider.value == value
    assert heard.said == ["gripped", value, "released"]


def test_a_held_key_is_one_gesture(slider, heard):
    key(slider, "press", Qt.Key.Key_Right)
    for _ in range(3):  # as X11 repeats a key
        key(slider, "release", Qt.Key.Key_Right, repeat=True)
        key(slider, "press", Qt.Key.Key_Right, repeat=True)
    assert "released" not in heard.said
    key(slider, "release", Qt.Key.Key_Right)
    assert heard.said == ["gripped", 0.05, 0.1, 0.15, 0.2, "released"]


def test_two_presses_are_two_gestures(qtbot, slider, heard):
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    qtbot.keyClick(slider, Qt.Key.Key_Left)
    assert heard.said == ["gripped", 0.05, "released", "gripped", 0.0, "released"]


def test_keys_go_beyond_the_range(qtbot, slider):
    slider.set_value(2.9)
    qtbot.keyClick(slider, Qt.Key.Key_PageUp)
    assert slider.value == 3.4
    assert slider.limit > 3.4


def test_up_and_down_ask_for_the_neighbouring_row(qtbot, slider, heard):
    asked = []
    slider.next_asked.connect(asked.append)
    qtbot.keyClick(slider, Qt.Key.Key_Up)
    qtbot.keyClick(slider, Qt.Key.Key_Down)
    assert asked == [-1, 1]
    assert heard.said == []


def test_a_key_that_is_held_while_the_slider_goes_away_ends_its_gesture(slider, heard):
    key(slider, "press", Qt.Key.Key_Right)
    slider.hide()
    assert heard.said == ["gripped", 0.05, "released"]


@pytest.mark.parametrize(
    ("pressed", "typed"),
    [(Qt.Key.Key_Return, ""), (Qt.Key.Key_Enter, ""), (Qt.Key.Key_F2, ""), ("4", "4"), ("-", "-"), (",", ",")],
)
def test_enter_f2_and_a_digit_ask_for_the_field(qtbot, slider, heard, pressed, typed):
    with qtbot.waitSignal(slider.edit_asked) as asked:
        qtbot.keyClick(slider, pressed) if isinstance(pressed, Qt.Key) else qtbot.keyClicks(slider, pressed)
    assert asked.args == [typed]
    assert heard.said == []


def test_l_asks_for_the_lock_also_of_a_locked_slider(qtbot, slider):
    for locked in (False, True):
        slider.set_locked(locked)
        with qtbot.waitSignal(slider.lock_asked):
            qtbot.keyClick(slider, Qt.Key.Key_L)


def test_steps_there_and_back_are_0_where_z_is_kept_in_float32(qtbot, slider):
    slider.moved.connect(lambda value: slider.set_value(float(np.float32(value))))
    for key_of in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_Left):
        qtbot.keyClick(slider, key_of)
    assert slider.value == 0


def test_keys_wait_while_the_mouse_drags(qtbot, slider, heard):
    mouse(slider, "press", slider.x_of(0.0))
    qtbot.keyClick(slider, Qt.Key.Key_PageUp)
    mouse(slider, "release", slider.x_of(0.0))
    assert heard.said == ["gripped", "released"]


# the wheel


def test_wheel_steps_close_together_are_one_gesture(qtbot, slider, heard):
    with qtbot.waitSignal(slider.released, timeout=2000):
        wheel(slider, 1)
        wheel(slider, 1)
        wheel(slider, -1, CTRL)
        assert heard.said == ["gripped", 0.05, 0.1, 0.09]
    assert heard.said[-1] == "released"


def test_the_wheel_scrolls_the_list_unless_the_slider_has_focus(qtbot):
    area, inside = QScrollArea(), QWidget()
    qtbot.addWidget(area)
    rows = QVBoxLayout(inside)
    sliders = [LatentSlider(f"z {j}") for j in range(40)]
    for slider in sliders:
        rows.addWidget(slider)
    area.setWidget(inside)
    area.resize(300, 120)
    area.show()
    qtbot.waitExposed(area)
    area.activateWindow()
    sliders[3].setFocus()
    qtbot.waitUntil(sliders[3].hasFocus)

    wheel(sliders[0], -1)
    scrolled = area.verticalScrollBar().value()
    assert scrolled > 0
    assert sliders[0].value == 0.0

    wheel(sliders[3], -1)
    assert area.verticalScrollBar().value() == scrolled
    assert sliders[3].value == -0.05
    area.hide()


# locked


def test_a_locked_slider_takes_no_change_from_the_user(qtbot, slider, heard):
    slider.set_locked(True)
    qtbot.mouseClick(slider, LEFT, pos=QPoint(20, 11))
    qtbot.mouseDClick(slider, LEFT, pos=QPoint(20, 11))
    qtbot.keyClick(slider, Qt.Key.Key_PageUp)
    wheel(slider, 1)
    assert heard.said == []
    slider.set_value(1.0)  # the program may
    assert slider.value == 1.0


def test_a_locked_handle_has_lost_its_colour(slider):
    slider.clearFocus()
    free = colour_at(slider, slider.x_of(0.0), 11)
    slider.set_locked(True)
    assert close_to(free, mark("z"))
    assert not close_to(colour_at(slider, slider.x_of(0.0), 11), mark("z"))


# what the eye sees


def test_the_handle_is_z_blue_at_the_place_of_z(slider):
    slider.set_value(-1.5)
    assert close_to(colour_at(slider, slider.x_of(-1.5), 11), mark("z"))
    assert not close_to(colour_at(slider, slider.x_of(1.5), 11), mark("z"))


def test_the_mu_tick_is_orange_at_the_place_of_mu(slider):
    slider.set_posterior(1.5, 0.3)
    assert close_to(colour_at(slider, slider.x_of(1.5), 2), mark("mu"))
    slider.set_posterior(None, None)
    assert not close_to(colour_at(slider, slider.x_of(1.5), 2), mark("mu"))


def test_the_sigma_band_is_green_from_mu_minus_sigma_to_mu_plus_sigma(slider):
    slider.set_posterior(1.5, 0.5)
    inside, outside = (colour_at(slider, slider.x_of(z), 5) for z in (1.1, 0.7))
    assert inside.green() > inside.red() + 15
    assert abs(outside.green() - outside.red()) < 15


def test_samples_are_ticks_on_the_groove(slider):
    bare = colour_at(slider, slider.x_of(-2.0), 8)
    slider.set_ticks(np.array([-2.0, 9.0, np.nan]))
    assert colour_at(slider, slider.x_of(-2.0), 8) != bare
    slider.set_ticks(None)
    assert colour_at(slider, slider.x_of(-2.0), 8) == bare


def test_a_dimmed_slider_is_fainter(slider):
    slider.clearFocus()
    groove = colour_at(slider, slider.x_of(-2.0), 11)
    slider.set_dimmed(True)
    dimmed, ground = (colour_at(slider, slider.x_of(-2.0), y) for y in (11, 1))
    assert abs(dimmed.lightness() - ground.lightness()) < abs(groove.lightness() - ground.lightness())


def test_the_slider_grows_with_the_type(slider):
    usual = slider.sizeHint().height()
    try:
        theme.set_scale(150)
        assert slider.sizeHint().height() == round(usual * 1.5)
    finally:
        theme.set_scale(100)
