import errno
import os
import shutil
import stat
import subprocess
import sys
import threading
from contextlib import nullcontext, suppress
from pathlib import Path

import pytest

from vae_explorer.storage import atomic, file_lock


def names(folder):
    return [path.name for path in folder.iterdir()]


@pytest.fixture
def umask():
    old = os.umask(0o027)
    yield
    os.umask(old)


def test_a_whole_file_takes_the_place_of_the_old_one(tmp_path):
    (tmp_path / "file").write_bytes(b"a longer old one")
    atomic.write(tmp_path / "file", b"new\r\n")
    assert (tmp_path / "file").read_bytes() == b"new\r\n"
    assert names(tmp_path) == ["file"]


def test_a_block_that_fails_leaves_the_old_file_and_no_trace(tmp_path):
    (tmp_path / "file").write_bytes(b"old")

    def fail():
        with atomic.replacing(tmp_path / "file") as file:
            file.write(b"half")
            assert len(names(tmp_path)) == 2
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert (tmp_path / "file").read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such rights")
def test_a_file_has_the_rights_that_any_new_file_of_the_user_has(tmp_path, umask):
    atomic.write(tmp_path / "file", b"")
    (tmp_path / "plain").touch()
    modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("file", "plain")}
    assert modes == {"file": 0o640, "plain": 0o640}


def test_the_umask_of_the_process_is_never_touched(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "umask", lambda _mask: pytest.fail("another thread would write with it"))
    atomic.write(tmp_path / "file", b"")


def test_many_threads_may_write_one_file(tmp_path):
    contents = [bytes([i]) * 10_000 for i in range(8)]
    writers = [threading.Thread(target=atomic.write, args=(tmp_path / "file", content)) for content in contents]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert (tmp_path / "file").read_bytes() in contents
    assert names(tmp_path) == ["file"]


def test_what_killed_writers_left_goes_with_the_next_writer_of_that_folder(tmp_path):
    for token in ("0" * 16, "f" * 16):
        (tmp_path / f"{atomic.PREFIX}{token}").write_bytes(b"half")
    atomic.write(tmp_path / "file", b"")
    assert names(tmp_path) == ["file"]


def test_what_a_killed_writer_left_is_told_from_the_users_own_files(tmp_path):
    stale, folder = f"{atomic.PREFIX}{'a' * 16}", f"{atomic.PREFIX}{'b' * 16}"
    own = ["own", f"{atomic.PREFIX}notes", f"{stale}.txt", f"a{stale}"]
    for name in (stale, *own):
        (tmp_path / name).touch()
    (tmp_path / folder).mkdir()
    link = tmp_path / f"{atomic.PREFIX}{'c' * 16}"
    link.symlink_to(tmp_path / "own")
    atomic.remove_stale(tmp_path)
    assert sorted(names(tmp_path)) == sorted([*own, folder, link.name])


def test_a_folder_that_cannot_be_listed_has_nothing_stale(tmp_path):
    atomic.remove_stale(tmp_path / "none")
    (tmp_path / "file").touch()
    atomic.remove_stale(tmp_path / "file")


def test_a_file_that_another_writer_is_at_is_left_alone(tmp_path):
    with atomic.replacing(tmp_path / "slow") as file:
        file.write(b"half, ")
        atomic.write(tmp_path / "quick", b"")  # clears what is stale
        file.write(b"whole")
    assert (tmp_path / "slow").read_bytes() == b"half, whole"
    assert sorted(names(tmp_path)) == ["quick", "slow"]


def test_a_file_that_was_cleared_away_before_its_lock_is_made_anew(tmp_path, monkeypatch):
    take, made = file_lock.take, []

    def late(descriptor):
        with monkeypatch.context() as patch:
            patch.setattr(file_lock, "take", take)
            made.append(names(tmp_path))
            if len(made) == 1:
                atomic.remove_stale(tmp_path)  # as another writer does
        return take(descriptor)

    monkeypatch.setattr(file_lock, "take", late)
    with atomic.replacing(tmp_path / "file") as file:
        file.write(b"whole")
    first, second = made
    assert first != second
    assert (tmp_path / "file").read_bytes() == b"whole"
    assert names(tmp_path) == ["file"]


def test_without_locks_only_what_is_a_day_old_is_stale(tmp_path, monkeypatch):
    monkeypatch.setattr(file_lock, "take", lambda _descriptor: None)
    young, old = (tmp_path / f"{atomic.PREFIX}{letter * 16}" for letter in "ab")
    young.touch()
    old.touch()
    os.utime(old, (0, 0))
    atomic.write(tmp_path / "file", b"whole")
    assert sorted(names(tmp_path)) == sorted([young.name, "file"])


def test_many_programs_may_write_one_folder(tmp_path):
    script = """
import sys
from pathlib import Path
from vae_explorer.storage import atomic
folder, me = Path(sys.argv[1]), int(sys.argv[2])
for i in range(60):
    atomic.write(folder / "shared", bytes([me]) * 5000)
    atomic.write(folder / f"own-{me}", bytes([i]) * 5000)
"""
    programs = [subprocess.Popen([sys.executable, "-c", script, str(tmp_path), str(i)]) for i in range(4)]
    assert [program.wait() for program in programs] == [0] * 4
    assert sorted(names(tmp_path)) == ["own-0", "own-1", "own-2", "own-3", "shared"]
    assert (tmp_path / "shared").read_bytes() in [bytes([i]) * 5000 for i in range(4)]
    assert all((tmp_path / f"own-{i}").read_bytes() == bytes([59]) * 5000 for i in range(4))


def test_an_error_names_the_file_that_was_asked_for(tmp_path):
    with pytest.raises(FileNotFoundError) as raised:
        atomic.write(tmp_path / "none" / "file", b"")
    assert raised.value.filename == str(tmp_path / "none" / "file")
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError) as raised:
        atomic.write(tmp_path / "folder", b"")
    assert raised.value.filename == str(tmp_path / "folder")
    assert names(tmp_path) == ["folder"]


def test_a_full_disk_is_said_of_the_file_that_was_asked_for(tmp_path):
    with pytest.raises(OSError, match="No space left") as raised, atomic.replacing(tmp_path / "file"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert (raised.value.errno, raised.value.filename) == (errno.ENOSPC, str(tmp_path / "file"))
    assert names(tmp_path) == []


@pytest.mark.parametrize("own", [OSError("the network is gone"), OSError(errno.EACCES, "no", "another file")])
def test_an_error_of_the_block_stays_as_it_is(tmp_path, own):
    with pytest.raises(OSError, match=str(own).replace("[", r"\[")) as raised, atomic.replacing(tmp_path / "file"):
        raise own
    assert raised.value is own


def test_a_folder_that_vanishes_while_a_file_is_written_is_said(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(FileNotFoundError) as raised, atomic.replacing(folder / "file"):
        shutil.rmtree(folder)
    assert raised.value.filename == str(folder / "file")


@pytest.mark.parametrize(("number", "holds"), [(errno.EINVAL, True), (errno.EIO, False)])
def test_a_folder_that_cannot_be_synced_is_no_error_but_a_fault_of_the_disk_is(tmp_path, monkeypatch, number, holds):
    sync = os.fsync

    def fsync(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with nullcontext() if holds else pytest.raises(OSError, match=os.strerror(number)):
        atomic.write(tmp_path / "file", b"")
    assert names(tmp_path) == ["file"]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="only Linux lists them")
def test_no_descriptor_stays_open(tmp_path):
    (tmp_path / f"{atomic.PREFIX}{'a' * 16}").touch()
    before = len(os.listdir("/proc/self/fd"))
    atomic.write(tmp_path / "file", b"")
    with suppress(KeyError), atomic.replacing(tmp_path / "file"):
        raise KeyError
    assert len(os.listdir("/proc/self/fd")) == before
