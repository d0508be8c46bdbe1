"""Explore: the spine as three panels over the drawer of views, or, without the room for them, one page at a time."""

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from vae_explorer.session.session import Session
from vae_explorer.ui.panels.decoded import DecodedPanel
from vae_explorer.ui.panels.image.image_panel import ImagePanel
from vae_explorer.ui.panels.latent.latent_panel import LatentPanel
from vae_explorer.ui.theme import theme
from vae_explorer.ui.window.arrangement import DECODED, DRAWER, GAP, IMAGE, LATENT, PANELS_HEIGHT, Arrangement
from vae_explorer.ui.window.drawer import Drawer

FIRST_WIDTHS = (300, 744, 356)  # of the panels, at 1440 pixels
STRETCHES = (1, 3, 2)  # how they share the room of a larger window


class Explore(QWidget):
    """The workspace with the three panels. They are pages of the drawer where they have no room side by side."""

    def __init__(self, session: Session, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("workspace_explore")
        self.image, self.latent, self.decoded = ImagePanel(session), LatentPanel(session), DecodedPanel(session)
        self.drawer = Drawer(session)
        self.panels = {
            "image": ("Image", self.image, IMAGE),
            "latent": ("Latent", self.latent, LATENT),
            "decoded": ("Decoded", self.decoded, DECODED),
        }
        self.spine = QSplitter(Qt.Orientation.Horizontal)
        self.spine.setObjectName("spine")
        self.spine.setChildrenCollapsible(False)
        self.spine.setHandleWidth(GAP)
        self.rows = QSplitter(Qt.Orientation.Vertical)
        self.rows.setObjectName("rows")
        self.rows.setChildrenCollapsible(False)
        self.rows.setHandleWidth(GAP)
        self.rows.addWidget(self.spine)
        self.rows.addWidget(self.drawer)
        self.rows.setStretchFactor(0, 1)
        self.rows.setStretchFactor(1, 0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.rows)
        self._is_one_panel = False
        self._drawer_height = 0  # that the user gave it; 0: the usual one
        self._fill_spine()
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def arrange(self, arrangement: Arrangement) -> None:
        """Shows what has room."""
        before = self.drawer_state
        if arrangement.one_panel != self._is_one_panel:
            self._is_one_panel = arrangement.one_panel
            if self._is_one_panel:
                self.drawer.set_panels({key: (title, panel) for key, (title, panel, _) in self.panels.items()})
                self.drawer.show_view("latent")
            else:
                self.drawer.set_panels({})
                self._fill_spine()
        if before == "open" and arrangement.drawer != "open" and self.rows.sizes()[1] > 0:
            self._drawer_height = self.rows.sizes()[1]
        self.drawer_state = arrangement.drawer
        self.spine.setVisible(arrangement.drawer != "enlarged" and not arrangement.one_panel)
        self.drawer.set_state(arrangement.drawer, can_close=not arrangement.one_panel)
        if arrangement.drawer == "open" and before != "open":
            self._give_drawer_its_height()

    def reset_sizes(self) -> None:
        """The panels and the drawer as they are at the first start."""
        self.spine.setSizes(list(FIRST_WIDTHS))
        self._drawer_height = 0
        self._give_drawer_its_height()

    def places(self) -> dict[str, QByteArray]:
        """Where the user has put the handles, to be restored at the next start."""
        return {"spine": self.spine.saveState(), "rows": self.rows.saveState()}

    def restore(self, name: str, state: QByteArray) -> None:
        {"spine": self.spine, "rows": self.rows}[name].restoreState(state)

    def focus_panels(self) -> list[QWidget]:
        """What F6 walks through, from left to right."""
        return [widget for widget in (self.image, self.latent, self.decoded, self.drawer) if widget.isVisible()]

    drawer_state = "open"

    def _fill_spine(self) -> None:
        for (_, panel, _), stretch in zip(self.panels.values(), STRETCHES, strict=True):
            self.spine.addWidget(panel)
            self.spine.setStretchFactor(self.spine.count() - 1, stretch)
            panel.show()
        self.spine.setSizes(list(FIRST_WIDTHS))

    def _give_drawer_its_height(self) -> None:
        height = self._drawer_height or theme.pixels(DRAWER)
        self.rows.setSizes([max(1, self.rows.height() - height - GAP), height])

    def _on_theme_changed(self) -> None:
        """Their room is given, not asked for: what a panel shows never moves the others."""
        for _, panel, width in self.panels.values():
            panel.setMinimumSize(1 if self._is_one_panel else theme.pixels(width), 1)
        self.spine.setMinimumHeight(theme.pixels(PANELS_HEIGHT))
