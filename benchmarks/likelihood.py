"""−log p(x) of the test images beside a published table: a plain VAE, trained and evaluated by one command.

The protocol is that of Norouzi et al. (2020): p(z) = N(0, I), z of 40 dimensions, a Bernoulli p(x|z), dynamic
binarisation in training, 50,000 images for it and 10,000 for validation; the 10,000 test images binarised once, and
5,000 importance samples for each. The network of the table is gated_mlp, two layers of 300 gated units on each side.
Recipes were chosen by their validation ELBO; the test images' log p(x) is estimated once, after the last epoch.

It takes hours, at nice 10. The run is likelihood-DATA-NETWORK in the user's folder of runs: Ctrl+C, and the same
command goes on where it stopped, with what is evaluated too. (Epochs that the window or vae-explorer train adds to that
run are not on its watch.) At the end it writes its row into likelihood.json and into
docs/measurements.md. --quick trains an epoch in a temporary folder, takes 50 samples for each of 500 images and writes
nothing.

    python benchmarks/likelihood.py [mnist|fashion-mnist] [--network NETWORK] [--quick] [--json] [--table]
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from report import Figure, options, show

import vae_explorer
from vae_explorer import paths
from vae_explorer.commands.drive import drive
from vae_explorer.core.judgement import MIN_EFFECTIVE_DRAWS
from vae_explorer.core.progress import Job, Progress
from vae_explorer.data import catalog
from vae_explorer.storage import atomic
from vae_explorer.training import model_file
from vae_explorer.training.config import TrainConfig
from vae_explorer.training.evaluation import Evaluation, Evaluator
from vae_explorer.training.loop import TrainingError
from vae_explorer.training.model_file import ModelInfo
from vae_explorer.training.run import Run
from vae_explorer.training.trainer import Trainer

PUBLISHED = {"mnist": (84.45, 0.12), "fashion-mnist": (228.70, 0.15)}  # nats, as the paper gives them
RECIPES: dict[str, dict[str, Any]] = {
    "gated_mlp": {"hidden": 300, "epochs": 1000, "warm_up": 100, "threads": 1},
    "residual": {"hidden": 400, "epochs": 330, "warm_up": 40, "threads": 2},
}
AIMS = {("mnist", "residual"): 82.0}  # elsewhere the published figure
IMPORTANCE_SAMPLES = 5000
QUICK_SAMPLES, QUICK_IMAGES = 50, 500
BLOCK = 500  # test images: what an evaluation that is stopped loses at most

HERE = Path(__file__).parent
ROWS, PAGE = HERE / "likelihood.json", HERE.parent / "docs" / "measurements.md"
BEGIN, END = "<!-- made from benchmarks/likelihood.json -->", "<!-- end -->"
NAMES = {
    "gated_mlp": "two layers of 300 gated units, as in the paper",
    "residual": "residual convolutions",
}
KEPT_EVERY = 5.0  # seconds

T = TypeVar("T")


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("data", nargs="?", default="mnist", choices=list(PUBLISHED))
    parser.add_argument("--network", default="gated_mlp", choices=list(RECIPES))
    parser.add_argument("--table", action="store_true", help="only write docs/measurements.md from likelihood.json")
    chosen = parser.parse_args()
    if chosen.table:
        try:
            write_table()
        except ValueError as error:
            sys.exit(str(error))
        return
    if not catalog.available(chosen.data):
        sys.exit(f"{chosen.data} is not on this machine: fetch it with vae-explorer data fetch {chosen.data}")
    if hasattr(os, "nice"):
        os.nice(10)
    config = recipe(chosen.data, chosen.network)
    try:
        if chosen.quick:
            with tempfile.TemporaryDirectory() as folder:
                short = config.model_copy(update={"epochs": 1, "warm_up": 0})
                row = measured(Path(folder) / "run", short, quick=True)
        else:
            row = measured(paths.runs() / f"likelihood-{chosen.data}-{chosen.network}", config)
            write_row(row)
            write_table()
    except KeyboardInterrupt:
        print("Stopped" if chosen.quick else "Stopped; the same command goes on where it was", file=sys.stderr)
        sys.exit(130)
    except (ValueError, OSError, TrainingError) as error:
        sys.exit(str(error))
    aim = AIMS.get((chosen.data, chosen.network), PUBLISHED[chosen.data][0])
    figures = [
        Figure("−log p(x), test", row["negative_log_evidence"], "nats", None if chosen.quick else ("<=", aim)),
        Figure("standard error of the sampling", row["standard_error"], "nats"),
        Figure("−ELBO, validation", -row["validation_elbo"], "nats"),
        Figure("effective sample size (median)", row["effective_sample_size"], "draws"),
        Figure("wall time", row["wall_seconds"], "s"),
    ]
    notes = [
        f"−log p(x) = {row['negative_log_evidence']:.3f} ± {row['standard_error']:.3f}; published, by the table's "
        "network: {:.2f} ± {:.2f}".format(*PUBLISHED[chosen.data]),
        f"{chosen.data}, {chosen.network}, {row['epochs']:g} epochs; K = {row['importance_samples']:,} for each of "
        f"{row['images']:,} images, {row['low_effective_sample_size']:,} of them below ten effective draws",
    ]
    show("likelihood", figures, notes, as_json=chosen.json)


def recipe(data: str, network: str) -> TrainConfig:
    """How the row of a data set and a network is trained."""
    return TrainConfig(
        data=data,
        network=network,  # type: ignore[arg-type]
        z_dim=40,
        batch_size=100,
        schedule="cosine",
        validation_images=10_000,
        precision="bfloat16",  # of the wide products: faster on processors that have it, and no worse
        **RECIPES[network],
    )


def measured(folder: Path, config: TrainConfig, *, quick: bool = False) -> dict[str, Any]:
    """Trains the run, or what it still lacks, and evaluates its model: a row of likelihood.json."""
    made_by = folder / "commit"
    if (folder / "config.json").exists():
        run = Run.open(folder)
        if run.config != config:
            raise ValueError(f"{folder} holds a run by another recipe: give it another name")
    else:
        run = Run.create(folder, config)
        atomic.write(made_by, commit().encode())
    training, evaluating = Stopwatch(folder / "training_seconds"), Stopwatch(folder / "evaluation_seconds")
    if not run.is_finished:
        mark(made_by, commit())
        drive(training.timed(Trainer(run).work()))
    samples, images = (QUICK_SAMPLES, QUICK_IMAGES) if quick else (IMPORTANCE_SAMPLES, None)
    info, blocks = drive(evaluated(run, samples, images, evaluating))
    assert info.validation is not None
    sizes = np.array([block["images"] for block in blocks])
    effective = np.concatenate([block["effective_sample_sizes"] for block in blocks])

    def mean(name: str) -> float:
        return float(np.average([block[name] for block in blocks], weights=sizes))

    errors = np.array([block["standard_error"] for block in blocks])  # of each block's mean
    return {
        "data": config.data,
        "network": config.network,
        "negative_log_evidence": -mean("log_evidence"),
        "standard_error": float(np.sqrt(np.square(errors * sizes).sum()) / sizes.sum()),
        "importance_samples": samples,
        "images": int(sizes.sum()),
        "elbo": mean("elbo"),
        "effective_sample_size": float(np.median(effective)),
        "low_effective_sample_size": int((effective < MIN_EFFECTIVE_DRAWS).sum()),
        "validation_elbo": info.validation.elbo,
        "seed": config.seed,
        "epochs": info.epochs,
        "training_seconds": round(training.seconds),
        "wall_seconds": round(training.seconds + evaluating.seconds),
        "command": f"python benchmarks/likelihood.py {config.data} --network {config.network}",
        "commit": made_by.read_text().strip(),
    }


def evaluated(
    run: Run, samples: int, limit: int | None, watch: "Stopwatch"
) -> Job[tuple[ModelInfo, list[dict[str, Any]]]]:
    """What `vae-explorer evaluate RUN DATA --importance-samples 5000` finds, a block of images after the other: an
    image's draws are its own. The blocks that are done are kept in the run's folder."""
    model, info = model_file.load(run.model_path)
    data = yield from catalog.load(run.config.data)
    test = data.part("test", info.split_seed).take(slice(0, limit))
    path = run.folder / f"evidence-{samples}.jsonl"
    blocks = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    if len(blocks) * BLOCK < len(test):
        mark(run.folder / "commit", commit())
    for start in range(len(blocks) * BLOCK, len(test), BLOCK):
        block = test.take(slice(start, start + BLOCK))
        work = Evaluator(model, block, info.preparation, importance_samples=samples).work()
        found = yield from watch.timed(_onwards(work, start, len(test)))
        assert found.effective_sample_sizes is not None
        blocks.append(
            {
                "images": found.images,
                "log_evidence": found.log_evidence,
                "standard_error": found.standard_error,
                "elbo": found.elbo,
                "effective_sample_sizes": found.effective_sample_sizes.tolist(),
            }
        )
        atomic.write(path, "".join(json.dumps(block) + "\n" for block in blocks).encode())
    return info, blocks


def _onwards(job: Job[Evaluation], done: int, total: int) -> Job[Evaluation]:
    """The evaluation of a block, whose progress is that of all images."""
    while True:
        try:
            item = next(job)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        yield Progress(done + item.done, total, "images") if item.what == "images" else item


class Stopwatch:
    """Seconds of work, also of the processes before this one: they are kept in a file."""

    def __init__(self, path: Path):
        self._path = path
        self.seconds = 0.0
        with suppress(OSError, ValueError):
            self.seconds = float(path.read_text())

    def timed(self, job: Job[T]) -> Job[T]:
        """The same job, on this watch."""
        before, began, kept = self.seconds, time.monotonic(), 0.0
        try:
            while True:
                try:
                    item = next(job)
                except StopIteration as end:
                    return end.value  # type: ignore[no-any-return]
                self.seconds = before + time.monotonic() - began
                if self.seconds - before - kept > KEPT_EVERY:
                    kept = self.seconds - before
                    self._keep()
                yield item
        finally:
            job.close()
            self.seconds = before + time.monotonic() - began
            self._keep()

    def _keep(self) -> None:
        atomic.write(self._path, f"{self.seconds:.1f}\n".encode())


def mark(path: Path, now: str) -> None:
    """Puts a + behind the commit that has begun a run, kept in a file, where other code goes on with it."""
    before = path.read_text().strip() if path.exists() else "unknown"
    if before != now and not before.endswith("+"):
        atomic.write(path, f"{before}+\n".encode())


def commit() -> str:
    """That of this code, with a + where it has changes; what this script writes is none."""
    written = [f":!{path.relative_to(HERE.parent).as_posix()}" for path in (ROWS, PAGE)]

    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=HERE.parent, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        if not Path(vae_explorer.__file__).is_relative_to(HERE.parent):
            return "unknown"  # an installed program, or that of another checkout
        return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain", "--", ".", *written) else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def rows() -> list[dict[str, Any]]:
    """What was measured: a row for each data set and network."""
    return json.loads(ROWS.read_text(encoding="utf-8")) if ROWS.exists() else []  # type: ignore[no-any-return]


def write_row(row: dict[str, Any]) -> None:
    """In the place of the one for the same data set and network."""
    others = [other for other in rows() if (other["data"], other["network"]) != (row["data"], row["network"])]
    atomic.write(ROWS, (json.dumps(sorted([*others, row], key=_place), indent=2) + "\n").encode())


def _place(row: dict[str, Any]) -> tuple[int, int]:
    """In the table."""
    return list(PUBLISHED).index(row["data"]), list(RECIPES).index(row["network"])


def table(measured_rows: Sequence[dict[str, Any]]) -> str:
    """The table of docs/measurements.md."""
    lines = [
        "| test images of | network | −log p(x) | published | effective draws: median; images below ten | "
        "validation ELBO | time | command |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in measured_rows:
        published = "–"
        if row["network"] == "gated_mlp":
            published = "{:.2f} ± {:.2f}".format(*PUBLISHED[row["data"]])
        title = catalog.DATASETS[row["data"]].title
        figure = f"**{row['negative_log_evidence']:.2f}** ± {row['standard_error']:.3f}"
        elbo = f"−{-row['validation_elbo']:.2f}"
        draws = f"{row['effective_sample_size']:.0f}; {row['low_effective_sample_size']:,}"
        time_taken = f"{row['epochs']:g} epochs"
        if "training_seconds" in row:  # the first rows have the sum alone
            time_taken += f" in {timedelta(seconds=round(row['training_seconds']))}"
        time_taken += f"; {timedelta(seconds=round(row['wall_seconds']))} with the evaluation"
        command = f"`{row['command']}`"
        cells = (title, NAMES[row["network"]], figure, published, draws, elbo, time_taken, command)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def write_table() -> None:
    """Puts the table between its two marks in docs/measurements.md. Raises ValueError where they are not there."""
    before, begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{PAGE} has no place for the table: put {BEGIN} and {END} into it, in this order")
    atomic.write(PAGE, f"{before}{BEGIN}\n{table(rows())}\n{END}{after}".encode())


if __name__ == "__main__":
    main()
