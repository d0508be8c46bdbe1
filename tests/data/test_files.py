"""Data sets from files of every accepted kind, and from files that lie."""

import gzip
import io
import os
import struct
import zipfile
from contextlib import closing
from math import prod

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from vae_explorer.core.progress import finish
from vae_explorer.data import container
from vae_explorer.data.files import DataError, read
from vae_explorer.data.formats.packed import unpacking

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (12, 10, 9), dtype=np.uint8)  # n h w
COLOUR = RNG.integers(0, 256, (12, 10, 9, 3), dtype=np.uint8)  # n h w c
LABELS = np.arange(12) % 3
WAYS_TO_CUT = [0, 1, 3, 4, 10, 15, 16, 17, -1]


def idx(array: np.ndarray, code: int = 0x08) -> bytes:
    header = bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.tobytes()


def npz(**held) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **held)
    return file.getvalue()


def npy(array: np.ndarray, **how) -> bytes:
    file = io.BytesIO()
    np.save(file, array, **how)
    return file.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def put(folder, files: dict[str, bytes]):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def loaded(path, content: bytes | None = None):
    if content is not None:
        path.write_bytes(content)
    return finish(read(path))


def refused(path, content: bytes | None = None) -> str:
    """The sentence."""
    with pytest.raises(DataError) as raised:
        loaded(path, content)
    assert "\n" not in str(raised.value)
    return str(raised.value)


MNIST = {
    "train-images-idx3-ubyte": idx(GREY),
    "train-labels-idx1-ubyte": idx(LABELS.astype(np.uint8)),
    "t10k-images-idx3-ubyte": idx(GREY[:5]),
    "t10k-labels-idx1-ubyte": idx(LABELS[:5].astype(np.uint8)),
}
PACKED = {f"{name}.gz": gzip.compress(content) for name, content in MNIST.items()}
DOTTED = {name.replace("-idx", ".idx"): content for name, content in MNIST.items()}


# --- IDX


@pytest.mark.parametrize("files", [MNIST, PACKED, DOTTED], ids=["plain", "gz", "dotted"])
@pytest.mark.parametrize("kind", ["folder", "zip", "folder in zip"])
def test_the_four_idx_files_are_one_set_with_labels_and_its_own_test_part(tmp_path, files, kind):
    if kind == "folder":
        data = loaded(put(tmp_path / "digits", files))
    else:
        inside = "raw/" if kind == "folder in zip" else ""
        data = loaded(tmp_path / "digits.zip", zipped({inside + name: content for name, content in files.items()}))
    assert data.name == "digits"
    assert np.array_equal(data.train.images, GREY[:, None])
    assert np.array_equal(data.train.labels, LABELS)
    assert np.array_equal(data.test.images, GREY[:5, None])
    assert np.array_equal(data.test.labels, LABELS[:5])
    assert data.test.split == "test"
    assert data.classes == ("0", "1", "2")
    assert data.skipped == ()


def test_other_files_beside_the_four_do_not_matter(tmp_path):
    data = loaded(put(tmp_path, PACKED | MNIST | {"preview.png": png(GREY[0]), "README": b"digits"}))
    assert len(data.train) == 12


def test_test_images_alone_are_a_set_without_training_images(tmp_path):
    some = {name: content for name, content in MNIST.items() if name.startswith("t10k")}
    for data in (loaded(put(tmp_path, some)), loaded(tmp_path / "t10k-images-idx3-ubyte")):
        assert (len(data.train), len(data.test), data.test.split, data.classes) == (0, 5, "test", ("0", "1", "2"))
        assert data.train.images.shape == (0, 1, 10, 9)
        assert data.images is data.test
        assert np.array_equal(data.part("test", 0).labels, LABELS[:5])
        assert len(data.part("train", 0)) == len(data.part("validation", 0)) == 0


@pytest.mark.parametrize("files", [MNIST, PACKED])
def test_a_single_idx_file_takes_the_labels_beside_it(tmp_path, files):
    put(tmp_path, files)
    data = loaded(tmp_path / next(name for name in files if name.startswith("train-images")))
    assert np.array_equal(data.train.labels, LABELS)
    assert data.test is None


def test_a_single_idx_file_needs_no_labels_and_no_such_name(tmp_path):
    data = loaded(tmp_path / "pictures.bin", gzip.compress(idx(GREY)))
    assert np.array_equal(data.train.images, GREY[:, None])
    assert data.train.labels is None


def test_idx_with_floats_and_with_channels_is_read(tmp_path):
    data = loaded(tmp_path / "a", idx((COLOUR / 255).astype(">f4"), 0x0D))
    assert np.array_equal(data.train.images, COLOUR.transpose(0, 3, 1, 2))


@pytest.mark.parametrize("cut", WAYS_TO_CUT)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_cut_idx_file_is_refused(tmp_path, cut, pack):
    refused(tmp_path / "train-images-idx3-ubyte", pack(idx(GREY)[:cut]))


@pytest.mark.parametrize("cut", [4, 12, 20, -9, -1])
def test_a_cut_gz_file_is_refused(tmp_path, cut):
    assert "a.gz is damaged" in refused(tmp_path / "a.gz", gzip.compress(idx(GREY))[:cut])


def test_bytes_after_the_values_are_refused(tmp_path):
    assert "has extra data after the 1,080 bytes" in refused(tmp_path / "a", idx(GREY) + b"!")
    assert "has extra data after the 1,080 bytes" in refused(tmp_path / "b", gzip.compress(idx(GREY) + b"!"))


def test_labels_and_images_must_be_as_many(tmp_path):
    files = MNIST | {"train-labels-idx1-ubyte": idx(np.zeros(11, np.uint8))}
    assert "has 11 labels for 12 images" in refused(put(tmp_path, files))


def test_labels_alone_are_no_data_set(tmp_path):
    assert "expected 3 or 4" in refused(tmp_path / "train-labels-idx1-ubyte", MNIST["train-labels-idx1-ubyte"])


@pytest.mark.parametrize("shape", [(2**32 - 1,) * 3, (2**20, 64, 64), (2**31, 2**31, 2**0)])
def test_a_header_that_claims_more_than_there_can_be_is_refused(tmp_path, shape):
    content = bytes([0, 0, 8, 3]) + struct.pack(">3I", *shape) + b"x" * 100
    assert f"a has 116 bytes and declares {prod(shape):,} of content" in refused(tmp_path / "a", content)
    assert f"and declares {prod(shape):,} of content" in refused(tmp_path / "b.gz", gzip.compress(content))


def test_a_gz_bomb_is_read_no_further_than_its_header_says(tmp_path, monkeypatch):
    taken = []
    whole = unpacking.Unpacked.readinto

    def counted(self, buffer):
        taken.append(whole(self, buffer))
        return taken[-1]

    monkeypatch.setattr(unpacking.Unpacked, "readinto", counted)
    assert "has extra data after" in refused(tmp_path / "bomb.gz", gzip.compress(idx(GREY) + bytes(50 << 20)))
    assert sum(taken) < 1 << 16


@pytest.mark.parametrize(
    "shape", [(2, 2, 28), (2, 0, 28), (2, 2, 28, 28), (2, 10), (12,), (28, 28, 3), (2, 3, 4, 5, 6)]
)
def test_shapes_that_hold_no_images_are_refused_with_what_is_accepted(tmp_path, shape):
    array = np.zeros(shape, np.uint8)
    for name, content in {"a.npy": npy(array), "a.npz": npz(x_train=array)}.items():
        sentence = refused(tmp_path / name, content)
        assert container.times(shape) in sentence
        assert "expected" in sentence or "holds no images" in sentence


def test_no_images_are_refused(tmp_path):
    assert "holds no images" in refused(tmp_path / "a", idx(GREY[:0]))


# --- NPZ and NPY


@pytest.mark.parametrize(
    "names",
    [
        ("x_train", "y_train", "x_test", "y_test"),
        ("images", "labels", "test_images", "test_labels"),
        ("train_images", "train_labels", "test_images", "test_labels"),
        ("X_train", "Y_train", "X_test", "Y_test"),
    ],
)
def test_npz_arrays_are_found_by_their_names(tmp_path, names):
    data = loaded(tmp_path / "set.npz", npz(**dict(zip(names, (GREY, LABELS, GREY[:4], LABELS[:4]), strict=True))))
    assert data.name == "set"
    assert np.array_equal(data.train.images, GREY[:, None])
    assert np.array_equal(data.train.labels, LABELS)
    assert np.array_equal(data.test.images, GREY[:4, None])
    assert np.array_equal(data.test.labels, LABELS[:4])


def test_the_only_array_of_images_is_taken_whatever_its_name(tmp_path):
    data = loaded(tmp_path / "set.npz", npz(imgs=GREY, latents=np.zeros((12, 6)), date=np.array("today")))
    assert np.array_equal(data.train.images, GREY[:, None])


def test_two_arrays_of_images_without_known_names_are_refused_and_listed(tmp_path):
    sentence = refused(tmp_path / "set.npz", npz(a=GREY, b=COLOUR))
    assert "set contains a (12 x 10 x 9), b (12 x 10 x 9 x 3)" in sentence


@pytest.mark.parametrize("make", [lambda a: npz(x_train=a), npy], ids=["npz", "npy"])
@pytest.mark.parametrize(
    ("array", "wanted"),
    [
        (GREY, GREY[:, None]),
        (GREY / 255, GREY[:, None]),
        ((GREY / 255).astype(np.float32), GREY[:, None]),
        (GREY.astype(np.float64), GREY[:, None]),
        (GREY.astype(">i4"), GREY[:, None]),
        (GREY > 100, (GREY[:, None] > 100) * 255),
        ((GREY > 100).astype(np.uint8), (GREY[:, None] > 100) * 255),
        (np.asfortranarray(GREY), GREY[:, None]),
        (COLOUR, COLOUR.transpose(0, 3, 1, 2)),
        (COLOUR.transpose(0, 3, 1, 2), COLOUR.transpose(0, 3, 1, 2)),
        (GREY[..., None], GREY[:, None]),
        (GREY[:, None], GREY[:, None]),
    ],
    ids=["uint8", "float64", "float32", "to 255", "int32", "bool", "0 1", "fortran", "nhwc", "nchw", "nhw1", "n1hw"],
)
def test_every_usual_type_and_shape_becomes_bytes_with_channels_second(tmp_path, make, array, wanted):
    images = loaded(tmp_path / "set", make(array)).train.images
    assert images.dtype == np.uint8
    assert images.flags.c_contiguous
    assert np.array_equal(images, wanted)


def test_both_parts_share_one_scale(tmp_path):
    """A dark test part of a set from 0 to 255 is not taken for one from 0 to 1."""
    dark = np.ones((3, 10, 9), np.float32)
    data = loaded(tmp_path / "set.npz", npz(x_train=GREY.astype(np.float32), x_test=dark))
    assert (data.test.images == 1).all()


def test_an_array_that_is_a_single_number_is_refused(tmp_path):
    assert "one number" in refused(tmp_path / "a.npz", npz(x_train=np.array(5), y_train=LABELS))


def test_parts_of_different_shapes_are_refused(tmp_path):
    assert "images of 9 × 10 grey pixels and test images of 9 × 10 colour pixels" in refused(
        tmp_path / "a.npz", npz(x_train=GREY, x_test=COLOUR)
    )


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (LABELS[:, None], ("0", "1", "2")),
        (LABELS + 5, ("5", "6", "7")),
        (np.array(["cat", "dog", "ant"])[LABELS], ("ant", "cat", "dog")),
    ],
)
def test_labels_are_numbered_from_zero_and_keep_their_names(tmp_path, labels, classes):
    data = loaded(tmp_path / "a.npz", npz(images=GREY, labels=labels))
    assert data.classes == classes
    assert [data.classes[i] for i in data.train.labels] == [str(label) for label in labels.ravel()]


def test_pickled_objects_are_never_loaded(tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "sprung"),)

    objects = np.empty(3, object)
    objects[:] = Trap()
    assert "pickled" in refused(tmp_path / "a.npy", npy(objects, allow_pickle=True))
    sentence = refused(tmp_path / "a.npz", npz(x_train=objects))
    assert (
        "x_train.npy in a.npz holds pickled Python objects, which are never loaded; make it a plain array" in sentence
    )
    assert sentence.endswith("images = np.stack(list(images))")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1152921504606846976, 28, 28), }",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (-1, 28, 28), }",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (0, 99999999999999999999, 28), }",
        "{'descr': '|V0', 'fortran_order': False, 'shape': (3, 28, 28), }",
        "{'descr': [('a', '|u1')], 'fortran_order': False, 'shape': (3, 28, 28), }",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (True, 28, 28), }",
        "__import__('os').getcwd()",
        "(" * 4000,
        "{",
        "",
    ],
)
def test_an_npy_header_that_lies_is_refused(tmp_path, header):
    text = header.encode() + b"\n"
    content = b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + b"x" * 100
    refused(tmp_path / "a.npy", content)
    refused(tmp_path / "a.npz", zipped({"x_train.npy": content}))


def test_of_a_data_set_that_is_too_large_as_many_images_are_read_as_there_is_room_for(tmp_path, monkeypatch):
    monkeypatch.setattr(container, "MAX_BYTES", GREY.size - 1)
    for content in (idx(GREY), npy(GREY)):
        data = loaded(tmp_path / "a", content)
        assert (len(data), data.notes[0].switch) == (11, "limit")
        assert data.notes[0].sentence == "11 of 12 images were read, evenly chosen"
    assert "has 1,080 bytes; at most" in refused(tmp_path / "a", npy(np.asfortranarray(GREY)))


# --- images in folders and ZIPs


def test_images_of_one_size_are_kept_as_they_are_in_the_order_of_their_names(tmp_path):
    data = loaded(put(tmp_path / "set", {f"{i:02}.png": png(GREY[i]) for i in reversed(range(12))}))
    assert np.array_equal(data.train.images, GREY[:, None])
    assert (data.name, data.test, data.train.labels, data.classes) == ("set", None, None, ())


def test_sub_folders_are_classes(tmp_path):
    files = {f"{'abc'[LABELS[i]]}/{i:02}.png": png(COLOUR[i]) for i in range(12)}
    for data in (loaded(put(tmp_path / "set", files)), loaded(tmp_path / "set.zip", zipped(files))):
        order = np.argsort(LABELS, kind="stable")
        assert data.classes == ("a", "b", "c")
        assert np.array_equal(data.train.labels, LABELS[order])
        assert np.array_equal(data.train.images, COLOUR[order].transpose(0, 3, 1, 2))


@pytest.mark.parametrize("train", ["train", "Training"])
@pytest.mark.parametrize("test", ["test", "TESTING"])
@pytest.mark.parametrize("above", ["", "one/two/"])
def test_train_and_test_sub_folders_are_parts_with_the_same_classes(tmp_path, train, test, above):
    files = {f"{above}{train}/{'ab'[i % 2]}/{i}.png": png(GREY[i]) for i in range(6)}
    files |= {f"{above}{test}/b/{i}.png": png(GREY[i]) for i in range(6, 9)}
    files |= {f"{above}notes/{i}.png": png(GREY[i]) for i in range(9, 10)}
    data = loaded(put(tmp_path / "set", files))
    assert data.classes == ("a", "b")
    assert data.train.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert data.test.labels.tolist() == [1, 1, 1]
    assert np.array_equal(data.test.images, GREY[6:9, None])
    assert ["outside the folders" in one.reason for one in data.skipped] == [True]


def test_validation_images_are_a_part_of_their_own(tmp_path):
    files = {f"{part}/{i}.png": png(GREY[i]) for part in ("train", "val", "test") for i in range(3)}
    data = loaded(put(tmp_path, files))
    assert (len(data.train), len(data.validation), len(data.test), data.classes) == (3, 3, 3, ())
    assert data.part("validation", seed=0) is data.validation


def test_what_cannot_be_read_is_skipped_and_listed(tmp_path):
    files = {
        "a.png": png(GREY[0]),
        "b.png": png(GREY[1])[:-40],
        "c.docx": b"no image",
        "d.png": b"",
        "e.png": png(GREY[2]),
    }
    for data in (loaded(put(tmp_path / "set", files)), loaded(tmp_path / "set.zip", zipped(files))):
        assert np.array_equal(data.train.images, GREY[[0, 2], None])
        assert [one.path.name for one in data.skipped] == ["b.png", "c.docx", "d.png"]
        assert all(one.reason for one in data.skipped)


@pytest.mark.parametrize("files", [{}, {"notes.txt": b"no image", ".hidden.png": png(GREY[0])}])
def test_nothing_readable_is_an_error(tmp_path, files):
    assert "set contains no readable picture" in refused(put(tmp_path / "set", files | {".x": b""}))
    assert "set contains no readable picture" in refused(tmp_path / "set.zip", zipped(files))


def test_large_images_of_one_shape_are_resized_whole(tmp_path):
    gradient = np.repeat(np.linspace(0, 255, 200).astype(np.uint8)[:, None], 100, 1)
    data = loaded(put(tmp_path, {f"{i}.png": png(gradient if i else gradient[::-1]) for i in range(3)}))
    assert data.train.images.shape == (3, 1, 64, 32)
    wanted = np.linspace(0, 255, 200).reshape(-1, 25).mean(1)  # of eighths: 8 rows of the result each
    assert np.allclose(data.train.images[1, 0].reshape(8, 8, 32).mean((1, 2)), wanted, atol=1.5)


def test_resizing_averages_fine_patterns_away(tmp_path):
    checks = np.indices((512, 512)).sum(0) % 2 * 255
    image = loaded(put(tmp_path, {"a.png": png(checks.astype(np.uint8))})).train.images
    assert abs(image.astype(float) - 127.5).max() < 3


def test_colour_files_without_colour_are_grey_and_one_coloured_image_makes_all_colour(tmp_path):
    grey_as_rgb = np.repeat(GREY[..., None], 3, axis=3)
    put(tmp_path, {f"{i}.png": png(grey_as_rgb[i]) for i in range(3)} | {"3.png": png(GREY[3])})
    assert np.array_equal(loaded(tmp_path).train.images, GREY[:4, None])
    put(tmp_path, {"4.png": png(COLOUR[4])})
    images = loaded(tmp_path).train.images
    assert images.shape == (5, 3, 10, 9)
    assert np.array_equal(images[0], np.repeat(GREY[:1], 3, axis=0))


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links_that_loop_pipes_and_hidden_files_do_no_harm(tmp_path):
    put(tmp_path, {"a/1.png": png(GREY[1]), "b/2.png": png(GREY[2]), ".git/3.png": png(GREY[3]), "._4.png": b"junk"})
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    os.mkfifo(tmp_path / "pipe.png")
    data = loaded(tmp_path)
    assert np.array_equal(data.train.images, GREY[[1, 2], None])
    assert [one.path.name for one in data.skipped] == ["nowhere", "pipe.png"]


@pytest.mark.skipif(os.name != "posix" or os.uname().sysname != "Linux", reason="other systems refuse such names")
def test_names_that_are_no_utf8_are_read_and_shown(tmp_path):
    folder = tmp_path / os.fsdecode(b"set\xff")
    put(folder, {os.fsdecode(b"\xfe1.png"): png(GREY[0]), os.fsdecode(b"\xfe2.png"): b"no image"})
    data = loaded(folder)
    assert data.name == "set\ufffd"
    (data.name + data.skipped[0].reason).encode()


def test_progress_is_told_and_a_closed_job_lets_go_of_the_zip(tmp_path):
    path = tmp_path / "set.zip"
    path.write_bytes(zipped({f"{i}.png": png(GREY[i]) for i in range(12)}))
    assert {(report.total, report.what) for report in read(path)} == {
        (1, "images"),
        (12, "images"),
    }  # the guess, and all
    with closing(read(path)) as job:
        next(job)
    path.unlink()  # an open file would be a ResourceWarning, an error here


# --- ZIPs


def test_an_npz_in_a_zip_or_alone_in_a_folder_is_read_in_place(tmp_path):
    inner = {
        "set/mnist.npz": npz(x_train=GREY, y_train=LABELS),
        "__MACOSX/set/._mnist.npz": b"junk",
        "set/README": b"x",
    }
    for data in (loaded(tmp_path / "outer.zip", zipped(inner)), loaded(put(tmp_path / "folder", inner))):
        assert np.array_equal(data.train.images, GREY[:, None])
        assert np.array_equal(data.train.labels, LABELS)


def test_nothing_of_a_zip_is_written_to_the_disk(tmp_path):
    loaded(tmp_path / "set.zip", zipped({"../../evil.png": png(GREY[0]), "/root.png": png(GREY[1])}))
    assert [path.name for path in tmp_path.iterdir()] == ["set.zip"]


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(container, "MAX_BYTES", 1 << 20)
    assert "would unpack to 4,194,304" in refused(tmp_path / "a.zip", zipped({"a.png": bytes(4 << 20)}))


def test_a_member_that_claims_to_be_smaller_than_it_is_is_not_read_further(tmp_path):
    content = bytearray(zipped({"x_train.npy": npy(GREY)}))
    honest = struct.pack("<I", len(npy(GREY)))
    lie = struct.pack("<I", 200)
    refused(tmp_path / "a.npz", bytes(content).replace(honest, lie))


def test_an_encrypted_or_strangely_packed_zip_is_refused(tmp_path):
    content = zipped({"x_train.npy": npy(GREY)})
    directory = content.rindex(b"PK\1\2")
    for offset, value in ((8, b"\1\0"), (10, b"\x63\0")):  # flags: encrypted; method: unknown
        there = directory + offset
        refused(tmp_path / "a.npz", content[:there] + value + content[there + 2 :])


# --- anything else


@pytest.mark.parametrize(
    "content", [b"", b"\0", b"PK", b"\x1f\x8b", b"\x93NUMPY", b"text", png(GREY[0]), b"\0\0\x08\3"]
)
def test_what_is_no_data_set_is_refused_by_name(tmp_path, content):
    assert "thing" in refused(tmp_path / "thing", content)


def test_what_is_not_there_or_no_file_is_refused(tmp_path):
    assert "does not exist" in refused(tmp_path / "gone")
    assert "does not exist" in refused(tmp_path / "a\0b")
    if os.name == "posix":
        os.mkfifo(tmp_path / "pipe")
        assert "is a device or a pipe" in refused(tmp_path / "pipe")


SEEDS = [
    idx(GREY),
    gzip.compress(idx(GREY)),
    npy(GREY),
    npy((GREY / 255).astype(np.float32)),
    npz(x_train=GREY, y_train=LABELS, x_test=GREY[:3]),
    zipped({"a/1.png": png(GREY[0]), "b/2.png": png(GREY[1])}),
    zipped(PACKED),
]
PIECES = st.one_of(
    st.binary(max_size=8),
    st.sampled_from([b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff", b"\xff" * 8, b"\0" * 8, b"PK\1\2", b"9999999999"]),
)
CHANGES = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 8), PIECES), min_size=1, max_size=4)


@settings(
    max_examples=400, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.sampled_from(SEEDS), changes=CHANGES, early=st.booleans())
def test_a_mutated_file_is_a_data_set_or_a_sentence_and_nothing_else(tmp_path, seed, changes, early):
    for where, removed, put_in in changes:
        at = int(where * (min(len(seed), 140) if early else len(seed)))  # headers lie at the beginning
        seed = seed[:at] + put_in + seed[at + removed :]
    path = tmp_path / "mutant"
    path.write_bytes(seed)
    try:
        data = finish(read(path))
    except DataError:
        return
    assert data.train.images.dtype == np.uint8
    assert data.train.labels is None or len(data.train.labels) == len(data.train)
