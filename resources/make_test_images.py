"""Writes resources/test_images/NAME.npz: the first 1,000 test images of a data set, with their labels.

python resources/make_test_images.py mnist fashion-mnist drawn-digits
"""

import sys
from pathlib import Path

import numpy as np

from vae_explorer.core.progress import finish
from vae_explorer.data import catalog

COUNT = 1000

for name in sys.argv[1:]:
    data = finish(catalog.load(name))
    assert data.test is not None
    assert data.test.labels is not None
    folder = Path(__file__).parent / "test_images"
    folder.mkdir(exist_ok=True)
    np.savez_compressed(
        folder / f"{name}.npz",
        test_images=data.test.images[:COUNT],
        test_labels=data.test.labels[:COUNT],
        classes=np.array(data.classes),
    )
