"""What a drop would do, written over the whole window while something hovers over it."""

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent, QPen, QTextOption
from PySide6.QtWidgets import QWidget

from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.theme import theme


class DropOverlay(QWidget):
    """Lies over its parent, lets every event through, and is hidden until `show_promise`."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._text = ""
        self._accepted = True
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName("what a drop would do")
        self.hide()
        parent.installEventFilter(self)
        theme.changed.connect(self.update)

    def show_promise(self, text: str, *, accepted: bool = True) -> None:
        """Covers the window with this line; one that is not accepted is written without the accent colour."""
        self._text, self._accepted = text, accepted
        self.setAccessibleDescription(text)
        parent = self.parentWidget()
        if parent is not None:
            self.setGeometry(parent.rect())
        self.raise_()
        self.show()
        self.update()

    @guarded(False)
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        parent = self.parentWidget()
        if event.type() == QEvent.Type.Resize and parent is not None:
            self.setGeometry(parent.rect())
        return False

    @guarded()
    def paintEvent(self, event: QPaintEvent) -> None:
        colour = "accent" if self._accepted else "muted"
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.fillRect(self.rect(), theme.colour("window", 0.8))
            inset = theme.pixels(12)
            frame = QRectF(self.rect()).adjusted(inset, inset, -inset, -inset)
            self._paint_frame(painter, frame, colour)
            painter.setFont(theme.font(scale=1.6, bold=True))
            option = QTextOption(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
            option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
            padding, arrow = theme.pixels(24), theme.pixels(64)
            room = QRectF(0, 0, min(frame.width() - 4 * padding, theme.pixels(560)), frame.height())
            text = painter.boundingRect(room, self._text, option)
            plate = QRectF(0, 0, text.width() + 2 * padding, text.height() + arrow + 1.5 * padding)
            plate.moveCenter(frame.center())
            painter.setPen(QPen(theme.colour("border"), 1))
            painter.setBrush(theme.colour("panel"))
            painter.drawRoundedRect(plate, theme.pixels(12), theme.pixels(12))
            self._paint_arrow(painter, QPointF(plate.center().x(), plate.y() + padding / 2 + arrow / 2), colour)
            painter.setPen(theme.colour("text"))
            written = QRectF(0, plate.y() + padding / 2 + arrow, room.width(), text.height() + 1)
            written.moveLeft(plate.center().x() - room.width() / 2)
            painter.drawText(written, self._text, option)

    def _paint_frame(self, painter: QPainter, frame: QRectF, colour: str) -> None:
        pen = QPen(theme.colour(colour), theme.pixels(2))
        pen.setDashPattern([5, 4])
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.setBrush(theme.colour(colour, 0.07))
        painter.drawRoundedRect(frame, theme.pixels(12), theme.pixels(12))

    def _paint_arrow(self, painter: QPainter, middle: QPointF, colour: str) -> None:
        """An arrow that falls into a tray."""
        unit = theme.pixels(8)
        path = QPainterPath(middle + QPointF(0, -2.5 * unit))
        path.lineTo(middle + QPointF(0, unit))
        path.moveTo(middle + QPointF(-1.2 * unit, -0.2 * unit))
        path.lineTo(middle + QPointF(0, unit))
        path.lineTo(middle + QPointF(1.2 * unit, -0.2 * unit))
        path.moveTo(middle + QPointF(-2.5 * unit, 0.8 * unit))
        path.lineTo(middle + QPointF(-2.5 * unit, 2.2 * unit))
        path.lineTo(middle + QPointF(2.5 * unit, 2.2 * unit))
        path.lineTo(middle + QPointF(2.5 * unit, 0.8 * unit))
        pen = QPen(theme.colour(colour), theme.pixels(3))
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)
