"""The training state on disk: what a run needs to go on exactly where it stopped."""

from pathlib import Path

import torch
from torch import Tensor

from vae_explorer.core.vae import VAE
from vae_explorer.data import atomic
from vae_explorer.training.config import TrainConfig
from vae_explorer.training.loop import Means, TrainingState, sums_dtype
from vae_explorer.training.model_file import MAX_FILE, ModelFileError, fill, opened, sealed
from vae_explorer.training.run import RunError

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
MOMENTS = ("exp_avg", "exp_avg_sq")  # Adam's running means (Kingma & Ba 2015)


def save(path: Path, state: TrainingState, *, threads: int, best_elbo: float | None, images: str) -> None:
    """Weights, Adam's moments, the means for the next report and the step, from which order and noise follow; `images`
    is the digest of the training images."""
    tensors: dict[str, Tensor] = {
        f"weights/{name}": tensor.detach().cpu().contiguous() for name, tensor in state.model.state_dict().items()
    }
    for name, parameter in state.model.named_parameters():
        for moment in MOMENTS:
            if parameter in state.optimizer.state:  # empty before the first step
                tensors[f"{moment}/{name}"] = state.optimizer.state[parameter][moment].cpu().contiguous()
    if state.means.sums is not None:
        tensors["means"] = state.means.sums.cpu()
    metadata = {
        "format": 1,
        "step": state.step,
        "seconds": state.seconds,
        "images": state.images,
        "means_images": state.means.images,
        "threads": threads,
        "precision": str(state.precision).removeprefix("torch."),
        "best_elbo": best_elbo,
        "images_digest": images,
    }
    atomic.write(path, sealed(tensors, metadata))


def load(path: Path, model: VAE, config: TrainConfig, *, images: str) -> tuple[TrainingState, int, float | None]:
    """The state, the number of threads and the best validation ELBO so far; `model` gets the weights.

    Raises RunError when the training images have another digest than when it was saved, ModelFileError, or OSError
    when the file cannot be read.
    """
    tensors, metadata = opened(path, limit=4 * MAX_FILE)  # weights, two moments of the same size, and a little more
    if metadata.get("images_digest", images) != images:  # the first versions wrote none
        raise RunError("The images of this run have changed since it was stopped: start a new run")
    weights = {name.removeprefix("weights/"): t for name, t in tensors.items() if name.startswith("weights/")}
    fill(model, weights, path.name)
    state = TrainingState.fresh(model, config)
    device = next(model.parameters()).device
    try:
        state.step, state.images = int(metadata["step"]), int(metadata["images"])
        state.seconds = float(metadata["seconds"])
        state.precision = PRECISIONS[metadata.get("precision", "float32")]
        if metadata.get("means_images"):
            state.means = Means(int(metadata["means_images"]), tensors["means"].to(device, sums_dtype(device)))
        for name, parameter in model.named_parameters():
            if state.step:
                moments = {moment: tensors[f"{moment}/{name}"].to(device) for moment in MOMENTS}
                step = torch.tensor(float(state.step), device=device)
                state.optimizer.state[parameter] = {"step": step, **moments}
        return state, int(metadata["threads"]), metadata["best_elbo"]
    except (KeyError, TypeError, ValueError):
        raise ModelFileError(f"{path.name} is not a training state of this program") from None
