"""The frame on the photo: what the model is shown of it, and what else was found."""

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleValueChangeEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QAccessibleWidget, QApplication, QWidget

from vae_explorer.data.photo.frame import Frame
from vae_explorer.session.session import Session
from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.panels.image.framing import Handle, Size, moved, resized
from vae_explorer.ui.theme import SMALL, theme
from vae_explorer.ui.widgets.accessible import describe
from vae_explorer.ui.widgets.image_view import ImageView
from vae_explorer.ui.widgets.tips import wrapped

TIP = (
    "The model sees what is in the frame. Drag it, or its handles; with Shift the proportions are free. R turns it "
    "by 90°, Delete goes back to what was found, 1 to 9 choose another figure, double-click enlarges the photo."
)
HANDLE = 7  # pixels at 100 %: of a handle
REACH = 7  # pixels at 100 %: so far from a side it is taken
ROOM = 30  # pixels at 100 %: a shorter side has no handle in its middle
STEP = 0.01  # of the photo's longer side, for each press of an arrow
DIM = 0.6  # opacity of what lies over the rest of the photo
SIDES = (-1, 0, 1)
MIDDLE: Handle = (0, 0)
_ARROWS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}
_MOUSE = -1  # a gesture by it; others are by a key
_CURSORS = {
    (1, 0): Qt.CursorShape.SizeHorCursor,
    (0, 1): Qt.CursorShape.SizeVerCursor,
    (1, 1): Qt.CursorShape.SizeFDiagCursor,
    (1, -1): Qt.CursorShape.SizeBDiagCursor,
}


class PhotoFrame(QWidget):
    """Lies over the view of the chosen image's photo. Where the model is shown all of the photo, nothing is painted
    until the mouse or the focus comes.

    Signals:
        enlarge_asked(): the photo is wanted larger
    """

    enlarge_asked = Signal()

    def __init__(self, view: ImageView, session: Session):
        super().__init__(view)
        self.setObjectName("photoFrame")
        self.setAccessibleName("Frame on the photo")
        self.setToolTip(wrapped(TIP))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self._view, self._session, self._image = view, session, session.image
        self._gesture: int | None = None  # the mouse, or the key that is held
        self._grip: tuple[QPointF, Frame, Handle] | None = None  # of a drag: where it began, on what, by which handle
        view.zoomed.connect(self._on_zoomed)
        view.shown.connect(self._on_zoomed)
        self._image.frame_changed.connect(self._on_changed)
        self._image.encoded.connect(self._on_changed)
        self._image.images_changed.connect(self._on_changed)
        theme.changed.connect(self.update)
        self._on_zoomed()

    @property
    def others(self) -> tuple[Frame, ...]:
        """What was found in the photo, where that is more than one figure; the best first."""
        found = self._image.posterior
        return found.candidates if found is not None and len(found.candidates) > 1 else ()

    def spoken_value(self) -> str:
        """For those who cannot see it."""
        frame, (width, height) = self._image.frame, self._size
        if frame is None:
            return "none"
        how = "set by hand" if self._image.settings.frame else "found"
        parts = [
            f"{how}: {frame.left / width:.0%} from the left, {frame.top / height:.0%} from the top, "
            f"{frame.width / width:.0%} × {frame.height / height:.0%} of the photo"
        ]
        parts += [f"turned by {90 * frame.turns}°"] if frame.turns else []
        parts += [f"{len(self.others)} figures were found"] if self.others else []
        return ", ".join(parts)

    # where things are

    @property
    def _size(self) -> Size:
        """Of the photo, in pixels; (1, 1) where there is none."""
        if self._view.is_empty:
            return 1, 1
        height, width = self._view.numbers().shape[2:]
        return width, height

    @property
    def _zoom(self) -> float:
        """Pixels of the screen for one of the photo."""
        return self._view.picture_rect().width() / self._size[0]

    def rect_of(self, frame: Frame) -> QRectF:
        """Where a frame is in this widget."""
        photo, zoom = self._view.picture_rect(), self._zoom
        return QRectF(
            photo.x() + zoom * frame.left, photo.y() + zoom * frame.top, zoom * frame.width, zoom * frame.height
        )

    def _handle_at(self, position: QPointF) -> Handle | None:
        """Which handle of the frame is there; MIDDLE within it, None outside."""
        frame, reach = self._image.frame, theme.pixels(REACH)
        if frame is None:
            return None
        rect = self.rect_of(frame)
        if not rect.adjusted(-reach, -reach, reach, reach).contains(position):
            return None

        def side(at: float, low: float, high: float) -> int:
            near = min(reach, (high - low) / 4)
            return -1 if at < low + near else 1 if at > high - near else 0

        return side(position.x(), rect.left(), rect.right()), side(position.y(), rect.top(), rect.bottom())

    def _other_at(self, position: QPointF) -> Frame | None:
        """The smallest of the found frames there."""
        there = [frame for frame in self.others if self.rect_of(frame).contains(position)]
        return min(there, key=lambda frame: frame.width * frame.height, default=None)

    def _is_whole(self, frame: Frame) -> bool:
        return (frame.width, frame.height) == self._size

    # gestures

    def _begin(self, gesture: int) -> None:
        if gesture != self._gesture:
            self._end()
            self._gesture = gesture
            self._image.grip_frame()

    def _end(self, *, take_back: bool = False) -> None:
        if self._gesture is not None:
            self._gesture = self._grip = None
            self._image.release_frame(take_back=take_back)
            self.update()

    def _ratio(self, frame: Frame, *, free: bool) -> float | None:
        """Width to height of the frame of an image of the model; None: any."""
        snapshot = self._session.model.snapshot
        if free or snapshot is None or snapshot.preparation is None:
            return None
        _, height, width = snapshot.preparation.image_shape
        return height / width if frame.turns % 2 else width / height

    def _pull(self, frame: Frame, handle: Handle, across: float, down: float, *, free: bool) -> None:
        """By so many pixels of the photo."""
        if handle == MIDDLE:
            self._image.set_frame(moved(frame, across, down, self._size))
        else:
            ratio = self._ratio(frame, free=free)
            self._image.set_frame(resized(frame, handle, across, down, self._size, ratio))

    @guarded()
    def mousePressEvent(self, event: QMouseEvent) -> None:
        frame, handle, at = self._image.frame, self._handle_at(event.position()), event.position()
        if event.button() != Qt.MouseButton.LeftButton or frame is None:
            event.ignore()
        elif handle is None and (other := self._other_at(at)) is not None:
            self._image.set_frame(other)
        elif handle is None or (handle == MIDDLE and self._is_whole(frame)):
            event.ignore()  # the photo can be dragged out of the window
        else:
            self._grip = None
            self._begin(_MOUSE)
            self._grip = at, frame, handle

    @guarded()
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grip is None:
            self._set_cursor(self._handle_at(event.position()))
            event.ignore()
            return
        start, frame, handle = self._grip
        way = event.position() - start
        if self._image.frame != frame or way.manhattanLength() >= QApplication.startDragDistance() / 3:
            free = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._pull(frame, handle, way.x() / self._zoom, way.y() / self._zoom, free=free)

    @guarded()
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._grip is None:
            event.ignore()
        self._end()

    @guarded()
    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._end()
        if event.button() == Qt.MouseButton.LeftButton:
            self.enlarge_asked.emit()

    @guarded()
    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, modifiers = event.key(), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        number = key - Qt.Key.Key_1
        if key == Qt.Key.Key_Escape and self._gesture is not None:
            self._end(take_back=True)
        elif self._image.frame is None or modifiers & Qt.KeyboardModifier.AltModifier:
            event.ignore()
        elif key in _ARROWS:
            self._press(Qt.Key(key), modifiers)
        elif modifiers:
            event.ignore()
        elif key == Qt.Key.Key_R:
            self._image.turn_frame()
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._image.set_frame(None)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.enlarge_asked.emit()
        elif 0 <= number < len(self.others):
            self._image.set_frame(self.others[number])
        else:
            event.ignore()

    def _press(self, key: Qt.Key, modifiers: Qt.KeyboardModifier) -> None:
        """An arrow: moves the frame, with Ctrl its lower right corner; with Shift by one pixel of the photo."""
        frame = self._image.frame
        if frame is None or self._gesture == _MOUSE:
            return
        fine = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
        corner = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
        step = 1 if fine else max(1, round(STEP * max(self._size)))
        across, down = (float(sign * step) for sign in _ARROWS[key])
        self._begin(key)
        if corner and not fine:  # in proportion: both sides by the same step
            ratio = self._ratio(frame, free=False) or 1.0
            across, down = (across or down), (down or across) / ratio
        self._pull(frame, (1, 1) if corner else MIDDLE, across, down, free=fine)

    @guarded()
    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == self._gesture and not event.isAutoRepeat():
            self._end()
        else:
            event.ignore()

    @guarded()
    def focusOutEvent(self, event: QFocusEvent) -> None:
        if self._gesture != _MOUSE:
            self._end()
        super().focusOutEvent(event)
        self.update()

    @guarded()
    def leaveEvent(self, event: QEvent) -> None:
        self.unsetCursor()
        self.update()

    def _set_cursor(self, handle: Handle | None) -> None:
        frame = self._image.frame
        if handle is None or frame is None or (handle == MIDDLE and self._is_whole(frame)):
            self.unsetCursor()
        elif handle == MIDDLE:
            self.setCursor(Qt.CursorShape.SizeAllCursor)
        else:
            opposite = (-handle[0], -handle[1])
            self.setCursor(_CURSORS[handle if handle in _CURSORS else opposite])

    # what is shown

    def _on_zoomed(self) -> None:
        self.setGeometry(self._view.rect())
        self.update()

    def _on_changed(self) -> None:
        """The session's frame is another."""
        if not self._image.is_frame_held:  # an undo, or another image, ends a gesture
            self._gesture = self._grip = None
        if QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleValueChangeEvent(self, self.spoken_value()))
        self.update()

    @guarded()
    def paintEvent(self, event: QPaintEvent) -> None:
        frame = self._image.frame
        if frame is None or self._view.is_empty:
            return
        is_active = self.hasFocus() or self.underMouse()
        if self._is_whole(frame) and not frame.turns and not is_active and not self.others:
            return
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            photo, rect = self._view.picture_rect(), self.rect_of(frame)
            outside = QPainterPath()
            outside.addRect(photo)
            outside.addRect(rect)
            painter.fillPath(outside, theme.colour("window", DIM))
            for number, other in enumerate(self.others, 1):
                if other != frame:
                    self._paint_other(painter, self.rect_of(other), number)
            self._paint_frame(painter, rect, photo, frame.turns)
            if self.hasFocus():
                painter.setPen(QPen(theme.colour("text"), 1))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRect(photo.adjusted(0.5, 0.5, -0.5, -0.5))

    def _paint_other(self, painter: QPainter, rect: QRectF, number: int) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, style in (("window", Qt.PenStyle.SolidLine), ("text", Qt.PenStyle.DashLine)):
            painter.setPen(QPen(theme.colour(colour), 1.2, style))
            painter.drawRect(rect)
        painter.setFont(theme.font(scale=SMALL, bold=True))
        metrics = painter.fontMetrics()
        side = metrics.height()  # of its plate, which lies above the frame where there is room
        plate = QRectF(rect.x(), max(rect.y() - side, self._view.picture_rect().y()), side, side)
        painter.fillRect(plate, theme.colour("window"))
        painter.setPen(theme.colour("text"))
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, str(number))

    def _paint_frame(self, painter: QPainter, rect: QRectF, photo: QRectF, turns: int) -> None:
        """The line lies within the photo; an edge of the frame's own top is thicker where it is turned."""
        line = rect.intersected(photo.adjusted(1, 1, -1, -1))
        painter.setPen(QPen(theme.colour("accent"), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(line)
        if turns:
            corners = [line.topLeft(), line.topRight(), line.bottomRight(), line.bottomLeft()]
            painter.setPen(QPen(theme.colour("accent"), 5))
            painter.drawLine(corners[-turns % 4], corners[(1 - turns) % 4])
        side = theme.pixels(HANDLE)
        painter.setPen(QPen(theme.colour("accent"), 1.5))
        painter.setBrush(theme.colour("panel"))
        for across in SIDES:
            for down in SIDES:
                is_short = (not across and line.width() < theme.pixels(ROOM)) or (
                    not down and line.height() < theme.pixels(ROOM)
                )
                if (across, down) != MIDDLE and not is_short:
                    centre = line.center() + QPointF(across * line.width() / 2, down * line.height() / 2)
                    painter.drawRect(QRectF(centre - QPointF(side / 2, side / 2), centre + QPointF(side / 2, side / 2)))


class FrameInterface(QAccessibleWidget):
    """The frame as something to move and resize, and in words where it is."""

    def __init__(self, frame: PhotoFrame):
        super().__init__(frame, QAccessible.Role.Grip)
        self._frame = frame

    @guarded("")
    def text(self, kind: QAccessible.Text) -> str:
        return self._frame.spoken_value() if kind == QAccessible.Text.Value else super().text(kind)


describe(PhotoFrame, FrameInterface)
