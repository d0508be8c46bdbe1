"""log p(x) = E_q[log p(x|z)] − KL(q(z|x)‖p(z)) + KL(q(z|x)‖p(z|x)), step by step on an axis of nats."""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PySide6.QtCore import Property, QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QFont,
    QFontMetricsF,
    QHelpEvent,
    QLinearGradient,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QStaticText,
    QTextOption,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.plots.axis_zoom import Stretch, digits, stretches, ticks
from vae_explorer.ui.plots.plot import drawable
from vae_explorer.ui.plots.waterfall_steps import Step, steps_of
from vae_explorer.ui.theme import theme
from vae_explorer.ui.widgets.image_view import DIMMED, paint_message
from vae_explorer.ui.widgets.numbers import figure, mark

NOT_FINITE = "The evidence of this image is not finite"
TIP = "log p(x), step by step: what each row adds or takes away. Point at a row to read what it means."
LABELS, LARGE = 0.56, 0.36  # of the width, at most; where they are larger than usual
TIGHT = 0.92  # of a line's height: the distance of a symbol below its name
TICKS = 0.75  # scale of the type below the axes
FONTS = (1.0, False), (0.82, False), (1.0, True)  # names, symbols, figures: scale, bold
TYPES = [(True, 1.25), *((symbols, scale) for symbols in (True, False) for scale in (1.0, 0.9, 0.8, 0.7))]  # first fit
LATE = 0.55  # opacity of the figures of an earlier snapshot


class Waterfall(QWidget):
    """The parts of log p(x) of one image as rows, read from above like a sum, with a bar for each on one axis. Where
    steps are too small to be seen beside the others, the end of the axis is drawn again beside it, magnified."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._value: dict[str, float | None] | None = None
        self._steps: list[Step] = []
        self._stretches: list[Stretch] = []
        self._error = 0.0
        self._message = self._problem = ""
        self._pointed = -1
        self._is_late = False
        self._lettered: Lettering | None = None
        self.setMouseTracking(True)
        self.setToolTip(TIP)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Evidence: log p(x) and its parts")
        theme.changed.connect(self._on_theme_changed)

    def set_parts(
        self,
        reconstruction: float,
        kl: float,
        log_evidence: float,
        standard_error: float | None,
        fitted_elbo: float | None = None,
    ) -> None:
        """In nats. standard_error: of log_evidence; fitted_elbo: with the best q for this image: it divides the gap."""
        numbers = [reconstruction, kl, log_evidence]
        optional = [
            None if number is None or not math.isfinite(number) else number for number in (standard_error, fitted_elbo)
        ]
        if not np.isfinite(drawable([*numbers, *(number or 0.0 for number in optional)])).all():
            self.clear()
            self._problem = NOT_FINITE
            self._describe()
            return
        reconstruction, kl, log_evidence = map(float, numbers)
        elbo = reconstruction - kl
        error, fitted = optional
        self._value = {
            "reconstruction": reconstruction, "kl": kl, "elbo": elbo, "gap": log_evidence - elbo,
            "log_evidence": log_evidence, "standard_error": error, "fitted_elbo": fitted,
        }  # fmt: skip
        self._error = abs(error or 0.0)
        self._steps = list(steps_of(reconstruction, kl, elbo, log_evidence, error, fitted))
        unsure = [log_evidence - self._error, log_evidence + self._error, elbo if fitted is None else fitted]
        ends = [0.0, reconstruction, elbo, *unsure]
        self._stretches = stretches(
            (min(ends), max(ends)), [(reconstruction, elbo), (min(elbo, *unsure), max(elbo, *unsure))]
        )
        self._problem = ""
        self._describe()

    def set_message(self, text: str | None) -> None:
        """A message over the dimmed plot, or in the empty area; None removes it."""
        self._message = text or ""
        self._describe()

    def set_late(self, is_late: bool) -> None:
        """Dims figures that are those of an earlier snapshot."""
        if is_late != self._is_late:
            self._is_late = is_late
            self.update()

    def clear(self) -> None:
        """Shows no figures."""
        self._value, self._steps, self._stretches, self._problem = None, [], [], ""
        self._describe()

    @property
    def stretches(self) -> list[Stretch]:
        """The parts of the axis that are shown from left to right, the whole first."""
        return self._stretches

    def x_of(self, nats: float, stretch: int = -1) -> float:
        """Where a value is on one of the axes, the most magnified one unless told, in pixels from the left."""
        shown, place = self._stretches[stretch], self._panel(stretch % len(self._stretches))
        return place.left() + (nats - shown.low) / shown.length * place.width()

    def y_of(self, key: str) -> float:
        """The middle of a row (reconstruction, kl, elbo, gap, encoder, rest, log_evidence), in pixels from the top."""
        return next(self._row(i).center().y() for i, step in enumerate(self._steps) if step.key == key)

    def _value_now(self) -> dict[str, float | None] | None:
        return self._value

    value = Property(object, _value_now)  # the parts in full precision, None when there are none

    @guarded(QSize(520, 190))
    def sizeHint(self) -> QSize:
        return QSize(theme.pixels(520), theme.pixels(190))

    @guarded(QSize(280, 112))
    def minimumSizeHint(self) -> QSize:
        return QSize(theme.pixels(280), theme.pixels(112))

    @guarded()
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._lettered = None

    # pointing

    @guarded(False)
    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            row = self._row_at(event.pos().y())
            if row >= 0:
                QToolTip.showText(event.globalPos(), self._steps[row].tip, self, self._row(row).toAlignedRect())
                return True
        return super().event(event)

    @guarded()
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point(self._row_at(event.position().y()))

    @guarded()
    def leaveEvent(self, event: QEvent) -> None:
        self._point(-1)

    def _point(self, row: int) -> None:
        if row != self._pointed:
            self._pointed = row
            self.update()

    def _row_at(self, y: float) -> int:
        return next((i for i in range(len(self._steps)) if self._row(i).top() <= y < self._row(i).bottom()), -1)

    def _describe(self) -> None:
        parts = ", ".join(f"{step.name} {step.text}" for step in self._steps)
        said = self._message or self._problem, parts and f"{parts} nats"
        self.setAccessibleDescription(". ".join(filter(None, said)))
        self._pointed = min(self._pointed, len(self._steps) - 1)
        self._lettered = None
        self.update()

    def _on_theme_changed(self) -> None:
        self._lettered = None
        self.updateGeometry()
        self.update()

    # layout

    def _rows(self) -> QRectF:
        """The place of all rows, between the line over the axes and their ticks."""
        px = theme.pixels
        return QRectF(self.rect()).adjusted(px(4), px(18), -px(8), -px(18))

    def _row(self, index: int) -> QRectF:
        rows = self._rows()
        height = rows.height() / max(len(self._steps), 1)
        return QRectF(rows.left(), rows.top() + index * height, rows.width(), height)

    def _lettering(self) -> "Lettering":
        """The largest one that fits, kept until the size or the text changes."""
        if self._lettered is None:
            for symbols, scale in TYPES:
                made = Lettering.of(self._steps, symbols, scale)
                if (
                    made.height <= self._row(0).height()
                    and sum(made.columns) <= (LABELS if scale <= 1 else LARGE) * self.width()
                ):
                    break
            self._lettered = made
        return self._lettered

    def _panel(self, index: int) -> QRectF:
        """The place of a stretch; all are equally wide."""
        rows, count, gap = self._rows(), len(self._stretches), theme.pixels(18)
        left = rows.left() + sum(self._lettering().columns)
        width = (rows.right() - left - gap * (count - 1)) / count
        return QRectF(left + index * (width + gap), rows.top(), width, rows.height())

    # painting

    @guarded()
    def paintEvent(self, event: QPaintEvent) -> None:
        px = theme.pixels
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("field"))
            painter.drawRoundedRect(QRectF(self.rect()), px(4), px(4))
            if self._steps:
                painter.setOpacity(DIMMED if self._message else LATE if self._is_late else 1.0)
                self._paint(painter)
                painter.setOpacity(1.0)
            if message := self._message or self._problem:
                paint_message(painter, [QRectF(self.rect())], message, over_picture=bool(self._steps))

    def _paint(self, painter: QPainter) -> None:
        if self._pointed >= 0:
            painter.fillRect(self._row(self._pointed), theme.colour("groove", 0.45))
        self._paint_labels(painter)
        for index in range(1, len(self._stretches)):
            self._paint_lens(painter, index)
        for index, stretch in enumerate(self._stretches):
            self._paint_axis(painter, index, stretch)
            painter.save()
            painter.setClipRect(self._panel(index).adjusted(0.5, 0, -0.5, 0))
            self._paint_bars(painter, index)
            painter.restore()

    def _paint_labels(self, painter: QPainter) -> None:
        lettering = self._lettering()
        signs, names, figures = lettering.columns
        bold = QFont(lettering.name)
        bold.setBold(True)
        line = QFontMetricsF(bold).height()
        for index, (step, symbol) in enumerate(zip(self._steps, lettering.symbols, strict=True)):
            row = self._row(index)
            top = row.center().y() - (line + (TIGHT * symbol.size().height() if symbol else 0)) / 2
            left = row.left() + signs
            painter.setFont(bold if step.is_total else lettering.name)
            painter.setPen(theme.colour("muted"))
            painter.drawText(QRectF(row.left(), top, signs, line), Qt.AlignmentFlag.AlignLeft, step.sign)
            painter.setPen(theme.colour("text"))
            painter.drawText(QRectF(left, top, names, line), Qt.AlignmentFlag.AlignLeft, step.name)
            painter.setFont(bold)
            painter.setPen(theme.colour(step.colour))
            painter.drawText(QRectF(left + names, top, figures, line), Qt.AlignmentFlag.AlignLeft, step.text)
            if symbol:
                painter.setFont(lettering.small)
                painter.setPen(theme.colour("muted"))
                painter.drawStaticText(QPointF(left, top + TIGHT * line), symbol)

    def _paint_axis(self, painter: QPainter, index: int, stretch: Stretch) -> None:
        """The lines of the ticks, the ticks as figures below, and over the axis how much it is magnified."""
        px, panel = theme.pixels, self._panel(index)
        painter.setFont(theme.font(scale=TICKS))
        metrics = QFontMetricsF(painter.font())
        step, places = ticks(stretch.low, stretch.high)
        for place in places:
            line = QRectF(round(self.x_of(place * step, index)), panel.top(), 1, panel.height())
            painter.fillRect(line, theme.colour("groove" if place else "muted", 0.6))
        painter.setPen(theme.colour("muted"))
        for text, left, _ in self.tick_texts(index):
            painter.drawText(QPointF(left, panel.bottom() + px(3) + metrics.ascent()), text)
        said = "nats" if index == 0 else f"magnified × {stretch.magnification:,.10g}"
        if metrics.horizontalAdvance(said) > panel.width():
            said = said.removeprefix("magnified ")
        painter.setPen(theme.colour("accent" if index else "muted"))
        painter.drawText(QPointF(panel.left(), panel.top() - px(5)), said)

    def tick_texts(self, index: int) -> list[tuple[str, float, float]]:
        """What is written below one of the axes, each with its left and right end in pixels: every tick, or where they
        would collide every second, third, …; the zero is kept."""
        px, panel, stretch = theme.pixels, self._panel(index), self._stretches[index]
        metrics = QFontMetricsF(theme.font(scale=TICKS))
        step, places = ticks(stretch.low, stretch.high)
        spans = []
        for place in places:
            text, middle = figure(place * step, digits(step)), self.x_of(place * step, index)
            width = metrics.horizontalAdvance(text)
            left = min(max(middle - width / 2, panel.left() - px(2)), panel.right() + px(4) - width)
            if left >= panel.left() - px(2):  # else it is wider than the axis
                spans.append((place, text, left, left + width))
        for apart in range(1, len(spans) + 1):
            found = [spans[first::apart] for first in range(apart)]
            free = [some for some in found if all(a[3] + px(6) <= b[2] for a, b in pairwise(some))]
            if free:
                best = max(free, key=lambda some: (any(place == 0 for place, *_ in some), len(some)))
                return [span[1:] for span in best]
        return []

    def _paint_bars(self, painter: QPainter, index: int) -> None:
        height = min(0.62 * self._row(0).height(), theme.pixels(28))
        for row, step in enumerate(self._steps):
            middle = self._row(row).center().y()
            start, end = self.x_of(step.start, index), self.x_of(step.end, index)
            if row:  # a thread to where the row above ends
                thread = QRectF(round(start), middle - self._row(row).height(), 1, self._row(row).height())
                painter.fillRect(thread, theme.colour("muted", 0.7))
            if step.is_total:
                line = QRectF(round(end) - 1, middle - height / 2, theme.pixels(2), height)
                painter.fillRect(line, theme.colour("text"))
            else:
                bar = QRectF(min(start, end), middle - height / 2, max(abs(end - start), 1.5), height)
                self._paint_bar(painter, self._panel(index), bar, step)
            if step.key == "log_evidence" and self._error:
                self._paint_error(painter, index, middle, height)

    def _paint_bar(self, painter: QPainter, panel: QRectF, bar: QRectF, step: Step) -> None:
        """A bar, which fades where it goes on beyond the panel."""
        fade = min(0.5, theme.pixels(14) / max(1.0, panel.width()))  # a narrow window leaves next to nothing
        colour, clear = mark(step.colour, step.alpha), mark(step.colour, 0.0)
        gradient = QLinearGradient(panel.topLeft(), panel.topRight())
        gradient.setColorAt(0, clear if bar.left() < panel.left() else colour)
        gradient.setColorAt(fade, colour)
        gradient.setColorAt(1 - fade, colour)
        gradient.setColorAt(1, clear if bar.right() > panel.right() else colour)
        painter.fillRect(bar.intersected(panel), gradient)

    def _paint_error(self, painter: QPainter, index: int, middle: float, height: float) -> None:
        log_evidence = self._steps[-1].end
        low, high = (round(self.x_of(log_evidence + side * self._error, index)) for side in (-1, 1))
        painter.fillRect(QRectF(low, round(middle), high - low, 1), theme.colour("text"))
        for x in (low, high - 1):
            painter.fillRect(QRectF(x, round(middle - height / 4), 1, round(height / 2) + 1), theme.colour("text"))

    def _paint_lens(self, painter: QPainter, index: int) -> None:
        """The frame around what the next stretch magnifies, and the lines from it to that."""
        px, panel, before = theme.pixels, self._panel(index), self._panel(index - 1)
        left, right = (self.x_of(nats, index - 1) for nats in (self._stretches[index].low, self._stretches[index].high))
        frame = QRectF(left, before.top() + px(5), right - left, before.height() - px(10))
        colour = theme.colour("accent", 0.9)
        painter.setPen(QPen(colour, 1))
        painter.setBrush(theme.colour("accent", 0.08))
        painter.drawRect(frame)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(panel)
        painter.setPen(QPen(theme.colour("accent", 0.6), 1))
        painter.drawLine(frame.topRight(), panel.topLeft())
        painter.drawLine(frame.bottomRight(), panel.bottomLeft())


@dataclass(frozen=True)
class Lettering:
    """How the rows are written: two sizes of type, the symbols (None where a row has none, or no room for it), what a
    row needs in height, and how wide the signs, the names and the figures are."""

    name: QFont
    small: QFont
    symbols: list[QStaticText | None]
    height: float
    columns: tuple[float, float, float]

    @classmethod
    def of(cls, steps: list[Step], has_symbols: bool, scale: float) -> "Lettering":
        name, small, bold = (theme.font(scale=scale * times, bold=bold) for times, bold in FONTS)
        symbols = [_rich(step.symbol, small) if has_symbols and step.symbol else None for step in steps]
        metrics, px = QFontMetricsF(bold), theme.pixels
        names = [metrics.horizontalAdvance(step.name) for step in steps]
        names += [symbol.size().width() for symbol in symbols if symbol]
        figures = [metrics.horizontalAdvance(step.text) for step in steps]
        height = metrics.height() + TIGHT * max((symbol.size().height() for symbol in symbols if symbol), default=0)
        columns = metrics.horizontalAdvance("−") + px(5), max(names) + px(8), max(figures) + px(12)
        return cls(name, small, symbols, height, columns)


def _rich(text: str, font: QFont) -> QStaticText:
    made = QStaticText(text)
    made.setTextFormat(Qt.TextFormat.RichText)
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.NoWrap)
    made.setTextOption(option)
    made.prepare(font=font)
    return made
