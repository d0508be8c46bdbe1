"""The latent point z, which the sliders show."""

import numpy as np
from PySide6.QtCore import QObject, Signal

from vae_explorer.core.latent import MAX_Z, Axis
from vae_explorer.session.state.model import ModelSession
from vae_explorer.session.state.undo import Change
from vae_explorer.session.state.workspace import Workspace


class LatentSession(QObject):
    """Moves z of the shown model; locked dimensions stay where they are unless their own slider is moved.

    Signals:
        changed(): z has moved; the value is `z`
        locks_changed(): the value is `locked`
        refreshed(): the model has newer weights and no slider is held: what depends on them may be updated now
        pointed(): the mouse has moved to another dimension, in whichever plot or row; the value is `pointed_at`
    """

    changed = Signal()
    locks_changed = Signal()
    refreshed = Signal()
    pointed = Signal()

    def __init__(self, model: ModelSession, parent: QObject | None = None):
        super().__init__(parent)
        self._model = model
        self._gripped: tuple[Workspace, np.ndarray, bool] | None = None  # z and whether it followed mu, at the start
        self._random = np.random.default_rng()
        self._is_stale = False  # newer weights came while a slider was held
        self._preview: np.ndarray | None = None  # is shown in place of z until it is kept or taken back
        self.pointed_at: int | None = None  # a dimension's index; it lights up wherever it is painted
        model.changed.connect(self._on_model_changed)
        model.updated.connect(self._on_updated)

    @property
    def z(self) -> np.ndarray:
        """float32 [z], or what is previewed in its place; empty where there is no model."""
        if self._preview is not None:
            return self._preview
        workspace = self._model.current
        return workspace.z if workspace else np.zeros(0, np.float32)

    @property
    def is_preview(self) -> bool:
        """Whether `z` is only previewed."""
        return self._preview is not None

    @property
    def locked(self) -> np.ndarray:
        """bool [z]."""
        workspace = self._model.current
        return workspace.locked if workspace else np.zeros(0, bool)

    @property
    def is_gripped(self) -> bool:
        return self._gripped is not None

    def point_at(self, j: int | None) -> None:
        """The mouse or the focus is on this dimension; None: on none."""
        if j != self.pointed_at:
            self.pointed_at = j
            self.pointed.emit()

    def grip(self) -> None:
        """Begins a gesture: what happens until `release` is one entry of the history."""
        workspace = self._model.current
        if workspace and self._gripped is None:
            self._gripped = (workspace, workspace.z.copy(), workspace.follows_mu)

    def set_value(self, j: int, value: float) -> bool:
        """Moves one dimension; any value that float32 holds is taken as it is. Gives whether it was taken."""
        return 0 <= j < len(self.z) and self.move(Axis.of_dimension(j, len(self.z)), value)

    def move(self, axis: Axis, value: float) -> bool:
        """Moves z along an axis until it has this value there; any value that float32 holds is taken as it is. Gives
        whether it was taken."""
        workspace = self._model.current
        if workspace and len(axis.vector) == len(workspace.z) and abs(value) <= MAX_Z:
            self._preview = None
            moved = axis.moved(workspace.z, float(value))  # a copy: the old array may already be on its way to a thread
            if axis.only is None:  # a locked dimension is moved by its own slider alone
                moved = np.where(workspace.locked, workspace.z, moved)
            workspace.z = moved
            workspace.follows_mu = False
            self.changed.emit()
            return True
        return False

    def preview(self, z: np.ndarray) -> None:
        """Shows another z without setting it; locked dimensions stay."""
        workspace = self._model.current
        if workspace and len(z) == len(workspace.z):
            self._preview = np.where(workspace.locked, workspace.z, z).astype(np.float32)
            self.changed.emit()

    def keep_preview(self, text: str = "Choose z") -> None:
        """Sets z to the previewed z: one entry in the history."""
        if self._preview is not None:
            self.set_z(self._preview, text)

    def end_preview(self) -> None:
        """Cancels the preview."""
        if self._preview is not None:
            self._preview = None
            self.changed.emit()

    def release(self, text: str = "Move z") -> None:
        """Ends a gesture."""
        if self._gripped is None:
            return
        workspace, z, follows_mu = self._gripped
        self._gripped = None
        if not np.array_equal(z, workspace.z):
            self._push(text, (z, follows_mu), (workspace.z.copy(), workspace.follows_mu))
        else:
            workspace.follows_mu = follows_mu
            self.follow_mu()  # a newer mu may have come meanwhile
        if self._is_stale:
            self._on_updated()

    def set_z(self, z: np.ndarray, text: str = "Choose z", *, follows_mu: bool = False) -> None:
        """Moves all dimensions that are not locked, as one gesture, or as part of the current one."""
        workspace = self._model.current
        if workspace and len(z) == len(workspace.z):
            self._preview = None
            moved = np.where(workspace.locked, workspace.z, z).astype(np.float32)
            follows_mu = follows_mu and not workspace.locked.any()
            if self._gripped:
                workspace.z, workspace.follows_mu = moved, follows_mu
                self.changed.emit()
                return
            self._push(text, (workspace.z.copy(), workspace.follows_mu), (moved, follows_mu))

    def follow_mu(self) -> None:
        """Puts z at mu without an entry in the history: the image or the weights have changed, not the user's wish."""
        workspace = self._model.current
        if workspace and workspace.follows_mu and workspace.chosen and not self.is_gripped:
            self._preview = None
            workspace.z = np.where(workspace.locked, workspace.z, workspace.chosen.mu).astype(np.float32)
            self.changed.emit()

    def random(self) -> None:
        """z ~ N(0, I)."""
        self.set_z(self._random.standard_normal(len(self.z), dtype=np.float32), "Random z")

    def to_mu(self) -> None:
        """z = mu of the chosen image, exactly; it then follows mu."""
        workspace = self._model.current
        if workspace and workspace.chosen:
            self.set_z(workspace.chosen.mu, "To μ", follows_mu=True)

    def to_zero(self) -> None:
        """z = 0, the prior's mean."""
        self.set_z(np.zeros_like(self.z), "To 0")

    def set_locked(self, j: int, locked: bool) -> None:
        workspace = self._model.current
        if workspace and workspace.locked[j] != locked:
            after = workspace.locked.copy()
            after[j] = locked
            text = f"{'Lock' if locked else 'Unlock'} z{j}"
            z = workspace.z  # never changed in place
            workspace.undo.push(Change(text, (workspace.locked, z), (after, z), self._put_locks))

    def _push(self, text: str, before: tuple[np.ndarray, bool], after: tuple[np.ndarray, bool]) -> None:
        workspace = self._model.current
        if workspace:
            workspace.undo.push(Change(text, before, after, self._put))

    def _put(self, value: tuple[np.ndarray, bool]) -> None:
        workspace = self._model.current  # a history is only active while its workspace is shown
        if workspace:
            self._preview = None
            workspace.z, workspace.follows_mu = value[0].copy(), value[1]
            self.changed.emit()

    def _put_locks(self, locks: tuple[np.ndarray, np.ndarray]) -> None:
        workspace = self._model.current
        if workspace:
            self._preview = None
            workspace.locked, workspace.z = locks
            self.locks_changed.emit()
            self.changed.emit()
            self.follow_mu()

    def _on_updated(self) -> None:
        self._is_stale = self.is_gripped
        if not self._is_stale:
            self.refreshed.emit()

    def _on_model_changed(self) -> None:
        self._preview = None
        self.point_at(None)
        if self._gripped and self._gripped[0] is not self._model.current:
            self._gripped = None
        self._is_stale = self.is_gripped
        self.locks_changed.emit()
        self.changed.emit()
