"""The steps that turn the picture into x, each with its switch."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from vae_explorer.session.records import Encoded
from vae_explorer.ui.theme import UNIT, theme

FRAME = "frame"


class StepSwitches(QWidget):
    """A check box for each step that can be switched. They stay while their states change: a key that switches one
    keeps the focus on it.

    Signals:
        switched(name: str, on: bool): by the user
        automatic_asked(): the frame that was set by hand is not wanted any more
    """

    switched = Signal(str, bool)
    automatic_asked = Signal()

    def __init__(self, after: QWidget, parent: QWidget | None = None):
        """after: the control before them in the order of Tab; made late, they would be the last of the window."""
        super().__init__(parent)
        self._after = after
        self._boxes: dict[str, QCheckBox] = {}
        self._image: int | None = None  # whose steps are shown
        self._is_set = False  # whether its frame is one that was set by hand
        self._most = 0  # steps that were shown of it: their room is kept, since a frame is being dragged above them
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(UNIT // 2)
        self._rows.addStretch(1)
        self.setAccessibleName("Preparation of the image")
        theme.changed.connect(self._keep_room)

    def show_steps(self, encoded: Encoded | None) -> None:
        """Those of this image; a step that cannot be switched has no check box, but a frame set by hand can be given
        up."""
        steps = [step for step in encoded.steps if not step.fixed or step.name == FRAME] if encoded else []
        if list(self._boxes) != [step.name for step in steps]:
            self._make({step.name: step.title for step in steps})
        if encoded is None or encoded.image != self._image:
            self._image, self._most = encoded.image if encoded else None, 0
        self._most = max(self._most, len(steps))
        self._keep_room()
        for step in steps:
            box = self._boxes[step.name]
            if step.name == FRAME:
                self._is_set = step.fixed
            box.setChecked(step.on)
            box.setToolTip(step.sentence)
            box.setAccessibleDescription(step.sentence)

    def _keep_room(self) -> None:
        box = next(iter(self._boxes.values()), None)
        gap = self._rows.spacing()
        self.setMinimumHeight(self._most * (box.sizeHint().height() + gap) - gap if box else 0)

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
        if not isinstance(box, QCheckBox):
            return
        if self._is_set and box is self._boxes.get(FRAME):
            self.automatic_asked.emit()
        else:
            self.switched.emit(box.objectName().removeprefix("step_"), on)
