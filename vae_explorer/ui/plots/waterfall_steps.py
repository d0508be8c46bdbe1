"""The rows of a waterfall: the parts of log p(x) in words."""

from collections.abc import Iterator
from dataclasses import dataclass

from vae_explorer.ui.widgets.numbers import figure


@dataclass(frozen=True)
class Step:
    """A row: from where to where it leads, in nats; the totals lead nowhere."""

    key: str
    sign: str
    name: str
    symbol: str  # rich text
    text: str  # its figure
    colour: str
    alpha: float
    start: float
    end: float
    tip: str

    @property
    def is_total(self) -> bool:
        return self.sign == "="


def steps_of(
    reconstruction: float, kl: float, elbo: float, log_evidence: float, error: float | None, fitted: float | None
) -> Iterator[Step]:
    """The rows from above; where elbo is to be had with a better q, fitted, the gap is two of them."""
    gap = log_evidence - elbo
    digits = 1 if abs(gap) >= 1 or max(abs(reconstruction), abs(kl)) >= 1e4 else 2 if abs(gap) >= 0.1 else 3

    def text(nats: float) -> str:
        return figure(nats, digits)

    yield Step(
        "reconstruction", "", "reconstruction", "E<sub>q</sub>[log <i>p</i>(<i>x</i>|<i>z</i>)]", text(reconstruction),
        "reconstruction", 1.0, 0.0, reconstruction,
        "How well the model explains x, on average over z drawn from q(z|x).",
    )  # fmt: skip
    yield Step(
        "kl", "−", "KL", "KL(<i>q</i>(<i>z</i>|<i>x</i>) ‖ <i>p</i>(<i>z</i>))", text(kl),
        "kl", 1.0, reconstruction, elbo,
        "How far q(z|x) is from the prior N(0, I): the cost of saying which z belongs to this image.",
    )  # fmt: skip
    yield Step(
        "elbo", "=", "ELBO", "", text(elbo), "text", 1.0, elbo, elbo,
        "Reconstruction minus KL: the lower bound on log p(x), which training raises.",
    )  # fmt: skip
    if fitted is None:
        yield Step(
            "gap", "+", "gap", "KL(<i>q</i>(<i>z</i>|<i>x</i>) ‖ <i>p</i>(<i>z</i>|<i>x</i>))",
            "–" if error is None else text(gap), "gap", 1.0,  # one draw cannot tell
            elbo, log_evidence,
            "How far the bound is below log p(x), which is how far q(z|x) is from the true posterior p(z|x).",
        )  # fmt: skip
    else:
        yield Step(
            "encoder", "+", "gap, encoder", "a <i>q</i> fitted to <i>x</i> closes it", text(fitted - elbo), "gap", 1.0,
            elbo, fitted,
            "The part of the gap that closes with a q fitted to this one image; the encoder has to serve all images.",
        )  # fmt: skip
        yield Step(
            "rest", "+", "gap, rest", "KL(fitted <i>q</i> ‖ <i>p</i>(<i>z</i>|<i>x</i>))", text(log_evidence - fitted),
            "gap", 0.55, fitted, log_evidence,
            "The part of the gap that remains: the true posterior is not a Gaussian with independent dimensions.",
        )  # fmt: skip
    finer = next((d for d in range(digits, 3) if abs(error or 1) >= 0.95 * 0.1**d), 3)  # no error is 0.0
    unsure = "" if error is None else f" ± {figure(abs(error), finer if error else digits)}"
    yield Step(
        "log_evidence", "=", "log p(x)", "", text(log_evidence) + unsure, "text", 1.0, log_evidence, log_evidence,
        "How likely the model finds this image, estimated with many draws of z; ± is one standard error.",
    )  # fmt: skip
