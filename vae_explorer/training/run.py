"""A run's folder: its config, metrics, model files and lock."""

import io
import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vae_explorer.core.card import abilities_of
from vae_explorer.paths import MODEL_SUFFIX
from vae_explorer.storage import atomic, run_lock
from vae_explorer.training.config import TrainConfig

STATE = "state.safetensors"
PARTS = ("train", "validation")  # of a report, with these figures and the KL of each dimension
GROWN = "epochs"  # key of a report: the run had stopped early and goes on to so many
FIGURES = ("elbo", "reconstruction", "kl")
LOOKED_AT = 100  # runs that may be unfinished: somebody has thousands, and the window asks
MAX_REPORT = 64 << 10  # bytes: figures of 512 dimensions, twice, are far fewer
MAX_METRICS = 1 << 30  # bytes: a run of a thousand epochs writes 12 MB, of 512 dimensions 150 MB
MAX_CONFIG = 1 << 20  # bytes
REMEDY = "check that it exists, that you can write to it and that its disk has free space"


class RunError(ValueError):
    """A folder cannot be used as a run; the text says why and what to do."""


class Run:
    """One training on disk. What is named here is either whole or not there."""

    def __init__(self, folder: Path, config: TrainConfig):
        self.folder, self.config = folder, config
        self._on_disk = config  # what config.json has
        self._made: list[Path] = []  # folders that `create` has made, and that go again where nothing comes into them
        self._is_new = False
        self.config_path = folder / "config.json"
        self.model_path = folder / f"model{MODEL_SUFFIX}"  # the newest weights
        self.best_path = folder / f"best{MODEL_SUFFIX}"  # the best by the validation ELBO
        self.state_path = folder / STATE
        self.metrics_path = folder / "metrics.jsonl"
        self.lock_path = folder / "run.lock"

    @classmethod
    def create(cls, folder: Path, config: TrainConfig) -> "Run":
        """A new run in a folder that holds none yet; one that failed before its first step is none. Raises RunError."""
        run = cls(folder, config)
        run._made = [one for one in (folder, *folder.parents) if not os.path.lexists(one)]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with run._locked():  # another program may begin one there, too
                refuse_taken(folder)
                run._write_config()
                run.metrics_path.unlink(missing_ok=True)
        except OSError as error:
            why = error.strerror or error
            raise RunError(f"{folder} cannot be a run's folder: {why}; choose another one") from error
        run._is_new = True
        return run

    def take_back(self) -> None:
        """Deletes what `create` has written of a run that has come to no model; in the lock, after which the folders
        that it has made go, too."""
        if self._is_new and not (self.has_model or self.state_path.exists()):
            for path in (self.config_path, self.metrics_path):
                with suppress(OSError):
                    path.unlink()

    @classmethod
    def open(cls, folder: Path) -> "Run":
        """The run in a folder. Raises RunError."""
        path = cls(folder, TrainConfig()).config_path
        try:
            if not os.path.isfile(path):
                raise FileNotFoundError
            with path.open("rb") as file:
                text = file.read(MAX_CONFIG)
        except OSError:
            raise RunError(f"{folder} holds no run: its config.json cannot be read") from None
        try:
            return cls(folder, TrainConfig.model_validate_json(text))
        except ValidationError as error:
            first = error.errors()[0]
            raise RunError(f"{path} is damaged: {first['msg']}; start a new run in another folder") from None

    def changed(self, *, epochs: int | None = None, data: str | None = None) -> "Run":
        """This run with another number of epochs, or with its images in another place; a finished one goes on, too.

        Nothing is written before a Trainer has found that these are the run's images and has it `adopt` the change.
        Raises RunError for epochs that are done already.
        """
        done = self.epochs_done
        if epochs is not None and epochs <= done:
            count = f"{done:g} {'epoch' if done == 1 else 'epochs'}"
            raise RunError(f"{self.folder} has already been trained for {count}: choose more")
        asked = {"epochs": epochs, "data": data}
        changes = {name: value for name, value in asked.items() if value is not None}
        run = Run(self.folder, self.config.model_copy(update=changes))
        run._on_disk = self._on_disk
        return run

    def adopt(self) -> None:
        """Writes what `changed` has asked for; in the lock."""
        if self.config != self._on_disk:
            self._write_config()

    def _write_config(self) -> None:
        atomic.write(self.config_path, (self.config.model_dump_json(indent=2) + "\n").encode())
        self._on_disk = self.config

    @property
    def is_moved(self) -> bool:
        """Whether its images are looked for in another place than before."""
        return self.config.data != self._on_disk.data

    @property
    def is_longer(self) -> bool:
        """Whether it is to go on to more epochs than before."""
        return self.config.epochs > self._on_disk.epochs

    @property
    def has_model(self) -> bool:
        """Whether it has come to a model that can be opened."""
        return self.model_path.exists() or self.best_path.exists()

    @property
    def epochs_done(self) -> float:
        """As far as it has reported."""
        epochs = (report.get("epoch") for report in self.metrics())
        return max((epoch for epoch in epochs if isinstance(epoch, int | float)), default=0.0)

    @property
    def is_finished(self) -> bool:
        """Whether it has come to its test figures."""
        return "test" in (self.last_report() or {})

    def writer(self) -> str | None:
        """Who writes it now, for people; None: nobody."""
        return run_lock.holder(self.lock_path)

    @property
    def is_resumable(self) -> bool:
        """Whether it was stopped or killed and nobody writes it."""
        return self.state_path.exists() and not self.is_finished and self.writer() is None

    def last_report(self) -> dict[str, Any] | None:
        """The newest report, without reading the others; None before the first."""
        if not os.path.isfile(self.metrics_path):
            return None
        try:
            with self.metrics_path.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - MAX_REPORT))
                lines = file.read(MAX_REPORT).split(b"\n")
        except OSError:  # closed to us, or gone meanwhile
            return None
        return next(filter(None, map(_report, reversed(lines))), None)

    def metrics(self) -> Iterator[dict[str, Any]]:
        """The reports in their order; a line that a kill cut off ends them."""
        if not os.path.isfile(self.metrics_path):
            return
        with self.metrics_path.open("rb") as file:  # not while they are parsed: on Windows nobody could rewind them
            lines = io.BytesIO(file.read(MAX_METRICS))
        while report := _report(lines.readline(MAX_REPORT)):
            yield report

    def add_metrics(self, report: Mapping[str, Any]) -> None:
        """Appends one report."""
        try:
            with self.metrics_path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(report) + "\n")
        except OSError as error:  # what fails while it is written names no file
            raise OSError(error.errno, error.strerror, str(self.metrics_path)) from error

    def rewind_metrics(self, step: int, *, without_figures: bool = False) -> None:
        """Drops the reports after a step, since a resumed run makes them again; those of the step itself too, where
        its state still has to report them."""
        kept = [
            report
            for report in self.metrics()
            if report["step"] <= step - (without_figures and _has_figures(report)) and "test" not in report
        ]
        atomic.write(self.metrics_path, "".join(json.dumps(report) + "\n" for report in kept).encode())

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else writes this run meanwhile. A lock whose process is gone is taken over. Raises RunError."""
        with ExitStack() as stack:
            try:
                stack.enter_context(self._locked())
            except OSError as error:
                why = error.strerror or error
                raise RunError(f"{self.folder} cannot be written ({why}): {REMEDY}") from error
            if Run.open(self.folder).config != self._on_disk:
                raise RunError(f"{self.folder} now holds another run: choose another folder, or resume that run")
            yield

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            with run_lock.held(self.lock_path):
                yield
        except run_lock.HeldError as error:
            raise RunError(
                f"{self.folder} is in use by {error}: stop it there first, "
                f"or delete {self.lock_path.name} if it is no longer running"
            ) from None
        finally:
            for folder in self._made:
                with suppress(OSError):  # it holds a run, as nearly always
                    folder.rmdir()


def refuse_taken(folder: Path) -> None:
    """Raises RunError where a folder holds a run."""
    run = Run(folder, TrainConfig())
    if run.state_path.exists() or run.model_path.exists():
        raise RunError(f"{folder} already holds a run: choose another folder, or resume it with --resume {folder}")


def new_folder(parent: Path, config: TrainConfig) -> Path:
    """<date>-<data>-<network>-<z>, with the kind of one that is no VAE and a number behind it where that is taken."""
    data = re.sub(r"[^\w.-]+", "-", Path(config.data).name)[:40].strip("-.") or "images"
    stem = f"{time.strftime('%Y-%m-%d')}-{data}-{config.network}-{config.z_dim}"
    stem += "" if "elbo" in abilities_of(config) else f"-{config.kind}"
    folder, number = parent / stem, 2
    while folder.exists():
        folder, number = parent / f"{stem}-{number}", number + 1
    return folder


def unfinished(parent: Path) -> list[Run]:
    """Runs that can be resumed, among the newest, the newest first."""
    saved: list[tuple[float, Path]] = []
    for folder in parent.iterdir() if os.path.isdir(parent) else ():
        with suppress(OSError):  # it holds no state, or has vanished meanwhile
            saved.append(((folder / STATE).stat().st_mtime, folder))
    found = []
    for _, folder in sorted(saved, reverse=True)[:LOOKED_AT]:
        with suppress(RunError):
            run = Run.open(folder)
            if run.is_resumable:
                found.append(run)
    return found


def is_run(folder: Path) -> bool:
    """Whether a folder holds a run that has left a model."""
    try:
        return (folder / "config.json").is_file() and (folder / f"model{MODEL_SUFFIX}").is_file()
    except (OSError, ValueError):  # a folder that may not be looked into, a path that no file system takes
        return False


def _report(line: bytes) -> dict[str, Any] | None:
    """None where a kill cut the line off, or where it is no report of this program."""
    try:
        report = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not (isinstance(report, dict) and isinstance(report.get("step"), int)):
        return None
    if not _has_figures(report):
        return report
    numbers = [report.get("epoch")]
    for part in (report[name] for name in PARTS if name in report):
        kl = part.get("kl_per_dimension") if isinstance(part, dict) else None
        numbers += [part.get(name) for name in FIGURES] + kl if isinstance(kl, list) else [None]
    return report if all(isinstance(number, int | float) for number in numbers) else None


def _has_figures(report: Mapping[str, Any]) -> bool:
    return any(part in report for part in PARTS)
