"""Drop and paste: what another program offers becomes a Dropped."""

from PySide6.QtCore import QEvent, QMimeData, QObject, Signal
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtWidgets import QWidget

from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.drop import offer
from vae_explorer.ui.drop.overlay import DropOverlay
from vae_explorer.ui.drop.x11_selection import SelectionProbe

_ENTER, _LEAVE, _DROP = QEvent.Type.DragEnter, QEvent.Type.DragLeave, QEvent.Type.Drop
_OURS = (_ENTER, QEvent.Type.DragMove, _LEAVE, _DROP)


class DropTarget(QObject):
    """Takes every drag over a window; while one hovers over it the overlay says what a drop would do. A program that
    does not answer is asked nothing.

    Signals:
        dropped(what: object): an offer.Dropped, also of what was pasted
    """

    dropped = Signal(object)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._probe: SelectionProbe | None = None  # to the program whose drag hovers over the window
        self.overlay = DropOverlay(window)
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def paste(self) -> None:
        """Takes what is on the clipboard."""
        clipboard = QGuiApplication.clipboard()
        answers = SelectionProbe.about(clipboard, self._window).is_answered()
        self._take(clipboard.mimeData() or QMimeData(), answers)

    @guarded(False)
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() not in _OURS:
            return False
        if isinstance(event, QDropEvent):  # all but a leave, which has nothing to be accepted
            event.acceptProposedAction()  # also what cannot be used, to say why
        if event.type() == _ENTER and isinstance(event, QDropEvent):
            self._enter(event)
        elif event.type() == _LEAVE:
            self._leave()
        elif event.type() == _DROP and isinstance(event, QDropEvent):
            probe = self._probe or SelectionProbe.about(event, self._window)  # the first: it may have been answered
            self._leave()
            self._take(event.mimeData(), probe.is_answered())
        return True

    def _enter(self, event: QDropEvent) -> None:
        self._probe = SelectionProbe.about(event, self._window)
        promise = offer.promise(event.mimeData()) if self._probe.is_answered() else offer.Promise(offer.SILENT)
        self.overlay.show_promise(promise.sentence, accepted=promise.kind is not None)

    def _leave(self) -> None:
        self.overlay.hide()
        self._probe = None

    def _take(self, mime: QMimeData, answers: bool) -> None:
        self.dropped.emit(offer.read(mime) if answers else offer.Dropped(refusal=offer.SILENT))
