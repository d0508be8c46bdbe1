"""The bar at the top: open, save, undo, which model is shown, and what it is."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from vae_explorer.session.session import Session
from vae_explorer.ui.theme import UNIT
from vae_explorer.ui.widgets.numbers import counted, figure
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
        self.which.chosen.connect(self._on_chosen)
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
        trained = self._model.trained
        word = "in training" if training.is_active and training.has_begun else "trained"
        self.which.button("training").setText(f"{word} · epoch {trained.snapshot.card.epochs:.0f}" if trained else "")

    def _on_models_changed(self) -> None:
        opened = self._model.opened
        self.which.button("opened").setVisible(opened is not None)
        self.which.button("opened").setText(opened.name if opened else "")
        self.which.button("training").setVisible(self._model.trained is not None)
        self._on_training()
        self.which.set_value("training" if self._model.shows_trained else "opened")
        workspace = self._model.current
        self.save.setEnabled(workspace is not None)
        self.which.setVisible(workspace is not None)
        self.kind.setVisible(workspace is not None)
        self.figure.setVisible(workspace is not None)
        if workspace is None:
            return
        card = workspace.snapshot.card
        parts = [card.family, card.network, counted(card.z_dim, "dimension"), card.likelihood]
        self.kind.setText(" · ".join(part for part in parts if part))
        split, figures = ("test", card.test) if card.test else ("validation", card.validation)
        if figures is None:
            self.figure.setText("first epoch")
            self.figure.setVisible(workspace.snapshot.info is not None)  # another's model has no epochs
        elif figures.elbo is None:
            self.figure.setText(f"{split} log p(x|z) {figure(figures.reconstruction, 1)} nats")
        else:
            self.figure.setText(f"{split} ELBO {figure(figures.elbo, 1)} nats")
        self.figure.setToolTip(
            f"Mean over the {split} images of {card.data}, nats per image, {card.likelihood} likelihood"
            + (", images binarised with one random draw" if card.likelihood == "bernoulli" else "")
        )

    def _on_chosen(self, which: str) -> None:
        workspace = self._model.trained if which == "training" else self._model.opened
        if workspace:
            self._model.show(workspace.lineage)
