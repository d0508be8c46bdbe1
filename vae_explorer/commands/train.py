"""vae-explorer train: a run folder from a data set, or a run that goes on."""

import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from vae_explorer.commands.output import number, show
from vae_explorer.commands.usage import Json, WrongUsage
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
    """Train a model on a data set, or go on with a run; the result is a run folder."""
    if resume and (data or out or config):
        raise WrongUsage("--resume goes on with the run's own settings: leave everything else out")
    if data and config and "data" in config.model_fields_set:
        raise WrongUsage("DATA and --data are two words for one thing: leave one of them out")
    if not resume and not out:
        raise WrongUsage("--out FOLDER is missing: say where the run's files go")
    from vae_explorer.commands.drive import drive
    from vae_explorer.core.progress import Progress
    from vae_explorer.training.loop import TrainingProgress
    from vae_explorer.training.run import Run
    from vae_explorer.training.trainer import Trainer

    def text(progress: Progress) -> str:
        if not isinstance(progress, TrainingProgress):
            return f"{progress.done:,} of {progress.total or '?'} {progress.what}"
        left = "" if progress.seconds_left is None else f", {progress.seconds_left:.0f} s left"
        return f"epoch {progress.epoch:.1f} of {progress.epochs}, {progress.images_per_second:,.0f} images/s{left}"

    if resume:
        run = Run.open(resume)
    else:
        assert out is not None
        config = config or TrainConfig()
        run = Run.create(out, config.model_copy(update={"data": _from_anywhere(data or config.data)}))
    trainer = Trainer(run)
    try:
        info = drive(trainer.work(), text)
    except KeyboardInterrupt:
        print(f"Stopped. It goes on with: vae-explorer train --resume {run.folder}", file=sys.stderr)
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
    }
    lines = [
        str(run.model_path),
        f"{info.epochs:g} {'epoch' if info.epochs == 1 else 'epochs'}, {speed:,.0f} images/s on {training.device_text}",
    ]
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


def _from_anywhere(data: str) -> str:
    """A run is resumed from anywhere, so the path in its config must not depend on where it was started."""
    from vae_explorer.data import catalog

    return data if data in catalog.DATASETS or not Path(data).exists() else str(Path(data).resolve())
