"""Repeated samples from q(z|x): the same image, a different z each time."""

from functools import partial

import numpy as np
from PySide6.QtWidgets import QCheckBox, QGridLayout, QSpinBox, QWidget

from vae_explorer.session.session import Session
from vae_explorer.session.views import tables
from vae_explorer.session.views.samples import MAX_SAMPLES, PosteriorSamples
from vae_explorer.ui.theme import UNIT
from vae_explorer.ui.views.lines import Lines
from vae_explorer.ui.views.mean_and_spread import MeanAndSpread
from vae_explorer.ui.views.posterior_grid import PosteriorGrid
from vae_explorer.ui.views.shelf import Shelf, stacked
from vae_explorer.ui.views.taken_apart import TakenApart
from vae_explorer.ui.widgets.numbers import ordinal
from vae_explorer.ui.widgets.panel import button, label
from vae_explorer.ui.widgets.segments import Segments
from vae_explorer.ui.widgets.take_away import Taken, offer

REMARK = "one image, many latent points"
TIP = "Each sample of the same image is a different z and a different picture. Click one to put its z on the sliders."
DRAW = "{} draw of ε for this image"
NOT_Q = "σ × {} is not q(z|x)"
EMPTY = "Drop an image: samples of its posterior appear here."
WORKING = "sampling…"
WIDTH = 208  # pixels of the controls, at 100 %


class PosteriorSamplesView(Shelf):
    """N decoded samples, one of them taken apart, their mean and spread."""

    def __init__(self, session: Session, parent: QWidget | None = None):
        self._session, self._samples = session, session.posterior_samples
        self.title = label("z ~ q(z|x)", role="title")
        self.remark = Lines(REMARK, name="samplesRemark")
        self.resample = button(
            "Resample (R)", self._samples.resample, "Draw new ε: other z for the same image", role="primary"
        )
        self.resample.setObjectName("resample")
        form = self._make_controls()
        head, switches = (
            stacked(*parts, spacing=0) for parts in ((self.title, self.remark), (self.same_eps, self.difference))
        )
        super().__init__(WIDTH, (head, form, switches), (self.resample,), parent)

        self.grid, self.apart, self.summary = PosteriorGrid(), TakenApart(), MeanAndSpread()
        self.parts.addWidget(self.grid, 1)
        self.parts.addWidget(self.apart)
        self.parts.addWidget(self.summary)

        samples = Taken(
            "posterior samples",
            data=partial(tables.of_samples, self._samples),
            command=partial(session.take_away.samples_command, self._samples),
        )
        offer(self.grid, session.take_away, samples)
        offer(self.summary.mean, session.take_away, Taken("mean of the samples"))
        offer(self.summary.spread, session.take_away, Taken("spread of the samples"))

        self._shown: PosteriorSamples | None = None
        self._selected = 0
        self._of: tuple[int, int | None] = (0, None)  # the model and the image
        self.grid.pointed.connect(self._on_pointed)
        self.grid.chosen.connect(self._on_chosen)
        self.apart.pointed.connect(session.latent.point_at)
        self._samples.changed.connect(self._on_changed)
        self._samples.taken_apart.connect(self._on_taken_apart)
        self._samples.settings_changed.connect(self._on_settings_changed)
        session.latent.pointed.connect(self._on_dimension_pointed)
        session.image.images_changed.connect(self._on_changed)
        session.model.changed.connect(self._on_settings_changed)
        self._on_settings_changed()

    def _make_controls(self) -> QGridLayout:
        self.count = QSpinBox()
        self.count.setObjectName("sampleCount")
        self.count.setRange(1, MAX_SAMPLES)
        self.count.setKeyboardTracking(False)
        self.count.setToolTip("Number of samples, up to 256; the first ones stay the same")
        self.count.setAccessibleName("Samples")
        self.count.valueChanged.connect(self._samples.set_count)
        self.multiplier = Segments()
        self.multiplier.setObjectName("sigmaMultiplier")
        self.multiplier.setAccessibleName("σ ×")
        for times in (0, 1, 2, 3):
            tip = "q(z|x) itself" if times == 1 else f"z = μ + {times} · σ · ε: exaggerated, not q(z|x)"
            self.multiplier.add(str(times), str(times), tip)
            self.multiplier.button(str(times)).setAccessibleName(f"σ × {times}")
        self.multiplier.chosen.connect(self._on_multiplier)
        self.same_eps = QCheckBox("keep ε for the next image")
        self.same_eps.setObjectName("sameEps")
        self.same_eps.setToolTip("The next image gets the same ε, so that only μ and σ differ")
        self.same_eps.toggled.connect(self._samples.set_keeps_eps)
        self.difference = QCheckBox("difference from the mean")
        self.difference.setObjectName("sampleDifference")
        self.difference.setToolTip("Each sample minus the mean of the samples: blue darker, red brighter")
        self.difference.toggled.connect(self._on_difference)
        form = QGridLayout()
        form.setHorizontalSpacing(2 * UNIT)
        form.setVerticalSpacing(UNIT)
        form.setColumnStretch(1, 1)
        self._sigma = label("σ ×")
        form.addWidget(label("Samples"), 0, 0)
        form.addWidget(self.count, 0, 1)
        form.addWidget(self._sigma, 1, 0)
        form.addWidget(self.multiplier, 1, 1)
        return form

    def _arrange(self) -> None:
        self.summary.fit(self.width(), self.height() - 2 * UNIT)

    def _on_changed(self) -> None:
        image, shown = self._session.image.image, self._samples.shown
        lacks = self._session.model.lacks
        has_image = image is not None and not lacks("encode")
        self.resample.setEnabled(has_image and not lacks("posterior"))
        if (self._session.model.shown, image) != self._of:
            self._of = self._session.model.shown, image
            self._select(0)
        if not has_image:
            shown = None
        self.grid.set_message((self._samples.failure or ("" if shown else WORKING)) if has_image else EMPTY)
        before, self._shown = self._shown, shown
        if shown is not before:
            self._show()
            if before and shown and not self.difference.isChecked() and _differ_in_eps_only(before, shown):
                self.grid.flash(before.images)
        self._write_remark()
        self._on_taken_apart()

    def _show(self) -> None:
        shown = self._shown
        if shown is None:
            self.grid.show_samples(None)
            self.summary.set_spread(None, None)
        else:
            self.grid.show_samples(shown.images, shown.mean if self.difference.isChecked() else None)
            self.summary.set_spread(shown.mean, shown.spread)

    def _on_difference(self) -> None:
        self._show()

    def _write_remark(self) -> None:
        """What these samples are: draws of q(z|x), which one, or of something wider."""
        settings, why_not = self._samples.settings, self._why_not
        if why_not:
            self.remark.say(why_not, role="caption", tip="")
        elif settings.multiplier != 1:
            self.remark.say(NOT_Q.format(f"{settings.multiplier:g}"), role="warning", tip=TIP)
        else:
            said = DRAW.format(ordinal(settings.seed + 1)) if settings.seed else REMARK
            self.remark.say(said, role="caption", tip=TIP)

    @property
    def _why_not(self) -> str:
        """Why there is nothing to sample from; empty where there is."""
        card = self._session.model.card
        return card.why_not("posterior") if card else ""

    # one sample taken apart

    def _select(self, at: int) -> None:
        """The sample that stays taken apart; the first until one is chosen."""
        self._selected = at
        self.grid.set_selected(at or None)
        self._samples.take_apart(at)

    def _on_pointed(self, at: int) -> None:
        self._samples.take_apart(at if at >= 0 else self._selected)

    def _on_chosen(self, at: int) -> None:
        self._samples.choose(at)
        self._selected = at
        self.grid.set_selected(at)
        self._samples.take_apart(at)

    def _on_taken_apart(self) -> None:
        if self._shown is None or self._why_not:
            self.apart.show_sample(None, self._why_not if self._shown else "")
        else:
            self.apart.show_sample(self._samples.apart, self._samples.apart_failure)

    def _on_dimension_pointed(self) -> None:
        self.apart.light(self._session.latent.pointed_at)

    # settings

    def _on_multiplier(self, times: str) -> None:
        self._samples.set_multiplier(float(times))

    def _on_settings_changed(self) -> None:
        settings = self._samples.settings
        for control, value in ((self.count, settings.count),):
            control.blockSignals(True)
            control.setValue(value)
            control.blockSignals(False)
        self.multiplier.set_value(f"{settings.multiplier:g}")
        self.same_eps.setChecked(settings.keeps_eps)
        self.title.setText("one z" if self._why_not else "z ~ q(z|x)")
        for part in (self.multiplier, self.same_eps, self.difference):
            part.setEnabled(not self._why_not)
        self._on_changed()


def _differ_in_eps_only(one: PosteriorSamples, other: PosteriorSamples) -> bool:
    return (
        one.multiplier == other.multiplier
        and one.eps.shape == other.eps.shape
        and not np.array_equal(one.eps, other.eps)
        and np.array_equal(one.mu, other.mu)
        and np.array_equal(one.sigma, other.sigma)
    )
