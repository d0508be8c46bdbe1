"""Pictures of z ~ N(0, I): generation."""

from functools import partial

from PySide6.QtWidgets import QDoubleSpinBox, QGridLayout, QHBoxLayout, QSpinBox, QVBoxLayout, QWidget

from vae_explorer.session.session import Session
from vae_explorer.session.views import tables
from vae_explorer.session.views.samples import MAX_SAMPLES
from vae_explorer.ui.theme import UNIT, theme
from vae_explorer.ui.widgets.image_grid import ImageGrid
from vae_explorer.ui.widgets.panel import button, label
from vae_explorer.ui.widgets.take_away import Taken, offer

CLICK = "Click one to put its z on the sliders."
EXPLANATION = f"Generation: z from the prior, decoded. {CLICK}"
EMPTY = "Open a model or train one: pictures decoded from z ~ N(0, I) appear here."


class PriorSamplesView(QWidget):
    """A grid from the prior with temperature and seed."""

    def __init__(self, session: Session, parent: QWidget | None = None):
        super().__init__(parent)
        self._session, self._samples = session, session.prior_samples
        body = QHBoxLayout(self)
        body.setContentsMargins(3 * UNIT, UNIT, 3 * UNIT, UNIT)
        body.setSpacing(4 * UNIT)
        self.grid = ImageGrid(item="sample")
        self.grid.setObjectName("priorSamples")
        self.grid.setAccessibleName("Prior samples")
        self.grid.set_message(EMPTY)
        samples = Taken(
            "prior samples",
            data=partial(tables.of_samples, self._samples),
            command=partial(session.take_away.prior_command, self._samples),
            of_image=False,
        )
        offer(self.grid, session.take_away, samples)
        body.addLayout(self._make_controls())
        body.addWidget(self.grid, 1)

        self.grid.chosen.connect(self._samples.choose)
        self._samples.changed.connect(self._on_changed)
        self._samples.settings_changed.connect(self._on_settings_changed)
        session.model.changed.connect(self._on_settings_changed)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self._on_settings_changed()

    def _make_controls(self) -> QVBoxLayout:
        self.count, self.temperature, self.seed = QSpinBox(), QDoubleSpinBox(), QSpinBox()
        self.count.setRange(1, MAX_SAMPLES)
        self.count.setToolTip("Number of pictures, up to 256")
        self.temperature.setRange(0, 5)
        self.temperature.setSingleStep(0.1)
        self.temperature.setDecimals(2)
        self.temperature.setToolTip("Multiplies z: 1 is the prior, smaller values give more typical pictures")
        self.seed.setRange(0, 2**31 - 1)
        self.seed.setToolTip("The same seed gives the same z, here and in vae-explorer sample")
        form = QGridLayout()
        form.setHorizontalSpacing(2 * UNIT)
        form.setVerticalSpacing(UNIT)
        fields = (
            ("Samples", "priorCount", self.count),
            ("Temperature", "priorTemperature", self.temperature),
            ("Seed", "priorSeed", self.seed),
        )
        for line, (text, name, field) in enumerate(fields):
            field.setObjectName(name)
            field.setAccessibleName(text)
            field.setKeyboardTracking(False)
            form.addWidget(label(text), line, 0)
            form.addWidget(field, line, 1)
        self.count.valueChanged.connect(self._samples.set_count)
        self.temperature.valueChanged.connect(self._samples.set_temperature)
        self.seed.valueChanged.connect(self._samples.set_seed)
        self.again = button("New samples (N)", self._samples.resample, "Take the next seed", role="primary")
        self.again.setObjectName("priorResample")
        self.not_prior = label(role="warning", wrap=True, name="notPrior")
        self.explanation = label(EXPLANATION, role="caption", wrap=True)
        controls = QVBoxLayout()
        controls.setSpacing(UNIT)
        controls.addWidget(label("z ~ N(0, I)", role="title"))
        controls.addWidget(self.explanation)
        controls.addLayout(form)
        controls.addWidget(self.not_prior)
        controls.addStretch(1)
        controls.addWidget(self.again)
        return controls

    def _on_changed(self) -> None:
        if self._samples.shown:
            self.grid.set_images(self._samples.shown.images)
        if self._samples.shown or self._samples.failure:
            self.grid.set_message(self._samples.failure or None)

    def _on_settings_changed(self) -> None:
        settings, card = self._samples.settings, self._session.model.card
        fields = (self.count, self.temperature, self.seed)
        for field in fields:
            field.blockSignals(True)
        self.count.setValue(settings.count)
        self.temperature.setValue(settings.temperature)
        self.seed.setValue(settings.seed)
        for field in fields:
            field.blockSignals(False)
        why_not = card.why_not("prior") if card else ""
        self.explanation.setText(f"{why_not} {CLICK}" if why_not else EXPLANATION)
        warning = (
            "" if settings.temperature == 1 or why_not else f"temperature {settings.temperature:g} is not the prior"
        )
        self.not_prior.setVisible(bool(warning))
        self.not_prior.setText(warning)

    def _on_theme_changed(self) -> None:
        self.explanation.setFixedWidth(theme.pixels(190))
        self.explanation.setMinimumHeight(self.explanation.heightForWidth(theme.pixels(190)))
        self.not_prior.setFixedWidth(theme.pixels(190))
