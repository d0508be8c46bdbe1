"""Long jobs in the run bar: title, progress and Cancel of each."""

from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QSizePolicy, QWidget

from vae_explorer.session.jobs.jobs import JobsSession
from vae_explorer.session.session import Session
from vae_explorer.ui.theme import UNIT, theme
from vae_explorer.ui.widgets.panel import ElidedLabel, button


class JobStatus(QWidget):
    """A row for each job that is running, in the order in which their kinds were first started."""

    def __init__(self, session: Session, parent: QWidget | None = None):
        super().__init__(parent)
        self._jobs = session.jobs
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(2 * UNIT)
        self._layout.addStretch(1)
        self.rows: dict[str, JobRow] = {}  # by kind; those of ended jobs wait for the next one
        self._jobs.changed.connect(self._on_changed)
        self._on_changed()

    def _on_changed(self) -> None:
        for kind in self._jobs.running:
            if kind not in self.rows:
                self.rows[kind] = JobRow(self._jobs, kind, self)
                self._layout.insertWidget(self._layout.count() - 1, self.rows[kind])


class JobRow(QWidget):
    """The job of one kind; hidden while there is none."""

    def __init__(self, jobs: JobsSession, kind: str, parent: QWidget):
        super().__init__(parent)
        self._jobs, self._kind = jobs, kind
        layout = QHBoxLayout(self)
        layout.setContentsMargins(UNIT, 0, UNIT, 0)
        layout.setSpacing(2 * UNIT)
        self.text = ElidedLabel(role="caption")
        self.text.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.cancel = button(
            "Cancel",
            self._on_cancel,
            "Cancel; partial results are discarded",
            role="link",
            name=f"jobCancel_{kind}",
        )
        for part in (self.text, self.bar, self.cancel):
            layout.addWidget(part)
        jobs.changed.connect(self._on_changed)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self._on_changed()

    def _on_theme_changed(self) -> None:
        self.bar.setFixedWidth(theme.pixels(72))

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
