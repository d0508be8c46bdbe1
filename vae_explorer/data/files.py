"""Data sets from files: IDX, NPZ, NPY, a folder of images, a ZIP of any of these. Files are hostile until read."""

import stat
from collections.abc import Sequence
from pathlib import Path

from vae_explorer.core.progress import Job
from vae_explorer.data import container
from vae_explorer.data.container import DataError, File, damage_told
from vae_explorer.data.formats import idx, npy
from vae_explorer.data.formats.folder import reader as pictures
from vae_explorer.data.image_set import DataSet, Skipped
from vae_explorer.data.picture import KNOWN_SUFFIXES
from vae_explorer.data.reading import AUTOMATIC, Reading
from vae_explorer.errors import shown

__all__ = ["DataError", "read"]

ZIP_MAGIC = b"PK"
ACCEPTED = "a folder or ZIP of images, an IDX file or the four files of MNIST, an NPZ or an NPY"


def read(path: Path, reading: Reading = AUTOMATIC) -> Job[DataSet]:
    """The data set that a file or a folder holds; raises DataError, one sentence, where it holds none."""
    try:
        about = path.stat()
    except (OSError, ValueError) as error:  # ValueError: a path that no file system takes
        raise DataError(f"{shown(path)} does not exist, or is not accessible") from error
    if stat.S_ISDIR(about.st_mode):
        name = shown(path.resolve().name) or "data"
        files, skipped = yield from container.folder(path)
        return (yield from _read_files(name, path, files, skipped, reading))
    if not stat.S_ISREG(about.st_mode):
        raise DataError(f"{shown(path.name)} is a device or a pipe; expected {ACCEPTED}")
    return (yield from _read_file(container.single(path), reading))


def _read_file(file: File, reading: Reading) -> Job[DataSet]:
    with damage_told(file.path.name), file.open() as stream:
        start = stream.read(len(npy.MAGIC))
    name = shown(file.path.name.removesuffix(".gz").removesuffix(file.path.suffix))
    if start.startswith(ZIP_MAGIC):
        return (yield from _read_zip(name, file, reading))
    if start == npy.MAGIC:
        return (yield from npy.from_npy_files(name, file.path, [file], reading))
    if start.startswith(idx.GZIP_MAGIC) or idx.is_idx(start):
        parts = {idx.split_of(file.path.name): idx.Part(file, _labels_beside(file))}
        return (yield from idx.read(name, file.path, parts, reading))
    raise DataError(f"{shown(file.path.name)} is not a data set; expected {ACCEPTED}")


def _read_zip(name: str, file: File, reading: Reading) -> Job[DataSet]:
    with container.members(file) as files:
        return (yield from _read_files(name, file.path, files, [], reading))


def _read_files(
    name: str, path: Path, files: Sequence[File], skipped: Sequence[Skipped], reading: Reading
) -> Job[DataSet]:
    """Several files as one data set: MNIST's four, else pictures, else arrays, else NPZ files."""
    parts = idx.parts(files)
    if parts:
        return (yield from idx.read(name, path, parts, reading))
    suffixes = [file.path.suffix.lower() for file in files]
    if not KNOWN_SUFFIXES.intersection(suffixes):
        arrays = [file for file, suffix in zip(files, suffixes, strict=True) if suffix == ".npy"]
        npz = [file for file, suffix in zip(files, suffixes, strict=True) if suffix == ".npz"]
        if arrays:
            return (yield from npy.from_npy_files(name, path, arrays, reading))
        if len(npz) == 1:
            return (yield from _read_zip(name, npz[0], reading))
        if npz:
            return (yield from npy.from_npz_files(name, path, npz, reading))
    return (yield from pictures.read(name, files, skipped, reading))


def _labels_beside(images: File) -> File | None:
    """The labels' file of a single file of images, where their names tell that they belong together."""
    name = idx.labels_name(images.path.name)
    if name != images.path.name.removesuffix(".gz"):
        for path in (images.path.with_name(name), images.path.with_name(f"{name}.gz")):
            if path.is_file():
                return container.single(path)
    return None
