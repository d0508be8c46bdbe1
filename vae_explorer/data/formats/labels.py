"""Labels as files have them become classes with names, numbered from 0."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64, Shaped

from vae_explorer.data.container import times
from vae_explorer.data.image_set import Note
from vae_explorer.errors import shown

MAX_CLASSES = 10_000
MAX_BYTES = 48 << 20  # of the labels of a part: sorting text needs five times as much
MAX_NAMES_BYTES = 4 << 20  # of the names of classes or factors


class _UnsuitableError(Exception):
    """Why these labels are none, as the rest of a sentence."""


@dataclass(frozen=True, eq=False)
class Labels:
    """Of the parts of a set; where they cannot be used there are none, and a note says why."""

    numbers: Mapping[str, Int64[np.ndarray, "n"]]  # of each part that has some
    classes: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


def numbered(given: Mapping[str, Shaped[np.ndarray, "n *values"]], classes: Sequence[str] = ()) -> Labels:
    """One number for each image: integers, floats that are integers, text, or a row of 0s and one 1. `classes` names
    those 0, 1, 2, …, where the file has them."""
    if not given:
        return Labels({})
    try:
        plain = {part: _plain(labels) for part, labels in given.items()}
        if len({labels.dtype.kind == "U" for labels in plain.values()}) > 1:
            raise _UnsuitableError("are numbers in one part and text in another")
        every = np.concatenate(list(plain.values()))
        if every.dtype.kind == "i" and every.size and every.min() >= 0 and every.max() < len(classes) <= MAX_CLASSES:
            return Labels(plain, tuple(classes))
        values, numbers = np.unique(every, return_inverse=True)
        if len(values) > MAX_CLASSES:
            raise _UnsuitableError(f"have {len(values):,} values; at most {MAX_CLASSES:,} classes are kept")
    except _UnsuitableError as error:
        return Labels({}, notes=(Note(f"the labels were left out: they {error}"),))
    pieces = np.split(numbers.astype(np.int64).ravel(), np.cumsum([len(labels) for labels in plain.values()])[:-1])
    return Labels(dict(zip(plain, pieces, strict=True)), tuple(shown(value) for value in values))


def _plain(labels: Shaped[np.ndarray, "n *values"]) -> Shaped[np.ndarray, "n"]:
    """One integer or text for each image."""
    if labels.ndim == 2 and labels.shape[1] > 1 and labels.dtype.kind in "biuf":
        if not (((labels == 0) | (labels == 1)).all() and (labels.sum(axis=1) == 1).all()):
            raise _UnsuitableError(f"are {times(labels.shape)}, several for each image; expected one")
        return np.asarray(labels.argmax(axis=1), np.int64)
    if labels.size != len(labels):
        raise _UnsuitableError(f"are {times(labels.shape)}; expected one for each image")
    labels = labels.ravel()
    if labels.dtype.kind in "SU":
        written = text(labels)
        if written is None:
            raise _UnsuitableError("contain text that cannot be shown")
        return written
    if labels.dtype.kind == "f":
        if not (np.isfinite(labels) & (np.abs(labels) < 1 << 53)).all() or (labels != np.rint(labels)).any():
            raise _UnsuitableError("are fractions, not classes; expected one integer for each image")
    elif labels.dtype.kind not in "biu":
        raise _UnsuitableError(f"are of the type {labels.dtype}; expected integers or text")
    return labels.astype(np.int64)


def text(written: Shaped[np.ndarray, "n"]) -> Shaped[np.ndarray, "n"] | None:
    """An array of bytes or text as text; None where it holds numbers that are no letters: a str of them is no safe
    object."""
    if written.dtype.kind == "S":
        return np.char.decode(written, "utf-8", "replace")
    letters = np.frombuffer(written.tobytes(), f"{written.dtype.byteorder}u4")
    return written if ((letters < 0xD800) | ((letters > 0xDFFF) & (letters <= sys.maxunicode))).all() else None


def names(listed: Shaped[np.ndarray, "n"]) -> tuple[str, ...]:
    """A list of names, written out or numbers, to be shown; empty where it cannot be."""
    written = text(listed) if listed.dtype.kind in "SU" else listed
    return () if written is None else tuple(shown(name) for name in written.tolist())
