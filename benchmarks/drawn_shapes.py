"""How long the embedded data set of shapes takes to draw, and to read from the cache.

Seconds until all 22,000 images are there, the cache written and then read, in a temporary folder. With --quick once
each.

    python benchmarks/drawn_shapes.py [--quick] [--json]
"""

import os
import time
from statistics import median
from tempfile import TemporaryDirectory

from report import Figure, options, progress, show

from vae_explorer.core.progress import finish
from vae_explorer.data.drawn.shapes import DRAWN_SHAPES

TURNS = 3
DRAWING, READING = 20.0, 1.0  # seconds


def main() -> None:
    chosen = options(__doc__).parse_args()
    drawing, reading = [], []
    for turn in range(1 if chosen.quick else TURNS):
        progress(f"drawing, turn {turn + 1}")
        with TemporaryDirectory() as folder:
            os.environ["VAE_EXPLORER_HOME"] = folder
            drawing.append(_seconds())
            reading.append(_seconds())
            size = DRAWN_SHAPES.cache_file.stat().st_size
    progress("")
    figures = [
        Figure(f"drawing {len(DRAWN_SHAPES.labels):,} shapes", median(drawing), "s", ("<=", DRAWING)),
        Figure("reading them from the cache", median(reading), "s", ("<=", READING)),
        Figure("the cache", size / 1e6, "MB"),
    ]
    show("drawn shapes", figures, as_json=chosen.json)


def _seconds() -> float:
    started = time.perf_counter()
    finish(DRAWN_SHAPES.load())
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
