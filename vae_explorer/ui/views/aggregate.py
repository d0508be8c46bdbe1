"""q(z) and the prior: why generation samples from N(0, I), and what that costs."""

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QBoxLayout, QGridLayout, QWidget

from vae_explorer.session.session import Session
from vae_explorer.session.threads.guard import guarded
from vae_explorer.session.views import tables
from vae_explorer.ui.plots.density_multiples import TIP as MULTIPLES_TIP
from vae_explorer.ui.plots.density_multiples import DensityMultiples
from vae_explorer.ui.plots.density_plot import TIP as PLOT_TIP
from vae_explorer.ui.plots.density_plot import DensityPlot
from vae_explorer.ui.theme import UNIT, theme
from vae_explorer.ui.views.lines import Lines
from vae_explorer.ui.views.shelf import Gutter, Shelf, stacked, turn
from vae_explorer.ui.widgets.image_grid import ImageGrid
from vae_explorer.ui.widgets.numbers import counted, figure, z_name
from vae_explorer.ui.widgets.panel import button, label
from vae_explorer.ui.widgets.take_away import Taken, offer

EXPLANATION = "the mean of q(z|x) over images"
EXPLANATION_TIP = "Where q(z) differs from N(0, I), the prior also samples regions where no image is encoded."
POINTS = "A plain autoencoder has no q(z|x) and no KL: each image has one z. Nothing pulls them to N(0, I)."
POINTS_TIP = "Blue: the z of all images in this dimension. Grey: N(0, 1). Orange: the z of the current image."
SOURCES = {  # title, that of a plain autoencoder, tooltip
    "prior": ("prior\nN(0, I)", "N(0, I)", "What generation samples from"),
    "gaussian": ("Gaussian\nfitted to q(z)", "Gaussian\nfitted", "A Gaussian with the mean and covariance of z"),
    "mixture": ("mixture\nfitted to q(z)", "mixture\nfitted", "A mixture of several Gaussians, fitted to z"),
    "posterior": ("stored\nposteriors", "z of images", "z of randomly chosen images: these pictures repeat them"),
}
FILES = {"prior": "the prior", "gaussian": "a Gaussian", "mixture": "a mixture", "posterior": "stored posteriors"}
FIGURES_TIP = (
    "The average KL(q(z|x) ‖ p(z)) has two parts. Information: how much z says about which image it came from. "
    "KL(q(z) ‖ p(z)): how far all images together are from the prior. Information cannot be more than log N."
)
SATURATED = "saturated: at most log N"
SATURATED_TIP = (
    "The information of N images cannot be more than log N. Here it has reached that limit, so the true "
    "information is larger and the true KL(q(z) ‖ p(z)) smaller."
)
WIDTH = 208  # pixels of the controls, at 100 %
SOURCE_WIDTH = 76  # pixels of a source's name, at 100 %
FIGURES = ("kl", "information", "marginal_kl", "n")  # the lines of the figures


class AggregateView(Shelf):
    """One dimension large, all of them small, the average KL in two parts, and pictures from four sources."""

    def __init__(self, session: Session, parent: QWidget | None = None):
        self._session, self._aggregate = session, session.aggregate
        self.again = button("New samples", self._aggregate.resample, "New z from each source (Ctrl+G)", role="primary")
        self.again.setObjectName("aggregateResample")
        super().__init__(WIDTH, self._make_controls(), (self.again,), parent)
        self.setObjectName("aggregateView")
        self.plot, self.multiples = DensityPlot(), DensityMultiples()
        self.plot.setObjectName("aggregatePlot")
        self.multiples.setObjectName("aggregateDimensions")
        self.multiples.chosen.connect(self._aggregate.choose)
        densities = partial(tables.of_densities, self._aggregate)
        offer(self.plot, session.take_away, Taken("q(z)", data=densities, of_image=False))
        offer(self.multiples, session.take_away, Taken("q(z) of every dimension", data=densities, of_image=False))
        self.title, self.above_multiples = Lines(name="aggregateTitle"), Lines(name="aggregateActive")
        self.above_multiples.say("", tip="Active: its mean varies from image to image (variance above 0.01)")
        area = Gutter(self.multiples)
        self._densities = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._densities.setSpacing(3 * UNIT)
        for above, plot in ((self.title, self.plot), (self.above_multiples, area)):
            column = stacked(above, plot)
            column.setStretch(1, 1)
            self._densities.addLayout(column, 1)
        self.parts.addLayout(self._densities, 1)
        self.parts.addLayout(self._make_grids(), 1)

        self._aggregate.changed.connect(self._on_changed)
        session.image.encoded.connect(self._on_changed)
        session.image.images_changed.connect(self._on_changed)
        self._arrange()
        self._on_changed()

    def _make_controls(self) -> list[QWidget]:
        self.heading = label("q(z) and the prior", role="title")
        self.explanation = Lines(EXPLANATION)
        self.figures = {name: Lines(role="", name=f"aggregateFigures_{name}") for name in FIGURES}
        self.saturated = Lines(role="warning", name="aggregateSaturated")
        return [self.heading, self.explanation, *self.figures.values(), self.saturated]

    def _make_grids(self) -> QGridLayout:
        """A row of pictures for each source, one below the other, so that they can be compared."""
        self._rows = rows = QGridLayout()
        rows.setHorizontalSpacing(2 * UNIT)
        rows.setVerticalSpacing(UNIT)
        rows.setColumnStretch(1, 1)
        self.grids: dict[str, ImageGrid] = {}
        self.sources: dict[str, Lines] = {}
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
            self.sources[source] = Lines(lines=2)
            self.sources[source].say("", tip=tip)
            rows.addWidget(self.sources[source], line, 0, Qt.AlignmentFlag.AlignVCenter)
            rows.addWidget(grid, line, 1)
            rows.setRowStretch(line, 1)
        return rows

    def _arrange(self) -> None:
        """Enlarged, the one dimension is above all of them."""
        turn(self._densities, is_down=self.is_tall)
        self._rows.setColumnMinimumWidth(0, theme.pixels(SOURCE_WIDTH))

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
        self._write_figures(is_points, failure)
        if shown is None or workspace is None:
            self.plot.clear()
            self.plot.set_message(reason or failure or "computing q(z)…")
            self.multiples.clear()
            for text in (self.title, self.above_multiples):
                text.say("")
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
        self.title.say(f"{z_name(j)} over {counted(shown.images, 'image')}")
        self.above_multiples.say(f"{int(shown.is_active.sum())} of {counted(len(shown.is_active), 'dimension')} active")

    def _name_things(self, is_points: bool) -> None:
        """Points without a density have neither a q(z) nor a prior."""
        samples = self._aggregate.samples
        self.heading.setText("z of all images" if is_points else "q(z) and the prior")
        self.explanation.say(POINTS if is_points else EXPLANATION, tip="" if is_points else EXPLANATION_TIP)
        self.plot.setToolTip(POINTS_TIP if is_points else PLOT_TIP)
        self.plot.setAccessibleName("z of all images against N(0, 1)" if is_points else "q(z) against the prior")
        self.multiples.setToolTip(f"{POINTS_TIP} Click one to see it large." if is_points else MULTIPLES_TIP)
        self.multiples.setAccessibleName("z of all images" if is_points else "q(z) of every dimension")
        for source, (title, plain, _) in SOURCES.items():
            title = plain if is_points else title
            if source == "mixture" and samples is not None and source in samples.z:
                title = title.replace("mixture", f"mixture of {len(samples.aggregate.q.mixture.weights)}")
            self.sources[source].say(title)
            self.grids[source].setAccessibleName(f"Samples from the {title.replace(chr(10), ' ')}")

    def _write_figures(self, is_points: bool, failure: str) -> None:
        shown = self._aggregate.shown
        found = shown.decomposition if shown else None
        told = dict.fromkeys(FIGURES, "")
        if found is not None:
            told = {
                "kl": f"average KL {figure(found.kl, 2)} nats",
                "information": f"= information {figure(found.information, 2)}",
                "marginal_kl": f"+ KL(q(z) ‖ p(z)) {figure(found.marginal_kl, 2)}",
                "n": f"N = {found.n:,}, log N = {figure(found.log_n, 2)}",
            }
        elif shown is not None and not is_points:
            told["kl"] = failure or "computing KL(q(z) ‖ p(z))…"
        for name, text in told.items():
            self.figures[name].say(text, role="caption" if name == "n" else "", tip=FIGURES_TIP if found else "")
        is_saturated = found is not None and found.is_saturated
        self.saturated.say(SATURATED if is_saturated else "", tip=SATURATED_TIP if is_saturated else "")

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
