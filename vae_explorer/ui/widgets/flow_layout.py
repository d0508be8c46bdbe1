"""Widgets one after the other, in as many lines as the width asks for."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget

from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.theme import UNIT


class FlowBox(QWidget):
    """Widgets in lines; as high as its lines at its width. (A layout whose height depends on its width would make every
    layout around it so, and those then never take less than their size hint.)"""

    def __init__(self, parent: QWidget | None = None, *, centred: bool = False, left: int = 0):
        """left: so many are at the left edge and the others at the right one, where they are in one line; 0: all."""
        super().__init__(parent)
        self._flow = FlowLayout(self, centred=centred, left=left)

    def set_widgets(self, widgets: Sequence[QWidget]) -> None:
        """Shows these in the place of the last ones, which are deleted."""
        self._flow.clear()
        for widget in widgets:
            self._flow.addWidget(widget)
            widget.show()
        self._fit()

    @guarded(False)
    def event(self, event: QEvent) -> bool:
        """A widget in it has become larger or smaller, or all have with their type."""
        done = super().event(event)
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()
        return done

    @guarded()
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()

    def _fit(self) -> None:
        height = max(1, self._flow.height_at(self.width()))
        if height != self.minimumHeight() or height != self.maximumHeight():
            self.setFixedHeight(height)


class FlowLayout(QLayout):
    """Fills lines from the left; centred, each line is in the middle."""

    def __init__(self, parent: QWidget | None = None, *, centred: bool = False, left: int = 0):
        super().__init__(parent)
        self._centred, self._left = centred, left
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
        y, first_right = rect.y(), self._first_right()
        for line in self._lines_at(rect.width(), first_right):
            sizes = [item.sizeHint() for item in line]
            height = max(size.height() for size in sizes)
            free = max(0, rect.width() - sum(size.width() for size in sizes) - self.spacing() * (len(line) - 1))
            x = rect.x() + (free // 2 if self._centred else 0)
            for item, size in zip(line, sizes, strict=True):
                x += free if item is first_right and item is not line[0] else 0
                if move:
                    item.setGeometry(QRect(QPoint(x, y + (height - size.height()) // 2), size))
                x += size.width() + self.spacing()
            y += height + self.spacing()
        return max(0, y - self.spacing() - rect.y())

    def _first_right(self) -> QLayoutItem | None:
        return self._items[self._left] if 0 < self._left < len(self._items) else None

    def _lines_at(self, width: int, first_right: QLayoutItem | None) -> list[list[QLayoutItem]]:
        shown = [item for item in self._items if not item.isEmpty()]
        all_fit = sum(item.sizeHint().width() + self.spacing() for item in shown) - self.spacing() <= width
        lines: list[list[QLayoutItem]] = []
        x = 0
        for item in shown:
            wide = item.sizeHint().width()
            if not lines or x + wide > width or (item is first_right and not all_fit):
                lines.append([])
                x = 0
            lines[-1].append(item)
            x += wide + self.spacing()
        return lines
