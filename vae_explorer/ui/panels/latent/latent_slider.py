"""What a hand does with one coordinate of the latent point."""

import math

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QContextMenuEvent, QFocusEvent, QHideEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.panels.latent.groove import HANDLE, Groove
from vae_explorer.ui.panels.latent.spoken_slider import speak_for
from vae_explorer.ui.theme import theme

STEP, FINE_STEP, PAGE_STEP = 0.05, 0.01, 0.5  # of z: an arrow key, with Ctrl, Page Up and Down
FINE_DRAG = 0.1  # how far the handle follows a drag with Shift
WHEEL_PAUSE = 400  # milliseconds without a wheel step that end its gesture

_STEPS = {
    Qt.Key.Key_Left: -STEP,
    Qt.Key.Key_Right: STEP,
    Qt.Key.Key_PageDown: -PAGE_STEP,
    Qt.Key.Key_PageUp: PAGE_STEP,
}
_NEXT = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
_EDIT = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2)
_TYPED = "0123456789+-−.,"  # begins a number
_MOUSE, _WHEEL, _SPOKEN = "mouse", "wheel", "spoken"


class LatentSlider(Groove):
    """Moves one z_j by gestures: one drag, one held key, or wheel steps less than 0.4 s apart.

    Signals:
        gripped(): a gesture begins.
        moved(float): the user changed the value; the new one. Always between gripped and released.
        released(): the gesture is over.
        taken_back(): the last gesture was only the first half of a double click: it should leave no trace.
        next_asked(int): the user wants the row above (−1) or below (+1).
        edit_asked(str): the user wants to type the value; what was typed already.
        lock_asked(): the user wants it locked, or free again.
        focus_changed(bool): whether it has the focus now.
        menu_asked(QPoint): the user wants the menu of this coordinate, at this place of the screen.
    """

    step = STEP  # a screen reader steps by it
    gripped = Signal()
    moved = Signal(float)
    released = Signal()
    taken_back = Signal()
    next_asked = Signal(int)
    edit_asked = Signal(str)
    lock_asked = Signal()
    focus_changed = Signal(bool)
    menu_asked = Signal(QPoint)

    def __init__(self, name: str = "z", parent: QWidget | None = None) -> None:
        """name: what a screen reader says, such as "z 6"."""
        super().__init__(name, parent)
        speak_for(LatentSlider)
        self._jumped = False  # the last press moved the value, and it may be the first of a double click
        self._gesture: str | int | None = None  # the mouse, the wheel, or the key that is held
        self._anchor = (0.0, 0.0, False)  # of a drag: x in pixels, the value there, whether it is fine
        self._pause = QTimer(self, singleShot=True, interval=WHEEL_PAUSE)
        self._pause.timeout.connect(self._end)

        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # no focus by the wheel
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setToolTip("Drag to change this coordinate, with Shift ten times finer. Double-click: μ. Home: 0.")

    def set_locked(self, locked: bool) -> None:
        """A locked slider shows its value and takes no change from the user."""
        if locked:
            self._end()
        super().set_locked(locked)

    def set_by_hand(self, value: float) -> None:
        """The user has set the value by other means than the mouse and the keys: a gesture of its own."""
        if not self._locked and self._gesture is None:
            self._begin(_SPOKEN)
            self._move(value)
            self._end()

    # gestures

    def _begin(self, gesture: str | int) -> None:
        if gesture != self._gesture:
            self._end()
            self._gesture, self._is_held = gesture, True
            self.gripped.emit()

    def _move(self, value: float) -> None:
        if value != self._value:
            self.set_value(value)
            self.moved.emit(self._value)

    def _end(self) -> None:
        self._pause.stop()
        if self._gesture is not None:
            self._gesture, self._is_held = None, False
            self._fit()
            self.update()
            self.released.emit()

    def _home(self) -> float:
        """mu exactly, or 0 where there is none."""
        return self._mu if self._mu is not None and math.isfinite(self._mu) else 0.0

    def _stepped(self, step: float) -> float:
        return round(self._value + step, 6)  # 0.05 forth and back is 0, also where float32 has been in between

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
        elif key in _EDIT:
            self.edit_asked.emit("")
        elif key == Qt.Key.Key_L and not fine:
            self.lock_asked.emit()
        elif event.text() and event.text() in _TYPED and not fine:
            self.edit_asked.emit(event.text())
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
        self.focus_changed.emit(True)

    @guarded()
    def focusOutEvent(self, event: QFocusEvent) -> None:
        if self._gesture != _MOUSE:
            self._end()  # the release of a held key goes to somebody else
        self.update()
        self.focus_changed.emit(False)

    @guarded()
    def hideEvent(self, event: QHideEvent) -> None:
        self._end()


def _is_fine(event: QMouseEvent) -> bool:
    return bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
