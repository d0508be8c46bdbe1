"""What the images of a file were drawn from: latents_values (as in dSprites), factors, factors_angle, …"""

import re
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Shaped

from vae_explorer.core.progress import Job
from vae_explorer.data.formats.labels import MAX_NAMES_BYTES, names
from vae_explorer.data.formats.stored import Stored, read
from vae_explorer.data.image_set import Note
from vae_explorer.errors import shown

MAX_FACTORS = 64
# github.com/google-deepmind/dsprites-dataset: their names are in its metadata, a pickle, which is not read
DSPRITES = ("color", "shape", "scale", "orientation", "posX", "posY")

_NAME = re.compile(r"(?:.*[_ -])?(?:latents?|factors?)(?:[_ -](.+))?")


class Factors(NamedTuple):
    """Of the images of one part, by their names; and what was left out."""

    values: Mapping[str, Float32[np.ndarray, "n"]]
    notes: tuple[Note, ...] = ()
    used: tuple[str, ...] = ()  # names of arrays


NONE = Factors({})


def is_of_factors(name: str) -> bool:
    """Whether an array of this name holds factors, or something about them."""
    return _NAME.fullmatch(name) is not None


def of(arrays: Mapping[str, Shaped[np.ndarray, "..."] | Stored], count: int) -> Job[Factors]:
    """The factors of so many images among named arrays: columns of a table, or an array for each."""
    parts = {key: (match[1] or "values") for key in arrays if (match := _NAME.fullmatch(key))}
    fitting = {
        key: part
        for key, part in parts.items()
        if arrays[key].shape[:1] == (count,) and arrays[key].ndim <= 2 and arrays[key].dtype.kind in "biuf"
    }
    if "values" in fitting.values():  # what the classes say again
        fitting = {key: part for key, part in fitting.items() if part != "classes"}
    used = (*fitting, *(key for key, part in parts.items() if part in ("names", "classes"))) if fitting else ()
    found: dict[str, Float32[np.ndarray, "n"]] = {}
    for key, part in fitting.items():
        columns = 1 if arrays[key].ndim == 1 else arrays[key].shape[1]
        if columns > MAX_FACTORS:
            return Factors(
                {}, (Note(f"{shown(key)} was left out: it has {columns:,} columns; at most {MAX_FACTORS} are read"),)
            )
        table = (yield from read(arrays[key])).reshape(count, columns)
        given = yield from _names(arrays, parts, columns)
        with np.errstate(over="ignore"):
            for j in range(columns):
                name = given[j] if given else shown(part) if part not in ("values", "classes") else shown(key)
                found[name if given or columns == 1 else f"{name} {j}"] = table[:, j].astype(np.float32)
    constant = [name for name, values in found.items() if not np.isfinite(values).all() or (values == values[0]).all()]
    kept = {name: values for name, values in found.items() if name not in constant}
    sentence = f"factors that are the same in all images, or not numbers, were left out: {', '.join(constant)}"
    return Factors(kept, (Note(sentence),) if constant else (), used)


def _names(
    arrays: Mapping[str, Shaped[np.ndarray, "..."] | Stored], parts: Mapping[str, str], columns: int
) -> Job[tuple[str, ...]]:
    """Of the columns of a table, where the file has them."""
    for key, part in parts.items():
        if (
            part == "names"
            and arrays[key].shape == (columns,)
            and arrays[key].dtype.kind in "US"
            and arrays[key].nbytes <= MAX_NAMES_BYTES
        ):
            listed = names((yield from read(arrays[key])))
            return listed if len(set(listed)) == columns else ()
    is_dsprites = columns == len(DSPRITES) and {"latents_values", "latents_classes"} <= arrays.keys()
    return DSPRITES if is_dsprites else ()
