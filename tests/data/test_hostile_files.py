"""Data sets that were made to do harm: nothing runs or is written, little memory is used, one sentence is said."""

import gzip
import os
import struct
import threading
import zipfile

import hostile
import mutators
import numpy as np
import pytest

from vae_explorer.core.progress import finish
from vae_explorer.data import catalog, container
from vae_explorer.data.container import shown
from vae_explorer.data.files import DataError, read
from vae_explorer.data.formats.packed import unpacking

GREY = np.random.default_rng(0).integers(0, 256, (12, 10, 9), dtype=np.uint8)


def refused(path, content: bytes) -> str:
    """The sentence."""
    path.write_bytes(content)
    with pytest.raises(DataError) as raised:
        finish(read(path))
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 1000
    return str(raised.value)


def with_labels(labels: bytes) -> bytes:
    return mutators.zipped({"x_train.npy": mutators.npy(GREY), "y_train.npy": labels})


def test_names_that_lie_elsewhere_are_read_in_place(tmp_path):
    path = tmp_path / "inner" / "set.zip"
    path.parent.mkdir()
    path.write_bytes(hostile.outside(tmp_path))
    data = finish(catalog.load(str(path)))
    assert len(data.train) == 6
    assert [one.path.name for one in data.skipped] == ["link.png"]
    assert sorted(tmp_path.rglob("*")) == [path.parent, path]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_zipfile_unpacks_without_a_bound_is_not_unpacked(tmp_path, method):
    content = mutators.zipped({"x_train.npy": mutators.npy(GREY)}, method)
    assert "x_train.npy is compressed in an unsupported way; repack it" in refused(tmp_path / "set.npz", content)


def test_files_that_lie_over_each_other_are_refused(tmp_path):
    assert "its files overlap" in refused(tmp_path / "set.zip", hostile.overlapping(50, 1 << 20))


def test_a_zip_with_too_many_files_is_refused_before_they_are_listed(tmp_path, monkeypatch):
    monkeypatch.setattr(container, "MAX_MEMBERS", 30)
    assert "holds 31 files; at most 30 are read: use a folder" in refused(tmp_path / "a.zip", hostile.listing(31))
    assert "contains no readable picture" in refused(tmp_path / "a.zip", hostile.listing(30))
    monkeypatch.setattr(container, "MAX_DIRECTORY", 1000)
    assert "a file list of 1,710 bytes" in refused(tmp_path / "a.zip", hostile.listing(30))


def test_a_large_zip_in_the_newer_form_is_counted_too(tmp_path, monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 10)  # so that zipfile writes it
    content = mutators.zipped({f"{i:02}.png": mutators.png(GREY[i]) for i in range(12)})
    assert b"PK\6\6" in content
    path = tmp_path / "set.zip"
    path.write_bytes(content)
    assert np.array_equal(finish(read(path)).train.images, GREY[:, None])
    monkeypatch.setattr(container, "MAX_MEMBERS", 11)
    assert "holds 12 files" in refused(path, content)


def test_folders_in_folders_without_end_are_refused(tmp_path):
    content = mutators.zipped({"a/" * 40 + "a.png": mutators.png(GREY[0])})
    assert "more than 32 levels of nested folders" in refused(tmp_path / "set.zip", content)


def test_a_long_name_is_cut_in_the_sentence(tmp_path):
    sentence = refused(tmp_path / "set.npz", mutators.zipped({"x" * 5000 + "\n\u2028.npy": mutators.npy(GREY[0, 0])}))
    assert "…" in sentence


def test_a_name_in_a_sentence_is_one_short_line():
    assert shown("mine") == "mine"
    assert shown("a\nb\0c\x1b\udcff\u202e") == "a b\ufffdc\ufffd\ufffd\ufffd"
    assert len(shown("x" * 10_000)) == 255


@pytest.mark.parametrize("make", [lambda a: mutators.zipped({"x_train.npy": a}), gzip.compress], ids=["npz", "gz"])
def test_a_small_file_that_announces_much_is_refused_before_it_is_unpacked(tmp_path, monkeypatch, make):
    monkeypatch.setattr(container, "SMALL", 1 << 20)
    large = 2 << 20
    array = (
        mutators.npy(np.zeros((large // 64, 8, 8), np.uint8))
        if make is not gzip.compress
        else mutators.idx(np.zeros((large // 64, 8, 8), np.uint8))
    )
    assert "it is not read" in refused(tmp_path / "set", make(array))
    monkeypatch.setattr(container, "SMALL", len(array))
    (tmp_path / "set").write_bytes(make(array))
    assert len(finish(read(tmp_path / "set")).train) == large // 64


def test_many_small_arrays_that_are_large_together_are_refused_before_they_are_unpacked(tmp_path, monkeypatch):
    array = mutators.npy(np.zeros((1 << 14, 8, 8), np.uint8))
    content = mutators.zipped({"x_train.npy": array, "x_test.npy": array})
    monkeypatch.setattr(container, "SMALL", len(array))
    assert "save it without compression" in refused(tmp_path / "set", content)
    monkeypatch.setattr(container, "SMALL", 2 * len(array))
    (tmp_path / "set").write_bytes(content)
    assert len(finish(read(tmp_path / "set")).test) == 1 << 14


def test_a_gzip_in_a_zip_is_measured_by_what_the_zip_has(tmp_path, monkeypatch):
    monkeypatch.setattr(container, "SMALL", 1 << 20)
    idx = mutators.idx(np.zeros((1 << 17, 8, 8), np.uint8))
    content = mutators.zipped({"train-images-idx3-ubyte.gz": gzip.compress(idx, 1)})
    assert "it is not read" in refused(tmp_path / "set.zip", content)


@pytest.mark.parametrize("parts", [1, 3])
def test_gzips_one_after_another_are_one_file(tmp_path, parts):
    content = mutators.idx(GREY)
    pieces = [content[i * len(content) // parts : (i + 1) * len(content) // parts] for i in range(parts)]
    (tmp_path / "a.gz").write_bytes(b"".join(map(gzip.compress, pieces)) + bytes(100))
    assert np.array_equal(finish(read(tmp_path / "a.gz")).train.images, GREY[:, None])


@pytest.mark.parametrize("start", [b"\x1f\x8b\x08\x08" + bytes(6) + b"A" * 100_000, gzip.compress(b"") * 5000])
def test_a_gzip_that_goes_on_without_a_byte_of_content_is_left(tmp_path, monkeypatch, start):
    monkeypatch.setattr(unpacking, "MAX_SILENCE", 20_000)
    content = start + gzip.compress(mutators.idx(GREY))
    assert "unpack to nothing" in refused(tmp_path / "a.gz", content)


def test_a_gzip_with_a_wrong_checksum_is_refused(tmp_path):
    content = bytearray(gzip.compress(mutators.idx(GREY)))
    content[-8] ^= 1
    assert "a.gz is damaged" in refused(tmp_path / "a.gz", bytes(content))


def test_labels_of_numbers_that_are_no_letters_are_left_out(tmp_path):
    names = bytearray(mutators.npy(np.array(["ant"] * 12)))
    for letter in (b"\xff\xff\xff\x7f", b"\0\xd8\0\0"):
        names[-4:] = letter
        (tmp_path / "a.npz").write_bytes(with_labels(bytes(names)))
        data = finish(read(tmp_path / "a.npz"))
        assert data.train.labels is None
        assert "text that cannot be shown" in data.notes[0].sentence
    (tmp_path / "a.npz").write_bytes(with_labels(mutators.npy(np.array(["ant", "bee"] * 6).astype(">U5"))))
    assert finish(read(tmp_path / "a.npz")).classes == ("ant", "bee")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
def test_a_file_that_became_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="pipe is a folder, a device or a pipe, not a file"):
        container.opened(tmp_path / "pipe")


def test_a_zip64_that_lies_about_its_sizes_is_refused(tmp_path):
    extra = struct.pack("<HHQQ", 1, 16, 1 << 60, 1 << 60)
    content = mutators.zipped({"x_train.npy": mutators.npy(GREY)})
    at = content.rindex(b"PK\1\2")
    entry = bytearray(content[at : at + 46 + 11])
    entry[20:28], entry[30:32] = b"\xff" * 8, struct.pack("<H", len(extra))
    end = bytearray(content[-22:])
    end[12:16] = struct.pack("<I", len(entry) + len(extra))
    assert "would unpack to 1,152,921,504,606,846,976" in refused(
        tmp_path / "a.npz", content[:at] + bytes(entry) + extra + bytes(end)
    )


def header_of(text: str) -> bytes:
    header = text.encode() + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + bytes(1080)


@pytest.mark.parametrize(
    "text",
    [
        "{'descr': (8,), 'fortran_order': False, 'shape': (12, 10, 9), }",
        "{'descr': '|u1', 'fortran_order': '|u1', 'shape': (12, 10, 9), }",
        "{'descr': '|u1', 'fortran_order': False, 'shape': True, }",
        "{'descr': '|u1', 'descr': '|u1', 'shape': (12, 10, 9), }",
        "{'descr': '|u1', 'fortran_order': False}",
        "{'descr': 'i1,i1', 'fortran_order': False, 'shape': (12, 10, 9), }",
        "{'descr': '(2,)i1', 'fortran_order': False, 'shape': (12, 10, 9), }",
        "{'descr': '|u999999999999999999', 'fortran_order': False, 'shape': (12, 10, 9), }",
    ],
)
def test_a_header_whose_fields_are_of_another_kind_is_refused(tmp_path, text):
    assert "NPY header that is damaged or does not describe a plain array" in refused(tmp_path / "a", header_of(text))


@pytest.mark.parametrize(
    "text",
    [
        "{'descr': '|u1', 'fortran_order': False, 'shape': (12, 10, 9), }",
        "{'shape':(12L,10L,9L),'fortran_order':False,'descr':'u1'}",
        '{"descr": "|u1", "shape": (12, 10, 9), "fortran_order": True}',
    ],
)
def test_headers_that_others_write_are_read(tmp_path, text):
    (tmp_path / "a").write_bytes(header_of(text))
    assert finish(read(tmp_path / "a")).train.images.shape == (12, 1, 10, 9)


@pytest.mark.parametrize("text", ["(" * 9000, "-" * 9000 + "1", "[" * 4000 + "]" * 4000, "{1:" * 3000, "1" * 9000])
def test_a_header_that_nests_deeply_is_refused_in_a_thread_with_a_small_stack(tmp_path, text):
    header = text.encode() + b"\n"
    content = b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header
    before, sentences = threading.stack_size(512 << 10), []  # bytes: what macOS gives to a thread
    try:
        thread = threading.Thread(target=lambda: sentences.append(refused(tmp_path / "a.npy", content)))
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert "a.npy has an NPY header that is damaged" in sentences[0]
