"""What an image's figures tell: which log p(x) counts and when to doubt it, and whether the model knows the image.

One rule for the window and the commands. Imports no torch.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple, Protocol, TypeVar, runtime_checkable

import numpy as np
from jaxtyping import Float, Float64, Int64

MIN_EFFECTIVE_DRAWS = 10.0  # with fewer, an estimate of log p(x) depends on a handful of z's
FAR = 3, 0.1  # standard errors and nats from the exact value: an estimate further off misses something
TURNED = 10.0  # nats: of 150 test images of MNIST one is so much likelier on its side than upright
MIN_SPREAD = 1e-5  # of the widest dimension's deviation: one below it is the same for every image


@runtime_checkable
class Estimate(Protocol):
    """log p(x) of one image by importance sampling, in nats."""

    @property
    def log_evidence(self) -> float: ...

    @property
    def standard_error(self) -> float | None:
        """None for one draw."""


@runtime_checkable
class EncoderEstimate(Estimate, Protocol):
    """With the encoder's q(z|x) as proposal."""

    @property
    def effective_sample_size(self) -> float: ...


@runtime_checkable
class Fit(Estimate, Protocol):
    """With a q as proposal that was fitted to the image."""

    @property
    def encoder_elbo(self) -> float: ...

    @property
    def fitted_elbo(self) -> float: ...


class Gaps(NamedTuple):
    """The two parts of log p(x) − ELBO, in nats (Cremer et al. 2018)."""

    amortisation: float  # the encoder, which is one for all images, leaves it to the best q of its form for this one
    approximation: float  # the best q of this form leaves it to log p(x)


E = TypeVar("E", bound=EncoderEstimate)
F = TypeVar("F", bound=Estimate)


def best_estimate(by_encoder: E, fit: F | None) -> E | F:
    """The estimate of log p(x) that counts, of two by as many draws.

    What a proposal misses makes its estimate too low, so the larger one counts (by the encoder's alone, the KL from
    the fitted q to p(z|x) could come out negative), unless that depends on a few draws and the fit's error is smaller.
    """
    if fit is None or fit.standard_error is None or by_encoder.standard_error is None:
        return by_encoder
    is_surer = has_few_draws(by_encoder.effective_sample_size) and fit.standard_error < by_encoder.standard_error
    return fit if is_surer or fit.log_evidence > by_encoder.log_evidence else by_encoder


def doubt_of(estimate: EncoderEstimate, exact: float | None = None) -> str:
    """Why the estimate by the encoder's q is not to be trusted, one or two sentences; empty where there is no reason.

    exact: log p(x) by integration, where it is known.
    """
    error, (errors, nats) = estimate.standard_error, FAR
    if error is None:
        return "One draw estimates only the ELBO, so the gap is unknown. Take more draws."
    if exact is not None and abs(missing := exact - estimate.log_evidence) > max(errors * error, nats):
        off = format(abs(missing), ".1f" if abs(missing) >= 1 else ".2f")
        if missing > 0:
            return f"q(z|x) misses a part of p(z|x): its estimate is {off} nats too low; its ± does not include this."
        return f"The estimate is {off} nats too high: a few draws have too much weight. Take more draws."
    if has_few_draws(estimate.effective_sample_size):
        return "log p(x) may be off by nats: a few draws from q(z|x) dominate the estimate. Take more draws, or fit q."
    return ""


def has_few_draws(effective_sample_size: float) -> bool:
    """Whether an estimate depends on too few draws to be trusted."""
    return effective_sample_size < MIN_EFFECTIVE_DRAWS


def gaps(fit: Fit, log_evidence: float) -> Gaps:
    """What the fit tells of an image whose log p(x) is this, the one that counts."""
    return Gaps(fit.fitted_elbo - fit.encoder_elbo, max(0.0, log_evidence - fit.fitted_elbo))


def percentile(value: float, quantiles: Sequence[float]) -> float:
    """How many percent of the test images have less, from their quantiles at 0, 1, … 100 %.

    Between 0 and 100; the middle of the stretch where several quantiles are the same number.
    """
    below, up_to = bisect_left(quantiles, value), bisect_right(quantiles, value)
    steps = 100 / (len(quantiles) - 1)
    if below < up_to:
        return steps * (below + up_to - 1) / 2
    if below in (0, len(quantiles)):
        return 100.0 if below else 0.0
    low, high = quantiles[below - 1], quantiles[below]
    return steps * (below - 1 + (value - low) / (high - low))


def expected_norm(z_dim: int) -> tuple[float, float]:
    """Mean and standard deviation of ‖z‖² for z ~ N(0, I): chi-squared with z_dim degrees of freedom."""
    return float(z_dim), sqrt(2 * z_dim)


def nearest(
    mu: Float[np.ndarray, "z"],
    mus: Float[np.ndarray, "n z"],
    deviation: Float[np.ndarray, "z"],
    count: int,
) -> tuple[Int64[np.ndarray, "k"], Float64[np.ndarray, "k"]]:
    """The `count` rows of `mus` that are nearest to mu, and how far they are, in deviations of q(z).

    A dimension that is the same for every image (a plain autoencoder has such) has no unit, so it does not count.
    """
    varies = deviation > MIN_SPREAD * deviation.max()
    apart = (mus[:, varies].astype(np.float64) - mu[varies]) / deviation[varies]
    distances = np.linalg.norm(apart, axis=1)
    order = np.argsort(distances, kind="stable")[:count]
    return order, distances[order]


def turn_doubt(elbos: Sequence[float]) -> str:
    """Whether a photo may lie on its side, in one sentence; "" where nothing says so. `elbos`: of x as it is, and
    turned clockwise by 90°, 180° and 270°, in nats."""
    best = max(range(4), key=elbos.__getitem__)
    gain = elbos[best] - elbos[0]
    if not gain > TURNED:
        return ""
    return f"The frame may be wrong: turned by {90 * best}° the figure is likelier by {gain:,.0f} nats."
