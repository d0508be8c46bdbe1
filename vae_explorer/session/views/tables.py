"""The numbers behind what the views paint, as CSV in full precision; empty where there are none yet."""

import numpy as np

from vae_explorer.export.table import csv_of
from vae_explorer.session.training import TrainingSession
from vae_explorer.session.views.aggregate import AggregateSession
from vae_explorer.session.views.evidence import EvidenceSession
from vae_explorer.session.views.samples import PosteriorSamplesSession, PriorSamplesSession
from vae_explorer.session.views.typical import TypicalSession


def of_samples(samples: PosteriorSamplesSession | PriorSamplesSession) -> str:
    """z of each sample."""
    return _of_points(samples.shown.z) if samples.shown else ""


def of_compared(aggregate: AggregateSession, source: str) -> str:
    """z of each sample from one source."""
    samples = aggregate.samples
    return _of_points(samples.z[source]) if samples and source in samples.z else ""


def of_figures(evidence: EvidenceSession) -> str:
    """The parts of log p(x) in nats."""
    figures = evidence.figures
    if figures is None:
        return ""
    names = ("reconstruction", "kl", "elbo", "gap", "log_evidence", "standard_error", "draws")
    return csv_of({name: [getattr(figures, name)] for name in names}, index="image")


def of_growth(evidence: EvidenceSession) -> str:
    """log p(x) estimated from the first K draws, in nats."""
    shown = evidence.shown
    if shown is None:
        return ""
    columns = {"draws": shown.counts, "log_evidence": shown.estimates, "standard_error": shown.errors}
    return csv_of(columns, index="point")


def of_one_sample_elbos(evidence: EvidenceSession) -> str:
    """The ELBO by each draw alone, in nats."""
    return csv_of({"elbo": evidence.shown.one_sample_elbos}, index="draw") if evidence.shown else ""


def of_map(evidence: EvidenceSession) -> str:
    """p(z|x) at each point of the grid."""
    found = evidence.map
    if found is None:
        return ""
    z1, z2 = np.meshgrid(found.z1, found.z2)
    return csv_of({"z0": z1.ravel(), "z1": z2.ravel(), "density": found.density.ravel()}, index="point")


def of_densities(aggregate: AggregateSession) -> str:
    """q(z) of each dimension and the prior."""
    shown = aggregate.shown
    if shown is None:
        return ""
    columns = {"z": shown.z, "prior": shown.prior, **{f"q_z{j}": values for j, values in enumerate(shown.densities)}}
    return csv_of(columns, index="point")


def of_quantiles(typical: TypicalSession) -> str:
    """So many per cent of the test images have a lower ELBO, in nats."""
    return csv_of({"elbo": typical.quantiles}, index="per_cent") if typical.quantiles else ""


def of_curves(training: TrainingSession) -> str:
    """What the run has reported, in nats per image; a line for each report."""
    curves = training.curves
    lines = [
        (split, epoch, *(values[name][at] for name in values))
        for split, epochs, values in (
            ("train", curves.epochs, curves.train),
            ("validation", curves.validation_epochs, curves.validation),
        )
        for at, epoch in enumerate(epochs)
    ]
    names = ("split", "epoch", *curves.train)
    return csv_of(dict(zip(names, zip(*lines, strict=True), strict=True)), index="report") if lines else ""


def of_kl(training: TrainingSession) -> str:
    """KL of each dimension by the newest report, in nats."""
    return csv_of({"kl": training.kl_per_dimension}, index="dimension") if len(training.kl_per_dimension) else ""


def _of_points(z: np.ndarray) -> str:
    return csv_of({f"z{j}": z[:, j] for j in range(z.shape[1])}, index="sample")
