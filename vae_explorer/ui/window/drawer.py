"""The drawer: one view at a time, in a row of tabs; below the panels, enlarged over them, or folded to its tabs."""

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from vae_explorer.session.session import Session
from vae_explorer.ui.theme import UNIT, theme
from vae_explorer.ui.views import registry
from vae_explorer.ui.widgets.panel import button, label, more_button, row
from vae_explorer.ui.window.arrangement import DRAWER, TABS, DrawerState


class Drawer(QFrame):
    """The registered views, each computed only while it is in sight. Where the shown model cannot serve one, its page
    says why. Where the window has no room for the panels, they are the first of the pages.

    Signals:
        chosen(): the user wants to see a page, also the one that was chosen before
        enlarge_asked(bool): the page is to be enlarged, or small again
        fold_asked(bool): only the tabs are to be seen, or the page too
    """

    chosen = Signal()
    enlarge_asked = Signal(bool)
    fold_asked = Signal(bool)

    def __init__(self, session: Session, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("drawer")
        self.setProperty("role", "panel")
        self.setAccessibleName("Views")
        self._model = session.model
        self._entries = {entry.key: entry for entry in registry.VIEWS}
        self._nouns: dict[str, registry.Watched] = {
            key: session.noun(key, entry.noun) for key, entry in self._entries.items()
        }
        self.views: dict[str, QWidget] = {key: entry.widget(session) for key, entry in self._entries.items()}
        self._keys: list[str] = []  # of the pages, in the order of their tabs
        self._state: DrawerState = "open"

        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 0, 1, 1)
        layout.setSpacing(0)
        self.bar = QTabBar()
        self.bar.setObjectName("drawerTabs")
        self.bar.setAccessibleName("Views")
        self.bar.setDrawBase(False)
        self.bar.setExpanding(False)
        self.bar.setUsesScrollButtons(True)
        self.more = {key: more_button(view) for key, view in self.views.items()}
        self.enlarge = button("", self._on_enlarge, "", role="link", name="enlargeView")
        self.fold = button("", self._on_fold, "", role="link", name="foldDrawer")
        top = row(spacing=UNIT)
        top.setContentsMargins(2 * UNIT, 0, 2 * UNIT, 0)
        top.addWidget(self.bar, 1)
        for more in self.more.values():
            top.addWidget(more)
        top.addWidget(self.enlarge)
        top.addWidget(self.fold)
        layout.addLayout(top)
        self._pages = QStackedWidget()
        layout.addWidget(self._pages, 1)
        for at, (key, entry) in enumerate(self._entries.items()):
            self._add(at, key, entry.name, _Page(self.views[key]), f"{entry.name} (Ctrl+{at + 1})")
        self.bar.currentChanged.connect(self._on_changed)
        self.bar.tabBarClicked.connect(self._on_clicked)
        self.bar.tabBarDoubleClicked.connect(self._on_double_clicked)
        session.model.changed.connect(self._on_changed)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self.set_state("open")

    @property
    def current(self) -> str:
        """The key of the page that is chosen."""
        return self._keys[self.bar.currentIndex()]

    @property
    def page(self) -> QStackedWidget:
        """The page that is chosen."""
        return self._page(self.bar.currentIndex())

    @property
    def keys(self) -> tuple[str, ...]:
        """The pages, in the order of their tabs."""
        return tuple(self._keys)

    def show_view(self, key: str) -> None:
        """Brings a page into sight. Raises ValueError for one that is not there."""
        self.bar.setCurrentIndex(self._keys.index(key))
        self.chosen.emit()

    def set_panels(self, panels: Mapping[str, tuple[str, QWidget]]) -> None:
        """Puts panels (title, widget) before the views; without any, gives them back: they have no parent then."""
        chosen = self.current
        for key in [key for key in self._keys if key not in self._entries and key not in panels]:
            at = self._keys.index(key)
            page = self._page(at)
            self._keys.remove(key)
            self.bar.removeTab(at)
            self._pages.removeWidget(page)
            page.give_back()
            page.deleteLater()
        for at, (key, (title, panel)) in enumerate(panels.items()):
            if key not in self._keys:
                self._add(at, key, title, _Page(panel), title)
        self.bar.setCurrentIndex(self._keys.index(chosen) if chosen in self._keys else 0)
        self._on_changed()

    def set_state(self, state: DrawerState, *, can_close: bool = True) -> None:
        """How much of it is seen. `can_close`: whether an enlarged page can be small again."""
        self._state = state
        is_large = state == "enlarged"
        self._pages.setVisible(state in ("open", "enlarged"))
        self.enlarge.setText("⤡ Back" if is_large else "⤢ Enlarge")
        self._say(self.enlarge, "Back to the panels (Esc)" if is_large else "Enlarge this view (F12)")
        self.enlarge.setVisible(can_close)
        self.fold.setText("▴" if state == "folded" else "▾")
        self._say(self.fold, "Show the view" if state == "folded" else "Fold the views away")
        self.fold.setAccessibleName(self.fold.toolTip())
        self.fold.setVisible(can_close and not is_large)
        self.setVisible(state != "hidden")
        self._on_theme_changed()
        self._on_changed()

    def _page(self, at: int) -> "_Page":
        page = self._pages.widget(at)
        assert isinstance(page, _Page)
        return page

    def _say(self, control: QWidget, tip: str) -> None:
        control.setToolTip(tip)
        control.setAccessibleDescription(tip)

    def _add(self, at: int, key: str, title: str, page: "_Page", tip: str) -> None:
        page.setObjectName(f"view_{key}")
        self._keys.insert(at, key)
        self._pages.insertWidget(at, page)
        self.bar.insertTab(at, title)
        self.bar.setTabToolTip(at, tip)

    def _on_changed(self) -> None:
        is_seen = self._state in ("open", "enlarged")
        current = self.bar.currentIndex()
        self._pages.setCurrentIndex(current)
        for key, entry in self._entries.items():
            why_not, at = entry.why_not(self._model.card), self._keys.index(key)
            self._page(at).set_reason(why_not)
            self.more[key].setVisible(is_seen and at == current and not why_not)
            self._nouns[key].set_watched(is_seen and at == current and not why_not)

    def _on_clicked(self, at: int) -> None:
        if at >= 0:
            self.bar.setCurrentIndex(at)
            self.chosen.emit()

    def _on_double_clicked(self, at: int) -> None:
        if at >= 0:
            self._on_enlarge()

    def _on_enlarge(self) -> None:
        self.enlarge_asked.emit(self._state != "enlarged")

    def _on_fold(self) -> None:
        self.fold_asked.emit(self._state != "folded")

    def _on_theme_changed(self) -> None:
        """Its room is given, not asked for: what a view shows never moves the panels."""
        tabs = theme.pixels(TABS)
        self.bar.setFixedHeight(tabs)
        if self._state == "folded":
            self.setFixedHeight(tabs + 2)
        else:
            self.setMinimumHeight(theme.pixels(DRAWER) if self._state == "open" else 0)
            self.setMaximumHeight(16_777_215)  # Qt's "no limit"
        self.setMinimumWidth(1)


class _Page(QStackedWidget):
    """A view that scrolls where it is larger than its page, or the sentence that says why there is nothing to see."""

    def __init__(self, view: QWidget):
        super().__init__()
        self._reason = label(role="muted", wrap=True, name="viewReason")
        self._reason.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._area = QScrollArea()
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidgetResizable(True)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setWidget(view)
        self._area.setMinimumSize(1, 1)
        view.setAutoFillBackground(False)
        self.addWidget(self._area)
        self.addWidget(self._reason)

    def give_back(self) -> None:
        """Lets go of the view, which is shown elsewhere now."""
        self._area.takeWidget()

    def set_reason(self, reason: str) -> None:
        self._reason.setText(reason)
        self.setCurrentIndex(int(bool(reason)))
