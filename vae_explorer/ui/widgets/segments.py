"""A row of words of which one is chosen."""

from PySide6.QtCore import Property, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QHBoxLayout,
    QRadioButton,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QWidget,
)

from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.widgets.tips import set_tip


class Segments(QWidget):
    """One of a few words is chosen; the first at the beginning. For a screen reader they are a group of radio buttons.

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
        self._buttons: dict[str, QRadioButton] = {}

    def add(self, value: str, text: str, tip: str) -> None:
        """One more segment."""
        button = Segment(text)
        set_tip(button, tip)
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

    def button(self, value: str) -> QRadioButton:
        return self._buttons[value]

    def _get_value(self) -> str:
        return next((value for value, button in self._buttons.items() if button.isChecked()), "")

    def set_value(self, value: str) -> None:
        """Shows another choice. Emits nothing."""
        if value in self._buttons:
            self._buttons[value].setChecked(True)

    value = Property(str, _get_value, set_value)

    def _on_clicked(self, _button: QAbstractButton) -> None:
        self.chosen.emit(self._get_value())


class Segment(QRadioButton):
    """A radio button that looks like a push button, as wide as its word is when it is chosen: nothing moves then."""

    def __init__(self, text: str):
        super().__init__(text)
        self.setProperty("role", "segment")
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    @guarded(QSize())
    def sizeHint(self) -> QSize:
        self.ensurePolished()
        bold = QFont(self.font())
        bold.setWeight(QFont.Weight.DemiBold)
        option = self._option()
        words = QFontMetrics(bold).size(Qt.TextFlag.TextShowMnemonic, self.text())
        return self.style().sizeFromContents(QStyle.ContentsType.CT_PushButton, option, words, self)

    @guarded(QSize())
    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    @guarded()
    def paintEvent(self, event: QPaintEvent) -> None:
        QStylePainter(self).drawControl(QStyle.ControlElement.CE_PushButton, self._option())

    @guarded(False)
    def hitButton(self, pos: QPoint) -> bool:
        return self.rect().contains(pos)

    def _option(self) -> QStyleOptionButton:
        option = QStyleOptionButton()
        self.initStyleOption(option)
        return option
