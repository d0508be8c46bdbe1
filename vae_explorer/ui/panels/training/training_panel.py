"""Training: the form, the buttons, progress, curves, and the reconstructions of eight images."""

from functools import partial

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QProgressBar, QSizePolicy, QVBoxLayout, QWidget

from vae_explorer.session.jobs.data import DataChoice, DataSummary
from vae_explorer.session.session import Session
from vae_explorer.session.training import State
from vae_explorer.session.views import tables
from vae_explorer.training.config import TrainConfig
from vae_explorer.ui.panels.training.config_form import ConfigForm
from vae_explorer.ui.panels.training.resume_offer import ResumeOffer
from vae_explorer.ui.panels.training.what_is_trained import WhatIsTrained
from vae_explorer.ui.plots.bar_plot import BarPlot
from vae_explorer.ui.plots.curve_plot import CurvePlot
from vae_explorer.ui.theme import UNIT, theme
from vae_explorer.ui.widgets.image_strip import ImageStrip
from vae_explorer.ui.widgets.numbers import figure
from vae_explorer.ui.widgets.panel import Help, Panel, button, label, row, scrolling
from vae_explorer.ui.widgets.segments import Segments
from vae_explorer.ui.widgets.take_away import Taken, offer

HELP = Help(
    "Training raises the ELBO, a lower bound of log p(x), for the training images: good reconstructions, and q(z|x) "
    "not far from the prior.",
    "ELBO = E<sub>q(z|x)</sub>[log p(x|z)] − KL(q(z|x) ‖ p(z))",
)
BAR_STEPS = 1000  # of the progress bar
SENTENCES: dict[State, str] = {
    "idle": "Choose images and press Start: the sliders will follow the model as it learns.",
    "loading": "Loading the images…",
    "paused": "Paused.",
    "stopping": "Stopping: the run is being saved…",
    "stopped": "Stopped and saved.",
    "finished": "Finished.",
    "failed": "Training stopped with an error; the last good model is kept.",
}
NOT_BEGUN: dict[State, str] = {"stopped": "Stopped before training began.", "failed": "Training has not started. {}"}
START = "Train a new model with these settings"
WAIT = "{} is still being read: training can start when that is done"


class TrainingPanel(Panel):
    """Start, pause, resume and stop one run, and follow it.

    Signals:
        save_asked(): the trained model is to be saved
    """

    save_asked = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None):
        super().__init__("Train", "", parent, help=HELP)
        self.setObjectName("trainingPanel")
        self._session, self._training, self._data = session, session.training, session.data
        self._shown: TrainConfig | None = None  # that of the run for which the form is locked
        self._for_next = ""  # a data set that was brought in while the form was locked
        self._chosen_before = ""  # the form's data set before the one that is being read
        self.what_button = button(
            "What is being trained ▸", self._on_what, "Data, model, parameters, objective, algorithm", role="link"
        )
        self.what_button.setObjectName("trainWhat")
        self.header.addWidget(self.what_button)

        inside = QWidget()
        self._inside = QVBoxLayout(inside)
        self._inside.setContentsMargins(0, 0, 0, 0)
        self._inside.setSpacing(2 * UNIT)
        self.body.addWidget(scrolling(inside), 1)

        self.what = WhatIsTrained()
        self.what.hide()
        self._inside.addWidget(self.what)
        self.form = ConfigForm(self._training.config)
        self.form.changed.connect(self._on_form_changed)
        self._inside.addWidget(self.form)
        self._add_buttons()
        self._add_views()
        self._inside.addStretch(1)

        self._training.state_changed.connect(self._on_state_changed)
        self._training.progressed.connect(self._on_progressed)
        self._training.reported.connect(self._on_reported)
        self._training.reconstructed.connect(self._on_reconstructed)
        self._training.run_opened.connect(self._on_run_opened)
        session.model.models_changed.connect(self._on_models_changed)
        self._data.choices_changed.connect(self._on_choices_changed)
        self._data.chosen.connect(self._on_data_chosen)
        self._data.described.connect(self._on_described)
        self._data.given_up.connect(self._on_data_given_up)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self._on_choices_changed()
        self._on_state_changed()

    def _add_buttons(self) -> None:
        self.start = button("▶ Start", self._on_start, START, role="primary")
        self.start.setObjectName("trainStart")
        self.pause = button("❚❚ Pause", self._on_pause, "Pause after the current step; nothing is lost")
        self.pause.setObjectName("trainPause")
        self.stop = button("■ Stop", self._training.stop, "End the run and keep its model; it can be resumed later")
        self.stop.setObjectName("trainStop")
        buttons = row(self.start, self.pause, self.stop, spacing=UNIT)
        buttons.insertStretch(1)
        self._inside.addLayout(buttons)
        self.resume = ResumeOffer(self._session, self.form)
        self.resume.pressed.connect(self.stop.setFocus)
        self.save = button("Save model as…", self.save_asked.emit, "Save the trained model to a file")
        self.save.setObjectName("trainSave")
        self.back = button("", self._session.model.drop_trained, "Show the opened model again and discard this one")
        self.back.setObjectName("trainBack")
        after = row(self.save, self.back, spacing=UNIT)
        after.addStretch(1)
        self._inside.addWidget(self.resume)
        self._inside.addLayout(after)
        self.progress = QProgressBar()
        self.progress.setObjectName("trainProgress")
        self.progress.setRange(0, BAR_STEPS)
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Progress of the training")
        self.sentence = label(role="caption", wrap=True, name="trainSentence")
        self.next = label(role="caption", wrap=True, name="trainNext")
        for part in (self.progress, self.sentence, self.next):
            self._inside.addWidget(part)

    def _add_views(self) -> None:
        self.which = Segments()
        self.which.setObjectName("trainCurve")
        self.which.add("elbo", "ELBO", "The evidence lower bound, nats per image; orange: training, blue: validation")
        self.which.add(
            "reconstruction", "recon.", "E_q[log p(x|z)], nats per image; orange: training, blue: validation"
        )
        self.which.add("kl", "KL", "KL(q(z|x) ‖ N(0, I)), nats per image; orange: training, blue: validation")
        self.which.chosen.connect(self._on_reported)
        self.last = label(role="caption", name="trainLast")
        self.last.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.last.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.last.setToolTip("Orange: training images since the last report. Blue: validation images. Nats per image.")
        title = row(self.which)
        title.addWidget(self.last, 1)
        self.curves = CurvePlot("Training curves")
        self.curves.setObjectName("trainCurves")
        self.bars_title, self.bars_sum = label("KL of each dimension", role="title"), label(role="caption")
        bars_row = row(self.bars_title)
        bars_row.addStretch(1)
        bars_row.addWidget(self.bars_sum)
        self.bars = BarPlot()
        self.bars.setObjectName("trainKl")
        away, training = self._session.take_away, self._training
        offer(self.curves, away, Taken("training curves", data=partial(tables.of_curves, training), of_image=False))
        offer(self.bars, away, Taken("KL of each dimension", data=partial(tables.of_kl, training), of_image=False))
        self.examples = ImageStrip(rows=2, tile=26)
        self.examples.grid.setObjectName("trainReconstructions")
        offer(self.examples.grid, away, Taken("reconstructions", of_image=False))
        self.examples.grid.setAccessibleName("Eight validation images and their reconstructions")
        self.examples.grid.setToolTip("Top: validation images. Bottom: their current reconstructions.")
        self.views = QWidget()
        views = QVBoxLayout(self.views)
        views.setContentsMargins(0, 0, 0, 0)
        views.setSpacing(UNIT)
        views.addLayout(title)
        views.addWidget(self.curves)
        views.addLayout(bars_row)
        views.addWidget(self.bars)
        views.addWidget(self.examples)
        self._inside.addWidget(self.views)

    def _on_start(self) -> None:
        try:
            config = self.form.config()
        except ValueError as error:
            self._session.failed.emit(str(error))
            return
        self._training.start(config)
        self.stop.setFocus()

    def _on_pause(self) -> None:
        if self._training.state == "paused":
            self._training.resume()
        else:
            self._training.pause()

    def _on_run_opened(self) -> None:
        self.form.set_config(self._training.config)
        run = self._training.run
        if run and run.is_finished and not self._training.is_active:
            self.sentence.setText(f"{run.folder.name} is finished: these are its curves and its settings.")

    def _on_what(self) -> None:
        self.what.setVisible(not self.what.isVisibleTo(self))
        self.what_button.setText(f"What is being trained {'▾' if self.what.isVisibleTo(self) else '▸'}")
        self._on_form_changed()

    def _on_form_changed(self) -> None:
        self._on_start_changed()
        self.resume.show_epochs()
        training = self._training
        try:
            config = training.config if training.is_active else self.form.config()
        except ValueError as error:
            self.what.text.setText(str(error))
            return
        self.what.show_config(config, training.abilities(config), training.facts if training.is_active else None)

    def _on_start_changed(self) -> None:
        """Start waits for the images that the form names."""
        reading = self._data.reading
        waits = reading is not None and self.form.data == reading.data
        tip = WAIT.format(reading.title) if reading and waits else START
        self.start.setEnabled(not (self._training.is_active or waits))
        self.start.setToolTip(tip)
        self.start.setAccessibleDescription(tip)

    def _on_choices_changed(self) -> None:
        self.form.set_data_choices([(choice.data, self._title(choice)) for choice in self._data.choices])
        self._on_start_changed()
        self._show_next()

    def _title(self, choice: DataChoice) -> str:
        if self._data.is_reading(choice.data):
            return f"{choice.title} (reading…)"
        size = f" ({choice.download_bytes / 1e6:.0f} MB download)" if choice.download_bytes else ""
        return f"{choice.title}{size}"

    def _on_data_chosen(self, data: str) -> None:
        """The form names it at once; that of a run stays as it is, and the next one can have it."""
        self._for_next = data
        self._offer_data()

    def _on_described(self, summary: DataSummary) -> None:
        if self._training.is_active:
            self._for_next = summary.data
            self._show_next()
            return
        self.sentence.setText(str(summary))
        self._take_likelihood(summary.data)

    def _on_data_given_up(self, data: str) -> None:
        if self._for_next == data:
            self._for_next = ""
        if self._training.is_active or self.form.data != data:
            return
        self.form.set_data(self._chosen_before)
        self._say_state()

    def _offer_data(self) -> None:
        """Puts what was brought in into the form, unless that is a run's."""
        if self._for_next and not self._training.is_active:
            self._chosen_before, data, self._for_next = self.form.data, self._for_next, ""
            self.form.set_data(data)
            if self._data.reading and self._data.is_reading(data):
                self.sentence.setText(f"{WAIT.format(self._data.reading.title)}.")
            else:
                self._take_likelihood(data)
        self._show_next()

    def _take_likelihood(self, data: str) -> None:
        """A new data set brings the likelihood that suits it; the user may choose another."""
        summary = self._data.summary(data)
        if summary and self.form.data == data:
            self.form.set_field("likelihood", summary.likelihood)

    def _show_next(self) -> None:
        """What the next run can be made from; the form shows the data of the present one."""
        summary, reading = self._data.summary(self._for_next), self._data.reading
        if reading and reading.data == self._for_next:
            self.next.setText(f"{reading.title} is being read for the next run.")
        elif summary:
            self.next.setText(f"{summary.name} is ready for the next run.")
        self.next.setVisible(bool(self._for_next))

    def _on_state_changed(self) -> None:
        state, active = self._training.state, self._training.is_active
        self.form.setEnabled(not active)
        if active and self._shown is not self._training.config:
            self.form.set_config(self._training.config)
        self._shown = self._training.config if active else None
        self.pause.setEnabled(state in ("running", "paused"))
        self.pause.setText("▶ Resume" if state == "paused" else "❚❚ Pause")
        self.stop.setEnabled(active and state != "stopping")
        self.progress.setRange(0, 0 if state == "loading" else BAR_STEPS)
        self.progress.setVisible(active)
        self._say_state()
        self._show_views()
        self._show_what_there_is()
        self._on_models_changed()
        self.resume.refresh()
        run = self.resume.interrupted
        if run and state == "idle":
            epoch = (run.last_report() or {}).get("epoch", 0.0)
            self.sentence.setText(f"{run.folder.name} stopped at epoch {epoch:.1f} of {run.config.epochs}.")
        if not active:
            self._on_choices_changed()
            self._offer_data()
        self._on_form_changed()
        self._on_reported()

    def _say_state(self) -> None:
        state = self._training.state
        sentences = SENTENCES if self._training.has_begun else {**SENTENCES, **NOT_BEGUN}
        if state in sentences:
            self.sentence.setText(sentences[state].format(self._training.reason))

    def _show_what_there_is(self) -> None:
        """A model without an ELBO has one curve and no KL."""
        has_elbo = "elbo" in self._training.abilities(self._training.config)
        for key in ("elbo", "kl"):
            self.which.button(key).setVisible(has_elbo)
        if not has_elbo:
            self.which.set_value("reconstruction")
        for part in (self.bars_title, self.bars_sum, self.bars):
            part.setVisible(has_elbo)

    def _on_models_changed(self) -> None:
        """What can be done with a trained model, once its run is over."""
        active = self._training.is_active
        has_training = self._session.model.trained is not None
        opened = self._session.model.opened
        self.save.setVisible(has_training and not active)
        self.back.setVisible(has_training and not active)
        self.back.setText(f"Back to {opened.name}" if opened else "Close this model")

    def _on_progressed(self) -> None:
        progress = self._training.progress
        if progress is None or self._training.state not in ("running", "loading"):
            return
        if progress.fraction is not None:
            self.progress.setRange(0, BAR_STEPS)
            self.progress.setValue(round(BAR_STEPS * progress.fraction))
        epoch = getattr(progress, "epoch", None)
        if epoch is None:
            of = f" of {progress.total:,}" if progress.total else ""
            self.sentence.setText(f"{progress.done:,}{of} {progress.what}")
            return
        speed, left = progress.images_per_second, progress.seconds_left  # type: ignore[attr-defined]
        remaining = "" if left is None else f" · {int(left) // 60}:{int(left) % 60:02d} left"
        epochs = progress.epochs  # type: ignore[attr-defined]
        self.sentence.setText(f"epoch {epoch:.1f}/{epochs} · {speed:,.0f} img/s{remaining}")

    def _show_views(self) -> None:
        training = self._training
        self.views.setVisible(
            bool(training.curves.epochs) or training.is_reading_curves or training.state in ("running", "paused")
        )

    def _on_reported(self) -> None:
        self._show_views()
        curves, key = self._training.curves, self.which.property("value")
        if not curves.epochs:  # none yet, or those of another run, which are being read
            self.curves.set_curves({})
            self.last.clear()
            self.bars.clear()
            self.bars_sum.clear()
            return
        self.curves.set_curves(
            {
                "train": (np.array(curves.epochs), np.array(curves.train[key])),
                "validation": (np.array(curves.validation_epochs), np.array(curves.validation[key])),
            }
        )
        colours = theme.colours
        text = f"<span style='color:{colours.train}'>{_short(curves.train[key][-1])}</span>"
        if curves.validation_epochs:
            text += f" · <span style='color:{colours.validation}'>{_short(curves.validation[key][-1])}</span>"
        self.last.setText(text)
        kl = np.array(self._training.kl_per_dimension)
        if len(kl):
            self.bars.set_values(kl, np.argsort(-kl, kind="stable"))
            self.bars_sum.setText(f"{figure(kl.sum(), 1)} nats")

    def _on_reconstructed(self) -> None:
        shown = self._training.reconstructions
        self.examples.grid.set_images(None if shown is None else np.concatenate([shown.x, shown.images]))
        self.examples.updateGeometry()

    def _on_theme_changed(self) -> None:
        self.setMinimumWidth(theme.pixels(264))
        self.curves.setFixedHeight(theme.pixels(74))
        self.bars.setFixedHeight(theme.pixels(44))
        self._on_reported()


def _short(nats: float) -> str:
    return figure(nats, 1 if abs(nats) < 1000 else 0)
