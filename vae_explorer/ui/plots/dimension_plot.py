"""A plot with one column for each latent dimension: pointing, walking with the keys and the readout."""

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.theme import theme

_BY_KEYBOARD = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.ShortcutFocusReason)
_KEYS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}


class DimensionPlot(QWidget):
    """What the plots over the latent dimensions share. A subclass keeps the figures, paints the columns and words the
    readout of a dimension; it hands over the order of the columns with `_set_order`.

    Signals:
        dimension_pointed(int): the user points at this dimension (its index in z), by mouse or by key; −1 for none.
    """

    dimension_pointed = Signal(int)

    def __init__(self, name: str, height: int, parent: QWidget | None = None) -> None:
        """name: what a screen reader says; height: the default height in pixels, at 100 %."""
        super().__init__(parent)
        self._order: list[int] = []
        self._pointed = -1
        self._height = height
        self.tells = True  # the figures of the highlighted dimension, in a label beside its column
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setAccessibleName(name)
        theme.changed.connect(self._on_theme_changed)

    @property
    def pointed(self) -> int:
        """The dimension that is highlighted, −1 for none."""
        return self._pointed

    def point_at(self, dimension: int) -> None:
        """Highlights a dimension and shows its figures, −1 for none. Emits nothing."""
        dimension = dimension if dimension in self._order else -1
        if dimension != self._pointed:
            self._pointed = dimension
            self._describe()
            self.update()

    def readout(self, dimension: int) -> str:
        """The figures of a dimension in one line."""
        return "".join(text for text, _ in self._readout(dimension))

    def x_of(self, dimension: int) -> float:
        """The middle of a dimension's column, in pixels from the left."""
        low, high = self._column(dimension)
        return (low + high) / 2

    @guarded(QSize(240, 80))
    def sizeHint(self) -> QSize:
        return QSize(theme.pixels(240), theme.pixels(self._height))

    @guarded(QSize(120, 32))
    def minimumSizeHint(self) -> QSize:
        return QSize(theme.pixels(120), theme.pixels(min(self._height, 40)))

    # for the subclasses

    def _set_order(self, order: np.ndarray) -> None:
        self._order = [int(j) for j in order]
        if self._pointed not in self._order:
            self._pointed = -1
        self._describe()
        self.update()

    def _area(self) -> QRectF:
        """Where the columns are."""
        margin = theme.pixels(4)
        return QRectF(self.rect()).adjusted(margin, margin, -margin, -margin)

    def _edges(self) -> np.ndarray:
        """The edges between the columns, float [columns + 1]; on whole pixels of the screen where columns are wide."""
        area, count, ratio = self._area(), max(len(self._order), 1), self.devicePixelRatioF()
        edges = area.left() + area.width() / count * np.arange(count + 1)
        return np.round(edges * ratio) / ratio if area.width() >= 2 * count else edges

    def _column(self, dimension: int) -> tuple[float, float]:
        """Left and right edge of a dimension's column."""
        place = self._order.index(dimension)
        left, right = self._edges()[place : place + 2].tolist()
        return left, right

    def _paint_columns(self, painter: QPainter, area: QRectF) -> None:
        raise NotImplementedError

    def _readout(self, dimension: int) -> list[tuple[str, str]]:
        """Pieces of the line and the names of their colours."""
        raise NotImplementedError

    # pointing

    def _user_points(self, dimension: int) -> None:
        if dimension != self._pointed:
            self.point_at(dimension)
            self.dimension_pointed.emit(self._pointed)

    @guarded()
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._order:
            area = self._area()
            place = int((event.position().x() - area.left()) / area.width() * len(self._order))
            self._user_points(self._order[min(max(place, 0), len(self._order) - 1)])

    @guarded()
    def leaveEvent(self, event: QEvent) -> None:
        if not self.hasFocus():
            self._user_points(-1)

    @guarded()
    def keyPressEvent(self, event: QKeyEvent) -> None:
        last = len(self._order) - 1
        if last < 0 or event.key() not in (*_KEYS, Qt.Key.Key_Home, Qt.Key.Key_End):
            event.ignore()
            return
        if event.key() == Qt.Key.Key_Home or self._pointed < 0:
            place = 0
        elif event.key() == Qt.Key.Key_End:
            place = last
        else:
            place = self._order.index(self._pointed) + _KEYS[Qt.Key(event.key())]
        self._user_points(self._order[min(max(place, 0), last)])

    @guarded()
    def focusInEvent(self, event: QFocusEvent) -> None:
        if self._pointed < 0 and self._order and event.reason() in _BY_KEYBOARD:
            self._user_points(self._order[0])
        self.update()

    @guarded()
    def focusOutEvent(self, event: QFocusEvent) -> None:
        if not self.underMouse():
            self._user_points(-1)
        self.update()

    def _describe(self) -> None:
        self.setAccessibleDescription(self.readout(self._pointed) if self._pointed >= 0 else "")

    def _on_theme_changed(self) -> None:
        self.updateGeometry()
        self.update()

    # painting

    @guarded()
    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint(painter)

    def _paint(self, painter: QPainter) -> None:
        px = theme.pixels
        painter.setPen(QPen(theme.colour("accent"), px(1)) if self.hasFocus() else Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("field"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), px(4), px(4))
        painter.setPen(Qt.PenStyle.NoPen)
        if self._pointed >= 0:
            left, right = self._column(self._pointed)
            thin = max(px(2) - (right - left), 0) / 2
            painter.fillRect(QRectF(left - thin, 1, right - left + 2 * thin, self.height() - 2), theme.colour("groove"))
        self._paint_columns(painter, self._area())
        if self._pointed >= 0 and self.tells:
            self._paint_readout(painter)

    def _paint_readout(self, painter: QPainter) -> None:
        """The figures in a label beside the column, in smaller type where the plot is narrow."""
        px, pieces, line = theme.pixels, self._readout(self._pointed), self.readout(self._pointed)
        font = theme.font(scale=0.9)
        fit = (self.width() - 2 * px(8)) / QFontMetricsF(font).horizontalAdvance(line)
        font = theme.font(scale=0.9 * min(max(fit, 0.5), 1))
        metrics = QFontMetricsF(font)
        width = metrics.horizontalAdvance(line) + 2 * px(6)
        height = metrics.height() + 2 * px(2)
        left, right = self._column(self._pointed)
        x = right + px(6) if right + px(6) + width < self.width() else left - px(6) - width
        x = min(max(x, px(2)), max(self.width() - width - px(2), 0))
        painter.setPen(QPen(theme.colour("border"), 1))
        painter.setBrush(theme.colour("panel"))
        painter.drawRoundedRect(QRectF(round(x) + 0.5, px(2) + 0.5, round(width), round(height)), px(4), px(4))
        painter.setFont(font)
        x += px(6)
        for text, colour in pieces:
            painter.setPen(theme.colour(colour))
            painter.drawText(QPointF(x, px(2) + px(2) + metrics.ascent()), text)
            x += metrics.horizontalAdvance(text)
