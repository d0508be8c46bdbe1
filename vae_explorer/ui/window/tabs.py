"""The tabs below the panels, one for each view; only the one in sight is computed."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStackedWidget, QTabWidget, QWidget

from vae_explorer.session.session import Session
from vae_explorer.ui.views import registry
from vae_explorer.ui.widgets.panel import label


class Tabs(QTabWidget):
    """The registered views. Where the shown model cannot serve one, its tab says why."""

    def __init__(self, session: Session, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("tabs")
        self.setAccessibleName("Views")
        self._model = session.model
        self._entries = tuple(registry.VIEWS)
        self._nouns: list[registry.Watched] = [session.noun(entry.key, entry.noun) for entry in self._entries]
        self.views: dict[str, QWidget] = {}
        for at, entry in enumerate(self._entries):
            self.views[entry.key] = entry.widget(session)
            self.addTab(_Page(self.views[entry.key]), entry.name)
            self.setTabToolTip(at, f"Ctrl+{at + 1}")
        self.currentChanged.connect(self._on_changed)
        session.model.changed.connect(self._on_changed)
        self._on_changed()

    def show_view(self, key: str) -> None:
        """Brings a view into sight. Raises ValueError for one that is not registered."""
        self.setCurrentIndex([entry.key for entry in self._entries].index(key))

    def _on_changed(self) -> None:
        for at, (entry, noun) in enumerate(zip(self._entries, self._nouns, strict=True)):
            why_not, page = entry.why_not(self._model.card), self.widget(at)
            if isinstance(page, _Page):
                page.set_reason(why_not)
            noun.set_watched(at == self.currentIndex() and not why_not)


class _Page(QStackedWidget):
    """A view, or the sentence that says why there is nothing to see."""

    def __init__(self, view: QWidget):
        super().__init__()
        self._reason = label(role="muted", wrap=True, name="viewReason")
        self._reason.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.addWidget(view)
        self.addWidget(self._reason)

    def set_reason(self, reason: str) -> None:
        self._reason.setText(reason)
        self.setCurrentIndex(int(bool(reason)))
