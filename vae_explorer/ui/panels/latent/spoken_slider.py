"""What a screen reader learns of a painted slider: a role, a name with its figures, a value and its range."""

from functools import cache
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QAccessibleInterface, QAccessibleValueChangeEvent, QAccessibleValueInterface
from PySide6.QtWidgets import QAccessibleWidget, QWidget

from vae_explorer.session.threads.guard import guarded


class SpokenSlider(QAccessibleWidget, QAccessibleValueInterface):
    """Asks the slider whenever it is asked, so that nothing has to be kept up to date while the slider moves.

    The slider has `spoken_name()`, `spoken_value()`, `value`, `limit`, `step`, `locked` and `set_by_hand(value)`."""

    def __init__(self, slider: QWidget):
        QAccessibleWidget.__init__(self, slider, QAccessible.Role.Slider)
        QAccessibleValueInterface.__init__(self)

    def _slider(self) -> Any:
        return self.object()

    @guarded()
    def interface_cast(self, kind: QAccessible.InterfaceType) -> Any:  # PySide's stubs call the pointer an int
        if kind == QAccessible.InterfaceType.ValueInterface:
            return self
        return super().interface_cast(kind)

    @guarded("")
    def text(self, kind: QAccessible.Text) -> str:
        if kind == QAccessible.Text.Name:
            return str(self._slider().spoken_name())
        if kind == QAccessible.Text.Value:
            return str(self._slider().spoken_value())
        return super().text(kind)

    @guarded(QAccessible.State())
    def state(self) -> QAccessible.State:
        state = super().state()
        state.readOnly = self._slider().locked
        return state

    @guarded(0.0)
    def currentValue(self) -> float:
        return float(self._slider().value)

    @guarded()
    def setCurrentValue(self, value: object) -> None:
        self._slider().set_by_hand(float(value))  # type: ignore[arg-type]

    @guarded(0.0)
    def minimumValue(self) -> float:
        return -float(self._slider().limit)

    @guarded(0.0)
    def maximumValue(self) -> float:
        return float(self._slider().limit)

    @guarded(0.0)
    def minimumStepSize(self) -> float:
        return float(self._slider().step)


@cache
def speak_for(kind: type[QWidget]) -> None:
    """From now on screen readers learn this of sliders of this class. Qt keeps what it was given to its end."""

    def interface_of(_: str, thing: QObject) -> QAccessibleInterface | None:
        return SpokenSlider(thing) if isinstance(thing, kind) else None

    QAccessible.installFactory(interface_of)


def tell_value(slider: QWidget, value: float) -> None:
    """Tells a screen reader that the value is another; costs nothing where there is none."""
    if QAccessible.isActive():
        QAccessible.updateAccessibility(QAccessibleValueChangeEvent(slider, value))
