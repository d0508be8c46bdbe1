"""The steps that turn the picture into x, each with its switch."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from vae_explorer.session.records import Encoded
from vae_explorer.ui.theme import UNIT


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

    def show_steps(self, encoded: Encoded | None) -> None:
        """Those of this image; a step that cannot be switched has no check box."""
        steps = [step for step in encoded.steps if not step.fixed] if encoded else []
        if list(self._boxes) != [step.name for step in steps]:
            self._make({step.name: step.title for step in steps})
        for step in steps:
            box = self._boxes[step.name]
            box.setChecked(step.on)
            box.setToolTip(step.sentence)
            box.setAccessibleDescription(step.sentence)

    def _make(self, titles: dict[str, str]) -> None:
        for box in self._boxes.values():
            self._rows.removeWidget(box)
            box.hide()
            box.deleteLater()
        self._boxes = {}
        before = self._after
        for at, (name, title) in enumerate(titles.items()):
            box = self._boxes[name] = QCheckBox(title)
            box.setObjectName(f"step_{name}")
            box.clicked.connect(self._on_clicked)
            self._rows.insertWidget(at, box)
            self.setTabOrder(before, box)
            before = box

    def _on_clicked(self, on: bool) -> None:
        box = self.sender()
        if isinstance(box, QCheckBox):
            self.switched.emit(box.objectName().removeprefix("step_"), on)
