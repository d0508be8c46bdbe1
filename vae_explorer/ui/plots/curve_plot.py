"""Figures over the steps of a run, while it goes on."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from PySide6.QtWidgets import QWidget

from vae_explorer.ui.plots.plot import Plot, Range, pen, spanned
from vae_explorer.ui.widgets.numbers import figure

LOW_QUANTILE = 0.1  # a run's first figures are so bad that they would flatten everything after them


class CurvePlot(Plot):
    """Curves by name, each in the theme's colour of that name."""

    def __init__(self, name: str = "Curves", parent: QWidget | None = None) -> None:
        """name: what a screen reader says."""
        super().__init__(name, parent=parent)
        self._curves: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self._items: dict[str, Any] = {}  # pyqtgraph.PlotDataItem

    def set_curves(self, curves: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> None:
        """name → (x, y), both float [n]; a name is a colour of the theme. Redrawn at most ten times a second."""
        self._curves = {
            name: (np.asarray(x, dtype=float), np.asarray(y, dtype=float)) for name, (x, y) in curves.items()
        }
        self._draw_soon()

    def _has_figures(self) -> bool:
        return bool(self._curves)

    def _show(self) -> None:
        for name in self._items.keys() - self._curves.keys():
            self._plot.removeItem(self._items.pop(name))
        for name, (x, y) in self._curves.items():
            if name not in self._items:
                self._items[name] = self._plot.plot(pen=pen(name), antialias=True, connect="finite")
            self._items[name].setData(x, y)
        self.setAccessibleDescription(
            ", ".join(f"{name} {figure(y[-1], 1)}" for name, (_, y) in self._curves.items() if len(y))
        )

    def _ranges(self) -> tuple[Range, Range]:
        x = np.concatenate([x for x, _ in self._curves.values()] or [np.empty(0)])
        return spanned(x), robust_range([y for _, y in self._curves.values()])

    def _build(self) -> None:
        super()._build()
        self._plot.setDownsampling(auto=True, mode="peak")  # a run has many steps
        self._plot.setClipToView(True)

    def _dress(self) -> None:
        super()._dress()
        for name, item in self._items.items():
            item.setPen(pen(name))


def robust_range(curves: list[np.ndarray]) -> Range:
    """y from, to: from the 10 % quantile of all figures to the highest, and every newest figure is inside."""
    curves = [finite for y in curves if len(finite := y[np.isfinite(y)])]
    if not curves:
        return 0.0, 1.0
    values = np.concatenate(curves)
    low = min(float(np.quantile(values, LOW_QUANTILE)), *(float(y[-1]) for y in curves))
    return spanned(np.array([low, values.max()]), margin=0.06)
