"""A field that picks dimensions by their index."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QWidget

_WRONG = "Give indices and ranges, such as 3, 7, 10-20."


class DimensionFilter(QLineEdit):
    """Picks rows where there are too many to look through.

    Signals:
        changed(): `wanted` is another
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("latentFilter")
        self.setPlaceholderText("3, 7, 10–20")
        self.setAccessibleName("Filter the dimensions")
        self.setAcceptDrops(False)
        self.setClearButtonEnabled(True)
        self.wanted: frozenset[int] | None = None  # None: all
        self._say("Show only these dimensions, by their index, such as 3, 7, 10-20")
        self.textChanged.connect(self._on_text_changed)

    def _on_text_changed(self, text: str) -> None:
        try:
            wanted = indices(text)
        except ValueError:
            self._say(_WRONG, is_wrong=True)
            return
        self._say("Show only these dimensions, by their index, such as 3, 7, 10-20")
        if wanted != self.wanted:
            self.wanted = wanted
            self.changed.emit()

    def _say(self, sentence: str, *, is_wrong: bool = False) -> None:
        self.setToolTip(sentence)
        self.setAccessibleDescription(sentence)
        self.setProperty("role", "wrong" if is_wrong else "")
        self.style().polish(self)


def indices(text: str) -> frozenset[int] | None:
    """ "3, 7, 10-20" as indices; None for an empty text. ValueError where it is something else."""
    found: set[int] = set()
    for part in text.replace("–", "-").replace(";", ",").split(","):
        if part.strip():
            first, _, last = part.lower().replace("z", "").partition("-")
            found.update(range(int(first), min(int(last or first), 9999) + 1))
    return frozenset(found) if text.strip() else None
