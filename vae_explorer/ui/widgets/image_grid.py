"""Many images side by side, as large as the place allows, to point at and to choose from."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Property, QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QColor,
    QFocusEvent,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.theme import theme
from vae_explorer.ui.widgets.accessible import ListInterface, PictureList, describe, tell_item
from vae_explorer.ui.widgets.grid_layout import GAP, GridLayout, arrange
from vae_explorer.ui.widgets.image_view import DIMMED, paint_message
from vae_explorer.ui.widgets.pixels import ColourMap, coloured, rgb, same, tiled

LATE = 0.5  # opacity of images that will be replaced at once
CHOOSING_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
WALKING_KEYS = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End)
CHORD = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier


class ImageGrid(PictureList):
    """Images in rows, filled from the left. With `rows` and `tile` (a side, in pixels at 100 %) tiles have a fixed
    size and the widget asks for the room they need; without, they are as large as the widget allows.

    Signals:
        shown(object): images that differ from the last ones are painted for the first time; the array as given.
        pointed(int): the image under the mouse or the keyboard's frame, -1 when there is none any more.
        walked(int): the keyboard's frame went to this image.
        chosen(int): clicked, or Enter or Space in the frame.
        double_clicked(int): twice.
    """

    shown = Signal(object)
    pointed = Signal(int)
    walked = Signal(int)
    chosen = Signal(int)
    double_clicked = Signal(int)

    def __init__(self, parent: QWidget | None = None, *, rows: int | None = None, tile: int = 38, item: str = "image"):
        """item: what a screen reader calls one of them, such as "sample"."""
        super().__init__(parent)
        self.item = item
        self._rows = rows
        self._tile = tile
        self._value: np.ndarray | None = None
        self._colours: ColourMap = "grey"
        self._scale = 1.0
        self._captions: Sequence[str] = ()
        self._message = ""
        self._is_late = self._unseen = False
        self._arrangement: GridLayout | None = None
        self._canvas = np.zeros((0, 0), np.uint32)  # kept, since fresh memory costs more than the pixels
        self._composed: QImage | None = None  # looks into _canvas
        self._composed_as: GridLayout | None = None
        self._pointed = -1
        self._cursor = 0
        self._selected: int | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("images")
        vertical = QSizePolicy.Policy.Expanding if rows is None else QSizePolicy.Policy.Fixed
        self.setSizePolicy(QSizePolicy.Policy.Expanding, vertical)
        theme.changed.connect(self._on_theme_changed)

    def set_images(self, images: np.ndarray | None) -> None:
        """Shows numbers [n, c, h, w], c 1 or 3, in [0, 1] or uint8; None or n = 0 empties the place.

        The array is the grid's from now on: a caller that changes it hands in another one."""
        if images is not None and (images.ndim != 4 or (len(images) and images.shape[1] not in (1, 3))):
            raise ValueError(f"images are [n, 1 or 3, height, width], got {list(images.shape)}")
        old = self._value
        if images is old or same(images, old):
            return
        self._value = images
        self._unseen = self._count() > 0
        self._composed = None
        self._cursor = max(0, min(self._cursor, self._count() - 1))
        if self._selected is not None and self._selected >= self._count():
            self._selected = None
        if self._pointed >= self._count():
            self._point(-1)
        if old is None or images is None or old.shape != images.shape:
            self._arrange_again()
        self.update()

    def set_colours(self, colours: ColourMap, scale: float = 1.0) -> None:
        """How numbers become colours, see `coloured`: diverging shows differences in [-scale, scale]."""
        if (colours, scale) != (self._colours, self._scale):
            self._colours, self._scale = colours, scale
            self._composed = None
            self.update()

    def set_selected(self, index: int | None) -> None:
        """Frames this image."""
        before, self._selected = self._selected, index if index is not None and 0 <= index < self._count() else None
        self.update()
        if self._selected is not None and self._selected != before:
            tell_item(self, QAccessible.Event.Selection, self._selected)

    def set_captions(self, captions: Sequence[str]) -> None:
        """A tooltip for each image."""
        self._captions = tuple(captions)

    def set_message(self, text: str | None) -> None:
        """A message over the dimmed images, or in the empty area; None removes it."""
        if (text or "") != self._message:
            self._message = text or ""
            self.setAccessibleDescription(self._message)
            self.update()

    def set_late(self, late: bool) -> None:
        """Dims images that no longer belong to what is shown elsewhere, until the next ones are there."""
        if late != self._is_late:
            self._is_late = late
            self.update()

    def tile_rect(self, index: int) -> QRectF:
        """Where an image is in the widget; an empty rectangle when there is no such image."""
        arrangement = self._arranged()
        if arrangement is None or not 0 <= index < self._count():
            return QRectF()
        ratio, origin = self.devicePixelRatioF(), self._origin(arrangement)
        row, column = divmod(index, arrangement.columns)
        x = origin.x() + column * (arrangement.width + arrangement.gap)
        y = origin.y() + row * (arrangement.height + arrangement.gap)
        return QRectF(x / ratio, y / ratio, arrangement.width / ratio, arrangement.height / ratio)

    def index_at(self, position: QPointF) -> int:
        """The image at a place in the widget, -1 in a gap."""
        first = self.tile_rect(0)
        arrangement = self._arranged()
        if arrangement is None or first.isEmpty():
            return -1
        gap = arrangement.gap / self.devicePixelRatioF()
        column = int((position.x() - first.x()) // (first.width() + gap))
        row = int((position.y() - first.y()) // (first.height() + gap))
        index = row * arrangement.columns + column
        inside = 0 <= column < arrangement.columns and self.tile_rect(index).contains(position)
        return index if inside else -1

    # what is taken away, and what a screen reader is told

    @property
    def columns(self) -> int:
        """In which the images are shown."""
        arrangement = self._arranged()
        return arrangement.columns if arrangement else 1

    @property
    def is_empty(self) -> bool:
        return self._count() == 0

    def numbers(self) -> np.ndarray:
        """The images as given, [n, c, h, w]. Raises ValueError where there are none."""
        if self._value is None:
            raise ValueError("there are no images")
        return self._value

    def pixels(self) -> np.ndarray:
        """The images as they are coloured, uint8 [n, h, w, 3]."""
        return rgb(coloured(self.numbers(), self._colours, self._scale))

    def item_count(self) -> int:
        return self._count()

    def item_name(self, index: int) -> str:
        """Such as "sample 6 of 16", with its caption."""
        caption = self._captions[index] if index < len(self._captions) else ""
        return f"{self.item} {index + 1} of {self._count()}" + (f": {caption}" if caption else "")

    def item_in_frame(self) -> int:
        return self._cursor

    def item_is_selected(self, index: int) -> bool:
        return index == self._selected

    def height_for_rows(self) -> int:
        """What fixed rows need, in pixels."""
        return self.sizeHint().height()

    def _value_now(self) -> np.ndarray | None:
        return self._value

    value = Property(object, _value_now)  # the array as given, in full precision

    @guarded(QSize())
    def sizeHint(self) -> QSize:
        if self._rows is None:
            return QSize(theme.pixels(320), theme.pixels(160))
        arrangement = self._fixed(max(self._count(), 1))
        ratio, margin = self.devicePixelRatioF(), 2 * self._margin()
        width, height = arrangement.total_width + margin, arrangement.total_height + margin
        return QSize(-int(-width // ratio), -int(-height // ratio))

    @guarded(QSize())
    def minimumSizeHint(self) -> QSize:
        return QSize(theme.pixels(56), theme.pixels(28)) if self._rows is None else self.sizeHint()

    @guarded()
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrangement = None

    @guarded()
    def paintEvent(self, event: QPaintEvent) -> None:
        arrangement = self._arranged()
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if arrangement is not None:
                self._paint_images(painter, arrangement)
            if self._message:
                areas = [QRectF(self.rect())]
                if arrangement is not None:
                    last = min(arrangement.columns, self._count()) - 1
                    bottom = self.tile_rect((arrangement.rows - 1) * arrangement.columns)
                    areas.insert(0, self.tile_rect(0).united(self.tile_rect(last)).united(bottom))
                paint_message(painter, areas, self._message, over_picture=arrangement is not None)
            elif arrangement is not None:
                self._paint_frames(painter)
        if self._unseen:
            self._unseen = False
            self.shown.emit(self._value)

    @guarded(False)
    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            index = self.index_at(QPointF(event.pos()))
            text = self._message or (self._captions[index] if 0 <= index < len(self._captions) else "")
            if text:
                QToolTip.showText(event.globalPos(), text, self, self.tile_rect(index).toAlignedRect())
                return True
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride and self._is_own(event):
            event.accept()  # in a focused grid Space chooses, whatever it does in the window
            return True
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._on_theme_changed()
        return super().event(event)

    @guarded()
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point(self.index_at(event.position()))

    @guarded()
    def leaveEvent(self, event: QEvent) -> None:
        self._point(-1)

    @guarded()
    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.index_at(event.position())
        if index < 0 or event.button() != Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
            return
        self._cursor = index
        self.update()
        self.chosen.emit(index)

    @guarded()
    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        index = self.index_at(event.position())
        if index >= 0 and event.button() == Qt.MouseButton.LeftButton:
            self.double_clicked.emit(index)

    @guarded()
    def keyPressEvent(self, event: QKeyEvent) -> None:
        arrangement = self._arranged()
        if arrangement is None or not self._is_own(event):
            super().keyPressEvent(event)
        elif event.key() in CHOOSING_KEYS:
            self.chosen.emit(self._cursor)
        else:
            self._walk(Qt.Key(event.key()), arrangement.columns)

    @guarded()
    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    @guarded()
    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if not self.underMouse():
            self._point(-1)
        self.update()

    def _is_own(self, event: QKeyEvent) -> bool:
        known = event.key() in CHOOSING_KEYS + WALKING_KEYS
        return known and self._count() > 0 and not event.modifiers() & CHORD

    def _count(self) -> int:
        return 0 if self._value is None else len(self._value)

    def _on_theme_changed(self) -> None:
        self._composed = None
        self._arrange_again()
        self.update()

    def _arrange_again(self) -> None:
        self._arrangement = None
        if self._rows is not None:
            self.updateGeometry()

    def _margin(self) -> int:
        """Device pixels around the tiles, so that the frame of an outer one is whole."""
        return round(theme.pixels(3) * self.devicePixelRatioF())

    def _arranged(self) -> GridLayout | None:
        """The arrangement for the present size; None when there are no images."""
        if self._value is None or not self._count():
            return None
        if self._arrangement is None:
            self._arrangement = self._fixed(len(self._value)) if self._rows else self._fitted(self._value)
        return self._arrangement

    def _fitted(self, images: np.ndarray) -> GridLayout:
        ratio, margin = self.devicePixelRatioF(), 2 * self._margin()
        count, _, height, width = images.shape
        room_width, room_height = int(self.width() * ratio) - margin, int(self.height() * ratio) - margin
        return arrange(count, width, height, room_width, room_height, largest_gap=round(theme.pixels(8) * ratio))

    def _fixed(self, count: int) -> GridLayout:
        height, width = self._value.shape[2:] if self._count() and self._value is not None else (1, 1)
        side = round(theme.pixels(self._tile) * self.devicePixelRatioF())
        rows = self._rows or 1
        return GridLayout(
            -(-count // rows), rows, max(1, round(side * width / height)), side, max(2, round(side * GAP))
        )

    def _origin(self, arrangement: GridLayout) -> QPoint:
        margin = self._margin()
        room_height = int(self.height() * self.devicePixelRatioF())
        return QPoint(margin, max(margin, (room_height - arrangement.total_height) // 2))

    def _compose(self, arrangement: GridLayout) -> QImage:
        if self._canvas.shape != arrangement.canvas:
            self._canvas = np.zeros(arrangement.canvas, np.uint32)
        radius = round(theme.pixels(4) * self.devicePixelRatioF())
        return tiled(self._canvas, coloured(self.numbers(), self._colours, self._scale), arrangement, radius)

    def _paint_images(self, painter: QPainter, arrangement: GridLayout) -> None:
        if self._composed is None or self._composed_as != arrangement:
            self._composed, self._composed_as = self._compose(arrangement), arrangement
        ratio = self.devicePixelRatioF()
        painter.save()
        painter.scale(1 / ratio, 1 / ratio)
        painter.setOpacity(DIMMED if self._message else LATE if self._is_late else 1.0)
        painter.drawImage(self._origin(arrangement), self._composed)
        painter.restore()

    def _paint_frames(self, painter: QPainter) -> None:
        if 0 <= self._pointed < self._count() and self._pointed != self._selected:
            self._paint_frame(painter, self._pointed, theme.colour("text", 0.6), outside=0.5, width=1.0)
        if self._selected is not None:
            self._paint_frame(painter, self._selected, theme.colour("accent"), outside=1.0, width=2.0)
        if self.hasFocus():
            both = self._cursor == self._selected
            colour = theme.colour("text") if both else theme.colour("accent")
            self._paint_frame(painter, self._cursor, colour, outside=2.5 if both else 1.5, width=1.0 if both else 1.5)

    def _paint_frame(self, painter: QPainter, index: int, colour: QColor, *, outside: float, width: float) -> None:
        radius = theme.pixels(4) + outside
        painter.setPen(QPen(colour, width))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(self.tile_rect(index).adjusted(-outside, -outside, outside, outside), radius, radius)

    def _point(self, index: int) -> None:
        if index != self._pointed:
            self._pointed = index
            self.update()
            self.pointed.emit(index)

    def _walk(self, key: Qt.Key, columns: int) -> None:
        last = self._count() - 1
        by = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -columns, Qt.Key.Key_Down: columns}
        there = self._cursor + by[key] if key in by else 0 if key == Qt.Key.Key_Home else last
        if 0 <= there <= last:
            self._cursor = there
        self.setAccessibleDescription(self.item_name(self._cursor))
        tell_item(self, QAccessible.Event.Focus, self._cursor)
        self.update()
        self.walked.emit(self._cursor)
        self._point(self._cursor)


describe(ImageGrid, ListInterface)
