"""The figures of the chosen image, for every panel from here, so that no two of them disagree."""

from dataclasses import dataclass

from vae_explorer.core.judgement import best_estimate, doubt_of, gaps
from vae_explorer.session.records import Fitted
from vae_explorer.session.session import Session

__all__ = ["best_estimate", "doubt_of", "exact_of_image", "figures_of_image", "fit_of_the_draws", "gaps"]

SAME = 1e-3  # nats: two ELBOs of the same draws are not further apart


@dataclass(frozen=True)
class ImageFigures:
    """In nats; None where there is none (yet)."""

    reconstruction: float
    kl: float | None
    elbo: float | None
    gap: float | None = None
    log_evidence: float | None = None
    standard_error: float | None = None
    draws: int | None = None  # that all of them come from
    doubt: str = ""  # why log_evidence, and with it the gap, is not to be trusted


def figures_of_image(session: Session) -> ImageFigures | None:
    """By the draws of the evidence as soon as they are there; until then the ELBO's parts by a few."""
    encoded, shown = session.image.posterior, session.evidence.shown
    if encoded is None:
        return None
    if shown is None or shown.encoded is not encoded:
        return ImageFigures(encoded.reconstruction, encoded.kl, encoded.elbo)
    by = best_estimate(shown, fit_of_the_draws(session))
    gap = None if shown.gap is None else by.log_evidence - shown.elbo
    doubt = doubt_of(shown, exact_of_image(session)) if by is shown else ""
    return ImageFigures(
        shown.reconstruction, shown.kl, shown.elbo, gap, by.log_evidence, by.standard_error, shown.draws, doubt
    )


def exact_of_image(session: Session) -> float | None:
    """log p(x) by integration, where that is known."""
    return session.evidence.map.log_evidence if session.evidence.map else None


def fit_of_the_draws(session: Session) -> Fitted | None:
    """The q fitted to the image, where it was made with the draws that are shown."""
    shown, fitted = session.evidence.shown, session.evidence.fitted
    if shown is None or fitted is None or not shown.is_whole:
        return None
    return fitted if abs(fitted.encoder_elbo - shown.elbo) < SAME else None
