"""Data sets from files: arrays and tables, folders and archives of images or of these. Files are hostile until read."""

import re
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

from vae_explorer.core.progress import Job
from vae_explorer.data import container, recognise
from vae_explorer.data.container import DataError, File, damage_told
from vae_explorer.data.formats import cifar, csv, frames, idx, mat, npy
from vae_explorer.data.formats.extra import hdf5, parquet
from vae_explorer.data.formats.folder import reader as pictures
from vae_explorer.data.formats.packed import tar
from vae_explorer.data.formats.packed.unpacking import is_packed, unpacked
from vae_explorer.data.image_set import DataSet, Skipped
from vae_explorer.data.picture import KNOWN_SUFFIXES
from vae_explorer.data.reading import AUTOMATIC, Reading
from vae_explorer.errors import shown

__all__ = ["DataError", "read"]

ZIP_MAGIC = b"PK"
_PACKED = re.compile(r"\.(gz|bz2|xz)$", re.IGNORECASE)
ACCEPTED = (
    "a folder, ZIP or TAR of images, an IDX file or the four files of MNIST, NPZ, NPY, MAT, HDF5, Parquet, "
    "a CSV table of pixels or the binary files of CIFAR or STL-10"
)


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
        start = inside = stream.read(recognise.START)
    if is_packed(start):
        with unpacked(file) as stream:
            inside = stream.read(recognise.START)
    name = shown(_PACKED.sub("", file.path.name).removesuffix(".tar"))
    name = name.removesuffix(file.path.suffix) or name
    kind = recognise.recognised(start, file.path.name)
    if start.startswith(ZIP_MAGIC) and (kind is None or kind.read_as == "data"):
        return (yield from _read_zip(name, file, reading))
    if cifar.is_ours(file):
        return (yield from cifar.read(name, file.path, cifar.beside(file), reading))
    for is_it, read_it in _KINDS:
        if is_it(inside if read_it in (_read_tar, csv.read) else start, file.path.name.lower()):
            return (yield from read_it(name, file.path, [file], reading))
    if idx.is_idx(inside):
        parts = {idx.split_of(file.path.name): idx.Part(file, _labels_beside(file))}
        return (yield from idx.read(name, file.path, parts, reading))
    if kind and kind.read_as == "picture":
        return (yield from frames.read(name, file.path, file, reading))
    cifar.refuse_pickled(shown(file.path.name), [file])
    said = f"{shown(file.path.name)}, unpacked," if is_packed(start) else shown(file.path.name)
    raise DataError(f"{said} {recognise.not_read(inside, _PACKED.sub('', file.path.name), 'data')}")


def _read_zip(name: str, file: File, reading: Reading) -> Job[DataSet]:
    with container.members(file) as files:
        return (yield from _read_files(name, file.path, files, [], reading))


def _read_tar(name: str, path: Path, archives: Sequence[File], reading: Reading) -> Job[DataSet]:
    with tar.members(archives) as listing:
        files = yield from listing
        return (yield from _read_files(name, path, files, [], reading))


def _read_parquet(name: str, path: Path, tables: Sequence[File], reading: Reading) -> Job[DataSet]:
    with parquet.members(tables) as listing:
        files = yield from listing
        return (yield from pictures.read(name, files, reading=reading))


def _read_files(
    name: str, path: Path, files: Sequence[File], skipped: Sequence[Skipped], reading: Reading
) -> Job[DataSet]:
    """Several files as one data set: MNIST's four, CIFAR's batches, else pictures, else arrays, else tables."""
    parts = idx.parts(files)
    if parts:
        return (yield from idx.read(name, path, parts, reading))
    if any(map(cifar.is_ours, files)):
        return (yield from cifar.read(name, path, files, reading))
    if not any(file.suffix in KNOWN_SUFFIXES for file in files):
        cifar.refuse_pickled(name, files)
        for suffixes, read_it in _SUFFIXES:
            found = [file for file in files if file.parts[-1].lower().endswith(suffixes)]
            if read_it == _read_tar:  # not of an archive in an archive, which may hold itself
                found = [file for file in found if file.packed is None]
            if found:
                return (yield from read_it(name, path, found, reading))
    return (yield from pictures.read(name, files, skipped, reading))


def _read_npz(name: str, path: Path, files: Sequence[File], reading: Reading) -> Job[DataSet]:
    if len(files) == 1:
        return (yield from _read_zip(name, files[0], reading))
    return (yield from npy.from_npz_files(name, path, files, reading))


_Read = Callable[[str, Path, Sequence[File], Reading], Job[DataSet]]
_KINDS: tuple[tuple[Callable[[bytes, str], bool], _Read], ...] = (  # by how a file begins, and its name
    (lambda start, _: start.startswith(npy.MAGIC), npy.from_npy_files),
    (lambda start, _: start.startswith(mat.MAGIC), mat.read),
    (lambda start, _: start.startswith((hdf5.MAGIC, hdf5.MATLAB)), hdf5.read),
    (lambda start, _: start.startswith(parquet.MAGIC), _read_parquet),
    (tar.is_tar, _read_tar),
    (csv.is_table, csv.read),
)
_SUFFIXES: tuple[tuple[tuple[str, ...], _Read], ...] = (  # of the files in a folder, those first that are likelier
    ((".npy",), npy.from_npy_files),
    ((".npz",), _read_npz),
    ((".mat",), mat.read),
    (hdf5.SUFFIXES, hdf5.read),
    ((".parquet",), _read_parquet),
    (tar.SUFFIXES, _read_tar),
    (csv.SUFFIXES, csv.read),
)


def _labels_beside(images: File) -> File | None:
    """The labels' file of a single file of images, where their names tell that they belong together."""
    name = idx.labels_name(images.path.name)
    if name != images.path.name.removesuffix(".gz"):
        for path in (images.path.with_name(name), images.path.with_name(f"{name}.gz")):
            if path.is_file():
                return container.single(path)
    return None
