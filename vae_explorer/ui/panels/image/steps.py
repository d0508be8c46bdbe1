"""The steps that turn the picture into x, each with its switch."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from vae_explorer.ui.theme import UNIT

if TYPE_CHECKING:
    from vae_explorer.data.preprocess import Step


class StepSwitches(QWidget):
    """A check box for each step that can be switched. They stay while their states change: a key that switches one
    keeps the focus on it.

    Signals:
        switched(name: str, on: bool): by the user
    """

    switched = Signal(str, bool)

    def __init__(self, after: QWidget, parent: QWidget | None = None):
        """after: the control before them in the order of Tab; made late, they would be the last of the window."""
        super().__init__(parent)
        self._after = after
        self._boxes: dict[str, QCheckBox] = {}
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(UNIT // 2)
        self._rows.addStretch(1)
        self.setAccessibleName("Preparation of the image")

    def set_steps(self, steps: Sequence["Step"]) -> None:
        """Shows the state of these; a step that cannot be switched has no check box."""
        steps = [step for step in steps if not step.fixed]
        if list(self._boxes) != [step.name for step in steps]:
            self._make(steps)
        for step in steps:
            box = self._boxes[step.name]
            box.setChecked(step.on)
            box.setToolTip(step.sentence)
            box.setAccessibleDescription(step.sentence)

    def _make(self, steps: Sequence["Step"]) -> None:
        for box in self._boxes.values():
            self._rows.removeWidget(box)
            box.hide()
            box.deleteLater()
        self._boxes = {}
        before = self._after
        for at, step in enumerate(steps):
            box = self._boxes[step.name] = QCheckBox(step.title)
            box.setObjectName(f"step_{step.name}")
            box.clicked.connect(self._on_clicked)
            self._rows.insertWidget(at, box)
            self.setTabOrder(before, box)
            before = box

    def _on_clicked(self, on: bool) -> None:
        box = self.sender()
        if isinstance(box, QCheckBox):
            self.switched.emit(box.objectName().removeprefix("step_"), on)
