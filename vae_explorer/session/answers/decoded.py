"""The picture under the slider."""

import torch

from vae_explorer.core.likelihoods import Likelihood
from vae_explorer.session.answers.answer import answer
from vae_explorer.session.views.decoded import DRAWS_SIDE_BY_SIDE, Decoded, DecodeRequest
from vae_explorer.session.views.draws import COUNT, Draws, DrawsRequest


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


@answer.register
@torch.inference_mode()
def draw(request: DrawsRequest) -> Draws:
    """Draws from p(x|z), of which the first is the one above with the same seed."""
    pictures, noise = request.snapshot.model.decode(torch.from_numpy(request.z)[None]), torch.Generator()
    assert isinstance(pictures, Likelihood)  # the card says that there is one
    noise.manual_seed(request.seed)
    return Draws(request.z, request.seed, torch.cat([pictures.draw(noise) for _ in range(COUNT)]).numpy())
