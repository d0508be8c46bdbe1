"""Reads every file of a folder as a picture, each in a process of its own: an image or one sentence, how soon, and
how much memory. Nothing may crash, take over 5 s, or more than 400 MB. Needs a system that can fork.

A real collection of bad files is Tests/images in the sources of Pillow:
    pip download --no-deps --no-binary :all: pillow
"""

import multiprocessing
import os
import resource
import sys
import time
import traceback
from collections import Counter
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from report import Figure, options, progress, show

from vae_explorer import errors
from vae_explorer.data import picture
from vae_explorer.export.picture import png

TIME_LIMIT = 5.0  # seconds a file
MEMORY_LIMIT = 400  # MB above the start
QUICK_FILES = 200


@dataclass(frozen=True)
class Outcome:
    """What became of one file."""

    path: Path
    kind: str  # "image", "sentence", "crashed", "hung" or "wrong"
    said: str
    seconds: float = 0.0
    megabytes: float = 0.0  # of memory at the peak, above the start


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("folder", type=Path, help="whose files are read, those of its sub-folders too")
    parser.add_argument("--verbose", action="store_true", help="also print a line for each file")
    arguments = parser.parse_args()
    files = sorted(Path(root) / name for root, _, names in os.walk(arguments.folder) for name in names)
    picture.read(png(np.zeros((9, 9, 3), np.uint8)))  # what loads at the first picture is no picture's cost
    outcomes = []
    for i, path in enumerate(files[:: max(1, len(files) // QUICK_FILES)] if arguments.quick else files):
        progress(f"{i} of {len(files)}: {errors.shown(path.name)}")
        outcomes.append(tried(path))
        if arguments.verbose:
            last = outcomes[-1]
            print(f"{last.kind:8} {last.seconds:6.2f} s {last.megabytes:5.0f} MB  {last.said}", file=sys.stderr)
    progress("")
    if not outcomes:
        sys.exit(f"{errors.shown(arguments.folder)} holds no files")
    counts = Counter(one.kind for one in outcomes)
    slowest, largest = max(outcomes, key=lambda one: one.seconds), max(outcomes, key=lambda one: one.megabytes)
    figures = [
        Figure("files", len(outcomes), "files"),
        Figure("became an image", counts["image"], "files"),
        Figure("got a sentence", counts["sentence"], "files"),
        Figure("crashed", counts["crashed"], "files", ("<=", 0)),
        Figure(f"took over {TIME_LIMIT:.0f} s", counts["hung"], "files", ("<=", 0)),
        Figure("neither an image nor one sentence", counts["wrong"], "files", ("<=", 0)),
        Figure("slowest", slowest.seconds, "s", ("<=", TIME_LIMIT)),
        Figure("most memory above the start", largest.megabytes, "MB", ("<=", MEMORY_LIMIT)),
    ]
    bad = [f"{one.kind}: {one.said}" for one in outcomes if one.kind not in ("image", "sentence")]
    notes = [f"slowest: {errors.shown(slowest.path.name)}", f"most memory: {errors.shown(largest.path.name)}", *bad]
    show("Bad images", figures, notes, as_json=arguments.json)


def tried(path: Path) -> Outcome:
    """Reads one file in a child of this process, which is ended when it takes too long."""
    context = multiprocessing.get_context("fork")
    mine, its = context.Pipe(duplex=False)
    child = context.Process(target=_read, args=(path, its))
    child.start()
    its.close()
    start = time.perf_counter()
    try:
        answer = mine.recv() if mine.poll(TIME_LIMIT) else ("hung", str(path))
    except EOFError:
        child.join()
        answer = "crashed", f"{path}: exit code {child.exitcode}"
    child.kill()
    child.join()
    return Outcome(path, *answer) if len(answer) > 2 else Outcome(path, *answer, time.perf_counter() - start)


def _read(path: Path, answer: Connection) -> None:
    before, start = _peak(), time.perf_counter()
    try:
        read = picture.read(path)
        h, w, c = read.pixels.shape
        kind = "image" if read.pixels.dtype == np.uint8 and c in (1, 3) and min(h, w) > 0 else "wrong"
        said = f"{read.name}: {w} × {h} × {c}"
    except picture.PictureError as error:
        said = str(error)
        kind = "sentence" if said.isprintable() and len(said) < 400 else "wrong"
    except BaseException:
        kind, said = "crashed", f"{path}: {traceback.format_exc()}"
    answer.send((kind, said, time.perf_counter() - start, _peak() - before))


def _peak() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20) if sys.platform == "darwin" else peak / 1024  # macOS counts bytes


if __name__ == "__main__":
    main()
