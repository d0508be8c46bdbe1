"""When an error message can go: as soon as the user's next action succeeds."""

from PySide6.QtCore import QObject, Signal

from vae_explorer.session.jobs.jobs import DATA
from vae_explorer.session.session import Session


class Successes(QObject):
    """Notices a model that was opened or saved, images that were brought in, a data set that was read, a run that has
    begun. Work that was already under way when a message was shown does not count: the message may be about it.

    Signals:
        succeeded()
    """

    succeeded = Signal()

    def __init__(self, session: Session, parent: QObject | None = None):
        super().__init__(parent)
        self._session = session
        self._is_held = False
        self._under_way: set[str] = set()  # when the message was shown
        self._opened = session.model.opened
        self._brought: set[int] = set()
        self._has_begun = False
        session.model.models_changed.connect(self._on_models_changed)
        session.model.saved.connect(self._on_saved)
        session.image.images_changed.connect(self._on_images_changed)
        session.data.described.connect(self._on_described)
        session.training.state_changed.connect(self._on_training_changed)

    def hold(self) -> None:
        """Until `release` nothing counts: what the program does as it starts is no gesture of the user's."""
        self._is_held = True

    def release(self) -> None:
        self._is_held = False
        self.mark()

    def mark(self) -> None:
        """An error message is now shown."""
        session, training = self._session, self._session.training
        under_way = {
            "model": session.model.is_opening,
            "images": session.image.is_reading,
            "data": DATA in session.jobs.running,
            "run": training.state in ("loading", "running") and not training.has_begun,
        }
        self._under_way = {what for what, is_on in under_way.items() if is_on}

    def _tell(self, what: str) -> None:
        if what in self._under_way:
            self._under_way.remove(what)
        elif not self._is_held:
            self.succeeded.emit()

    def _on_models_changed(self) -> None:
        opened = self._session.model.opened
        if opened is not self._opened:
            self._opened = opened
            self._tell("model")

    def _on_saved(self) -> None:
        self._tell("saved")

    def _on_images_changed(self) -> None:
        brought = set(self._session.image.brought)
        if brought - self._brought:
            self._tell("images")
        self._brought = brought

    def _on_described(self) -> None:
        self._tell("data")

    def _on_training_changed(self) -> None:
        has_begun = self._session.training.has_begun
        if has_begun and not self._has_begun:
            self._tell("run")
        self._has_begun = has_begun
