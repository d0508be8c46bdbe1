"""Images of an array that may be larger than the memory: none is copied before it is asked for."""

from typing import Any

import numpy as np
from jaxtyping import Int64, UInt8


class Rows:
    """Some images of a larger array, by their numbers. Indexed like an array, it gives arrays."""

    def __init__(self, images: UInt8[np.ndarray, "all c h w"], at: Int64[np.ndarray, "n"]):
        self._images, self._at = images, at
        self.shape = (len(at), *images.shape[1:])
        self.dtype = images.dtype

    def __len__(self) -> int:
        return len(self._at)

    def __getitem__(self, which: Any) -> Any:
        """A copy of these images: one for a number, several for a slice or an array of numbers."""
        return np.asarray(self._images[self._at[which]])

    def take(self, which: Any) -> "Rows":
        return Rows(self._images, self._at[which])
