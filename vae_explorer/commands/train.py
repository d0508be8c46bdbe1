"""vae-explorer train: a run folder from a data set, or a run that goes on."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from vae_explorer.commands.output import Json, number, show
from vae_explorer.training.config import TrainConfig


def train(
    data: Annotated[str | None, Parameter(help="a data set's name, a folder of images, or a file")] = None,
    /,
    *,
    out: Annotated[Path | None, Parameter(help="the run's folder, which must hold no run yet")] = None,
    resume: Annotated[Path | None, Parameter(help="a run's folder: go on where it stopped")] = None,
    config: Annotated[TrainConfig | None, Parameter(name="*")] = None,
    json: Json = False,
) -> None:
    """Train a model on a data set; the result is a run folder."""
    from vae_explorer.cli import WrongUsage
    from vae_explorer.commands.drive import drive
    from vae_explorer.core.progress import Progress
    from vae_explorer.training.loop import TrainingProgress
    from vae_explorer.training.run import Run
    from vae_explorer.training.trainer import Trainer

    if resume:
        if data or out or config:
            raise WrongUsage("--resume goes on with the run's own settings: leave everything else out")
        run = Run.open(resume)
    else:
        if not out:
            raise WrongUsage("--out FOLDER is missing: say where the run's files go")
        config = config or TrainConfig()
        run = Run.create(out, config.model_copy(update={"data": _absolute(data)}) if data else config)

    def text(progress: Progress) -> str:
        if not isinstance(progress, TrainingProgress):
            return f"{progress.done:,} of {progress.total or '?'} {progress.what}"
        left = "" if progress.seconds_left is None else f", {progress.seconds_left:.0f} s left"
        return f"epoch {progress.epoch:.1f} of {progress.epochs}, {progress.images_per_second:,.0f} images/s{left}"

    trainer = Trainer(run)
    info = drive(trainer.work(), text)
    assert trainer.state is not None
    assert info.validation is not None
    assert info.test is not None
    result = {
        "model": str(run.model_path),
        "best": str(run.best_path),
        "epochs": info.epochs,
        "images_per_second": trainer.state.images_per_second,
        "validation": info.validation.model_dump(),
        "test": info.test.model_dump(),
    }
    show(
        result,
        as_json=json,
        text=(
            f"{run.model_path}\n"
            f"{info.epochs:g} epochs, {trainer.state.images_per_second:,.0f} images/s on {trainer.device_text}\n"
            f"validation ELBO {number(info.validation.elbo)} nats per image\n"
            f"test ELBO {number(info.test.elbo)} = reconstruction {number(info.test.reconstruction)} "
            f"− KL {number(info.test.kl)} nats per image"
        ),
    )


def _absolute(data: str) -> str:
    """A run is resumed from anywhere, so the path in its config must not depend on where it was started."""
    return str(Path(data).resolve()) if Path(data).exists() and ("/" in data or "\\" in data or "." in data) else data
