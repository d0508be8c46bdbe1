"""The one place where errors are shown: a sentence that stays until it is closed, replaced or no longer of use."""

import logging

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from vae_explorer.errors import Repeats
from vae_explorer.ui.theme import UNIT
from vae_explorer.ui.widgets.panel import button, label
from vae_explorer.ui.widgets.tips import wrapped

log = logging.getLogger(__name__)
MAX_LENGTH = 500  # characters; the rest is in the tooltip
MAX_TIP = 4000
TWICE = 2  # in a row: a user who closes a message and tries again sees it again


class ErrorBanner(QFrame):
    """Hidden while there is no error. A repeated error is shown once: when closed, it stays closed."""

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
        self._repeats = Repeats()
        layout.addWidget(self.text, 1)
        layout.addWidget(self.dismiss)
        self.hide()

    def show_sentence(self, sentence: str, details: str = "") -> None:
        """Replaces the last one."""
        if self._repeats.note(sentence) > TWICE:  # nobody does that by hand
            return
        log.info("shown: %s", sentence)
        is_long = len(sentence) > MAX_LENGTH
        self.text.setText(f"{sentence[:MAX_LENGTH]}…" if is_long else sentence)
        self.text.setToolTip(wrapped((details or (sentence if is_long else ""))[:MAX_TIP]))
        self.show()

    def hide_sentence(self) -> None:
        self.text.setText("")
        self.hide()
