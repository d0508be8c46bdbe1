"""Mutants of files: what mutants.py and the tests try on the program."""

import gzip
import hashlib
import io
import random
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

import foreign_files
import numpy as np
import torch
from PIL import Image, features

from vae_explorer.core.config import VAEConfig
from vae_explorer.core.vae import VAE
from vae_explorer.data.preprocess import Preparation
from vae_explorer.storage import sealed
from vae_explorer.training.model_file import LatentStatistics, ModelInfo

SHAPE = (1, 8, 8)
Dice = random.Random

TOKENS = (
    *(
        "0",
        "-1",
        "1",
        "2",
        "3",
        "255",
        "65536",
        "2147483648",
        "4294967295",
        "9223372036854775807",
        "1" * 30,
        "1" * 5000,
    ),
    *("NaN", "Infinity", "-Infinity", "1e999", "-0", "1.5", "null", "true", "[]", "{}", "[[1]]", "(8,)", "()", "False"),
    *("[" * 3000, '{\\"a\\":' * 2000, '"\\ud800"', '"\\u0000"', '"' + "x" * 3000 + '"', "\\n", "\x00", "\ufeff", "é"),
    *("F16", "F64", "BF16", "I64", "BOOL", "F8_E4M3", "|O", "<U9", "|V8", ">f8", "<f2", "<c8", "<M8[s]", "|b1", "|S4"),
    *("__metadata__", "vae", "sha256", "format", "data_offsets", "__import__('os').abort()", "[('a', '<f4')]"),
)
NUMBERS = (b"\xff" * 2, b"\xff" * 4, b"\xff" * 8, b"\0" * 4, b"\0" * 8, b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f")
SIGNS = (b"PK\1\2", b"PK\3\4", b"PK\5\6", b"PK\6\6", b"PK\6\7", b"\x1f\x8b\x08", b"\x93NUMPY", b"../", b"/", b"\0")


# --- mutators: bytes and dice → other bytes


def flipped(content: bytes, dice: Dice) -> bytes:
    changed = bytearray(content)
    for _ in range(dice.choice((1, 1, 1, 2, 8))):
        changed[_place(content, dice)] ^= 1 << dice.randrange(8)
    return bytes(changed)


def overwritten(content: bytes, dice: Dice) -> bytes:
    at = _place(content, dice)
    piece = dice.choice((dice.randbytes(1), dice.randbytes(dice.randint(1, 16)), dice.choice(NUMBERS + SIGNS)))
    return content[:at] + piece + content[at + len(piece) :]


def cut(content: bytes, dice: Dice) -> bytes:
    at = _place(content, dice)
    return dice.choice((content[:at], content[at:]))


def lengthened(content: bytes, dice: Dice) -> bytes:
    at = dice.choice((0, len(content), _place(content, dice)))
    return content[:at] + dice.choice((dice.randbytes(dice.randint(1, 64)), *NUMBERS, *SIGNS)) + content[at:]


def shortened(content: bytes, dice: Dice) -> bytes:
    start, stop = _block(content, dice)
    return content[:start] + content[stop:]


def doubled(content: bytes, dice: Dice) -> bytes:
    start, stop = _block(content, dice)
    return content[:stop] + content[start:stop] + content[stop:]


def swapped(content: bytes, dice: Dice) -> bytes:
    a, b, c, d = sorted(_place(content, dice) for _ in range(4))
    return content[:a] + content[c:d] + content[b:c] + content[a:b] + content[d:]


def zeroed(content: bytes, dice: Dice) -> bytes:
    start, stop = _block(content, dice)
    return content[:start] + bytes(stop - start) + content[stop:]


def words_changed(content: bytes, dice: Dice) -> bytes:
    """Another word or number in the header's text, a part of it twice, or its parts in another order."""
    start, stop, length_format = _header(content)
    text = content[start:stop]
    for _ in range(dice.choice((1, 1, 2, 3))):
        words = list(re.finditer(rb"-?\w[\w.]*", text))
        if not words:
            break
        word, other = dice.choice(words), dice.choice(words)
        first, last = sorted((word, other), key=lambda one: one.start())
        between = text[first.start() : last.start()]
        new = dice.choice((dice.choice(TOKENS).encode(), other[0], word[0] + other[0], b"", between))
        where = word.start() if dice.random() < 0.2 else word.end()  # sometimes inserted, mostly instead of the word
        text = text[: word.start()] + new + text[where:]
    length = dice.choice((len(text),) * 6 + (len(text) - 1, len(text) + 1, 0, 2**16 - 1))
    size = struct.calcsize(length_format)
    return content[: start - size] + struct.pack(length_format, length % 2 ** (8 * size)) + text + content[stop:]


MUTATORS = (flipped, overwritten, cut, lengthened, shortened, doubled, swapped, zeroed)


def mutant(content: bytes, dice: Dice) -> bytes:
    """One change, sometimes several."""
    has_text = content[:6] == b"\x93NUMPY" or b"__metadata__" in content[:30]
    for _ in range(dice.choice((1, 1, 1, 1, 2, 3))):
        mutator = words_changed if has_text and dice.random() < 0.4 else dice.choice(MUTATORS)
        if len(content) > 16:
            content = mutator(content, dice)
    return content


def sealed_again(content: bytes) -> bytes:
    """The digest made right, where one still stands in the header."""
    found = re.search(rb'sha256\\": ?\\"([0-9a-f]{64})\\"', content[: 8 + sealed.MAX_HEADER])
    if not found:
        return content
    start, end = found.span(1)
    blank = content[:start] + b"0" * 64 + content[end:]
    return content[:start] + hashlib.sha256(blank).hexdigest().encode() + content[end:]


def _place(content: bytes, dice: Dice) -> int:
    """Half of the time within the first 200 or the last 100 bytes, where headers and directories lie."""
    if dice.random() < 0.3:
        return dice.randrange(min(len(content), 200))
    if dice.random() < 0.3:
        return len(content) - 1 - dice.randrange(min(len(content), 100))
    return dice.randrange(len(content))


def _block(content: bytes, dice: Dice) -> tuple[int, int]:
    start = _place(content, dice)
    return start, min(len(content), start + dice.choice((1, 2, 4, 8, 32, 200)))


def _header(content: bytes) -> tuple[int, int, str]:
    """Where the header's text begins and ends, and how its length stands before it."""
    if content.startswith(b"\x93NUMPY"):
        return 10, 10 + struct.unpack("<H", content[8:10])[0], "<H"
    return 8, 8 + min(len(content), struct.unpack("<Q", content[:8])[0]), "<Q"


# --- the files that are mutated


def model() -> bytes:
    """A tiny model file with everything in it that a model file can have."""
    config = VAEConfig(image_shape=SHAPE, z_dim=2, hidden=4)
    statistics = LatentStatistics(
        split="test", images=9, kl_per_dimension=[2, 1], mu_variance=[0.9, 0], elbo_quantiles=[-1.5] * 101
    )
    info = ModelInfo(
        config=config,
        preparation=Preparation(image_shape=SHAPE, dark_background=True, box=0.7, binarise="draw"),
        data="bars",
        split_seed=3,
        train_config={"beta": 1.0},
        statistics=statistics,
    )
    weights = VAE(config).initialise(torch.Generator().manual_seed(1)).state_dict()
    return sealed.sealed(weights, info.model_dump(mode="json"))


def data_files() -> dict[str, tuple[bytes, Callable[[Dice], bytes]]]:
    """A small data set in each form, by the kind's name, and what makes a mutant of it."""
    grey = np.random.default_rng(0).integers(0, 256, (12, 10, 9), dtype=np.uint8)
    labels = (np.arange(12) % 3).astype(np.uint8)
    four = {
        "train-images-idx3-ubyte": idx(grey),
        "train-labels-idx1-ubyte": idx(labels),
        "t10k-images-idx3-ubyte": idx(grey[:5]),
        "t10k-labels-idx1-ubyte": idx(labels[:5]),
    }
    pictures = {f"{'abc'[label]}/{i}.png": png(one) for i, (one, label) in enumerate(zip(grey, labels, strict=True))}
    names = np.array(["ant", "bee", "cat"])[labels]
    npz = {"x_train.npy": npy(grey), "y_train.npy": npy(names), "x_test.npy": npy(np.asfortranarray(grey[:3] / 255.0))}
    clear = np.random.default_rng(0).integers(0, 4096, (12, 9, 8, 4)).astype(np.uint16)
    drawn = {"imgs.npy": npy(clear), "latents_values.npy": npy(np.arange(36.0).reshape(12, 3))}
    drawn |= {"latents_names.npy": npy(names[:3]), "classes.npy": npy(names[:3]), "labels.npy": npy(np.eye(3)[labels])}
    plain = {
        "NPY": npy(grey),
        "NPZ with factors": zipped(drawn, zipfile.ZIP_STORED),
        "NPZ": zipped(npz),
        "NPZ, not packed": zipped(npz, zipfile.ZIP_STORED),
        "IDX": idx(grey),
        "gzipped IDX": gzip.compress(idx(grey), mtime=0),
        "ZIP of pictures": zipped(pictures),
        "ZIP of MNIST's four": zipped({f"{name}.gz": gzip.compress(one, mtime=0) for name, one in four.items()}),
    }
    plain |= _foreign(grey, labels)
    return {
        **{name: (content, partial(mutant, content)) for name, content in plain.items()},
        "NPZ with factors, checksums made right": (plain["NPZ with factors"], partial(_zip_of_mutants, drawn)),
        "NPZ, checksums made right": (plain["NPZ"], partial(_zip_of_mutants, npz)),
        "ZIP of unusual pictures, checksums made right": (
            zipped(unusual_pictures()),
            partial(_zip_of_mutants, unusual_pictures()),
        ),
        "ZIP of pictures, checksums made right": (plain["ZIP of pictures"], partial(_zip_of_mutants, pictures)),
        "gzipped IDX, checksum made right": (
            plain["gzipped IDX"],
            lambda dice: gzip.compress(mutant(idx(grey), dice), mtime=0),
        ),
    }


def unusual_pictures() -> dict[str, bytes]:
    """Small pictures of the kinds that are read without Pillow's help, or that hold several."""
    grey = np.random.default_rng(1).integers(0, 256, (10, 9), dtype=np.uint8)
    image, colour = Image.fromarray(grey), Image.fromarray(np.dstack([grey, grey.T.reshape(10, 9), 255 - grey]))
    pages: dict[str, Any] = {"save_all": True, "append_images": [Image.fromarray(255 - grey)]}
    masks = struct.pack("<IIII", 0x7C00, 0x3E0, 0x1F, 0x8000).ljust(84, b"\0")
    rows = b"".join(row.tobytes() + b"\0\0" for row in grey.astype("<u2") * 257)
    bmp = b"BM" + struct.pack("<IHHIIiiHHIIiiII", 0, 0, 0, 138, 124, 9, 10, 1, 16, 3, 0, 0, 0, 0, 0) + masks + rows
    made = {
        "pages.tif": encoded(image, "TIFF", compression="tiff_lzw", **pages),
        "deep.tif": encoded(Image.fromarray(grey.astype(np.uint16) * 257), "TIFF", compression="tiff_adobe_deflate"),
        "float.tif": encoded(Image.fromarray(grey.astype(np.float32)), "TIFF"),
        "planes.tif": _in_planes(grey),
        "animated.gif": encoded(image, "GIF", **pages),
        "animated.webp": encoded(image, "WEBP", lossless=True, **pages),
        "animated.png": encoded(image, "PNG", **pages),
        "masks.bmp": bmp,
        "binary.pgm": b"P5 9 10 4095\n" + (grey.astype(">u2") * 16).tobytes(),
        "letters.ppm": b"P3 9 10 # white\n255\n" + b" ".join(b"%d" % value for value in np.asarray(colour).ravel()),
    }
    return made | ({"it.avif": encoded(colour, "AVIF")} if features.check("avif") else {})


def _in_planes(grey: np.ndarray) -> bytes:
    """A TIFF of 16 bits with red, green and blue after each other, packed by deflate with differences (predictor 2)."""
    plane = np.diff(grey.astype("<u2") * 257, axis=1, prepend=np.zeros((10, 1), "<u2")).astype("<u2")
    strip = zlib.compress(plane.tobytes())
    tags = {256: (9,), 257: (10,), 258: (16, 16, 16), 259: (8,), 262: (2,), 273: (8,) * 3, 277: (3,), 278: (10,)}
    tags |= {279: (len(strip),) * 3, 284: (2,), 317: (2,)}
    start = 8 + len(strip)
    behind, entries, tail = start + 2 + 12 * len(tags) + 4, b"", b""
    for tag, values in sorted(tags.items()):
        data = struct.pack(f"<{len(values)}L", *values)
        entries += struct.pack("<HHL", tag, 4, len(values)) + (
            data if len(values) == 1 else struct.pack("<L", behind + len(tail))
        )
        tail += b"" if len(values) == 1 else data
    return struct.pack("<4sL", b"II*\0", start) + strip + struct.pack("<H", len(tags)) + entries + bytes(4) + tail


def _foreign(grey: np.ndarray, labels: np.ndarray) -> dict[str, bytes]:
    """The formats of others; those that need a library which is not there are left out."""
    colour = np.random.default_rng(1).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    files = {
        "CSV": foreign_files.mnist_csv(),
        "CSV with a column of pixels": foreign_files.fer_csv(),
        "MAT": foreign_files.mat({"images": grey, "labels": labels, "s": {"a": np.eye(2)}}),
        "MAT, packed": foreign_files.mat({"images": grey, "labels": labels}, packed=True),
        "TAR of CIFAR-10": foreign_files.tar({"data_batch_1.bin": foreign_files.cifar_batch(colour, labels[:3])}),
        "TAR of WebDataset": foreign_files.webdataset(),
        **{
            f"TAR, {packing}": foreign_files.tar({f"a/{i}.png": png(one) for i, one in enumerate(grey)}, f"w:{packing}")
            for packing in ("gz", "bz2", "xz")
        },
    }
    if find_spec("h5py"):
        files["HDF5"] = foreign_files.hdf5({"images": grey, "labels": labels})
        files["HDF5, packed"] = foreign_files.hdf5({"images": grey}, compression="gzip")
    if find_spec("pyarrow"):
        files["Parquet"] = foreign_files.parquet()
    return files


def _zip_of_mutants(files: dict[str, bytes], dice: Dice) -> bytes:
    chosen = dice.choice(list(files))
    return zipped({name: mutant(content, dice) if name == chosen else content for name, content in files.items()})


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def npy(array: np.ndarray, *, pickled: bool = False) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=pickled)
    return file.getvalue()


def png(pixels: np.ndarray) -> bytes:
    return encoded(Image.fromarray(pixels), "PNG")


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, method, 9 if method != zipfile.ZIP_STORED else None)
    return file.getvalue()
