"""The exact log p(x) and the true posterior of one image, for a 2-dimensional z: by numerical integration."""

from dataclasses import dataclass
from math import isfinite, log

import numpy as np
import torch
from jaxtyping import Bool, Float, Float64, Int64
from torch import Tensor

from vae_explorer.core.model import Model
from vae_explorer.core.posterior import log_normal
from vae_explorer.core.progress import Job, Progress

DECODED_AT_ONCE = 256  # latent points between two reports: their pictures stay in the processor's cache
TOLERANCE = 3e-4  # nats: the last halving of the step moves log p(x) by less; where p(z|x) has kinks, as much is left
CHANCE = 0.1  # nats: and the one before by less than this, for one alone can be chance
NEGLIGIBLE = log(1e-6)  # the part of the integral that each halving may leave out
FIRST_STEP = 0.5
PRIOR_BOX = 6.0  # the first cells reach from −6 to 6: the prior has 4e-9 of its mass outside
FARTHEST = 1000.0  # of q's mean: cells that are much farther out have no number
MAX_POINTS = 200_000  # after so many the error is what it is
MAX_RINGS = 200  # of cells around those of one size; each looks at all of them again
SETTLED = 0.01  # nats: with a larger one the number is not to be shown as exact
SHOWN_MASS = log(1e-4)  # a cell with less of the largest one's may lie outside of the grid that is shown
SHOWN = 81  # points along each side of that grid


@dataclass(frozen=True, eq=False)
class TruePosterior:
    """p(z|x) of one image on a regular grid, for a 2-dimensional z."""

    log_evidence: float  # log p(x) in nats, exact up to `error`
    error: float  # how far the last halving of the step has moved it
    mean: Float64[np.ndarray, "2"]
    covariance: Float64[np.ndarray, "2 2"]
    z1: Float64[np.ndarray, "a"]  # of the box that holds p(z|x) and q's ± 3 sigma
    z2: Float64[np.ndarray, "b"]
    log_density: Float64[np.ndarray, "b a"]  # log p(z|x), normalised

    @property
    def is_settled(self) -> bool:
        """False where p(z|x) is so long and narrow that there were not points enough."""
        return self.error < SETTLED


def true_posterior(model: Model, x: Float[Tensor, "c h w"]) -> Job[TruePosterior]:
    """Integrates p(z) p(x|z) by the midpoint rule on square cells whose side is halved until log p(x) stands still.

    Only cells that may matter are split, and where such a cell lies at the edge of what is known, more are laid around
    it. So a narrow posterior costs no more than a wide one, and it is found far outside of the prior's box, in several
    pieces, and where q(z|x) is not. Raises ValueError where z has not two dimensions.
    """
    if model.z_dim != 2:
        raise ValueError(f"The exact log p(x) needs a model with 2 latent dimensions; this one has {model.z_dim}")
    with torch.inference_mode():  # not around a yield: it would reach the caller
        posterior = model.encode(x[None])
    mu, sigma = (part[0].double().cpu().numpy() for part in (posterior.mu, posterior.sigma))
    joint = _Joint(model, x)

    step = FIRST_STEP
    side = np.arange(-PRIOR_BOX / step, PRIOR_BOX / step).astype(np.int64)
    cells = _cells(side[:, None], side).ravel()
    log_evidence, before, moved = np.inf, np.inf, np.inf
    while True:
        of_q = _cells(*np.floor(np.clip(mu, -FARTHEST, FARTHEST) / step).astype(np.int64)[:, None])
        cells, log_joint, counts = yield from _laid(joint, np.union1d(cells, of_q), step)
        integral = float(np.logaddexp.reduce(log_joint)) + 2 * log(step)
        if not isfinite(integral):
            raise ValueError("log p(x, z) of this image is not finite")
        log_evidence, before, moved = integral, moved, abs(integral - log_evidence)
        if (moved < TOLERANCE and before < CHANCE) or joint.points + 4 * counts.sum() > MAX_POINTS:
            break
        cells, step = (2 * cells[counts, None] + _QUARTERS).ravel(), step / 2

    z = _centres(cells, step)
    weight = np.exp(log_joint - np.logaddexp.reduce(log_joint))
    mean = weight @ z
    shown = z[log_joint > log_joint.max() + SHOWN_MASS]
    low = np.minimum(shown.min(0) - step, mu - 3 * sigma)
    high = np.maximum(shown.max(0) + step, mu + 3 * sigma)
    z1, z2 = np.linspace(low, high, SHOWN).T
    log_density = yield from joint.log_prob(np.stack(np.meshgrid(z1, z2), -1).reshape(-1, 2))
    return TruePosterior(
        log_evidence=log_evidence,
        error=moved,
        mean=mean,
        covariance=(z - mean).T @ (weight[:, None] * (z - mean)),
        z1=z1,
        z2=z2,
        log_density=log_density.reshape(SHOWN, SHOWN) - log_evidence,
    )


class _Joint:
    """log p(x, z) of one image, as a function of z that counts its points."""

    def __init__(self, model: Model, x: Float[Tensor, "c h w"]):
        self._model, self._x = model, x[None]
        self.points = 0

    def log_prob(self, z: Float64[np.ndarray, "n 2"]) -> Job[Float64[np.ndarray, "n"]]:
        parts = [np.empty(0)]
        for start in range(0, len(z), DECODED_AT_ONCE):
            parts.append(self._together(torch.from_numpy(z[start : start + DECODED_AT_ONCE])))
            self.points += len(parts[-1])
            yield Progress(self.points, None, "points of z")
        return np.concatenate(parts)

    @torch.inference_mode()
    def _together(self, z: Float[Tensor, "n 2"]) -> Float64[np.ndarray, "n"]:
        log_likelihood = self._model.decode(z.float().to(self._x.device)).log_prob(self._x)
        return (log_likelihood.cpu().double() + log_normal(z)).numpy()


# A cell is one number, (i << 32) + j: it begins at (i, j) · step, and what is added to i and j can be added to it.


def _cells(i: Int64[np.ndarray, "..."], j: Int64[np.ndarray, "..."]) -> Int64[np.ndarray, "..."]:
    cells: Int64[np.ndarray, "..."] = (i << 32) + j
    return cells


def _centres(cells: Int64[np.ndarray, "n"], step: float) -> Float64[np.ndarray, "n 2"]:
    j = ((cells + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)
    i = (cells - j) >> 32
    return (np.stack([i, j], 1) + 0.5) * step


_SIDES = np.array([-1, 0, 1])
_NEIGHBOURS = _cells(_SIDES[:, None], _SIDES).ravel()
_QUARTERS = _cells(_SIDES[1:, None], _SIDES[1:]).ravel()


def _laid(
    joint: _Joint, cells: Int64[np.ndarray, "_n"], step: float
) -> Job[tuple[Int64[np.ndarray, "n"], Float64[np.ndarray, "n"], Bool[np.ndarray, "n"]]]:
    """The cells and all that had to be laid around them, log p(x, z) in the middle of each, and which of them may hold
    more than a negligible part of the integral."""
    log_joint = yield from joint.log_prob(_centres(cells, step))
    for ring in range(MAX_RINGS + 1):
        counts = _count(cells, log_joint)
        new = np.setdiff1d(cells[counts, None] + _NEIGHBOURS, cells)
        if not len(new) or joint.points + len(new) > MAX_POINTS or ring == MAX_RINGS:
            break
        found = yield from joint.log_prob(_centres(new, step))
        order = np.argsort(cells := np.concatenate([cells, new]))
        cells, log_joint = cells[order], np.concatenate([log_joint, found])[order]
    return cells, log_joint, counts


def _count(cells: Int64[np.ndarray, "n"], log_joint: Float64[np.ndarray, "n"]) -> Bool[np.ndarray, "n"]:
    """A cell may hold more than its middle says: as much more as the middles around it differ from its own."""
    wanted = cells[:, None] + _NEIGHBOURS
    place = np.searchsorted(cells, wanted).clip(max=len(cells) - 1)
    differs = np.where(cells[place] == wanted, np.abs(log_joint[place] - log_joint[:, None]), 0)
    most = log_joint + differs.max(1)
    order = np.argsort(most)
    counts = np.empty(len(cells), bool)
    counts[order] = np.logaddexp.accumulate(most[order]) > np.logaddexp.reduce(log_joint) + NEGLIGIBLE
    return counts
