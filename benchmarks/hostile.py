"""Files that were made to do harm: each is for one weakness that a reader may have."""

import gzip
import io
import json
import os
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import foreign_files
import numpy as np
import torch
from mutators import SHAPE, model, npy, png, sealed_again, zipped

from vae_explorer.core.config import VAEConfig
from vae_explorer.core.vae import VAE
from vae_explorer.storage import sealed

MIB = 1 << 20
Content = bytes | tuple[bytes, int]  # of a file: all of it, or its start and its size, the rest being zeros


def _header_of(entries: dict[str, object], length: int | None = None, **changes: object) -> bytes:
    """The start of a model file that announces these tensors; its digest is right for nothing after it."""
    metadata = {**_metadata(), **changes, "sha256": sealed.NO_DIGEST}
    text = json.dumps({"__metadata__": {"vae": json.dumps(metadata)}, **entries}).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text


def _metadata() -> dict[str, object]:
    content = model()
    header = json.loads(content[8 : 8 + struct.unpack("<Q", content[:8])[0]])
    return dict(json.loads(header["__metadata__"]["vae"]))


def _entry(begin: int, end: int, *shape: int) -> dict[str, object]:
    return {"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}


class _Trap:
    """Unpickled it would leave a folder behind."""

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, ("sprung",)


def _objects() -> np.ndarray:
    objects = np.empty(3, object)
    objects[:] = _Trap()
    return objects


def _torch_file() -> bytes:
    file = io.BytesIO()
    torch.save(_Trap(), file)
    return file.getvalue()


def models() -> dict[str, Callable[[], Content]]:
    """What makes the content of each."""
    gib = 1 << 30
    start = _header_of({"a": _entry(0, 0)})
    room = gib - len(start) - 100
    start = _header_of({"a": _entry(0, room, room // 4)})
    tiny = model()
    return {
        "1 GiB of nothing behind a good header": lambda: (start, len(start) + room),
        "4 GiB of nothing": lambda: (start, 4 * gib),
        "a header that claims 2^60 bytes": lambda: struct.pack("<Q", 2**60) + tiny[8:],
        "a tensor that claims 2^60 bytes": lambda: sealed_again(_header_of({"a": _entry(0, 2**60, 2**58)})),
        "1,000,000 empty tensors": lambda: _announcing(
            b",".join(b'"%x":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}' % i for i in range(1_000_000))
        ),
        "as many empty tensors as a header takes": lambda: sealed_again(
            _header_of({f"{i:x}": _entry(0, 0, 0) for i in range(16_000)})
        ),
        "as many tensors as a header takes": lambda: sealed_again(
            _header_of({f"{i:x}": _entry(4 * i, 4 * i + 4, 1) for i in range(14_000)}) + bytes(4 * 14_000)
        ),
        "an NPZ whose labels are 120 MB of text": lambda: zipped(
            {
                "x_train.npy": npy_header((30_000, 8, 8)) + bytes(64 * 30_000),
                "y_train.npy": npy(np.zeros(30_000, "U1000")),
            }
        ),
        "an NPZ of small images that would grow": lambda: zipped(
            {"x_train.npy": npy_header((4 * MIB, 4, 4)) + bytes(64 * MIB)}
        ),
        "a pickle": lambda: pickle.dumps(_Trap()),
        "a file of torch.save": lambda: _torch_file(),
        "10^18 hidden units": lambda: _described(config__hidden=10**18),
        "10^9 dimensions of z": lambda: _described(config__z_dim=10**9),
        "images of 10^4000 pixels": lambda: _described(preparation__image_shape=[10**4000, 1, 1]),
        "images read at 3 pixels": lambda: _described(preparation__reading={"size": 3}),
        "black that is white": lambda: _described(preparation__reading={"black": 3, "white": 3}),
        "white that is next to black": lambda: _described(preparation__reading={"black": 0, "white": 1e-320}),
        "a range without end": lambda: _described(preparation__reading={"black": -1e308, "white": 1e308}),
        "10^12 images at most": lambda: _described(preparation__reading={"limit": 10**12}),
        "a list of 150,000 words": lambda: _described(kl_per_dimension=["x"] * 150_000),
        "a config with 40,000 fields": lambda: _described(config={f"field {i}": i for i in range(40_000)}),
        "900 lists in each other": lambda: _described(train_config={"a": json.loads("[" * 900 + "]" * 900)}),
        "a field's name of a megabyte": lambda: _described(config={"x\n" * 150_000: 1}),
        "a number that is none": lambda: sealed_again(_with_length(tiny.replace(b"-1.5", b"-1e9999"))),
    }


def _announcing(tensors: bytes) -> bytes:
    text = b"{" + tensors + b"}"
    return struct.pack("<Q", len(text)) + text


def _described(**changes: object) -> bytes:
    """The tiny model with another description, and the right digest."""
    metadata = _metadata()
    for dotted, value in changes.items():
        *parents, key = dotted.split("__")
        part: dict = metadata
        for parent in parents:
            part = part[parent]
        part[key] = value
    weights = VAE(VAEConfig(image_shape=SHAPE, z_dim=2, hidden=4)).state_dict()
    return sealed.sealed(weights, metadata)


def _with_length(content: bytes) -> bytes:
    """The header's length made right after its text was changed."""
    return struct.pack("<Q", content.rindex(b"}", 0, content.index(b"}}") + 2) + 1 - 8) + content[8:]


_FOUR = ("x_train.npy", "y_train.npy", "x_test.npy", "y_test.npy")


def _of_others() -> dict[str, Callable[[], Content]]:
    """Tables, archives and arrays of other programs."""
    huge = 400 * MIB

    def sides(content: bytes) -> bytes:
        return content.replace(struct.pack("<3i", 12, 8, 8), struct.pack("<3i", 1 << 24, 8, 8))

    def element(kind: int, size: int) -> bytes:
        return struct.pack("<II", kind, size)

    def text(length: int) -> bytes:
        return foreign_files.mnist_csv()[:-1] + b"\n" + b"7" * length

    array = foreign_files.mat({"images": foreign_files.GREY})
    long_name = bytearray(foreign_files.tar({"x" * 200: b""}))
    long_name[124:136] = b"%011o\0" % huge  # the length of the name
    long_name[148:156] = b"%06o\0 " % (sum(long_name[:148]) + 8 * 32 + sum(long_name[156:512]))
    many = foreign_files.tar({"a.png": b"", "b.png": b""})[:1024] * 150_000
    return {
        "a CSV with a row of 400 MB": lambda: (text(0), huge),
        "a CSV with a number of 7 MB": lambda: text(7 * MIB),
        "a gzip bomb of a CSV": lambda: gzip.compress(foreign_files.mnist_csv() * 300_000),
        "a MAT that claims 2^30 values": lambda: sides(array),
        "a MAT whose packed array unpacks to 400 MB": lambda: (
            array[:128]
            + (content := zlib.compress(element(14, huge) + array[136:] + bytes(huge)))[:0]
            + element(15, len(content))
            + content
        ),
        "a MAT whose array has a name of 400 MB": lambda: (
            array[:128] + element(14, huge) + array[136:176] + element(1, huge),
            huge,
        ),
        "a TAR with a name of 400 MB": lambda: (bytes(long_name), huge + 10_000),
        "a TAR of 300,000 files": lambda: many + bytes(1024),
        "a TAR bomb, packed by gzip": lambda: foreign_files.tar({"x_train.npy": bytes(huge)}, "w:gz"),
        "a TAR bomb, packed by bzip2": lambda: foreign_files.tar({"x_train.npy": bytes(huge)}, "w:bz2"),
        "a TAR bomb, packed by xz": lambda: foreign_files.tar({"x_train.npy": bytes(huge)}, "w:xz"),
    }


def data_sets() -> dict[str, Callable[[], Content]]:
    """What makes the content of each."""
    images, huge = npy(np.zeros((12, 10, 9), np.uint8)), 400 * MIB

    def picture() -> bytes:
        return png(np.zeros((8000, 8000, 3), np.uint8))

    def array(size: int = huge) -> bytes:
        return npy_header((size // 64, 8, 8)) + bytes(size)

    def packed() -> bytes:
        return gzip.compress(bytes([0, 0, 8, 3]) + struct.pack(">3I", huge // 64, 8, 8) + bytes(huge))

    def long_name() -> bytes:
        return b"\x1f\x8b\x08\x08" + bytes(6) + b"A" * huge

    claims = bytes([0, 0, 8, 3]) + struct.pack(">3I", 2**21, 32, 32) + b"x" * 100
    return {
        "a ZIP bomb of a picture": lambda: zipped({"a.png": picture()[:100] + bytes(huge)}),
        "a ZIP bomb of an array": lambda: zipped({"x_train.npy": array()}),
        "a ZIP bomb of arrays, each too small to be one": lambda: zipped(dict.fromkeys(_FOUR, array(31 * MIB))),
        "a ZIP bomb in a ZIP": lambda: zipped({"a.npz": zipped({"x_train.npy": array()}, zipfile.ZIP_STORED)}),
        "a ZIP bomb, packed by bzip2": lambda: zipped({"x_train.npy": array()}, zipfile.ZIP_BZIP2),
        "a ZIP bomb, packed by LZMA": lambda: zipped({"x_train.npy": array()}, zipfile.ZIP_LZMA),
        "a ZIP bomb whose files lie over each other": lambda: overlapping(2000, 2 * MIB),
        "pictures that unpack to 200 MB each": lambda: zipped(dict.fromkeys(("a.png", "b.png", "c.png"), picture())),
        "a TIFF of 100,000 pages that lie over each other": lambda: zipped({"a.tif": tiff_pages(100_000)}),
        "a TIFF whose pages share 200,000 numbers": lambda: zipped({"a.tif": tiff_pages(50_000, strips=200_000)}),
        "a PPM that claims 2^60 values": lambda: zipped({"a.ppm": b"P6 999999999 999999999 65535\n" + b"x" * 100}),
        "a PBM of 4 MB of spaces": lambda: zipped({"a.pbm": b"P1 9 9\n" + b" " * 4 * MIB}, zipfile.ZIP_STORED),
        "a GIF of 5,000 pictures": lambda: zipped({"a.gif": gif_of(5000)}),
        "a gzip bomb": lambda: packed(),
        "a gzip bomb in a ZIP": lambda: zipped({"train-images-idx3-ubyte.gz": packed()}),
        "a gzip in a gzip": lambda: gzip.compress(packed()),
        "a gzip with a name of 400 MB": long_name,
        "a gzip with a name of 400 MB in a ZIP": lambda: zipped({"train-images-idx3-ubyte.gz": long_name()}),
        "an IDX that claims 2^96 values": lambda: bytes([0, 0, 8, 3]) + b"\xff" * 12 + b"x" * 100,
        "an IDX that claims 2 GiB": lambda: claims,
        "a gzipped IDX that claims 2 GiB": lambda: gzip.compress(claims),
        "an NPY that claims 2^60 values": lambda: npy_header((2**54, 8, 8)) + b"x" * 100,
        "an NPY that claims 2 GiB": lambda: npy_header((2**25, 8, 8)) + b"x" * 100,
        "an NPZ that claims 2 GiB": lambda: zipped({"x_train.npy": npy_header((2**25, 8, 8)) + b"x" * 100}),
        "an NPY with a header of 100 MB": lambda: b"\x93NUMPY\2\0" + struct.pack("<I", 100 * MIB) + b" " * 100 * MIB,
        **_of_others(),
        "pickled objects": lambda: npy(_objects(), pickled=True),
        "an NPZ with pickled objects": lambda: zipped({"x_train.npy": npy(_objects(), pickled=True)}),
        "an NPZ with pickled labels": lambda: zipped(
            {"x_train.npy": images, "y_train.npy": npy(_objects(), pickled=True)}
        ),
        "an NPZ whose labels are 120 MB of text": lambda: zipped(
            {
                "x_train.npy": npy_header((30_000, 8, 8)) + bytes(64 * 30_000),
                "y_train.npy": npy(np.zeros(30_000, "U1000")),
            }
        ),
        "an NPZ of small images that would grow": lambda: zipped(
            {"x_train.npy": npy_header((4 * MIB, 4, 4)) + bytes(64 * MIB)}
        ),
        "a pickle": lambda: pickle.dumps(_Trap()),
        "a header that is a program": lambda: npy_header((12, 10, 9)).replace(
            b"'|u1'", b"__import__('os').mkdir('sprung')"
        ),
        "a thousand arrays without a name": lambda: zipped({f"{i}.npy": images for i in range(1000)}),
        "a ZIP of 1,000,000 files": lambda: listing(1_000_000),
        "a ZIP of 200,000 files that are not there": lambda: listing(200_000),
        "a ZIP with a list of names of 60 MB": lambda: listing(1000, name="a/" * 30_000),
    }


def outside(folder: Path) -> bytes:
    """A ZIP whose files would lie elsewhere: absolute, above, on a Windows drive, and a link to a folder above."""
    picture = png(np.zeros((10, 9), np.uint8))
    names = (
        f"{folder}/absolute.png",
        "../above.png",
        "a/../../above.png",
        "C:\\drive.png",
        "//host/share.png",
        "a\0.png",
    )
    link = zipfile.ZipInfo("link.png")
    link.external_attr = 0o120777 << 16
    file = io.BytesIO(zipped(dict.fromkeys(names, picture)))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(link, "../..")
    return file.getvalue()


def tiff_pages(count: int, strips: int = 1) -> bytes:
    """An 8 x 8 TIFF of pages that have the same pixels, and say that these are so many strips."""
    numbers = struct.pack(f"<{strips}L", *[8] * strips)
    content = struct.pack("<4sL", b"II*\0", 8 + 128 + len(numbers)) + bytes(128) + numbers
    tags = [(256, 8), (257, 8), (258, 16), (259, 1), (262, 1), (273, 8), (277, 1), (278, 8), (279, 128)]
    pages = []
    for i in range(count):
        entries = [
            (tag, 4, strips if tag in (273, 279) and strips > 1 else 1, 136 if tag in (273, 279) and strips > 1 else at)
            for tag, at in tags
        ]
        page = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHLL", *entry) for entry in entries)
        end = len(content) + (i + 1) * (len(page) + 4)
        pages.append(page + struct.pack("<L", end if i < count - 1 else 0))
    return content + b"".join(pages)


def gif_of(count: int) -> bytes:
    """A GIF whose pictures of one pixel are each drawn upon 4,000 x 4,000."""
    frame = b"\x21\xf9\4\4\0\0\0\0\x2c" + struct.pack("<4HB", 0, 0, 1, 1, 0) + b"\2\2\x44\1\0"
    return b"GIF89a" + struct.pack("<2H3B", 4000, 4000, 0x80, 0, 0) + bytes(6) + frame * count + b";"


def npy_header(shape: tuple[int, ...]) -> bytes:
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}".encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text


def overlapping(count: int, size: int) -> bytes:
    """A ZIP of `count` files that share the same packed bytes (Fifield, A better zip bomb, 2019)."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(bytes(size)) + packer.flush()
    sizes = (zlib.crc32(bytes(size)), len(packed), size)
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 8, 0, 0x21, *sizes, 5, 0) + b"0.png"
    entry = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 8, 0, 0x21, *sizes, 5, 0, 0, 0, 0, 0, 0) + b"0.png"
    directory = entry * count
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, len(directory), len(local) + len(packed), 0)
    return local + packed + directory + end


def listing(count: int, name: str = "") -> bytes:
    """A ZIP's list of `count` files, without the files."""
    entries = []
    for i in range(count):
        each = f"{name}{i:07}.png".encode()
        entries.append(
            struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 0, 0, 0x21, 0, 0, 0, len(each), *[0] * 6) + each
        )
    directory = b"".join(entries)
    shown = min(count, 65_535)
    return directory + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, shown, shown, len(directory), 0, 0)
