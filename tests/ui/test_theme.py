"""Colours that can be read, focus that can be seen, and controls that keep their size."""

import itertools
import re

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible, QImage
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QPushButton, QSpinBox, QWidget

from vae_explorer import paths
from vae_explorer.ui.theme import DARK, LIGHT, SCALES, Colours, theme
from vae_explorer.ui.widgets.panel import button, label
from vae_explorer.ui.widgets.segments import Segments

TEXT = ("mu", "sigma", "eps", "z", "reconstruction", "kl", "gap", "train", "validation")
TEXT += ("text", "muted", "accent", "warning")
LEAST_TEXT, LEAST_MARK = 4.5, 3.0  # contrast (WCAG 2.2, 1.4.3 and 1.4.11)
SEEN_APART = 5.0  # CIE 1976 difference below which two lines of a plot can hardly be told apart
# Machado, Oliveira & Fernandes 2009, severity 1: linear RGB as it is without one of the cones
BLIND = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
both = pytest.mark.parametrize("colours", [DARK, LIGHT], ids=["dark", "light"])


def linear(colour: str) -> np.ndarray:
    """Of #rrggbb: linear RGB (IEC 61966-2-1)."""
    encoded = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    low, high = sorted(float(linear(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    """Of linear RGB: CIE L*a*b*, D65."""
    matrix = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
    xyz = np.array(matrix) @ rgb / [0.95047, 1.0, 1.08883]
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def apart(one: str, other: str, blind: str) -> float:
    """How different two colours look to somebody who is colour-blind, as a distance in L*a*b*."""
    seen = [lab(np.clip(np.array(BLIND[blind]) @ linear(colour), 0, 1)) for colour in (one, other)]
    return float(np.linalg.norm(seen[0] - seen[1]))


@both
@pytest.mark.parametrize("role", TEXT)
@pytest.mark.parametrize("ground", ["panel", "field", "window"])
def test_every_text_can_be_read_on_every_ground(colours: Colours, role, ground):
    assert contrast(getattr(colours, role), getattr(colours, ground)) >= LEAST_TEXT


@both
@pytest.mark.parametrize(("text", "ground"), [("text", "groove"), ("text", "hover"), ("accent_text", "accent")])
def test_words_on_a_chosen_or_pointed_at_control_can_be_read(colours: Colours, text, ground):
    assert contrast(getattr(colours, text), getattr(colours, ground)) >= LEAST_TEXT


@both
@pytest.mark.parametrize("ground", ["panel", "field", "window", "groove"])
def test_the_ring_of_the_focus_is_seen_on_every_ground_also_on_a_chosen_segment(colours: Colours, ground):
    assert contrast(colours.accent, getattr(colours, ground)) >= LEAST_MARK


@both
@pytest.mark.parametrize("blind", list(BLIND))
def test_mu_sigma_and_z_which_lie_on_one_groove_are_told_apart_by_the_colour_blind(colours: Colours, blind):
    for one, other in itertools.combinations(("mu", "sigma", "z"), 2):
        assert apart(getattr(colours, one), getattr(colours, other), blind) > SEEN_APART, (one, other)


def controls() -> dict[str, QWidget]:
    segments = Segments()
    for value in ("mean", "draw"):
        segments.add(value, value, value)
    made = {
        "button": button("Copy", print, "Copies"),
        "primary": button("Start", print, "Starts", role="primary"),
        "link": button("More…", print, "More", role="link"),
        "chip": button("invert", print, "Inverts", role="chip", checkable=True),
        "workspace": button("Explore", print, "The spine", role="workspace", checkable=True),
        "chosen segment": segments,
        "check box": QCheckBox("keep"),
        "list": QComboBox(),
        "number": QSpinBox(),
        "field": QLineEdit("1"),
    }
    made["list"].addItems(["± 3"])
    return made


def takes_focus(control: QWidget) -> QWidget:
    return control.button("mean") if isinstance(control, Segments) else control


def edge(control: QWidget, at: QPoint) -> str:
    image: QImage = control.grab().toImage()
    return image.pixelColor(at).name()


@pytest.mark.parametrize(
    "name",
    ["button", "primary", "link", "chip", "workspace", "chosen segment", "check box", "list", "number", "field"],
)
@pytest.mark.parametrize("scheme", ["Dark", "Light"])
def test_focus_is_a_ring_of_two_pixels_that_moves_nothing(put_on, qtbot, name, scheme):
    theme.set_scheme(Qt.ColorScheme[scheme])
    frame = QWidget()
    control, other = controls()[name], QPushButton("other")
    for part in (control, other):
        part.setParent(frame)
    put_on(frame, 300, 120)
    frame.activateWindow()
    qtbot.waitUntil(frame.isActiveWindow)
    other.move(0, 60)
    target = takes_focus(control)
    other.setFocus()
    control.adjustSize()
    before = target.sizeHint()
    ring = theme.colours.text if name == "primary" else theme.colours.accent
    inside = [QPoint(target.width() // 2, y) for y in (0, 1)]
    assert edge(target, inside[1]) != ring
    target.setFocus()
    assert target.hasFocus()
    assert [edge(target, at) for at in inside] == [ring, ring]
    assert target.sizeHint() == before


@pytest.mark.parametrize("scale", SCALES)
def test_controls_of_one_row_are_equally_high_at_every_size_of_the_type(put_on, scale):
    theme.set_scale(scale)
    frame = QWidget()
    made = controls()
    row = [made[name] for name in ("button", "primary", "chosen segment", "list", "number", "field")]
    for part in row:
        part.setParent(frame)
    put_on(frame, 300, 120)
    for part in row:
        part.adjustSize()
    heights = [part.height() for part in row]
    assert max(heights) - min(heights) <= 3  # of rounding, at 80 %
    assert abs(heights[0] - theme.pixels(28)) <= 2


def test_the_type_is_14_pixels_and_captions_are_12(put_on):
    text, caption = put_on(label("Text")), put_on(label("Text", role="caption"))
    heights = [round(part.fontInfo().pixelSize()) for part in (text, caption)]
    assert heights == [14, 12]
    theme.set_scale(150)
    assert round(text.fontInfo().pixelSize()) == 21


def test_every_place_of_the_style_sheet_is_filled_in(qapp):
    theme.set_scale(125)
    rules = re.sub(r"/\*.*?\*/", "", qapp.styleSheet(), flags=re.DOTALL)
    assert "@" not in rules
    roles = set(re.findall(r'role="(\w+)"', (paths.resources() / "style.qss").read_text("utf-8")))
    assert {"panel", "drawer", "strip", "runbar", "tag", "workspace", "segment", "primary"} <= roles


# segments


@pytest.fixture
def segments(put_on):
    made = Segments()
    made.setAccessibleName("What is shown")
    for value in ("mean", "draw", "sigma"):
        made.add(value, value.title(), f"shows {value}")
    return put_on(made, 300, 40)


def test_a_screen_reader_finds_a_group_of_radio_buttons_and_which_is_chosen(segments):
    segments.set_value("draw")
    found = []
    for value in ("mean", "draw", "sigma"):
        one = QAccessible.queryAccessibleInterface(segments.button(value))
        found.append((one.role(), one.text(QAccessible.Text.Name), bool(one.state().checked)))
    radio = QAccessible.Role.RadioButton
    assert found == [(radio, "Mean", False), (radio, "Draw", True), (radio, "Sigma", False)]


def test_a_choice_moves_no_segment(segments):
    buttons = [segments.button(value) for value in ("mean", "draw", "sigma")]
    places = set()
    for value in ("mean", "draw", "sigma"):
        segments.set_value(value)
        segments.grab()
        places.add(tuple(button.geometry().getRect() for button in buttons))
        assert segments.button(value).fontMetrics().horizontalAdvance(value.title()) < segments.button(value).width()
    assert len(places) == 1


def test_a_segment_is_chosen_by_a_click_anywhere_on_it(segments, qtbot):
    last = segments.button("sigma")
    with qtbot.waitSignal(segments.chosen):
        qtbot.mouseClick(last, Qt.MouseButton.LeftButton, pos=QPoint(last.width() - 2, 2))
    assert segments.property("value") == "sigma"


def test_the_chosen_segment_differs_from_the_others_by_more_than_its_words_colour(segments):
    segments.set_value("draw")
    chosen, other = (edge(segments.button(value), QPoint(4, 14)) for value in ("draw", "sigma"))
    assert chosen == theme.colours.groove
    assert other != chosen
