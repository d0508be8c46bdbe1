"""The words over the columns of the rows."""

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.panels.latent.columns import Columns
from vae_explorer.ui.panels.latent.groove import groove_of
from vae_explorer.ui.theme import theme
from vae_explorer.ui.widgets.numbers import figure

_WITH_POSTERIOR = (
    "z: the latent point. μ ± σ: the posterior q(z|x) of the image. KL here: its distance from N(0, 1), in nats; "
    "mean: the average over the data."
)
_PLAIN = "z: the latent point. z(x): where the encoder puts the image."
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class LatentHeader(QWidget):
    """Names the columns, marks the one that the rows are sorted by, and has the scale of the sliders."""

    def __init__(self, columns: Columns, parent: QWidget | None = None):
        super().__init__(parent)
        self._columns = columns
        self._limit = 3.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.describe("μ", has_posterior=True, order="average KL")

    def describe(self, mu: str, *, has_posterior: bool, order: str) -> None:
        """What the encoder gives is called, whether it is the mean of a q(z|x), and what the rows are sorted by:
        "average KL", "variance" or "index"."""
        self._mu, self._order = mu, order
        tip = f"{_WITH_POSTERIOR if has_posterior else _PLAIN} Sorted by {order}."
        self.setToolTip(tip)
        self.setAccessibleDescription(tip)
        self.update()

    def set_limit(self, limit: float) -> None:
        """The sliders span −limit … +limit."""
        self._limit = limit
        self.update()

    def words(self) -> dict[str, str]:
        """What is written over each column; ▼ marks the order."""
        mean = {"average KL": "mean ▼", "variance": "var. ▼"}.get(self._order, "mean")
        return {
            "name": "index ▲" if self._order == "index" else "",
            "z": "z", "mu": self._mu, "sigma": "± σ", "here": "KL here", "mean": mean,
        }  # fmt: skip

    @guarded(QSize())
    def sizeHint(self) -> QSize:
        return QSize(theme.pixels(200), theme.pixels(20))

    @guarded(QSize())
    def minimumSizeHint(self) -> QSize:
        return QSize(0, theme.pixels(20))

    @guarded()
    def paintEvent(self, event: QPaintEvent) -> None:
        places, words = self._columns.places(self.width(), self.height()), self.words()
        italic, upright = theme.font(scale=0.9, italic=True), theme.font(scale=0.9)
        with QPainter(self) as painter:
            self._paint_scale(painter, places["slider"], upright)
            painter.setFont(upright)
            painter.setPen(theme.colour("muted"))
            painter.drawText(places["name"], Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words["name"])
            inset = theme.pixels(8)  # of the z figure in its field
            for kind, font, colour in (("z", italic, "z"), ("mu", italic, "mu"), ("mean", upright, "muted")):
                if kind in places:
                    painter.setFont(font)
                    painter.setPen(theme.colour(colour))
                    painter.drawText(places[kind].adjusted(0, 0, -inset * (kind == "z"), 0), _RIGHT, words[kind])
            if "sigma" in places:
                painter.setFont(italic)
                painter.setPen(theme.colour("sigma"))
                plus_minus = places["sigma"].adjusted(theme.pixels(6), 0, 0, 0)  # as in the rows: digits line up
                painter.drawText(plus_minus, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words["sigma"])
            if "here" in places:
                painter.setFont(upright)
                painter.setPen(theme.colour("kl"))
                painter.drawText(places["here"], _RIGHT, words["here"])

    def _paint_scale(self, painter: QPainter, place: QRect, font: QFont) -> None:
        """−3, 0 and 3 over the ends and the middle of the grooves."""
        left, width = groove_of(place.width())
        metrics = QFontMetrics(font)
        painter.setFont(font)
        painter.setPen(theme.colour("muted"))
        for value in (-self._limit, 0.0, self._limit):
            text = figure(value, 0)
            half = metrics.horizontalAdvance(text) / 2
            x = place.left() + left + width * (value / self._limit + 1) / 2 - half
            painter.drawText(round(x), place.center().y() + metrics.capHeight() // 2 + 1, text)
