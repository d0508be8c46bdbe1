"""The training state on disk: what a run needs to go on exactly where it stopped."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vae_explorer.core.vae import VAE
from vae_explorer.data import atomic
from vae_explorer.training.config import TrainConfig
from vae_explorer.training.model_file import MAX_FILE, ModelFileError, fill, opened, sealed
from vae_explorer.training.run import RunError
from vae_explorer.training.state import MOST_PARTS, Means, TrainingState, sums_dtype

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
    updates = [int(of_parameter["step"]) for of_parameter in state.optimizer.state.values()]
    metadata = {
        "format": 1,
        "step": state.step,
        "updates": max(updates, default=0),  # steps that were not left out
        "parts": state.parts,
        "seconds": state.seconds,
        "images": state.images,
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
        state.parts = min(max(int(metadata.get("parts", 1)), 1), MOST_PARTS)
        if "means" in tensors:
            state.means = Means(_with_count(tensors["means"], metadata).to(device, sums_dtype(device)))
        updates = int(metadata.get("updates", state.step))
        for name, parameter in model.named_parameters():
            if f"{MOMENTS[0]}/{name}" in tensors or state.step:
                moments = {moment: tensors[f"{moment}/{name}"].to(device) for moment in MOMENTS}
                if any((one.shape, one.dtype) != (parameter.shape, parameter.dtype) for one in moments.values()):
                    raise ValueError("moments of other weights")
                step = torch.tensor(float(updates), device=device)
                state.optimizer.state[parameter] = {"step": step, **moments}
        return state, int(metadata["threads"]), metadata["best_elbo"]
    except (KeyError, TypeError, ValueError, OverflowError):
        raise ModelFileError(f"{path.name} is not a training state of this program") from None


def _with_count(sums: Tensor, metadata: Mapping[str, Any]) -> Tensor:
    """The first versions kept the number of images beside the sums."""
    images = metadata.get("means_images")
    return sums if images is None else torch.cat([sums.new_tensor([images]), sums])
