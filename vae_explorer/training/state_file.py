"""The training state on disk: what a run needs to go on exactly where it stopped."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vae_explorer.core.vae import VAE
from vae_explorer.storage import atomic, sealed
from vae_explorer.storage.sealed import Kind, SealedError
from vae_explorer.training.config import TrainConfig
from vae_explorer.training.model_file import MAX_FILE
from vae_explorer.training.run import RunError
from vae_explorer.training.state import MAX_PARTS, MOMENTS, WEIGHTS, Kept, Means, TrainingState, sums_dtype

FORMAT = 1
STATE_FILE = Kind("training state", FORMAT, 7 * MAX_FILE)  # weights, two moments, twice, and a little more
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
KEPT = "kept/"  # before the names of what comes back after too many steps that were left out
INSTEAD = "start a new run; model.vae.safetensors in the same folder can still be opened"


class OtherImagesError(RunError):
    """A run would go on with other images than it was trained on."""


def save(path: Path, state: TrainingState) -> None:
    """Weights, Adam's moments, the means for the next report and the step, from which order and noise follow."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.tensors().items()}
    if state.kept and state.kept.step != state.step:
        tensors |= {f"{KEPT}{name}": tensor.cpu().contiguous() for name, tensor in state.kept.tensors.items()}
    if state.means.sums is not None:
        tensors["means"] = state.means.sums.cpu()
    metadata = {
        "format": FORMAT,
        "step": state.step,
        "updates": state.updates,
        "bad": None if state.bad is None else [int(count) for count in state.bad.tolist()],
        "restores": state.restores,
        "kept_step": state.kept.step if state.kept else state.step,
        "kept_updates": state.kept.updates if state.kept else state.updates,
        "parts": state.parts,
        "seconds": state.seconds,
        "images": state.images,
        "threads": state.threads,
        "precision": str(state.precision).removeprefix("torch."),
        "best_elbo": state.best_elbo,
        "images_digest": state.images_digest,
    }
    atomic.write(path, sealed.sealed(tensors, metadata))


def load(path: Path, model: VAE, config: TrainConfig, *, images: str) -> TrainingState:
    """The state; `model` gets the weights, and `images` is the digest of the training images.

    Raises OtherImagesError when the images have another digest than when it was saved, SealedError, or OSError
    when the file cannot be read.
    """
    try:
        tensors, metadata = sealed.read(path, STATE_FILE)
    except SealedError as error:
        raise SealedError(f"{str(error).partition(';')[0]}; {INSTEAD}") from error
    if metadata.get("images_digest", images) != images:  # the first versions wrote none
        raise OtherImagesError("The images of this run have changed since it was stopped: start a new run")
    state = TrainingState.fresh(model, config)
    device = next(model.parameters()).device
    try:
        state.step, state.images = int(metadata["step"]), int(metadata["images"])
        state.seconds = float(metadata["seconds"])
        state.precision = PRECISIONS[metadata.get("precision", "float32")]
        state.parts = min(max(int(metadata.get("parts", 1)), 1), MAX_PARTS)
        state.restores = int(metadata.get("restores", 0))
        if metadata.get("bad"):
            in_a_row, left_out = map(float, metadata["bad"])
            state.bad = torch.tensor([in_a_row, left_out], device=device)
        if "means" in tensors:
            sums = _with_count(tensors["means"], metadata)
            _compare(sums.shape == (2 + model.z_dim,))
            state.means = Means(sums.to(device, sums_dtype(device)))
        updates = int(metadata.get("updates", state.step))
        now = {name: one for name, one in tensors.items() if name.partition("/")[0] in (WEIGHTS, *MOMENTS)}
        _compare(_fits(now, updates, model))
        state.put(now, updates)
        kept = {name.removeprefix(KEPT): one.to(device) for name, one in tensors.items() if name.startswith(KEPT)}
        if kept:
            state.kept = Kept(int(metadata["kept_step"]), int(metadata["kept_updates"]), kept)
            _compare(_fits(kept, state.kept.updates, model))
        state.threads, state.images_digest = int(metadata["threads"]), images
        state.best_elbo = None if metadata["best_elbo"] is None else float(metadata["best_elbo"])
        return state
    except (KeyError, TypeError, ValueError, OverflowError):
        raise SealedError(f"{STATE_FILE.not_one(path.name)}; {INSTEAD}") from None


def _compare(fits: bool) -> None:
    if not fits:
        raise ValueError("this is the state of another run")


def _fits(tensors: Mapping[str, Tensor], updates: int, model: VAE) -> bool:
    """Whether these are all the weights and moments of this model, and finite."""
    wanted = {f"{WEIGHTS}/{name}": tensor for name, tensor in model.state_dict().items()}
    if updates:
        wanted |= {f"{moment}/{name}": one for moment in MOMENTS for name, one in model.named_parameters()}
    return tensors.keys() == wanted.keys() and all(
        (one.shape, one.dtype) == (wanted[name].shape, wanted[name].dtype) and bool(one.isfinite().all())
        for name, one in tensors.items()
    )


def _with_count(sums: Tensor, metadata: Mapping[str, Any]) -> Tensor:
    """The first versions kept the number of images beside the sums."""
    images = metadata.get("means_images")
    return sums if images is None else torch.cat([sums.new_tensor([images]), sums])
