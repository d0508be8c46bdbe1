"""The memory of the app: builds the nouns and connects them."""

import os
from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QObject, QThread, Signal
from PySide6.QtGui import QUndoGroup

from vae_explorer.errors import shown
from vae_explorer.session.jobs.data import DataSession
from vae_explorer.session.jobs.jobs import JobsSession
from vae_explorer.session.jobs.self_test import SelfTestSession
from vae_explorer.session.opening import to_open
from vae_explorer.session.records import Origin
from vae_explorer.session.state.image import ImageSession
from vae_explorer.session.state.latent import LatentSession
from vae_explorer.session.state.model import ModelSession
from vae_explorer.session.threads.latest import Latest
from vae_explorer.session.training import TrainingSession
from vae_explorer.session.views.aggregate import AggregateSession
from vae_explorer.session.views.decoded import DecodedSession
from vae_explorer.session.views.evidence import EvidenceSession
from vae_explorer.session.views.samples import PosteriorSamplesSession, PriorSamplesSession
from vae_explorer.session.views.typical import TypicalSession

FIRST_MODEL = "mnist"
MAX_NAME = 60  # characters of a file's name in a sentence that may hold several


class Session(QObject):
    """The nouns: model, latent, decoded, image, posterior_samples, prior_samples, evidence, aggregate, typical,
    self_test, training, data, jobs, undo.

    Signals:
        failed(sentence: str): something that the user should know; the rest is as it was
        closed(): every thread has ended
    """

    failed = Signal(str)
    closed = Signal()

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self._decoding_thread = Latest("decoded", _answer, self)
        self._views_thread = Latest("views", _answer, self, promised=("save_model",))
        views = self._views_thread
        self.undo = QUndoGroup(self)
        self.model = ModelSession(views, self)
        self.latent = LatentSession(self.model, self)
        self.decoded = DecodedSession(self.model, self.latent, self._decoding_thread, self)
        self.image = ImageSession(self.model, self.latent, views, self)
        self.posterior_samples = PosteriorSamplesSession(self.model, self.latent, self.image, views, self)
        self.prior_samples = PriorSamplesSession(self.model, self.latent, views, self)
        self.training = TrainingSession(self.model, views, self)
        self.jobs = JobsSession(self)
        self.evidence = EvidenceSession(self.model, self.image, self.training, self.jobs, views, self)
        self.aggregate = AggregateSession(self.model, self.latent, views, self)
        self.self_test = SelfTestSession(self.jobs, self)
        self.typical = TypicalSession(self.model, self.latent, self.image, views, self)
        self.data = DataSession(self.jobs, self)
        self._is_closing = self._has_closed = False

        self.model.changed.connect(self._on_model_changed)
        views.failed.connect(self._on_view_failed)
        for noun in (self.image, self.jobs, self.training):
            noun.failed.connect(self.failed)
        self.image.refused.connect(self.failed)
        for thread in (self._decoding_thread, views):
            thread.finished.connect(self._on_thread_finished)
            thread.start()
        self.training.finished.connect(self._on_thread_finished)
        self.jobs.finished.connect(self._on_thread_finished)

    @property
    def is_closed(self) -> bool:
        """Whether no thread runs."""
        threads = (self._decoding_thread, self._views_thread)
        return not (any(t.isRunning() for t in threads) or self.training.is_active or self.jobs.is_active)

    def open(self, paths: Iterable[Path]) -> Path | None:
        """Encodes images, opens the first model or run and reads the first data set. Gives the path of the model or
        run, with its links resolved."""
        found = to_open(paths)
        model = found.model or found.run
        if model:
            model = Path(os.path.realpath(model))  # resolve() raises where links go round
            if found.run:
                self.training.open_run(model)
            else:
                self.model.open(str(model))
        if found.data:
            self.data.open(found.data)
        self.image.open([Origin(shown(path.name, MAX_NAME), path) for path in found.images])
        if found.left_out:
            names = ", ".join(shown(path.name, MAX_NAME) for path in found.left_out)
            self.failed.emit(f"Only one model and one data set can be opened at a time. Not opened: {names}")
        return model

    def close(self) -> None:
        """Asks every thread to end; a run is checkpointed first. `closed` follows."""
        if not self._is_closing:
            self._is_closing = True
            self.training.stop()
            self.jobs.cancel_all()
            self._decoding_thread.stop()
            self._views_thread.stop()
        self._on_thread_finished()

    def end(self) -> None:
        """Closes, and waits until it is done: for where no event loop will run."""
        self.close()
        for thread in self.findChildren(QThread):
            thread.wait()

    def _on_thread_finished(self) -> None:
        if self._is_closing and self.is_closed and not self._has_closed:
            self._has_closed = True
            self.closed.emit()

    def _on_model_changed(self) -> None:
        histories = [workspace.undo for workspace in self.model.workspaces.values()]
        for gone in set(self.undo.stacks()).difference(histories):
            self.undo.removeStack(gone)
            gone.clear()
            gone.deleteLater()  # PySide keeps it for ever otherwise
        if self.model.current:
            self.undo.addStack(self.model.current.undo)
            self.undo.setActiveStack(self.model.current.undo)

    def _on_view_failed(self, kind: str, sentence: str) -> None:
        """Where nothing else says so: the other views have places of their own for it."""
        if kind in ("open_model", "save_model"):
            self.failed.emit(sentence)
        elif kind == "reconstruct":
            self.failed.emit(f"The validation images could not be reconstructed: {sentence}")
        elif kind == "read_curves":
            self.failed.emit(f"The run's curves could not be read: {sentence}")


def _answer(kind: str, request: object) -> object:
    from vae_explorer.session.answers.answers import answer  # brings torch, behind a window that already stands

    return answer(kind, request)
