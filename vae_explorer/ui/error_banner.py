"""The one place where errors are shown: a sentence that stays until it is closed or replaced."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from vae_explorer.ui.panel import button, label
from vae_explorer.ui.theme import UNIT


class ErrorBanner(QFrame):
    """Hidden while there is nothing to say."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setProperty("role", "error")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(3 * UNIT, UNIT, UNIT, UNIT)
        self.text = label(wrap=True, name="errorMessage")
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.setAccessibleName("Error")
        self.dismiss = button("✕", self.hide_sentence, "Close this message (Esc)", role="link")
        self.dismiss.setObjectName("errorClose")
        layout.addWidget(self.text, 1)
        layout.addWidget(self.dismiss)
        self.hide()

    def show_sentence(self, sentence: str, details: str = "") -> None:
        """Replaces the last one."""
        self.text.setText(sentence)
        self.text.setToolTip(details)
        self.show()

    def hide_sentence(self) -> None:
        self.text.setText("")
        self.hide()
