"""The lecture's central equation for the current image: log p(x) = reconstruction − KL + gap."""

from functools import partial

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QSpinBox, QVBoxLayout, QWidget

from vae_explorer.session.session import Session
from vae_explorer.session.threads.guard import guarded
from vae_explorer.session.views import tables
from vae_explorer.session.views.evidence import MAX_IMPORTANCE_DRAWS, Evidence
from vae_explorer.ui.plots.growth_plot import GrowthPlot
from vae_explorer.ui.plots.histogram_plot import HistogramPlot
from vae_explorer.ui.plots.posterior_map import PosteriorMapPlot
from vae_explorer.ui.plots.waterfall import Waterfall
from vae_explorer.ui.theme import UNIT, theme
from vae_explorer.ui.widgets.numbers import figure, z_name
from vae_explorer.ui.widgets.panel import button, label
from vae_explorer.ui.widgets.take_away import Taken, offer

EXPLANATION = "Training raises the ELBO. The gap is how far q(z|x) is from the true posterior p(z|x)."
NO_BOUND = "Training a plain autoencoder raises log p(x|z) alone."
BLIND = "The error covers the random draws only, not parts of p(z|x) that q(z|x) misses."
FIT = (
    "Fit q to this image",
    "Fit the best q(z|x) to just this image, with the decoder frozen: how much of the gap is the encoder's? (Ctrl+F)",
)
CANCEL = "Cancel the fit", "Keep the encoder's q(z|x)"
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
        body.addLayout(self._make_controls())
        body.addLayout(self._make_plots(), 1)

        self._evidence.changed.connect(self._on_changed)
        self._evidence.settings_changed.connect(self._on_settings_changed)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self._on_settings_changed()

    def _make_controls(self) -> QVBoxLayout:
        self.count, self.seed = QSpinBox(), QSpinBox()
        self.count.setObjectName("evidenceSamples")
        self.count.setRange(1, MAX_IMPORTANCE_DRAWS)
        self.count.setSingleStep(1000)
        self.count.setToolTip("K draws of z from q(z|x), up to 100,000: more draws give a more accurate log p(x)")
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
        self.fit = button(FIT[0], self._on_fit, FIT[1], role="primary", name="evidenceFit")
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

    def _make_plots(self) -> QVBoxLayout:
        """Side by side, each with its title above and its numbers below; the warning below all."""
        self.waterfall, self.growth = Waterfall(), GrowthPlot()
        self.histogram, self.map = HistogramPlot(), PosteriorMapPlot()
        self._offer_plots()
        self.growth.setToolTip(f"{self.growth.toolTip()} {BLIND}")
        self.under_waterfall, self.under_growth, self.under_histogram, self.under_map = (
            label(role="caption", wrap=True, name=name)
            for name in ("fitText", "growthText", "histogramText", "mapText")
        )
        self.under_waterfall.setToolTip("q is a Gaussian with independent dimensions; p(z|x) need not be one.")
        self.under_growth.setToolTip(
            "The draws have unequal weights: they are equivalent to this many equally weighted draws. "
            f"The accuracy of log p(x) depends on it. {BLIND}"
        )
        side_by_side = QHBoxLayout()
        side_by_side.setSpacing(3 * UNIT)
        self._columns = []
        for title, plot, under, stretch in (
            ("log p(x) = reconstruction − KL + gap", self.waterfall, self.under_waterfall, 7),
            ("log p̂(x) as K grows", self.growth, self.under_growth, 4),
            ("One-sample ELBO", self.histogram, self.under_histogram, 4),
            ("True posterior p(z|x) and q(z|x)", self.map, self.under_map, 4),
        ):
            self._columns.append(_Column(title, plot, under))
            side_by_side.addWidget(self._columns[-1], stretch)
        self.warning = label(role="warning", wrap=True, name="evidenceWarning")
        plots = QVBoxLayout()
        plots.setSpacing(UNIT)
        plots.addLayout(side_by_side, 1)
        plots.addWidget(self.warning)
        return plots

    def _offer_plots(self) -> None:
        command = partial(self._session.take_away.evidence_command, self._evidence)
        for plot, what, table in (
            (self.waterfall, "evidence", tables.of_figures),
            (self.growth, "log evidence as K grows", tables.of_growth),
            (self.histogram, "one-sample ELBO", tables.of_one_sample_elbos),
            (self.map, "true posterior", tables.of_map),
        ):
            offer(plot, self._session.take_away, Taken(what, data=partial(table, self._evidence), command=command))

    def _on_fit(self) -> None:
        if self._evidence.is_fitting:
            self._evidence.cancel_fit()
        else:
            self._evidence.fit()

    def _on_settings_changed(self) -> None:
        settings = self._evidence.settings
        for field, value in ((self.count, settings.importance_samples), (self.seed, settings.seed)):
            field.blockSignals(True)
            field.setValue(value)
            field.blockSignals(False)

    def _on_changed(self) -> None:
        if not self.isVisible():
            return  # updated when it becomes visible
        reason = self._evidence.reason
        text, tip = CANCEL if self._evidence.is_fitting else FIT
        self.fit.setText(text)
        self.fit.setToolTip(tip)
        self.fit.setAccessibleDescription(tip)
        for control in (self.fit, self.again, self.count, self.seed):
            control.setEnabled(not reason)
        self.explanation.setText(NO_BOUND if self._session.model.lacks("elbo") else EXPLANATION)
        self._columns[0].heading.setVisible(not reason)
        for column in self._columns[1:3]:
            column.setVisible(not reason)
        self._show_map(reason)
        self._show_draws(reason)

    @guarded()
    def showEvent(self, event: QShowEvent) -> None:
        self._on_changed()

    def _show_draws(self, reason: str) -> None:
        shown, failure = self._evidence.shown, self._evidence.failure
        if shown is None or reason:
            for plot in (self.waterfall, self.growth, self.histogram):
                plot.clear()
            self.waterfall.set_message(reason or failure or "drawing z…")
            for under in (self.under_growth, self.under_histogram, self.warning):
                under.setText("")
            self.warning.hide()
            self.under_waterfall.setText(self._reconstruction())
            return
        self.waterfall.set_message(failure or None)
        fit, by = self._evidence.fit_of_the_draws, self._evidence.best or shown
        exact = self._evidence.map.log_evidence if self._evidence.map else None
        self.waterfall.set_parts(
            shown.reconstruction, shown.kl, by.log_evidence, by.standard_error, fit.fitted_elbo if fit else None
        )
        self.growth.set_growth(shown.counts, shown.estimates, shown.errors, shown.elbo, exact)
        self.histogram.set_values(shown.one_sample_elbos, {"elbo": shown.elbo, "log_evidence": by.log_evidence})
        self._write(shown)
        doubt = self._evidence.doubt
        self.warning.setText(doubt)
        self.warning.setVisible(bool(doubt))

    def _reconstruction(self) -> str:
        """The one figure that a plain autoencoder has."""
        encoded = self._session.image.posterior
        if encoded is None or encoded.reconstruction is None or not self._session.model.lacks("elbo"):
            return ""
        return f"log p(x|z) = {figure(encoded.reconstruction, 1)} nats at the image's z"

    def _write(self, shown: Evidence) -> None:
        self.under_growth.setText(f"effective sample size {_count(shown.effective_sample_size)}")
        spread = float(shown.one_sample_elbos.std())
        self.under_histogram.setText(f"one draw: ELBO ± {figure(spread, 1)} nats" if shown.draws > 1 else "one draw")
        if left := self._evidence.gaps:
            self.under_waterfall.setText(
                f"The encoder's part: {figure(left.amortisation, 2)} nats; "
                f"{figure(left.approximation, 2)} remain with any such q."
            )
        elif self._evidence.fitted is not None and shown.is_whole:
            self.under_waterfall.setText("q was fitted with other draws: fit it again to see the encoder's part.")
        elif closed_form := shown.encoded.kl:
            self.under_waterfall.setText(
                f"KL in closed form {figure(closed_form, 2)} nats, from these draws {figure(shown.kl, 2)}"
            )

    def _show_map(self, reason: str) -> None:
        snapshot, found, encoded = self._session.model.snapshot, self._evidence.map, self._session.image.posterior
        is_flat = snapshot is not None and snapshot.card.can("exact") and not reason
        self._columns[3].setVisible(is_flat)
        if not is_flat or found is None or encoded is None:
            self.map.clear()
            self.map.set_message((self._evidence.map_failure or "integrating…") if is_flat else None)
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
        self.under_map.setText(
            "p(z|x) is too long and narrow for an exact log p(x)."
            if found.log_evidence is None
            else f"exact log p(x) {figure(found.log_evidence, 2)} nats"
        )
        self.under_map.setToolTip("By numerical integration over both dimensions of z, without draws")

    def _on_theme_changed(self) -> None:
        self.explanation.setFixedWidth(theme.pixels(WIDTH))
        self.explanation.setMinimumHeight(self.explanation.heightForWidth(theme.pixels(WIDTH)))
        self._on_changed()


class _Column(QWidget):
    def __init__(self, title: str, plot: QWidget, under: QLabel):
        super().__init__()
        self.heading = label(title, role="caption")
        self.heading.setToolTip(plot.toolTip())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(UNIT)
        layout.addWidget(self.heading)
        layout.addWidget(plot, 1)
        layout.addWidget(under)


def _count(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else figure(number, 1)
