"""The long views' jobs: generators that give more with each item, or None where there is only time to yield.

Brings torch, as answers.py does.
"""

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from functools import partial
from math import log, pi
from threading import Thread
from typing import Any, TypeVar, get_args

import numpy as np
import torch

from vae_explorer.core.aggregate import AggregatedPosterior, SampleSource, decompose
from vae_explorer.core.evidence import draws
from vae_explorer.core.grid import true_posterior
from vae_explorer.core.progress import Job
from vae_explorer.core.vae import VAE
from vae_explorer.data.preprocess import to_x
from vae_explorer.session.records import (
    Aggregate,
    ComparedRequest,
    ComparedSamples,
    DataPosteriors,
    DataPosteriorsRequest,
    Evidence,
    EvidenceRequest,
    MapRequest,
    Origin,
    PosteriorMap,
    Slice,
    Snapshot,
)

T = TypeVar("T")
SLICE = 0.03  # seconds of work before a newer request has its turn
GROWTH_POINTS = 80  # numbers of draws at which the evidence is shown
MORE = 1.1  # times as many draws before the figures are made anew: they take longer the more there are
PLOTTED = 241  # values of z at which a density is known
BINS = 60  # of the histogram of a plain autoencoder's codes
REACH = 3.5  # of the plotted z at least, to either side
DEVIATIONS = 2.5  # of each q(z|x) that are plotted
AT_ONCE = 64  # images encoded or decoded together


def evidence(request: EvidenceRequest) -> Iterator[Evidence | None]:
    """The same figures as `vae-explorer encode --importance-samples` for the same image, number and seed."""
    encoded, model = request.encoded, request.snapshot.model
    x = torch.from_numpy(encoded.x)
    with torch.inference_mode():  # by these weights: those that have encoded it may be older
        kl = float(model.encode(x[None]).kl().sum(dtype=torch.float64))
    shown = 0.0
    for found in draws(model, x, request.importance_samples, request.seed):
        count = len(found.log_ratio)
        if count < min(MORE * shown, request.importance_samples):
            yield None
            continue
        shown = count
        counts = np.unique(np.geomspace(1, count, GROWTH_POINTS).round().astype(np.int64))
        estimates, errors = found.growth(counts.tolist())
        yield Evidence(
            encoded=encoded,
            importance_samples=request.importance_samples,
            seed=request.seed,
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


def posterior_map(request: MapRequest) -> Iterator[PosteriorMap | None]:
    """p(z|x) on a grid, for z of two dimensions."""
    found = yield from _silently(true_posterior(request.snapshot.model, torch.from_numpy(request.encoded.x)))
    exact = found.log_evidence if found.is_settled else None
    yield PosteriorMap(request.encoded, exact, found.z1, found.z2, np.exp(found.log_density))


def aggregate(request: DataPosteriorsRequest) -> Iterator[Aggregate | None]:
    """q(z) by the model's stored posteriors, or by those of the test images at hand."""
    snapshot = request.snapshot
    if snapshot.posteriors:
        mu, sigma = snapshot.posteriors.mu, snapshot.posteriors.sigma
    else:
        mu, sigma = yield from _encode(snapshot, _pixels(request.tests))
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
        number=snapshot.number,
        images=len(mu),
        q=q,
        z=z,
        densities=densities,
        prior=np.exp(-0.5 * (z**2 + log(2 * pi))),
        is_active=np.isin(np.arange(q.z_dim), q.active_dimensions),
    )
    yield found
    if q.has_density:
        yield replace(found, decomposition=(yield from _silently(decompose(q))))


def compared_samples(request: ComparedRequest) -> Iterator[ComparedSamples | None]:
    """The same z's as `vae-explorer sample --from` with the same seed, where the model has stored posteriors."""
    snapshot, q = request.snapshot, request.aggregate.q
    z: dict[str, np.ndarray] = {}
    images: dict[str, np.ndarray] = {}
    for source in sorted(get_args(SampleSource), key="mixture".__eq__):  # the mixture takes longest
        if source == "mixture" and not q.has_mixture:
            yield from _mixtures_imported()
            yield from _silently(q.fit_mixture())
        z[source] = q.sample(source, request.count, request.seed)
        images[source] = yield from _decode(snapshot.model, z[source])
        yield ComparedSamples(snapshot.lineage, request.aggregate, request.seed, dict(z), dict(images))


def data_posteriors(request: DataPosteriorsRequest) -> Iterator[DataPosteriors | None]:
    """mu and sigma of the test images at hand."""
    snapshot, images = request.snapshot, _pixels(request.tests)
    mu, sigma = yield from _encode(snapshot, images)
    yield DataPosteriors(snapshot.lineage, snapshot.number, mu, sigma, images)


JOBS: dict[str, Callable[[Any], Iterator[object]]] = {
    job.__name__: job for job in (evidence, posterior_map, aggregate, compared_samples, data_posteriors)
}


def advance(kind: str, part: Slice) -> Slice:
    """Works a while on a long view."""
    job = part.job or JOBS[kind](part.request)
    newest, until = None, time.monotonic() + SLICE
    for item in job:
        newest = newest if item is None else item
        if time.monotonic() > until:
            return Slice(part.request, job, newest)
    return Slice(part.request, None, newest, is_last=True)


ADVANCES: dict[str, Callable[[Any], object]] = {kind: partial(advance, kind) for kind in JOBS}


def _silently(job: Job[T]) -> Generator[None, None, T]:
    """A job's result, with an item wherever it would say how far it is."""
    while True:
        try:
            next(job)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        yield None


def _mixtures_imported() -> Iterator[None]:
    """Imports scikit-learn in a thread of its own: it takes a second, in which an image may be chosen."""

    def work() -> None:
        import sklearn.mixture  # noqa: F401

    importing = Thread(target=work)
    importing.start()
    while importing.is_alive():
        importing.join(SLICE)
        yield None


def _pixels(tests: tuple[Origin, ...]) -> np.ndarray:
    """uint8 [n, c, h, w]."""
    return np.stack([np.asarray(source.content) for source in tests]).transpose(0, 3, 1, 2)


def _encode(snapshot: Snapshot, images: np.ndarray) -> Generator[None, None, tuple[np.ndarray, np.ndarray]]:
    """mu and sigma, float32 [n, z], of uint8 images."""
    mu, sigma = [], []
    for start in range(0, len(images), AT_ONCE):
        with torch.inference_mode():
            x = to_x(images[start : start + AT_ONCE], snapshot.info.preparation)
            q = snapshot.model.encode(torch.from_numpy(x))
            mu.append(q.mu.numpy())
            sigma.append(q.sigma.numpy())
        yield None
    return np.concatenate(mu), np.concatenate(sigma)


def _decode(model: VAE, z: np.ndarray) -> Generator[None, None, np.ndarray]:
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
