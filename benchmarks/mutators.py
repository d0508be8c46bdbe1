"""Mutants of files: what mutants.py and the tests try on the program."""

import hashlib
import io
import random
import re
import struct
import zipfile
from typing import Any

import numpy as np
import torch
from PIL import Image

from vae_explorer.core.config import VAEConfig
from vae_explorer.core.vae import VAE
from vae_explorer.data.preprocess import Preparation
from vae_explorer.data.reading import Reading
from vae_explorer.storage import sealed
from vae_explorer.training.model_file import LatentStatistics, ModelInfo

SHAPE = (1, 8, 8)
READING = Reading(size=8, fit="pad", background="white", black=-1.5, white=4080, limit=9)
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


# --- a model file, and what the others are made with


def model() -> bytes:
    """A tiny model file with everything in it that a model file can have."""
    config = VAEConfig(image_shape=SHAPE, z_dim=2, hidden=4)
    statistics = LatentStatistics(
        split="test", images=9, kl_per_dimension=[2, 1], mu_variance=[0.9, 0], elbo_quantiles=[-1.5] * 101
    )
    info = ModelInfo(
        config=config,
        preparation=Preparation(image_shape=SHAPE, dark_background=True, box=0.7, binarise="draw", reading=READING),
        data="bars",
        split_seed=3,
        train_config={"beta": 1.0},
        statistics=statistics,
    )
    weights = VAE(config).initialise(torch.Generator().manual_seed(1)).state_dict()
    return sealed.sealed(weights, info.model_dump(mode="json"))


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
