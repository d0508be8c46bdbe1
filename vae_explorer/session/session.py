"""The memory of the app: builds the nouns and connects them."""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

from PySide6.QtCore import QDeadlineTimer, QObject, QThread, Signal
from PySide6.QtGui import QUndoGroup

from vae_explorer.errors import shown
from vae_explorer.session.jobs.data import DataSession
from vae_explorer.session.jobs.jobs import JobsSession
from vae_explorer.session.jobs.self_test import SelfTestSession
from vae_explorer.session.next_run import NextRunSession
from vae_explorer.session.opening import to_open
from vae_explorer.session.records import Origin
from vae_explorer.session.state.image import ImageSession
from vae_explorer.session.state.latent import LatentSession
from vae_explorer.session.state.model import ModelSession, SaveRequest
from vae_explorer.session.state.settings import Configured, Settings
from vae_explorer.session.threads.generator_thread import GeneratorThread
from vae_explorer.session.threads.latest import Latest
from vae_explorer.session.training import TrainingSession
from vae_explorer.session.views.aggregate import AggregateSession
from vae_explorer.session.views.context import Context
from vae_explorer.session.views.data_posteriors import DataPosteriorsSession
from vae_explorer.session.views.decoded import DecodedSession
from vae_explorer.session.views.draws import DrawsSession
from vae_explorer.session.views.evidence import EvidenceSession
from vae_explorer.session.views.model_data import ModelDataSession
from vae_explorer.session.views.samples import PosteriorSamplesSession, PriorSamplesSession
from vae_explorer.session.views.take_away import TakeAwaySession, WriteRequest
from vae_explorer.session.views.typical import TypicalSession

N = TypeVar("N")
FIRST_MODEL = "mnist"
MAX_NAME = 60  # characters of a file's name in a sentence that may hold several


class Session(QObject):
    """The nouns: model, latent, decoded, draws, image, posterior_samples, prior_samples, evidence, aggregate, typical,
    model_data, data_posteriors, take_away, self_test, training, data, next_run, jobs, undo.

    Signals:
        failed(sentence: str): something that the user should know; the rest is as it was
        closed(): every thread has ended
    """

    failed = Signal(str)
    closed = Signal()

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self._decoding_thread = Latest("decoded", _answer, self, promised=(WriteRequest,))
        self._views_thread = thread = Latest("views", _answer, self, promised=(SaveRequest,))
        self.undo = QUndoGroup(self)
        self.model = ModelSession(thread, self)
        self.latent = LatentSession(self.model, self)
        self.decoded = DecodedSession(self.model, self.latent, self._decoding_thread, self)
        self.draws = DrawsSession(self.model, self.latent, self.decoded, self._decoding_thread, self)
        self.image = ImageSession(self.model, self.latent, thread, self)
        self.training = TrainingSession(self.model, thread, self)
        self.jobs = JobsSession(self)
        self.model_data = ModelDataSession(self.model, self.image, self.jobs, self)
        self.data_posteriors = DataPosteriorsSession(self.model, self.latent, self.model_data, thread, self)
        self.context = Context(
            self.model, self.latent, self.image, self.training, self.jobs, self.data_posteriors, thread
        )
        self.posterior_samples = PosteriorSamplesSession(self.context, self)
        self.prior_samples = PriorSamplesSession(self.context, self)
        self.evidence = EvidenceSession(self.context, self)
        self.aggregate = AggregateSession(self.context, self)
        self.typical = TypicalSession(self.context, self)
        self.take_away = TakeAwaySession(self.context, self._decoding_thread, self)
        self.self_test = SelfTestSession(self.jobs, self)
        self.data = DataSession(self.jobs, self)
        self.next_run = NextRunSession(self.training, self.data, self)
        self._is_closing = self._has_closed = False

        for signal in (self.model.changed, self.model.closed):
            signal.connect(self._on_models_changed)
        for noun in (self.model, self.image, self.jobs, self.training, self.take_away, self.model_data):
            noun.failed.connect(self.failed)
        self.image.refused.connect(self.failed)
        for latest in (self._decoding_thread, thread):
            latest.finished.connect(self._on_thread_finished)
            latest.start()
        self.training.finished.connect(self._on_thread_finished)
        self.jobs.finished.connect(self._on_thread_finished)

    @property
    def _configured(self) -> dict[str, Configured[Any]]:
        return {name: noun for name, noun in vars(self).items() if isinstance(noun, Configured)}

    def settings(self) -> dict[str, dict[str, Any]]:
        """What every noun is set to, as JSON: for a session file, and to say the same on the command line."""
        return {name: noun.settings.model_dump(mode="json") for name, noun in self._configured.items()}

    def apply(self, settings: Mapping[str, Mapping[str, Any]]) -> None:
        """Changes the settings that are named; all or none. Raises ValueError for what is unknown or out of range."""
        nouns = self._configured
        if unknown := sorted(settings.keys() - nouns.keys()):
            raise ValueError(f"there are no settings of {', '.join(unknown)}")
        found: dict[str, Settings] = {name: nouns[name].settings_with(values) for name, values in settings.items()}
        for name, values in found.items():
            nouns[name].put(values)

    def noun(self, key: str, make: Callable[[Context, QObject], N]) -> N:
        """The noun of a view by its name; made where there is none yet."""
        if not hasattr(self, key):
            setattr(self, key, make(self.context, self))
        return cast(N, getattr(self, key))

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

    def end(self, seconds: float | None = None) -> bool:
        """Ends every thread and waits for that, so long at most, and tells nobody: for where no event loop will run. A
        run is checkpointed first. Gives whether all have ended."""
        forever = QDeadlineTimer(QDeadlineTimer.ForeverConstant.Forever)
        deadline = forever if seconds is None else QDeadlineTimer(round(1000 * seconds))
        threads = [one for one in self.findChildren(QThread) if isinstance(one, GeneratorThread | Latest)]
        for thread in threads:
            thread.stop()
        return all(thread.wait(deadline) for thread in threads)

    def _on_thread_finished(self) -> None:
        if self._is_closing and self.is_closed and not self._has_closed:
            self._has_closed = True
            self.closed.emit()

    def _on_models_changed(self) -> None:
        histories = [workspace.undo for workspace in self.model.workspaces.values()]
        for gone in set(self.undo.stacks()).difference(histories):
            self.undo.removeStack(gone)
            gone.clear()
            gone.deleteLater()  # PySide keeps it for ever otherwise
        if self.model.current:
            self.undo.addStack(self.model.current.undo)
            self.undo.setActiveStack(self.model.current.undo)


def _answer(request: object) -> object:
    from vae_explorer.session.answers.answers import answer  # brings torch, behind a window that is already up

    return answer(request)
