"""The lecture's central line for the image on the screen: log p(x) = reconstruction − KL + gap."""

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QSpinBox, QVBoxLayout, QWidget

from vae_explorer.session.evidence import MOST_SAMPLES
from vae_explorer.session.records import Evidence, Fitted
from vae_explorer.session.session import Session
from vae_explorer.ui.figures import figure, z_name
from vae_explorer.ui.growth_plot import GrowthPlot
from vae_explorer.ui.histogram_plot import HistogramPlot
from vae_explorer.ui.latent_map import LatentMap
from vae_explorer.ui.panel import button, label
from vae_explorer.ui.theme import UNIT, theme
from vae_explorer.ui.waterfall import Waterfall

EXPLANATION = "Training raises the ELBO. The gap is how far q(z|x) is from the true posterior p(z|x)."
FEW = 10  # effective draws, below which an estimate hangs on a handful of z's
WIDTH = 190  # pixels of the controls, at 100 %


class EvidenceView(QWidget):
    """Waterfall, log p̂(x) as K grows, the one-sample ELBO over redraws, and for z of two dimensions p(z|x)."""

    def __init__(self, session: Session, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("evidenceView")
        self._session, self._evidence = session, session.evidence
        body = QHBoxLayout(self)
        body.setContentsMargins(3 * UNIT, UNIT, 3 * UNIT, UNIT)
        body.setSpacing(3 * UNIT)
        self.waterfall, self.growth = Waterfall(), GrowthPlot()
        self.histogram, self.map = HistogramPlot(), LatentMap()
        self.under_waterfall, self.under_growth, self.under_histogram, self.under_map = (
            label(role="caption", wrap=True, name=name)
            for name in ("fitText", "growthText", "histogramText", "mapText")
        )
        body.addLayout(self._make_controls())
        self._columns = []
        for title, tip, plot, under, stretch in (
            ("log p(x) = reconstruction − KL + gap", "All parts come from the same draws of z", self.waterfall,
             self.under_waterfall, 7),
            ("log p̂(x) as K grows", "The estimate by the first K draws, ± its standard error", self.growth,
             self.under_growth, 4),
            ("One-sample ELBO", "log p(x|z) − KL of each single draw: what a training step sees of this image",
             self.histogram, self.under_histogram, 4),
            ("True posterior p(z|x) and q(z|x)", "Contours: 50, 90 and 99 % of the true posterior. Ellipses: q(z|x)",
             self.map, self.under_map, 4),
        ):  # fmt: skip
            self._columns.append(_column(title, tip, plot, under))
            body.addWidget(self._columns[-1], stretch)

        self._evidence.changed.connect(self._on_changed)
        self._evidence.settings_changed.connect(self._on_settings_changed)
        self._evidence.failed.connect(self._on_failed)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self._on_settings_changed()
        self._on_changed()

    def _make_controls(self) -> QVBoxLayout:
        self.count, self.seed = QSpinBox(), QSpinBox()
        self.count.setObjectName("evidenceSamples")
        self.count.setRange(1, MOST_SAMPLES)
        self.count.setSingleStep(1000)
        self.count.setToolTip("K draws of z from q(z|x), up to 100,000: more make log p(x) surer")
        self.count.setAccessibleName("Draws of z")
        self.count.valueChanged.connect(self._evidence.set_importance_samples)
        self.seed.setObjectName("evidenceSeed")
        self.seed.setRange(0, 2**31 - 1)
        self.seed.setToolTip("The same seed gives the same draws, here and in vae-explorer encode")
        self.seed.setAccessibleName("Seed")
        self.seed.valueChanged.connect(self._evidence.set_seed)
        for field in (self.count, self.seed):
            field.setKeyboardTracking(False)
        self.again = button("Draw again", self._evidence.redraw, "Take the next seed (Ctrl+D)", name="evidenceRedraw")
        self.fit = button(
            "Fit q to this image",
            self._on_fit,
            "Look for the best q(z|x) for just this image, the decoder frozen: how much has the encoder left? (Ctrl+F)",
            role="primary",
            name="evidenceFit",
        )
        self.explanation = label(EXPLANATION, role="caption", wrap=True)
        form = QGridLayout()
        form.setHorizontalSpacing(2 * UNIT)
        form.setVerticalSpacing(UNIT)
        for line, (text, field) in enumerate((("Draws K", self.count), ("Seed", self.seed))):
            form.addWidget(label(text), line, 0)
            form.addWidget(field, line, 1)
        controls = QVBoxLayout()
        controls.setSpacing(UNIT)
        controls.addWidget(label("log p(x)", role="title"))
        controls.addWidget(self.explanation)
        controls.addLayout(form)
        controls.addWidget(self.again)
        controls.addStretch(1)
        controls.addWidget(self.fit)
        return controls

    def _on_fit(self) -> None:
        if self._evidence.is_fitting:
            self._evidence.cancel_fit()
        else:
            self._evidence.fit()

    def _on_settings_changed(self) -> None:
        for field, value in ((self.count, self._evidence.importance_samples), (self.seed, self._evidence.seed)):
            field.blockSignals(True)
            field.setValue(value)
            field.blockSignals(False)

    def _on_changed(self) -> None:
        shown, fitted, reason = self._evidence.shown, self._evidence.fitted, self._evidence.reason
        self.fit.setText("Cancel the fit" if self._evidence.is_fitting else "Fit q to this image")
        self.fit.setEnabled(not reason)
        self.again.setEnabled(not reason)
        self._show_map(reason)
        if shown is None or reason:
            for plot in (self.waterfall, self.growth, self.histogram):
                plot.clear()
            self.waterfall.set_message(reason or "drawing z…")
            for under in (self.under_waterfall, self.under_growth, self.under_histogram):
                under.setText("")
            return
        self.waterfall.set_message(None)
        exact = self._evidence.map.log_evidence if self._evidence.map else None
        self.waterfall.set_parts(
            shown.reconstruction,
            shown.kl,
            shown.log_evidence,
            shown.standard_error,
            fitted.fitted_elbo if fitted else None,
        )
        self.growth.set_growth(shown.counts, shown.estimates, shown.errors, shown.elbo, exact)
        self.histogram.set_values(shown.one_sample_elbos, {"elbo": shown.elbo, "log_evidence": shown.log_evidence})
        self._write(shown, fitted)

    def _write(self, shown: Evidence, fitted: Fitted | None) -> None:
        size = shown.effective_sample_size
        text = f"effective sample size {figure(size, 1)} of {shown.draws:,}"
        if shown.draws > 1 and size < FEW:
            warning = theme.colours.warning
            text += (
                f"<br><span style='color:{warning}'>Too few draws carry the weight: log p(x) may well be higher. "
                "Take more draws, or fit q.</span>"
            )
        self.under_growth.setText(text)
        spread = float(shown.one_sample_elbos.std())
        self.under_histogram.setText(f"each draw: ELBO ± {figure(spread, 1)} nats")
        if fitted is None:
            error = "" if shown.standard_error is None else f" ± {figure(shown.standard_error, 2)}"
            self.under_waterfall.setText(
                f"log p(x) = {figure(shown.log_evidence, 2)}{error} nats, ELBO {figure(shown.elbo, 2)}"
            )
        else:
            self.under_waterfall.setText(
                f"The encoder left {figure(fitted.fitted_elbo - fitted.encoder_elbo, 2)} nats; "
                f"{figure(fitted.log_evidence - fitted.fitted_elbo, 2)} more are left to any q of this kind."
            )

    def _show_map(self, reason: str) -> None:
        snapshot, found, encoded = self._session.model.snapshot, self._evidence.map, self._session.image.posterior
        is_flat = snapshot is not None and snapshot.z_dim == 2 and not reason
        self._columns[-1].setVisible(is_flat)
        if not is_flat or found is None or encoded is None:
            self.map.clear()
            self.map.set_message("integrating…" if is_flat else None)
            self.under_map.setText("")
            return
        fitted = self._evidence.fitted
        self.map.set_message(None)
        self.map.set_posterior(
            found.z1,
            found.z2,
            found.density,
            encoded.mu,
            encoded.sigma,
            (z_name(0), z_name(1)),
            (fitted.mu, fitted.sigma) if fitted else None,
        )
        self.under_map.setText(f"log p(x) = {figure(found.log_evidence, 2)} nats by integration over z")

    def _on_failed(self, sentence: str) -> None:
        for plot in (self.waterfall, self.growth, self.histogram):
            plot.clear()
        self.waterfall.set_message(sentence)

    def _on_theme_changed(self) -> None:
        self.explanation.setFixedWidth(theme.pixels(WIDTH))
        self.explanation.setMinimumHeight(self.explanation.heightForWidth(theme.pixels(WIDTH)))
        self._on_changed()


def _column(title: str, tip: str, plot: QWidget, under: QLabel) -> QWidget:
    """A plot with its title above and its figures in words below."""
    column = QWidget()
    layout = QVBoxLayout(column)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(UNIT)
    heading = label(title, role="caption")
    heading.setToolTip(tip)
    plot.setToolTip(tip)
    layout.addWidget(heading)
    layout.addWidget(plot, 1)
    layout.addWidget(under)
    return column
