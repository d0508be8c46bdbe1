"""q(z) beside the prior: why generation draws from N(0, I), and what that costs."""

from functools import partial

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from vae_explorer.session.session import Session
from vae_explorer.ui.density_multiples import DensityMultiples
from vae_explorer.ui.density_plot import DensityPlot
from vae_explorer.ui.figures import figure, z_name
from vae_explorer.ui.image_grid import ImageGrid
from vae_explorer.ui.panel import button, label, scrolling
from vae_explorer.ui.theme import UNIT, theme

EXPLANATION = "q(z): the mean of q(z|x) over images."
EXPLANATION_TIP = "Where q(z) is not N(0, I), samples from the prior meet z that no image has."
LINE = "<br>"
SOURCES = {
    "prior": ("prior<br>N(0, I)", "What generation draws from"),
    "gaussian": ("Gaussian<br>fitted to q(z)", "One Gaussian with the mean and the covariance of q(z)"),
    "mixture": ("mixture<br>fitted to q(z)", "Several Gaussians fitted to draws from q(z)"),
    "posterior": (
        "stored<br>posteriors",
        "A draw from q(z|x) of one of the images: q(z) itself, but it repeats its images",
    ),
}
SATURATED = "saturated: N images can tell no more than log N"
SATURATED_TIP = (
    "The information of N images cannot be more than log N. Here it is that much, so the true one is larger, and the "
    "true KL(q(z) ‖ p(z)) is smaller than it looks."
)
WIDTH = 200  # pixels of the text, at 100 %


class AggregateView(QWidget):
    """One dimension large, all of them small, the average KL in two parts, and pictures from four sources."""

    def __init__(self, session: Session, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("aggregateView")
        self._session, self._aggregate = session, session.aggregate
        body = QHBoxLayout(self)
        body.setContentsMargins(3 * UNIT, UNIT, 3 * UNIT, UNIT)
        body.setSpacing(3 * UNIT)
        self.explanation = label(EXPLANATION, role="caption", wrap=True)
        self.explanation.setToolTip(EXPLANATION_TIP)
        self.figures = label(wrap=True, name="aggregateFigures")
        self.saturated = label(role="warning", wrap=True, name="aggregateSaturated")
        self.saturated.setToolTip(SATURATED_TIP)
        self.saturated.hide()
        self.again = button("New samples", self._aggregate.resample, "Other z's from each source (Ctrl+G)")
        self.again.setObjectName("aggregateResample")
        controls = QVBoxLayout()
        controls.setSpacing(UNIT)
        controls.addWidget(label("q(z) and the prior", role="title"))
        controls.addWidget(self.explanation)
        controls.addWidget(self.figures)
        controls.addWidget(self.saturated)
        controls.addStretch(1)
        controls.addWidget(self.again)
        self.plot, self.multiples = DensityPlot(), DensityMultiples()
        self.plot.setObjectName("aggregatePlot")
        self.multiples.setObjectName("aggregateDimensions")
        self.multiples.chosen.connect(self._aggregate.choose)
        self.title = label(role="caption", name="aggregateTitle")
        one = QVBoxLayout()
        one.setSpacing(UNIT)
        one.addWidget(self.title)
        one.addWidget(self.plot, 1)
        every = QVBoxLayout()
        every.setSpacing(UNIT)
        self.above_multiples = label(role="caption", name="aggregateActive")
        every.addWidget(self.above_multiples)
        every.addWidget(scrolling(self.multiples), 1)
        body.addLayout(controls)
        body.addLayout(one, 3)
        body.addLayout(every, 3)
        body.addLayout(self._make_grids(), 6)

        self._aggregate.changed.connect(self._on_changed)
        session.image.encoded.connect(self._on_changed)
        self._aggregate.failed.connect(self._on_failed)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def _make_grids(self) -> QGridLayout:
        """A row of pictures for each source, one below the other, so that they can be compared."""
        rows = QGridLayout()
        rows.setHorizontalSpacing(2 * UNIT)
        rows.setVerticalSpacing(UNIT)
        rows.setColumnStretch(1, 1)
        self.grids: dict[str, ImageGrid] = {}
        for line, (source, (title, tip)) in enumerate(SOURCES.items()):
            self.grids[source] = grid = ImageGrid()
            grid.setObjectName(f"samplesFrom_{source}")
            grid.setAccessibleName(f"Samples from the {title.replace(LINE, ' ')}")
            grid.setToolTip(f"{tip}. A click puts z on the sliders.")
            grid.chosen.connect(partial(self._aggregate.put_on_sliders, source))
            heading = label(title, role="caption")
            heading.setToolTip(tip)
            rows.addWidget(heading, line, 0)
            rows.addWidget(grid, line, 1)
            rows.setRowStretch(line, 1)
        return rows

    def _on_changed(self) -> None:
        shown, reason = self._aggregate.shown, self._aggregate.reason
        self.again.setEnabled(not reason)
        self._show_samples(reason)
        if shown is None:
            self.plot.clear()
            self.plot.set_message(reason or "encoding the images…")
            self.multiples.clear()
            for text in (self.title, self.above_multiples, self.figures):
                text.setText("")
            return
        encoded, workspace, j = self._session.image.posterior, self._session.model.current, self._aggregate.dimension
        if workspace is None:
            return
        is_plain = workspace.snapshot.is_autoencoder
        self.plot.set_message(None)
        self.plot.set_densities(
            shown.z,
            shown.densities[j],
            shown.prior,
            None if encoded is None else (float(encoded.mu[j]), float(encoded.sigma[j])),
            is_histogram=is_plain,
        )
        self.multiples.set_densities(
            shown.z, shown.densities, workspace.order, shown.is_active, None if encoded is None else encoded.mu, j
        )
        self.title.setText(f"{z_name(j)} over {shown.images:,} images")
        self.above_multiples.setText(f"{int(shown.is_active.sum())} of {len(shown.is_active)} dimensions are active")
        self._write_figures(is_plain)

    def _write_figures(self, is_plain: bool) -> None:
        shown = self._aggregate.shown
        found = shown.decomposition if shown else None
        self.saturated.hide()
        if is_plain:
            self.figures.setText(
                "A plain autoencoder has no q(z|x): only its codes can be counted, and there is no KL."
            )
        elif found is None:
            self.figures.setText("computing KL(q(z) ‖ p(z))…")
        else:
            kl = theme.colours.kl
            self.figures.setText(
                f"average KL <span style='color:{kl}'><b>{figure(found.kl, 2)}</b></span> nats<br>"
                f"= information {figure(found.information, 2)}<br>"
                f"+ KL(q(z) ‖ p(z)) {figure(found.marginal_kl, 2)}<br>"
                f"N = {found.n:,}, log N = {figure(found.log_n, 2)}"
            )
            if found.is_saturated:
                self.saturated.setText(SATURATED)
                self.saturated.show()

    def _show_samples(self, reason: str) -> None:
        samples = self._aggregate.samples
        for source, grid in self.grids.items():
            images = samples.images.get(source) if samples else None
            grid.set_images(images)
            grid.set_message(None if images is not None else "" if reason else "sampling…")

    def _on_failed(self, sentence: str) -> None:
        self.plot.clear()
        self.plot.set_message(sentence)

    def _on_theme_changed(self) -> None:
        for text in (self.explanation, self.figures, self.saturated):
            text.setFixedWidth(theme.pixels(WIDTH))
        self.explanation.setMinimumHeight(self.explanation.heightForWidth(theme.pixels(WIDTH)))
        self._on_changed()
