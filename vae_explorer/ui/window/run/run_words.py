"""What is said of a run in one line, in each of its states."""

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

from vae_explorer.core.progress import Progress
from vae_explorer.session.training import TrainingSession
from vae_explorer.training.config import TrainConfig
from vae_explorer.ui.widgets.live_text import Piece
from vae_explorer.ui.widgets.numbers import figure

Sign = Literal["", "running", "waiting", "paused", "stopped", "finished", "failed"]
_DATE = re.compile(r"\d{4}-\d\d-\d\d-")


@dataclass(frozen=True)
class RunWords:
    """The parts of the line, in their order; each may be empty."""

    sign: Sign = ""
    name: tuple[Piece, ...] = ()
    state: tuple[Piece, ...] = ()
    score: tuple[Piece, ...] = ()  # the newest validation figure, in nats
    left: tuple[Piece, ...] = ()
    speed: tuple[Piece, ...] = ()
    tip: str = ""

    @property
    def text(self) -> str:
        """All of it."""
        parts = (self.name, self.state, self.score, self.left, self.speed)
        return " · ".join("".join(piece.text for piece in part) for part in parts if part)


def name_of(training: TrainingSession) -> tuple[Piece, ...]:
    """Whose state and curves `training` has: the data, and what the run's folder is called beside date and data."""
    data = PurePath(training.config.data).name or training.config.data
    run = training.run
    is_newer = training.is_active and not training.has_begun  # `run` is still the one before
    name = default_name(training.config) if run is None or is_newer else short_name(run.folder.name, data)
    return (Piece(data, "text", bold=True, is_name=True), Piece(f" {name}", is_name=True))


def default_name(config: TrainConfig) -> str:
    """As the folder of a new run is called, beside date and data."""
    return f"{config.network}-{config.z_dim}"


def short_name(folder: str, data: str) -> str:
    """A run's folder without its date and its data."""
    name = _DATE.sub("", folder, count=1)
    stem = re.sub(r"[^\w.-]+", "-", data)[:40].strip("-.")
    return name.removeprefix(f"{stem}-") if stem else name


def words_of(training: TrainingSession) -> RunWords:
    """What is known of the run in the window; nothing where there was none."""
    state, progress = training.state, training.progress
    if state == "idle" and not training.curves.epochs:
        return RunWords()
    sign, state_words = _state(training, progress)
    if state in ("stopped", "failed") and not training.has_begun:  # the rest is that of the run before
        return RunWords(sign, state=state_words)
    left: tuple[Piece, ...] = ()
    speed: tuple[Piece, ...] = ()
    seconds, images = getattr(progress, "seconds_left", None), getattr(progress, "images_per_second", None)
    if state in ("running", "paused") and seconds is not None:
        left = (Piece(_time(seconds), "text"), Piece(" left"))
    if state == "running" and images is not None:
        speed = (Piece(f"{images:,.0f} images/s"),)
    where = f" on {training.facts.device}" if training.facts else ""
    folder = training.run.folder.name if training.run and training.has_begun else ""
    tip = "\n".join(part for part in (folder, f"trained on {training.config.data}{where}") if part)
    return RunWords(sign, name_of(training), state_words, _score(training), left, speed, tip)


def _state(training: TrainingSession, progress: Progress | None) -> tuple[Sign, tuple[Piece, ...]]:
    reached = _reached(training, progress)
    match training.state:
        case "loading":
            if progress is None:
                return "waiting", (Piece("loading the images…"),)
            of = f" of {progress.total:,}" if progress.total else ""
            return "waiting", (Piece(f"loading: {progress.done:,}{of} {progress.what}", is_name=True),)
        case "running":
            return "running", (Piece("epoch "), *reached)
        case "paused":
            return "paused", (Piece("paused", "warning"), Piece(" · epoch "), *reached)
        case "stopping":
            return "waiting", (Piece("stopping: the run is being saved…"),)
        case "stopped" if not training.has_begun:
            return "stopped", (Piece("stopped before training began"),)
        case "failed" if not training.has_begun:
            return "failed", (Piece(f"training has not started. {training.reason}", is_name=True),)
        case "failed":
            return "failed", (Piece("stopped with an error; the last good model is kept", is_name=True),)
        case "stopped":
            return "stopped", (Piece("stopped and saved"), Piece(" · epoch "), *reached)
        case "finished":
            return "finished", (Piece("finished · epoch "), *reached)
    finished = training.run is not None and training.run.is_finished
    return ("finished" if finished else "stopped"), (Piece("epoch "), *reached)


def _reached(training: TrainingSession, progress: Progress | None) -> tuple[Piece, ...]:
    epochs = training.curves.epochs
    epoch = getattr(progress, "epoch", epochs[-1] if epochs else 0.0)
    return (Piece(f"{epoch:.1f}", "text"), Piece(f" of {training.config.epochs:,}"))


def _score(training: TrainingSession) -> tuple[Piece, ...]:
    key, curves = score_key(training), training.curves
    values, split = (curves.validation[key], "validation") if curves.validation_epochs else (curves.train[key], "train")
    if not values:
        return ()
    title = "ELBO" if key == "elbo" else "log p(x|z)"
    return (
        Piece(f"{split} ", is_extra=True),
        Piece(f"{title} "),
        Piece(short(values[-1]), "text"),
        Piece(" nats", is_extra=True),
    )


def score_key(training: TrainingSession) -> Literal["elbo", "reconstruction"]:
    """Which of the curves says how good the model is."""
    return "elbo" if "elbo" in training.abilities(training.config) else "reconstruction"


def short(nats: float) -> str:
    """With a digit after the point where there is room for it."""
    return figure(nats, 1 if abs(nats) < 1000 else 0)


def _time(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
