"""How long the embedded data set takes to draw, and how much like handwriting it is.

Seconds to draw all 70,000 digits, nothing cached. The three nearest neighbours (in pixels) among 10,000 drawn digits
name the digits of MNIST's test images; beside them the same with 10,000 of MNIST's own training images, which is the
most that drawn ones could reach, and the guess of always the same digit. With --quick 20,000 digits are drawn and
2,000 test images are named.

    python benchmarks/drawn_digits.py [--quick] [--json]
"""

import time
from statistics import median

import numpy as np
from report import Figure, options, progress, show
from sklearn.neighbors import KNeighborsClassifier

from vae_explorer.core.progress import finish
from vae_explorer.data import catalog
from vae_explorer.data.drawn.digits import DRAWN_DIGITS
from vae_explorer.data.drawn.drawn_set import DRAWN_AT_ONCE, SEED
from vae_explorer.data.image_set import ImageSet

ALL = DRAWN_DIGITS.train + DRAWN_DIGITS.test
QUICK, QUICK_NAMED = 20_000, 2_000  # images
NEIGHBOURS, KNOWN = 3, 10_000
TURNS = 3
AIM = 60.0  # per cent
NO_MNIST = "MNIST is not on this machine, so no neighbours were looked for: vae-explorer data fetch mnist"


def main() -> None:
    chosen = options(__doc__).parse_args()
    count = QUICK if chosen.quick else ALL
    seconds = []
    for turn in range(1 if chosen.quick else TURNS):
        progress(f"drawing, turn {turn + 1}")
        started = time.perf_counter()
        images, digits = _drawn(count)
        seconds.append(time.perf_counter() - started)
    figures = [
        Figure(f"drawing {ALL:,} digits", median(seconds) * ALL / count, "s"),
        Figure("drawn", count / median(seconds), "images/s"),
    ]
    notes = [f"the time of {count:,} digits, {ALL / count:g} times"] if count < ALL else []
    if catalog.where("mnist") is None:
        notes.append(NO_MNIST)
    else:
        progress("looking for neighbours")
        figures += _neighbours(images[:KNOWN], digits[:KNOWN], QUICK_NAMED if chosen.quick else None)
    progress("")
    show("drawn digits", figures, notes, as_json=chosen.json)


def _drawn(count: int) -> tuple[np.ndarray, np.ndarray]:
    """As the data set itself draws them, a thousand at a time."""
    digits = DRAWN_DIGITS.labels[:count]
    parts = range(0, count, DRAWN_AT_ONCE)
    drawn = [DRAWN_DIGITS.draw(digits[i : i + DRAWN_AT_ONCE], SEED, i)[0] for i in parts]
    return np.concatenate(drawn), digits


def _neighbours(images: np.ndarray, digits: np.ndarray, named: int | None) -> list[Figure]:
    mnist = finish(catalog.load("mnist"))
    assert mnist.test is not None
    assert mnist.train.labels is not None
    assert mnist.test.labels is not None
    test = mnist.test.take(slice(0, named))
    commonest = 100 * np.bincount(mnist.test.labels).max() / len(mnist.test)
    handwritten = _accuracy(mnist.train.images[:KNOWN], mnist.train.labels[:KNOWN], test)
    return [
        Figure(
            f"MNIST's test images named by {KNOWN:,} drawn digits", _accuracy(images, digits, test), "%", (">=", AIM)
        ),
        Figure(f"named by {KNOWN:,} handwritten digits", handwritten, "%"),
        Figure("always the commonest digit", float(commonest), "%"),
    ]


def _accuracy(images: np.ndarray, labels: np.ndarray, test: ImageSet) -> float:
    """Per cent of the test images."""
    classifier = KNeighborsClassifier(NEIGHBOURS, algorithm="brute").fit(_flat(images), labels)
    return 100 * float(classifier.score(_flat(test.images), test.labels))


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).astype(np.float32) / 255


if __name__ == "__main__":
    main()
