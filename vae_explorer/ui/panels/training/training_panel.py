"""Setting up a run: the form, what is being trained, Start, and runs that can be continued."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from vae_explorer.errors import shown
from vae_explorer.session.jobs.data import DataChoice, DataSummary
from vae_explorer.session.session import Session
from vae_explorer.training.config import TrainConfig
from vae_explorer.ui.panels.training.config_form import ConfigForm
from vae_explorer.ui.panels.training.data_sheet import READING, DataSheet
from vae_explorer.ui.panels.training.resume_offer import ResumeOffer
from vae_explorer.ui.panels.training.what_is_trained import WhatIsTrained
from vae_explorer.ui.theme import UNIT
from vae_explorer.ui.widgets.panel import GutterArea, Help, Panel, Sentence, button

HELP = Help(
    "Training raises the ELBO, a lower bound of log p(x): good reconstructions, with q(z|x) near the prior.",
    "ELBO = E<sub>q(z|x)</sub>[log p(x|z)] − KL(q(z|x) ‖ p(z))",
)
CHOOSE = "Choose images and press Start: the sliders will follow the model as it learns."
LOCKED = "These are the options of the run in the bar at the bottom."
NOT_STARTED = "Training has not started. {}"
START = "Train a new model with these settings"
WAIT = "{} is still being read: training can start when that is done"
MAX_NAME = 40  # characters in a sentence


class TrainingPanel(Panel):
    """The form of a run, and the button that starts it. How the run is then is said elsewhere: see RunBar.

    Signals:
        started(): the user has started or resumed a run here, so the focus can go to its buttons
    """

    started = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None):
        super().__init__("Train", "", parent, help=HELP)
        self.setObjectName("trainingPanel")
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # a click beside a control takes the focus, and the wheel, away
        self._session, self._training = session, session.training
        self._data, self._next = session.data, session.next_run
        self._locked_for: TrainConfig | None = None  # that of the run for which the form is locked
        self._chosen_before = ""  # the form's data set before the one that is being read
        self._suits = (
            "",
            "",
        )  # a data set, and the likelihood that suited it when the form took that; "": takes the next
        self._make_parts()

        self._training.state_changed.connect(self._on_state_changed)
        self._training.run_opened.connect(self._on_run_opened)
        self._data.choices_changed.connect(self._on_choices_changed)
        self._data.chosen.connect(self._on_data_chosen)
        self._data.described.connect(self._on_described)
        self._data.looked.connect(self._on_looked)
        self._data.given_up.connect(self._on_data_given_up)
        self._next.changed.connect(self._show_next)
        self._on_choices_changed()
        self._on_state_changed()

    def _make_parts(self) -> None:
        self.what_button = button(
            "What is being trained ▸", self._on_what, "Data, model, parameters, objective, algorithm", role="link"
        )
        self.what_button.setObjectName("trainWhat")
        self.what = WhatIsTrained()
        self.what.hide()
        self.form = ConfigForm(self._training.config)
        self.form.changed.connect(self._on_form_changed)
        self.start = button("▶ Start", self._on_start, START, role="primary", name="trainStart")
        self.form.field("data").activated.connect(self._on_data_picked)
        self.form.field("likelihood").activated.connect(self._on_likelihood_picked)
        self.sheet = DataSheet(self._session, self.form)
        self.form.add_below("data", self.sheet)
        self.resume = ResumeOffer(self._session, self.form)
        self.resume.pressed.connect(self.started)
        self.sentence = Sentence(name="trainSentence")
        self.next = Sentence(name="trainNext")
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2 * UNIT)
        layout.addWidget(self.what_button)
        for part in (self.what, self.form, self.resume, self.sentence, self.next):
            layout.addWidget(part)
        layout.addStretch(1)
        self.body.addWidget(GutterArea(inside), 1)
        self.body.addWidget(self.start)  # in sight however much is said of the images
        self.form.set_start(self.start)

    def _on_start(self) -> None:
        try:
            config = self.form.config()
        except ValueError as error:
            self._session.failed.emit(str(error))
            return
        self._training.start(config)
        self.started.emit()

    def _on_what(self) -> None:
        self.what.setVisible(not self.what.isVisibleTo(self))
        self.what_button.setText(f"What is being trained {'▾' if self.what.isVisibleTo(self) else '▸'}")
        self._on_form_changed()

    def _on_form_changed(self) -> None:
        self._on_start_changed()
        self.sheet.follow()
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

    # the run

    def _on_run_opened(self) -> None:
        self.form.set_config(self._training.config)
        run = self._training.run
        if run and run.is_finished and not self._training.is_active:
            self._say(f"{_short(run.folder.name)} is finished: these are its curves and its settings.")

    def _on_state_changed(self) -> None:
        training, is_active = self._training, self._training.is_active
        self.form.set_locked(is_active)
        if is_active and self._locked_for is not training.config:
            self.form.set_config(training.config)
        self._locked_for = training.config if is_active else None
        self._say_state()
        self.resume.refresh()
        run = self.resume.interrupted
        if run and training.state == "idle":
            epoch = (run.last_report() or {}).get("epoch", 0.0)
            self._say(f"{_short(run.folder.name)} stopped at epoch {epoch:.1f} of {run.config.epochs}.")
        if not is_active:
            self._on_choices_changed()
            self._offer_data(self._next.take())
        self._on_form_changed()

    def _say_state(self) -> None:
        training = self._training
        if training.is_active:
            self._say(LOCKED)
        elif training.state == "failed" and not training.has_begun:
            self._say(NOT_STARTED.format(training.reason))
        else:
            self._say(CHOOSE)

    def _say(self, sentence: str) -> None:
        self.sentence.setText(sentence)
        self.sentence.setToolTip(sentence)

    # its images

    def _on_choices_changed(self) -> None:
        self.form.set_data_choices([(choice.data, self._title(choice)) for choice in self._data.choices])
        self._on_start_changed()

    def _title(self, choice: DataChoice) -> str:
        if self._data.is_reading(choice.data):
            return f"{choice.title} (reading…)"
        size = f" ({choice.download_bytes / 1e6:.0f} MB download)" if choice.download_bytes else ""
        return f"{choice.title}{size}"

    def _on_data_chosen(self, data: str) -> None:
        """The form names it at once; while it is locked, the next run can have it."""
        if not self._training.is_active:
            self._offer_data(data)

    def _on_described(self, summary: DataSummary) -> None:
        if not self._training.is_active:
            self._say(str(summary))
            self._take_likelihood(summary.data)

    def _on_data_picked(self) -> None:
        """The user has chosen from the list."""
        data = self.form.data
        self._read_as_before(data)
        self._suits = (data, "")
        if not self.sheet.look_at_hand():
            self._take_likelihood(data)

    def _on_likelihood_picked(self) -> None:
        """The user has chosen one: no reading of these images changes it again."""
        self._suits = ("", "")

    def _read_as_before(self, data: str) -> None:
        """Each data set has its own way to be read, which is found from its images at first."""
        summary = self._data.summary(data)
        reading = summary.asked if summary else TrainConfig().reading
        for name in READING:
            self.form.set_field(name, getattr(reading, name))

    def _on_looked(self, data: str) -> None:
        """Images that were read in another way may ask for another likelihood."""
        summary = self._data.summary(data)
        is_new = summary is not None and self._suits[0] == data and self._suits[1] != summary.likelihood
        if is_new and not self._training.is_active:
            self._take_likelihood(data)

    def _on_data_given_up(self, data: str) -> None:
        if not self._training.is_active and self.form.data == data:
            self.form.set_data(self._chosen_before)
            self._read_as_before(self._chosen_before)
            self._say_state()

    def _offer_data(self, data: str) -> None:
        """Puts what was brought in, if anything, into the form."""
        if not data:
            return
        self._chosen_before = self.form.data
        self.form.set_data(data)
        self._read_as_before(data)
        if self._data.reading and self._data.is_reading(data):
            self._say(f"{WAIT.format(self._data.reading.title)}.")
        else:
            self._take_likelihood(data)

    def _take_likelihood(self, data: str) -> None:
        """A new data set brings the likelihood that suits it; the user may choose another."""
        summary = self._data.summary(data)
        if summary and self.form.data == data:
            self.form.set_field("likelihood", summary.likelihood)
            self._suits = (data, summary.likelihood)

    def _show_next(self) -> None:
        """What the next run can be made from; the form shows the data of the present one."""
        title = _short(self._next.title)
        said = f"{title} is {'being read' if self._next.is_reading else 'ready'} for the next run."
        self.next.setText(said if self._next.data else "")
        self.next.setToolTip(self._next.title)


def _short(name: str) -> str:
    return shown(name, MAX_NAME)
