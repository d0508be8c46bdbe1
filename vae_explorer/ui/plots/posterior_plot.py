"""The posterior of one image: mu and sigma of every latent dimension over the prior's band."""

import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QWidget

from vae_explorer.ui.plots.dimension_plot import DimensionPlot
from vae_explorer.ui.theme import theme
from vae_explorer.ui.widgets.image_view import paint_message
from vae_explorer.ui.widgets.numbers import deviation, figure, mark, z_name

MIN_RANGE = 3.0  # the prior is in sight even when every mu is 0
EMPTY = "Drop an image to see its posterior"
INDEX = 0.72  # of the usual type: the indices below the columns
HIGH = 64  # pixels at 100 %: a lower plot leaves the indices out
INACTIVE = 0.4  # opacity of the dimensions that say nothing about the images


class PosteriorPlot(DimensionPlot):
    """q(z|x) as dots at mu with bars of ± sigma over the dimensions' indices; the grey band is N(0, 1), one sigma to
    either side.

    Signals:
        dimension_pointed(int): see DimensionPlot.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Posterior: mu and sigma of every dimension", 124, parent)
        self._mu = self._sigma = np.empty(0)
        self._kl: np.ndarray | None = None
        self._inactive = np.empty(0, bool)
        self._range = MIN_RANGE
        self._message = ""

    @property
    def range(self) -> float:
        """The plot spans −range … +range."""
        return self._range

    def set_posterior(
        self,
        mu: np.ndarray,
        sigma: np.ndarray,
        kl_per_dimension: np.ndarray | None,
        order: np.ndarray,
        inactive: np.ndarray | None = None,
    ) -> None:
        """mu, sigma and KL: float [z], KL in nats; None where there is no q(z|x), and no sigma either. order: int, the
        dimensions from left to right. inactive: bool [z], which of them are painted pale and without their index."""
        self._mu, self._sigma = (np.asarray(a, dtype=float) for a in (mu, sigma))
        self._kl = None if kl_per_dimension is None else np.asarray(kl_per_dimension, dtype=float)
        self._inactive = np.zeros(len(self._mu), bool) if inactive is None else inactive
        reach = np.abs(self._mu) + self._sigma
        self._range = _round_up(max(reach[np.isfinite(reach)], default=0.0))
        self._set_order(order)

    def clear(self) -> None:
        """Shows that there is no image."""
        self.set_posterior(np.empty(0), np.empty(0), None, np.empty(0))

    def set_message(self, text: str) -> None:
        """In the place of the columns where there are none; empty: what to do."""
        if text != self._message:
            self._message = text
            self.update()

    def y_of(self, value: float) -> float:
        """Where a value of z stands, in pixels from the top; never outside the plot."""
        area = self._area()
        return area.center().y() - min(max(value / self._range, -1.0), 1.0) * area.height() / 2

    def _area(self) -> QRectF:
        px = theme.pixels
        below = self._index_height() if self.height() >= px(HIGH) else 0
        return QRectF(self.rect()).adjusted(px(24), px(8), -px(6), -px(8) - below)

    def _index_height(self) -> int:
        return round(QFontMetricsF(theme.font(scale=INDEX)).height())

    def _readout(self, dimension: int) -> list[tuple[str, str]]:
        if self._kl is None:
            return [(f"{z_name(dimension)}:", "muted"), (f" {figure(self._mu[dimension], 2)}", "mu")]
        return [
            (f"{z_name(dimension)}:", "muted"),
            (f" μ {figure(self._mu[dimension], 2)}", "mu"),
            (",", "muted"),
            (f" σ {deviation(self._sigma[dimension]).rstrip()}", "sigma"),
            (",", "muted"),
            (f" KL {figure(self._kl[dimension], 1)} nats", "kl"),
        ]

    def _paint_columns(self, painter: QPainter, area: QRectF) -> None:
        zero = round(self.y_of(0) - 0.5)
        band = QRectF(1, self.y_of(1), self.width() - 2, self.y_of(-1) - self.y_of(1))
        painter.fillRect(band, theme.colour("groove", 0.45))
        if not self._order:
            paint_message(painter, [QRectF(self.rect())], self._message or EMPTY, over_picture=False)
            return
        painter.fillRect(QRectF(area.left(), zero, self.width() - 1 - area.left(), 1), theme.colour("muted", 0.5))
        self._paint_scale(painter)
        inactive = self._inactive[self._order]
        for which, opacity in ((inactive, INACTIVE), (~inactive, 1.0)):
            painter.setOpacity(opacity)
            self._paint_posterior(painter, area, which)
        painter.setOpacity(1.0)
        if area.bottom() + self._index_height() < self.height():
            self._paint_indices(painter, area)

    def _paint_posterior(self, painter: QPainter, area: QRectF, which: np.ndarray) -> None:
        px, step = theme.pixels, area.width() / len(self._order)
        wide = step > 3
        width, dot = min(px(7), max(0.7 * step, 1)), min(px(5), max(step, 1.6))
        mu, sigma = self._mu[self._order], self._sigma[self._order]
        known = np.isfinite(mu) & np.isfinite(sigma) & which
        edges, scale = self._edges(), area.height() / 2
        middles = ((edges[:-1] + edges[1:]) / 2)[known].tolist()
        top, y, bottom = (
            (area.center().y() - scale * (z[known] / self._range).clip(-1, 1)).tolist()
            for z in (mu + sigma, mu, mu - sigma)
        )
        least = dot + 2 if wide else 1  # a bar smaller than its dot is a rim around it
        bars = [
            QRectF(x - width / 2, (high + low - size) / 2, width, size)
            for x, high, low in zip(middles, top, bottom, strict=True)
            if self._kl is not None and (size := max(low - high, least))  # a plain autoencoder has no sigma
        ]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, wide)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(mark("sigma"))
        if wide:
            for bar in bars:
                painter.drawRoundedRect(bar, min(width / 2, px(3)), min(width / 2, px(3)))
        else:
            painter.drawRects(bars)
        pen = QPen(mark("mu"), dot)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawPoints([QPointF(*place) for place in zip(middles, y, strict=True)])

    def _paint_indices(self, painter: QPainter, area: QRectF) -> None:
        """Below the columns, as many as there is room for; that of the highlighted one always."""
        font, bold = theme.font(scale=INDEX), theme.font(scale=INDEX, bold=True)
        metrics, top = QFontMetricsF(font), self.height() - theme.pixels(2) - self._index_height()
        edges = self._edges()
        columns = list(zip(self._order, ((edges[:-1] + edges[1:]) / 2).tolist(), strict=True))
        columns.sort(key=lambda column: column[0] != self._pointed)  # the highlighted one first
        taken: list[tuple[float, float]] = []
        for j, middle in columns:
            wide = metrics.horizontalAdvance(str(j)) + theme.pixels(2)
            left = min(max(middle - wide / 2, 0), self.width() - wide)
            is_free = all(left + wide <= start or left >= end for start, end in taken)
            if is_free and (j == self._pointed or not self._inactive[j]):
                taken.append((left, left + wide))
                painter.setFont(bold if j == self._pointed else font)
                painter.setPen(theme.colour("text" if j == self._pointed else "muted"))
                box = QRectF(left, top, wide, self._index_height())
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(j))

    def _paint_scale(self, painter: QPainter) -> None:
        px = theme.pixels
        painter.setPen(theme.colour("muted"))
        painter.setFont(theme.font(scale=0.75))
        for value in (self._range, 0, -self._range):
            box = QRectF(0, self.y_of(value) - px(8), px(20), px(16))
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, figure(value, 0))


def _round_up(reach: float) -> float:
    """The next of 3, 4, 5, 6, 8, 10, 15, 20, 30, … so that the scale stays the same while a model learns."""
    if reach <= MIN_RANGE:
        return MIN_RANGE
    power = 10.0 ** math.floor(math.log10(reach))
    return next(step * power for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10, 15) if step * power >= reach)
