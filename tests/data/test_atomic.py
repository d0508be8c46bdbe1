import os
import stat
import threading

import pytest

from vae_explorer.data import atomic


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


def test_what_a_killed_writer_left_is_told_from_the_users_own_files(tmp_path):
    (tmp_path / "own").touch()
    (tmp_path / f"{atomic.PREFIX}0123").touch()
    atomic.remove_stale(tmp_path)
    assert names(tmp_path) == ["own"]
