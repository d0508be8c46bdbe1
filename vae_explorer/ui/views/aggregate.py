"""q(z) and the prior: why generation samples from N(0, I), and what that costs."""

from functools import partial

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from vae_explorer.session.session import Session
from vae_explorer.session.threads.guard import guarded
from vae_explorer.session.views import tables
from vae_explorer.ui.plots.density_multiples import TIP as MULTIPLES_TIP
from vae_explorer.ui.plots.density_multiples import DensityMultiples
from vae_explorer.ui.plots.density_plot import TIP as PLOT_TIP
from vae_explorer.ui.plots.density_plot import DensityPlot
from vae_explorer.ui.theme import UNIT, theme
from vae_explorer.ui.widgets.image_grid import ImageGrid
from vae_explorer.ui.widgets.numbers import figure, z_name
from vae_explorer.ui.widgets.panel import button, label, scrolling
from vae_explorer.ui.widgets.take_away import Taken, offer

EXPLANATION = "q(z): the mean of q(z|x) over images."
EXPLANATION_TIP = "Where q(z) differs from N(0, I), the prior also samples regions where no image is encoded."
POINTS = "A plain autoencoder has no q(z|x) and no KL: each image has one z. Nothing pulls them to N(0, I)."
POINTS_TIP = "Blue: the z of all images in this dimension. Grey: N(0, 1). Orange: the z of the current image."
LINE = "<br>"
SOURCES = {  # title, that of a plain autoencoder, tooltip
    "prior": ("prior<br>N(0, I)", "N(0, I)", "What generation samples from"),
    "gaussian": ("Gaussian<br>fitted to q(z)", "Gaussian<br>fitted", "A Gaussian with the mean and covariance of z"),
    "mixture": ("mixture<br>fitted to q(z)", "mixture<br>fitted", "A mixture of several Gaussians, fitted to z"),
    "posterior": ("stored<br>posteriors", "z of images", "z of randomly chosen images: these pictures repeat them"),
}
FILES = {"prior": "the prior", "gaussian": "a Gaussian", "mixture": "a mixture", "posterior": "stored posteriors"}
FIGURES_TIP = (
    "The average KL(q(z|x) ‖ p(z)) has two parts. Information: how much z says about which image it came from. "
    "KL(q(z) ‖ p(z)): how far all images together are from the prior. Information cannot be more than log N."
)
SATURATED = "saturated: information cannot exceed log N"
SATURATED_TIP = (
    "The information of N images cannot be more than log N. Here it has reached that limit, so the true "
    "information is larger and the true KL(q(z) ‖ p(z)) smaller."
)
WIDTH = 200  # pixels of the text, at 100 %


class AggregateView(QWidget):
    """One dimension large, all of them small, the average KL in two parts, and pictures from four sources."""

    def __init__(self, session: Session, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("aggregateView")
        self._session, self._aggregate = session, session.aggregate
        self.plot, self.multiples = DensityPlot(), DensityMultiples()
        self.plot.setObjectName("aggregatePlot")
        self.multiples.setObjectName("aggregateDimensions")
        self.multiples.chosen.connect(self._aggregate.choose)
        densities = partial(tables.of_densities, self._aggregate)
        offer(self.plot, session.take_away, Taken("q(z)", data=densities, of_image=False))
        offer(self.multiples, session.take_away, Taken("q(z) of every dimension", data=densities, of_image=False))
        self.title = label(role="caption", name="aggregateTitle")
        self.above_multiples = label(role="caption", name="aggregateActive")
        self.above_multiples.setToolTip("Active: its mean varies from image to image (variance above 0.01)")
        body = QHBoxLayout(self)
        body.setContentsMargins(3 * UNIT, UNIT, 3 * UNIT, UNIT)
        body.setSpacing(3 * UNIT)
        body.addLayout(self._make_controls())
        for above, plot in ((self.title, self.plot), (self.above_multiples, scrolling(self.multiples))):
            column = QVBoxLayout()
            column.setSpacing(UNIT)
            column.addWidget(above)
            column.addWidget(plot, 1)
            body.addLayout(column, 3)
        body.addLayout(self._make_grids(), 6)

        self._aggregate.changed.connect(self._on_changed)
        session.image.encoded.connect(self._on_changed)
        session.image.images_changed.connect(self._on_changed)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def _make_controls(self) -> QVBoxLayout:
        self.heading = label("q(z) and the prior", role="title")
        self.explanation = label(EXPLANATION, role="caption", wrap=True)
        self.figures = label(wrap=True, name="aggregateFigures")
        self.saturated = label(role="warning", wrap=True, name="aggregateSaturated")
        self.saturated.setToolTip(SATURATED_TIP)
        self.again = button("New samples", self._aggregate.resample, "New z from each source (Ctrl+G)")
        self.again.setObjectName("aggregateResample")
        controls = QVBoxLayout()
        controls.setSpacing(UNIT)
        for text in (self.heading, self.explanation, self.figures, self.saturated):
            controls.addWidget(text)
        controls.addStretch(1)
        controls.addWidget(self.again)
        return controls

    def _make_grids(self) -> QGridLayout:
        """A row of pictures for each source, one below the other, so that they can be compared."""
        rows = QGridLayout()
        rows.setHorizontalSpacing(2 * UNIT)
        rows.setVerticalSpacing(UNIT)
        rows.setColumnStretch(1, 1)
        self.grids: dict[str, ImageGrid] = {}
        self._sources: dict[str, QLabel] = {}
        for line, (source, (_, _, tip)) in enumerate(SOURCES.items()):
            self.grids[source] = grid = ImageGrid(item="sample")
            samples = Taken(
                f"samples from {FILES[source]}",
                data=partial(tables.of_compared, self._aggregate, source),
                command=partial(self._session.take_away.compared_command, self._aggregate, source),
                of_image=False,
            )
            offer(grid, self._session.take_away, samples)
            grid.setObjectName(f"samplesFrom_{source}")
            grid.setToolTip(f"{tip}. Click one to put its z on the sliders.")
            grid.chosen.connect(partial(self._aggregate.put_on_sliders, source))
            self._sources[source] = label(role="caption")
            self._sources[source].setToolTip(tip)
            rows.addWidget(self._sources[source], line, 0)
            rows.addWidget(grid, line, 1)
            rows.setRowStretch(line, 1)
        return rows

    @guarded()
    def showEvent(self, event: QShowEvent) -> None:
        self._on_changed()

    def _on_changed(self) -> None:
        if not self.isVisible():
            return  # updated when it becomes visible
        shown, reason = self._aggregate.shown, self._aggregate.reason
        encoded, workspace, j = self._session.image.posterior, self._session.model.current, self._aggregate.dimension
        failure, is_points = self._aggregate.failure, self._session.model.lacks("posterior")
        self.again.setEnabled(not reason)
        self._name_things(is_points)
        self._show_samples(failure)
        if shown is None or workspace is None:
            self.plot.clear()
            self.plot.set_message(reason or failure or "computing q(z)…")
            self.multiples.clear()
            for text in (self.title, self.above_multiples, self.figures):
                text.setText("")
            self.saturated.hide()
            return
        self.plot.set_message(None)
        self.plot.set_densities(
            shown.z,
            shown.densities[j],
            shown.prior,
            None if encoded is None else (float(encoded.mu[j]), float(encoded.sigma[j])),
            is_histogram=is_points,
            name=z_name(j),
        )
        self.multiples.set_densities(
            shown.z, shown.densities, workspace.order, shown.is_active, None if encoded is None else encoded.mu, j
        )
        self.title.setText(f"{z_name(j)} over {shown.images:,} image{'s'[: shown.images != 1]}")
        self.above_multiples.setText(f"{int(shown.is_active.sum())} of {len(shown.is_active)} dimensions active")
        self._write_figures(is_points, failure)

    def _name_things(self, is_points: bool) -> None:
        """Points without a density have neither a q(z) nor a prior."""
        samples = self._aggregate.samples
        self.heading.setText("z of all images" if is_points else "q(z) and the prior")
        self.explanation.setText(POINTS if is_points else EXPLANATION)
        self.explanation.setToolTip("" if is_points else EXPLANATION_TIP)
        self.figures.setToolTip("" if is_points else FIGURES_TIP)
        self.plot.setToolTip(POINTS_TIP if is_points else PLOT_TIP)
        self.plot.setAccessibleName("z of all images against N(0, 1)" if is_points else "q(z) against the prior")
        self.multiples.setToolTip(f"{POINTS_TIP} Click one to see it large." if is_points else MULTIPLES_TIP)
        self.multiples.setAccessibleName("z of all images" if is_points else "q(z) of every dimension")
        for source, (title, plain, _) in SOURCES.items():
            title = plain if is_points else title
            if source == "mixture" and samples is not None and source in samples.z:
                title = title.replace("mixture", f"mixture of {len(samples.aggregate.q.mixture.weights)}")
            self._sources[source].setText(title)
            self.grids[source].setAccessibleName(f"Samples from the {title.replace(LINE, ' ')}")

    def _write_figures(self, is_points: bool, failure: str) -> None:
        shown = self._aggregate.shown
        found = shown.decomposition if shown else None
        if found is None:
            self.figures.setText("" if is_points else failure or "computing KL(q(z) ‖ p(z))…")
        else:
            kl = theme.colours.kl
            self.figures.setText(
                f"average KL <span style='color:{kl}'><b>{figure(found.kl, 2)}</b></span> nats<br>"
                f"= information {figure(found.information, 2)}<br>"
                f"+ KL(q(z) ‖ p(z)) {figure(found.marginal_kl, 2)}<br>"
                f"N = {found.n:,}, log N = {figure(found.log_n, 2)}"
            )
        is_saturated = found is not None and found.is_saturated
        self.saturated.setText(SATURATED if is_saturated else "")
        self.saturated.setVisible(is_saturated)

    def _show_samples(self, failure: str) -> None:
        samples = self._aggregate.samples
        is_asked = (
            samples is not None and samples.seed == self._aggregate.settings.seed and len(samples.z) == len(SOURCES)
        )
        for source, grid in self.grids.items():
            images = samples.images.get(source) if samples else None
            grid.set_images(images)
            if self._aggregate.shown is None:
                grid.set_message("")  # the plot says why
            elif failure and not is_asked:
                grid.set_message(failure)
            else:
                grid.set_message("sampling…" if images is None else None)

    def _on_theme_changed(self) -> None:
        self._on_changed()
        for text in (self.explanation, self.figures, self.saturated):
            text.setFixedWidth(theme.pixels(WIDTH))
        self.explanation.setMinimumHeight(self.explanation.heightForWidth(theme.pixels(WIDTH)))
