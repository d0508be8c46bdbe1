"""A curve as small as a word: whether a run still improves."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPolygonF

from vae_explorer.ui.plots.curve_plot import robust_range
from vae_explorer.ui.plots.plot import pen
from vae_explorer.ui.theme import theme
from vae_explorer.ui.widgets.numbers import mark


def paint_spark_line(painter: QPainter, x: Sequence[float], y: Sequence[float], place: QRectF) -> None:
    """The figures y at x over the width of the place, with a dot at the newest. The first figures may
    lie below or above the place: they are drawn at its edge."""
    xs, ys = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    finite = np.isfinite(ys)
    xs, ys = xs[finite], ys[finite]
    if not len(xs):
        return
    low, high = robust_range([ys])
    dot = theme.pixels(2)
    inside = place.adjusted(dot, dot, -dot, -dot)
    across = inside.left() + inside.width() * (xs - xs[0]) / max(xs[-1] - xs[0], 1e-9)
    up = inside.bottom() - inside.height() * np.clip((ys - low) / (high - low), 0, 1)
    points = [QPointF(*point) for point in zip(across.tolist(), up.tolist(), strict=True)]
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(pen("validation", theme.pixels(1.5)))
    painter.drawPolyline(QPolygonF(points))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(mark("validation"))
    painter.drawEllipse(points[-1], dot, dot)
