"""Segments, flowing widgets, vectors in a line, the bar of errors, elided text, the frame of a panel."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.theme import theme
from vae_explorer.ui.widgets.flow_layout import FlowBox
from vae_explorer.ui.widgets.grid_layout import arrange
from vae_explorer.ui.widgets.panel import ElidedLabel, Panel, button
from vae_explorer.ui.widgets.segments import Segments
from vae_explorer.ui.widgets.vector_field import VectorField
from vae_explorer.ui.window.error_banner import ErrorBanner


@pytest.fixture
def segments(put_on):
    made = Segments()
    for value in ("mean", "draw", "sigma"):
        made.add(value, value.title(), f"shows {value}")
    return put_on(made, 300, 40)


def test_the_first_segment_is_chosen_at_the_beginning(segments):
    assert segments.property("value") == "mean"


def test_a_click_chooses_one_segment_and_says_which(segments, qtbot):
    with qtbot.waitSignal(segments.chosen) as chosen:
        qtbot.mouseClick(segments.button("sigma"), Qt.MouseButton.LeftButton)
    assert chosen.args == ["sigma"]
    assert [segments.button(value).isChecked() for value in ("mean", "draw", "sigma")] == [False, False, True]


def test_a_program_chooses_a_segment_in_silence(segments, qtbot):
    with qtbot.assertNotEmitted(segments.chosen):
        segments.set_value("draw")
        segments.setProperty("value", "sigma")
        segments.set_value("unknown")
    assert segments.property("value") == "sigma"


def test_segments_can_be_walked_with_the_keyboard(segments, qtbot):
    segments.button("mean").setFocus()
    with qtbot.waitSignal(segments.chosen) as chosen:
        qtbot.keyClick(segments.button("mean"), Qt.Key.Key_Right)
    assert chosen.args == ["draw"]


def test_segments_know_their_place_for_the_round_corners(segments):
    assert [segments.button(value).property("place") for value in ("mean", "draw", "sigma")] == [
        "first",
        "middle",
        "last",
    ]


def chips(count):
    made = [QPushButton(f"step {i}") for i in range(count)]
    for chip in made:
        chip.setFixedSize(80, 28)  # as high as a button is
    return made


def test_a_flow_takes_as_many_lines_as_its_width_asks_for(put_on, qtbot):
    box = put_on(FlowBox(), 260, 100)
    made = chips(5)
    box.set_widgets(made)
    qtbot.waitUntil(lambda: made[4].y() > 0)
    assert [chip.y() for chip in made] == [0, 0, 0, 32, 32]
    assert [chip.x() for chip in made] == [0, 84, 168, 0, 84]
    assert box.height() == 60
    box.resize(100, box.height())
    assert box.height() == 5 * 32 - 4
    box.resize(1000, box.height())
    assert box.height() == 28


def test_other_widgets_take_the_place_of_the_last_ones(put_on, qtbot):
    box = put_on(FlowBox(), 260, 100)
    old, new = chips(2), chips(1)
    box.set_widgets(old)
    gone = []
    for chip in old:
        chip.destroyed.connect(lambda *_: gone.append(1))
    box.set_widgets(new)
    qtbot.waitUntil(lambda: len(gone) == 2)
    assert new[0].isVisible()
    box.set_widgets([])
    assert box.height() == 1


def test_a_vector_shows_one_of_its_numbers_and_has_all_of_them_in_full(put_on):
    mu, sigma = VectorField("μ", role="mu"), VectorField("σ", role="sigma")
    vector = np.array([0.123456, -1.0, 0.0041], np.float32)
    for field in (mu, sigma):
        field.set_value(vector)
        np.testing.assert_array_equal(field.property("value"), vector)
    assert (mu.text(), sigma.text()) == ("μ 0.12", "σ 0.12")
    mu.show_at(1)
    sigma.show_at(2)
    assert (mu.text(), sigma.text()) == ("μ −1.00", "σ 0.0041")  # a small sigma is not 0.00
    mu.show_at(9)
    sigma.set_value(None)
    assert (mu.text(), sigma.text(), len(sigma.property("value"))) == ("", "", 0)


def test_an_error_stays_until_it_is_closed_or_replaced(put_on, qtbot):
    banner = ErrorBanner()
    assert banner.isHidden()
    banner = put_on(banner, 600, 40)
    banner.show_sentence("The disk is full", details="one\ntwo")
    banner.show_sentence("<b>x.png</b> is no image & cannot be read")
    assert banner.isVisible()
    assert banner.text.objectName() == "errorMessage"
    assert banner.text.text() == "<b>x.png</b> is no image & cannot be read"
    assert banner.text.textFormat() == Qt.TextFormat.PlainText
    assert banner.text.toolTip() == ""
    qtbot.mouseClick(banner.dismiss, Qt.MouseButton.LeftButton)
    assert not banner.isVisible()
    assert banner.text.text() == ""


def test_text_without_room_is_cut_in_the_middle_and_whole_in_its_tooltip(put_on):
    text = "a very long name of a file that nobody has shortened.png · 28 × 28"
    label = put_on(ElidedLabel(), 120, 20)
    label.set_whole(text)
    assert "…" in label.text()
    assert label.text().startswith("a very")
    assert label.toolTip() == text
    label.resize(1000, 20)
    assert label.text() == text


def test_a_panel_says_its_title_to_a_screen_reader(put_on):
    assert put_on(Panel("Latent point", "z")).accessibleName() == "Latent point"


def test_a_button_calls_what_it_does_without_an_argument(put_on, qtbot):
    called = []
    made = put_on(button("Go", lambda *arguments: called.append(arguments), "Goes", name="go"), 80, 30)
    assert made.accessibleDescription() == "Goes"
    qtbot.mouseClick(made, Qt.MouseButton.LeftButton)
    assert len(called) == 1


@pytest.mark.parametrize("count", [1, 2, 7, 16, 64, 256])
def test_tiles_are_never_larger_than_their_place(count):
    for width, height in ((900, 200), (200, 900), (400, 400)):
        found = arrange(count, 28, 28, width, height, largest_gap=8)
        assert found.columns * found.rows >= count
        assert found.total_width <= width
        assert found.total_height <= height


def test_an_error_in_an_override_reaches_the_hook_and_not_qt(monkeypatch):
    heard = []
    monkeypatch.setattr("sys.excepthook", lambda kind, error, _traceback: heard.append((kind, str(error))))

    class Broken:
        @guarded(7)
        def event(self, number):
            return 1 // number

    assert Broken().event(0) == 7
    assert Broken().event(1) == 1
    assert heard == [(ZeroDivisionError, "integer division or modulo by zero")]


@pytest.mark.parametrize("scale", [80, 200])
def test_a_flow_is_fitted_again_when_its_type_or_a_widget_in_it_changes(put_on, scale, qtbot):
    box = put_on(FlowBox(), 200, 100)
    parts = [QPushButton(text) for text in ("Draw again", "16 draws", "Copy")]
    box.set_widgets(parts)
    theme.set_scale(scale)
    parts[2].setText("Copy this picture")

    def fits():
        return all(box.rect().contains(part.geometry()) and part.size() == part.sizeHint() for part in parts)

    qtbot.waitUntil(fits, timeout=10_000)
    assert box.height() == max(part.geometry().bottom() for part in parts) + 1


def test_the_right_part_of_a_flow_is_at_the_right_edge_or_on_a_line_of_its_own(put_on):
    box = put_on(FlowBox(left=1), 600, 100)
    parts = [QPushButton(text) for text in ("Draws", "Draw again", "16 draws")]
    box.set_widgets(parts)
    box.layout().activate()
    assert parts[0].x() == 0
    assert parts[2].geometry().right() == box.rect().right()
    box.resize(parts[1].width() + parts[2].width() + 20, 100)
    assert parts[1].y() == parts[2].y() > parts[0].y()
    assert parts[1].x() == 0
