"""The pages of a TIFF and the pictures of an animation: each is an image of a data set."""

from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from vae_explorer.core.progress import Job, Progress
from vae_explorer.data import picture
from vae_explorer.data.container import MAX_BYTES, DataError, File, read_bytes
from vae_explorer.data.formats import arrays
from vae_explorer.data.image_set import DataSet
from vae_explorer.data.picture import Layers, PictureError
from vae_explorer.data.reading import Reading
from vae_explorer.data.recognise import START, not_read


def read(name: str, path: Path, file: File, reading: Reading) -> Job[DataSet]:
    """All pictures of a file that holds several of one size. Raises DataError, of a single picture too."""
    content = read_bytes(file, picture.MAX_BYTES)
    frames: list[Layers] = []
    try:
        for frame in picture.frames(content, str(file)):
            yield Progress(len(frames), frame.frames, "images")
            if frame.frames == 1:
                raise DataError(f"{file} {not_read(content[:START], path.name, 'data')}")
            frames.append(frame)
            if frame.values.nbytes * len(frames) > MAX_BYTES:
                raise DataError(f"{file} has too many pictures: {len(frames):,} of them fill {MAX_BYTES >> 30} GiB")
    except PictureError as error:
        raise DataError(str(error)) from error
    sizes = sorted({frame.file_size for frame in frames})
    if len(sizes) > 1:
        smallest, *_, largest = (f"{width} × {height}" for width, height in sizes)
        raise DataError(
            f"{file} has pictures of several sizes, {smallest} to {largest}; save each as PNG and open the folder"
        )
    part = arrays.Part(str(file), _stacked(frames))
    return (yield from arrays.data_set(name, path, part, reading=reading))


def _stacked(frames: list[Layers]) -> Shaped[np.ndarray, "n h w c"]:
    """The values as they are stored where all are of one kind and opaque, otherwise grey levels and alpha."""
    kinds, is_opaque = {frame.values.dtype for frame in frames}, all(frame.alpha is None for frame in frames)
    channels = 3 if any(map(_is_coloured, frames)) else 1
    shape = (len(frames), *frames[0].values.shape[:2])
    if is_opaque:
        as_stored = len(kinds) == 1
        stack = np.empty((*shape, channels), frames[0].values.dtype if as_stored else np.uint8)
        for image, frame in zip(stack, frames, strict=True):
            image[:] = (frame.values if as_stored else frame.levels)[..., :channels]
        return stack
    stack = np.empty((*shape, 4), np.uint8)
    for image, frame in zip(stack, frames, strict=True):
        image[..., :3] = frame.levels
        image[..., 3] = 255 if frame.alpha is None else frame.alpha
    return stack


def _is_coloured(frame: Layers) -> bool:
    """A GIF has a palette and a WebP three channels, also where all is grey."""
    return frame.values.shape[2] == 3 and not bool((frame.values == frame.values[..., :1]).all())
