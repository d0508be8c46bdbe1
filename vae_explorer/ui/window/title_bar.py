"""The bar at the top: menus, open, save, undo, the workspaces, which model is shown, and what it is."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QComboBox, QFrame, QHBoxLayout, QMenu, QPushButton, QSizePolicy, QWidget

from vae_explorer.session.session import Session
from vae_explorer.session.state.workspace import Workspace
from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.panels.training.config_form import Choice
from vae_explorer.ui.theme import UNIT, theme
from vae_explorer.ui.widgets.numbers import figure
from vae_explorer.ui.widgets.panel import ElidedLabel, button, label, row
from vae_explorer.ui.window.arrangement import BAR

HIDDEN_BELOW = (  # pixels at 100 %: what gives way in a narrow window, first things first
    (1100, "kind"),
    (920, "figure"),
    (800, "open save"),
    (560, "workspaces"),
    (440, "undo redo"),
)


class TitleBar(QFrame):
    """Signals:
    open_asked(): files are to be opened
    save_asked(): the shown model is to be saved
    help_asked(): the keys and symbols are to be shown
    workspace_asked(str): a workspace is to be shown, also the one that is
    """

    open_asked = Signal()
    save_asked = Signal()
    help_asked = Signal()
    workspace_asked = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None):
        super().__init__(parent)
        self.setProperty("role", "bar")
        self._session, self._model = session, session.model
        self._empty: set[str] = {"kind", "figure"}  # have nothing to say
        self.menu = button("☰", self._on_menu, "Menu (Alt)", role="link", name="menuButton")
        self.menu.setAccessibleName("Menu")
        self._menus: QMenu | None = None
        self.open = button(
            "Open…", self.open_asked.emit, "Open images, a model or a data set (Ctrl+O)", name="openFiles"
        )
        self.save = button("Save…", self.save_asked.emit, "Save this model (Ctrl+S)", name="saveModel")
        self.undo = button("↶", session.undo.undo, "Undo (Ctrl+Z)", role="link", name="undo")
        self.redo = button("↷", session.undo.redo, "Redo (Ctrl+Shift+Z)", role="link", name="redo")
        self.undo.setAccessibleName("Undo")
        self.redo.setAccessibleName("Redo")
        self.workspaces = QWidget()
        self._workspaces = QButtonGroup(self)
        self._workspaces.setExclusive(True)
        self._workspaces.buttonClicked.connect(self._on_workspace)
        self._workspace_row = row(spacing=0)
        self.workspaces.setLayout(self._workspace_row)
        self.which = Choice()
        self.which.setObjectName("modelSwitch")
        self.which.setAccessibleName("Model")
        self.which.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.which.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.which.view().setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.which.activated.connect(self._on_chosen)
        self.kind = ElidedLabel(role="muted", align_right=True)
        self.kind.setObjectName("modelKind")
        self.kind.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.figure = label(role="muted", name="modelFigure")
        self.help = button("?", self.help_asked.emit, "Keys and symbols (F1)", role="link", name="help")
        self.help.setAccessibleName("Help")

        layout = QHBoxLayout(self)
        layout.setContentsMargins(2 * UNIT, 0, 2 * UNIT, 0)
        layout.setSpacing(2 * UNIT)
        for part in (self.menu, self.open, self.save, self.undo, self.redo, self.workspaces):
            layout.addWidget(part)
        layout.addStretch(1)
        layout.addWidget(self.which)
        layout.addWidget(self.kind)
        layout.addWidget(self.figure)
        layout.addWidget(self.help)

        session.undo.canUndoChanged.connect(self.undo.setEnabled)
        session.undo.canRedoChanged.connect(self.redo.setEnabled)
        session.undo.undoTextChanged.connect(self._on_undo_text)
        session.undo.redoTextChanged.connect(self._on_redo_text)
        for signal in (self._model.changed, self._model.updated, self._model.models_changed):
            signal.connect(self._on_models_changed)
        session.training.state_changed.connect(self._on_models_changed)
        theme.changed.connect(self._fit)
        self.undo.setEnabled(False)
        self.redo.setEnabled(False)
        self._fit()
        self._on_models_changed()

    def add_workspace(self, key: str, title: str, tip: str) -> None:
        """One more tab; the first is the chosen one at the beginning."""
        tab = QPushButton(title)
        tab.setObjectName(f"showWorkspace_{key}")
        tab.setProperty("role", "workspace")
        tab.setProperty("key", key)
        tab.setCheckable(True)
        tab.setChecked(not self._workspaces.buttons())
        tab.setAutoDefault(False)
        tab.setToolTip(tip)
        tab.setAccessibleDescription(tip)
        self._workspaces.addButton(tab)
        self._workspace_row.addWidget(tab)
        self._fit()

    def set_menus(self, menus: QMenu) -> None:
        """What ☰ opens."""
        self._menus = menus

    def step(self, by: int) -> None:
        """Shows the next (1) or the previous (−1) model of the list."""
        models = self._model.models
        if len(models) > 1:
            at = next((i for i, one in enumerate(models) if one is self._model.current), 0)
            self._model.show(models[(at + by) % len(models)].lineage)

    @guarded()
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Hides what has no room; all of it is in the menus too."""
        self.setFixedHeight(theme.pixels(BAR) + 1)
        for below, names in HIDDEN_BELOW:
            for name in names.split():
                getattr(self, name).setVisible(self.width() >= theme.pixels(below) and name not in self._empty)
        for tab in self._workspaces.buttons():
            tab.setFixedHeight(theme.pixels(BAR))
        self.which.setFixedWidth(min(theme.pixels(264), max(self.width() // 3, theme.pixels(120))))

    def _on_menu(self) -> None:
        if self._menus is not None:
            self._menus.popup(self.menu.mapToGlobal(self.menu.rect().bottomLeft()))

    def _on_workspace(self) -> None:
        if tab := self._workspaces.checkedButton():
            self.workspace_asked.emit(tab.property("key"))

    def _on_undo_text(self, text: str) -> None:
        self.undo.setToolTip(f"Undo: {text} (Ctrl+Z)" if text else "Undo (Ctrl+Z)")

    def _on_redo_text(self, text: str) -> None:
        self.redo.setToolTip(f"Redo: {text} (Ctrl+Shift+Z)" if text else "Redo (Ctrl+Shift+Z)")

    def _named(self, workspace: Workspace) -> str:
        training = self._session.training
        if workspace is not self._model.trained:
            return workspace.name
        state = "in training" if training.is_active and training.has_begun else "trained"
        return f"{state}, epoch {workspace.snapshot.card.epochs:.0f} · {workspace.name}"

    def _on_models_changed(self) -> None:
        models, current = self._model.models, self._model.current
        names = [self._named(one) for one in models]
        if names != [self.which.itemText(i) for i in range(self.which.count())]:
            self.which.clear()
            self.which.addItems(names)
        for at, one in enumerate(models):
            self.which.setItemData(at, one.lineage)
            self.which.setItemData(at, names[at], Qt.ItemDataRole.ToolTipRole)
        if current is not None:
            self.which.setCurrentIndex(self.which.findData(current.lineage))
        self.save.setEnabled(current is not None)
        self.which.setEnabled(current is not None)
        self._describe(current)
        self._empty = {
            name for name, text in (("kind", self.kind.toolTip()), ("figure", self.figure.text())) if not text
        }
        self._fit()

    def _describe(self, workspace: Workspace | None) -> None:
        """What the model is, and how good."""
        if workspace is None:
            self.kind.set_whole("")
            self.figure.setText("")
            self.which.setToolTip("No model")
            return
        card = workspace.snapshot.card
        parts = [card.family, card.network, f"z {card.z_dim}", card.likelihood]
        kind = " · ".join(part for part in parts if part)
        self.kind.set_whole(kind)
        split, figures = ("test", card.test) if card.test else ("validation", card.validation)
        if figures is None:
            has_epochs = workspace.snapshot.info is not None  # another's model has none
            text = "first epoch" if has_epochs else ""
        elif figures.elbo is None:
            text = f"{split} log p(x|z) <b>{figure(figures.reconstruction, 1)}</b> nats"
        else:
            text = f"{split} ELBO <b>{figure(figures.elbo, 1)}</b> nats"
        self.figure.setText(text)
        self.figure.setToolTip(
            f"Mean over the {split} images of {card.data}, nats per image, {card.likelihood} likelihood"
            + (", images binarised with one random draw" if card.likelihood == "bernoulli" else "")
        )
        plain = text.replace("<b>", "").replace("</b>", "")
        self.which.setToolTip("\n".join(line for line in (self._named(workspace), kind, plain) if line))

    def _on_chosen(self, at: int) -> None:
        self._model.show(int(self.which.itemData(at)))
