"""A run's folder: its config, metrics, model files and lock."""

import json
import os
import re
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vae_explorer.data import atomic
from vae_explorer.training.config import TrainConfig

SUFFIX = ".vae.safetensors"
LONGEST_REPORT = 64 << 10  # bytes: figures of 512 dimensions, twice, are far fewer
_locks_of_this_process: set[Path] = set()


class RunError(ValueError):
    """A folder cannot be used as a run; the text says why and what to do."""


class Run:
    """One training on disk. What is named here is either whole or not there."""

    def __init__(self, folder: Path, config: TrainConfig):
        self.folder, self.config = folder, config
        self.model_path = folder / f"model{SUFFIX}"  # the newest weights
        self.best_path = folder / f"best{SUFFIX}"  # the best by the validation ELBO
        self.state_path = folder / "state.safetensors"
        self.metrics_path = folder / "metrics.jsonl"
        self.lock_path = folder / "run.lock"

    @classmethod
    def create(cls, folder: Path, config: TrainConfig) -> "Run":
        """A new run in a folder that holds none yet; one that failed before its first step is none. Raises RunError."""
        run = cls(folder, config)
        if run.state_path.exists() or run.model_path.exists() or run._living_writer():
            raise RunError(f"{folder} holds a run already: choose another folder, or go on with --resume {folder}")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            atomic.write(folder / "config.json", (config.model_dump_json(indent=2) + "\n").encode())
        except OSError as error:
            raise RunError(f"{folder} cannot be a run's folder: {error.strerror or error}") from error
        run.metrics_path.unlink(missing_ok=True)
        return run

    @classmethod
    def open(cls, folder: Path) -> "Run":
        """The run in a folder. Raises RunError."""
        try:
            text = (folder / "config.json").read_bytes()
        except OSError:
            raise RunError(f"{folder} holds no run: its config.json cannot be read") from None
        try:
            return cls(folder, TrainConfig.model_validate_json(text))
        except ValidationError as error:
            first = error.errors()[0]
            raise RunError(f"{folder / 'config.json'} is damaged: {first['msg']}") from None

    @property
    def is_finished(self) -> bool:
        """Whether it has come to its test figures."""
        return "test" in (self.last_report() or {})

    def last_report(self) -> dict[str, Any] | None:
        """The newest report, without reading the others; None before the first."""
        try:
            with self.metrics_path.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - LONGEST_REPORT))
                lines = file.read().split(b"\n")
        except FileNotFoundError:
            return None
        return next(filter(None, map(_report, reversed(lines))), None)

    def metrics(self) -> Iterator[dict[str, Any]]:
        """The reports in their order; a line that a kill cut off ends them."""
        if not self.metrics_path.exists():
            return
        with self.metrics_path.open("rb") as lines:
            for line in lines:
                report = _report(line)
                if report is None:
                    return
                yield report

    def add_metrics(self, report: Mapping[str, Any]) -> None:
        """Appends one report."""
        with self.metrics_path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(report) + "\n")

    def rewind_metrics(self, step: int) -> None:
        """Drops the reports after a step, since a resumed run makes them again."""
        kept = [report for report in self.metrics() if report["step"] <= step and "test" not in report]
        atomic.write(self.metrics_path, "".join(json.dumps(report) + "\n" for report in kept).encode())

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else writes this run meanwhile. A lock whose process is gone is taken over. Raises RunError."""
        mine = json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "time": time.time()})
        for attempt in range(2):
            try:
                with self.lock_path.open("x", encoding="utf-8") as file:
                    file.write(mine)
                break
            except FileExistsError:
                writer = self._living_writer()
                if writer or attempt:
                    raise RunError(
                        f"{self.folder} is being written by {writer or 'another program'}: stop it there first, "
                        f"or delete {self.lock_path.name} if it is no longer running"
                    ) from None
                self.lock_path.unlink(missing_ok=True)
        _locks_of_this_process.add(self.lock_path.resolve())
        try:
            atomic.remove_stale(self.folder)
            yield
        finally:
            self.lock_path.unlink(missing_ok=True)
            _locks_of_this_process.discard(self.lock_path.resolve())

    def _living_writer(self) -> str | None:
        try:
            lock = json.loads(self.lock_path.read_text("utf-8"))
            pid, host = int(lock["pid"]), str(lock["host"])
        except (OSError, ValueError, KeyError, TypeError):
            return None  # cut off by a kill
        if host != socket.gethostname():
            return f"process {pid} on {host}"
        if pid == os.getpid():  # ours, or of a dead process that had the same number
            return "this program" if self.lock_path.resolve() in _locks_of_this_process else None
        return f"process {pid}" if _is_alive(pid) else None


def new_folder(parent: Path, config: TrainConfig) -> Path:
    """<date>-<data>-<network>-<z>, with a number behind it where that is taken."""
    data = re.sub(r"[^\w.-]+", "-", Path(config.data).name)[:40].strip("-.") or "images"
    stem = f"{time.strftime('%Y-%m-%d')}-{data}-{config.network}-{config.z_dim}"
    folder, number = parent / stem, 2
    while folder.exists():
        folder, number = parent / f"{stem}-{number}", number + 1
    return folder


def unfinished(parent: Path) -> list[Run]:
    """Runs that can be resumed, the newest first."""
    found = []
    for folder in parent.iterdir() if parent.is_dir() else ():
        if (folder / "state.safetensors").exists():
            try:
                run = Run.open(folder)
            except RunError:
                continue
            if not run.is_finished and run._living_writer() is None:
                found.append(run)
    return sorted(found, key=lambda run: run.state_path.stat().st_mtime, reverse=True)


def _report(line: bytes) -> dict[str, Any] | None:
    """None where a kill cut the line off."""
    try:
        report = json.loads(line)
    except ValueError:
        return None
    return report if isinstance(report, dict) and "step" in report else None


def _is_alive(pid: int) -> bool:
    if os.name == "nt":
        return True  # os.kill would end it there; such a lock is the user's to delete
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
