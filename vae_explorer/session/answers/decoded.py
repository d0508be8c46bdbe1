"""The picture under the slider."""

import torch

from vae_explorer.core.likelihoods import Likelihood
from vae_explorer.session.answers.answer import answer
from vae_explorer.session.views.decoded import DRAWS_SIDE_BY_SIDE, Decoded, DecodeRequest


@answer.register
@torch.inference_mode()
def decode(request: DecodeRequest) -> Decoded:
    """The mean of p(x|z), its pixels' sigma, or draws from it."""
    pictures, settings = request.snapshot.model.decode(torch.from_numpy(request.z)[None]), request.settings
    if settings.mode == "mean" or not isinstance(pictures, Likelihood):
        images = pictures.mean
    elif settings.mode == "sigma":
        images = pictures.std
    else:
        noise = torch.Generator().manual_seed(settings.seed)
        images = torch.cat([pictures.draw(noise) for _ in range(DRAWS_SIDE_BY_SIDE if settings.sixteen else 1)])
    return Decoded(
        lineage=request.snapshot.lineage,
        number=request.snapshot.number,
        z=request.z,
        settings=settings,
        images=images.numpy(),
    )
