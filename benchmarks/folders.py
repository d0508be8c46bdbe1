"""A large folder of pictures: how fast it is read beside Pillow alone, how fast it is opened again, how much memory
that takes, and how late a 16 ms timer is meanwhile.

The pictures are PNG files of 64 × 64 that are made in a temporary folder. Pillow alone reads some of them on one core,
before and after; what all cores could do is that times their number. On a busy machine look at the processor's time.
Anonymous memory is what cannot be given back: mapped pages are not in it.
"""

import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import report
from PIL import Image
from report import Figure

from vae_explorer.core.progress import finish
from vae_explorer.data.files import read
from vae_explorer.data.formats.folder import decoding

SIDE = 64  # pixels
FOLDERS = 100
BASELINE = 2000  # pictures that Pillow reads alone
T = TypeVar("T")


def main() -> None:
    parser = report.options(__doc__)
    parser.add_argument("--pictures", type=int, help="how many (default: 100,000, or 10,000 with --quick)")
    asked = parser.parse_args()
    count = asked.pictures or (10_000 if asked.quick else 100_000)
    with tempfile.TemporaryDirectory() as place:
        os.environ["VAE_EXPLORER_HOME"] = str(Path(place, "home"))
        folder = _made(Path(place, "pictures"), count)
        alone, alone_work = _pillow(folder)
        worked = time.process_time()
        data, first, memory, late = _measured(lambda: finish(read(folder)))
        work = (time.process_time() - worked) / count
        after, after_work = _pillow(folder)
        alone, alone_work = (alone + after) / 2, (alone_work + after_work) / 2
        assert len(data) == count
        bare = count * np.prod(data.image_shape) / 2**20
        del data
        _, again, _, _ = _measured(lambda: finish(read(folder)))
    cores = decoding._cores()
    rate = count / first
    figures = [
        Figure("Pillow alone, one core", alone, "pictures/s"),
        Figure("read", rate, "pictures/s", (">=", 0.8 * alone * cores)),
        Figure(f"of Pillow alone on {cores} cores", 100 * rate / (alone * cores), "%", (">=", 80)),
        Figure("processor time of a picture, of Pillow's alone", 100 * work / alone_work, "%", ("<=", 125)),
        Figure("opened again", again, "s", ("<=", 1.0)),
        Figure("anonymous memory above the start", memory, "MB", ("<=", 600)),
        Figure("a timer of 16 ms, latest", late, "ms", ("<=", 100)),
    ]
    notes = [f"{count:,} pictures, {bare:,.0f} MB of pixels; the timer is a thread of its own, which waits for Python"]
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


def _measured(work: Callable[[], T]) -> tuple[T, float, float, float]:
    """The result, seconds, the most anonymous memory above the start in MB, the latest tick in milliseconds."""
    before, most, latest = _anonymous(), 0.0, 0.0
    ended = threading.Event()

    def watch() -> None:
        nonlocal most, latest
        last = time.perf_counter()
        while not ended.wait(0.016):
            now = time.perf_counter()
            latest, last = max(latest, (now - last) * 1000 - 16), now
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
    return result, seconds, most, latest


def _anonymous() -> float:
    """MB in memory that are no file's; 0 where the system does not say."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024


if __name__ == "__main__":
    main()
