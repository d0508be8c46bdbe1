"""Pictures that were read once are opened from the user's cache folder, as long as nothing has changed."""

import errno
import json
import os
import random
import shutil
import tarfile
import time
import zipfile
from contextlib import closing
from pathlib import Path

import mutators
import numpy as np
import pytest
from PIL import Image

from vae_explorer.core.progress import finish
from vae_explorer.data import picture
from vae_explorer.data.container import DataError
from vae_explorer.data.files import read
from vae_explorer.data.formats.folder import cache, decoding
from vae_explorer.data.image_set import Rows
from vae_explorer.data.reading import Reading

PIXELS = np.random.default_rng(2).integers(0, 256, (20, 9, 9), dtype=np.uint8)


@pytest.fixture(autouse=True)
def _all_is_worth_keeping(monkeypatch):
    monkeypatch.setattr(cache, "WORTH_KEEPING", 0)


@pytest.fixture
def decodings(monkeypatch):
    """The names of the pictures that are decoded."""
    names = []
    layers = picture.layers

    def noted(content, name):
        names.append(name)
        return layers(content, name)

    monkeypatch.setattr(picture, "layers", noted)
    return names


@pytest.fixture
def folder(tmp_path):
    for i, pixels in enumerate(PIXELS):
        path = tmp_path / "set" / ("test" if i > 15 else "train") / "ab"[i % 2] / f"{i:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    (tmp_path / "set" / "train" / "a" / "00a.png").write_bytes(b"no picture")
    Image.fromarray(PIXELS[0].repeat(2, 0)).save(tmp_path / "set" / "train" / "a" / "tall.png")
    return tmp_path / "set"


def loaded(folder, **reading):
    return finish(read(folder, Reading(**reading)))


def changed(rest, dtype) -> None:
    """The images of a set become zeros of another type, or of the same; the file was written later."""
    path = next(rest.parent.glob("*.npy"))
    before = path.stat()
    np.save(path, np.zeros(np.load(path).shape, dtype))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 10_000_000))


def held() -> list[str]:
    return sorted(path.suffix for path in cache.folder().iterdir())


def test_what_was_read_is_opened_again_the_same_and_nothing_is_decoded(folder, decodings):
    first = loaded(folder)
    assert len(decodings) > 22
    decodings.clear()
    again = loaded(folder)
    assert decodings == []
    for data in (first, again):
        assert isinstance(data.train.images, np.memmap)
        order = [*range(0, 16, 2), 20, *range(1, 16, 2)]  # by folders; the tall one is last of a
        assert np.array_equal(np.delete(data.train.images[:, 0], 8, 0), PIXELS[[i for i in order if i != 20]])
        assert np.array_equal(data.test.images[:, 0], PIXELS[[16, 18, 17, 19]])
        assert (data.classes, data.test.labels.tolist()) == (("a", "b"), [0, 0, 1, 1])
        assert [one.path.name for one in data.skipped] == ["00a.png"]
    for part in ("skipped", "notes", "sizes", "reading", "name"):
        assert getattr(first, part) == getattr(again, part)
    assert held() == [".json", ".npy"]


@pytest.mark.parametrize("change", ["content", "one more", "one less", "reading"])
def test_what_has_changed_is_read_anew(folder, change, decodings):
    loaded(folder)
    decodings.clear()
    path = folder / "train" / "b" / "01.png"
    if change == "content":  # of the same size
        before = path.stat()
        Image.fromarray(PIXELS[1].T).save(path)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    elif change == "one more":
        shutil.copy(path, path.with_name("02.png"))
    elif change == "one less":
        path.unlink()
    loaded(folder, fit="pad" if change == "reading" else "crop")
    assert decodings


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b"{"),
        lambda path: path.write_text(json.dumps({"images": "../../other.npy"})),
        lambda path: path.unlink(),
        lambda path: next(path.parent.glob("*.npy")).write_bytes(b""),
        lambda path: os.truncate(next(path.parent.glob("*.npy")), 200),
        lambda path: path.write_bytes(b"[" * 100_000),
        lambda path: path.write_bytes(b'"text"'),
        lambda path: path.write_bytes(path.read_bytes().replace(b'["a", "b"]', b'["b", "a"]')),  # classes
        lambda path: changed(path, dtype=np.float32),
        lambda path: changed(path, dtype=np.uint8),  # other pixels
    ],
)
def test_a_cache_that_is_damaged_is_read_anew(folder, damage):
    whole = loaded(folder).train.images[:].copy()
    damage(next(cache.folder().glob("*.json")))
    assert np.array_equal(loaded(folder).train.images, whole)


def test_any_damage_gives_the_same_set_again(folder):
    whole, dice = loaded(folder), random.Random(3)
    rest = next(cache.folder().glob("*.json"))
    content = rest.read_bytes()
    place = cache.Place(rest.parent, rest.stem)
    for _ in range(300):
        rest.write_bytes(mutators.mutant(content, dice))
        data = place.found()
        assert data is None or (data.classes, data.notes, data.skipped) == (whole.classes, whole.notes, whole.skipped)
        assert data is None or np.array_equal(data.train.labels, whole.train.labels)
    rest.write_bytes(content)
    assert place.found() is not None


def test_two_programs_may_read_the_same_folder_at_once(folder, monkeypatch):
    whole = loaded(folder).train.images[:].copy()
    cache.empty()
    with closing(read(folder)) as job:
        for report in job:
            if report.total > 20:  # it writes its images
                break
        monkeypatch.setattr(cache, "LARGEST", 0)  # the other one removes all but its own
        other = loaded(folder)
        first = finish(job)
    for data in (first, other, loaded(folder)):
        assert np.array_equal(data.train.images, whole)


def test_what_another_program_removes_meanwhile_is_no_fault(folder, monkeypatch):
    loaded(folder, size=8)
    ours = Path.glob

    def gone(path, pattern):
        return [*ours(path, pattern), *([path / "gone.json"] if pattern in ("*", "*.json") else [])]

    monkeypatch.setattr(Path, "glob", gone)
    assert len(loaded(folder, size=9).train) == 17
    assert cache.size() > 0


def test_a_full_disk_is_no_fault_while_there_is_memory(folder, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(cache.atomic, "write", full)
    assert len(loaded(folder).train) == 17
    monkeypatch.setattr(cache, "_reserve", full)
    assert len(loaded(folder).train) == 17
    assert held() == []


def test_a_job_that_is_given_up_or_fails_leaves_nothing(folder):
    with closing(read(folder)) as job:
        for report in job:
            if report.total > 20:  # beyond the guess
                break
    assert held() == []
    with pytest.raises(DataError):
        loaded(folder, black=3.0, white=3.0)
    assert held() == []


def test_what_was_used_longest_ago_goes_when_there_is_too_much(folder, monkeypatch):
    for hours, size in ((3, 8), (1, 9), (2, 10)):
        loaded(folder, size=size)
        newest = max(cache.folder().glob("*.json"), key=lambda path: path.stat().st_mtime)
        os.utime(newest, (time.time() - hours * 3600,) * 2)
    loaded(folder, size=8)  # used again
    monkeypatch.setattr(cache, "LARGEST", cache.size() * 9 // 10)
    loaded(folder, size=11)
    kept = [json.loads(path.read_bytes())["reading"]["size"] for path in cache.folder().glob("*.json")]
    assert 10 not in kept
    assert {8, 11} <= set(kept)
    assert len(list(cache.folder().glob("*.npy"))) == len(kept)


def test_a_disk_without_room_is_said_with_the_remedy_where_the_memory_has_none(folder, monkeypatch):
    monkeypatch.setattr(cache, "SPARE", 1 << 62)
    data = loaded(folder)
    assert not isinstance(data.train.images, np.memmap)  # it fits into memory
    assert held() == []
    monkeypatch.setattr(decoding, "MAX_BYTES", 1000)
    with pytest.raises(DataError, match=r"the disk has 0\.0 GiB for them: choose fewer \(--limit 12\)"):
        loaded(folder)


def test_images_that_a_kill_left_are_removed_after_a_day(folder):
    cache.folder().mkdir()
    old, new = cache.folder() / "a-1.npy", cache.folder() / "a-2.npy"
    for path in (old, new):
        path.write_bytes(b"x")
    os.utime(old, (time.time() - cache.ABANDONED - 60,) * 2)
    loaded(folder)
    assert (old.exists(), new.exists()) == (False, True)


def test_it_can_be_emptied(folder):
    loaded(folder)
    size = cache.size()
    assert size > PIXELS.nbytes
    assert cache.empty() == size
    assert (cache.size(), held()) == (0, [])


def test_few_small_files_are_not_kept(folder, monkeypatch):
    monkeypatch.setattr(cache, "WORTH_KEEPING", 16 << 20)
    assert not isinstance(loaded(folder).train.images, np.memmap)


def test_parts_of_mapped_images_are_not_copied(folder):
    shutil.rmtree(folder / "test")
    data = loaded(folder)
    parts = [data.part(split, seed=1) for split in ("train", "validation", "test")]
    assert all(isinstance(part.images, Rows) for part in parts)
    everything = np.concatenate([part.images[:] for part in parts])
    assert everything.shape == data.train.images.shape
    assert sorted(map(bytes, everything)) == sorted(map(bytes, data.train.images))
    some = parts[0].take(np.array([3, 1]))
    assert np.array_equal(some.images[:], parts[0].images[np.array([3, 1])])
    assert np.array_equal(some.images[0], parts[0].images[3])
    assert some.image_shape == (1, 9, 9)


def zipped(folder, path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("train/empty.png", b"")  # its checksum is 0
        for file in sorted(folder.rglob("*.png")):
            archive.write(file, file.relative_to(folder))


def tarred(folder, path):
    with tarfile.open(path, "w") as archive:
        archive.add(folder, "set")


@pytest.mark.parametrize(("pack", "suffix"), [(zipped, ".zip"), (tarred, ".tar")])
def test_so_are_those_of_an_archive(folder, tmp_path, decodings, pack, suffix):
    archive = tmp_path / f"packed{suffix}"
    pack(folder, archive)
    first = loaded(archive)
    assert decodings
    decodings.clear()
    assert np.array_equal(loaded(archive).train.images, first.train.images)
    assert decodings == []
    Image.fromarray(PIXELS[3]).save(folder / "train" / "b" / "01.png")  # of the same size
    pack(folder, archive)
    os.utime(archive, ns=(0, archive.stat().st_mtime_ns + 1))
    loaded(archive)
    assert decodings
