"""How the estimate of log p(x) grows with the number of its draws."""

import numpy as np
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.plots.plot import Entry, Plot, Range, drawable, pen, spanned
from vae_explorer.ui.theme import theme
from vae_explorer.ui.widgets.numbers import figure, mark

MIN_SHARE = 0.3  # of the height belongs to the ELBO, the last estimate and what lies between
TIP = (
    "The estimate of log p(x) from the first K draws. With one draw its average is the ELBO; with more draws it "
    "rises, on average, to log p(x). The grey band is one standard error on either side."
)


class GrowthPlot(Plot):
    """log p̂(x) over K on a logarithmic axis with its error band, and the ELBO, from which it starts."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("log p(x) by the number of draws K", (320, 160), (140, 80), parent)
        self.setToolTip(TIP)
        self._reserve(Entry("log p̂(x) −000.00 ± 0.00 nats", "text"), Entry("ELBO −000.00", "reconstruction", "dash"))
        self.clear()

    def set_growth(
        self, counts: np.ndarray, estimates: np.ndarray, errors: np.ndarray, elbo: float, exact: float | None
    ) -> None:
        """counts: [n], K from few to many; estimates, errors: float [n], log p̂(x) and its standard error, nan where it
        is not known; elbo, exact: log p(x) where it is known. All in nats."""
        counts, estimates, errors = drawable(counts), drawable(estimates), drawable(errors)
        known = (counts >= 1) & np.isfinite(estimates)
        self._powers = np.log10(counts[known])
        self._estimates, self._errors = estimates[known], np.nan_to_num(errors[known]).clip(min=0)
        self._elbo, self._exact = float(drawable(elbo)), float(drawable(np.nan if exact is None else exact))
        self._tell()
        self._draw_soon()

    def clear(self) -> None:
        """Shows nothing."""
        self.set_growth(np.empty(0), np.empty(0), np.empty(0), np.nan, None)

    def _tell(self) -> None:
        entries = []
        if len(self._estimates):
            error = f" ± {figure(self._errors[-1], 2)}" if self._powers[-1] > 0 else ""  # one draw has none
            entries.append(Entry(f"log p̂(x) {figure(self._estimates[-1], 2)}{error} nats", "text"))
        if np.isfinite(self._exact):
            entries.append(Entry(f"exact {figure(self._exact, 2)}", "sigma", "dot line"))
        if np.isfinite(self._elbo):
            entries.append(Entry(f"ELBO {figure(self._elbo, 2)}", "reconstruction", "dash"))
        self._set_legend(entries)
        self.setAccessibleDescription(", ".join(entry.text for entry in entries))

    def _has_figures(self) -> bool:
        return len(self._estimates) > 0 or bool(np.isfinite(self._elbo))

    def _dress(self) -> None:
        super()._dress()
        self._plot.getAxis("bottom").setStyle(hideOverlappingLabels=theme.pixels(16))  # they are at the ends

    def _show(self) -> None:
        import pyqtgraph

        self._plot.clear()
        x, y, error = self._powers, self._estimates, self._errors
        self._plot.getAxis("bottom").setTicks([self._ticks()])
        if len(y):
            low, high = pyqtgraph.PlotDataItem(x, y - error), pyqtgraph.PlotDataItem(x, y + error)
            self._plot.addItem(pyqtgraph.FillBetweenItem(low, high, brush=mark("muted", 0.35)))
        for value, line in (
            (self._elbo, pen("reconstruction", 1.5, "dash")),
            (self._exact, pen("sigma", 1.5, "dot line")),
        ):
            if np.isfinite(value):
                self._plot.addItem(pyqtgraph.InfiniteLine(value, angle=0, pen=line))
        if len(y):
            self._plot.plot(x, y, pen=pen("text", 1.5), antialias=True)

    def _ranges(self) -> tuple[Range, Range]:
        """Everything, but the first estimates of few draws only as far as they leave room for what matters."""
        y, error = self._estimates, self._errors
        low, high = spanned(np.array([self._elbo, self._exact, *(y - error)[-1:], *(y + error)[-1:]]), margin=0.1)
        reach = (high - low) * (1 / MIN_SHARE - 1) / 2
        if len(y):
            low, high = min(low, max(y.min(), low - reach)), max(high, min(y.max(), high + reach))
        x = self._powers
        last = max(x.max(initial=0.0), 0.1)
        room = last * self._label() / 2
        return (-room, last + room), spanned(np.array([low, high]), margin=0.05)

    def _ticks(self) -> list[tuple[float, str]]:
        """1, 10, 100, … and the last K; what would touch it gives way."""
        last = float(self._powers.max(initial=0.0))
        room = last * self._label()
        whole = [(float(power), f"{10**power:,}") for power in range(1, int(last) + 1) if last - power > room]
        return [(0.0, "K = 1"), *whole, *([(last, f"{round(10**last):,}")] if last > 0 else [])]

    def _label(self) -> float:
        """How wide the label of a tick is, as a share of the axis from 1 to the last K."""
        label = theme.pixels(38)
        return label / max(self.width() - 2 * label, label)

    @guarded()
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._plot is not None:
            self._draw_soon()
