"""The mean of some pictures, and how much each pixel differs among them, with a scale."""

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QLinearGradient, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.theme import SMALL, UNIT, theme, viridis
from vae_explorer.ui.widgets.image_view import ImageView
from vae_explorer.ui.widgets.numbers import figure

MIN_SPREAD = 0.005  # of a pixel: less is written as 0.00, and shown as none
WORDS = 64  # pixels right of the pictures, at 100 %
LEAST, MOST = 56, 196  # pixels at 100 %: a side of a picture
BAR = 8  # pixels at 100 %: how wide the scale is


class MeanAndSpread(QWidget):
    """Two pictures, one below the other, and what they are right of them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.mean, self.spread = ImageView(self), ImageView(self)
        self.mean.setAccessibleName("Mean of the samples")
        self.mean.setToolTip("The average of these pictures")
        self.spread.setAccessibleName("Spread of each pixel")
        self.spread.setToolTip("The standard deviation of each pixel over these pictures")
        self._top: float | None = None
        self._side = LEAST
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)

    def set_spread(self, mean: np.ndarray | None, spread: np.ndarray | None) -> None:
        """mean: float [c, h, w]; spread: float [h, w], the standard deviation of each pixel; None for both: nothing."""
        self.mean.set_image(mean)
        self._top = None if spread is None else float(spread.max())
        if spread is None or self._top is None:
            self.spread.set_image(None)
        else:
            self.spread.set_image(spread[None], "viridis", self._top if self._top >= MIN_SPREAD else 1.0)
        self.spread.setAccessibleDescription(self.range)
        self.update()

    @property
    def range(self) -> str:
        """From no spread to the largest one; empty where there is nothing."""
        return "" if self._top is None else f"0 … {figure(self._top, 2)}"

    def fit(self, width: int, height: int) -> None:
        """Takes a width that suits a height, in pixels, and no more than its share of the width of all."""
        side = min((height - 2 * UNIT) // 2, width // 7)
        self._side = min(max(side, theme.pixels(LEAST)), theme.pixels(MOST))
        self.setFixedWidth(self._side + theme.pixels(WORDS))
        self._place()

    @guarded(QSize())
    def minimumSizeHint(self) -> QSize:
        return QSize(theme.pixels(LEAST + WORDS), 2 * theme.pixels(28) + 2 * UNIT)

    @guarded()
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place()

    def _place(self) -> None:
        side = min(self._side, (self.height() - 2 * UNIT) // 2)
        self.mean.setGeometry(0, 0, side, side)
        self.spread.setGeometry(0, side + 2 * UNIT, side, side)
        self.update()

    @guarded()
    def paintEvent(self, event: QPaintEvent) -> None:
        if self._top is None:
            return
        px, picture = theme.pixels, QRectF(self.spread.geometry())
        with QPainter(self) as painter:
            painter.setFont(theme.font(scale=SMALL))
            painter.setPen(theme.colour("muted"))
            line = QFontMetricsF(painter.font()).height()
            left = QRectF(picture.right() + px(8), 0, px(WORDS - 8), line)
            painter.drawText(left.translated(0, (picture.width() - line) / 2), Qt.AlignmentFlag.AlignLeft, "mean")
            bar = QRectF(left.left(), picture.top(), px(BAR), picture.height())
            scale = QLinearGradient(bar.bottomLeft(), bar.topLeft())
            for at in range(0, 256, 15):
                scale.setColorAt(at / 255, QColor(*viridis()[at].tolist()))
            painter.fillRect(bar, scale)
            words = left.translated(px(BAR + 4), 0)
            for y, text in (
                (picture.top(), figure(self._top, 2)),
                (picture.center().y() - line / 2, "spread"),
                (picture.bottom() - line, "0"),
            ):
                painter.drawText(words.translated(0, y), Qt.AlignmentFlag.AlignLeft, text)
