"""A row of buttons of which one is chosen."""

from PySide6.QtCore import Property, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QWidget


class Segments(QWidget):
    """One of a few words is chosen; the first at the beginning.

    Signals:
        chosen(str): the user chose another segment
    """

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self._group.buttonClicked.connect(self._on_clicked)
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self._buttons: dict[str, QPushButton] = {}

    def add(self, value: str, text: str, tip: str) -> None:
        """One more segment."""
        button = QPushButton(text)
        button.setProperty("role", "segment")
        button.setCheckable(True)
        button.setAutoDefault(False)
        button.setToolTip(tip)
        button.setAccessibleDescription(tip)
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.setChecked(not self._buttons)
        button.setProperty("place", "last" if self._buttons else "only")
        for before in list(self._buttons.values())[-1:]:
            before.setProperty("place", "first" if len(self._buttons) == 1 else "middle")
        self._buttons[value] = button
        self._group.addButton(button)
        self._layout.addWidget(button)

    def set_tight(self, tight: bool) -> None:
        """Less room around the words, where large type leaves none."""
        for button in self._buttons.values():
            if button.property("tight") != tight:
                button.setProperty("tight", tight)
                button.style().unpolish(button)
                button.style().polish(button)
                button.updateGeometry()

    def button(self, value: str) -> QPushButton:
        return self._buttons[value]

    def _get_value(self) -> str:
        return next((value for value, button in self._buttons.items() if button.isChecked()), "")

    def set_value(self, value: str) -> None:
        """Shows another choice. Emits nothing."""
        if value in self._buttons:
            self._buttons[value].setChecked(True)

    value = Property(str, _get_value, set_value)

    def _on_clicked(self, _button: QPushButton) -> None:
        self.chosen.emit(self._get_value())
