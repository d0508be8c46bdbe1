"""What all drawn data sets do: they are drawn once, with progress, and come whole from the cache or not at all."""

from dataclasses import replace

import numpy as np
import pytest

from vae_explorer.core.progress import finish
from vae_explorer.data.drawn import drawn_set
from vae_explorer.data.drawn.digits import DRAWN_DIGITS
from vae_explorer.data.drawn.shapes import DRAWN_SHAPES
from vae_explorer.data.image_set import DataSet


@pytest.fixture(params=[DRAWN_DIGITS, DRAWN_SHAPES], ids=lambda drawn: drawn.name)
def small(request, monkeypatch, tmp_path):
    monkeypatch.setenv("VAE_EXPLORER_HOME", str(tmp_path))
    monkeypatch.setattr(drawn_set, "DRAWN_AT_ONCE", 25)
    return replace(request.param, train=60, test=20)


def content(data: DataSet) -> bytes:
    arrays = ((part.images, part.labels, *part.factors.values()) for part in (data.train, data.test))
    return b"".join(array.tobytes() for part in arrays for array in part)


def test_the_set_has_both_parts_with_labels_and_factors(small):
    data = finish(small.load())
    drawn, factors = small.draw(np.arange(80) % len(small.classes), drawn_set.SEED, 0)
    assert data.name == data.train.name == small.name
    assert (data.train.split, data.test.split) == ("train", "test")
    assert data.classes == small.classes
    assert data.test.labels.dtype == np.int64
    np.testing.assert_array_equal(np.bincount(data.test.labels), [20 // len(small.classes)] * len(small.classes))
    np.testing.assert_array_equal(np.concatenate([data.train.images, data.test.images]), small.paint(drawn, factors))
    assert data.train.factors.keys() == data.test.factors.keys() == factors.keys()
    for name, values in factors.items():
        np.testing.assert_array_equal(data.test.factors[name], values[60:])


def test_drawing_reports_how_far_it_is_and_reading_has_nothing_to_report(small):
    assert [(at.done, at.total) for at in small.load()] == [(0, 80), (25, 80), (50, 80), (75, 80)]
    assert list(small.load()) == []


def test_what_is_read_from_the_cache_is_what_was_drawn_and_may_be_written_to(small):
    fresh = finish(small.load())
    again = finish(replace(small, draw=None).load())
    assert content(again) == content(fresh)
    assert again.train.images.flags.writeable  # torch warns of arrays that are not


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: b"",
        lambda file: file[:20],
        lambda file: file[:-1],
        lambda file: file + b"x",
        lambda file: file[:5000] + bytes([file[5000] ^ 1]) + file[5001:],
        lambda file: bytes([file[0] ^ 1]) + file[1:],
    ],
    ids=["empty", "within the digest", "truncated", "too long", "a flipped bit", "another digest"],
)
def test_a_damaged_cache_is_drawn_again(small, damage):
    fresh, whole = finish(small.load()), small.cache_file.read_bytes()
    small.cache_file.write_bytes(damage(whole))
    assert content(finish(small.load())) == content(fresh)
    assert small.cache_file.read_bytes() == whole


def test_a_cache_that_cannot_be_written_is_done_without(small):
    small.cache_file.mkdir()
    assert len(finish(small.load()).train) == 60


def test_a_cancelled_drawing_leaves_no_file(small):
    job = small.load()
    next(job)
    job.close()
    assert list(small.cache_file.parent.iterdir()) == []


def test_another_version_of_the_drawing_is_not_read_from_the_old_cache(small):
    finish(small.load())
    assert len(list(replace(small, version=2).load())) == 4
