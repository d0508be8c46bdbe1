"""Figures over the steps of a run, while it goes on."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt
from PySide6.QtGui import QFocusEvent, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.plots.plot import TICKS, Plot, Range, pen, spanned
from vae_explorer.ui.theme import theme
from vae_explorer.ui.widgets.numbers import figure, mark

FIRST = 0.2  # of a run, whose figures are so bad that they would flatten everything after them
LEAST_SPAN = 0.02  # of the figures themselves: what changes by less is not blown up to the height of the plot
_KEYS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}


class CurvePlot(Plot):
    """Curves by name, each in the theme's colour of that name. What they are at the place under the mouse, or at the
    one that was walked to with ← and →, is written next to it."""

    def __init__(self, name: str = "Curves", x_name: str = "epoch", parent: QWidget | None = None) -> None:
        """name: what a screen reader says; x_name: what the curves are drawn over."""
        super().__init__(name, parent=parent)
        self._x_name = x_name
        self._curves: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self._items: dict[str, Any] = {}  # pyqtgraph.PlotDataItem
        self._pointed: float | None = None  # x of a figure
        self._marks = _Marks(self)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def set_curves(self, curves: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> None:
        """name → (x, y), both float [n]; a name is a colour of the theme. Redrawn at most ten times a second."""
        self._curves = {
            name: (np.asarray(x, dtype=float), np.asarray(y, dtype=float)) for name, (x, y) in curves.items()
        }
        self._draw_soon()

    def point_at(self, x: float | None) -> None:
        """Marks the figures nearest to an x, None for none."""
        every = self._all_x()
        self._pointed = None if x is None or not len(every) else float(every[np.argmin(np.abs(every - x))])
        self._describe()
        self._marks.update()

    @property
    def readout(self) -> list[tuple[str, str]]:
        """What is written at the marked place: lines, and the colours of the theme that they have."""
        if self._pointed is None:
            return []
        lines = [(f"{self._x_name} {_place(self._pointed)}", "text")]
        for name, (x, y) in self._curves.items():
            if len(x):
                at = int(np.argmin(np.abs(x - self._pointed)))
                elsewhere = "" if abs(x[at] - self._pointed) < 1e-6 else f" at {_place(x[at])}"
                lines.append((f"{name} {_short(y[at])}{elsewhere}", name))
        return lines

    def _all_x(self) -> np.ndarray:
        """Every x that a curve has a figure at, in order."""
        return np.unique(np.concatenate([x for x, _ in self._curves.values()] or [np.empty(0)]))

    def _has_figures(self) -> bool:
        return bool(self._curves)

    def _show(self) -> None:
        for name in self._items.keys() - self._curves.keys():
            self._plot.removeItem(self._items.pop(name))
        for name, (x, y) in self._curves.items():
            if name not in self._items:
                self._items[name] = self._plot.plot(pen=pen(name), antialias=True, connect="finite")
            self._items[name].setData(x, y)
        self.point_at(self._pointed)

    def _describe(self) -> None:
        newest = ", ".join(f"{name} {figure(y[-1], 1)}" for name, (_, y) in self._curves.items() if len(y))
        self.setAccessibleDescription(", ".join(line for line, _ in self.readout) or newest)

    def _ranges(self) -> tuple[Range, Range]:
        return spanned(self._all_x()), robust_range([y for _, y in self._curves.values()])

    def _build(self) -> None:
        super()._build()
        self._plot.setDownsampling(auto=True, mode="peak")  # a run has many steps
        self._plot.setClipToView(True)
        self._plot.getViewBox().sigRangeChanged.connect(self._on_range_changed)
        self._marks.raise_()

    def _dress(self) -> None:
        super()._dress()
        for name, item in self._items.items():
            item.setPen(pen(name))

    def _on_range_changed(self, *_: object) -> None:
        self._marks.update()

    # pointing

    @guarded(False)
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QMouseEvent) and event.type() == QEvent.Type.MouseMove:
            scene = self._plot.mapToScene(event.position().toPoint())
            self.point_at(self._plot.getViewBox().mapSceneToView(scene).x())
        elif event.type() == QEvent.Type.Leave:
            self.point_at(None)
        return super().eventFilter(watched, event)

    @guarded()
    def keyPressEvent(self, event: QKeyEvent) -> None:
        every = self._all_x()
        if not len(every) or event.key() not in (*_KEYS, Qt.Key.Key_Home, Qt.Key.Key_End):
            event.ignore()
            return
        at = len(every) - 1 if self._pointed is None else int(np.searchsorted(every, self._pointed))
        at = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: len(every) - 1}.get(
            Qt.Key(event.key()), at + _KEYS.get(Qt.Key(event.key()), 0)
        )
        self.point_at(float(every[min(max(at, 0), len(every) - 1)]))

    @guarded()
    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()

    @guarded()
    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.point_at(None)
        self.update()

    def paint_marks(self, painter: QPainter) -> None:
        """The name of x; at the marked place a dotted line, a dot on each curve, and the readout."""
        if self._plot is None or not self._plot.isVisible():
            return
        px, box, lines, pointed = theme.pixels, self._plot.getViewBox(), self.readout, self._pointed
        painter.setFont(theme.font(scale=TICKS))
        painter.setPen(theme.colour("muted"))
        foot = QRectF(self.rect()).adjusted(px(8), 0, 0, -px(4))
        painter.drawText(foot, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, self._x_name)
        if pointed is None:
            return
        corner = QPointF(self._plot.pos())
        inside = QRectF(self._plot.mapFromScene(box.sceneBoundingRect()).boundingRect()).translated(corner)
        line = self._on_screen(pointed, 0.0).x()
        if not inside.left() <= line <= inside.right():
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.colour("muted"), 1, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(line, inside.top()), QPointF(line, inside.bottom()))
        painter.setPen(Qt.PenStyle.NoPen)
        for name, (x, y) in self._curves.items():
            if len(x):
                at = int(np.argmin(np.abs(x - pointed)))
                place = self._on_screen(float(x[at]), float(y[at])) if np.isfinite(y[at]) else QPointF(-1, -1)
                if inside.contains(place):
                    painter.setBrush(mark(name))
                    painter.drawEllipse(place, px(3), px(3))
        _paint_readout(painter, lines, line, inside)

    def _on_screen(self, x: float, y: float) -> QPointF:
        """A place of the plot in the pixels of this widget."""
        scene = self._plot.getViewBox().mapViewToScene(QPointF(x, y))
        return QPointF(self._plot.mapFromScene(scene)) + QPointF(self._plot.pos())


class _Marks(QWidget):
    """Lies over a plot that another library paints, and lets the mouse through."""

    def __init__(self, plot: CurvePlot):
        super().__init__(plot)
        self._curve_plot = plot
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        plot.installEventFilter(self)

    @guarded(False)
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.setGeometry(self._curve_plot.rect())
        return False

    @guarded()
    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            self._curve_plot.paint_marks(painter)


def robust_range(curves: list[np.ndarray]) -> Range:
    """y from, to: all figures but the first fifth of each curve, and of those as much as takes no more room than the
    others. So the rise is in sight and does not flatten what comes after it; every newest figure is in sight."""
    curves = [finite for y in curves if len(finite := y[np.isfinite(y)])]
    if not curves:
        return 0.0, 1.0
    later = np.concatenate([y[min(int(FIRST * len(y)), len(y) - 1) :] for y in curves])
    low, high = float(later.min()), float(later.max())
    span = max(high - low, LEAST_SPAN * max(abs(low), abs(high)))
    every = np.concatenate(curves)
    low, high = max(low - span, min(low, float(every.min()))), min(high + span, max(high, float(every.max())))
    return spanned(np.array([low, high]), margin=0.06)


def _paint_readout(painter: QPainter, lines: list[tuple[str, str]], at: float, inside: QRectF) -> None:
    """A plate next to the line, on the side that has room for it."""
    px = theme.pixels
    painter.setFont(theme.font(scale=0.85))
    metrics = QFontMetricsF(painter.font())
    width = max(metrics.horizontalAdvance(text) for text, _ in lines) + px(16)
    height = len(lines) * metrics.height() + px(8)
    x = at + px(8) if at + px(8) + width <= inside.right() else max(inside.left(), at - px(8) - width)
    plate = QRectF(x, max(inside.top(), inside.bottom() - height - px(4)), width, height)
    painter.setPen(QPen(theme.colour("muted"), 1))
    painter.setBrush(theme.colour("panel"))
    painter.drawRoundedRect(plate, px(4), px(4))
    for row, (text, colour) in enumerate(lines):
        painter.setPen(theme.colour(colour))
        baseline = plate.top() + px(4) + row * metrics.height() + metrics.ascent()
        painter.drawText(QPointF(plate.left() + px(8), baseline), text)


def _place(x: float) -> str:
    return figure(x, 0 if abs(x - round(x)) < 1e-6 else 1 if abs(10 * x - round(10 * x)) < 1e-6 else 2)


def _short(value: float) -> str:
    return figure(value, 1 if abs(value) < 1000 else 0)
