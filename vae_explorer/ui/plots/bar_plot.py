"""The KL of every latent dimension as bars."""

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from vae_explorer.ui.plots.dimension_plot import DimensionPlot
from vae_explorer.ui.theme import theme
from vae_explorer.ui.widgets.numbers import figure, mark, z_name

MIN_RANGE = 0.1  # nats: where every dimension has collapsed the bars stay low


class BarPlot(DimensionPlot):
    """KL(q(z_j|x) ‖ p(z_j)) of each dimension, in nats, as violet bars.

    Signals:
        dimension_pointed(int): see DimensionPlot.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("KL of each dimension", 44, parent)
        self._values = np.empty(0)

    def set_values(self, values: np.ndarray, order: np.ndarray) -> None:
        """values: float [z], in nats. order: int, the dimensions from left to right."""
        self._values = np.asarray(values, dtype=float)
        self._set_order(order)

    def clear(self) -> None:
        """Shows no bars."""
        self.set_values(np.empty(0), np.empty(0))

    def _readout(self, dimension: int) -> list[tuple[str, str]]:
        digits = 1 if self._values[dimension] >= 0.1 else 3
        return [(f"{z_name(dimension)}:", "muted"), (f" KL {figure(self._values[dimension], digits)} nats", "kl")]

    def _paint_columns(self, painter: QPainter, area: QRectF) -> None:
        values = np.nan_to_num(self._values, nan=0.0, posinf=0.0, neginf=0.0).clip(min=0)
        heights = values * area.height() / max(values.max(initial=0.0), MIN_RANGE)
        heights = heights[self._order].clip(min=1)  # a dimension with no KL is still there
        step, edges = area.width() / max(len(self._order), 1), self._edges()
        gap = max(theme.pixels(1), round(0.16 * step)) if step > 3 else 0
        bars = [
            QRectF(left + gap / 2, area.bottom() - height, max(right - left - gap, 1), height)
            for left, right, height in zip(edges[:-1].tolist(), edges[1:].tolist(), heights.tolist(), strict=False)
        ]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, step > 3)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(mark("kl"))
        if step <= 3:
            painter.drawRects(bars)
            return
        for bar in bars:
            radius = min(theme.pixels(2), bar.height() / 2)
            painter.drawRoundedRect(bar, radius, radius)
