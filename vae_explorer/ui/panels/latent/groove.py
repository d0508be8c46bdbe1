"""How one coordinate of the latent point looks: a groove with the posterior painted on it, and a handle for z."""

import math

import numpy as np
from PySide6.QtCore import Property, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.panels.latent.spoken_slider import tell_value
from vae_explorer.ui.theme import theme
from vae_explorer.ui.widgets.numbers import deviation, figure, mark

HEADROOM = 1.1  # a widened groove ends this much beyond what it had to show
HANDLE = 8  # pixels: the outer radius of the handle


class Groove(QWidget):
    """Shows one z_j between −limit and +limit, with mu ± sigma and samples. A value outside the range widens it, it is
    never clipped."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        """name: what a screen reader says, such as "z 6"."""
        super().__init__(parent)
        self._value = 0.0
        self._limit = self._shown = 3.0  # what was asked for, and what the groove spans now
        self._mu: float | None = None
        self._sigma: float | None = None
        self._kl: float | None = None
        self._ticks = np.empty(0)
        self._locked = self._dimmed = False
        self._is_held = False  # by the hand
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(name)
        theme.changed.connect(self._on_theme_changed)

    # what it shows

    def _get_value(self) -> float:
        return self._value

    def set_value(self, value: float) -> None:
        """Shows another z_j. Emits nothing."""
        value = float(value)
        if value != self._value:
            self._value = value
            self._fit()
            self.update()
            tell_value(self, value)

    value: float = Property(float, _get_value, set_value)  # type: ignore[assignment]

    @property
    def limit(self) -> float:
        """The groove spans −limit … +limit now."""
        return self._shown

    @property
    def locked(self) -> bool:
        return self._locked

    def set_range(self, limit: float) -> None:
        """Spans −limit … +limit, or more where the value or mu lies outside."""
        self._limit = float(limit)
        self._fit()
        self.update()

    def set_posterior(self, mu: float | None, sigma: float | None, kl: float | None = None) -> None:
        """Marks mu ± sigma on the groove; None removes the marks. A screen reader says the KL as well, in nats."""
        self._mu = None if mu is None else float(mu)
        self._sigma = None if sigma is None else float(sigma)
        self._kl = kl
        self._fit()
        self.update()

    def set_ticks(self, samples: np.ndarray | None) -> None:
        """Marks the z_j of posterior samples, float [n]; None removes the marks."""
        ticks = np.empty(0) if samples is None else np.asarray(samples, dtype=float)
        if len(ticks) or len(self._ticks):
            self._ticks = ticks[np.isfinite(ticks)]
            self.update()

    def set_locked(self, locked: bool) -> None:
        """Shows that the value is locked."""
        self._locked = locked
        self.update()

    def set_dimmed(self, dimmed: bool) -> None:
        """The look of an inactive dimension; it works all the same."""
        if dimmed != self._dimmed:
            self._dimmed = dimmed
            self.update()

    def x_of(self, value: float) -> float:
        """Where a value is, in pixels from the left; never outside the groove."""
        left, width = self._groove()
        return left + width * (min(max(value / self._shown, -1.0), 1.0) + 1) / 2

    @guarded(QSize(160, 22))
    def sizeHint(self) -> QSize:
        return QSize(theme.pixels(160), theme.pixels(22))

    @guarded(QSize(80, 22))
    def minimumSizeHint(self) -> QSize:
        return QSize(theme.pixels(80), theme.pixels(22))

    def _groove(self) -> tuple[float, float]:
        return groove_of(self.width())

    def _fit(self) -> None:
        """Spans what has to be in sight; under the hand the scale only changes where the value would leave it."""
        reach = max(abs(v) for v in (0.0, self._value, self._mu) if v is not None and math.isfinite(v))
        if not self._is_held or reach > self._shown:
            self._shown = self._limit if reach <= self._limit else HEADROOM * reach

    def _on_theme_changed(self) -> None:
        self.updateGeometry()
        self.update()

    def spoken_value(self) -> str:
        return figure(self._value, 2)

    def spoken_name(self) -> str:
        """What a screen reader says: z 6, mu 0.40 ± 0.07, KL 2.2, locked."""
        parts = [self.accessibleName()]
        if self._mu is not None:
            spread = "" if self._sigma is None else f" ± {deviation(self._sigma).strip()}"
            parts.append(f"{'mu' if spread else 'z(x)'} {figure(self._mu, 2)}{spread}")
        parts += [f"KL {figure(self._kl, 1)}"] if self._kl is not None else []
        parts += ["locked"] if self._locked else []
        return ", ".join(parts)

    # painting

    @guarded()
    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint(painter)

    def _paint(self, painter: QPainter) -> None:
        px = theme.pixels
        painter.setPen(Qt.PenStyle.NoPen)
        if self._dimmed or not self.isEnabled():
            painter.setOpacity(0.45)
        left, width = self._groove()
        middle = self.height() / 2
        groove = QRectF(left - px(3), middle - px(6) / 2, width + 2 * px(3), px(6))
        painter.setBrush(theme.colour("groove"))
        painter.drawRoundedRect(groove, px(3), px(3))

        faint, light = theme.colour("muted", 0.65), mark("z", 0.55)
        self._tick(painter, 0.0, 1, 10, faint)
        if self._shown > self._limit:
            for end in (-self._limit, self._limit):
                self._tick(painter, end, 1, 6, faint)
        for z in self._ticks[np.abs(self._ticks) <= self._shown].tolist():
            self._tick(painter, z, 1, 10, light)
        if self._mu is not None and math.isfinite(self._mu):
            if self._sigma is not None and math.isfinite(self._sigma):
                low, high = self.x_of(self._mu - self._sigma), self.x_of(self._mu + self._sigma)
                band = QRectF(low, middle - px(16) / 2, high - low, px(16))
                painter.setBrush(mark("sigma", 0.5))
                painter.drawRoundedRect(band, px(3), px(3))
            self._tick(painter, self._mu, 2, 20, mark("mu"))
        if math.isfinite(self._value):
            self._paint_handle(painter, QPointF(self.x_of(self._value), middle))

    def _tick(self, painter: QPainter, value: float, width: int, height: int, colour: QColor) -> None:
        """An upright line at a value; its edges are on whole pixels of the screen, so that it stays sharp."""
        ratio, width, height = self.devicePixelRatioF(), theme.pixels(width), theme.pixels(height)
        x = round((self.x_of(value) - width / 2) * ratio) / ratio
        painter.fillRect(QRectF(x, (self.height() - height) / 2, width, height), colour)

    def _paint_handle(self, painter: QPainter, centre: QPointF) -> None:
        px, z = theme.pixels, mark("muted" if self._locked else "z")
        focused = self.hasFocus()
        if self._is_held or focused or (self.underMouse() and not self._locked):
            painter.setBrush(mark("accent" if focused else "z", 0.3))
            painter.drawEllipse(centre, px(HANDLE + 2), px(HANDLE + 2))
        opacity = painter.opacity()
        painter.setOpacity(1)  # what is below the handle must not show through a dimmed one
        painter.setBrush(theme.colour("panel"))
        painter.drawEllipse(centre, px(HANDLE - 1), px(HANDLE - 1))
        painter.setOpacity(opacity)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.colour("accent") if focused else z, px(2) if focused else px(1)))
        painter.drawEllipse(centre, px(HANDLE - 1), px(HANDLE - 1))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(z)
        if self._locked:
            self._paint_padlock(painter, centre)
        else:
            painter.drawEllipse(centre, px(HANDLE - 3), px(HANDLE - 3))

    def _paint_padlock(self, painter: QPainter, centre: QPointF) -> None:
        u = theme.pixels(HANDLE - 1) / 7
        painter.drawRoundedRect(QRectF(centre.x() - 3 * u, centre.y() - 0.7 * u, 6 * u, 4.4 * u), u, u)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.colour("muted"), 1.2 * u))
        painter.drawArc(QRectF(centre.x() - 1.9 * u, centre.y() - 3.8 * u, 3.8 * u, 5 * u), 0, 180 * 16)


def groove_of(width: int) -> tuple[float, float]:
    """Left end and width of the groove in a slider of this width, in pixels; at either end the whole handle is still
    inside the widget."""
    margin = theme.pixels(HANDLE + 2)
    return margin, max(width - 2 * margin, 1)
