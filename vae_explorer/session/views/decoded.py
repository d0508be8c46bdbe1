"""The decoded picture: p(x|z) of the newest z."""

from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args

import numpy as np
from pydantic import Field
from PySide6.QtCore import QObject, Signal

from vae_explorer.session.records import Snapshot
from vae_explorer.session.state.latent import LatentSession
from vae_explorer.session.state.model import ModelSession
from vae_explorer.session.state.settings import MAX_SEED, Configured, Settings
from vae_explorer.session.threads.latest import Latest, Place

DecodedMode = Literal["mean", "draw", "sigma"]
DRAWS_SIDE_BY_SIDE = 16  # of one z


class DecodedSettings(Settings, frozen=True):
    mode: DecodedMode = "mean"  # E[x|z]; an x drawn from p(x|z); the standard deviation of each pixel
    sixteen: bool = False  # draws side by side in place of one
    seed: int = Field(0, ge=0, le=MAX_SEED)  # of the draws


@dataclass(frozen=True, eq=False)
class DecodeRequest:
    snapshot: Snapshot
    z: np.ndarray  # float32 [z]
    settings: DecodedSettings


@dataclass(frozen=True, eq=False)
class Decoded:
    """The picture of one z."""

    lineage: int
    number: int
    z: np.ndarray
    settings: DecodedSettings
    images: np.ndarray  # float32 [n, c, h, w]: one, or the draws side by side


class DecodedSession(Configured[DecodedSettings]):
    """Decodes z whenever it, the model or the mode changes; has a thread of its own, so no long view holds it up.

    Every finished picture is shown: dropping those that a moving slider has overtaken would show 1 of 150.

    Signals:
        decoded(): a picture is there; the value is `shown`
        failed(sentence: str): there is no picture of the shown model
    """

    decoded = Signal()
    failed = Signal(str)

    def __init__(self, model: ModelSession, latent: LatentSession, thread: Latest, parent: QObject | None = None):
        super().__init__(DecodedSettings(), self.ask, parent)
        self._model, self._latent, self._thread = model, latent, thread
        self._asked: dict[int, DecodeRequest] = {}  # the newest of each model, until its answer is there
        latent.changed.connect(self.ask)
        model.updated.connect(self.ask)

    @property
    def shown(self) -> Decoded | None:
        """The newest picture of the shown model; by an older snapshot it is late, not wrong."""
        workspace = self._model.current
        found = workspace.answers.get(self) if workspace else None
        return found if isinstance(found, Decoded) else None

    @property
    def mode(self) -> DecodedMode:
        """What is shown: the mean where the model has nothing to draw from."""
        card = self._model.card
        return self.settings.mode if card is None or card.can("spread") else "mean"

    def set_mode(self, mode: str) -> None:
        """mean, draw or sigma. Raises ValueError."""
        if mode not in get_args(DecodedMode):
            raise ValueError(f"the picture shows mean, draw or sigma, not {mode!r}")
        self.set(mode=mode)

    def set_sixteen(self, sixteen: bool) -> None:
        """Sixteen draws of x from the same z in place of one."""
        self.set(sixteen=sixteen)

    def draw_again(self) -> None:
        """Another x from the same p(x|z); goes to the draw when the mean is shown."""
        if self._model.lacks("spread"):
            return
        self.set(seed=min(self.settings.seed + 1, MAX_SEED), mode="draw")

    def ask(self) -> None:
        """Asks for the picture of the z as it is now, unless it is there."""
        snapshot, z, shown = self._model.snapshot, self._latent.z, self.shown
        if snapshot is None or len(z) != snapshot.z_dim:
            return
        settings, mode = self.settings, self.mode
        if mode != settings.mode:
            settings = settings.model_copy(update={"mode": mode})
        is_there = (
            shown and (shown.number, shown.settings) == (snapshot.number, settings) and np.array_equal(shown.z, z)
        )
        if is_there and snapshot.lineage not in self._asked:
            self.decoded.emit()
            return
        request = self._asked[snapshot.lineage] = DecodeRequest(snapshot, z.copy(), settings)
        self._thread.ask(
            request,
            partial(self._on_decoded, request),
            partial(self._on_failed, request),
            place=Place(DecodeRequest, snapshot.lineage),
        )

    def _on_decoded(self, request: DecodeRequest, answer: Decoded) -> None:
        self._end(request)
        workspace = self._model.workspaces.get(answer.lineage)
        if workspace is not None:
            workspace.answers[self] = answer
            if workspace is self._model.current:
                self.decoded.emit()

    def _on_failed(self, request: DecodeRequest, sentence: str) -> None:
        self._end(request)
        if request.snapshot.lineage == self._model.shown:
            self.failed.emit(f"The picture could not be decoded: {sentence}")

    def _end(self, request: DecodeRequest) -> None:
        if self._asked.get(request.snapshot.lineage) is request:
            del self._asked[request.snapshot.lineage]
