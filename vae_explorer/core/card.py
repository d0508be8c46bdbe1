"""The model card: what a model is and what it can do, for all who must not ask which kind it is. Imports no torch.

A view asks `card.can("elbo")` and, where it cannot, prints `card.why_not("elbo")`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Bool, Float64, Int
from pydantic import BaseModel, Field, FiniteFloat

from vae_explorer.core.config import ImageShape, LikelihoodName, ModelOptions, Network

ACTIVE_VARIANCE = 0.01  # of mu over the data (Burda et al. 2016)
INACTIVE_KL = 0.01  # nats: a dimension below it says nothing, where the variance of its mu is not known
INTEGRABLE = 2  # dimensions of z whose log p(x) can be integrated
MAX_COUNT = 2**53  # of images
PerDimension = Annotated[list[FiniteFloat], Field(max_length=512)]  # z has no more; a list of a million is not parsed

Ability = Literal["encode", "posterior", "prior", "spread", "elbo", "evidence", "exact"]
# encode     x → mu
# posterior  q(z|x) has a sigma: samples of one image differ, and there is a KL
# prior      z was pulled to N(0, I), so that z drawn from it generates
# spread     p(x|z) is a distribution: it can be drawn from, and its pixels have a sigma
# elbo       all of it is there in nats: reconstruction − KL bounds log p(x)
# evidence   log p(x) of one image can be estimated
# exact      … and integrated

WHY_NOT: Mapping[Ability, str] = {
    "encode": "This model has no encoder, so images cannot be encoded.",
    "posterior": "This model has no q(z|x), so there is nothing to sample from.",
    "prior": "This model has no prior, so there is no distribution to draw z from.",
    "spread": "This model decodes z to a picture and has no p(x|z), so there is nothing to draw from.",
    "elbo": "This model has no likelihood, so there is no ELBO and no log p(x).",
    "evidence": "This model has no likelihood, so there is no ELBO and no log p(x).",
    "exact": "log p(x) can only be integrated for models with two latent dimensions.",
}
AUTOENCODER_WHY_NOT: Mapping[Ability, str] = {
    **WHY_NOT,
    "posterior": "A plain autoencoder has no q(z|x) and no σ: each sample is the same z.",
    "prior": "No prior: its z need not follow N(0, I).",
    "elbo": "A plain autoencoder has no q(z|x) and no prior: there is no KL, no ELBO and no log p(x), "
    "only how well it reconstructs.",
    "evidence": "A plain autoencoder has no q(z|x), so there is no evidence to estimate.",
}


class SplitFigures(BaseModel, frozen=True, defer_build=True):
    """Nats per image, averaged over the images of one split; a plain autoencoder has a reconstruction alone."""

    elbo: FiniteFloat | None
    reconstruction: FiniteFloat
    kl: FiniteFloat | None


class LatentStatistics(BaseModel, frozen=True, defer_build=True):
    """What the latent dimensions do over a set of images; the lists go over z. What needs q(z|x) is None for a plain
    autoencoder."""

    split: Literal["validation", "test"]
    images: int = Field(ge=0, le=MAX_COUNT)
    kl_per_dimension: PerDimension | None  # nats, averaged over the images
    mu_variance: PerDimension  # a dimension is active above 0.01 (Burda et al. 2016)
    elbo_quantiles: Annotated[list[FiniteFloat], Field(min_length=101, max_length=101)] | None  # nats


@dataclass(frozen=True, eq=False)
class ModelCard:
    """What is known of a model. The figures are nats per image; the lists go over z."""

    image_shape: ImageShape
    z_shape: tuple[int, ...]  # z itself is flat everywhere; only a view may look at its shape
    abilities: frozenset[Ability]
    reasons: Mapping[Ability, str] = field(default_factory=lambda: WHY_NOT, repr=False)  # for those that are missing
    likelihood: LikelihoodName | None = None
    family: str = ""  # for people: what it is called, where it is not a VAE
    network: Network | str = ""  # for people: what it is made of
    data: str = ""  # the data set's name
    epochs: float = 0.0
    validation: SplitFigures | None = None
    test: SplitFigures | None = None  # at a run's end
    validation_kl: tuple[float, ...] | None = None  # of each dimension, averaged over the validation images
    statistics: LatentStatistics | None = None  # at a run's end

    @property
    def z_dim(self) -> int:
        return prod(self.z_shape)

    def can(self, *abilities: Ability) -> bool:
        """Whether it has all of these."""
        return self.abilities.issuperset(abilities)

    def why_not(self, ability: Ability) -> str:
        """The sentence that says why it cannot; empty where it can."""
        return "" if self.can(ability) else self.reasons[ability]

    @property
    def mu(self) -> str:
        """What the encoder gives for an image is called: μ, or z(x) where it is the latent point itself."""
        return "μ" if self.can("posterior") else "z(x)"

    @property
    def kl_per_dimension(self) -> Float64[np.ndarray, "z"] | None:
        """Average over the data in nats; None for a run's first epoch."""
        kl = self.statistics.kl_per_dimension if self.statistics else self.validation_kl
        return None if kl is None else np.array(kl, np.float64)

    @property
    def inactive(self) -> Bool[np.ndarray, "z"]:
        """Whether each dimension says nothing about the images."""
        if self.statistics:
            return np.array(self.statistics.mu_variance) <= ACTIVE_VARIANCE
        kl = self.kl_per_dimension
        return np.zeros(self.z_dim, bool) if kl is None else kl < INACTIVE_KL

    @property
    def order(self) -> Int[np.ndarray, "z"]:
        """The dimensions by their average KL, the largest first; by the variance of mu where there is no KL."""
        by, statistics = self.kl_per_dimension, self.statistics
        if by is None and statistics:
            by = np.array(statistics.mu_variance)
        return np.arange(self.z_dim) if by is None else np.argsort(-by, kind="stable")


def abilities_of(options: ModelOptions) -> frozenset[Ability]:
    """What a model that this program trains can do."""
    if options.kind == "autoencoder":
        return frozenset({"encode", "spread"})
    exact: frozenset[Ability] = frozenset({"exact"} if options.z_dim == INTEGRABLE else ())
    return exact | {"encode", "posterior", "prior", "spread", "elbo", "evidence"}


def reasons_of(options: ModelOptions) -> Mapping[Ability, str]:
    """Why it cannot do the rest."""
    return AUTOENCODER_WHY_NOT if options.kind == "autoencoder" else WHY_NOT


def family_of(options: ModelOptions) -> str:
    """What it is called, where it is not a VAE."""
    return "autoencoder" if options.kind == "autoencoder" else ""
