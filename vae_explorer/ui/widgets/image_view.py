"""One image as the network sees it: every pixel a square, its value under the mouse."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import (
    Property,
    QBuffer,
    QByteArray,
    QEvent,
    QMimeData,
    QPoint,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QBrush,
    QDrag,
    QHelpEvent,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QTextOption,
    QTransform,
)
from PySide6.QtWidgets import QApplication, QSizePolicy, QToolTip, QWidget

from vae_explorer.errors import UserError
from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.theme import theme
from vae_explorer.ui.widgets.accessible import PictureInterface, describe
from vae_explorer.ui.widgets.pixels import ColourMap, coloured, image_of, rgb, same

DIMMED = 0.25  # opacity of a picture under a message


def paint_message(painter: QPainter, areas: Sequence[QRectF], text: str, *, over_picture: bool) -> None:
    """Writes text in the middle of the first area that holds it, in smaller type where it must."""
    option = QTextOption(Qt.AlignmentFlag.AlignCenter)
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    padding = theme.pixels(8)
    for area, size in [(area, size) for area in areas for size in (1.0, 0.9, 0.8)]:
        painter.setFont(theme.font(scale=size))
        inside = area.adjusted(padding, padding, -padding, -padding)
        if not inside.isValid():
            continue
        bounds = painter.boundingRect(inside, text, option)
        if bounds.height() <= inside.height() and bounds.width() <= inside.width() + 1:
            break
    else:
        inside = bounds = areas[-1]
        option.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter)
    if over_picture:
        painter.setPen(QPen(theme.colour("border"), 1))
        painter.setBrush(theme.colour("panel", 0.92))
        plate = bounds.adjusted(-padding, -padding / 2, padding, padding / 2)
        painter.drawRoundedRect(plate, theme.pixels(6), theme.pixels(6))
    painter.setPen(theme.colour("text" if over_picture else "muted"))
    painter.drawText(inside, text, option)


class ImageView(QWidget):
    """One image at the largest whole-number zoom that fits, in a frame of its own size.

    Signals:
        shown(object): an array that differs from the last one is painted for the first time; the array as given.
        zoomed(): the picture has another size on the screen; the value is `zoom`
        pixel_pointed(int, int): row and column under the mouse, from 0; -1, -1 when there is none any more.
    """

    shown = Signal(object)
    zoomed = Signal()
    pixel_pointed = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._value: np.ndarray | None = None
        self._colours: ColourMap = "grey"
        self._scale = 1.0
        self._photo = False
        self._message = ""
        self._unseen = False
        self._pixels: QImage | None = None  # 1 : 1, made when first needed
        self._fitted: QImage | None = None  # smoothly scaled to the device pixels of the last paint
        self._pointed = (-1, -1)
        self._pressed: QPointF | None = None
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("image")
        theme.changed.connect(self._on_theme_changed)

    def set_image(self, image: np.ndarray | None, colours: ColourMap = "grey", scale: float = 1.0) -> None:
        """Shows numbers [c, h, w], c 1 or 3 (see `coloured`); None empties the frame.

        The array is the view's from now on: a caller that changes it hands in another one."""
        if image is not None and (image.ndim != 3 or image.shape[0] not in (1, 3) or not image.size):
            raise ValueError(f"an image is [1 or 3, height, width], got {list(image.shape)}")
        self._show(image, colours, scale, photo=False)

    def set_picture(self, picture: np.ndarray | None) -> None:
        """Shows a photograph, uint8 [h, w, c], c 1 or 3, scaled smoothly to fit."""
        if picture is not None and (picture.ndim != 3 or picture.shape[2] not in (1, 3) or picture.dtype != np.uint8):
            raise ValueError(f"a picture is uint8 [height, width, 1 or 3], got {picture.dtype} {list(picture.shape)}")
        self._show(picture, "grey", 1.0, photo=True)

    def set_message(self, text: str | None) -> None:
        """A message over the dimmed picture, or in the empty frame; None removes it."""
        if (text or "") != self._message:
            self._message = text or ""
            self.setAccessibleDescription(self._message)
            self.update()

    def to_image(self) -> QImage:
        """The picture at one screen pixel for each of its own; a null image when there is none."""
        if self._pixels is None and self._value is not None:
            self._pixels = image_of(coloured(self.numbers()[0], self._colours, self._scale))
        return self._pixels or QImage()

    # what is taken away

    columns = 1

    @property
    def is_empty(self) -> bool:
        return self._value is None

    def numbers(self) -> np.ndarray:
        """The picture as given, [1, c, h, w]. Raises ValueError where there is none."""
        if self._value is None:
            raise ValueError("there is no picture")
        return (self._value.transpose(2, 0, 1) if self._photo else self._value)[None]

    def pixels(self) -> np.ndarray:
        """The picture as it is coloured, uint8 [1, h, w, 3]."""
        return rgb(coloured(self.numbers(), self._colours, self._scale))

    def size_text(self) -> str:
        """What a screen reader says of it."""
        if self._value is None:
            return "empty"
        height, width = self.numbers().shape[2:]
        return f"{width} × {height} pixels"

    @property
    def zoom(self) -> float:
        """Pixels of the screen for one of the picture: a whole number from 1 on, but for photographs."""
        return self._device_rect().width() / self.to_image().width() if self._value is not None else 1.0

    def picture_rect(self) -> QRectF:
        """Where the picture, or its empty frame, is in the widget."""
        rect, ratio = self._device_rect(), self.devicePixelRatioF()
        return QRectF(rect.x() / ratio, rect.y() / ratio, rect.width() / ratio, rect.height() / ratio)

    def _value_now(self) -> np.ndarray | None:
        return self._value

    value = Property(object, _value_now)  # the array as given, in full precision

    @guarded(QSize())
    def sizeHint(self) -> QSize:
        return QSize(theme.pixels(240), theme.pixels(240))

    @guarded(QSize())
    def minimumSizeHint(self) -> QSize:
        return QSize(theme.pixels(28), theme.pixels(28))

    @guarded()
    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            frame = self.picture_rect()
            if self._value is None:
                painter.setPen(QPen(theme.colour("border"), 1))
                painter.setBrush(theme.colour("field"))
                painter.drawRoundedRect(frame.adjusted(0.5, 0.5, -0.5, -0.5), theme.pixels(6), theme.pixels(6))
            else:
                self._paint_picture(painter)
            if self._message:
                paint_message(
                    painter, (frame, QRectF(self.rect())), self._message, over_picture=self._value is not None
                )
        if self._unseen:
            self._unseen = False
            self.shown.emit(self._value)

    @guarded()
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.zoomed.emit()

    @guarded(False)
    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            text = self._message or self._pixel_text(event.pos())
            if text:
                QToolTip.showText(event.globalPos(), text, self)
                return True
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._on_theme_changed()
        return super().event(event)

    @guarded()
    def mousePressEvent(self, event: QMouseEvent) -> None:
        inside = self._value is not None and self.picture_rect().contains(event.position())
        self._pressed = event.position() if inside and event.button() == Qt.MouseButton.LeftButton else None
        if self._pressed is None:
            super().mousePressEvent(event)

    @guarded()
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point(self._pixel_at(event.position()))
        if QToolTip.isVisible() and self._pointed != (-1, -1):
            QToolTip.showText(event.globalPosition().toPoint(), self._pixel_text(event.position().toPoint()), self)
        if self._pressed is None or not event.buttons() & Qt.MouseButton.LeftButton:
            return
        if (event.position() - self._pressed).manhattanLength() >= QApplication.startDragDistance():
            self._pressed = None
            self._drag_out()

    @guarded()
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pressed = None

    @guarded()
    def leaveEvent(self, event: QEvent) -> None:
        self._point((-1, -1))

    def _show(self, value: np.ndarray | None, colours: ColourMap, scale: float, *, photo: bool) -> None:
        same_look = (colours, scale, photo) == (self._colours, self._scale, self._photo)
        if same_look and (value is self._value or same(value, self._value)):
            return
        self._value, self._colours, self._scale, self._photo = value, colours, scale, photo
        self._unseen = value is not None
        self._forget_pixels()

    def _on_theme_changed(self) -> None:
        self.updateGeometry()
        self._forget_pixels()

    def _forget_pixels(self) -> None:
        self._pixels = self._fitted = None
        self.update()

    def _device_rect(self) -> QRect:
        """The frame in device pixels: a picture's squares are whole ones on every screen."""
        ratio = self.devicePixelRatioF()
        room_width, room_height = int(self.width() * ratio), int(self.height() * ratio)
        if self._value is None:
            width = height = min(room_width, room_height)
        else:
            height, width = self._value.shape[:2] if self._photo else self._value.shape[1:]
            zoom = min(room_width / width, room_height / height)
            if zoom >= 1 and not self._photo:
                zoom = int(zoom)
            width, height = max(1, int(width * zoom + 1e-6)), max(1, int(height * zoom + 1e-6))
        return QRect((room_width - width) // 2, (room_height - height) // 2, width, height)

    def _paint_picture(self, painter: QPainter) -> None:
        ratio = self.devicePixelRatioF()
        rect = self._device_rect()
        picture = self.to_image()
        zoom = rect.width() / picture.width()
        if self._photo or zoom < 1:
            if self._fitted is None or self._fitted.size() != rect.size():
                self._fitted = picture.scaled(
                    rect.size(), Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
                )
            picture, zoom = self._fitted, 1.0
        # A texture is the quickest way to rounded corners: no clip path, no mask, and scaled without smoothing.
        texture = QBrush(picture)
        texture.setTransform(QTransform(zoom, 0, 0, zoom, rect.x(), rect.y()))
        radius = min(theme.pixels(6) * ratio, rect.width() / 12, rect.height() / 12)
        painter.save()
        painter.scale(1 / ratio, 1 / ratio)
        painter.setOpacity(DIMMED if self._message else 1.0)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(texture)
        painter.drawRoundedRect(rect, radius, radius)
        painter.setPen(QPen(theme.colour("text", 0.12), ratio))  # so that white on white still has an edge
        painter.setBrush(Qt.BrushStyle.NoBrush)
        half = ratio / 2
        painter.drawRoundedRect(QRectF(rect).adjusted(half, half, -half, -half), radius, radius)
        painter.restore()

    def _pixel_at(self, position: QPointF) -> tuple[int, int]:
        frame = self.picture_rect()
        if self._value is None or self._photo or not frame.contains(position):
            return -1, -1
        height, width = self._value.shape[1:]
        row = int((position.y() - frame.y()) / frame.height() * height)
        column = int((position.x() - frame.x()) / frame.width() * width)
        return min(row, height - 1), min(column, width - 1)

    def _pixel_text(self, position: QPoint) -> str:
        row, column = self._pixel_at(QPointF(position))
        if row < 0 or self._value is None:
            return ""
        figure = {"grey": ".2f", "viridis": ".3f", "diverging": "+.3f"}[self._colours]
        numbers = self._value[:, row, column]
        if numbers.dtype == np.uint8:
            numbers = numbers / 255
        return f"row {row}, column {column}: " + ", ".join(f"{number:{figure}}" for number in numbers)

    def _point(self, pixel: tuple[int, int]) -> None:
        if pixel != self._pointed:
            self._pointed = pixel
            self.pixel_pointed.emit(*pixel)

    def _drag_out(self) -> None:
        content = QByteArray()
        buffer = QBuffer(content)
        if not (buffer.open(QBuffer.OpenModeFlag.WriteOnly) and self.to_image().save(buffer, "PNG")):  # type: ignore[call-overload]
            raise UserError("The picture could not be converted to PNG; copy or save it in another way")
        mime = QMimeData()
        mime.setData("image/png", content)
        drag = QDrag(self)
        drag.setMimeData(mime)
        drag.setPixmap(QPixmap.fromImage(self.to_image().scaledToHeight(theme.pixels(56))))
        drag.exec(Qt.DropAction.CopyAction)


describe(ImageView, PictureInterface)
