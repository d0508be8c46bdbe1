"""vae-explorer train: a run folder from a data set, or a run that goes on."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from pydantic import Field

from vae_explorer.commands.output import number, show
from vae_explorer.commands.usage import Json, WrongUsage
from vae_explorer.core.config import LikelihoodName
from vae_explorer.training.config import TrainConfig

if TYPE_CHECKING:
    from vae_explorer.data.image_set import DataSet
    from vae_explorer.training.run import Run

WITH_RESUME = {"epochs", "data"}  # flags that a run may be resumed with


class Flags(TrainConfig, frozen=True):
    """A TrainConfig whose likelihood is what suits the images, where it is not given."""

    likelihood: Annotated[LikelihoodName, Parameter(show_default=lambda _: "chosen to suit the images")] = Field(
        TrainConfig().likelihood, description=TrainConfig.model_fields["likelihood"].description
    )


def train(
    data: Annotated[str | None, Parameter(help="a data set's name, a folder, an archive, or a file of images")] = None,
    /,
    *,
    out: Annotated[Path | None, Parameter(help="where to save the run; must not contain a run yet")] = None,
    resume: Annotated[
        Path | None,
        Parameter(help="the folder of a run to resume; --epochs to train longer, --data if its images have moved"),
    ] = None,
    config: Annotated[Flags | None, Parameter(name="*")] = None,
    json: Json = False,
) -> None:
    """Train a model on a data set, or resume a run; the result is a run folder."""
    given = config.model_dump(include=config.model_fields_set) if config else {}
    if resume and (data or out or given.keys() - WITH_RESUME):
        raise WrongUsage("--resume uses the run's own settings: omit all options but --epochs and --data")
    if data and "data" in given:
        raise WrongUsage("Give the data set as DATA or --data, not both")
    if data:
        given["data"] = data
    if "data" in given:
        given["data"] = _from_anywhere(given["data"])
    if resume:
        run, loaded = _resumed(resume, given)
    elif out:
        run, loaded = _begun(out, given)
    else:
        raise WrongUsage("--out FOLDER is missing: it says where to save the run")
    from vae_explorer.commands.drive import drive
    from vae_explorer.core.progress import Progress
    from vae_explorer.training.loop import TrainingProgress
    from vae_explorer.training.trainer import Trainer

    def text(progress: Progress) -> str:
        if not isinstance(progress, TrainingProgress):
            return f"{progress.done:,} of {progress.total or '?'} {progress.what}"
        left = "" if progress.seconds_left is None else f", {progress.seconds_left:.0f} s left"
        return f"epoch {progress.epoch:.1f} of {progress.epochs}, {progress.images_per_second:,.0f} images/s{left}"

    trainer = Trainer(run, data=loaded)
    try:
        info = drive(trainer.work(), text)
    except KeyboardInterrupt:
        if run.state_path.exists():
            print(f"Stopped. To resume: vae-explorer train --resume {run.folder}", file=sys.stderr)
        raise
    training = trainer.training
    assert training is not None
    assert info.validation is not None
    assert info.test is not None
    speed = training.state.images_per_second
    result: dict[str, Any] = {
        "model": str(run.model_path),
        "best": str(run.best_path),
        "epochs": info.epochs,
        "images_per_second": speed,
        "validation": info.validation.model_dump(),
        "test": info.test.model_dump(),
        "skipped": [{"path": str(one.path), "reason": one.reason} for one in loaded.skipped],
    }
    epochs = f"{info.epochs:g} {'epoch' if info.epochs == 1 else 'epochs'}"
    lines = [str(run.model_path), f"{epochs}, {speed:,.0f} images/s on {training.device_text}"]
    if info.card.can("elbo"):
        lines.append(f"validation ELBO {number(info.validation.elbo)} nats per image")
        lines.append(
            f"test ELBO {number(info.test.elbo)} = reconstruction {number(info.test.reconstruction)} "
            f"− KL {number(info.test.kl)} nats per image"
        )
    else:
        lines.append(f"validation log p(x|z) {number(info.validation.reconstruction)} nats per image")
        lines.append(f"test log p(x|z) {number(info.test.reconstruction)} nats per image; it has no ELBO")
    show(result, as_json=json, text="\n".join(lines))


def _begun(out: Path, given: dict[str, Any]) -> "tuple[Run, DataSet]":
    """A new run and its images. They come first: what suits them is part of the run's settings."""
    from vae_explorer.data.suiting_likelihood import suiting_likelihood
    from vae_explorer.training.run import Run, refuse_taken

    refuse_taken(out)  # before a long download
    config = TrainConfig(**given)
    loaded = _loaded(config)
    if "likelihood" not in given:
        config = config.model_copy(update={"likelihood": suiting_likelihood(loaded.images.images)})
    return Run.create(out, config), loaded


def _resumed(folder: Path, given: dict[str, Any]) -> "tuple[Run, DataSet]":
    from vae_explorer.data import catalog
    from vae_explorer.errors import UserError
    from vae_explorer.training.run import Run

    run = Run.open(folder).changed(**given)
    data = run.config.data
    if not (run.is_moved or data in catalog.DATASETS or os.path.lexists(data)):
        raise UserError(f"The images of {folder} are no longer at {data}: give their new place with --data PATH")
    return run, _loaded(run.config)


def _loaded(config: TrainConfig) -> "DataSet":
    """The images, after saying which files are not among them, and what was done to them."""
    from vae_explorer.commands.drive import drive
    from vae_explorer.data import catalog

    loaded = drive(catalog.load(config.data, config.reading))
    if loaded.skipped:
        first, count = loaded.skipped[0], len(loaded.skipped)
        files = count + len(loaded)
        what = f"{count:,} of {files:,} files {'was' if count == 1 else 'were'} skipped; the first: {first.reason}"
        print(what, file=sys.stderr)
    for note in loaded.notes:
        print(f"{loaded.name}: {note.sentence}", file=sys.stderr)
    return loaded


def _from_anywhere(data: str) -> str:
    """A run is resumed from anywhere, so the path in its config must not depend on where it was started."""
    from vae_explorer.data import catalog

    return data if data in catalog.DATASETS or not Path(data).exists() else str(Path(data).resolve())
