"""The data sets that have a name: where they are on this machine, and where they come from."""

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from vae_explorer import paths
from vae_explorer.core.progress import Job
from vae_explorer.data import download
from vae_explorer.data.container import DataError
from vae_explorer.data.download import RemoteFile
from vae_explorer.data.reading import AUTOMATIC, Reading
from vae_explorer.errors import shown

if TYPE_CHECKING:
    from vae_explorer.data.image_set import DataSet

SYSTEM_FOLDER = Path("/usr/share/datasets")  # where Debian's packages of data sets put them
DEBIAN = Path("/etc/debian_version")


@dataclass(frozen=True)
class Entry:
    """A data set of the catalog; one without remote files is made on this machine."""

    name: str
    title: str
    description: str
    source: str
    licence: str
    classes: tuple[str, ...]
    remote: tuple[RemoteFile, ...] = ()
    debian_package: str = ""

    @property
    def download_size(self) -> int:
        """Bytes to download; 0 where nothing is downloaded."""
        return sum(file.size for file in self.remote)


def _files(mirrors: tuple[str, ...], table: str) -> tuple[RemoteFile, ...]:
    """A line for each file: its name, its size in bytes, its SHA-256."""
    rows = [line.split() for line in table.strip().splitlines()]
    return tuple(RemoteFile(name, int(size), sha256, mirrors) for name, size, sha256 in rows)


_DIGITS = tuple("0123456789")
_CLOTHES = "T-shirt/top, Trouser, Pullover, Dress, Coat, Sandal, Shirt, Sneaker, Bag, Ankle boot"

_ENTRIES = (
    Entry(
        name="mnist",
        title="MNIST",
        description="70,000 handwritten digits, 28 × 28 grey pixels",
        source="Y. LeCun, C. Cortes, C. J. C. Burges: The MNIST database of handwritten digits",
        licence="CC BY-SA 3.0",
        classes=_DIGITS,
        remote=_files(
            ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"),
            """
            train-images-idx3-ubyte.gz 9912422 440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609
            train-labels-idx1-ubyte.gz 28881 3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c
            t10k-images-idx3-ubyte.gz 1648877 8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6
            t10k-labels-idx1-ubyte.gz 4542 f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6
            """,
        ),
    ),
    Entry(
        name="fashion-mnist",
        title="Fashion-MNIST",
        description="70,000 photographs of clothes, 28 × 28 grey pixels",
        source="H. Xiao, K. Rasul, R. Vollgraf (2017): Fashion-MNIST, arXiv:1708.07747",
        licence="MIT",
        classes=tuple(_CLOTHES.split(", ")),
        remote=_files(
            (
                "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
                "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            ),
            """
            train-images-idx3-ubyte.gz 26421880 3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84
            train-labels-idx1-ubyte.gz 29515 a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845
            t10k-images-idx3-ubyte.gz 4422102 346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073
            t10k-labels-idx1-ubyte.gz 5148 67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5
            """,
        ),
        debian_package="dataset-fashion-mnist",
    ),
    Entry(
        name="drawn-digits",
        title="Drawn digits",
        description="70,000 digits drawn on this machine from known factors, 28 × 28 grey pixels",
        source="drawn by this program; nothing is downloaded",
        licence="MIT",
        classes=_DIGITS,
    ),
    Entry(
        name="drawn-shapes",
        title="Drawn shapes",
        description="22,000 shapes drawn on this machine from independent factors, 64 × 64 colour pixels",
        source="drawn by this program; nothing is downloaded",
        licence="MIT",
        classes=("rectangle", "ellipse", "triangle", "heart"),
    ),
)
DATASETS: dict[str, Entry] = {entry.name: entry for entry in _ENTRIES}


def load(data: str, reading: Reading = AUTOMATIC) -> "Job[DataSet]":
    """A data set by its name in the catalog, downloaded if it is not there yet, or by the path of a file or folder."""
    from vae_explorer.data import files  # here, for the window lists the names before it needs Pillow
    from vae_explorer.data.drawn.digits import DRAWN_DIGITS
    from vae_explorer.data.drawn.shapes import DRAWN_SHAPES
    from vae_explorer.data.formats import arrays

    if data not in DATASETS:
        if not os.path.lexists(data):
            raise DataError(_unknown(data))
        return (yield from files.read(Path(data), reading))
    for drawn in (DRAWN_DIGITS, DRAWN_SHAPES):
        if data == drawn.name:
            whole = yield from drawn.load()
            return whole if reading == AUTOMATIC else (yield from arrays.read_again(whole, reading))
    entry = DATASETS[data]
    loaded = yield from files.read((yield from fetch(data)), reading)
    if not set(loaded.classes) <= set(_DIGITS):
        raise DataError(f"The labels of {data} in {where(data)} are not 0 to 9; delete the folder to download it again")
    return replace(
        loaded,
        name=data,
        train=replace(loaded.train, name=data),
        test=replace(loaded.test, name=data) if loaded.test else None,
        classes=tuple(entry.classes[int(label)] for label in loaded.classes),
    )


def available(name: str) -> bool:
    """Whether this data set can be loaded without a network."""
    return not _entry(name).remote or where(name) is not None


def at_hand(name: str) -> bool:
    """Whether it can be read at once, with nothing to be downloaded or drawn first."""
    if _entry(name).remote:
        return where(name) is not None
    try:
        return any(paths.cache_folder().glob(f"{name}-*"))
    except paths.FolderError:
        return False


def where(name: str) -> Path | None:
    """The folder of this machine that holds the whole data set, if there is one; the user's own comes first."""
    entry = _entry(name)
    if entry.remote:
        folders = [SYSTEM_FOLDER / name]
        with suppress(paths.FolderError):  # where it cannot be made, nothing lies in it
            folders.insert(0, paths.data_sets() / name)
        for folder in folders:
            if all(
                (folder / file.name).is_file() or (folder / file.name.removesuffix(".gz")).is_file()
                for file in entry.remote
            ):
                return folder
    return None


def fetch(name: str) -> Job[Path]:
    """The folder of a data set, downloaded or drawn where it is not on this machine; raises DownloadError."""
    entry = _entry(name)
    if not entry.remote:
        yield from load(name)
        return paths.cache_folder()
    folder = where(name)
    if folder is None:
        folder = paths.data_sets() / name
        otherwise = "open a folder that has its four IDX files"
        if entry.debian_package and DEBIAN.exists():
            otherwise += f", or run “apt-get install {entry.debian_package}” as root"
        yield from download.fetch(entry.remote, folder, otherwise)
    return folder


def _entry(name: str) -> Entry:
    if name not in DATASETS:
        raise DataError(_unknown(name))
    return DATASETS[name]


def _unknown(data: str) -> str:
    close = get_close_matches(data.lower(), DATASETS, n=1)
    guess = f" Did you mean {close[0]}?" if close else ""
    return f"There is no data set or file “{shown(data)}”.{guess} The data sets are {', '.join(DATASETS)}."
