"""The newest of the other long jobs in the status bar: title, progress, Cancel."""

from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QWidget

from vae_explorer.session.session import Session
from vae_explorer.ui.panel import button, label
from vae_explorer.ui.theme import UNIT, theme


class JobStatus(QWidget):
    """Hidden while nothing is being done."""

    def __init__(self, session: Session, parent: QWidget | None = None):
        super().__init__(parent)
        self._jobs = session.jobs
        layout = QHBoxLayout(self)
        layout.setContentsMargins(UNIT, 0, UNIT, 0)
        layout.setSpacing(2 * UNIT)
        self.text = label(role="caption", name="jobText")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(theme.pixels(120))
        self.bar.setAccessibleName("Progress")
        self.cancel = button(
            "Cancel", self._jobs.cancel_newest, "Stop this; nothing half done stays behind", role="link"
        )
        self.cancel.setObjectName("jobCancel")
        for part in (self.text, self.bar, self.cancel):
            layout.addWidget(part)
        self._jobs.changed.connect(self._on_changed)
        self._on_changed()

    def _on_changed(self) -> None:
        progress = self._jobs.progress
        self.setVisible(bool(self._jobs.title))
        known = progress is not None and progress.fraction is not None
        self.bar.setRange(0, 1000 if known else 0)
        if progress is None:
            self.text.setText(self._jobs.title)
            return
        if progress.fraction is not None:
            self.bar.setValue(round(1000 * progress.fraction))
        self.text.setText(f"{self._jobs.title}: {progress.done:,} {progress.what}")
