"""The curves of a run: what it has reported, in the order of its epochs."""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field

from vae_explorer.training.run import Run


@dataclass
class Curves:
    """The reports of a run: epochs, and nats per image."""

    epochs: list[float] = field(default_factory=list)
    train: dict[str, list[float]] = field(default_factory=lambda: {"elbo": [], "reconstruction": [], "kl": []})
    validation_epochs: list[float] = field(default_factory=list)
    validation: dict[str, list[float]] = field(default_factory=lambda: {"elbo": [], "reconstruction": [], "kl": []})

    def add(self, epoch: float, train: Mapping[str, float] | None, validation: Mapping[str, float] | None) -> None:
        """Appends a report and drops reports of that step and later, which a resumed run repeats."""
        for epochs, curves, report in (
            (self.epochs, self.train, train),
            (self.validation_epochs, self.validation, validation),
        ):
            if report is not None:
                kept = bisect_left(epochs, epoch)
                epochs[kept:] = [epoch]
                for name, values in curves.items():
                    values[kept:] = [report[name]]

    def followed_by(self, later: "Curves") -> "Curves":
        """These reports, and in the place of those from there on the ones that the same run has made later."""
        return Curves(
            *_joined(self.epochs, self.train, later.epochs, later.train),
            *_joined(self.validation_epochs, self.validation, later.validation_epochs, later.validation),
        )


@dataclass(frozen=True, eq=False)
class CurvesRequest:
    run: Run


@dataclass(frozen=True, eq=False)
class ReadCurves:
    """What a run has on disk."""

    run: Run
    curves: Curves
    kl_per_dimension: tuple[float, ...]  # of the newest report, in nats


def read_curves(run: Run) -> ReadCurves:
    """Everything that the run has reported. 20,000 reports (a thousand epochs) take 0.3 s. Raises OSError."""
    curves = Curves()
    kl_per_dimension: tuple[float, ...] = ()
    for report in run.metrics():
        if newest := report.get("train") or report.get("validation"):
            curves.add(report["epoch"], report.get("train"), report.get("validation"))
            kl_per_dimension = tuple(newest["kl_per_dimension"])
    return ReadCurves(run, curves, kl_per_dimension)


def _joined(
    epochs: list[float], curves: dict[str, list[float]], later: list[float], later_curves: dict[str, list[float]]
) -> tuple[list[float], dict[str, list[float]]]:
    kept = bisect_left(epochs, later[0]) if later else len(epochs)
    return epochs[:kept] + later, {name: values[:kept] + later_curves[name] for name, values in curves.items()}
