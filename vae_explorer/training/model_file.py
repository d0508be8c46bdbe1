"""The model file: weights, and everything needed to use them, in one file that notices every flipped bit."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from math import isfinite, prod
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
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
    reasons_of,
)
from vae_explorer.core.config import VAEConfig
from vae_explorer.core.vae import VAE
from vae_explorer.data import container
from vae_explorer.data.container import DataError
from vae_explorer.data.preprocess import Preparation
from vae_explorer.errors import shown
from vae_explorer.storage import atomic

FORMAT = 2  # 1 had no kind of model and no stored posteriors
MAX_HEADER = 1 << 20  # bytes: a header of 64 MiB took 7 s and 944 MB to parse
MAX_FILE = 1 << 30  # bytes
MAX_AXES = 8  # of a tensor
MAX_STORED = 2000  # posteriors
MAX_STORED_NUMBERS = 1 << 20  # of mu: 4 MiB, where there are many dimensions
MAX_Z = 1e15  # beyond, squares and sums of a latent point leave float32
STORED = ("posteriors/mu", "posteriors/sigma")
METADATA_KEY = "vae"
NO_DIGEST = "0" * 64  # stands in the file while its digest is made
DIGEST_BYTES = 64
CHUNK = 1 << 20  # bytes read at once

_NUMBERS = {  # the names that safetensors gives to the types of values
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "U8": torch.uint8,
}


class ModelFileError(ValueError):
    """A file cannot be used as a model; the text names the file and says why."""


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
    def card(self) -> ModelCard:
        """What the rest of the program asks about the model."""
        return ModelCard(
            image_shape=self.config.image_shape,
            z_shape=(self.config.z_dim,),
            abilities=abilities_of(self.config),
            reasons=reasons_of(self.config),
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
    atomic.write(path, sealed(weights, info.model_dump(mode="json")))


def load(path: Path) -> tuple[VAE, ModelInfo]:
    """A model on the CPU, ready to be used. Raises ModelFileError, or OSError when the file cannot be read."""
    content = read(path)
    return content.model, content.info


def read(path: Path) -> Content:
    """All of a model file. Raises ModelFileError, or OSError when the file cannot be read."""
    with _opened(path, MAX_FILE) as file:
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
            raise ModelFileError(f"{file.name} has stored posteriors that are no finite numbers, or far too large")
        found = StoredPosteriors(*(stored[name].numpy() for name in STORED)) if stored else None
        if found and not (found.sigma == 0 if info.config.is_autoencoder else found.sigma > 0).all():
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


def sealed(tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> bytes:
    """A safetensors file whose metadata ends with the SHA-256 of the file itself, counted with zeros in its place."""
    text = json.dumps({**metadata, "sha256": NO_DIGEST}, separators=(",", ":"), allow_nan=False)
    content = safetensors.torch.save(dict(tensors), metadata={METADATA_KEY: text})
    length = int.from_bytes(content[:8], "little")
    if length > MAX_HEADER:
        raise ModelFileError(f"the model's description is larger than {MAX_HEADER >> 20} MiB")
    at = content.rindex(NO_DIGEST.encode(), 0, 8 + length)
    digest = hashlib.sha256(content).hexdigest().encode()
    return content[:at] + digest + content[at + DIGEST_BYTES :]


def opened(path: Path, limit: int = MAX_FILE) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and the metadata of a sealed file of at most `limit` bytes, after its digest was checked. Raises
    ModelFileError, OSError."""
    with _opened(path, limit) as file:
        return file.tensors(), file.metadata


@dataclass(frozen=True, eq=False)
class _Sealed:
    """A sealed file whose digest is right, and whose tensors are not in memory yet."""

    name: str
    stream: BufferedReader
    start: bytes  # the header, with zeros in the digest's place
    digest: str
    metadata: dict[str, Any]
    announced: dict[str, Tensor]  # without memory, in the order of their bytes, which follow each other to the end

    def tensors(self) -> dict[str, Tensor]:
        """Read straight to where they stay, and hashed again: the file may have changed meanwhile."""
        self.stream.seek(len(self.start))
        sha = hashlib.sha256(self.start)
        read = {}
        for key, wanted in self.announced.items():
            try:
                content = torch.empty(wanted.nbytes, dtype=torch.uint8)
            except RuntimeError:
                raise ModelFileError(f"{self.name} needs more memory than there is") from None
            self.stream.readinto(content.numpy().data)
            sha.update(content.numpy().data)
            read[key] = content.view(wanted.dtype).reshape(wanted.shape)
        if self.stream.read(1) or sha.hexdigest() != self.digest:
            raise _damaged(self.name)
        return read


@contextmanager
def _opened(path: Path, limit: int) -> Iterator[_Sealed]:
    """The digest is checked without keeping what is read: a bad file costs no memory, however large it is."""
    name = shown(path.name)
    with _stream(path, limit) as stream:
        start = stream.read(8)
        length = int.from_bytes(start, "little")
        start += stream.read(min(length, MAX_HEADER))
        if len(start) != 8 + length:
            raise _not_ours(name)
        header, metadata = _parsed(start[8:], name)
        digest = metadata.pop("sha256", "")
        if not isinstance(digest, str) or len(digest) != DIGEST_BYTES:
            raise ModelFileError(f"{name} has no digest, so it cannot be trusted")
        at = start.rfind(digest.encode(errors="replace"))
        blank = start[:at] + NO_DIGEST.encode() + start[at + DIGEST_BYTES :]
        sha = hashlib.sha256(blank)
        size = len(start)
        while chunk := stream.read(CHUNK):
            sha.update(chunk)
            size += len(chunk)
        if at < 0 or sha.hexdigest() != digest:
            raise _damaged(name)
        try:
            announced = _announced(header, size - len(start))
        except (KeyError, TypeError, ValueError):
            raise ModelFileError(f"{name} is damaged: its header does not fit its content") from None
        yield _Sealed(name, stream, blank, digest, metadata, announced)


def _stream(path: Path, limit: int) -> BufferedReader:
    """A regular file of at most `limit` bytes."""
    try:
        stream = container.opened(path)  # never mapped: a mapped file that is truncated later kills the process
    except DataError:
        raise ModelFileError(f"{shown(path)} is no file") from None
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a path that no file system takes
        raise ModelFileError(f"There is no file {shown(path)}") from None
    if os.fstat(stream.fileno()).st_size <= limit:
        return stream
    stream.close()
    raise ModelFileError(f"{shown(path.name)} is larger than {limit >> 30} GiB, which no file of this program is")


def _without_memory(config: VAEConfig) -> VAE:
    with torch.device("meta"):
        return VAE(config)


def _parsed(header: bytes, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What stands in the header, and the metadata in it, of a version that this program knows."""
    try:
        entries = _json(header.decode())
        metadata = _json(entries["__metadata__"][METADATA_KEY])
        version = metadata["format"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _not_ours(name) from None
    if type(version) is not int or version < 1:
        raise _not_ours(name)
    if version > FORMAT:
        number = str(version) if version < MAX_COUNT else "unknown"
        raise ModelFileError(
            f"{name} was made by a newer VAE Explorer (format {number}); update this program to open it"
        )
    return entries, metadata


def _json(text: str) -> Any:
    """Strictly: a name that stands twice, or a number that is none, would mean something else to another reader."""
    return json.loads(text, object_pairs_hook=_once, parse_float=_finite, parse_constant=_finite)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        raise ValueError("a name stands twice")
    return entries


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError("a number is not finite")
    return number


def _announced(header: Mapping[str, Any], size: int) -> dict[str, Tensor]:
    """The tensors that fill the `size` bytes after the header without a gap, without memory of their own. Raises
    ValueError, KeyError or TypeError."""
    entries = [(key, entry) for key, entry in header.items() if key != "__metadata__"]
    tensors, at = {}, 0
    for key, entry in sorted(entries, key=lambda one: one[1]["data_offsets"]):
        dtype, shape, (begin, end) = _NUMBERS[entry["dtype"]], entry["shape"], entry["data_offsets"]
        if len(shape) > MAX_AXES or not all(type(number) is int and number > 0 for number in (*shape, end)):
            raise ValueError(f"{key} has no shape")
        if begin != at or type(begin) is not int or end > size or end - begin != prod(shape) * dtype.itemsize:
            raise ValueError(f"{key} is not where it should be")
        tensors[key], at = torch.empty(shape, dtype=dtype, device="meta"), end
    if at != size:
        raise ValueError("the tensors do not fill the file")
    return tensors


def _info(metadata: Mapping[str, Any], name: str) -> ModelInfo:
    try:
        info = ModelInfo.model_validate(metadata)
        json.dumps(info.model_dump(mode="json"))  # what cannot be written again is no description either
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ": ".join(map(str, first["loc"]))
        raise ModelFileError(f"{name} is not a model of this program: {shown(where)}: {shown(first['msg'])}") from None
    except (ValueError, RecursionError):
        raise _not_ours(name) from None
    return info


def _compare(tensors: Mapping[str, Tensor], model: VAE, name: str) -> None:
    wanted = model.state_dict()
    if tensors.keys() != wanted.keys():
        odd = sorted(tensors.keys() ^ wanted.keys())[0]
        raise ModelFileError(f"{name} does not hold the weights that its configuration asks for ({shown(odd)})")
    for key, tensor in tensors.items():
        if tensor.shape != wanted[key].shape or tensor.dtype != wanted[key].dtype:
            raise ModelFileError(f"{name}: {key} is {_kind(tensor)}, its configuration asks for {_kind(wanted[key])}")


def _not_ours(name: str) -> ModelFileError:
    return ModelFileError(f"{name} is not a model file of this program")


def _damaged(name: str) -> ModelFileError:
    return ModelFileError(f"{name} is damaged: its content does not match its digest; get another copy")


def _kind(tensor: Tensor) -> str:
    return f"{' × '.join(map(str, tensor.shape)) or 'a number'} {str(tensor.dtype).removeprefix('torch.')}"
