"""The strip of the images that were brought in."""

import numpy as np
from PySide6.QtCore import QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QWidget

from vae_explorer.session.session import Session
from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.theme import UNIT, theme
from vae_explorer.ui.widgets.image_strip import ImageStrip
from vae_explorer.ui.widgets.panel import button

TILE = 44  # pixels at 100 %


class ThumbnailStrip(QWidget):
    """The images that were brought in; a click or Enter chooses one, Delete takes one out, and the dashed cell after
    the last brings more.

    Signals:
        open_asked(): files are to be chosen
    """

    open_asked = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None):
        super().__init__(parent)
        self._image = session.image
        self._images = ImageStrip(rows=1, tile=TILE)
        self._images.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.grid = self._images.grid
        self.grid.setObjectName("imageStrip")
        self.grid.setAccessibleName("Images")
        self.grid.setToolTip("Images: click one to encode it, press Delete to remove it")
        self.grid.chosen.connect(self._on_chosen)
        self.grid.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.grid.customContextMenuRequested.connect(self._on_menu)
        self.more = button("+\ndrop", self.open_asked.emit, "Open images, or drop them anywhere", role="drop")
        self.more.setObjectName("dropCell")
        self.more.setAccessibleName("Open images")
        inside = QHBoxLayout(self)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(UNIT)
        inside.addWidget(self._images)
        inside.addWidget(self.more, 0, Qt.AlignmentFlag.AlignTop)
        inside.addStretch(1)
        self._image.images_changed.connect(self._on_images_changed)
        theme.changed.connect(self._on_theme_changed)
        self._shown: tuple[int, ...] = ()
        self._on_theme_changed()

    @guarded()
    def keyPressEvent(self, event: QKeyEvent) -> None:
        removes = event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and not event.modifiers()
        if removes and self._image.image is not None:
            self._image.remove(self._image.image)
        else:
            super().keyPressEvent(event)

    def _on_images_changed(self) -> None:
        images = self._image.images
        if images != self._shown:
            self._shown = images
            thumbnails = [self._image.thumbnails[image] for image in images]
            self.grid.set_images(np.stack(thumbnails) if thumbnails else None)
            self.grid.set_captions([self._image.pictures[image].name for image in images])
            self._images.setVisible(bool(images))
            self._images.updateGeometry()
        chosen = self._image.image
        self.grid.set_selected(images.index(chosen) if chosen in images else None)

    def _on_chosen(self, at: int) -> None:
        if 0 <= at < len(self._shown):
            self._image.choose(self._shown[at])

    def _on_menu(self, place: QPoint) -> None:
        at = self.grid.index_at(QPointF(place))
        if at < 0:
            return
        menu = QMenu(self)
        remove = menu.addAction("Remove from the strip")
        if menu.exec(self.grid.mapToGlobal(place)) is remove:
            self._image.remove(self._shown[at])
        menu.deleteLater()

    def _on_theme_changed(self) -> None:
        side = theme.pixels(TILE) + UNIT
        self.more.setFixedSize(side, side)
        self.setFixedHeight(self._images.sizeHint().height())
