"""The posterior of one image: mu and sigma of every latent dimension over the prior's band."""

import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QWidget

from vae_explorer.ui.plots.dimension_plot import DimensionPlot
from vae_explorer.ui.theme import theme
from vae_explorer.ui.widgets.numbers import figure, mark, z_name

MIN_RANGE = 3.0  # the prior is in sight even when every mu is 0
EMPTY = "Drop an image to see its posterior"


class PosteriorPlot(DimensionPlot):
    """q(z|x) as dots at mu with bars of ± sigma; the grey band is N(0, 1), one sigma to either side.

    Signals:
        dimension_pointed(int): see DimensionPlot.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Posterior: mu and sigma of every dimension", 124, parent)
        self._mu = self._sigma = np.empty(0)
        self._kl: np.ndarray | None = None
        self._range = MIN_RANGE

    @property
    def range(self) -> float:
        """The plot spans −range … +range."""
        return self._range

    def set_posterior(
        self, mu: np.ndarray, sigma: np.ndarray, kl_per_dimension: np.ndarray | None, order: np.ndarray
    ) -> None:
        """mu, sigma and KL: float [z], KL in nats; None where there is no q(z|x), and no sigma either. order: int, the
        dimensions from left to right."""
        self._mu, self._sigma = (np.asarray(a, dtype=float) for a in (mu, sigma))
        self._kl = None if kl_per_dimension is None else np.asarray(kl_per_dimension, dtype=float)
        reach = np.abs(self._mu) + self._sigma
        self._range = _round_up(max(reach[np.isfinite(reach)], default=0.0))
        self._set_order(order)

    def clear(self) -> None:
        """Shows that there is no image."""
        self.set_posterior(np.empty(0), np.empty(0), None, np.empty(0))

    def y_of(self, value: float) -> float:
        """Where a value of z stands, in pixels from the top; never outside the plot."""
        area = self._area()
        return area.center().y() - min(max(value / self._range, -1.0), 1.0) * area.height() / 2

    def _area(self) -> QRectF:
        px = theme.pixels
        return QRectF(self.rect()).adjusted(px(24), px(8), -px(6), -px(8))

    def _readout(self, dimension: int) -> list[tuple[str, str]]:
        if self._kl is None:
            return [(f"{z_name(dimension)}:", "muted"), (f" {figure(self._mu[dimension], 2)}", "mu")]
        return [
            (f"{z_name(dimension)}:", "muted"),
            (f" μ {figure(self._mu[dimension], 2)}", "mu"),
            (",", "muted"),
            (f" σ {figure(self._sigma[dimension], 2)}", "sigma"),
            (",", "muted"),
            (f" KL {figure(self._kl[dimension], 1)} nats", "kl"),
        ]

    def _paint_columns(self, painter: QPainter, area: QRectF) -> None:
        zero = round(self.y_of(0) - 0.5)
        band = QRectF(1, self.y_of(1), self.width() - 2, self.y_of(-1) - self.y_of(1))
        painter.fillRect(band, theme.colour("groove", 0.45))
        if not self._order:
            painter.setPen(theme.colour("muted"))
            painter.setFont(theme.font(scale=0.9))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, EMPTY)
            return
        painter.fillRect(QRectF(area.left(), zero, self.width() - 1 - area.left(), 1), theme.colour("muted", 0.5))
        self._paint_scale(painter)
        self._paint_posterior(painter, area)

    def _paint_posterior(self, painter: QPainter, area: QRectF) -> None:
        px, step = theme.pixels, area.width() / len(self._order)
        wide = step > 3
        width, dot = min(px(7), max(0.7 * step, 1)), min(px(5), max(step, 1.6))
        mu, sigma = self._mu[self._order], self._sigma[self._order]
        known = np.isfinite(mu) & np.isfinite(sigma)
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
