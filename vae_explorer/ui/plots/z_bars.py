"""The latent point as bars, with the posterior's mean as ticks."""

import math

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from vae_explorer.ui.plots.dimension_plot import DimensionPlot
from vae_explorer.ui.theme import theme
from vae_explorer.ui.widgets.numbers import figure, mark, z_name

MIN_RANGE = 3.0  # in z's units, deviations of the prior
DIM = 0.35  # opacity of the inactive dimensions


class ZBars(DimensionPlot):
    """z of every dimension as a blue bar from 0; the orange tick is mu of the chosen image.

    Signals:
        dimension_pointed(int): see DimensionPlot.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("z of every dimension", 72, parent)
        self._z = np.empty(0)
        self._mu: np.ndarray | None = None
        self._inactive = np.zeros(0, bool)

    def set_z(self, z: np.ndarray, mu: np.ndarray | None, order: np.ndarray, inactive: np.ndarray) -> None:
        """z, mu: float [z], mu None without an image. order: int, the dimensions from left to right. inactive: bool
        [z], painted pale."""
        self._z, self._mu, self._inactive = np.asarray(z, float), mu, inactive
        self._set_order(order if len(z) == len(order) else np.empty(0))

    @property
    def range(self) -> float:
        """The plot spans −range … +range."""
        return max(MIN_RANGE, float(math.ceil(np.abs(self._z).max(initial=0.0))))

    def _readout(self, dimension: int) -> list[tuple[str, str]]:
        pieces = [(z_name(dimension), "muted"), (f" {figure(self._z[dimension], 2)}", "z")]
        if self._mu is not None:
            pieces.append((f" μ {figure(float(self._mu[dimension]), 2)}", "mu"))
        return pieces

    def _paint_columns(self, painter: QPainter, area: QRectF) -> None:
        middle, unit, tick = area.center().y(), area.height() / 2 / self.range, theme.pixels(2)
        painter.fillRect(QRectF(area.left(), middle - 0.5, area.width(), 1), theme.colour("muted", 0.5))
        edges = self._edges().tolist()
        for at, j in enumerate(self._order):
            left, width = edges[at], edges[at + 1] - edges[at]
            gap, height = width / 5 if width > 3 else 0, float(self._z[j]) * unit
            painter.setOpacity(DIM if self._inactive[j] else 1)
            bar = QRectF(left + gap, middle - max(height, 0), width - 2 * gap, max(abs(height), 1))
            painter.fillRect(bar, mark("z"))
            if self._mu is not None:
                y = middle - min(max(float(self._mu[j]), -self.range), self.range) * unit
                painter.fillRect(QRectF(left, y - tick / 2, width, tick), mark("mu"))
        painter.setOpacity(1)
