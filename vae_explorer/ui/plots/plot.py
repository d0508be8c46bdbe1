"""What the plots that pyqtgraph draws share: their frame, their legend, and when they are drawn."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QFontMetricsF, QHideEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.theme import theme
from vae_explorer.ui.widgets.image_view import paint_message
from vae_explorer.ui.widgets.numbers import mark

INTERVAL = 0.1  # seconds between two redraws, at least
TICKS = 0.75  # of the type's size
USUAL_TICK = "−100"  # an axis is not narrower, so that it seldom moves
MAX_DRAWN = 1e12  # values further from 0 are not drawn, like those that are not finite
Range = tuple[float, float]
Sign = Literal["line", "dash", "dot line", "fill", "dot"]
_STYLES = {"dash": Qt.PenStyle.DashLine, "dot line": Qt.PenStyle.DotLine}


class Entry(NamedTuple):
    """A line of the legend: what it says, a colour of the theme, and the sign before it."""

    text: str
    colour: str
    sign: Sign = "line"


class Plot(QWidget):
    """A plot in the look of the window. The view follows the newest figures until the user zooms or pans (by wheel
    once the plot has the focus, by mouse); a double-click goes back to following.

    A subclass keeps the figures and calls `_draw_soon`. pyqtgraph is imported when there is something to draw and the
    plot is in sight, not before.
    """

    def __init__(
        self,
        name: str,
        size: tuple[int, int] = (240, 72),
        least: tuple[int, int] = (120, 48),
        parent: QWidget | None = None,
    ) -> None:
        """name: what a screen reader says; size, least: the default and the minimum size in pixels, at 100 %."""
        super().__init__(parent)
        self._usual, self._least = size, least
        self._plot: Any = None  # pyqtgraph.PlotWidget
        self._legend: tuple[Entry, ...] = ()
        self._reserved: tuple[Entry, ...] = ()
        self._message = ""
        self._follows = True
        self._drawn_at = -INTERVAL
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._draw)
        self._frame = QVBoxLayout(self)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setAccessibleName(name)
        theme.changed.connect(self._on_theme_changed)
        self._make_room()

    def set_message(self, text: str | None) -> None:
        """A message in place of the plot; None removes it."""
        self._message = text or ""
        self._show_or_hide()
        self.update()

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

    @property
    def legend(self) -> tuple[Entry, ...]:
        """What is written above the plot."""
        return self._legend

    @guarded(QSize(240, 72))
    def sizeHint(self) -> QSize:
        return QSize(*map(theme.pixels, self._usual))

    @guarded(QSize(120, 48))
    def minimumSizeHint(self) -> QSize:
        return QSize(*map(theme.pixels, self._least))

    # for the subclasses

    def _has_figures(self) -> bool:
        """Whether there is anything to draw."""
        raise NotImplementedError

    def _show(self) -> None:
        """Puts the figures into `_plot`."""
        raise NotImplementedError

    def _ranges(self) -> tuple[Range, Range]:
        """What is to be in sight, x and y."""
        raise NotImplementedError

    def _draw_soon(self) -> None:
        """Draws at most ten times a second, and only what is in sight."""
        if self.isVisible() and not self._timer.isActive():
            wait = self._drawn_at + INTERVAL - time.monotonic()
            self._timer.start(max(0, round(1000 * wait)))

    def _set_legend(self, entries: Sequence[Entry]) -> None:
        if tuple(entries) != self._legend:
            self._legend = tuple(entries)
            self._make_room()
            self.update()

    def _reserve(self, *entries: Entry) -> None:
        """Keeps room for a legend as long as this one, so that figures of more digits do not move the plot."""
        self._reserved = entries
        self._make_room()

    # drawing

    def _draw(self) -> None:
        if self._plot is None:
            if not self._has_figures():
                return
            self._build()
        self._drawn_at = time.monotonic()
        self._show_or_hide()
        self._show()
        if self._follows:
            self._fit()

    def _show_or_hide(self) -> None:
        """An axis without data says nothing."""
        if self._plot is not None:
            self._plot.setVisible(not self._message and self._has_figures())

    def _build(self) -> None:
        import pyqtgraph

        self._plot = plot = pyqtgraph.PlotWidget(self, enableMenu=False)
        plot.hideButtons()
        plot.showGrid(x=False, y=True, alpha=0.35)
        plot.getPlotItem().setContentsMargins(0, 0, 0, 0)
        for side in ("left", "bottom"):
            plot.getAxis(side).enableAutoSIPrefix(False)
            plot.getAxis(side).setZValue(-1)  # the grid lies under the curves
            plot.getAxis(side).tickStrings = partial(_figures, plot.getAxis(side).tickStrings)
        plot.getViewBox().disableAutoRange()
        plot.getViewBox().sigYRangeChanged.connect(self._fit_axis)
        plot.getViewBox().sigResized.connect(self._fit_axis)
        plot.getViewBox().sigRangeChangedManually.connect(self._on_user_zoomed)
        plot.scene().sigMouseClicked.connect(self._on_clicked)
        plot.viewport().installEventFilter(self)
        plot.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._frame.addWidget(plot)
        self._dress()

    def _dress(self) -> None:
        """The theme's colours and type; pyqtgraph follows neither."""
        self._plot.setBackground(theme.colour("field"))
        font = theme.font(scale=TICKS)
        for side in ("left", "bottom"):
            axis = self._plot.getAxis(side)
            axis.setPen(theme.colour("groove"))
            axis.setTextPen(theme.colour("muted"))
            axis.setStyle(tickFont=font, tickLength=0, tickTextOffset=theme.pixels(3), maxTickLevel=0)
        self._plot.getAxis("bottom").setHeight(theme.pixels(16))
        self._fit_axis()

    def _fit_axis(self, *_: object) -> None:
        """The axis on the left is as wide as its longest number: the library's own guess comes late and cuts some."""
        axis, (low, high) = self._plot.getAxis("left"), self._plot.getViewBox().viewRange()[1]
        spacing, values = axis.tickValues(low, high, self._plot.getViewBox().height())[0]
        texts = axis.tickStrings(values, axis.scale, spacing)
        metrics = QFontMetricsF(theme.font(scale=TICKS))
        width = round(max(map(metrics.horizontalAdvance, (USUAL_TICK, *texts)))) + theme.pixels(8)
        if width != axis.width():
            axis.setWidth(width)

    def _fit(self) -> None:
        x, y = self._ranges()
        self._plot.setRange(xRange=x, yRange=y, padding=0)

    def _on_user_zoomed(self, *_: object) -> None:
        self._follows = False

    def _on_clicked(self, click: Any) -> None:
        if click.double():
            self.reset_view()

    def _on_theme_changed(self) -> None:
        self._make_room()
        self.updateGeometry()
        self.update()
        if self._plot is not None:
            self._dress()
            self._draw_soon()

    @guarded(False)
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and not self._plot.hasFocus():
            event.ignore()  # the panel under it scrolls
            return True
        return False

    @guarded()
    def showEvent(self, event: QShowEvent) -> None:
        if self._plot is not None or self._has_figures():
            self._draw_soon()

    @guarded()
    def hideEvent(self, event: QHideEvent) -> None:
        self._timer.stop()

    @guarded()
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._make_room()

    # the frame and the legend

    @guarded()
    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(theme.colour("accent"), theme.pixels(2)) if self.hasFocus() else Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("field"))
            painter.drawRoundedRect(QRectF(self.rect()), theme.pixels(4), theme.pixels(4))
            if self._message:
                paint_message(painter, [QRectF(self.rect())], self._message, over_picture=False)
            else:
                for entry, place in zip(self._legend, self._places(self._legend), strict=True):
                    self._paint_entry(painter, entry, place)

    def _make_room(self) -> None:
        lines = [*self._places(self._legend), *self._places(self._reserved)]
        top = max((line.bottom() for line in lines), default=4.0)
        self._frame.setContentsMargins(4, round(top), 4, 2)

    def _places(self, legend: Sequence[Entry]) -> list[QRectF]:
        """Where the entries of a legend stand: side by side, on a new line where there is no room."""
        px, metrics = theme.pixels, QFontMetricsF(theme.font(scale=0.85))
        places: list[QRectF] = []
        x, y, height = float(px(6)), float(px(2)), metrics.height()
        for entry in legend:
            width = min(px(20) + metrics.horizontalAdvance(entry.text), self.width() - px(10))
            if places and x + width > self.width() - px(4):
                x, y = float(px(6)), y + height
            places.append(QRectF(x, y, width, height))
            x += width + px(10)
        return places

    def _paint_entry(self, painter: QPainter, entry: Entry, place: QRectF) -> None:
        px, middle = theme.pixels, place.center().y()
        if entry.sign in ("fill", "dot"):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(mark(entry.colour, 1.0 if entry.sign == "dot" else 0.5))
            size, radius = (px(6), px(3)) if entry.sign == "dot" else (px(10), px(2))
            square = QRectF(place.left() + (px(15) - size) / 2, middle - size / 2, size, size)
            painter.drawRoundedRect(square, radius, radius)
        else:
            painter.setPen(pen(entry.colour, px(1.5), entry.sign))
            painter.drawLine(QPointF(place.left(), middle), QPointF(place.left() + px(15), middle))
        painter.setPen(theme.colour(entry.colour))
        painter.setFont(theme.font(scale=0.85))
        room = place.adjusted(px(20), 0, 1, 0)
        text = QFontMetricsF(painter.font()).elidedText(entry.text, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, text)


def _figures(library: Callable[..., list[str]], *ticks: object) -> list[str]:
    """What the library writes at its ticks, with the real minus sign of all other figures."""
    return [text.replace("-", "−") for text in library(*ticks)]


def pen(name: str, width: float = 1, sign: Sign = "line") -> QPen:
    """The pen of a mark, of this many pixels and not units of the data. pyqtgraph draws lines of more than one pixel
    four times slower."""
    colour = theme.colour(name) if name in ("text", "muted") else mark(name)
    made = QPen(colour, width, _STYLES.get(sign, Qt.PenStyle.SolidLine))
    made.setCosmetic(True)
    return made


def drawable(values: object) -> np.ndarray:
    """Figures as float; what cannot be drawn is nan."""
    figures = np.asarray(values, dtype=float)
    with np.errstate(invalid="ignore"):
        return np.where(np.abs(figures) <= MAX_DRAWN, figures, np.nan)


def steps(edges: np.ndarray, heights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The outline of bars between edges, x and y; pyqtgraph's own steps fail where a part of them is out of sight."""
    return np.repeat(edges, 2)[1:-1], np.repeat(heights, 2)


def spanned(values: np.ndarray, margin: float = 0.0) -> Range:
    """The least and the greatest finite value with a margin, a share of what lies between; never an empty range."""
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    largest = max(abs(low), abs(high), 1.0)
    room = (high - low) * margin if high - low > 1e-9 * largest else 0.01 * largest
    return low - room, high + room
