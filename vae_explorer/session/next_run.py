"""What the next run will be made from, while a run goes on whose own options do not change."""

from PySide6.QtCore import QObject, Signal

from vae_explorer.session.jobs.data import DataSession, DataSummary
from vae_explorer.session.training import TrainingSession


class NextRunSession(QObject):
    """Keeps the data set that is brought in during a run, until the form takes it.

    Signals:
        changed(): `data` has changed, or its reading has ended
    """

    changed = Signal()

    def __init__(self, training: TrainingSession, data: DataSession, parent: QObject | None = None):
        super().__init__(parent)
        self._training, self._data = training, data
        self.data = ""  # what TrainConfig.data takes; empty: nothing was brought in
        data.chosen.connect(self._on_chosen)
        data.described.connect(self._on_described)
        data.given_up.connect(self._on_given_up)

    @property
    def is_reading(self) -> bool:
        return bool(self.data) and self._data.is_reading(self.data)

    @property
    def title(self) -> str:
        """The name of the data set."""
        summary, reading = self._data.summary(self.data), self._data.reading
        return reading.title if reading and self.is_reading else summary.name if summary else ""

    def take(self) -> str:
        """Gives `data` to the form of the next run, and forgets it."""
        data = self.data
        self._set("")
        return data

    def _set(self, data: str) -> None:
        self.data = data
        self.changed.emit()

    def _on_chosen(self, data: str) -> None:
        if self._training.is_active:
            self._set(data)

    def _on_described(self, summary: DataSummary) -> None:
        if self._training.is_active:  # also where it was chosen before the run began
            self._set(summary.data)

    def _on_given_up(self, data: str) -> None:
        if data == self.data:
            self._set("")
