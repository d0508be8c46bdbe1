"""The true posterior of one image over a two-dimensional z, and the ellipse that q makes of it."""

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QWidget

from vae_explorer.ui.plots.plot import Entry, Plot, Range, Sign, drawable, pen, spanned
from vae_explorer.ui.theme import theme
from vae_explorer.ui.widgets.numbers import figure, mark

MASSES = (0.5, 0.9, 0.99)  # of the regions, from the inner one
FINE = 400  # points along a side that the regions are drawn with: their edges look smooth
DEEPEST = 60.0  # nats under the highest density: what lies lower counts as this
TIP = (
    "Blue: the true posterior p(z|x) of this image, as the regions that contain 50 %, 90 % and 99 % of it. "
    "Orange: q(z|x) of the encoder, as mu and ellipses of 1 and 2 sigma. The better they match, the smaller the gap."
)
_CIRCLE = np.linspace(0, 2 * np.pi, 121)


class PosteriorMapPlot(Plot):
    """Highest-density regions of p(z|x), and over them the ellipses of q(z|x) and of a q fitted to this image. One
    unit of z is as long to the right as upwards."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("True posterior and q(z|x)", (260, 180), (128, 80), parent)
        self.setToolTip(TIP)
        self._reserve(
            Entry("p(z|x): 50, 90, 99 %", "z", "fill"), Entry("q(z|x)", "mu"), Entry("q fitted", "mu", "dash")
        )
        self.clear()

    def set_posterior(
        self,
        z1: np.ndarray,
        z2: np.ndarray,
        density: np.ndarray,
        mu: np.ndarray,
        sigma: np.ndarray,
        names: tuple[str, str],
        fitted: tuple[np.ndarray, np.ndarray] | None,
    ) -> None:
        """z1: float [a] and z2: float [b], both rising; density: float [b, a], p(z|x) up to a factor; mu, sigma:
        float [2] of q(z|x); names of the two dimensions; fitted: mu and sigma of the q fitted to this image."""
        if np.shape(density) != (len(z2), len(z1)):
            raise ValueError(f"the density is [{len(z2)}, {len(z1)}], got {list(np.shape(density))}")
        self._x, self._y, self._log = _refined(drawable(z1), drawable(z2), drawable(density))
        self._levels = levels(self._log)
        self._names = names
        self._ellipses: list[tuple[np.ndarray, np.ndarray, Sign]] = [(drawable(mu), drawable(sigma), "line")]
        if fitted is not None:
            self._ellipses.append((drawable(fitted[0]), drawable(fitted[1]), "dash"))
        self._ellipses = [ellipse for ellipse in self._ellipses if np.isfinite(ellipse[0] + ellipse[1]).all()]
        self._tell()
        self._draw_soon()

    def clear(self) -> None:
        """Shows nothing."""
        nowhere = np.full(2, np.nan)
        self.set_posterior(np.empty(0), np.empty(0), np.empty((0, 0)), nowhere, nowhere, ("z₀", "z₁"), None)

    def _tell(self) -> None:
        entries, said = [], []
        if self._log.size:
            entries.append(Entry("p(z|x): 50, 90, 99 %", "z", "fill"))
        for mu, sigma, sign in self._ellipses:
            entries.append(Entry("q(z|x)" if sign == "line" else "q fitted", "mu", sign))
            places = ", ".join(
                f"{name} {figure(m, 2)} ± {figure(s, 2)}" for name, m, s in zip(self._names, mu, sigma, strict=True)
            )
            said.append(f"{entries[-1].text}: {places}")
        self._set_legend(entries)
        self.setAccessibleDescription("; ".join(said))

    def _has_figures(self) -> bool:
        return self._log.size > 0 or bool(self._ellipses)

    def _build(self) -> None:
        super()._build()
        self._plot.showGrid(x=True, y=True, alpha=0.35)
        self._plot.getViewBox().setAspectLocked(True)

    def _dress(self) -> None:
        super()._dress()
        self._name_axes()
        self._plot.getAxis("bottom").setHeight(theme.pixels(30))

    def _name_axes(self) -> None:
        style = {"color": theme.colour("z").name(), "font-size": f"{theme.font(scale=0.85).pointSizeF():.2f}pt"}
        for side, name in zip(("bottom", "left"), self._names, strict=True):
            self._plot.getAxis(side).setLabel(name, **style)

    def _show(self) -> None:
        import pyqtgraph

        self._plot.clear()
        self._name_axes()
        if self._log.size:
            picture = pyqtgraph.ImageItem(self._picture(), axisOrder="row-major")
            dx, dy = self._x[1] - self._x[0], self._y[1] - self._y[0]
            left, low = self._x[0] - dx / 2, self._y[0] - dy / 2
            picture.setRect(QRectF(left, low, dx * len(self._x), dy * len(self._y)))
            self._plot.addItem(picture)
        for mu, sigma, sign in self._ellipses:
            for times in (1, 2):
                x, y = ellipse(mu, sigma, times)
                self._plot.plot(x, y, pen=pen("mu", 1.5 if times == 1 else 1, sign), antialias=True)
            self._plot.plot(
                *mu[:, None], pen=None, symbol="o", symbolSize=theme.pixels(6), symbolPen=None,
                symbolBrush=mark("mu", 1.0 if sign == "line" else 0.5),
            )  # fmt: skip

    def _picture(self) -> np.ndarray:
        """Each region over the larger ones in the colour of z, uint8 [y, x, 4], its edges softened."""
        steep = np.hypot(*np.gradient(self._log)) + 1e-9  # nats from one point to the next
        clear = np.ones_like(self._log)
        for level in self._levels:
            clear *= 1 - 0.24 * ((self._log - level) / steep + 0.5).clip(0, 1)
        colour = mark("z")
        picture = np.empty((*self._log.shape, 4), np.uint8)
        picture[..., :3] = colour.red(), colour.green(), colour.blue()
        picture[..., 3] = (255 * (1 - clear)).round()
        return picture

    def _ranges(self) -> tuple[Range, Range]:
        """The regions and the ellipses."""
        x, y = np.empty(0), np.empty(0)
        if self._log.size:
            inside = self._log >= self._levels[-1]
            x, y = self._x[inside.any(axis=0)], self._y[inside.any(axis=1)]
        around = [ellipse(mu, sigma, 2) for mu, sigma, _ in self._ellipses]
        return (
            spanned(np.concatenate([x, *(e[0] for e in around)]), margin=0.08),
            spanned(np.concatenate([y, *(e[1] for e in around)]), margin=0.08),
        )


def ellipse(mu: np.ndarray, sigma: np.ndarray, times: float) -> np.ndarray:
    """The points that lie so many sigma from mu, float [2, n]."""
    return np.stack([mu[j] + times * sigma[j] * turn(_CIRCLE) for j, turn in enumerate((np.cos, np.sin))])


def levels(log_density: np.ndarray, masses: tuple[float, ...] = MASSES) -> list[float]:
    """The log density on the edge of the highest-density region that holds each mass. log_density: up to a constant,
    on an even grid."""
    if not log_density.size:
        return [np.inf] * len(masses)
    falling = np.sort(log_density.ravel())[::-1]
    held = np.cumsum(np.exp(falling - falling[0]))
    return [float(falling[min(np.searchsorted(held, mass * held[-1]), falling.size - 1)]) for mass in masses]


def _refined(x: np.ndarray, y: np.ndarray, density: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """An even and finer grid with the log density on it; empty where there is nothing to draw. The logarithm of a bump
    is nearly a parabola, which straight lines follow well."""
    nothing = np.empty(0), np.empty(0), np.empty((0, 0))
    if min(len(x), len(y)) < 2 or not (np.diff(x) > 0).all() or not (np.diff(y) > 0).all():
        return nothing
    positive = np.nan_to_num(density).clip(min=0)
    if not positive.max() > 0:
        return nothing
    with np.errstate(divide="ignore"):
        log = np.log(positive / positive.max()).clip(min=-DEEPEST)
    fine_x, fine_y = (np.linspace(axis[0], axis[-1], max(FINE, len(axis))) for axis in (x, y))
    log = _between(log, np.interp(fine_y, y, np.arange(len(y))), axis=0)
    return fine_x, fine_y, _between(log, np.interp(fine_x, x, np.arange(len(x))), axis=1)


def _between(values: np.ndarray, places: np.ndarray, axis: int) -> np.ndarray:
    """Values at places between the points along an axis."""
    low = np.floor(places).astype(int).clip(0, values.shape[axis] - 2)
    share = np.expand_dims(places - low, 1 - axis)
    return np.asarray(values.take(low, axis) * (1 - share) + values.take(low + 1, axis) * share)
