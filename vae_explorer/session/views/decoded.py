"""The picture under the sliders: p(x|z) of the newest z."""

from typing import cast, get_args

from PySide6.QtCore import QObject, Signal

from vae_explorer.session.records import Decoded, DecodedMode, DecodeRequest
from vae_explorer.session.state.latent import LatentSession
from vae_explorer.session.state.model import ModelSession
from vae_explorer.session.threads.latest import Latest


class DecodedSession(QObject):
    """Decodes z whenever it, the model or the mode changes; has a thread of its own, so no long view holds it up.

    Signals:
        decoded(): a picture is there; the value is `shown`
        mode_changed(): `mode` or `sixteen` is another
        failed(sentence: str)
    """

    decoded = Signal()
    mode_changed = Signal()
    failed = Signal(str)

    def __init__(self, model: ModelSession, latent: LatentSession, thread: Latest, parent: QObject | None = None):
        super().__init__(parent)
        self._model, self._latent, self._thread = model, latent, thread
        self.mode: DecodedMode = "mean"
        self.sixteen = False
        self.seed = 0
        self.shown: Decoded | None = None
        latent.changed.connect(self.ask)
        model.updated.connect(self.ask)
        thread.answered.connect(self._on_answered)
        thread.failed.connect(self._on_failed)

    def set_mode(self, mode: str) -> None:
        """mean: E[x|z]; draw: an x from p(x|z); sigma: the standard deviation of each pixel."""
        if mode not in get_args(DecodedMode):
            raise ValueError(f"the picture shows mean, draw or sigma, not {mode!r}")
        if mode != self.mode:
            self.mode = cast(DecodedMode, mode)
            self.mode_changed.emit()
            self.ask()

    def set_sixteen(self, sixteen: bool) -> None:
        """Sixteen draws of one z in place of one."""
        if sixteen != self.sixteen:
            self.sixteen = sixteen
            self.mode_changed.emit()
            self.ask()

    def draw_again(self) -> None:
        """Another x from the same p(x|z); goes to the draw when the mean is shown."""
        self.seed += 1
        if self.mode == "draw":
            self.ask()
        else:
            self.set_mode("draw")

    def ask(self) -> None:
        """Asks for the picture of the z as it is now."""
        snapshot = self._model.snapshot
        if snapshot and len(self._latent.z) == snapshot.z_dim:
            self._thread.ask(
                "decode", DecodeRequest(snapshot, self._latent.z.copy(), self.mode, self.sixteen, self.seed)
            )

    def _on_answered(self, _kind: str, answer: object) -> None:
        snapshot = self._model.snapshot
        if isinstance(answer, Decoded) and snapshot and answer.lineage == snapshot.lineage:
            self.shown = answer  # by an older snapshot it is late, not wrong
            self.decoded.emit()

    def _on_failed(self, _kind: str, sentence: str) -> None:
        self.failed.emit(f"The picture could not be decoded: {sentence}")
