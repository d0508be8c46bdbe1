"""Images through the encoder: one with all its figures, or some and back."""

import numpy as np
import torch

from vae_explorer.core.evidence import bounds
from vae_explorer.data.preprocess import prepare, to_x
from vae_explorer.session.answers.answer import answer
from vae_explorer.session.records import Encoded
from vae_explorer.session.state.image import EncodeRequest
from vae_explorer.session.training import Reconstructions, ReconstructRequest
from vae_explorer.training.turn import doubt_about_turn


@answer.register
@torch.inference_mode()
def encode(request: EncodeRequest) -> Encoded:
    """mu, sigma, ELBO and reconstruction of one picture: the same numbers as `vae-explorer encode` gives."""
    snapshot, model, settings = request.snapshot, request.snapshot.encoder, request.settings
    if snapshot.preparation is None:
        raise ValueError("this model does not say how its images are prepared")
    prepared = prepare(request.picture, snapshot.preparation, settings.switches, frame=settings.frame)
    doubt = prepared.doubt
    if settings.frame is None and settings.switches.get("binarise", True):
        doubt = doubt or doubt_about_turn(model, snapshot.card, prepared, snapshot.preparation)
    x = torch.from_numpy(prepared.x)[None]
    bound = next(found for found in bounds(model, x) if found) if snapshot.card.can("spread") else None
    q = model.encode(x)
    mu, sigma = (bound.mu, bound.sigma) if bound else (q.mu[0].numpy(), q.sigma[0].numpy())
    has_kl, kl = snapshot.card.can("posterior"), q.kl()[0].numpy()
    return Encoded(
        lineage=snapshot.lineage,
        number=snapshot.number,
        image=request.image,
        steps=prepared.steps,
        x=prepared.x,
        reconstruction_image=model.decode(torch.from_numpy(mu)[None]).mean[0].numpy(),
        mu=mu,
        sigma=sigma,
        kl_per_dimension=kl if has_kl else None,
        elbo=bound.elbo if bound else None,
        reconstruction=bound.reconstruction if bound else None,
        kl=float(kl.sum(dtype=np.float64)) if has_kl else None,
        is_likelihood=snapshot.card.likelihood != "bernoulli" or bool(np.isin(prepared.x, (0, 1)).all()),
        frame=prepared.frame,
        candidates=prepared.candidates,
        doubt=doubt,
        settings=settings,
    )


@answer.register
@torch.inference_mode()
def reconstruct(request: ReconstructRequest) -> Reconstructions:
    """Images through mu and back."""
    snapshot, model = request.snapshot, request.snapshot.encoder
    assert snapshot.preparation is not None
    x = to_x(request.images, snapshot.preparation)
    mean = model.decode(model.encode(torch.from_numpy(x)).mu).mean
    return Reconstructions(
        lineage=snapshot.lineage,
        x=request.images.astype(np.float32) / 255,
        images=mean.numpy(),
    )
