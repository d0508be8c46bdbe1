"""A row of images that scrolls sideways."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QWidget

from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.theme import theme
from vae_explorer.ui.widgets.image_grid import ImageGrid


class ImageStrip(QScrollArea):
    """A grid of fixed rows, `grid`, which scrolls sideways where it is wider than its place."""

    def __init__(self, parent: QWidget | None = None, *, rows: int = 1, tile: int = 38) -> None:
        super().__init__(parent)
        self.grid = ImageGrid(rows=rows, tile=tile)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setWidget(self.grid)
        self.grid.walked.connect(self._on_walked)

    @guarded(QSize())
    def sizeHint(self) -> QSize:
        """With room for its scroll bar, so that nothing below moves when that comes."""
        height = self.grid.height_for_rows() + self.horizontalScrollBar().sizeHint().height()
        return QSize(self.grid.sizeHint().width(), height)

    @guarded(QSize())
    def minimumSizeHint(self) -> QSize:
        return QSize(theme.pixels(56), self.sizeHint().height())

    @guarded()
    def wheelEvent(self, event: QWheelEvent) -> None:
        bar = self.horizontalScrollBar()
        if bar.maximum() == 0:
            event.ignore()  # the page around it scrolls
            return
        turned = event.angleDelta()
        bar.setValue(bar.value() - (turned.x() or turned.y()) // 2)

    def _on_walked(self, index: int) -> None:
        tile = self.grid.tile_rect(index).toAlignedRect()
        self.ensureVisible(tile.center().x(), tile.center().y(), tile.width(), 0)
