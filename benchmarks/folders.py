"""A large folder of pictures: how fast it is read beside Pillow alone, how fast it is opened again, how much memory
that takes, and how late the window's 16 ms timer is meanwhile. With --train N instead: the memory of a training on N
images that are mapped from the disk.

The pictures are PNG files of 64 × 64 that are made in a temporary folder. Pillow alone reads some of them on one core,
before and after; what all cores could do is that times their number. On a busy machine look at the processor's time.
Anonymous memory is what cannot be given back: mapped pages are not in it.
"""

import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import report
from PIL import Image
from report import Figure

from vae_explorer.core.progress import finish
from vae_explorer.data.files import read
from vae_explorer.data.formats.folder import cache, decoding
from vae_explorer.data.image_set import DataSet, ImageSet

SIDE = 64  # pixels
FOLDERS = 100
DRAWN = 2000  # images that are not black
SETTLE = 3000  # milliseconds that the window has for itself before it is measured
BASELINE = 2000  # pictures that Pillow reads alone
if TYPE_CHECKING:
    from lateness import Moment

T = TypeVar("T")


def main() -> None:
    parser = report.options(__doc__)
    parser.add_argument("--pictures", type=int, help="how many (default: 100,000, or 10,000 with --quick)")
    parser.add_argument("--train", type=int, metavar="N", help="train on so many images of 64 × 64 in a mapped file")
    asked = parser.parse_args()
    if asked.train:
        _show_training(asked.train, as_json=asked.json)
        return
    count = asked.pictures or (10_000 if asked.quick else 100_000)
    with tempfile.TemporaryDirectory() as place:
        os.environ["VAE_EXPLORER_HOME"] = str(Path(place, "home"))
        folder = _made(Path(place, "pictures"), count)
        alone, alone_work = _pillow(folder)
        worked = time.process_time()
        data, first, memory = _measured(lambda: finish(read(folder)))
        work = (time.process_time() - worked) / count
        after, after_work = _pillow(folder)
        alone, alone_work = (alone + after) / 2, (alone_work + after_work) / 2
        assert len(data) == count
        bare = count * np.prod(data.image_shape) / 2**20
        del data
        _, again, _ = _measured(lambda: finish(read(folder)))
        cache.empty()
        worst = _late_in_window(folder)
    cores = decoding._cores()
    rate = count / first
    figures = [
        Figure("Pillow alone, one core", alone, "pictures/s"),
        Figure("read", rate, "pictures/s", (">=", 0.8 * alone * cores)),
        Figure(f"of Pillow alone on {cores} cores", 100 * rate / (alone * cores), "%", (">=", 80)),
        Figure("processor time of a picture, of Pillow's alone", 100 * work / alone_work, "%", ("<=", 125)),
        Figure("opened again", again, "s", ("<=", 1.0)),
        Figure("anonymous memory above the start", memory, "MB", ("<=", 600)),
        Figure("the window's timer of 16 ms, latest", worst.late, "ms", ("<=", 100)),
    ]
    notes = [
        f"{count:,} pictures, {bare:,.0f} MB of pixels",
        f"at its latest the window's thread had worked for {worst.work:.0f} ms and waited {worst.waited:.0f} ms for a "
        f"core, which other programs have too; {worst.what}",
    ]
    report.show("A folder of pictures", figures, notes, as_json=asked.json)


def _made(folder: Path, count: int) -> Path:
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
    large = np.asarray(Image.fromarray(small).resize((512, 512), Image.Resampling.BICUBIC))
    for i in range(count):
        inside = folder / f"{i % FOLDERS:03}"
        if i < FOLDERS:
            inside.mkdir(parents=True)
        top, left = rng.integers(0, 512 - SIDE, 2)
        Image.fromarray(large[top : top + SIDE, left : left + SIDE]).save(inside / f"{i:07}.png")
    return folder


def _pillow(folder: Path) -> tuple[float, float]:
    """Pictures a second, and processor seconds of a picture."""
    paths = [path for _, path in zip(range(BASELINE), folder.glob("*/*.png"), strict=False)]
    start, worked = time.perf_counter(), time.process_time()
    for path in paths:
        with Image.open(path) as image:
            np.asarray(image)
    return len(paths) / (time.perf_counter() - start), (time.process_time() - worked) / len(paths)


def _late_in_window(folder: Path) -> "Moment":
    """When the window's timer is at its latest while the folder is read."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from lateness import Moment, Ticker
    from PySide6.QtCore import QEventLoop, QTimer

    from vae_explorer import app, process

    sys.setswitchinterval(app.SWITCH_INTERVAL)
    window = app.create(remembers=False)
    process.Collector(window)
    window.show()
    loop = QEventLoop()
    window.session.model.changed.connect(lambda *_: QTimer.singleShot(SETTLE, loop.quit))
    loop.exec()
    ticker = Ticker(lambda: "the folder was opened", window)
    window.session.data.described.connect(loop.quit)
    window.session.data.given_up.connect(loop.quit)
    ticker.start()
    window.session.data.open(folder)
    loop.exec()
    ticker.end()
    worst = max(ticker.moments, key=lambda moment: moment.late, default=Moment(0, max(ticker.late), 0, ""))
    window.session.closed.connect(loop.quit)
    window.close()
    if not window.session.is_closed:
        loop.exec()
    return worst


def _show_training(count: int, *, as_json: bool) -> None:
    """An epoch, validation and test figures of a small model; the images are a sparse file, all but some of them black:
    what is mapped is not less for that."""
    from vae_explorer.training.config import TrainConfig
    from vae_explorer.training.run import Run
    from vae_explorer.training.trainer import Trainer

    with tempfile.TemporaryDirectory() as place:
        shape = (count, 3, SIDE, SIDE)
        images = np.lib.format.open_memmap(Path(place, "images.npy"), "w+", np.uint8, shape)
        images[:DRAWN] = np.random.default_rng(0).integers(0, 256, (min(count, DRAWN), *shape[1:]), dtype=np.uint8)
        images.flush()
        images = np.lib.format.open_memmap(Path(place, "images.npy"), "c")
        config = TrainConfig(data="mapped", epochs=1, batch_size=512, hidden=16, z_dim=4, likelihood="gaussian")
        trainer = Trainer(Run.create(Path(place, "run"), config), data=DataSet("mapped", ImageSet("mapped", images)))
        _, seconds, memory = _measured(lambda: finish(trainer.work()))
    figures = [
        Figure("anonymous memory above the start", memory, "MB", ("<=", 600)),
        Figure("the images", np.prod(shape, dtype=float) / 2**20, "MB"),
        Figure("trained, validated and tested in", seconds, "s"),
    ]
    report.show(f"Training on {count:,} mapped images", figures, as_json=as_json)


def _measured(work: Callable[[], T]) -> tuple[T, float, float]:
    """The result, seconds, the most anonymous memory above the start in MB."""
    before, most = _anonymous(), 0.0
    ended = threading.Event()

    def watch() -> None:
        nonlocal most
        while not ended.wait(0.05):
            most = max(most, _anonymous() - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.perf_counter()
    try:
        result = work()
        seconds = time.perf_counter() - start
    finally:
        ended.set()
        watcher.join()
    return result, seconds, most


def _anonymous() -> float:
    """MB in memory that are no file's; 0 where the system does not say."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024


if __name__ == "__main__":
    main()
