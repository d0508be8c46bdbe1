"""q(z) beside the prior: why generation draws from N(0, I), and what that costs."""

from functools import partial

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from vae_explorer.session.session import Session
from vae_explorer.ui.density_multiples import DensityMultiples
from vae_explorer.ui.density_plot import DensityPlot
from vae_explorer.ui.figures import figure, z_name
from vae_explorer.ui.image_grid import ImageGrid
from vae_explorer.ui.panel import button, label, scrolling
from vae_explorer.ui.theme import UNIT, theme

EXPLANATION = "q(z) is the mean of q(z|x) over images. Where it is not N(0, I), prior samples meet z that no image has."
SOURCES = {
    "prior": ("prior N(0, I)", "What generation draws from"),
    "gaussian": ("Gaussian fitted to q(z)", "One Gaussian with the mean and the covariance of q(z)"),
    "mixture": ("mixture fitted to q(z)", "Several Gaussians fitted to draws from q(z)"),
    "posterior": (
        "stored posteriors",
        "A draw from q(z|x) of one of the images: q(z) itself, but it repeats its images",
    ),
}
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
        self.figures = label(wrap=True, name="aggregateFigures")
        self.again = button("New samples", self._aggregate.resample, "Other z's from each source (Ctrl+G)")
        self.again.setObjectName("aggregateResample")
        controls = QVBoxLayout()
        controls.setSpacing(UNIT)
        controls.addWidget(label("q(z) and the prior", role="title"))
        controls.addWidget(self.explanation)
        controls.addWidget(self.figures)
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
        self.grids: dict[str, ImageGrid] = {}
        for source, (title, tip) in SOURCES.items():
            body.addLayout(self._make_grid(source, title, tip), 2)

        self._aggregate.changed.connect(self._on_changed)
        session.image.encoded.connect(self._on_changed)
        self._aggregate.failed.connect(self._on_failed)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def _make_grid(self, source: str, title: str, tip: str) -> QVBoxLayout:
        self.grids[source] = grid = ImageGrid()
        grid.setObjectName(f"samplesFrom_{source}")
        grid.setAccessibleName(title)
        grid.setToolTip(f"{tip}. A click puts z on the sliders.")
        grid.chosen.connect(partial(self._aggregate.put_on_sliders, source))
        heading = label(title, role="caption")
        heading.setToolTip(tip)
        column = QVBoxLayout()
        column.setSpacing(UNIT)
        column.addWidget(heading)
        column.addWidget(grid, 1)
        return column

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
        if is_plain:
            self.figures.setText(
                "A plain autoencoder has no q(z|x): only its codes can be counted, and there is no KL."
            )
        elif found is None:
            self.figures.setText("computing KL(q(z) ‖ p(z))…")
        else:
            colours = theme.colours
            saturated = (
                f"<br><span style='color:{colours.warning}'>saturated: with N images it cannot be more than log N, so "
                "KL(q(z) ‖ p) is too large.</span>"
                if found.is_saturated
                else ""
            )
            self.figures.setText(
                f"average KL <span style='color:{colours.kl}'><b>{figure(found.kl, 2)}</b></span> nats =<br>"
                f"information {figure(found.information, 2)} + "
                f"KL(q(z) ‖ p(z)) <b>{figure(found.marginal_kl, 2)}</b><br>"
                f"N = {found.n:,}, log N = {figure(found.log_n, 2)}{saturated}"
            )

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
        for text in (self.explanation, self.figures):
            text.setFixedWidth(theme.pixels(WIDTH))
        self.explanation.setMinimumHeight(self.explanation.heightForWidth(theme.pixels(WIDTH)))
        self._on_changed()
