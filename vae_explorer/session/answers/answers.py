"""Requests and their answers: pure functions that the threads run, looked up by name.

Brings torch, so only a thread imports it, at its first request.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vae_explorer.core.evidence import bounds
from vae_explorer.core.latent import prior_sample
from vae_explorer.core.noise import posterior_noise
from vae_explorer.core.vae import VAE
from vae_explorer.data import bundled
from vae_explorer.data.preprocess import prepare, to_x
from vae_explorer.paths import MODEL_SUFFIX, bundled_models
from vae_explorer.session.answers.long_answers import ADVANCES
from vae_explorer.session.curves import read_curves
from vae_explorer.session.pictures import ReadRequest, read_pictures
from vae_explorer.session.records import (
    DRAWS_SIDE_BY_SIDE,
    EXAMPLES,
    Decoded,
    DecodeRequest,
    Encoded,
    EncodeRequest,
    Origin,
    PosteriorRequest,
    PosteriorSamples,
    PriorRequest,
    PriorSamples,
    Reconstructions,
    ReconstructRequest,
    Snapshot,
)
from vae_explorer.session.state.model import OpenedModel
from vae_explorer.training import model_file, models
from vae_explorer.training.model_file import ModelFileError


def answer(kind: str, request: object) -> object:
    """The answer of the function with that name."""
    torch.set_num_threads(1)  # belongs to the calling thread; more is slower for a picture, and beside a training
    return ANSWERS[kind](request)


def open_model(name_or_path: str) -> OpenedModel:
    """A bundled model by its name, or a file."""
    path = models.find(name_or_path)
    content = model_file.read(path)
    is_bundled = path == bundled_models().get(name_or_path)
    tests = _bundled_tests(content.info)
    return OpenedModel(
        name=name_or_path if is_bundled else _name(Path(name_or_path)),
        model=content.model,
        info=content.info,
        posteriors=content.posteriors,
        tests=tests,
        examples=read_pictures(ReadRequest(tests[:EXAMPLES])),
    )


def _name(path: Path) -> str:
    """Of a model file in the window; a run's have their folder's name."""
    return path.name.removesuffix(MODEL_SUFFIX) if path.is_file() else path.resolve().name


def _bundled_tests(info: model_file.ModelInfo) -> tuple[Origin, ...]:
    data = info.data
    found = bundled.tests_of(data)
    if found is None or found.images.shape[1:] != info.config.image_shape:  # other data may have that name
        return ()
    return tuple(
        Origin(f"{data} test image {i} ({found.classes[label]})", image.transpose(1, 2, 0))
        for i, (image, label) in enumerate(zip(found.images, found.labels, strict=True))
    )


def save_model(request: tuple[Path, Snapshot]) -> Path:
    """Writes a model file; gives its path."""
    path, snapshot = request
    try:
        model_file.save(path, snapshot.model, snapshot.info, snapshot.posteriors)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ModelFileError(f"{path} could not be written ({reason}): choose another folder, or make room") from error
    return path


@torch.inference_mode()
def encode(request: EncodeRequest) -> Encoded:
    """mu, sigma, ELBO and reconstruction of one picture: the same numbers as `vae-explorer encode` gives."""
    snapshot = request.snapshot
    prepared = prepare(request.picture, snapshot.info.preparation, request.switches)
    bound = next(found for found in bounds(snapshot.model, torch.from_numpy(prepared.x)[None]) if found)
    mean = snapshot.model.decode(torch.from_numpy(bound.mu)[None]).mean
    return Encoded(
        lineage=snapshot.lineage,
        number=snapshot.number,
        image=request.image,
        steps=prepared.steps,
        x=prepared.x,
        reconstruction_image=mean[0].numpy(),
        mu=bound.mu,
        sigma=bound.sigma,
        kl_per_dimension=bound.kl_per_dimension,
        elbo=bound.elbo,
        reconstruction=bound.reconstruction,
        kl=bound.kl,
        is_likelihood=snapshot.info.config.likelihood == "gaussian" or bool(np.isin(prepared.x, (0, 1)).all()),
        switches=request.switches,
    )


@torch.inference_mode()
def decode(request: DecodeRequest) -> Decoded:
    """The mean of p(x|z), its pixels' sigma, or draws from it."""
    likelihood = request.snapshot.model.decode(torch.from_numpy(request.z)[None])
    if request.mode == "draw":
        noise = torch.Generator().manual_seed(request.seed)
        count = DRAWS_SIDE_BY_SIDE if request.sixteen else 1
        images = torch.cat([likelihood.draw(noise) for _ in range(count)])
    else:
        images = likelihood.mean if request.mode == "mean" else likelihood.std
    return Decoded(
        lineage=request.snapshot.lineage,
        number=request.snapshot.number,
        z=request.z,
        mode=request.mode,
        seed=request.seed,
        images=images.numpy(),
    )


@torch.inference_mode()
def sample_posterior(request: PosteriorRequest) -> PosteriorSamples:
    """z = mu + sigma · eps, decoded; eps is that of `vae-explorer encode --samples` with the same seed."""
    encoded, snapshot = request.encoded, request.snapshot
    eps = posterior_noise(request.noise_x, request.count, snapshot.z_dim, request.seed)
    z = encoded.mu + np.float32(request.multiplier) * encoded.sigma * eps
    images = _means(snapshot.model, z)
    return PosteriorSamples(
        lineage=snapshot.lineage,
        image=encoded.image,
        multiplier=request.multiplier,
        mu=encoded.mu,
        sigma=encoded.sigma,
        eps=eps,
        z=z,
        images=images,
        mean=images.mean(0),
        spread=images.std(0).mean(0),
    )


@torch.inference_mode()
def sample_prior(request: PriorRequest) -> PriorSamples:
    """The same z's as `vae-explorer sample` with the same seed and temperature."""
    snapshot = request.snapshot
    z = prior_sample(request.count, snapshot.z_dim, temperature=request.temperature, seed=request.seed)
    return PriorSamples(
        lineage=snapshot.lineage,
        temperature=request.temperature,
        seed=request.seed,
        z=z,
        images=_means(snapshot.model, z),
    )


@torch.inference_mode()
def reconstruct(request: ReconstructRequest) -> Reconstructions:
    """Images through mu and back."""
    snapshot = request.snapshot
    x = to_x(request.images, snapshot.info.preparation)
    mean = snapshot.model.decode(snapshot.model.encode(torch.from_numpy(x)).mu).mean
    return Reconstructions(
        lineage=snapshot.lineage,
        x=request.images.astype(np.float32) / 255,
        images=mean.numpy(),
    )


def _means(model: VAE, z: np.ndarray) -> np.ndarray:
    """The mean image of each z, 64 at a time: bounds the memory of a wide network."""
    return np.concatenate([model.decode(part).mean.numpy() for part in torch.split(torch.from_numpy(z), 64)])


ANSWERS: dict[str, Callable[[Any], object]] = {
    function.__name__: function
    for function in (
        open_model,
        save_model,
        read_pictures,
        encode,
        decode,
        sample_posterior,
        sample_prior,
        reconstruct,
        read_curves,
    )
} | ADVANCES
