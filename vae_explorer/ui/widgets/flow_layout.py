"""Widgets one after the other, in as many lines as the width asks for."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget

from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.theme import UNIT


class FlowBox(QWidget):
    """Widgets in lines; as high as its lines at its width. (A layout whose height depends on its width would make every
    layout around it so, and those then never take less than their size hint.)"""

    def __init__(self, parent: QWidget | None = None, *, centred: bool = False):
        super().__init__(parent)
        self._flow = FlowLayout(self, centred=centred)

    def set_widgets(self, widgets: Sequence[QWidget]) -> None:
        """Shows these in the place of the last ones, which are deleted."""
        self._flow.clear()
        for widget in widgets:
            self._flow.addWidget(widget)
            widget.show()
        self._fit()

    @guarded()
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()

    def _fit(self) -> None:
        self.setFixedHeight(max(1, self._flow.height_at(self.width())))


class FlowLayout(QLayout):
    """Fills lines from the left; centred, each line stands in the middle."""

    def __init__(self, parent: QWidget | None = None, *, centred: bool = False):
        super().__init__(parent)
        self._centred = centred
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(UNIT)

    def clear(self) -> None:
        """Takes all widgets out and deletes them."""
        while self._items:
            widget = self._items.pop().widget()
            if widget:
                widget.hide()
                widget.deleteLater()
        self.invalidate()

    @guarded()
    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    @guarded(0)
    def count(self) -> int:
        return len(self._items)

    @guarded()
    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    @guarded()
    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    @guarded(Qt.Orientation(0))
    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def height_at(self, width: int) -> int:
        """Of all lines, in pixels."""
        return self._place(QRect(0, 0, width, 0), move=False)

    @guarded()
    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._place(rect, move=True)

    @guarded(QSize())
    def sizeHint(self) -> QSize:
        return self.minimumSize()

    @guarded(QSize())
    def minimumSize(self) -> QSize:
        size = QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        return size

    def _place(self, rect: QRect, *, move: bool) -> int:
        y = rect.y()
        for line in self._lines_at(rect.width()):
            sizes = [item.sizeHint() for item in line]
            free = rect.width() - sum(size.width() for size in sizes) - self.spacing() * (len(line) - 1)
            x = rect.x() + (max(0, free) // 2 if self._centred else 0)
            if move:
                for item, size in zip(line, sizes, strict=True):
                    item.setGeometry(QRect(QPoint(x, y), size))
                    x += size.width() + self.spacing()
            y += max(size.height() for size in sizes) + self.spacing()
        return max(0, y - self.spacing() - rect.y())

    def _lines_at(self, width: int) -> list[list[QLayoutItem]]:
        lines: list[list[QLayoutItem]] = []
        x = 0
        for item in self._items:
            wide = item.sizeHint().width()
            if not lines or x + wide > width:
                lines.append([])
                x = 0
            lines[-1].append(item)
            x += wide + self.spacing()
        return lines
