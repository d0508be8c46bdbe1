"""q(z) of every dimension against the prior, as small pictures to choose from."""

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPolygonF,
)
from PySide6.QtWidgets import QScrollArea, QSizePolicy, QToolTip, QWidget

from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.plots.plot import drawable, pen
from vae_explorer.ui.theme import theme
from vae_explorer.ui.widgets.image_grid import CHORD
from vae_explorer.ui.widgets.numbers import mark, z_name

CELL = 76, 46  # width and height, in pixels at 100 %; cells are larger where there is room
LARGEST = 3.0  # times as wide, at most
POINTS = 64  # of a curve, at most
TIP = "Blue: q(z) of each dimension, grey: the prior N(0, 1), orange: mu of the image. Click one to see it large."


class DensityMultiples(QWidget):
    """A cell for each dimension: q(z_j) filled, N(0, 1) over it, mu of the image as a line; inactive ones are dimmed.
    As high as its cells need at its width: it is in a scroll area, and paints only what is visible.

    Signals:
        chosen(int): clicked, or walked to with the arrows, Home or End: the dimension (its index in z).
    """

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setAccessibleName("q(z) of every dimension")
        self.setToolTip(TIP)
        theme.changed.connect(self._on_theme_changed)
        self.clear()

    def set_densities(
        self,
        z: np.ndarray,
        densities: np.ndarray,
        order: np.ndarray,
        active: np.ndarray,
        posterior_mu: np.ndarray | None,
        selected: int,
    ) -> None:
        """z: float [m], rising; densities: float [k, m]; order: int, the dimensions from the first cell; active: bool
        [k]; posterior_mu: float [k] of the image; selected: a dimension, −1 for none."""
        step = max(1, -(-len(z) // POINTS))
        self._z, self._densities = drawable(z)[::step], np.nan_to_num(drawable(densities)).clip(min=0)[:, ::step]
        self._order = [int(j) for j in order]
        self._active = np.asarray(active, dtype=bool)
        self._mu = None if posterior_mu is None else drawable(posterior_mu)
        known = self._z[np.isfinite(self._z)]
        self._range = (float(known.min()), float(known.max())) if len(known) > 1 and np.ptp(known) > 0 else (-3.0, 3.0)
        self._selected = int(selected) if selected in self._order else -1
        self._describe()
        self.updateGeometry()
        self.update()

    def clear(self) -> None:
        """Shows no cells."""
        self.set_densities(np.empty(0), np.empty((0, 0)), np.empty(0, int), np.empty(0, bool), None, -1)

    @property
    def selected(self) -> int:
        """The chosen dimension, −1 for none."""
        return self._selected

    def select(self, dimension: int) -> None:
        """Frames this dimension, −1 for none. Emits nothing."""
        self._selected = dimension if dimension in self._order else -1
        self._describe()
        self.update()

    def cell_rect(self, dimension: int) -> QRectF:
        """Where a dimension is in the widget."""
        return self._cell(self._order.index(dimension))

    def dimension_at(self, place: QPointF) -> int:
        """The dimension at a place in the widget, −1 where there is none."""
        width, height = self._cell_size()
        column, row = int(place.x() // width), int(place.y() // height)
        index = row * self._columns() + column
        inside = 0 <= column < self._columns() and 0 <= index < len(self._order)
        return self._order[index] if inside else -1

    # room

    @guarded(QSize())
    def sizeHint(self) -> QSize:
        width = theme.pixels(6 * CELL[0])
        return QSize(width, self.heightForWidth(width))

    @guarded(QSize())
    def minimumSizeHint(self) -> QSize:
        return QSize(theme.pixels(CELL[0]), theme.pixels(CELL[1]))

    @guarded(-1)
    def heightForWidth(self, width: int) -> int:
        return self._lines(self._most_columns(width)) * theme.pixels(CELL[1])

    def _most_columns(self, width: int) -> int:
        return max(1, min(width // theme.pixels(CELL[0]), max(len(self._order), 1)))

    def _lines(self, columns: int) -> int:
        return max(1, -(-len(self._order) // columns))

    def _columns(self) -> int:
        """As few as there is room for below each other: the cells are as large as the place allows."""
        most = self._most_columns(self.width())
        fitting = (
            columns
            for columns in range(1, most)
            if self._lines(columns) * self.width() / columns * CELL[1] / CELL[0] <= self.height()
        )
        return next(fitting, most)

    def _cell_size(self) -> tuple[float, float]:
        columns = self._columns()
        width = min(self.width() / columns, LARGEST * theme.pixels(CELL[0]))
        room = self.height() / self._lines(columns)
        return width, max(float(theme.pixels(CELL[1])), min(width * CELL[1] / CELL[0], room))

    def _cell(self, index: int) -> QRectF:
        width, height = self._cell_size()
        row, column = divmod(index, self._columns())
        return QRectF(column * width, row * height, width, height)

    # choosing

    @guarded(False)
    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            dimension = self.dimension_at(QPointF(event.pos()))
            if dimension >= 0:
                QToolTip.showText(event.globalPos(), f"{self._words(dimension)}. {self.toolTip()}", self)
                return True
        return super().event(event)

    @guarded()
    def mousePressEvent(self, event: QMouseEvent) -> None:
        dimension = self.dimension_at(event.position())
        if dimension < 0 or event.button() != Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
            return
        self._choose(dimension)

    @guarded()
    def keyPressEvent(self, event: QKeyEvent) -> None:
        columns, last = self._columns(), len(self._order) - 1
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -columns, Qt.Key.Key_Down: columns}
        ends = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: last}
        if last < 0 or event.key() not in {*steps, *ends} or event.modifiers() & CHORD:
            super().keyPressEvent(event)
            return
        key = Qt.Key(event.key())
        if self._selected < 0:
            there = ends.get(key, 0)
        else:
            here = self._order.index(self._selected)
            there = ends[key] if key in ends else here + steps[key]
            there = there if 0 <= there <= last else here
        self._choose(self._order[there])
        self._bring_into_sight(self._order[there])

    @guarded()
    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    @guarded()
    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def _choose(self, dimension: int) -> None:
        if dimension != self._selected:
            self.select(dimension)
            self.chosen.emit(dimension)

    def _bring_into_sight(self, dimension: int) -> None:
        viewport = self.parentWidget()
        area = viewport.parentWidget() if viewport else None
        if isinstance(area, QScrollArea) and area.widget() is self:
            cell = self.cell_rect(dimension).toAlignedRect()
            area.ensureVisible(cell.center().x(), cell.center().y(), 0, cell.height() // 2)

    def _words(self, dimension: int) -> str:
        return f"{z_name(dimension)}, {'active' if self._is_active(dimension) else 'inactive'}"

    def _is_active(self, dimension: int) -> bool:
        return dimension >= len(self._active) or bool(self._active[dimension])

    def _describe(self) -> None:
        self.setAccessibleDescription(self._words(self._selected) if self._selected >= 0 else "")

    def _on_theme_changed(self) -> None:
        self.updateGeometry()
        self.update()

    # painting

    @guarded()
    def paintEvent(self, event: QPaintEvent) -> None:
        height, columns, seen = self._cell_size()[1], self._columns(), event.rect()
        first, last = int(seen.top() // height) * columns, (int(seen.bottom() // height) + 1) * columns
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for index in range(max(first, 0), min(last, len(self._order))):
                painter.save()
                self._paint_cell(painter, self._cell(index), self._order[index])
                painter.restore()

    def _paint_cell(self, painter: QPainter, cell: QRectF, dimension: int) -> None:
        px, is_selected = theme.pixels, dimension == self._selected
        gap = px(2) + 0.5
        frame = cell.adjusted(gap, gap, -gap, -gap)
        painter.setPen(pen("accent", 2 if self.hasFocus() else 1) if is_selected else Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("field"))
        painter.drawRoundedRect(frame, px(4), px(4))
        painter.setOpacity(1.0 if self._is_active(dimension) else 0.45)
        place = frame.adjusted(px(2), px(6), -px(2), -px(2))
        self._paint_curves(painter, place, dimension)
        painter.setFont(theme.font(scale=0.8))
        painter.setPen(theme.colour("text" if is_selected else "muted"))
        metrics = QFontMetricsF(painter.font())
        painter.drawText(QPointF(frame.left() + px(4), frame.top() + px(1) + metrics.ascent()), z_name(dimension))

    def _paint_curves(self, painter: QPainter, place: QRectF, dimension: int) -> None:
        low, high = self._range
        z = np.linspace(low, high, POINTS)
        prior = np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
        curve = self._densities[dimension] if dimension < len(self._densities) else np.empty(0)
        top = max(prior.max(), curve.max(initial=0.0), 1e-9)

        def points(x: np.ndarray, y: np.ndarray) -> list[QPointF]:
            left = place.left() + (x - low) / (high - low) * place.width()
            return list(map(QPointF, left.tolist(), (place.bottom() - y / top * place.height()).tolist()))

        known = np.isfinite(self._z)
        if len(curve) == len(self._z) and known.any():
            outline = points(self._z[known], curve[known])
            outline = [QPointF(outline[0].x(), place.bottom()), *outline, QPointF(outline[-1].x(), place.bottom())]
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(mark("z", 0.6))
            painter.drawPolygon(QPolygonF(outline))
        painter.setPen(pen("muted"))
        painter.drawPolyline(QPolygonF(points(z, prior)))
        if self._mu is not None and dimension < len(self._mu) and np.isfinite(self._mu[dimension]):
            (at,) = points(self._mu[dimension : dimension + 1].clip(low, high), np.zeros(1))
            width = theme.pixels(2)
            painter.fillRect(QRectF(at.x() - width / 2, place.top(), width, place.height()), mark("mu"))
