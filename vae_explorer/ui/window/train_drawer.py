"""The drawer from the left in which a run is set up: next to the panels, or over them where there is no room."""

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from vae_explorer.session.session import Session
from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.panels.training.training_panel import TrainingPanel
from vae_explorer.ui.theme import UNIT, theme
from vae_explorer.ui.window.arrangement import GAP, TRAIN, TrainState

BORDER = 12 * UNIT  # of the window that is still seen next to an overlay
SHADE = 110  # of 255: how much it darkens the rest


class TrainDrawer(QWidget):
    """Holds the Train panel; `place` puts it into the row of `body`, over it, or away.

    Signals:
        closed(): the user clicked outside of the overlay
    """

    closed = Signal()

    def __init__(self, session: Session, body: QWidget, row: QHBoxLayout):
        super().__init__(body)
        self.setObjectName("trainDrawer")
        self.panel = TrainingPanel(session)
        self._body, self._row = body, row
        self._state: TrainState = "hidden"
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.panel)
        self._shade = _Shade(body)
        self._shade.pressed.connect(self.closed)
        body.installEventFilter(self)
        theme.changed.connect(self._fit)
        self.hide()

    def place(self, state: TrainState) -> None:
        """Docked, it takes its own room; as an overlay it leaves the panels as they are."""
        if state != self._state:
            self._row.removeWidget(self)
            self._state = state
            if state == "docked":
                self._row.insertWidget(0, self)
            self.setVisible(state != "hidden")
            self._shade.setVisible(state == "overlay")
        self._fit()

    @property
    def is_overlay(self) -> bool:
        return self._state == "overlay"

    def _fit(self) -> None:
        width = min(theme.pixels(TRAIN), self._body.width() - BORDER)
        self.panel.setMinimumWidth(1)
        self.setFixedWidth(max(width, 1))
        if self._state == "overlay":
            self._shade.setGeometry(self._body.rect())
            self._shade.raise_()
            self.setGeometry(GAP, GAP, max(width, 1), max(1, self._body.height() - 2 * GAP))
            self.raise_()

    @guarded(False)
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._fit()
        return False


class _Shade(QWidget):
    """Dims what lies under the overlay; a click on it closes the overlay.

    Signals:
        pressed()
    """

    pressed = Signal()

    def __init__(self, parent: QWidget):
        super().__init__(parent)
        self.setObjectName("trainShade")
        self.hide()

    @guarded()
    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), QColor(0, 0, 0, SHADE))

    @guarded()
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.pressed.emit()
