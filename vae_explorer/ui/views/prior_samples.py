"""Pictures of z ~ N(0, I): generation."""

from functools import partial

from PySide6.QtWidgets import QDoubleSpinBox, QGridLayout, QSpinBox, QWidget

from vae_explorer.session.session import Session
from vae_explorer.session.views import tables
from vae_explorer.session.views.samples import MAX_SAMPLES
from vae_explorer.ui.theme import UNIT
from vae_explorer.ui.views.lines import Lines
from vae_explorer.ui.views.shelf import Shelf
from vae_explorer.ui.widgets.image_grid import ImageGrid
from vae_explorer.ui.widgets.panel import button, label
from vae_explorer.ui.widgets.take_away import Taken, offer

CLICK = "Click one to put its z on the sliders."
EXPLANATION = "generation: z from the prior, decoded"
NOT_PRIOR = "temperature {} is not the prior"
EMPTY = "Open a model or train one: pictures decoded from z ~ N(0, I) appear here."
WORKING = "sampling…"
WIDTH = 208  # pixels of the controls, at 100 %


class PriorSamplesView(Shelf):
    """A grid from the prior with temperature and seed."""

    def __init__(self, session: Session, parent: QWidget | None = None):
        self._session, self._samples = session, session.prior_samples
        self.remark = Lines(EXPLANATION, 2, name="priorRemark")
        form = self._make_controls()
        self.again = button("New samples (N)", self._samples.resample, "Take the next seed", role="primary")
        self.again.setObjectName("priorResample")
        super().__init__(WIDTH, (label("z ~ N(0, I)", role="title"), self.remark, form), (self.again,), parent)
        self.grid = ImageGrid(item="sample")
        self.grid.setObjectName("priorSamples")
        self.grid.setAccessibleName("Prior samples")
        self.parts.addWidget(self.grid, 1)
        samples = Taken(
            "prior samples",
            data=partial(tables.of_samples, self._samples),
            command=partial(session.take_away.prior_command, self._samples),
            of_image=False,
        )
        offer(self.grid, session.take_away, samples)

        self.grid.chosen.connect(self._samples.choose)
        self._samples.changed.connect(self._on_changed)
        self._samples.settings_changed.connect(self._on_settings_changed)
        session.model.changed.connect(self._on_settings_changed)
        self._on_settings_changed()

    def _make_controls(self) -> QGridLayout:
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
        form.setColumnStretch(1, 1)
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
        return form

    def _on_changed(self) -> None:
        shown, failure, has_model = self._samples.shown, self._samples.failure, self._session.model.card is not None
        self.again.setEnabled(has_model)
        self.grid.set_images(shown.images if shown else None)
        self.grid.set_message((failure or ("" if shown else WORKING)) if has_model else EMPTY)

    def _on_settings_changed(self) -> None:
        settings, card = self._samples.settings, self._session.model.card
        values = ((self.count, settings.count), (self.temperature, settings.temperature), (self.seed, settings.seed))
        for field, value in values:
            field.blockSignals(True)
            field.setValue(value)  # type: ignore[arg-type]
            field.blockSignals(False)
        why_not = card.why_not("prior") if card else ""
        if settings.temperature != 1 and not why_not:
            self.remark.say(NOT_PRIOR.format(f"{settings.temperature:g}"), role="warning", tip=CLICK)
        else:
            self.remark.say(why_not or EXPLANATION, role="caption", tip=CLICK)
        self._on_changed()
