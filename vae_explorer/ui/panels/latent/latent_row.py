"""One dimension of z: name, slider, and its figures, painted in columns."""

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.panels.latent.latent_slider import LatentSlider
from vae_explorer.ui.theme import UNIT, theme
from vae_explorer.ui.widgets.numbers import figure

NAME, Z, MU, SIGMA, KL = 34, 50, 48, 46, 34  # widths of the columns at 100 %, in pixels


class LatentRow(QWidget):
    """z_j · slider · z · mu ± sigma · KL. Everything but the slider is painted, since there may be 512 rows."""

    def __init__(self, j: int, parent: QWidget | None = None):
        super().__init__(parent)
        self.j = j
        self.slider = LatentSlider(f"z {j}", self)
        self.slider.setObjectName(f"latentSlider_{j}")
        self._mu: float | None = None
        self._sigma: float | None = None
        self._kl: float | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_z(self, value: float) -> None:
        if value != self.slider.property("value"):  # an unchanged row is not repainted
            self.slider.set_value(value)
            self.update()

    def set_posterior(self, mu: float | None, sigma: float | None) -> None:
        """mu and sigma of the chosen image, in z's units; a plain autoencoder has no sigma."""
        if (mu, sigma) != (self._mu, self._sigma):
            self._mu, self._sigma = mu, sigma
            self.slider.set_posterior(mu, 0.0 if sigma is None and mu is not None else sigma)
            self.update()

    def set_kl(self, kl: float | None) -> None:
        """KL of this dimension, in nats."""
        if kl != self._kl:
            self._kl = kl
            self.update()

    @guarded(QSize())
    def sizeHint(self) -> QSize:
        return QSize(theme.pixels(NAME + 80 + Z + MU + SIGMA + KL), theme.pixels(27))

    @guarded(QSize())
    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    @guarded()
    def resizeEvent(self, event: QResizeEvent) -> None:
        left, right = theme.pixels(NAME), columns(self.width())[0].left() - UNIT
        self.slider.setGeometry(left, 0, right - left, self.height())

    @guarded()
    def paintEvent(self, event: QPaintEvent) -> None:
        muted = self.slider.locked
        with QPainter(self) as painter:
            _paint_name(painter, QRect(0, 0, theme.pixels(NAME), self.height()), self.j, muted=muted)
            painter.setFont(theme.font())
            z, mu, sigma, kl = columns(self.width(), self.height())
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter

            def write(place: QRect, text: str, colour: QColor) -> None:
                painter.setPen(colour)
                painter.drawText(place, right, text)

            write(z, figure(self.slider.property("value"), 2, sign=True), theme.colour("z"))
            if self._mu is not None:
                write(mu, figure(self._mu, 2, sign=True), theme.colour("mu"))
            if self._sigma is not None:
                write(sigma, f"± {figure(self._sigma, 2)}", theme.colour("text"))
            if self._kl is not None:
                write(kl, figure(self._kl, 1), theme.colour("muted"))


class LatentHeader(QWidget):
    """The words over the columns; without a q(z|x) there is neither sigma nor KL."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.set_mu("μ", has_sigma=True)

    def set_mu(self, mu: str, *, has_sigma: bool) -> None:
        """What the encoder gives is called, and whether it is the mean of a q(z|x)."""
        self._mu, self._has_sigma = mu, has_sigma
        self.setToolTip(
            "z: the latent point. μ ± σ: the posterior q(z|x) of the image. KL: its distance from N(0, 1)."
            if has_sigma
            else "z: the latent point. z(x): where the encoder puts the image."
        )
        self.update()

    @guarded(QSize())
    def sizeHint(self) -> QSize:
        return QSize(theme.pixels(200), theme.pixels(18))

    @guarded()
    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            z, mu, sigma, kl = columns(self.width(), self.height())
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.setFont(theme.font(scale=0.9, italic=True))
            painter.setPen(theme.colour("z"))
            painter.drawText(z, right, "z")
            painter.setPen(theme.colour("mu"))
            painter.drawText(mu, right, self._mu)
            if not self._has_sigma:
                return
            painter.setPen(theme.colour("sigma"))
            painter.drawText(sigma, right, "± σ")
            painter.setFont(theme.font(scale=0.9))
            painter.setPen(theme.colour("muted"))
            painter.drawText(kl, right, "KL")


def columns(width: int, height: int = 0) -> tuple[QRect, QRect, QRect, QRect]:
    """Where z, mu, sigma and KL are written in a row of this width."""
    places, x = [], width
    for at_100 in (KL, SIGMA, MU, Z):
        x -= theme.pixels(at_100)
        places.append(QRect(x, 0, theme.pixels(at_100), height))
    kl, sigma, mu, z = places
    return z, mu, sigma, kl


def _paint_name(painter: QPainter, place: QRect, j: int, *, muted: bool) -> None:
    painter.setPen(theme.colour("muted" if muted else "text"))
    italic, small = theme.font(italic=True), theme.font(scale=0.72)
    painter.setFont(italic)
    metrics = QFontMetrics(italic)
    baseline = place.center().y() + metrics.capHeight() // 2
    painter.drawText(place.left(), baseline, "z")
    painter.setFont(small)
    painter.drawText(place.left() + metrics.horizontalAdvance("z"), baseline + theme.pixels(3), str(j))
