"""Alt alone opens the menu, as in other programs."""

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QMainWindow

from vae_explorer.session.threads.guard import guarded

_OTHER = (
    QEvent.Type.ShortcutOverride,
    QEvent.Type.KeyPress,
    QEvent.Type.MouseButtonPress,
    QEvent.Type.WindowDeactivate,
)


class AltKey(QObject):
    """Tells whether Alt was pressed for its own sake, and not for Alt+1 or to move the window. It watches the window
    only while Alt is down.

    Signals:
        alone(): Alt was released, and nothing else was pressed meanwhile
    """

    alone = Signal()

    def __init__(self, window: QMainWindow):
        super().__init__(window)
        self._window = window

    def press(self) -> None:
        """Alt went down."""
        self._window.installEventFilter(self)

    @guarded(False)
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        is_alt = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Alt
        if event.type() == QEvent.Type.KeyRelease and is_alt:
            self._window.removeEventFilter(self)
            self.alone.emit()
        elif event.type() in _OTHER and not is_alt:
            self._window.removeEventFilter(self)
        return False
