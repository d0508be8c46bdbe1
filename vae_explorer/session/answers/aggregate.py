"""q(z|x) of the images of the data, q(z), and samples from approximations of it."""

from collections.abc import Generator, Iterator
from dataclasses import replace
from math import log, pi
from threading import Thread
from typing import get_args

import numpy as np
import torch

from vae_explorer.core.aggregate import AggregatedPosterior, SampleSource, decompose
from vae_explorer.core.model import Decoder
from vae_explorer.data.preprocess import to_x
from vae_explorer.session.answers.answer import answer, silently
from vae_explorer.session.views.aggregate import Aggregate, AggregateRequest, ComparedRequest, ComparedSamples
from vae_explorer.session.views.data_posteriors import DataPosteriors, DataPosteriorsRequest

WAIT = 0.03  # seconds for a library that is being imported, between two yields
PLOTTED = 241  # values of z at which a density is known
BINS = 60  # of the histogram of z where it has no density
REACH = 3.5  # of the plotted z at least, to either side
DEVIATIONS = 2.5  # of each q(z|x) that are plotted
AT_ONCE = 64  # images encoded or decoded together


@answer.register
def data_posteriors(request: DataPosteriorsRequest) -> Generator[DataPosteriors | None, None, None]:
    """mu and sigma of every image."""
    snapshot, images = request.snapshot, request.images
    model, mu, sigma = snapshot.encoder, [], []
    assert snapshot.preparation is not None
    for start in range(0, len(images), AT_ONCE):
        with torch.inference_mode():  # not around a yield: it would reach the caller
            x = to_x(images.images[start : start + AT_ONCE], snapshot.preparation)
            q = model.encode(torch.from_numpy(x))
            mu.append(q.mu.numpy())
            sigma.append(q.sigma.numpy())
        yield None
    yield DataPosteriors(snapshot.lineage, snapshot.number, images, np.concatenate(mu), np.concatenate(sigma))


@answer.register
def aggregate(request: AggregateRequest) -> Generator[Aggregate | None, None, None]:
    """q(z) by the posteriors that the model file stores, or by those of the images of its data."""
    snapshot = request.snapshot
    posteriors = request.posteriors or snapshot.posteriors
    assert posteriors is not None
    mu, sigma = posteriors.mu, posteriors.sigma
    q = AggregatedPosterior(mu, sigma)
    margin = DEVIATIONS * sigma if q.has_density else 0.1 * np.abs(mu).max()
    reach = max(REACH, float((np.abs(mu) + margin).max()))
    z = np.linspace(-reach, reach, PLOTTED)
    densities = np.empty((q.z_dim, PLOTTED))
    for j in range(q.z_dim):
        densities[j] = q.density(j, z) if q.has_density else _histogram(q.mu[:, j], z)
        yield None
    found = Aggregate(
        lineage=snapshot.lineage,
        number=request.posteriors.number if request.posteriors else snapshot.number,
        images=len(mu),
        q=q,
        z=z,
        densities=densities,
        prior=np.exp(-0.5 * (z**2 + log(2 * pi))),
        is_active=np.isin(np.arange(q.z_dim), q.active_dimensions),
    )
    yield found
    if q.has_density:
        yield replace(found, decomposition=(yield from silently(decompose(q))))


@answer.register
def compared_samples(request: ComparedRequest) -> Generator[ComparedSamples | None, None, None]:
    """The same z's as `vae-explorer sample --from` with the same seed, where the model has stored posteriors."""
    snapshot, q = request.snapshot, request.aggregate.q
    z: dict[str, np.ndarray] = {}
    images: dict[str, np.ndarray] = {}
    for source in sorted(get_args(SampleSource), key="mixture".__eq__):  # the mixture takes longest
        if source == "mixture" and not q.has_mixture:
            yield from _mixtures_imported()
            yield from silently(q.fit_mixture())
        z[source] = q.sample(source, request.count, request.seed)
        images[source] = yield from _decode(snapshot.model, z[source])
        yield ComparedSamples(snapshot.lineage, request.aggregate, request.seed, dict(z), dict(images))


def _mixtures_imported() -> Iterator[None]:
    """Imports scikit-learn in its own thread: it takes a second, during which an image may be chosen."""

    def work() -> None:
        import sklearn.mixture  # noqa: F401

    importing = Thread(target=work)
    importing.start()
    while importing.is_alive():
        importing.join(WAIT)
        yield None


def _decode(model: Decoder, z: np.ndarray) -> Generator[None, None, np.ndarray]:
    """The mean image of each z, float32 [n, c, h, w]."""
    images = []
    for part in torch.split(torch.from_numpy(z), AT_ONCE):
        with torch.inference_mode():
            images.append(model.decode(part).mean.numpy())
        yield None
    return np.concatenate(images)


def _histogram(codes: np.ndarray, z: np.ndarray) -> np.ndarray:
    """The density of points in equal bins over z's range, at each z."""
    heights, edges = np.histogram(codes, BINS, (z[0], z[-1]), density=True)
    return heights[np.clip(np.searchsorted(edges, z, side="right") - 1, 0, BINS - 1)]
