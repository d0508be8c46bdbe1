"""Tooltips that wrap."""

from PySide6.QtWidgets import QWidget

from vae_explorer.ui.widgets.panel import ElidedLabel, button
from vae_explorer.ui.widgets.tips import CHARACTERS, set_tip, wrapped

LONG = "Compares each number that this program computes with the same number computed independently. " * 3


def widest(text: str) -> int:
    return max(map(len, text.split("\n")))


def test_a_long_tip_is_shown_in_several_lines_and_read_out_in_one(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    set_tip(widget, LONG.strip())
    assert widest(widget.toolTip()) <= CHARACTERS
    assert widget.toolTip().replace("\n", " ") == LONG.strip()
    assert widget.accessibleDescription() == LONG.strip()


def test_lines_that_are_there_stay_and_a_path_is_cut_where_it_must():
    path = "/home/me/" + "a_folder_with_a_long_name/" * 10
    assert wrapped("one\n\ntwo") == "one\n\ntwo"
    assert widest(wrapped(path)) <= CHARACTERS
    assert wrapped(path).replace("\n", "") == path


def test_buttons_and_elided_text_wrap_theirs(qtbot):
    made, text = button("Go", print, LONG), ElidedLabel()
    qtbot.addWidget(made)
    qtbot.addWidget(text)
    text.set_whole(LONG)
    assert widest(made.toolTip()) <= CHARACTERS
    assert widest(text.toolTip()) <= CHARACTERS
