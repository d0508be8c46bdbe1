"""Samples of z, decoded."""

import numpy as np
import torch

from vae_explorer.core.latent import prior_sample
from vae_explorer.core.model import Decoder
from vae_explorer.core.noise import posterior_noise
from vae_explorer.session.answers.answer import answer
from vae_explorer.session.views.samples import PosteriorRequest, PosteriorSamples, PriorRequest, PriorSamples

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
