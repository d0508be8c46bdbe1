"""How the one-sample ELBO scatters over redraws."""

from collections.abc import Mapping, Sequence

import numpy as np
from PySide6.QtWidgets import QWidget

from vae_explorer.ui.plots.plot import Entry, Plot, Range, drawable, pen, spanned, steps
from vae_explorer.ui.widgets.numbers import figure, mark

TIP = (
    "Training estimates the ELBO with one draw of z. Each redraw gives a different value: their mean, the ELBO, is "
    "below log p(x), but a single value may be above it."
)
_LINES = {
    "elbo": Entry("ELBO", "reconstruction", "dash"),
    "log_evidence": Entry("log p(x)", "text", "line"),
}


class HistogramPlot(Plot):
    """Figures in nats as a histogram, with lines at the ELBO and at log p(x): the one-sample ELBO over redraws, unless
    `name` says of what else."""

    def __init__(
        self,
        parent: QWidget | None = None,
        name: str = "one-sample ELBO",
        tip: str = TIP,
        lines: Sequence[str] = ("elbo", "log_evidence"),
    ) -> None:
        """lines: for which of them the legend keeps room."""
        super().__init__(f"Histogram: {name}", (280, 160), (132, 80), parent)
        self._name = name
        self.setToolTip(tip)
        widest = [_LINES[line]._replace(text=f"{_LINES[line].text} −000.00 nats") for line in lines]
        self._reserve(Entry(f"{name}, 0.1 % outside", "z", "fill"), *widest)
        self.clear()

    def set_values(self, values: np.ndarray, lines: Mapping[str, float]) -> None:
        """values: float [n], nats. lines: where "elbo" and "log_evidence" stand, as far as they are known."""
        values = drawable(values).ravel()
        self._values = values[np.isfinite(values)]
        self._lines = {name: float(drawable(lines[name])) for name in _LINES if name in lines}
        self._lines = {name: value for name, value in self._lines.items() if np.isfinite(value)}
        self._range = _robust(self._values, np.array([*self._lines.values()]))
        self._counts, self._edges = np.histogram(self._values, _bins(len(self._values)), self._range)
        self._tell()
        self._draw_soon()

    def clear(self) -> None:
        """Shows nothing."""
        self.set_values(np.empty(0), {})

    def _tell(self) -> None:
        entries = []
        if len(self._values):
            outside = 1 - self._counts.sum() / len(self._values)
            further = f", {max(figure(100 * outside, 1), '0.1')} % outside" if outside else ""
            entries.append(Entry(f"{self._name}{further}", "z", "fill"))
        for name, value in self._lines.items():
            entries.append(_LINES[name]._replace(text=f"{_LINES[name].text} {figure(value, 2)} nats"))
        self._set_legend(entries)
        self.setAccessibleDescription(", ".join(entry.text for entry in entries))

    def _has_figures(self) -> bool:
        return len(self._values) > 0 or bool(self._lines)

    def _build(self) -> None:
        super()._build()
        self._plot.hideAxis("left")  # how many a bar has depends on how many were drawn: only the shape counts

    def _show(self) -> None:
        import pyqtgraph

        self._plot.clear()
        if len(self._values):
            self._plot.plot(*steps(self._edges, self._counts), fillLevel=0, brush=mark("z", 0.5), pen=pen("z"))
        for name, value in self._lines.items():
            entry = _LINES[name]
            self._plot.addItem(pyqtgraph.InfiniteLine(value, pen=pen(entry.colour, 1.5, entry.sign)))

    def _ranges(self) -> tuple[Range, Range]:
        return self._range, (0.0, 1.08 * max(self._counts.max(initial=0), 1))


def _robust(values: np.ndarray, lines: np.ndarray) -> Range:
    """From the first to the last figure, but no tail of more than three times the middle half's width beyond it: one
    draw in a thousand may be a hundred nats worse. The lines are always inside."""
    if len(values):
        first, last = np.quantile(values, (0.25, 0.75))
        reach = 3 * (last - first)
        values = np.array([max(values.min(), first - reach), min(values.max(), last + reach)])
    return spanned(np.concatenate([values, lines]), margin=0.05)


def _bins(count: int) -> int:
    return int(np.clip(np.sqrt(count), 8, 60))
