"""The tabs below the panels; only the one in sight is computed."""

from PySide6.QtWidgets import QTabWidget, QWidget

from vae_explorer.session.session import Session
from vae_explorer.ui.views.aggregate import AggregateView
from vae_explorer.ui.views.evidence import EvidenceView
from vae_explorer.ui.views.posterior_samples import PosteriorSamplesView
from vae_explorer.ui.views.prior_samples import PriorSamplesView
from vae_explorer.ui.views.typical import TypicalView


class Tabs(QTabWidget):
    """Posterior samples, prior samples, evidence, q(z), and whether the model knows the image."""

    def __init__(self, session: Session, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("tabs")
        self.posterior_samples = PosteriorSamplesView(session)
        self.prior_samples = PriorSamplesView(session)
        self.evidence = EvidenceView(session)
        self.aggregate = AggregateView(session)
        self.typical = TypicalView(session)
        self._tabs = (
            (self.posterior_samples, "Posterior samples", session.posterior_samples),
            (self.prior_samples, "Prior samples", session.prior_samples),
            (self.evidence, "Evidence", session.evidence),
            (self.aggregate, "q(z) and prior", session.aggregate),
            (self.typical, "How typical", session.typical),
        )
        for at, (view, title, _) in enumerate(self._tabs):
            self.addTab(view, title)
            self.setTabToolTip(at, f"Ctrl+{at + 1}")
        self.currentChanged.connect(self._on_current_changed)
        self._on_current_changed()

    def _on_current_changed(self) -> None:
        for view, _, noun in self._tabs:
            noun.set_watched(view is self.currentWidget())
