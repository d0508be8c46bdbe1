"""Is this an image that the model knows?"""

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from vae_explorer.session.session import Session
from vae_explorer.ui.figures import figure
from vae_explorer.ui.histogram_plot import HistogramPlot
from vae_explorer.ui.image_grid import ImageGrid
from vae_explorer.ui.panel import label
from vae_explorer.ui.theme import UNIT, theme

EXPLANATION = (
    "A low ELBO says that the model hardly expects this image. Its neighbours in z are what the model takes it for."
)
WIDTH = 220  # pixels of the text, at 100 %
NEIGHBOURS = "Nearest of {:,} test images, by the distance of μ in deviations of q(z). A click encodes one."


class TypicalView(QWidget):
    """The percentile of its ELBO, ‖mu‖² beside what the prior expects, and the nearest test images."""

    def __init__(self, session: Session, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("typicalView")
        self._session, self._typical = session, session.typical
        body = QHBoxLayout(self)
        body.setContentsMargins(3 * UNIT, UNIT, 3 * UNIT, UNIT)
        body.setSpacing(4 * UNIT)
        self.percentile, self.norm = (
            label(wrap=True, name="typicalPercentile"),
            label(wrap=True, name="typicalNorm"),
        )
        self.explanation = label(EXPLANATION, role="caption", wrap=True)
        self.histogram = HistogramPlot()
        self.grid = ImageGrid()
        self.grid.setObjectName("neighbours")
        self.grid.setAccessibleName("Nearest test images")
        self.grid.chosen.connect(self._typical.choose)
        self.above_grid = label(role="caption", name="neighboursText")

        left = QVBoxLayout()
        left.setSpacing(2 * UNIT)
        left.addWidget(label("Does the model know this image?", role="title"))
        left.addWidget(self.explanation)
        left.addWidget(self.percentile)
        left.addWidget(self.norm)
        left.addStretch(1)
        middle = QVBoxLayout()
        middle.setSpacing(UNIT)
        middle.addWidget(label("ELBO of the test images, and of this one", role="caption"))
        middle.addWidget(self.histogram, 1)
        right = QVBoxLayout()
        right.setSpacing(UNIT)
        right.addWidget(self.above_grid)
        right.addWidget(self.grid, 1)
        body.addLayout(left)
        body.addLayout(middle, 2)
        body.addLayout(right, 4)

        self._typical.changed.connect(self._on_changed)
        self._typical.failed.connect(self.grid.set_message)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self._on_changed()

    def _on_changed(self) -> None:
        self._show_elbo()
        self._show_norm()
        neighbours, reason = self._typical.neighbours, self._typical.reason
        if neighbours is None:
            self.grid.set_images(None)
            self.grid.set_message(reason or "looking for its neighbours…")
            self.above_grid.setText("")
            return
        self.grid.set_message(None)
        self.grid.set_images(neighbours.images)
        self.grid.set_captions(
            [
                f"{name}: {figure(distance, 2)} deviations away"
                for name, distance in zip(neighbours.names, neighbours.distances, strict=True)
            ]
        )
        self.above_grid.setText(NEIGHBOURS.format(neighbours.of))

    def _show_elbo(self) -> None:
        snapshot, encoded = self._session.model.snapshot, self._session.image.posterior
        percentile, quantiles = self._typical.percentile, self._typical.quantiles
        if percentile is None or quantiles is None or encoded is None or encoded.elbo is None:
            self.histogram.clear()
            self.percentile.setText(
                "A plain autoencoder has no ELBO to compare."
                if snapshot and snapshot.is_autoencoder
                else "The ELBO of the test images is known when a run has ended."
                if encoded is not None and quantiles is None
                else ""
            )
            return
        self.histogram.set_values(np.array(quantiles), {"elbo": encoded.elbo})
        self.percentile.setText(
            f"<b>{figure(percentile, 0)} %</b> of the test images have a lower ELBO than this one "
            f"({figure(encoded.elbo, 1)} nats)."
        )

    def _show_norm(self) -> None:
        norm, expected = self._typical.norm, self._typical.expected_norm
        if norm is None or expected is None:
            self.norm.setText("")
            return
        mean, deviation = expected
        sampled = self._typical.sampled_norm or norm
        drawn = "" if sampled == norm else f"; a z from q(z|x) has <b>{figure(sampled, 1)}</b> on average"
        self.norm.setText(
            f"‖μ‖² = <b>{figure(norm, 1)}</b>{drawn}; one from N(0, I) has "
            f"{figure(mean, 0)} ± {figure(deviation, 1)}."
        )

    def _on_theme_changed(self) -> None:
        for text in (self.explanation, self.percentile, self.norm):
            text.setFixedWidth(theme.pixels(WIDTH))
        self.explanation.setMinimumHeight(self.explanation.heightForWidth(theme.pixels(WIDTH)))
