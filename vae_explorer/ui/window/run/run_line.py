"""The line that says how a run is: painted, with parts that give way one after the other where there is no room."""

from collections.abc import Sequence, Set
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from vae_explorer.session.curves import Curves
from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.plots.spark_line import paint_spark_line
from vae_explorer.ui.theme import theme
from vae_explorer.ui.widgets.live_text import Piece, fitted, paint_pieces, width_of
from vae_explorer.ui.window.run.run_words import RunWords, Sign

Part = Literal["name", "state", "score", "spark", "left", "speed"]
PARTS: tuple[Part, ...] = ("name", "state", "score", "spark", "left", "speed")  # from left to right
GIVING_WAY: tuple[Part, ...] = ("speed", "spark", "left", "score", "name")  # where the name is as short as it can be
USUAL: dict[Part, str] = {  # as long as a part usually is at most: a longer name is elided
    "name": "drawn-digits gated_mlp-16",
    "state": "paused · epoch 88.8 of 888",
    "score": "validation ELBO −1,888.8 nats",
    "left": "88:88 left",
    "speed": "88,888 images/s",
}
SPARK, GAP, SIGN = 88, 16, 20  # pixels at 100 %
LEAST_NAME = 96
COLOURS: dict[Sign, str] = {
    "running": "accent", "waiting": "muted", "paused": "warning", "stopped": "muted", "finished": "sigma",
    "failed": "gap",
}  # fmt: skip


class RunLine(QWidget):
    """Shows RunWords and the curve of the score."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("runLine")
        self.setAccessibleName("Run")
        self._words = RunWords()
        self._spark: tuple[Sequence[float], Sequence[float]] = ((), ())
        self._left_out: Set[Part] = frozenset()
        theme.changed.connect(self.update)

    def set_words(self, words: RunWords) -> None:
        if words != self._words:
            self._words = words
            self.setToolTip(f"{words.text}\n{words.tip}".strip())
            self.update()

    def set_curve(self, curves: Curves, key: str) -> None:
        """The curve of a score so far."""
        x, y = curves.validation_epochs, curves.validation[key]
        self._spark = (x, y) if len(x) > 1 else (curves.epochs, curves.train[key])
        self.update()

    def leave_out(self, parts: Set[Part]) -> None:
        """Parts for which this window has no room, whatever they say."""
        self._left_out = parts
        self.update()

    @property
    def text(self) -> str:
        """What it says, in sight or not."""
        return self._words.text

    @property
    def in_sight(self) -> dict[Part, str]:
        """The parts that are painted, as they are written."""
        return {part: "".join(piece.text for piece in pieces) for part, _, pieces in self._placed()}

    @guarded(QSize())
    def sizeHint(self) -> QSize:
        return QSize(usual_width(frozenset()), theme.pixels(20))

    def _placed(self) -> list[tuple[Part, QRectF, list[Piece]]]:
        """The parts that there is room for, from left to right; what is too long then is elided."""
        words, px = self._words, theme.pixels
        pieces: dict[Part, tuple[Piece, ...]] = {
            "name": words.name, "state": words.state, "score": words.score, "left": words.left, "speed": words.speed,
        }  # fmt: skip
        start = px(SIGN) if words.sign else 0
        widths: dict[Part, float] = {part: width_of(pieces[part]) for part in pieces if pieces[part]}
        if words.name and len(self._spark[0]) > 1:
            widths["spark"] = px(SPARK)
        shown = [part for part in PARTS if part in widths and part not in self._left_out]

        def excess(*, short_name: bool) -> float:
            spared = max(0, widths["name"] - px(LEAST_NAME)) if short_name and "name" in shown else 0
            return start + sum(widths[part] for part in shown) + px(GAP) * (len(shown) - 1) - spared - self.width()

        for part in GIVING_WAY:
            if part in shown and excess(short_name=True) > 0:
                if part == "left":  # the words that a reader can do without come before whole parts
                    pieces = {one: tuple(p for p in found if not p.is_extra) for one, found in pieces.items()}
                    widths |= {one: width_of(pieces[one]) for one in shown if one in pieces}
                if excess(short_name=True) > 0:
                    shown.remove(part)
        placed: list[tuple[Part, QRectF, list[Piece]]] = []
        too_long, x = excess(short_name=False), float(start)
        for part in shown:
            written, width = list(pieces.get(part, ())), widths[part]
            if too_long > 0 and part in ("name", "state"):
                written = fitted(written, width - too_long)
                too_long -= width - width_of(written)
                width = width_of(written)
            placed.append((part, QRectF(x, 0, width, self.height()), written))
            x += width + px(GAP)
        return placed

    @guarded()
    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            middle = QPointF(theme.pixels(6), self.height() / 2)
            _paint_sign(painter, self._words.sign, middle, theme.pixels(4))
            for part, place, pieces in self._placed():
                if part == "spark":
                    high = theme.pixels(14)
                    place = QRectF(place.left(), (self.height() - high) / 2, place.width(), high)
                    paint_spark_line(painter, *self._spark, place)
                else:
                    paint_pieces(painter, pieces, place)


def usual_width(left_out: Set[Part]) -> int:
    """Pixels that the line usually needs at most, without these parts."""
    parts = [part for part in PARTS if part not in left_out]
    widths = [theme.pixels(SPARK) if part == "spark" else width_of([Piece(USUAL[part])]) for part in parts]
    return round(theme.pixels(SIGN) + sum(widths) + theme.pixels(GAP) * (len(parts) - 1))


def _paint_sign(painter: QPainter, sign: Sign, at: QPointF, radius: float) -> None:
    """A shape of its own for each state, so that none is told by its colour alone."""
    if not sign:
        return
    colour, square = theme.colour(COLOURS[sign]), QRectF(at.x() - radius, at.y() - radius, 2 * radius, 2 * radius)
    painter.setPen(QPen(colour, max(1.5, radius / 2.5)))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    match sign:
        case "waiting":
            painter.drawEllipse(square.adjusted(0.5, 0.5, -0.5, -0.5))
        case "finished":
            corner = QPointF(at.x() - radius / 4, at.y() + 0.7 * radius)
            painter.drawPolyline(
                [QPointF(at.x() - radius, at.y()), corner, QPointF(at.x() + radius, at.y() - 0.8 * radius)]
            )
        case "failed":
            painter.drawLine(square.topLeft(), square.bottomRight())
            painter.drawLine(square.bottomLeft(), square.topRight())
        case "paused":
            for x in (square.left(), square.right() - 0.7 * radius):
                painter.fillRect(QRectF(x, square.top(), 0.7 * radius, 2 * radius), colour)
        case "stopped":
            painter.fillRect(square, colour)
        case _:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            painter.drawEllipse(square)
