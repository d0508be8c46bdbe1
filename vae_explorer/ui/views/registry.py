"""The views below the panels: one line each. Tabs, menu, screenshots and the guide read this list."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from vae_explorer.core.card import Ability, ModelCard
from vae_explorer.session.session import Session
from vae_explorer.session.views.aggregate import AggregateSession
from vae_explorer.session.views.context import Context
from vae_explorer.session.views.evidence import EvidenceSession
from vae_explorer.session.views.samples import PosteriorSamplesSession, PriorSamplesSession
from vae_explorer.session.views.typical import TypicalSession
from vae_explorer.ui.views.aggregate import AggregateView
from vae_explorer.ui.views.evidence import EvidenceView
from vae_explorer.ui.views.posterior_samples import PosteriorSamplesView
from vae_explorer.ui.views.prior_samples import PriorSamplesView
from vae_explorer.ui.views.typical import TypicalView


class Watched(Protocol):
    """What a view shows; it is computed only while somebody watches."""

    def set_watched(self, watched: bool) -> None: ...


@dataclass(frozen=True)
class ViewEntry:
    """How a view is called, and what makes it."""

    key: str  # the session's attribute for its noun, too
    title: str  # "&" before the letter that chooses it in the menu
    noun: Callable[[Context, QObject], Any]  # a Watched
    widget: Callable[[Session], QWidget]
    needs: Mapping[Ability, str] = field(default_factory=dict)  # of the model, each with a sentence that says what for

    @property
    def name(self) -> str:
        """The title without the sign for the menu."""
        return self.title.replace("&", "")

    def why_not(self, card: ModelCard | None) -> str:
        """Why this model has nothing to show here; empty where it has."""
        for ability, what_for in self.needs.items():
            if card and not card.can(ability):
                return f"{what_for} {card.why_not(ability)}"
        return ""


VIEWS = (
    ViewEntry(
        "posterior_samples",
        "Sam&ples",
        PosteriorSamplesSession,
        PosteriorSamplesView,
        {"encode": "Posterior samples are drawn from q(z|x) of an image."},
    ),
    ViewEntry("prior_samples", "P&rior", PriorSamplesSession, PriorSamplesView),
    ViewEntry("evidence", "&Evidence", EvidenceSession, EvidenceView, {"encode": "The evidence is that of an image."}),
    ViewEntry(
        "aggregate",
        "&q(z)",
        AggregateSession,
        AggregateView,
        {"encode": "q(z) is the mean of q(z|x) over images."},
    ),
    ViewEntry(
        "typical",
        "Typi&cal",
        TypicalSession,
        TypicalView,
        {"encode": "How typical an image is shows in its ELBO and its place in z."},
    ),
)
