"""The lecture's central equation for the current image: log p(x) = reconstruction − KL + gap."""

from functools import partial

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QGridLayout, QSpinBox, QWidget

from vae_explorer.session.session import Session
from vae_explorer.session.threads.guard import guarded
from vae_explorer.session.views import tables
from vae_explorer.session.views.evidence import MAX_IMPORTANCE_DRAWS, Evidence
from vae_explorer.ui.plots.growth_plot import GrowthPlot
from vae_explorer.ui.plots.histogram_plot import HistogramPlot
from vae_explorer.ui.plots.posterior_map import PosteriorMapPlot
from vae_explorer.ui.plots.waterfall import Waterfall
from vae_explorer.ui.theme import UNIT
from vae_explorer.ui.views.lines import Lines
from vae_explorer.ui.views.shelf import Shelf, stacked, turn
from vae_explorer.ui.widgets.numbers import figure, z_name
from vae_explorer.ui.widgets.panel import button, label
from vae_explorer.ui.widgets.take_away import Taken, offer

EXPLANATION = "training raises the ELBO"
TIP = "Training raises the ELBO. The gap is how far q(z|x) is from the true posterior p(z|x)."
NO_BOUND = "training raises log p(x|z) alone"
EQUATION = "log p(x) = reconstruction − KL + gap"
BLIND = "The error covers the random draws only, not parts of p(z|x) that q(z|x) misses."
EARLIER = "These are the figures of an earlier snapshot: the next ones are being estimated."
FIT = (
    "Fit q to this image",
    "Fit the best q(z|x) to just this image, with the decoder frozen: how much of the gap is the encoder's? (Ctrl+F)",
)
CANCEL = "Cancel the fit", "Keep the encoder's q(z|x)"
WIDTH = 208  # pixels of the controls, at 100 %
LATE = 1000  # milliseconds: figures by earlier weights are dimmed from then on; a run has new weights twice a second


class EvidenceView(Shelf):
    """Waterfall, log p̂(x) as K grows, the one-sample ELBO over redraws, and for z of two dimensions p(z|x)."""

    def __init__(self, session: Session, parent: QWidget | None = None):
        self._session, self._evidence = session, session.evidence
        self.explanation = Lines(EXPLANATION)
        form = self._make_form()
        self.again = button("Draw again", self._evidence.redraw, "Take the next seed (Ctrl+D)", name="evidenceRedraw")
        self.fit = button(FIT[0], self._on_fit, FIT[1], role="primary", name="evidenceFit")
        controls = label("log p(x)", role="title"), self.explanation, form
        super().__init__(WIDTH, controls, (self.again, self.fit), parent)
        self.setObjectName("evidenceView")
        self._make_plots()
        self._late = QTimer(self, singleShot=True, interval=LATE)
        self._late.timeout.connect(self._on_late)
        self._is_late = False

        self._evidence.changed.connect(self._on_changed)
        self._evidence.settings_changed.connect(self._on_settings_changed)
        self._on_changed()
        self._on_settings_changed()

    def _make_form(self) -> QGridLayout:
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
        form = QGridLayout()
        form.setHorizontalSpacing(2 * UNIT)
        form.setVerticalSpacing(UNIT)
        form.setColumnStretch(1, 1)
        for line, (text, field) in enumerate((("Draws K", self.count), ("Seed", self.seed))):
            form.addWidget(label(text), line, 0)
            form.addWidget(field, line, 1)
        return form

    def _make_plots(self) -> None:
        """Each with a line above it and one below. What is to be doubted is written where the equation was."""
        self.waterfall, self.growth = Waterfall(), GrowthPlot()
        self.histogram, self.map = HistogramPlot(), PosteriorMapPlot()
        self._offer_plots()
        self.growth.setToolTip(f"{self.growth.toolTip()} {BLIND}")
        self.warning = Lines(EQUATION, name="evidenceWarning")
        self.under_waterfall, self.under_growth, self.under_histogram, self.under_map = (
            Lines(name=name) for name in ("fitText", "growthText", "histogramText", "mapText")
        )
        self.under_waterfall.say("", tip="q is a Gaussian with independent dimensions; p(z|x) need not be one.")
        self.under_growth.say(
            "",
            tip="The draws have unequal weights: they are equivalent to this many equally weighted draws. "
            f"The accuracy of log p(x) depends on it. {BLIND}",
        )
        self.under_map.say("", tip="By numerical integration over both dimensions of z, without draws")
        self._columns = [
            _Column(above, plot, under)
            for above, plot, under in (
                (self.warning, self.waterfall, self.under_waterfall),
                (Lines("log p̂(x) as K grows"), self.growth, self.under_growth),
                (Lines("One-sample ELBO"), self.histogram, self.under_histogram),
                (Lines("True posterior p(z|x) and q(z|x)"), self.map, self.under_map),
            )
        ]
        self._others = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._others.setSpacing(3 * UNIT)
        for column in self._columns[1:]:
            self._others.addWidget(column, 1)
        self.parts.addWidget(self._columns[0], 7)
        self.parts.addLayout(self._others, 8)

    def _arrange(self) -> None:
        """Enlarged, the waterfall is as high as the others together."""
        turn(self._others, is_down=self.is_tall)
        self.parts.setStretch(1, 6 if self.is_tall else 4 * sum(not column.isHidden() for column in self._columns[1:]))

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
        has_no_bound = self._session.model.lacks("elbo")
        self.explanation.say(NO_BOUND if has_no_bound else EXPLANATION, tip="" if has_no_bound else TIP)
        for column in self._columns[1:3]:
            column.setVisible(not reason)
        self._show_map(reason)
        self._show_draws(reason)
        self._arrange()

    @guarded()
    def showEvent(self, event: QShowEvent) -> None:
        self._on_changed()

    @guarded()
    def hideEvent(self, event: QHideEvent) -> None:
        self._late.stop()

    def _show_draws(self, reason: str) -> None:
        shown, failure = self._evidence.shown, self._evidence.failure
        if shown is None or reason:
            self._late.stop()
            for plot in (self.waterfall, self.growth, self.histogram):
                plot.clear()
            self.waterfall.set_message(reason or failure or "drawing z…")
            self.under_growth.say("")
            self.under_histogram.say("")
            self.warning.say("" if reason else EQUATION, role="caption")
            self.under_waterfall.say(self._reconstruction())
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
        self.warning.say(doubt or EQUATION, role="warning" if doubt else "caption")
        if shown.encoded is self._session.image.posterior:
            self._late.stop()
            self._show_late(False)
        elif self._is_late:
            self._show_late(True)
        elif not self._late.isActive():
            self._late.start()

    def _on_late(self) -> None:
        self._show_late(True)

    def _show_late(self, is_late: bool) -> None:
        self._is_late = is_late
        self.waterfall.set_late(is_late)
        if is_late:
            self.under_waterfall.say(EARLIER)

    def _reconstruction(self) -> str:
        """The one figure that a plain autoencoder has."""
        encoded = self._session.image.posterior
        if encoded is None or encoded.reconstruction is None or not self._session.model.lacks("elbo"):
            return ""
        return f"log p(x|z) = {figure(encoded.reconstruction, 1)} nats at the image's z"

    def _write(self, shown: Evidence) -> None:
        self.under_growth.say(f"effective sample size {_count(shown.effective_sample_size)}")
        spread = float(shown.one_sample_elbos.std())
        self.under_histogram.say(f"one draw: ELBO ± {figure(spread, 1)} nats" if shown.draws > 1 else "one draw")
        if left := self._evidence.gaps:
            self.under_waterfall.say(
                f"The encoder's part: {figure(left.amortisation, 2)} nats; "
                f"{figure(left.approximation, 2)} remain with any such q."
            )
        elif self._evidence.fitted is not None and shown.is_whole:
            self.under_waterfall.say("q was fitted with other draws: fit it again to see the encoder's part.")
        elif closed_form := shown.encoded.kl:
            self.under_waterfall.say(
                f"KL in closed form {figure(closed_form, 2)} nats, from these draws {figure(shown.kl, 2)}"
            )

    def _show_map(self, reason: str) -> None:
        snapshot, found, encoded = self._session.model.snapshot, self._evidence.map, self._session.image.posterior
        is_flat = snapshot is not None and snapshot.card.can("exact") and not reason
        self._columns[3].setVisible(is_flat)
        if not is_flat or found is None or encoded is None:
            self.map.clear()
            self.map.set_message((self._evidence.map_failure or "integrating…") if is_flat else None)
            self.under_map.say("")
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
        self.under_map.say(
            "p(z|x) is too long and narrow for an exact log p(x)."
            if found.log_evidence is None
            else f"exact log p(x) {figure(found.log_evidence, 2)} nats"
        )


class _Column(QWidget):
    def __init__(self, above: Lines, plot: QWidget, under: Lines):
        super().__init__()
        column = stacked(above, plot, under)
        column.setStretch(1, 1)
        self.setLayout(column)


def _count(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else figure(number, 1)
