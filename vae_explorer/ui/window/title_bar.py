"""The bar at the top: open, save, undo, which model is shown, and what it is."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from vae_explorer.session.session import Session
from vae_explorer.ui.theme import UNIT
from vae_explorer.ui.widgets.numbers import figure
from vae_explorer.ui.widgets.panel import button, label, row
from vae_explorer.ui.widgets.segments import Segments


class TitleBar(QFrame):
    """Signals:
    open_asked(): files are to be opened
    save_asked(): the shown model is to be saved
    """

    open_asked = Signal()
    save_asked = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None):
        super().__init__(parent)
        self.setProperty("role", "bar")
        self._session, self._model = session, session.model
        layout = QHBoxLayout(self)
        layout.setContentsMargins(3 * UNIT, UNIT + 2, 3 * UNIT, UNIT + 2)
        layout.setSpacing(2 * UNIT)
        self.open = button(
            "Open…", self.open_asked.emit, "Open images, a model or a data set (Ctrl+O)", name="openFiles"
        )
        self.save = button("Save model…", self.save_asked.emit, "Save this model (Ctrl+S)", name="saveModel")
        self.undo = button("↶", session.undo.undo, "Undo (Ctrl+Z)", name="undo")
        self.redo = button("↷", session.undo.redo, "Redo (Ctrl+Shift+Z)", name="redo")
        self.undo.setAccessibleName("Undo")
        self.redo.setAccessibleName("Redo")
        self.which = Segments()
        self.which.setObjectName("modelSwitch")
        self.which.setAccessibleName("Which model is shown")
        self.which.add("opened", "", "The opened model")
        self.which.add("training", "", "The model in training: it follows the newest weights")
        self.which.chosen.connect(self._model.show)
        self.kind = label(role="pill", name="modelKind")
        self.figure = label(role="pill", name="modelFigure")
        layout.addLayout(row(self.open, self.save))
        layout.addSpacing(2 * UNIT)
        layout.addLayout(row(self.undo, self.redo))
        layout.addStretch(1)
        layout.addLayout(row(self.which, self.kind, self.figure))

        session.undo.canUndoChanged.connect(self.undo.setEnabled)
        session.undo.canRedoChanged.connect(self.redo.setEnabled)
        session.undo.undoTextChanged.connect(self._on_undo_text)
        session.undo.redoTextChanged.connect(self._on_redo_text)
        for signal in (self._model.changed, self._model.updated, self._model.models_changed):
            signal.connect(self._on_models_changed)
        session.training.state_changed.connect(self._on_training)
        self.undo.setEnabled(False)
        self.redo.setEnabled(False)
        self._on_models_changed()

    def _on_undo_text(self, text: str) -> None:
        self.undo.setToolTip(f"Undo: {text} (Ctrl+Z)" if text else "Undo (Ctrl+Z)")

    def _on_redo_text(self, text: str) -> None:
        self.redo.setToolTip(f"Redo: {text} (Ctrl+Shift+Z)" if text else "Redo (Ctrl+Shift+Z)")

    def _on_training(self) -> None:
        training = self._session.training
        trained = self._model.workspaces.get("training")
        word = "in training" if training.is_active and training.has_begun else "trained"
        self.which.button("training").setText(f"{word} · epoch {trained.snapshot.info.epochs:.0f}" if trained else "")

    def _on_models_changed(self) -> None:
        workspaces = self._model.workspaces
        for which in ("opened", "training"):
            self.which.button(which).setVisible(which in workspaces)
        if "opened" in workspaces:
            self.which.button("opened").setText(workspaces["opened"].name)
        self._on_training()
        self.which.set_value(self._model.shown)
        workspace = self._model.current
        self.save.setEnabled(workspace is not None)
        self.which.setVisible(workspace is not None)
        self.kind.setVisible(workspace is not None)
        self.figure.setVisible(workspace is not None)
        if workspace is None:
            return
        info = workspace.snapshot.info
        config = info.config
        plain = "autoencoder · " if config.is_autoencoder else ""
        self.kind.setText(f"{plain}{config.network} · {config.z_dim} dimensions · {config.likelihood}")
        split, figures = ("test", info.test) if info.test else ("validation", info.validation)
        if figures is None:
            self.figure.setText("first epoch")
        elif figures.elbo is None:
            self.figure.setText(f"{split} log p(x|z) {figure(figures.reconstruction, 1)} nats")
        else:
            self.figure.setText(f"{split} ELBO {figure(figures.elbo, 1)} nats")
        self.figure.setToolTip(
            f"Mean over the {split} images of {info.data}, nats per image, {config.likelihood} likelihood"
            + (", images binarised by one draw" if config.likelihood == "bernoulli" else "")
        )
