"""Training images that lie on the disk: more than the memory holds."""

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor

from vae_explorer.data.image_set import Rows
from vae_explorer.data.preparation import Preparation
from vae_explorer.data.preprocess import to_x

MAX_ON_DEVICE = 4 << 30  # bytes that are brought to a device at once; from more each batch comes on its own


class Mapped:
    """Images as the rows of a tensor; those that are asked for are copied then. With a preparation they are x."""

    def __init__(
        self, images: Rows | UInt8[np.ndarray, "n c h w"], device: torch.device, preparation: Preparation | None = None
    ):
        self._images, self._preparation, self.device = images, preparation, device

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, which: slice | Tensor) -> Tensor:
        images = self._images[which if isinstance(which, slice) else which.cpu().numpy()]
        found = to_x(images, self._preparation) if self._preparation else np.array(images)
        return torch.from_numpy(found).to(self.device)


def as_tensor(
    images: Rows | UInt8[np.ndarray, "n c h w"], device: torch.device, preparation: Preparation | None = None
) -> "Tensor | Mapped":
    """The images on this device, or x: all of them where they are in memory, or fit there."""
    is_mapped = isinstance(images, Rows | np.memmap)
    mapped = Mapped(images, device, preparation)
    if is_mapped and (device.type == "cpu" or np.prod(images.shape, dtype=float) > MAX_ON_DEVICE):
        return mapped
    return mapped[:] if is_mapped or preparation else torch.from_numpy(np.asarray(images)).to(device)
