"""An array in a file, of which only the header was read: its values come in pieces, as often as they are needed."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from io import BufferedIOBase
from math import prod
from typing import Literal

import numpy as np
from jaxtyping import Shaped

from vae_explorer.core.progress import Job, Progress
from vae_explorer.data import container
from vae_explorer.data.container import DataError, File, damage_told

VALUES_AT_ONCE = 1 << 20  # of a piece, but at least one row


@dataclass(frozen=True, eq=False)
class Stored:
    """Whoever reads it knows by its header how much comes; one byte more or less, and the file is refused."""

    file: File
    shape: tuple[int, ...]
    dtype: np.dtype
    content: Callable[[], AbstractContextManager[BufferedIOBase]]  # opened at the first value
    order: Literal["C", "F"] = "C"

    def __str__(self) -> str:
        return str(self.file)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def rows(self) -> Iterator[Shaped[np.ndarray, "m *row"]]:
        """Pieces of consecutive rows (along the first axis), in a buffer that is used again. For the order C."""
        self.admit()
        at_once = max(1, VALUES_AT_ONCE // max(1, prod(self.shape[1:])))
        buffer = np.empty((min(at_once, self.shape[0]), *self.shape[1:]), self.dtype)
        done = 0
        with damage_told(str(self)), self.content() as stream:
            while done < self.shape[0]:
                piece = buffer[: self.shape[0] - done]
                self._fill(stream, piece, done * piece[0].nbytes)
                yield piece
                done += len(piece)
            self._end(stream)

    def whole(self) -> Job[Shaped[np.ndarray, "*shape"]]:
        """All of it, where it is not too much for the memory."""
        self.admit()
        if self.nbytes > container.MAX_BYTES:
            raise DataError(
                f"{self} has {self.nbytes:,} bytes; at most {container.MAX_BYTES >> 30} GiB can be read at once"
            )
        values = np.empty(prod(self.shape), self.dtype)
        with damage_told(str(self)), self.content() as stream:
            for start in range(0, len(values), VALUES_AT_ONCE):
                piece = values[start : start + VALUES_AT_ONCE]
                self._fill(stream, piece, start * self.dtype.itemsize)
                yield Progress(start + len(piece), len(values), "values")
            self._end(stream)
        return values.reshape(self.shape, order=self.order)

    @property
    def nbytes(self) -> int:
        """As the header says."""
        return prod(self.shape) * self.dtype.itemsize

    def admit(self) -> None:
        """Raises DataError where it is not safe to read: before anything is made that is as large as it says."""
        if why := objects(self):
            raise DataError(why)
        container.refuse_bomb(self.file, self.nbytes)

    def _fill(self, stream: BufferedIOBase, values: Shaped[np.ndarray, "*shape"], before: int) -> None:
        """Reads as many values as the array takes; so many bytes of the content came before."""
        place, done = values.reshape(-1).view(np.uint8).data, 0
        while done < len(place):
            count = stream.readinto(place[done : done + container.CHUNK])
            if not count:
                declared = f"its header declares {self.nbytes:,} bytes of values, {before + done:,} follow"
                raise DataError(f"{self} is truncated: {declared}")
            done += count

    def _end(self, stream: BufferedIOBase) -> None:
        if stream.read(1):
            raise DataError(f"{self} has extra data after the {self.nbytes:,} bytes of values that its header declares")


def read(array: Shaped[np.ndarray, "*shape"] | Stored) -> Job[Shaped[np.ndarray, "*shape"]]:
    """All of an array, wherever it is."""
    return (yield from array.whole()) if isinstance(array, Stored) else array


def objects(array: Shaped[np.ndarray, "..."] | Stored, *, text: bool = False) -> str:
    """Why an array cannot be used that holds Python objects, only pickle could load them, and that could run anything,
    and what to do, for numbers or for text; empty where it holds none."""
    if not array.dtype.hasobject:
        return ""
    name = str(array) if isinstance(array, Stored) else "it"
    line = "labels = np.array(labels, dtype=str)" if text else "images = np.stack(list(images))"
    return f"{name} holds pickled Python objects, which are never loaded; make it a plain array and save again: {line}"
