"""Repeated samples from q(z|x): the same image, a different z each time."""

from functools import partial

import numpy as np
from PySide6.QtCore import Property, Qt
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QSpinBox, QVBoxLayout, QWidget

from vae_explorer.session.session import Session
from vae_explorer.session.views import tables
from vae_explorer.session.views.samples import MAX_SAMPLES, PosteriorSamples
from vae_explorer.ui.theme import UNIT, theme
from vae_explorer.ui.widgets.image_grid import ImageGrid
from vae_explorer.ui.widgets.image_view import ImageView
from vae_explorer.ui.widgets.numbers import figure, z_name
from vae_explorer.ui.widgets.panel import button, label
from vae_explorer.ui.widgets.segments import Segments
from vae_explorer.ui.widgets.take_away import Taken, offer

EXPLANATION = "Each sample of the same image is a different z and a different picture."
APART = "Point at a sample to see its z = μ + σ · ε. Click it to put z on the sliders."
NOT_Q = "σ × {} is not q(z|x)"
EMPTY = "Drop an image: samples of its posterior appear here."
MIN_SPREAD = 0.005  # of a pixel: less is written as 0.00, and shown as none
TERMS = 6  # dimensions of a sample that are written out


class PosteriorSamplesView(QWidget):
    """N decoded samples, their mean and spread, and one sample taken apart: z = mu + sigma · eps."""

    def __init__(self, session: Session, parent: QWidget | None = None):
        super().__init__(parent)
        self._session, self._samples = session, session.posterior_samples
        self._taken_apart = -1
        body = QHBoxLayout(self)
        body.setContentsMargins(3 * UNIT, UNIT, 3 * UNIT, UNIT)
        body.setSpacing(2 * UNIT)

        self.grid = PosteriorGrid(item="sample")
        self.grid.setObjectName("posteriorSamples")
        self.grid.setAccessibleName("Posterior samples")
        samples = Taken(
            "posterior samples",
            data=partial(tables.of_samples, self._samples),
            command=partial(session.take_away.samples_command, self._samples),
        )
        offer(self.grid, session.take_away, samples)
        self.mean, self.spread = ImageView(), ImageView()
        offer(self.mean, session.take_away, Taken("mean of the samples"))
        offer(self.spread, session.take_away, Taken("spread of the samples"))
        self.mean.setAccessibleName("Mean of the samples")
        self.spread.setAccessibleName("Spread of each pixel")
        self.spread_text = label("spread", role="caption")
        self.apart = label(role="caption", wrap=True, name="takenApart")
        self.apart.setAlignment(Qt.AlignmentFlag.AlignTop)
        body.addLayout(self._make_controls())
        body.addWidget(self.grid, 1)
        body.addLayout(self._make_summary())

        self.grid.pointed.connect(self._on_pointed)
        self.grid.chosen.connect(self._samples.choose)
        self._samples.changed.connect(self._on_changed)
        self._samples.settings_changed.connect(self._on_settings_changed)
        session.image.images_changed.connect(self._on_images_changed)
        session.model.changed.connect(self._on_settings_changed)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self._on_settings_changed()
        self._on_images_changed()

    def _make_controls(self) -> QVBoxLayout:
        self.count, self.same_eps, self.difference = (
            QSpinBox(),
            QCheckBox("same eps for all images"),
            QCheckBox("difference from the mean"),
        )
        self.count.setObjectName("sampleCount")
        self.count.setRange(1, MAX_SAMPLES)
        self.count.setKeyboardTracking(False)
        self.count.setToolTip("Number of samples, up to 256; the first ones stay the same")
        self.count.setAccessibleName("Samples")
        self.count.valueChanged.connect(self._samples.set_count)
        self.same_eps.setObjectName("sameEps")
        self.same_eps.setToolTip("Keep the same eps when another image is chosen, so that only mu and sigma differ")
        self.same_eps.toggled.connect(self._samples.set_keeps_eps)
        self.difference.setObjectName("sampleDifference")
        self.difference.setToolTip(
            "Show each sample's difference from the mean of the samples: blue darker, red brighter"
        )
        self.difference.toggled.connect(self._show)
        self.multiplier = Segments()
        self.multiplier.setObjectName("sigmaMultiplier")
        for times in (0, 1, 2, 3):
            tip = "q(z|x) itself" if times == 1 else f"z = mu + {times} · sigma · eps: exaggerated, not q(z|x)"
            self.multiplier.add(str(times), f"×{times}", tip)
        self.multiplier.chosen.connect(self._on_multiplier)
        self.resample = button(
            "Resample (R)", self._samples.resample, "Draw new eps: new z for the same image", role="primary"
        )
        self.resample.setObjectName("resample")
        self.not_q = label(role="warning", wrap=True, name="notPosterior")

        form = QGridLayout()
        form.setHorizontalSpacing(UNIT)
        form.setVerticalSpacing(UNIT)
        form.addWidget(label("Samples"), 0, 0)
        form.addWidget(self.count, 0, 1)
        self._sigma = label("σ")
        form.addWidget(self._sigma, 1, 0)
        form.addWidget(self.multiplier, 1, 1)
        controls = QVBoxLayout()
        controls.setSpacing(UNIT)
        self.title = label("z ~ q(z|x)", role="title")
        self.explanation = label(EXPLANATION, role="caption", wrap=True)
        controls.addWidget(self.title)
        controls.addWidget(self.explanation)
        controls.addLayout(form)
        controls.addWidget(self.not_q)
        controls.addStretch(1)
        controls.addWidget(self.resample)
        return controls

    def _make_summary(self) -> QHBoxLayout:
        summary = QHBoxLayout()
        summary.setSpacing(3 * UNIT)
        for view, text, tip in (
            (self.mean, label("mean", role="caption"), "The average of these pictures"),
            (self.spread, self.spread_text, "The standard deviation of each pixel over these pictures"),
        ):
            column = QVBoxLayout()
            column.setSpacing(UNIT)
            view.setToolTip(tip)
            text.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(view)
            column.addWidget(text)
            column.addStretch(1)
            summary.addLayout(column)
        right = QVBoxLayout()
        right.setSpacing(UNIT)
        right.addWidget(self.difference)
        right.addWidget(self.same_eps)
        right.addWidget(self.apart)
        right.addStretch(1)
        summary.addLayout(right)
        return summary

    def _on_changed(self) -> None:
        if self._samples.shown or self._samples.failure:
            self.grid.set_message(self._samples.failure or None)
        self._show()

    def _show(self) -> None:
        shown = self._samples.shown
        if shown is None:
            return
        self.grid.samples = shown.images
        if self.difference.isChecked():
            away = shown.images - shown.mean
            scale = float(np.abs(away).max()) or 1.0
            self.grid.set_colours("diverging", scale)
            self.grid.set_images(away)
        else:
            self.grid.set_colours("grey")
            self.grid.set_images(shown.images)
        self.mean.set_image(shown.mean)
        top = float(shown.spread.max())
        self.spread.set_image(shown.spread[None], "viridis", top if top >= MIN_SPREAD else 1.0)
        self.spread_text.setText(f"spread, 0 … {figure(top, 2)}")
        self._on_pointed(self._taken_apart)

    def _on_pointed(self, at: int) -> None:
        """One sample taken apart; the widest dimensions first, since they make the picture differ most."""
        shown, self._taken_apart = self._samples.shown, at
        is_one_point = self._session.model.lacks("posterior")
        if shown is None or is_one_point or not 0 <= at < len(shown.z):
            self.apart.setText("" if is_one_point else APART)
            return
        self.apart.setText(_taken_apart(shown, at))

    def _on_multiplier(self, times: str) -> None:
        self._samples.set_multiplier(float(times))

    def _on_settings_changed(self) -> None:
        self.count.blockSignals(True)
        self.count.setValue(self._samples.settings.count)
        self.count.blockSignals(False)
        times, card = self._samples.settings.multiplier, self._session.model.card
        self.multiplier.set_value(f"{times:g}")
        why_not = card.why_not("posterior") if card else ""
        self.title.setText("one z" if why_not else "z ~ q(z|x)")
        self.explanation.setText(why_not or EXPLANATION)
        for part in (self._sigma, self.multiplier, self.same_eps, self.difference):
            part.setVisible(not why_not)
        warning = "" if times == 1 or why_not else NOT_Q.format(f"{times:g}")
        self.not_q.setVisible(bool(warning))
        self.not_q.setText(warning)
        self._on_pointed(self._taken_apart)
        self._on_images_changed()

    def _on_images_changed(self) -> None:
        has_image = self._session.image.image is not None and not self._session.model.lacks("encode")
        self.resample.setEnabled(has_image and not self._session.model.lacks("posterior"))
        if not has_image:
            self.grid.samples = None
            self.grid.set_images(None)
            self.grid.set_message(EMPTY)
            for view in (self.mean, self.spread):
                view.set_image(None)

    def _on_theme_changed(self) -> None:
        self.explanation.setFixedWidth(theme.pixels(160))
        self.explanation.setMinimumHeight(self.explanation.heightForWidth(theme.pixels(160)))
        self.not_q.setFixedWidth(theme.pixels(160))
        self.apart.setFixedWidth(theme.pixels(190))
        for view in (self.mean, self.spread):
            view.setFixedSize(theme.pixels(114), theme.pixels(114))
        self._on_pointed(self._taken_apart)


class PosteriorGrid(ImageGrid):
    """The grid of the samples; `value` is the decoded images also while their difference from the mean is shown."""

    samples: np.ndarray | None = None

    def _get_samples(self) -> np.ndarray | None:
        return self.samples

    value = Property(object, _get_samples)


def _taken_apart(shown: PosteriorSamples, at: int) -> str:
    colours = theme.colours
    sigma = shown.sigma * shown.multiplier
    widest = np.argsort(-np.abs(sigma * shown.eps[at]), kind="stable")[:TERMS]
    lines = [
        f"<b>sample {at + 1}</b>, z = μ + σ · ε" + ("" if shown.multiplier == 1 else f" (σ × {shown.multiplier:g})")
    ]
    for j in widest:
        lines.append(
            f"{z_name(int(j))} <span style='color:{colours.z}'>{figure(shown.z[at, j], 2, sign=True)}</span> = "
            f"<span style='color:{colours.mu}'>{figure(shown.mu[j], 2, sign=True)}</span> + "
            f"<span style='color:{colours.sigma}'>{figure(sigma[j], 2)}</span> · "
            f"<span style='color:{colours.eps}'>{figure(shown.eps[at, j], 2, sign=True)}</span>"
        )
    more = len(shown.mu) - len(widest)
    return "<br>".join(lines + ([f"and {more} smaller"] if more > 0 else []))
