"""Tooltips that wrap: Qt shows plain text in one line, however long it is."""

import textwrap

from PySide6.QtWidgets import QWidget

CHARACTERS = 80  # of a line, about 40 em


def set_tip(widget: QWidget, text: str) -> None:
    """The tooltip of a widget, and what a screen reader says of it."""
    widget.setToolTip(wrapped(text))
    widget.setAccessibleDescription(text)


def wrapped(text: str) -> str:
    """Plain text in lines of at most 40 em. (An event filter that wraps whatever is shown would be called for every
    event of the program, and wait for the interpreter each time: that is felt under a slider.)"""
    return "\n".join(textwrap.fill(line, CHARACTERS) for line in text.split("\n"))
