"""One line of text that changes all the time: painted, so that a new figure never asks for a new layout."""

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.theme import SMALL, theme


class Piece(NamedTuple):
    """A stretch of text in one look."""

    text: str
    colour: str = "muted"  # of the theme
    bold: bool = False
    is_name: bool = False  # elided in the middle where there is no room
    is_extra: bool = False  # can be left out where there is little


def width_of(pieces: Sequence[Piece], scale: float = 1.0) -> float:
    """Pixels that the pieces take, one after the other."""
    return sum(QFontMetricsF(_font(piece, scale)).horizontalAdvance(piece.text) for piece in pieces)


def fitted(pieces: Sequence[Piece], room: float, scale: float = 1.0) -> list[Piece]:
    """The pieces in no more than this many pixels: first their names are elided, then the line ends in an ellipsis."""
    excess, found = width_of(pieces, scale) - room, []
    for piece in pieces:
        if excess > 0 and piece.is_name:
            metrics = QFontMetricsF(_font(piece, scale))
            whole = metrics.horizontalAdvance(piece.text)
            short = metrics.elidedText(piece.text, Qt.TextElideMode.ElideMiddle, max(whole - excess, 0))
            excess -= whole - metrics.horizontalAdvance(short)
            piece = piece._replace(text=short)
        found.append(piece)
    return _ended(found, room, scale) if excess >= 1 else found


def _ended(pieces: Sequence[Piece], room: float, scale: float) -> list[Piece]:
    """Those that there is room for: "epoch 14.8 of 100,000" never reads "epoch 14.8 of 100"."""
    for i, piece in enumerate(pieces):
        metrics = QFontMetricsF(_font(piece, scale))
        left = room - width_of(pieces[:i], scale)
        if (
            metrics.horizontalAdvance(piece.text) + (metrics.horizontalAdvance("…") if i + 1 < len(pieces) else 0)
            > left
        ):
            short = metrics.elidedText(f"{piece.text}…", Qt.TextElideMode.ElideRight, max(left, 0))
            return [*pieces[:i], piece._replace(text=short)]
    return list(pieces)


def paint_pieces(painter: QPainter, pieces: Sequence[Piece], place: QRectF, scale: float = 1.0) -> None:
    """Paints them from the left edge of a place, on its middle line."""
    x = place.left()
    middle = QFontMetricsF(theme.font(scale=scale))
    baseline = place.center().y() + (middle.ascent() - middle.descent()) / 2
    for piece in pieces:
        painter.setFont(_font(piece, scale))
        painter.setPen(theme.colour(piece.colour))
        painter.drawText(QPointF(x, baseline), piece.text)
        x += QFontMetricsF(painter.font()).horizontalAdvance(piece.text)


class LiveText(QWidget):
    """Names are elided in the middle; the whole text is the tooltip, and what a screen reader says."""

    def __init__(self, name: str, *, is_caption: bool = True, align_right: bool = False, parent: QWidget | None = None):
        """name: the objectName."""
        super().__init__(parent)
        self.setObjectName(name)
        self._scale = SMALL if is_caption else 1.0
        self._align_right = align_right
        self._pieces: tuple[Piece, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self._on_theme_changed)

    def set_pieces(self, *pieces: Piece) -> None:
        """Shows these in the place of the last ones."""
        if pieces != self._pieces:
            self._pieces = pieces
            self.setToolTip(self.text)
            self.setAccessibleName(self.text)
            self.update()

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(piece.text for piece in self._pieces)

    @guarded(QSize(0, 16))
    def sizeHint(self) -> QSize:
        return QSize(0, round(QFontMetricsF(theme.font(scale=self._scale)).height()))

    @guarded(QSize(0, 16))
    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def _on_theme_changed(self) -> None:
        self.updateGeometry()
        self.update()

    @guarded()
    def paintEvent(self, event: QPaintEvent) -> None:
        pieces = fitted(self._pieces, self.width(), self._scale)
        with QPainter(self) as painter:
            place = QRectF(self.rect())
            if self._align_right:
                place.setLeft(max(0.0, place.right() - width_of(pieces, self._scale)))
            paint_pieces(painter, pieces, place, self._scale)


def _font(piece: Piece, scale: float) -> QFont:
    font = theme.font(scale=scale)
    font.setWeight(QFont.Weight.DemiBold if piece.bold else QFont.Weight.Normal)
    return font
