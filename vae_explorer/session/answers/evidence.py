"""log p(x) of one image: by draws, and where z has two dimensions by integration."""

from collections.abc import Generator

import numpy as np
import torch

from vae_explorer.core.evidence import draws
from vae_explorer.core.grid import true_posterior
from vae_explorer.session.answers.answer import answer, silently
from vae_explorer.session.views.evidence import Evidence, EvidenceRequest, MapRequest, PosteriorMap

GROWTH_POINTS = 80  # numbers of draws at which the evidence is shown
MORE = 1.1  # times as many draws before the numbers are computed again: more draws take longer


@answer.register
def evidence(request: EvidenceRequest) -> Generator[Evidence | None, None, None]:
    """The same figures as `vae-explorer encode --importance-samples` for the same image, number and seed."""
    encoded, model = request.encoded, request.snapshot.encoder
    settings = request.settings
    x = torch.from_numpy(encoded.x)
    with torch.inference_mode():  # with these weights: the image may have been encoded with older ones
        kl = float(model.encode(x[None]).kl().sum(dtype=torch.float64))
    shown = 0.0
    for found in draws(model, x, settings.importance_samples, settings.seed):
        count = len(found.log_ratio)
        if count < min(MORE * shown, settings.importance_samples):
            yield None
            continue
        shown = count
        counts = np.unique(np.geomspace(1, count, GROWTH_POINTS).round().astype(np.int64))
        estimates, errors = found.growth(counts.tolist())
        yield Evidence(
            encoded=encoded,
            importance_samples=settings.importance_samples,
            seed=settings.seed,
            draws=count,
            reconstruction=found.reconstruction,
            kl=found.kl,
            elbo=found.elbo,
            log_evidence=found.log_evidence,
            gap=found.gap,
            standard_error=found.standard_error,
            effective_sample_size=found.effective_sample_size,
            counts=counts,
            estimates=estimates,
            errors=errors,
            one_sample_elbos=found.log_likelihood - kl,
        )


@answer.register
def posterior_map(request: MapRequest) -> Generator[PosteriorMap | None, None, None]:
    """p(z|x) on a grid, for z of two dimensions."""
    found = yield from silently(true_posterior(request.snapshot.encoder, torch.from_numpy(request.encoded.x)))
    exact = found.log_evidence if found.is_settled else None
    yield PosteriorMap(request.encoded, exact, found.z1, found.z2, np.exp(found.log_density))
