"""The field in which z_j is typed in the place of its figure."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QToolTip, QWidget

from vae_explorer.session.threads.guard import guarded

_NEXT = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
_PASSING = (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason)  # the focus comes back


class ValueField(QLineEdit):
    """One for all rows: 512 of them would take a second to make.

    Signals:
        typed(int): the text is meant; go on by so many rows.
        left(): the focus has gone elsewhere.
        cancelled(): the text is not meant.
    """

    typed = Signal(int)
    left = Signal()
    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("latentValue")
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setAcceptDrops(False)  # a drop on it is for the window
        self.textEdited.connect(self._on_text_edited)
        self.hide()

    def open(self, name: str, value: str, typed: str) -> None:
        """Shows the value of what is called so, all of it selected; or what was typed already in its place."""
        self.setAccessibleName(f"{name}, value")
        self._complain("")
        self.setText(value)
        self.show()
        self.raise_()  # above the rows, which may have been made after it
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.selectAll()
        if typed:
            self.insert(typed)

    def refuse(self, sentence: str) -> None:
        """Says why the text cannot be taken; it stays, to be corrected."""
        self._complain(sentence)
        self.selectAll()
        QToolTip.showText(self.mapToGlobal(self.rect().bottomLeft()), sentence, self)

    def _complain(self, sentence: str) -> None:
        if sentence != self.toolTip():
            QToolTip.hideText()
            self.setToolTip(sentence)
            self.setAccessibleDescription(sentence)
            self.setProperty("role", "wrong" if sentence else "")
            self.style().polish(self)

    def _on_text_edited(self) -> None:
        self._complain("")

    @guarded(False)
    def event(self, event: QEvent) -> bool:
        if event.type() != QEvent.Type.ShortcutOverride or not isinstance(event, QKeyEvent):
            return super().event(event)
        if event.key() in (Qt.Key.Key_Escape, *_NEXT):  # Esc is a shortcut of the window otherwise
            event.accept()
            return True
        return super().event(event)

    @guarded()
    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.typed.emit(0)
        elif key == Qt.Key.Key_Escape:
            self.cancelled.emit()
        elif key in _NEXT:
            self.typed.emit(_NEXT[key])
        else:
            super().keyPressEvent(event)

    @guarded(True)
    def focusNextPrevChild(self, forward: bool) -> bool:
        self.typed.emit(1 if forward else -1)
        return True

    @guarded()
    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() not in _PASSING:
            self.left.emit()
