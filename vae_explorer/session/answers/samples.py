"""Samples of z, decoded."""

from collections.abc import Generator

import numpy as np
import torch

from vae_explorer.core.latent import prior_sample
from vae_explorer.core.model import Decoder
from vae_explorer.core.noise import posterior_noise
from vae_explorer.session.answers.answer import answer
from vae_explorer.session.views.samples import (
    Apart,
    ApartRequest,
    PosteriorRequest,
    PosteriorSamples,
    PriorRequest,
    PriorSamples,
)

DECODED_AT_ONCE = 64  # bounds the memory of a wide network


@answer.register
@torch.inference_mode()
def sample_posterior(request: PosteriorRequest) -> PosteriorSamples:
    """z = mu + sigma · eps, decoded; eps is that of `vae-explorer encode --samples` with the same seed."""
    encoded, snapshot, settings = request.encoded, request.snapshot, request.settings
    eps = posterior_noise(request.noise.x, settings.count, snapshot.z_dim, settings.seed)
    z = encoded.mu + np.float32(settings.multiplier) * encoded.sigma * eps
    images = _means(snapshot.model, z)
    return PosteriorSamples(
        lineage=snapshot.lineage,
        image=encoded.image,
        multiplier=settings.multiplier,
        mu=encoded.mu,
        sigma=encoded.sigma,
        eps=eps,
        z=z,
        images=images,
        mean=images.mean(0),
        spread=images.std(0).mean(0),
    )


@answer.register
def take_apart(request: ApartRequest) -> Generator[Apart | None, None, None]:
    """Decodes mu, and mu with one dimension of the sample at a time."""
    samples, model = request.samples, request.snapshot.model
    inactive, z = request.snapshot.card.inactive, samples.z[request.at]
    changes = np.empty_like(z)
    with torch.inference_mode():
        mean = _means(model, samples.mu[None])
    for first in range(0, len(z), DECODED_AT_ONCE):
        some = np.arange(first, min(first + DECODED_AT_ONCE, len(z)))
        moved = np.tile(samples.mu, (len(some), 1))
        moved[some - first, some] = z[some]
        with torch.inference_mode():
            away = _means(model, moved) - mean
        changes[some] = np.sqrt(np.square(away).sum((1, 2, 3)))
        yield None
    yield Apart(samples, request.at, changes, ~inactive, np.lexsort((-changes, inactive)))


@answer.register
@torch.inference_mode()
def sample_prior(request: PriorRequest) -> PriorSamples:
    """The same z's as `vae-explorer sample` with the same seed and temperature."""
    snapshot, settings = request.snapshot, request.settings
    z = prior_sample(settings.count, snapshot.z_dim, temperature=settings.temperature, seed=settings.seed)
    return PriorSamples(
        lineage=snapshot.lineage,
        temperature=settings.temperature,
        seed=settings.seed,
        z=z,
        images=_means(snapshot.model, z),
    )


def _means(model: Decoder, z: np.ndarray) -> np.ndarray:
    """The mean image of each z."""
    parts = torch.split(torch.from_numpy(z), DECODED_AT_ONCE)
    return np.concatenate([model.decode(part).mean.numpy() for part in parts])
