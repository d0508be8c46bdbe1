"""The inside of the window: title bar, strip, workspaces, drawers, run bar; shows what has room."""

from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from vae_explorer.session.session import Session
from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.theme import theme
from vae_explorer.ui.widgets.panel import scrolling
from vae_explorer.ui.window.arrangement import (
    GAP,
    PICTURE,
    PRESENTED_PICTURE,
    Arrangement,
    Room,
    Wishes,
    arranged,
    can_open_drawer,
)
from vae_explorer.ui.window.error_banner import ErrorBanner
from vae_explorer.ui.window.explore import Explore
from vae_explorer.ui.window.panel_walk import walk
from vae_explorer.ui.window.run.run_bar import RunBar
from vae_explorer.ui.window.run.run_sheet import RunSheet
from vae_explorer.ui.window.strip import Strip
from vae_explorer.ui.window.title_bar import TitleBar
from vae_explorer.ui.window.train_drawer import TrainDrawer


class Frame(QWidget):
    """What the user wishes to see is kept; what has room for it is shown (see arrangement.py).

    Signals:
        rearranged(): other parts are shown than before; the values are `wishes` and `arrangement`
    """

    rearranged = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None):
        super().__init__(parent)
        self._session = session
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # a click on nothing takes the focus, and the wheel, away
        self.wishes = Wishes()
        self.arrangement: Arrangement | None = None
        self._has_size = self._is_presented = False
        self._focused_before: QWidget | None = None  # when the Train drawer was opened

        self.title = TitleBar(session)
        self.errors = ErrorBanner()
        self.strip = Strip(session)
        self.explore = Explore(session)
        self.stages = QStackedWidget()
        self._workspaces: dict[str, QWidget] = {}
        self._body = QWidget()
        self._row = QHBoxLayout(self._body)
        self._row.setContentsMargins(GAP, GAP, GAP, GAP)
        self._row.setSpacing(GAP)
        self._row.addWidget(self.stages, 1)
        self.train = TrainDrawer(session, self._body, self._row)
        self.run_sheet = RunSheet(session)
        self.run_bar = RunBar(session)
        self._add_workspace("explore", "Explore", self.explore)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        errors, sheet = QVBoxLayout(), QVBoxLayout()
        errors.setContentsMargins(GAP, 0, GAP, 0)
        errors.addWidget(self.errors)
        sheet.setContentsMargins(GAP, 0, GAP, 0)
        self._sheet = scrolling(self.run_sheet)  # on the smallest windows it has less room than it needs
        sheet.addWidget(self._sheet)
        layout.addWidget(self.title)
        layout.addWidget(self.strip)
        layout.addLayout(errors)
        layout.addWidget(self._body, 1)
        layout.addLayout(sheet)
        layout.addWidget(self.run_bar)

        self.errors.installEventFilter(self)
        self.title.workspace_asked.connect(self.show_workspace)
        self.strip.explore_asked.connect(self._on_explore_asked)
        self.strip.panel_asked.connect(self._on_panel_asked)
        drawer = self.explore.drawer
        drawer.chosen.connect(self._on_view_chosen)
        drawer.enlarge_asked.connect(self.enlarge)
        drawer.fold_asked.connect(self.fold)
        self.train.closed.connect(self._on_train_closed)
        self.run_bar.train_asked.connect(self._on_train_asked)
        self.run_bar.sheet_toggled.connect(self.show_sheet)
        session.training.state_changed.connect(self._on_training_changed)
        theme.changed.connect(self.arrange)
        for part in (self.strip, self._sheet, self.run_bar):
            part.setMinimumWidth(1)

    def wish(self, **wishes: Any) -> None:
        """Changes some of the wishes and shows what has room for them."""
        self.wishes = self.wishes._replace(**wishes)
        self.arrange()

    def show_workspace(self, key: str) -> None:
        """Brings a workspace into sight, with its panels. Raises KeyError for one that is not there."""
        self.stages.setCurrentWidget(self._workspaces[key])
        self.leave_enlarged()

    def enlarge(self, on: bool) -> None:
        """The chosen view takes the place of the panels; the spine becomes the strip."""
        self.wish(drawer="enlarged" if on else "open")

    def leave_enlarged(self) -> None:
        if self.wishes.drawer == "enlarged":
            self.wish(drawer="open")

    def fold(self, on: bool) -> None:
        """Leaves only the tabs of the views; without room for a view below the panels, opening one enlarges it."""
        self.wish(drawer="folded" if on else "open" if can_open_drawer(self._room(), self.wishes) else "enlarged")

    def show_train(self, on: bool) -> None:
        if on and not self.wishes.train:
            self._focused_before = QApplication.focusWidget()
        self.wish(train=on, offer=False)
        if on:
            self.train.panel.start.setFocus(Qt.FocusReason.ShortcutFocusReason)
        elif self._focused_before is not None and self._focused_before.isVisible():
            self._focused_before.setFocus()

    def show_sheet(self, on: bool) -> None:
        """The curves of the run."""
        self.wish(sheet=on)

    def escape(self) -> bool:
        """Closes what lies on top: a message, the Train drawer, an enlarged view. Whether there was one."""
        if self.errors.isVisible():
            self.errors.hide_sentence()
        elif self.train.is_overlay:
            self.show_train(False)
        elif self.wishes.drawer == "enlarged" and self.arrangement and not self.arrangement.one_panel:
            self.leave_enlarged()
        else:
            return False
        return True

    def walk(self, by: int) -> None:
        """Moves the focus to the next (1) or the previous (−1) part: title bar, drawers, panels, run bar."""
        parts = [self.title, self.train, self.strip, *self.explore.focus_panels(), self.run_sheet, self.run_bar]
        walk(parts, by)

    def arrange(self) -> None:
        """Shows what has room, once the window has a size."""
        if not self._has_size:
            return
        room = self._room()
        now = arranged(room, self.wishes)
        is_new = now != self.arrangement
        self.arrangement = now
        self.strip.setVisible(bool(now.strip))
        self.strip.set_height(now.strip, can_go_back=not now.one_panel)
        if is_new:
            self.explore.arrange(now)
            self._body.setVisible(now.drawer != "hidden" or not now.strip)
            self._sheet.setVisible(bool(now.sheet))
            self.run_bar.setVisible(now.run_bar)
        if self.wishes.presentation != self._is_presented:
            self._is_presented = self.wishes.presentation
            self.explore.decoded.set_least(PRESENTED_PICTURE if self._is_presented else PICTURE)
        self.train.place(now.train)
        self._sheet.setFixedHeight(max(1, now.sheet))
        if is_new:
            self.rearranged.emit()

    def _room(self) -> Room:
        message = self.errors.height() if self.errors.isVisible() else 0
        return Room(self.width(), self.height() - message, theme.scale / 100)

    def _add_workspace(self, key: str, title: str, stage: QWidget) -> None:
        self.stages.addWidget(stage)
        self._workspaces[key] = stage
        self.title.add_workspace(key, title, f"The workspace {title}")

    def _on_view_chosen(self) -> None:
        if self.arrangement and self.arrangement.drawer in ("folded", "hidden"):
            self.fold(False)

    def _on_explore_asked(self) -> None:
        self.wish(drawer="open" if self.wishes.drawer == "enlarged" else self.wishes.drawer)
        if self.arrangement and self.arrangement.strip:
            self.wish(sheet=False)  # the panels have no room above it

    def _on_panel_asked(self, panel: str) -> None:
        if self.arrangement and self.arrangement.one_panel:
            self.explore.drawer.show_view(panel)
        else:
            self.leave_enlarged()
            self.explore.panels[panel][1].setFocus()

    def _on_train_asked(self) -> None:
        self.show_train(True)

    def _on_train_closed(self) -> None:
        self.show_train(False)

    def _on_training_changed(self) -> None:
        training = self._session.training
        if training.is_active and not self.wishes.is_running and self.train.is_overlay:
            self.show_train(False)  # it would hide what the user wants to see
        self.wish(is_running=training.is_active)

    @guarded(False)
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A message takes room from the rest."""
        if event.type() in (QEvent.Type.Show, QEvent.Type.Hide, QEvent.Type.Resize):
            self.arrange()
        return False

    @guarded()
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._has_size = True
        self.arrange()
