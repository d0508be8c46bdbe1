"""Is this an image that the model knows?"""

from functools import partial

import numpy as np
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from vae_explorer.session.session import Session
from vae_explorer.session.threads.guard import guarded
from vae_explorer.session.views import tables
from vae_explorer.ui.plots.histogram_plot import HistogramPlot
from vae_explorer.ui.views.lines import Lines
from vae_explorer.ui.views.shelf import Shelf, stacked, turn
from vae_explorer.ui.widgets.image_grid import ImageGrid
from vae_explorer.ui.widgets.numbers import figure
from vae_explorer.ui.widgets.panel import label
from vae_explorer.ui.widgets.take_away import Taken, offer

KNOWN = "A low ELBO: the model finds this image unlikely. "
NO_ELBO = "This model has no ELBO to compare. "
EXPLANATION = "Its neighbours in z are the images it finds most similar."
TIP = "Blue: the ELBO of the test images, from the quantiles in the model file. Dashed: the ELBO of this image."
NORM_TIP = "‖z‖² is the squared distance of z from 0; for z ~ N(0, I) its mean is the number of dimensions."
WIDTH = 224  # pixels of the text, at 100 %
FINE = 901  # points between the 101 quantiles, from which the histogram is made
NEIGHBOURS = (  # test images, but a run's validation images: it looks at no test image before its end
    "The nearest of {:,} images not used for training, by the distance of {} in standard deviations of {}"
)
CHOOSE = "Click one to encode it."


class TypicalView(Shelf):
    """The percentile of its ELBO, ‖mu‖² compared with the prior, and the nearest test images."""

    def __init__(self, session: Session, parent: QWidget | None = None):
        self._session, self._typical = session, session.typical
        self.explanation = Lines(EXPLANATION, 3)
        self.percentile = Lines(lines=3, role="", name="typicalPercentile")
        self.norm = Lines(lines=3, role="", name="typicalNorm")
        self.norm.say("", tip=NORM_TIP)
        title = label("Is this image typical?", role="title")
        super().__init__(WIDTH, (title, self.percentile, self.norm, self.explanation), (), parent)
        self.setObjectName("typicalView")
        self.histogram = HistogramPlot(name="test images", tip=TIP, lines=("elbo",))
        self.histogram.setObjectName("typicalElbo")
        quantiles = partial(tables.of_quantiles, self._typical)
        offer(self.histogram, session.take_away, Taken("ELBO among the test images", data=quantiles))
        self.grid = ImageGrid()
        self.grid.setObjectName("neighbours")
        offer(self.grid, session.take_away, Taken("nearest images"))
        self.grid.setAccessibleName("Nearest images")
        self.grid.chosen.connect(self._typical.choose)
        self.above_grid = Lines(name="neighboursText")
        self._elbo = QWidget()
        self._elbo.setLayout(stacked(Lines("ELBO of the test images, and of this one"), self.histogram))
        self.parts.addWidget(self._elbo, 1)
        self.parts.addLayout(stacked(self.above_grid, self.grid), 2)

        self._typical.changed.connect(self._on_changed)
        session.evidence.changed.connect(self._show_elbo)
        self._on_changed()

    def _arrange(self) -> None:
        """Enlarged, the neighbours are below the histogram."""
        turn(self.parts, is_down=self.is_tall)
        self.parts.setStretch(1, 1 if self.is_tall else 2)

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
            self.above_grid.say("")
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
        self.above_grid.say(NEIGHBOURS.format(neighbours.of, mu, of), tip=CHOOSE)

    def _show_elbo(self) -> None:
        figures, percentile, quantiles = (
            self._session.evidence.figures, self._typical.percentile, self._typical.quantiles
        )  # fmt: skip
        has_no_elbo = self._session.model.lacks("elbo")
        self._elbo.setVisible(not has_no_elbo)
        self.explanation.say((NO_ELBO if has_no_elbo else KNOWN) + EXPLANATION)
        if percentile is None or quantiles is None or figures is None or figures.elbo is None:
            self.histogram.clear()
            self.percentile.say(self._why_no_percentile())
        else:
            between = np.interp(np.linspace(0, len(quantiles) - 1, FINE), range(len(quantiles)), quantiles)
            self.histogram.set_values(between, {"elbo": figures.elbo})
            self.percentile.say(
                f"{figure(percentile, 0)}\u00a0% of the test images have a lower ELBO than this one, "
                f"{figure(figures.elbo, 1)}\u00a0nats."
            )

    def _why_no_percentile(self) -> str:
        encoded = self._session.image.posterior
        if encoded is None or self._session.model.lacks("elbo"):
            return ""
        if not encoded.is_likelihood:
            return "x is grey and p(x|z) is for black and white, so there is no ELBO to compare: switch binarise on."
        return "The ELBO of the test images is known once a run has ended."

    def _show_norm(self) -> None:
        norm, expected = self._typical.norm, self._typical.expected_norm
        if norm is None or expected is None:
            self.norm.say("")
            return
        mean, deviation = expected
        prior = f"{figure(mean, 0)}\u00a0±\u00a0{figure(deviation, 1)}"
        if self._session.model.lacks("posterior"):
            self.norm.say(f"‖z(x)‖² = {figure(norm, 1)}; a z from N(0, I) has {prior}.")
        else:
            drawn = figure(self._typical.sampled_norm or norm, 1)
            self.norm.say(
                f"‖μ‖² = {figure(norm, 1)}. A z from q(z|x) has {drawn} on average, one from N(0, I) {prior}."
            )
