"""How a view is arranged: in the drawer, and enlarged over the whole stage."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.theme import UNIT, theme
from vae_explorer.ui.widgets.panel import scrolling

GUTTER = 12  # pixels at 100 %: room for a scroll bar, whether there is one or not
TALL = 300  # pixels at 100 %: from this height on a view is enlarged, and its parts are below each other
LEAST, USUAL = (480, 96), (1000, 190)  # pixels at 100 %
Part = QWidget | QLayout | None  # None: the room that is left


class Shelf(QWidget):
    """A view's controls in a column at the left, its parts right of them. Where there is less room than they need they
    scroll; the buttons under the controls are always in sight. What a view needs never depends on what it shows."""

    def __init__(
        self, width: int, controls: Sequence[Part], buttons: Sequence[QPushButton] = (), parent: QWidget | None = None
    ) -> None:
        """width: of the column, in pixels at 100 %; it is wider where a control needs more."""
        super().__init__(parent)
        self._column_width = width
        self._controls = QWidget()
        inside = QVBoxLayout(self._controls)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(UNIT)
        fill(inside, controls)
        self._area = _Controls(self._controls)
        column = QVBoxLayout()
        column.setSpacing(UNIT)
        column.addWidget(self._area)
        fill(column, buttons)
        column.addStretch(1)
        self._buttons = buttons

        content = QWidget()
        self.parts = QBoxLayout(QBoxLayout.Direction.LeftToRight, content)
        self.parts.setContentsMargins(0, 0, 0, 0)
        self.parts.setSpacing(3 * UNIT)
        self._content_area = scrolling(content)
        self._content_area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self._content_area.setMinimumSize(1, 1)
        body = QHBoxLayout(self)
        body.setContentsMargins(3 * UNIT, UNIT, 3 * UNIT, UNIT)
        body.setSpacing(2 * UNIT)
        body.addLayout(column)
        body.addWidget(self._content_area, 1)
        theme.changed.connect(self._on_theme_changed)
        self._measure()

    @property
    def is_tall(self) -> bool:
        """Whether it is enlarged."""
        return self.height() >= theme.pixels(TALL)

    @guarded(QSize(*USUAL))
    def sizeHint(self) -> QSize:
        return QSize(*map(theme.pixels, USUAL))

    @guarded(QSize(*LEAST))
    def minimumSizeHint(self) -> QSize:
        return QSize(*map(theme.pixels, LEAST))

    @guarded()
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()

    def _arrange(self) -> None:
        """For a subclass that arranges its parts by the room there is."""

    def _measure(self) -> None:
        for control in (*self._controls.findChildren(QWidget), *self._buttons):
            control.ensurePolished()  # the style sheet decides how wide a control is
        if layout := self._controls.layout():
            layout.invalidate()
            layout.activate()  # it keeps the sizes of the sheet before
        needed = (self._controls.minimumSizeHint(), *(button.minimumSizeHint() for button in self._buttons))
        width = max(theme.pixels(self._column_width), *(size.width() for size in needed))
        self._controls.setFixedWidth(width)
        self._area.setFixedWidth(width + theme.pixels(GUTTER))
        for button in self._buttons:
            button.setFixedWidth(width)

    def _on_theme_changed(self) -> None:
        self._measure()
        self._arrange()
        self.updateGeometry()


class _Controls(QScrollArea):
    """As high as its content, and no higher: the buttons come next. Scrolls where there is less room."""

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self._content = content
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Maximum)
        self.setMinimumHeight(1)
        self.setWidget(content)

    @guarded(QSize())
    def sizeHint(self) -> QSize:
        return self._content.sizeHint()  # Qt's own is the one that its content had at first

    @guarded()
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.updateGeometry()  # hidden, it is not told that its content has changed

    @guarded(False)
    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().viewportEvent(event)


class Gutter(QScrollArea):
    """Scrolls up and down what may come to be higher than its place; the room of the scroll bar is always kept."""

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMinimumSize(1, 1)
        self.setWidget(content)
        self.verticalScrollBar().setStyleSheet("QScrollBar::handle:disabled { background: transparent; }")
        self.verticalScrollBar().rangeChanged.connect(self._on_range_changed)
        self._on_range_changed()

    def _on_range_changed(self, *_: int) -> None:
        """A bar that has nothing to scroll is not seen."""
        self.verticalScrollBar().setEnabled(self.verticalScrollBar().maximum() > 0)


def stacked(*parts: Part, spacing: int = UNIT) -> QVBoxLayout:
    """Parts below each other."""
    column = QVBoxLayout()
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(spacing)
    fill(column, parts)
    return column


def fill(box: QBoxLayout, parts: Sequence[Part]) -> None:
    """Puts parts into a box, in this order."""
    for part in parts:
        if isinstance(part, QWidget):
            box.addWidget(part)
        elif part is not None:
            box.addLayout(part)
        else:
            box.addStretch(1)


def turn(box: QBoxLayout, *, is_down: bool) -> None:
    """Puts the parts of a box below each other, or side by side."""
    box.setDirection(QBoxLayout.Direction.TopToBottom if is_down else QBoxLayout.Direction.LeftToRight)
