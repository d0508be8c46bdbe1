"""Figures over the steps of a run, while it goes on."""

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QPen, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from vae_explorer.session.guard import guarded
from vae_explorer.ui.figures import figure, mark
from vae_explorer.ui.theme import theme

INTERVAL = 0.1  # seconds between two redraws, at least
LOW_QUANTILE = 0.1  # a run's first figures are so bad that they would flatten everything after them
Range = tuple[float, float]


class CurvePlot(QWidget):
    """Curves by name, each in the theme's colour of that name. The view follows the newest figures until the user
    zooms or pans (by wheel once the plot has the focus, by mouse); a double-click goes back to following.

    pyqtgraph is imported when there is something to draw and the plot is in sight, not before.
    """

    def __init__(self, name: str = "Curves", parent: QWidget | None = None) -> None:
        """name: what a screen reader says."""
        super().__init__(parent)
        self._curves: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self._plot: Any = None  # pyqtgraph.PlotWidget
        self._items: dict[str, Any] = {}  # pyqtgraph.PlotDataItem
        self._follows = True
        self._drawn_at = -INTERVAL
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._draw)
        self._frame = QVBoxLayout(self)
        self._frame.setContentsMargins(4, 4, 4, 2)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setAccessibleName(name)
        theme.changed.connect(self._on_theme_changed)

    def set_curves(self, curves: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> None:
        """name → (x, y), both float [n]; a name is a colour of the theme. Redrawn at most ten times a second."""
        self._curves = {
            name: (np.asarray(x, dtype=float), np.asarray(y, dtype=float)) for name, (x, y) in curves.items()
        }
        self._draw_soon()

    def reset_view(self) -> None:
        """Follows the newest figures again."""
        self._follows = True
        if self._plot is not None:
            self._fit()

    @property
    def view(self) -> tuple[Range, Range] | None:
        """What is in sight: x from, to; y from, to. None before the first drawing."""
        if self._plot is None:
            return None
        (left, right), (low, high) = self._plot.getViewBox().viewRange()
        return (left, right), (low, high)

    @guarded(QSize(240, 72))
    def sizeHint(self) -> QSize:
        return QSize(theme.pixels(240), theme.pixels(72))

    @guarded(QSize(120, 48))
    def minimumSizeHint(self) -> QSize:
        return QSize(theme.pixels(120), theme.pixels(48))

    # drawing

    def _draw_soon(self) -> None:
        if self.isVisible() and not self._timer.isActive():
            wait = self._drawn_at + INTERVAL - time.monotonic()
            self._timer.start(max(0, round(1000 * wait)))

    def _draw(self) -> None:
        if self._plot is None:
            if not self._curves:
                return
            self._build()
        self._drawn_at = time.monotonic()
        for name in self._items.keys() - self._curves.keys():
            self._plot.removeItem(self._items.pop(name))
        for name, (x, y) in self._curves.items():
            if name not in self._items:
                self._items[name] = self._plot.plot(pen=_pen(name), antialias=True, connect="finite")
            self._items[name].setData(x, y)
        if self._follows:
            self._fit()
        self.setAccessibleDescription(
            ", ".join(f"{name} {figure(y[-1], 1)}" for name, (_, y) in self._curves.items() if len(y))
        )

    def _build(self) -> None:
        import pyqtgraph

        self._plot = plot = pyqtgraph.PlotWidget(self, enableMenu=False)
        plot.hideButtons()
        plot.setDownsampling(auto=True, mode="peak")
        plot.setClipToView(True)
        plot.showGrid(x=False, y=True, alpha=0.35)
        plot.getPlotItem().setContentsMargins(0, 0, 0, 0)
        for side in ("left", "bottom"):
            plot.getAxis(side).enableAutoSIPrefix(False)
            plot.getAxis(side).setZValue(-1)  # the grid lies under the curves
        plot.getViewBox().disableAutoRange()
        plot.getViewBox().sigRangeChangedManually.connect(self._on_user_zoomed)
        plot.scene().sigMouseClicked.connect(self._on_clicked)
        plot.viewport().installEventFilter(self)
        plot.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._frame.addWidget(plot)
        self._dress()

    def _dress(self) -> None:
        """The theme's colours and type; pyqtgraph follows neither."""
        for name, item in self._items.items():
            item.setPen(_pen(name))
        self._plot.setBackground(theme.colour("field"))
        font = theme.font(scale=0.75)
        for side in ("left", "bottom"):
            axis = self._plot.getAxis(side)
            axis.setPen(theme.colour("groove"))
            axis.setTextPen(theme.colour("muted"))
            axis.setStyle(tickFont=font, tickLength=0, tickTextOffset=theme.pixels(3), maxTickLevel=0)
        self._plot.getAxis("bottom").setHeight(theme.pixels(16))

    def _fit(self) -> None:
        self._plot.setRange(
            xRange=_spanned(np.concatenate([x for x, _ in self._curves.values()] or [np.empty(0)])),
            yRange=robust_range([y for _, y in self._curves.values()]),
            padding=0,
        )

    def _on_user_zoomed(self, *_: object) -> None:
        self._follows = False

    def _on_clicked(self, click: Any) -> None:
        if click.double():
            self.reset_view()

    def _on_theme_changed(self) -> None:
        self.updateGeometry()
        self.update()
        if self._plot is not None:
            self._dress()

    @guarded(False)
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and not self._plot.hasFocus():
            event.ignore()  # the panel under it scrolls
            return True
        return False

    @guarded()
    def showEvent(self, event: QShowEvent) -> None:
        if self._curves:
            self._draw_soon()

    @guarded()
    def hideEvent(self, event: QHideEvent) -> None:
        self._timer.stop()

    @guarded()
    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("field"))
            painter.drawRoundedRect(QRectF(self.rect()), theme.pixels(4), theme.pixels(4))


def _pen(name: str) -> QPen:
    pen = QPen(mark(name), 1)  # pyqtgraph draws wider lines four times slower
    pen.setCosmetic(True)  # one pixel, not one unit of the data
    return pen


def robust_range(curves: list[np.ndarray]) -> Range:
    """y from, to: from the 10 % quantile of all figures to the highest, and every newest figure is inside."""
    curves = [finite for y in curves if len(finite := y[np.isfinite(y)])]
    if not curves:
        return 0.0, 1.0
    values = np.concatenate(curves)
    low = min(float(np.quantile(values, LOW_QUANTILE)), *(float(y[-1]) for y in curves))
    return _spanned(np.array([low, values.max()]), margin=0.06)


def _spanned(values: np.ndarray, margin: float = 0.0) -> Range:
    """The least and the greatest finite value; never an empty range."""
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    room = (high - low) * margin or max(abs(high), 1.0) * 0.01 * (high == low)
    return low - room, high + room
