"""What can be done with a run that has stopped: resume it, train it longer, find its images where they are now."""

from pathlib import PurePath

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from vae_explorer.session.opening import is_data_file
from vae_explorer.session.session import Session
from vae_explorer.training.run import Run
from vae_explorer.ui.panels.training.config_form import ConfigForm
from vae_explorer.ui.theme import UNIT
from vae_explorer.ui.widgets.panel import Sentence, button

FIND = "Choose the folder where they are now"


class ResumeOffer(QWidget):
    """A button for a run that was interrupted and one for the finished run that is shown, with as many epochs as the
    form asks for; nothing while a run is active.

    Signals:
        pressed(): a run has been resumed
    """

    pressed = Signal()

    def __init__(self, session: Session, form: ConfigForm, parent: QWidget | None = None):
        super().__init__(parent)
        self._training, self._data, self._form = session.training, session.data, form
        self.interrupted: Run | None = None
        self._finished: Run | None = None
        self._lost: Run | None = None  # one of them, whose images are not where they were
        self.offer = button("Resume the last run", self._on_resume, "", role="")
        self.offer.setObjectName("trainResume")
        self.longer = button("Train longer", self._on_longer, "")
        self.longer.setObjectName("trainLonger")
        self.missing = Sentence(name="trainMissing")
        self.find_images = button("Find its images…", self._on_find, FIND)
        self.find_images.setObjectName("trainFind")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2 * UNIT)
        for part in (self.offer, self.longer, self.missing, self.find_images):
            layout.addWidget(part)

    def refresh(self) -> None:
        """Looks again for the runs and their images."""
        runs = self._training.resumable()
        self.interrupted, self._finished = (runs[0] if runs else None), self._training.finished_run
        found = (run for run in (self.interrupted, self._finished) if run and self._data.is_missing(run.config.data))
        self._lost = next(found, None)
        self.show_epochs()

    def show_epochs(self) -> None:
        """The buttons say to which epoch the form would take each run."""
        run, done = self.interrupted, self._finished
        self.setVisible(bool(run or done))
        self.offer.setVisible(run is not None)
        if run:
            epochs = self._raised(run)
            self.offer.setText(f"Resume to epoch {epochs}" if epochs else "Resume the last run")
            self.offer.setEnabled(run is not self._lost)
            _explain(self.offer, f"Continue {run.folder.name} exactly where it stopped")
        self.longer.setVisible(done is not None)
        if done:
            epochs = self._raised(done)
            self.longer.setText(f"Train longer, to epoch {epochs}" if epochs else "Train longer")
            self.longer.setEnabled(bool(epochs) and done is not self._lost)
            raise_them = f"To train {done.folder.name} longer, raise Epochs and keep the other settings"
            _explain(self.longer, f"Continue {done.folder.name} where it ended" if epochs else raise_them)
        lost = self._lost
        self.missing.setVisible(lost is not None)
        self.find_images.setVisible(lost is not None)
        if lost:
            self.missing.setText(f"The images of {lost.folder.name} were not found at {lost.config.data}.")
            self.find_images.setEnabled(lost is run or bool(self._raised(lost)))
            _explain(self.find_images, FIND if self.find_images.isEnabled() else self.longer.toolTip())

    def _raised(self, run: Run) -> int | None:
        """The form's epochs, where they are more than the run's and all else is the run's own."""
        try:
            config = self._form.config()
        except ValueError:
            return None
        is_its_own = config.model_copy(update={"epochs": run.config.epochs}) == run.config
        return config.epochs if is_its_own and config.epochs > run.config.epochs else None

    def _on_resume(self) -> None:
        self._continue(self.interrupted)

    def _on_longer(self) -> None:
        self._continue(self._finished)

    def _on_find(self) -> None:
        """Asks for a file where the images were in one, and for a folder otherwise."""
        lost = self._lost
        if lost is None:
            return
        title = f"The images of {lost.folder.name}"
        if is_data_file(PurePath(lost.config.data)):
            place, _ = QFileDialog.getOpenFileName(self, title)
        else:
            place = QFileDialog.getExistingDirectory(self, title)
        if place:
            self._continue(lost, place)

    def _continue(self, run: Run | None, data: str | None = None) -> None:
        if run:
            self._training.resume_run(run, epochs=self._raised(run), data=data)
            self.pressed.emit()


def _explain(control: QWidget, tip: str) -> None:
    control.setToolTip(tip)
    control.setAccessibleDescription(tip)
