"""Explore: the spine as three panels over the drawer of views, or, without the room for them, one page at a time."""

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from vae_explorer.session.session import Session
from vae_explorer.ui.panels.decoded import DecodedPanel
from vae_explorer.ui.panels.image.image_panel import ImagePanel
from vae_explorer.ui.panels.latent.latent_panel import LatentPanel
from vae_explorer.ui.theme import theme
from vae_explorer.ui.window.arrangement import (
    DECODED,
    DRAWER,
    GAP,
    IMAGE,
    LATENT,
    PANELS_HEIGHT,
    Arrangement,
    DrawerState,
)
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
        self._widths = list(FIRST_WIDTHS)
        self._drawer_height = 0  # 0: the usual one
        self.drawer_state: DrawerState = "hidden"  # not shown yet
        self._fill_spine()
        self.spine.splitterMoved.connect(self._on_moved)
        self.rows.splitterMoved.connect(self._on_moved)
        theme.changed.connect(self._give_room)
        self._give_room()

    def arrange(self, arrangement: Arrangement) -> None:
        """Shows what has room."""
        before = self.drawer_state
        if arrangement.one_panel != self._is_one_panel:
            self._is_one_panel = arrangement.one_panel
            self._give_room()
            if self._is_one_panel:
                self.drawer.set_panels({key: (title, panel) for key, (title, panel, _) in self.panels.items()})
                self.drawer.show_view("latent")
            else:
                self.drawer.set_panels({})
                self._fill_spine()
        self.drawer_state = arrangement.drawer
        self.spine.setVisible(not arrangement.strip)
        self.drawer.set_state(arrangement.drawer, can_close=not arrangement.one_panel)
        if arrangement.drawer != before:
            self._give_drawer_its_height()

    def places(self) -> dict[str, list[int]]:
        """The widths of the panels and the height of the drawer as the user has set them, in pixels."""
        return {"spine": self._widths, "drawer": [self._drawer_height]}

    def restore(self, places: Mapping[str, object]) -> None:
        """Sets them; what is missing or damaged is left as it is."""
        widths, height = _numbers(places.get("spine"), len(FIRST_WIDTHS)), _numbers(places.get("drawer"), 1)
        if widths:
            self._widths = widths
            self.spine.setSizes(widths)
        if height:
            self._drawer_height = height[0]
            self._give_drawer_its_height()

    def focus_panels(self) -> list[QWidget]:
        """What F6 walks through, from left to right."""
        return [widget for widget in (self.image, self.latent, self.decoded, self.drawer) if widget.isVisible()]

    def _fill_spine(self) -> None:
        for (_, panel, _), stretch in zip(self.panels.values(), STRETCHES, strict=True):
            self.spine.addWidget(panel)
            self.spine.setStretchFactor(self.spine.count() - 1, stretch)
            panel.show()
        self.spine.setSizes(self._widths)

    def _give_drawer_its_height(self) -> None:
        """A splitter keeps the sizes that it has, also of a part that has become smaller."""
        if self.drawer_state == "folded":
            height = self.drawer.maximumHeight()
        else:
            height = self._drawer_height or theme.pixels(DRAWER)
        self.rows.setSizes([max(1, self.rows.height() - height - GAP), height])

    def _on_moved(self) -> None:
        """By hand: nothing else moves a handle."""
        self._widths = self.spine.sizes() if self.sender() is self.spine else self._widths
        if self.sender() is self.rows and self.drawer_state == "open":
            self._drawer_height = self.rows.sizes()[1]

    def _give_room(self) -> None:
        """Their room is given, not asked for: what a panel shows never moves the others."""
        for _, panel, width in self.panels.values():
            # 0 is "what it needs": a page that is too small for it scrolls
            panel.setMinimumSize(0 if self._is_one_panel else theme.pixels(width), 0 if self._is_one_panel else 1)
        self.spine.setMinimumHeight(theme.pixels(PANELS_HEIGHT))
        self._give_drawer_its_height()


def _numbers(value: object, count: int) -> list[int] | None:
    """What is in a settings file, if it is so many numbers above 0."""
    texts = [str(one) for one in value] if isinstance(value, list) else [str(value)]
    is_whole = len(texts) == count and all(text.isdecimal() and int(text) for text in texts)
    return [int(text) for text in texts] if is_whole else None
