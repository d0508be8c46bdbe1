"""The model file: weights, and everything needed to use them, in one file that notices every flipped bit."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32
from pydantic import BaseModel, Field, FiniteFloat, ValidationError, model_validator
from torch import Tensor

from vae_explorer.core.card import (
    MAX_COUNT,
    LatentStatistics,
    ModelCard,
    PerDimension,
    SplitFigures,
    abilities_of,
    family_of,
    reasons_of,
)
from vae_explorer.core.config import VAEConfig
from vae_explorer.core.vae import VAE
from vae_explorer.data.preparation import Preparation
from vae_explorer.data.reading import AUTOMATIC, Reading
from vae_explorer.errors import shown
from vae_explorer.storage import atomic, sealed
from vae_explorer.storage.sealed import MAX_HEADER, Kind, SealedError

FORMAT = 3  # 1 had no kind of model and no stored posteriors, 2 did not say how the images were read
MAX_FILE = 1 << 30  # bytes
MAX_STORED = 2000  # posteriors
MAX_STORED_NUMBERS = 1 << 20  # of mu: 4 MiB, where there are many dimensions
MAX_Z = 1e15  # beyond, squares and sums of a latent point leave float32
STORED = ("posteriors/mu", "posteriors/sigma")


class ModelFileError(SealedError):
    """A file cannot be used as a model; the text names the file and says why."""


MODEL_FILE = Kind("model file", FORMAT, MAX_FILE, ModelFileError)


class ModelInfo(BaseModel, frozen=True):
    """What a model file says of itself."""

    format: int = FORMAT
    config: VAEConfig
    preparation: Preparation
    data: str = Field(max_length=255)  # the data set's name
    split_seed: int = Field(ge=0, le=MAX_COUNT)
    validation_images: int = Field(0, ge=0, le=MAX_COUNT)  # that were asked for; 0: a tenth
    train_config: dict[str, Any]  # as it was; not read to use the model
    epochs: FiniteFloat = Field(0.0, ge=0)
    steps: int = Field(0, ge=0, le=MAX_COUNT)
    train_images: int = Field(0, ge=0, le=MAX_COUNT)
    validation: SplitFigures | None = None
    kl_per_dimension: PerDimension | None = None  # nats, over the validation images
    test: SplitFigures | None = None
    statistics: LatentStatistics | None = None

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "ModelInfo":
        if self.preparation.image_shape != self.config.image_shape:
            raise ValueError("its preparation makes images of another shape than its network takes")
        lists = [self.kl_per_dimension]
        if self.statistics:
            lists += [self.statistics.kl_per_dimension, self.statistics.mu_variance]
        if any(figures is not None and len(figures) != self.config.z_dim for figures in lists):
            raise ValueError("its figures are for another number of latent dimensions")
        return self

    @property
    def reading(self) -> Reading:
        """How its images are read; a file of an older format does not say."""
        return self.preparation.reading or AUTOMATIC

    @property
    def card(self) -> ModelCard:
        """What the rest of the program asks about the model."""
        return ModelCard(
            image_shape=self.config.image_shape,
            z_shape=(self.config.z_dim,),
            abilities=abilities_of(self.config),
            reasons=reasons_of(self.config),
            family=family_of(self.config),
            likelihood=self.config.likelihood,
            network=self.config.network,
            data=self.data,
            epochs=self.epochs,
            validation=self.validation,
            test=self.test,
            validation_kl=None if self.kl_per_dimension is None else tuple(self.kl_per_dimension),
            statistics=self.statistics,
        )


@dataclass(frozen=True, eq=False)
class StoredPosteriors:
    """q(z|x) of some test images, of which q(z) is made; sigma is 0 in a plain autoencoder."""

    mu: Float32[np.ndarray, "n z"]
    sigma: Float32[np.ndarray, "n z"]

    @classmethod
    def first(cls, mu: Float32[np.ndarray, "n z"], sigma: Float32[np.ndarray, "n z"]) -> "StoredPosteriors":
        """As many of them as a file holds."""
        count = min(MAX_STORED, max(1, MAX_STORED_NUMBERS // mu.shape[1]))
        return cls(mu[:count], sigma[:count])


@dataclass(frozen=True, eq=False)
class Content:
    """What a model file holds: the model on the CPU, ready to be used."""

    model: VAE
    info: ModelInfo
    posteriors: StoredPosteriors | None  # None: it was written before its run had ended


def save(path: Path, model: VAE, info: ModelInfo, posteriors: StoredPosteriors | None = None) -> None:
    """Writes a whole model file, or leaves the old one. Raises ModelFileError when a weight is not finite."""
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    for name, tensor in weights.items():
        if not torch.isfinite(tensor).all():
            raise ModelFileError(f"{path.name} was not written: {name} has weights that are not finite numbers")
    if posteriors:
        mu, sigma = (torch.from_numpy(np.ascontiguousarray(part)) for part in (posteriors.mu, posteriors.sigma))
        weights |= dict(zip(STORED, (mu, sigma), strict=True))
    info = info.model_copy(update={"format": FORMAT})
    atomic.write(path, sealed.sealed(weights, info.model_dump(mode="json")))


def load(path: Path) -> tuple[VAE, ModelInfo]:
    """A model on the CPU, ready to be used. Raises ModelFileError, or OSError when the file cannot be read."""
    content = read(path)
    return content.model, content.info


def read(path: Path) -> Content:
    """All of a model file. Raises ModelFileError, or OSError when the file cannot be read."""
    with sealed.opened(path, MODEL_FILE) as file:
        info = _info(file.metadata, file.name)
        model = _without_memory(info.config)  # a huge network is refused before there is memory for it
        announced = dict(file.announced)
        stored = {name: announced.pop(name) for name in STORED if name in announced}
        _compare(announced, model, file.name)
        _check_stored(stored, info.config.z_dim, file.name)
        tensors = file.tensors()
        stored = {name: tensors.pop(name) for name in stored}
        fill(model, tensors, path.name)
        if not all(bool((tensor.abs() < MAX_Z).all()) for tensor in stored.values()):
            raise ModelFileError(f"{file.name} has stored posteriors that are not finite, or far too large")
        found = StoredPosteriors(*(stored[name].numpy() for name in STORED)) if stored else None
        if found and not (found.sigma > 0 if info.card.can("posterior") else found.sigma == 0).all():
            raise ModelFileError(f"{file.name} has stored posteriors with a sigma that no model of its kind gives")
    return Content(model.eval().requires_grad_(False), info, found)


def _check_stored(stored: Mapping[str, Tensor], z_dim: int, name: str) -> None:
    shapes = {tensor.shape for tensor in stored.values()}
    fits = len(stored) == len(STORED) and len(shapes) == 1 and {t.dtype for t in stored.values()} == {torch.float32}
    if stored and not (fits and all(len(s) == 2 and s[0] <= MAX_STORED and s[1] == z_dim for s in shapes)):
        raise ModelFileError(f"{name} has stored posteriors that do not fit its {z_dim} latent dimensions")


def check_size(config: VAEConfig) -> None:
    """Raises ValueError when the model's file would be larger than `load` takes."""
    weights = sum(tensor.nbytes for tensor in _without_memory(config).state_dict().values())
    if weights + MAX_HEADER > MAX_FILE:
        raise ModelFileError(
            f"This network has {weights / 2**30:,.1f} GiB of weights; the limit is {MAX_FILE >> 30} GiB: "
            f"choose fewer hidden units than {config.hidden:,}, or smaller images than those of "
            f"{config.image_shape}"
        )


def fill(model: VAE, tensors: Mapping[str, Tensor], name: str) -> None:
    """Puts the weights into the model after comparing names, shapes and types; a model without memory of its own
    takes the tensors themselves. Raises ModelFileError."""
    _compare(tensors, model, shown(name))
    for key, tensor in tensors.items():
        if not all(torch.isfinite(one) for one in tensor.aminmax()):  # isfinite of all makes a copy as large
            raise ModelFileError(f"{shown(name)}: {key} has weights that are not finite numbers")
    model.load_state_dict(dict(tensors), assign=all(parameter.is_meta for parameter in model.parameters()))


def _without_memory(config: VAEConfig) -> VAE:
    with torch.device("meta"):
        return VAE(config)


def _info(metadata: Mapping[str, Any], name: str) -> ModelInfo:
    try:
        info = ModelInfo.model_validate(metadata)
        json.dumps(info.model_dump(mode="json"))  # what cannot be written again is no description either
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ": ".join(map(str, first["loc"]))
        raise ModelFileError(f"{name} is not a model of this program: {shown(where)}: {shown(first['msg'])}") from None
    except (ValueError, RecursionError):
        raise MODEL_FILE.not_one(name) from None
    return info


def _compare(tensors: Mapping[str, Tensor], model: VAE, name: str) -> None:
    wanted = model.state_dict()
    if tensors.keys() != wanted.keys():
        odd = sorted(tensors.keys() ^ wanted.keys())[0]
        raise ModelFileError(f"{name} does not contain the weights that its configuration requires ({shown(odd)})")
    for key, tensor in tensors.items():
        if tensor.shape != wanted[key].shape or tensor.dtype != wanted[key].dtype:
            raise ModelFileError(f"{name}: {key} is {_kind(tensor)}, its configuration requires {_kind(wanted[key])}")


def _kind(tensor: Tensor) -> str:
    return f"{' × '.join(map(str, tensor.shape)) or 'a number'} {str(tensor.dtype).removeprefix('torch.')}"
