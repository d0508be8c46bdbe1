"""The figures of the chosen image, for every panel from here, so that no two of them disagree."""

from dataclasses import dataclass

from vae_explorer.session.session import Session
from vae_explorer.session.views.evidence import Evidence, Fitted
from vae_explorer.ui.widgets.numbers import figure

SAME = 1e-3  # nats: two ELBOs of the same draws are not further apart
FEW = 10  # effective draws, below which an estimate hangs on a handful of z's
FAR = 3, 0.1  # standard errors and nats from the exact value: an estimate further off misses something


@dataclass(frozen=True)
class ImageFigures:
    """In nats; None where there is none (yet)."""

    reconstruction: float | None
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


def best_estimate(shown: Evidence, fit: Fitted | None) -> Evidence | Fitted:
    """Where log p(x) comes from. What a proposal misses makes its estimate too low, so the larger one counts (by the
    encoder's alone, the KL from the fitted q to p(z|x) could come out negative), unless that hangs on a few draws."""
    if fit is None or fit.standard_error is None or shown.standard_error is None:
        return shown
    is_surer = shown.effective_sample_size < FEW and fit.standard_error < shown.standard_error
    return fit if is_surer or fit.log_evidence > shown.log_evidence else shown


def doubt_of(shown: Evidence, exact: float | None) -> str:
    """Why the estimate by the encoder's q is not to be trusted, as far as that can be known; exact: log p(x) where it
    is known."""
    if shown.importance_samples == 1:
        return "One draw cannot tell log p(x) from the ELBO, so the gap is not known. Take more draws."
    error, (errors, nats) = shown.standard_error, FAR
    if (
        exact is not None
        and error is not None
        and abs(missing := exact - shown.log_evidence) > max(errors * error, nats)
    ):
        off = figure(abs(missing), 1 if abs(missing) >= 1 else 2)
        if missing > 0:
            return f"q(z|x) misses a part of p(z|x): its estimate is {off} nats too low, which its ± cannot know."
        return f"The estimate is {off} nats too high: a few draws have too much weight. Take more draws."
    if shown.draws > 1 and shown.effective_sample_size < FEW:
        return "A few draws from q(z|x) carry the weight: log p(x) may be off by nats. Take more draws, or fit q."
    return ""
