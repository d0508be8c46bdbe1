"""The model file: weights, and everything needed to use them, in one file that notices every flipped bit."""

import hashlib
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import safetensors.torch
import torch
from pydantic import BaseModel, Field, FiniteFloat, ValidationError, model_validator
from torch import Tensor

from vae_explorer.core.config import VAEConfig
from vae_explorer.core.vae import VAE
from vae_explorer.data import atomic
from vae_explorer.data.preprocess import Preparation

SUFFIX = ".vae.safetensors"
FORMAT = 1
MAX_HEADER = 1 << 20  # bytes: a header of 64 MiB took 7 s and 944 MB to parse
MAX_FILE = 1 << 30  # bytes
METADATA_KEY = "vae"
NO_DIGEST = "0" * 64  # stands in the file while its digest is made
DIGEST_BYTES = 64


class ModelFileError(ValueError):
    """A file cannot be used as a model; the text names the file and says why."""


class SplitFigures(BaseModel, frozen=True):
    """Nats per image, averaged over the images of one split."""

    elbo: FiniteFloat
    reconstruction: FiniteFloat
    kl: FiniteFloat


class LatentStatistics(BaseModel, frozen=True):
    """What the latent dimensions do over a set of images; the lists go over z."""

    split: Literal["validation", "test"]
    images: int
    kl_per_dimension: list[FiniteFloat]  # nats, averaged over the images
    mu_variance: list[FiniteFloat]  # a dimension is active above 0.01 (Burda et al. 2016)
    elbo_quantiles: list[FiniteFloat] = Field(min_length=101, max_length=101)  # nats


class ModelInfo(BaseModel, frozen=True):
    """What a model file says of itself."""

    format: int = FORMAT
    config: VAEConfig
    preparation: Preparation
    data: str  # the data set's name
    split_seed: int
    train_config: dict[str, Any]  # as it was; not read to use the model
    epochs: float = 0.0
    steps: int = 0
    train_images: int = 0
    validation: SplitFigures | None = None
    kl_per_dimension: list[FiniteFloat] | None = None  # nats, over the validation images
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


def save(path: Path, model: VAE, info: ModelInfo) -> None:
    """Writes a whole model file, or leaves the old one. Raises ModelFileError when a weight is not finite."""
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    for name, tensor in weights.items():
        if not torch.isfinite(tensor).all():
            raise ModelFileError(f"{path.name} was not written: {name} has weights that are not finite numbers")
    atomic.write(path, sealed(weights, info.model_dump(mode="json")))


def load(path: Path) -> tuple[VAE, ModelInfo]:
    """A model on the CPU, ready to be used. Raises ModelFileError, or OSError when the file cannot be read."""
    tensors, metadata = opened(path)
    try:
        info = ModelInfo.model_validate(metadata)
    except ValidationError as error:
        first = error.errors()[0]
        where = "".join(f"{part}: " for part in first["loc"])
        raise ModelFileError(f"{path.name} is not a model of this program: {where}{first['msg']}") from None
    model = _without_memory(info.config)  # a file that asks for a huge network is refused before there is memory for it
    fill(model, tensors, path.name)
    return model.eval().requires_grad_(False), info


def check_size(config: VAEConfig) -> None:
    """Raises ValueError when the model's file would be larger than `load` takes."""
    weights = sum(tensor.nbytes for tensor in _without_memory(config).state_dict().values())
    if weights + MAX_HEADER > MAX_FILE:
        raise ValueError(
            f"This network has {weights / 2**30:,.1f} GiB of weights; the limit is {MAX_FILE >> 30} GiB: "
            f"choose fewer hidden units than {config.hidden:,}, or smaller images than those of "
            f"{' × '.join(map(str, config.image_shape[1:]))}"
        )


def fill(model: VAE, tensors: Mapping[str, Tensor], name: str) -> None:
    """Puts the weights into the model after comparing names, shapes and types; a model without memory of its own
    takes the tensors themselves. Raises ModelFileError."""
    wanted = model.state_dict()
    if tensors.keys() != wanted.keys():
        odd = sorted(tensors.keys() ^ wanted.keys())[0]
        raise ModelFileError(f"{name} does not hold the weights that its configuration asks for ({odd[:60]})")
    for key, tensor in tensors.items():
        if tensor.shape != wanted[key].shape or tensor.dtype != wanted[key].dtype:
            raise ModelFileError(f"{name}: {key} is {_kind(tensor)}, its configuration asks for {_kind(wanted[key])}")
        if not torch.isfinite(tensor).all():
            raise ModelFileError(f"{name}: {key} has weights that are not finite numbers")
    model.load_state_dict(dict(tensors), assign=all(parameter.is_meta for parameter in model.parameters()))


def sealed(tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> bytes:
    """A safetensors file whose metadata ends with the SHA-256 of the file itself, counted with zeros in its place."""
    text = json.dumps({**metadata, "sha256": NO_DIGEST}, separators=(",", ":"), allow_nan=False)
    content = safetensors.torch.save(dict(tensors), metadata={METADATA_KEY: text})
    if struct.unpack("<Q", content[:8])[0] > MAX_HEADER:
        raise ModelFileError(f"the model's description is larger than {MAX_HEADER >> 20} MiB")
    at = content.rindex(NO_DIGEST.encode(), 0, 8 + struct.unpack("<Q", content[:8])[0])
    digest = hashlib.sha256(content).hexdigest().encode()
    return content[:at] + digest + content[at + DIGEST_BYTES :]


def opened(path: Path, limit: int = MAX_FILE) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and the metadata of a sealed file of at most `limit` bytes, after its digest was checked. Raises
    ModelFileError, OSError."""
    if not path.is_file():
        raise ModelFileError(f"{path} is no file" if path.exists() else f"There is no file {path}")
    if path.stat().st_size > limit:
        raise ModelFileError(f"{path.name} is larger than {limit >> 30} GiB, which no file of this program is")
    content = path.read_bytes()  # never mapped: a mapped file that is truncated later kills the process
    header_end, metadata = _metadata(content, path.name)
    digest = metadata.pop("sha256", "")
    if not isinstance(digest, str) or len(digest) != DIGEST_BYTES:
        raise ModelFileError(f"{path.name} has no digest, so it cannot be trusted")
    at = content.rfind(digest.encode(errors="replace"), 0, header_end)
    blank = content[:at] + NO_DIGEST.encode() + content[at + DIGEST_BYTES :]
    if at < 0 or hashlib.sha256(blank).hexdigest() != digest:
        raise ModelFileError(f"{path.name} is damaged: its content does not match its digest; get another copy")
    try:
        return safetensors.torch.load(content), metadata
    except Exception as error:
        raise ModelFileError(f"{path.name} is damaged: {error}") from None


def _without_memory(config: VAEConfig) -> VAE:
    with torch.device("meta"):
        return VAE(config)


def _metadata(content: bytes, name: str) -> tuple[int, dict[str, Any]]:
    not_ours = ModelFileError(f"{name} is not a model file of this program")
    if len(content) < 8:
        raise not_ours
    (length,) = struct.unpack("<Q", content[:8])
    if length > MAX_HEADER or 8 + length > len(content):
        raise not_ours
    try:
        header = json.loads(content[8 : 8 + length])
        metadata = json.loads(header["__metadata__"][METADATA_KEY])
        version = metadata["format"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise not_ours from None
    if not isinstance(version, int) or version < 1:
        raise not_ours
    if version > FORMAT:
        raise ModelFileError(
            f"{name} was made by a newer VAE Explorer (format {version}); update this program to open it"
        )
    return 8 + length, metadata


def _kind(tensor: Tensor) -> str:
    return f"{' × '.join(map(str, tensor.shape)) or 'a number'} {str(tensor.dtype).removeprefix('torch.')}"
