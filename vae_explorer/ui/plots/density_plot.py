"""q(z) of one dimension against the prior."""

import numpy as np
from PySide6.QtWidgets import QWidget

from vae_explorer.ui.plots.plot import Entry, Plot, Range, drawable, pen, spanned, steps
from vae_explorer.ui.widgets.numbers import figure, mark

TIP = (
    "Blue: the aggregated posterior q(z), the distribution of z over all images in this dimension. Grey: the prior "
    "N(0, 1), which generation samples. Orange: q(z|x) of the current image."
)
MAX_HEIGHT = 0.92  # of the plot's height: where a narrow q(z|x) is drawn that would leave the plot
MIN_SIGMA = 1e-6  # sigma: what is narrower is a line


class DensityPlot(Plot):
    """The aggregated posterior q(z_j) over N(0, 1), and q(z_j|x) of one image, which is drawn lower where it is so
    narrow that it would leave the plot; the legend says by how much."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("q(z) against the prior", (320, 160), (140, 80), parent)
        self.setToolTip(TIP)
        image = Entry("q(z₀₀|x) ÷ 00, this image", "mu")
        self._reserve(Entry("q(z₀₀), all images", "z", "fill"), Entry("prior N(0, 1)", "muted"), image)
        self.clear()

    def set_densities(
        self,
        z: np.ndarray,
        aggregated: np.ndarray,
        prior: np.ndarray,
        posterior: tuple[float, float] | None,
        is_histogram: bool = False,
        name: str = "z",
    ) -> None:
        """z: float [m], rising; aggregated, prior: densities float [m]; posterior: mu and sigma of the image, sigma 0
        where it has one z and no spread (a plain autoencoder). is_histogram: aggregated are bins around z."""
        self._z, self._aggregated = drawable(z), drawable(aggregated)
        self._prior = _smooth(self._z, drawable(prior))
        self._mu, self._sigma = (float(drawable(value)) for value in posterior or (np.nan, np.nan))
        self._sigma = self._sigma if self._sigma >= MIN_SIGMA else 0.0
        self._is_histogram = is_histogram and len(self._z) > 1
        tops = [1e-9, *(y.max() for y in map(np.nan_to_num, (self._aggregated, self._prior[1])) if len(y))]
        self._top = 1.12 * float(max(tops)) if len(self._z) else 1.0
        peak = 1 / (self._sigma * np.sqrt(2 * np.pi)) if self._sigma > 0 else 0.0
        self._lowered = max(1.0, peak / (MAX_HEIGHT * self._top))
        self._tell(name)
        self._draw_soon()

    def clear(self) -> None:
        """Shows nothing."""
        self.set_densities(np.empty(0), np.empty(0), np.empty(0), None)

    def _tell(self, name: str) -> None:
        entries = []
        if len(self._z):
            all_images = f"{name} of all images" if self._is_histogram else f"q({name}), all images"  # not a q
            prior = "N(0, 1)" if self._is_histogram else "prior N(0, 1)"
            entries += [Entry(all_images, "z", "fill"), Entry(prior, "muted")]
        if self._sigma > 0:
            lowered = f" ÷ {_times(self._lowered)}" if self._lowered > 1 else ""
            entries.append(Entry(f"q({name}|x){lowered}, this image", "mu"))
        elif np.isfinite(self._mu):
            entries.append(Entry(f"{name} of this image {figure(self._mu, 2)}", "mu"))
        self._set_legend(entries)
        said = f"μ {figure(self._mu, 2)}, σ {figure(self._sigma, 2)}" if self._sigma > 0 else ""
        self.setAccessibleDescription(said or (entries[-1].text if np.isfinite(self._mu) else ""))

    def _has_figures(self) -> bool:
        return len(self._z) > 0 or bool(np.isfinite(self._mu))

    def _build(self) -> None:
        super()._build()
        self._plot.showGrid(x=False, y=False)
        self._plot.hideAxis("left")  # a density in nobody's unit: its shape counts

    def _show(self) -> None:
        import pyqtgraph

        self._plot.clear()
        z, q = self._z, np.nan_to_num(self._aggregated)
        outline = steps(_edges(z), q) if self._is_histogram else (z, q)
        if len(z):
            self._plot.plot(
                *outline, fillLevel=0, brush=mark("z", 0.45), pen=pen("z"), antialias=not self._is_histogram
            )
        self._plot.plot(*self._prior, pen=pen("muted", 1.5), antialias=True, connect="finite")
        if self._sigma > 0:
            at = np.linspace(-4, 4, 121)
            height = np.exp(-at * at / 2) / (self._sigma * np.sqrt(2 * np.pi)) / self._lowered
            self._plot.plot(
                self._mu + self._sigma * at,
                height,
                pen=pen("mu", 1.5),
                fillLevel=0,
                brush=mark("mu", 0.18),
                antialias=True,
            )
        elif np.isfinite(self._mu):
            self._plot.addItem(pyqtgraph.InfiniteLine(self._mu, pen=pen("mu", 2)))

    def _ranges(self) -> tuple[Range, Range]:
        reach = 3 * self._sigma if self._sigma > 0 else 0.0
        return spanned(np.array([*self._z, self._mu - reach, self._mu + reach])), (0.0, self._top)


def _edges(middles: np.ndarray) -> np.ndarray:
    """The edges of bins around these places."""
    between = (middles[1:] + middles[:-1]) / 2
    return np.concatenate([2 * middles[:1] - between[:1], between, 2 * middles[-1:] - between[-1:]])


def _smooth(z: np.ndarray, gaussian: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A Gaussian between the points that it is given on, which may be wide bins: its logarithm is a parabola."""
    known = (np.nan_to_num(gaussian) > 0) & np.isfinite(z)
    if known.sum() < 3 or not (np.diff(z[known]) > 0).all():
        return z, gaussian
    fine = np.linspace(z[known].min(), z[known].max(), 400)
    parabola = np.polynomial.Polynomial.fit(z[known], np.log(gaussian[known]), 2)
    return fine, np.exp(np.minimum(parabola(fine), 700.0))


def _times(factor: float) -> str:
    return figure(factor, 0 if factor >= 9.95 else 1)
