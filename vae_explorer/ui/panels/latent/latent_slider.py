"""One coordinate of the latent point: a groove with the posterior painted on it, and a handle for z."""

import math

import numpy as np
from PySide6.QtCore import Property, QPoint, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.theme import theme
from vae_explorer.ui.widgets.numbers import mark

STEP, FINE_STEP, PAGE_STEP = 0.05, 0.01, 0.5  # of z: an arrow key, with Ctrl, Page Up and Down
FINE_DRAG = 0.1  # how far the handle follows a drag with Shift
WHEEL_PAUSE = 400  # milliseconds without a wheel step that end its gesture
HEADROOM = 1.1  # a widened groove ends this much beyond what it had to show
HANDLE = 8  # pixels: the outer radius of the handle

_STEPS = {
    Qt.Key.Key_Left: -STEP,
    Qt.Key.Key_Right: STEP,
    Qt.Key.Key_PageDown: -PAGE_STEP,
    Qt.Key.Key_PageUp: PAGE_STEP,
}
_NEXT = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
_MOUSE, _WHEEL = "mouse", "wheel"


class LatentSlider(QWidget):
    """Shows one z_j between −limit and +limit, with mu ± sigma and samples on the groove.

    The slider only shows z: a value outside the range widens this slider, it is never clipped. What the user does
    comes as gestures: one drag, one held key, or wheel steps less than 0.4 s apart.

    Signals:
        gripped(): a gesture begins.
        moved(float): the user changed the value; the new one. Always between gripped and released.
        released(): the gesture is over.
        taken_back(): the last gesture was only the first half of a double click: it should leave no trace.
        next_asked(int): the user wants the row above (−1) or below (+1).
        menu_asked(QPoint): the user wants the menu of this coordinate, at this place of the screen.
    """

    gripped = Signal()
    moved = Signal(float)
    released = Signal()
    taken_back = Signal()
    next_asked = Signal(int)
    menu_asked = Signal(QPoint)

    def __init__(self, name: str = "z", parent: QWidget | None = None) -> None:
        """name: what a screen reader says, such as "z 6"."""
        super().__init__(parent)
        self._value = 0.0
        self._limit = self._shown = 3.0  # what was asked for, and what the groove spans now
        self._mu: float | None = None
        self._sigma: float | None = None
        self._ticks = np.empty(0)
        self._locked = self._dimmed = False
        self._jumped = False  # the last press moved the value, and it may be the first of a double click
        self._gesture: str | int | None = None  # the mouse, the wheel, or the key that is held
        self._anchor = (0.0, 0.0, False)  # of a drag: x in pixels, the value there, whether it is fine
        self._pause = QTimer(self, singleShot=True, interval=WHEEL_PAUSE)
        self._pause.timeout.connect(self._end)

        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # no focus by the wheel
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(name)
        self.setToolTip("Drag to change this coordinate, with Shift ten times finer. Double-click: μ. Home: 0.")
        self._describe()
        theme.changed.connect(self._on_theme_changed)

    # what it shows

    def _get_value(self) -> float:
        return self._value

    def set_value(self, value: float) -> None:
        """Shows another z_j. Emits nothing."""
        value = float(value)
        if value != self._value:
            self._value = value
            self._fit()
            self._describe()
            self.update()

    value: float = Property(float, _get_value, set_value)  # type: ignore[assignment]

    @property
    def limit(self) -> float:
        """The groove spans −limit … +limit now."""
        return self._shown

    @property
    def locked(self) -> bool:
        return self._locked

    def set_range(self, limit: float) -> None:
        """Spans −limit … +limit, or more where the value or mu lies outside."""
        self._limit = float(limit)
        self._fit()
        self.update()

    def set_posterior(self, mu: float | None, sigma: float | None) -> None:
        """Marks mu ± sigma on the groove; None removes the marks."""
        self._mu = None if mu is None else float(mu)
        self._sigma = None if sigma is None else float(sigma)
        self._fit()
        self._describe()
        self.update()

    def set_ticks(self, samples: np.ndarray | None) -> None:
        """Marks the z_j of posterior samples, float [n]; None removes the marks."""
        ticks = np.empty(0) if samples is None else np.asarray(samples, dtype=float)
        self._ticks = ticks[np.isfinite(ticks)]
        self.update()

    def set_locked(self, locked: bool) -> None:
        """A locked slider shows its value and takes no change from the user."""
        if locked:
            self._end()
        self._locked = locked
        self._describe()
        self.update()

    def set_dimmed(self, dimmed: bool) -> None:
        """The look of an inactive dimension; it works all the same."""
        self._dimmed = dimmed
        self.update()

    def x_of(self, value: float) -> float:
        """Where a value is, in pixels from the left; never outside the groove."""
        left, width = self._groove()
        return left + width * (min(max(value / self._shown, -1.0), 1.0) + 1) / 2

    @guarded(QSize(160, 22))
    def sizeHint(self) -> QSize:
        return QSize(theme.pixels(160), theme.pixels(22))

    @guarded(QSize(80, 22))
    def minimumSizeHint(self) -> QSize:
        return QSize(theme.pixels(80), theme.pixels(22))

    def _groove(self) -> tuple[float, float]:
        """Left end and width in pixels; at either end the whole handle is still inside the widget."""
        margin = theme.pixels(HANDLE + 2)
        return margin, max(self.width() - 2 * margin, 1)

    def _fit(self) -> None:
        """Spans what has to be in sight; under the hand the scale only changes where the value would leave it."""
        reach = max(abs(v) for v in (0.0, self._value, self._mu) if v is not None and math.isfinite(v))
        if self._gesture is None or reach > self._shown:
            self._shown = self._limit if reach <= self._limit else HEADROOM * reach

    def _describe(self) -> None:
        text = f"{self._value:.2f}" if self._mu is None else f"{self._value:.2f}, mu {self._mu:.2f}"
        self.setAccessibleDescription(f"{text}, locked" if self._locked else text)

    def _on_theme_changed(self) -> None:
        self.updateGeometry()
        self.update()

    # gestures

    def _begin(self, gesture: str | int) -> None:
        if gesture != self._gesture:
            self._end()
            self._gesture = gesture
            self.gripped.emit()

    def _move(self, value: float) -> None:
        if value != self._value:
            self.set_value(value)
            self.moved.emit(self._value)

    def _end(self) -> None:
        self._pause.stop()
        if self._gesture is not None:
            self._gesture = None
            self._fit()
            self.update()
            self.released.emit()

    def _home(self) -> float:
        """mu exactly, or 0 where there is none."""
        return self._mu if self._mu is not None and math.isfinite(self._mu) else 0.0

    def _stepped(self, step: float) -> float:
        return round(self._value + step, 12)  # 0.05 forth and back is 0, not 7e-18

    @guarded()
    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, modifiers = event.key(), event.modifiers()
        fine = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
        if modifiers & (Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier):
            event.ignore()
        elif key in _NEXT:
            self.next_asked.emit(_NEXT[Qt.Key(key)])
        elif key in _STEPS:
            step = _STEPS[Qt.Key(key)]
            self._press(key, self._stepped(math.copysign(FINE_STEP, step) if fine and abs(step) == STEP else step))
        elif key == Qt.Key.Key_Home:
            self._press(key, 0.0)
        elif key == Qt.Key.Key_End:
            self._press(key, self._home())
        else:
            event.ignore()

    def _press(self, key: int, value: float) -> None:
        if not self._locked and self._gesture != _MOUSE:
            self._begin(key)
            self._move(value)

    @guarded()
    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == self._gesture and not event.isAutoRepeat():
            self._end()

    @guarded()
    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = event.angleDelta().y() / 120
        if not self.hasFocus() or self._locked or not notches:
            event.ignore()  # the list under it scrolls
            return
        event.accept()
        if self._gesture != _MOUSE:
            self._begin(_WHEEL)
            fine = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
            self._move(self._stepped(notches * (FINE_STEP if fine else STEP)))
            self._pause.start()

    @guarded()
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self._locked:
            return
        x, fine = event.position().x(), _is_fine(event)
        self._begin(_MOUSE)
        self._jumped = abs(x - self.x_of(self._value)) > theme.pixels(HANDLE) and not fine
        if self._jumped:
            left, width = self._groove()
            self._move((min(max((x - left) / width, 0.0), 1.0) * 2 - 1) * self._shown)
        self._anchor = (x, self._value, fine)
        self.update()

    @guarded()
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._gesture != _MOUSE:
            return
        x, fine = event.position().x(), _is_fine(event)
        start, value, was_fine = self._anchor
        if fine != was_fine:  # from here on by the other scale, without a jump
            start, value, _ = self._anchor = (x, self._value, fine)
        moved = (x - start) * 2 * self._shown / self._groove()[1] * (FINE_DRAG if fine else 1)
        self._move(min(max(value + moved, -self._shown), self._shown))

    @guarded()
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._gesture == _MOUSE:
            self._end()

    @guarded()
    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and not self._locked:
            if self._jumped:
                self._jumped = False
                self.taken_back.emit()
            self._begin(_MOUSE)
            self._move(self._home())
            self._end()

    @guarded()
    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        handle = QPoint(round(self.x_of(self._value)), self.height() // 2)
        self.menu_asked.emit(self.mapToGlobal(handle) if by_key else event.globalPos())
        event.accept()

    @guarded()
    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()

    @guarded()
    def focusOutEvent(self, event: QFocusEvent) -> None:
        if self._gesture != _MOUSE:
            self._end()  # the release of a held key goes to somebody else
        self.update()

    @guarded()
    def hideEvent(self, event: QHideEvent) -> None:
        self._end()

    # painting

    @guarded()
    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint(painter)

    def _paint(self, painter: QPainter) -> None:
        px = theme.pixels
        painter.setPen(Qt.PenStyle.NoPen)
        if self._dimmed or not self.isEnabled():
            painter.setOpacity(0.45)
        left, width = self._groove()
        middle = self.height() / 2
        groove = QRectF(left - px(3), middle - px(6) / 2, width + 2 * px(3), px(6))
        painter.setBrush(theme.colour("groove"))
        painter.drawRoundedRect(groove, px(3), px(3))

        faint, light = theme.colour("muted", 0.65), mark("z", 0.55)
        self._tick(painter, 0.0, 1, 10, faint)
        if self._shown > self._limit:
            for end in (-self._limit, self._limit):
                self._tick(painter, end, 1, 6, faint)
        for z in self._ticks[np.abs(self._ticks) <= self._shown].tolist():
            self._tick(painter, z, 1, 10, light)
        if self._mu is not None and math.isfinite(self._mu):
            if self._sigma is not None and math.isfinite(self._sigma):
                low, high = self.x_of(self._mu - self._sigma), self.x_of(self._mu + self._sigma)
                band = QRectF(low, middle - px(16) / 2, high - low, px(16))
                painter.setBrush(mark("sigma", 0.5))
                painter.drawRoundedRect(band, px(3), px(3))
            self._tick(painter, self._mu, 2, 20, mark("mu"))
        if math.isfinite(self._value):
            self._paint_handle(painter, QPointF(self.x_of(self._value), middle))

    def _tick(self, painter: QPainter, value: float, width: int, height: int, colour: QColor) -> None:
        """An upright line at a value; its edges are on whole pixels of the screen, so that it stays sharp."""
        ratio, width, height = self.devicePixelRatioF(), theme.pixels(width), theme.pixels(height)
        x = round((self.x_of(value) - width / 2) * ratio) / ratio
        painter.fillRect(QRectF(x, (self.height() - height) / 2, width, height), colour)

    def _paint_handle(self, painter: QPainter, centre: QPointF) -> None:
        px, z = theme.pixels, mark("muted" if self._locked else "z")
        held, focused = self._gesture is not None, self.hasFocus()
        if held or focused or (self.underMouse() and not self._locked):
            painter.setBrush(mark("accent" if focused else "z", 0.3))
            painter.drawEllipse(centre, px(HANDLE + 2), px(HANDLE + 2))
        opacity = painter.opacity()
        painter.setOpacity(1)  # what is below the handle must not show through a dimmed one
        painter.setBrush(theme.colour("panel"))
        painter.drawEllipse(centre, px(HANDLE - 1), px(HANDLE - 1))
        painter.setOpacity(opacity)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.colour("accent") if focused else z, px(2) if focused else px(1)))
        painter.drawEllipse(centre, px(HANDLE - 1), px(HANDLE - 1))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(z)
        if self._locked:
            self._paint_padlock(painter, centre)
        else:
            painter.drawEllipse(centre, px(HANDLE - 3), px(HANDLE - 3))

    def _paint_padlock(self, painter: QPainter, centre: QPointF) -> None:
        u = theme.pixels(HANDLE - 1) / 7
        painter.drawRoundedRect(QRectF(centre.x() - 3 * u, centre.y() - 0.7 * u, 6 * u, 4.4 * u), u, u)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.colour("muted"), 1.2 * u))
        painter.drawArc(QRectF(centre.x() - 1.9 * u, centre.y() - 3.8 * u, 3.8 * u, 5 * u), 0, 180 * 16)


def _is_fine(event: QMouseEvent) -> bool:
    return bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
