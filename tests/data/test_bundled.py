"""The test images that come with the program."""

import numpy as np

from vae_explorer.data import bundled


def test_each_bundled_data_set_has_a_thousand_labelled_images():
    assert bundled.names() == ["drawn-digits", "fashion-mnist", "mnist"]
    for name in bundled.names():
        tests = bundled.tests_of(name)
        assert (tests.images.shape, tests.images.dtype) == ((1000, 1, 28, 28), np.uint8)
        assert len(tests.labels) == 1000
        assert set(tests.labels) == set(range(len(tests.classes)))


def test_other_data_has_none():
    for name in ("", "my-photos", "x" * 5000, "mnist.npz"):
        assert bundled.tests_of(name) is None
