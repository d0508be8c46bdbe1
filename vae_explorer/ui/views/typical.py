"""Is this an image that the model knows?"""

from functools import partial

import numpy as np
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from vae_explorer.session.session import Session
from vae_explorer.session.threads.guard import guarded
from vae_explorer.session.views import tables
from vae_explorer.ui.plots.histogram_plot import HistogramPlot
from vae_explorer.ui.theme import UNIT, theme
from vae_explorer.ui.widgets.image_grid import ImageGrid
from vae_explorer.ui.widgets.numbers import figure
from vae_explorer.ui.widgets.panel import label
from vae_explorer.ui.widgets.take_away import Taken, offer

KNOWN = "A low ELBO means that the model finds this image unlikely. "
NO_ELBO = "This model has no ELBO to compare. "
EXPLANATION = "Its neighbours in z are the images that the model finds most similar."
TIP = "Blue: the ELBO of the test images, from the quantiles in the model file. Dashed: the ELBO of this image."
WIDTH = 220  # pixels of the text, at 100 %
FINE = 901  # points between the 101 quantiles, from which the histogram is made
NEIGHBOURS = (  # test images, but a run's validation images: it looks at no test image before its end
    "The nearest of {:,} images not used for training, by the distance of {} in standard deviations of {}. "
    "Click one to encode it."
)


class TypicalView(QWidget):
    """The percentile of its ELBO, ‖mu‖² compared with the prior, and the nearest test images."""

    def __init__(self, session: Session, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("typicalView")
        self._session, self._typical = session, session.typical
        body = QHBoxLayout(self)
        body.setContentsMargins(3 * UNIT, UNIT, 3 * UNIT, UNIT)
        body.setSpacing(4 * UNIT)
        self.explanation = label(EXPLANATION, role="caption", wrap=True)
        self.percentile, self.norm = (label(wrap=True, name=name) for name in ("typicalPercentile", "typicalNorm"))
        self.norm.setToolTip(
            "‖z‖² is the squared distance of z from 0; for z ~ N(0, I) its mean is the number of dimensions"
        )
        self.histogram = HistogramPlot(name="test images", tip=TIP)
        self.histogram.setObjectName("typicalElbo")
        quantiles = partial(tables.of_quantiles, self._typical)
        offer(self.histogram, session.take_away, Taken("ELBO among the test images", data=quantiles))
        self.grid = ImageGrid()
        self.grid.setObjectName("neighbours")
        offer(self.grid, session.take_away, Taken("nearest images"))
        self.grid.setAccessibleName("Nearest images")
        self.grid.chosen.connect(self._typical.choose)
        self.above_grid = label(role="caption", wrap=True, name="neighboursText")

        left = QVBoxLayout()
        left.setSpacing(UNIT)
        left.addWidget(label("Does the model know this image?", role="title"))
        left.addWidget(self.explanation)
        left.addSpacing(UNIT)
        left.addWidget(self.percentile)
        left.addWidget(self.norm)
        left.addStretch(1)
        self._elbo = QWidget()
        middle = QVBoxLayout(self._elbo)
        middle.setContentsMargins(0, 0, 0, 0)
        middle.setSpacing(UNIT)
        middle.addWidget(label("ELBO of the test images, and of this one", role="caption"))
        middle.addWidget(self.histogram, 1)
        right = QVBoxLayout()
        right.setSpacing(UNIT)
        right.addWidget(self.above_grid)
        right.addWidget(self.grid, 1)
        body.addLayout(left)
        body.addWidget(self._elbo, 2)
        body.addLayout(right, 4)

        self._typical.changed.connect(self._on_changed)
        session.evidence.changed.connect(self._show_elbo)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    @guarded()
    def showEvent(self, event: QShowEvent) -> None:
        self._on_changed()

    def _on_changed(self) -> None:
        if not self.isVisible():
            return  # updated when it becomes visible
        self._show_elbo()
        self._show_norm()
        neighbours, reason = self._typical.neighbours, self._typical.reason
        if neighbours is None:
            self.grid.set_images(None)
            self.grid.set_message(reason or self._typical.failure or "looking for its neighbours…")
            self.above_grid.setText("")
            return
        self.grid.set_message(None)
        self.grid.set_images(neighbours.images)
        self.grid.set_captions(
            [
                f"{name}: {figure(distance, 2)} standard deviations away"
                for name, distance in zip(neighbours.names, neighbours.distances, strict=True)
            ]
        )
        card = self._session.model.card
        mu, of = (card.mu, "q(z)") if card and card.can("posterior") else ("z(x)", "theirs")
        self.above_grid.setText(NEIGHBOURS.format(neighbours.of, mu, of))

    def _show_elbo(self) -> None:
        figures, percentile, quantiles = (
            self._session.evidence.figures, self._typical.percentile, self._typical.quantiles
        )  # fmt: skip
        has_no_elbo = self._session.model.lacks("elbo")
        self._elbo.setVisible(not has_no_elbo)
        self.explanation.setText((NO_ELBO if has_no_elbo else KNOWN) + EXPLANATION)
        if percentile is None or quantiles is None or figures is None or figures.elbo is None:
            self.histogram.clear()
            self.percentile.setText(self._why_no_percentile())
        else:
            between = np.interp(np.linspace(0, len(quantiles) - 1, FINE), range(len(quantiles)), quantiles)
            self.histogram.set_values(between, {"elbo": figures.elbo})
            self.percentile.setText(
                f"<b>{figure(percentile, 0)} %</b> of the test images have a lower ELBO than this one "
                f"({figure(figures.elbo, 1)} nats)."
            )
        self.percentile.setVisible(bool(self.percentile.text()))

    def _why_no_percentile(self) -> str:
        encoded = self._session.image.posterior
        if encoded is None or self._session.model.lacks("elbo"):
            return ""
        if not encoded.is_likelihood:
            return "x is grey and p(x|z) is for black and white, so there is no ELBO to compare: switch binarise on."
        return "The ELBO of the test images is known once a run has ended."

    def _show_norm(self) -> None:
        norm, expected = self._typical.norm, self._typical.expected_norm
        self.norm.setVisible(norm is not None and expected is not None)
        if norm is None or expected is None:
            return
        mean, deviation = expected
        prior = f"{figure(mean, 0)} ± {figure(deviation, 1)}"
        if self._session.model.lacks("posterior"):
            self.norm.setText(f"‖z(x)‖² = <b>{figure(norm, 1)}</b>; a z from N(0, I) has {prior}.")
        else:
            drawn = figure(self._typical.sampled_norm or norm, 1)
            self.norm.setText(
                f"‖μ‖² = <b>{figure(norm, 1)}</b>. A z from q(z|x) has <b>{drawn}</b> on average, "
                f"one from N(0, I) {prior}."
            )

    def _on_theme_changed(self) -> None:
        self._on_changed()
        for text in (self.explanation, self.percentile, self.norm):
            text.setFixedWidth(theme.pixels(WIDTH))
        self.explanation.setMinimumHeight(self.explanation.heightForWidth(theme.pixels(WIDTH)))
