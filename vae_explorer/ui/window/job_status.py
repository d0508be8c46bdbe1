"""The other long jobs in the status bar: title, progress and Cancel of each."""

from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QSizePolicy, QWidget

from vae_explorer.session.jobs.jobs import KINDS, JobsSession
from vae_explorer.session.session import Session
from vae_explorer.ui.theme import UNIT, theme
from vae_explorer.ui.widgets.panel import ElidedLabel, button


class JobStatus(QWidget):
    """A row of the jobs that go on."""

    def __init__(self, session: Session, parent: QWidget | None = None):
        super().__init__(parent)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2 * UNIT)
        self.rows = {kind: JobRow(session.jobs, kind) for kind in KINDS}
        for row in self.rows.values():
            layout.addWidget(row)


class JobRow(QWidget):
    """The job of one kind; hidden where there is none."""

    def __init__(self, jobs: JobsSession, kind: str, parent: QWidget | None = None):
        super().__init__(parent)
        self._jobs, self._kind = jobs, kind
        layout = QHBoxLayout(self)
        layout.setContentsMargins(UNIT, 0, UNIT, 0)
        layout.setSpacing(2 * UNIT)
        self.text = ElidedLabel(role="caption")
        self.text.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(theme.pixels(120))
        self.cancel = button(
            "Cancel",
            self._on_cancel,
            "Stop this; nothing half done stays behind",
            role="link",
            name=f"jobCancel_{kind}",
        )
        for part in (self.text, self.bar, self.cancel):
            layout.addWidget(part)
        jobs.changed.connect(self._on_changed)
        self._on_changed()

    def _on_cancel(self) -> None:
        self._jobs.cancel(self._kind)

    def _on_changed(self) -> None:
        job = self._jobs.running.get(self._kind)
        self.setVisible(job is not None)
        if job is None:
            return
        self.bar.setAccessibleName(f"Progress of {job.title}")
        self.cancel.setAccessibleName(f"Cancel {job.title}")
        progress = job.progress
        known = progress is not None and progress.fraction is not None
        self.bar.setRange(0, 1000 if known else 0)
        if progress is None:
            self.text.set_whole(job.title)
            return
        if progress.fraction is not None:
            self.bar.setValue(round(1000 * progress.fraction))
        self.text.set_whole(f"{job.title}: {progress.done:,} {progress.what}")
