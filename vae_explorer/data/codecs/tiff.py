"""TIFF as scientists write it: samples of any depth, in pixels or in planes, with or without alpha (TIFF 6.0).

Pillow knows a table of kinds: of the others it says nothing, or shows noise. Here it only unpacks the bytes, as if they
were grey pixels of 8 bits; they become numbers afterwards.
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from math import ceil

import numpy as np
from jaxtyping import Shaped, UInt8
from PIL import Image

from vae_explorer.data.codecs.cost import MAX_MEMORY, SLOW, TIFFS, CostError
from vae_explorer.data.codecs.reducing import means

MAX_UNPACKED = 64 << 20  # bytes of samples
_BAND = 1 << 20  # bytes that become numbers at a time
MAX_PAGES = 30_000
MAX_NUMBERS = 2_000_000  # in the tags of all pages: each becomes an object
MAX_ENTRIES = 600_000  # tags of all pages

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _OFFSETS, _ORIENTATION = 256, 257, 258, 259, 262, 273, 274
_SAMPLES, _ROWS, _COUNTS, _MAX_SAMPLE, _PLANAR, _PREDICTOR, _COLOUR_MAP = 277, 278, 279, 281, 284, 317, 320
_TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_COUNTS, _EXTRA, _FORMAT, _SUBFILE = 322, 323, 324, 325, 338, 339, 254
_NUMBERS = {1: "B", 3: "H", 4: "L", 8: "h", 9: "l", 16: "Q"}  # types whose values are whole numbers
_DTYPES = {1: "u", 2: "i", 3: "f"}
_COMPRESSIONS = {
    1: "none", 2: "CCITT", 3: "fax", 4: "fax", 5: "LZW", 6: "old JPEG", 7: "JPEG", 8: "deflate", 32773: "PackBits",
    32946: "deflate", 34712: "JPEG 2000", 34887: "LERC", 34925: "LZMA", 50000: "Zstandard", 50001: "WebP",
}  # fmt: skip
_LZMA = 34925
_BY_BYTES = (1, 5, 8, 32773, 32946, 34925, 50000)  # these pack bytes, whatever the bytes are
_PHOTOMETRICS = {
    0: "grey, white is zero", 1: "grey", 2: "RGB", 3: "palette", 4: "mask", 5: "CMYK", 6: "YCbCr", 8: "CIELab",
    9: "ICCLab", 32803: "raw camera data", 34892: "linear raw", 32844: "LogL", 32845: "LogLuv",
}  # fmt: skip


@dataclass(frozen=True)
class Samples:
    """What a page holds, as numbers."""

    values: Shaped[np.ndarray, "h w c"]
    alpha: UInt8[np.ndarray, "h w"] | None
    white: float  # 0: unknown


@dataclass(frozen=True)
class Page:
    """One directory of a TIFF: the tags that hold whole numbers."""

    content: bytes
    tags: dict[int, tuple[int, ...]]

    def one(self, tag: int, default: int) -> int:
        return self.tags.get(tag, (default,))[0]

    @property
    def size(self) -> tuple[int, int]:
        return self.one(_WIDTH, 0), self.one(_HEIGHT, 0)

    @property
    def orientation(self) -> int:
        return self.one(_ORIENTATION, 1)

    @property
    def is_reduced(self) -> bool:
        """Whether it is a small copy of another page, or a mask."""
        return bool(self.one(_SUBFILE, 0) & 0b101)

    @property
    def samples(self) -> int:
        return self.one(_SAMPLES, 1)

    @property
    def in_planes(self) -> bool:
        return self.one(_PLANAR, 1) == 2 and self.samples > 1

    @property
    def dtype(self) -> np.dtype | None:
        """Of the samples; None where they are not all of one kind of 8, 16, 32 or 64 bits."""
        bits, kinds = set(self.tags.get(_BITS, (1,))), set(self.tags.get(_FORMAT, (1,)))
        if len(bits) != 1 or len(kinds) != 1:
            return None
        width, kind = bits.pop(), _DTYPES.get(kinds.pop())
        if width not in (8, 16, 32, 64) or not kind or (kind, width) == ("f", 8):
            return None
        return np.dtype(f"{TIFFS[self.content[:4]]}{kind}{width // 8}")

    @property
    def has_numbers(self) -> bool:
        """Whether `samples_of` reads it."""
        is_known = self.one(_PHOTOMETRIC, -1) in (0, 1, 2) and self.one(_COMPRESSION, 1) in _BY_BYTES
        return is_known and self.dtype is not None

    @property
    def needs_numbers(self) -> bool:
        """Whether `samples_of` reads it, but Pillow does not, or wrongly."""
        is_plain = self.dtype == np.uint8 and not self.in_planes and (self.samples != 2 or _EXTRA in self.tags)
        return self.has_numbers and not (is_plain and self.one(_COMPRESSION, 1) != _LZMA)

    def __str__(self) -> str:
        bits = self.tags.get(_BITS, (1,))
        kind = {2: "signed ", 3: "float "}.get(self.one(_FORMAT, 1), "")
        said = "/".join(map(str, bits[:8])) if len(set(bits)) > 1 else str(bits[0])
        photometric, compression = self.one(_PHOTOMETRIC, -1), self.one(_COMPRESSION, 1)
        colours = _PHOTOMETRICS.get(photometric, f"colours of kind {photometric}")
        packed = _COMPRESSIONS.get(compression, f"number {compression}")
        samples = f"{self.samples} samples" if self.samples != 1 else "one sample"
        return f"{colours}, {samples} of {said} bits{', ' + kind.strip() if kind else ''}, compression {packed}"


def is_tiff(content: bytes) -> bool:
    return content[:4] in TIFFS


def pages(content: bytes) -> Iterator[Page]:
    """Every page, up to one that is cut off. Raises CostError where they are too many."""
    order, is_big = TIFFS[content[:4]], b"+" in content[:4]
    number, count, entry = ("Q", "Q", "HHQ8s") if is_big else ("L", "H", "HHL4s")
    table = struct.Struct(order + entry)
    at = 8 if is_big else 4
    seen: set[int] = set()
    numbers = tags_seen = 0
    try:
        while True:
            (start,) = struct.unpack_from(order + number, content, at)
            if start == 0 or start in seen:
                return
            seen.add(start)
            (entries,) = struct.unpack_from(order + count, content, start)
            tags_seen += entries
            if entries > 0xFFFF or tags_seen > MAX_ENTRIES or len(seen) > MAX_PAGES:
                raise CostError(SLOW)
            start += struct.calcsize(order + count)
            tags = {}
            for i in range(entries):
                tag, kind, values, inside = table.unpack_from(content, start + i * table.size)
                if kind in _NUMBERS and tag in _WANTED and 0 < values <= len(content):
                    numbers += values
                    if numbers > MAX_NUMBERS:
                        raise CostError(SLOW)
                    one = struct.Struct(f"{order}{values}{_NUMBERS[kind]}")
                    where = 0 if one.size <= len(inside) else struct.unpack(order + number, inside)[0]
                    tags[tag] = one.unpack_from(content if where else inside, where)
            at = start + entries * table.size
            yield Page(content, tags)
    except (struct.error, OverflowError):
        return  # cut off


_WANTED = frozenset(
    (_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _OFFSETS, _ORIENTATION, _SAMPLES, _ROWS, _COUNTS, _MAX_SAMPLE)
) | {
    _PLANAR,
    _PREDICTOR,
    _COLOUR_MAP,
    _TILE_WIDTH,
    _TILE_HEIGHT,
    _TILE_OFFSETS,
    _TILE_COUNTS,
    _EXTRA,
    _FORMAT,
    _SUBFILE,
}


def first_page(content: bytes) -> Page | None:
    """None of a file that is no TIFF, or is cut off."""
    try:
        return next(pages(content), None) if is_tiff(content) else None
    except CostError:
        return None


def is_whole(page: Page) -> bool:
    """Whether all that the page says it has lies in the file."""
    offsets = page.tags.get(_OFFSETS) or page.tags.get(_TILE_OFFSETS) or ()
    counts = page.tags.get(_COUNTS) or page.tags.get(_TILE_COUNTS) or ()
    ends = [at + count for at, count in zip(offsets, counts, strict=False)]
    if len(offsets) != len(counts) or not ends or max(ends) > len(page.content) or min(page.size) < 1:
        return False
    bits = sum(page.tags.get(_BITS, (1,))) * page.size[0] * page.size[1]
    return page.one(_COMPRESSION, 1) != 1 or 8 * sum(counts) >= bits


def samples_of(page: Page, factor: int) -> Samples:
    """The values of a page that has numbers, each the mean of a square of `factor` pixels.

    Raises CostError, or OSError where it is damaged."""
    dtype, channels = page.dtype, 3 if page.one(_PHOTOMETRIC, -1) == 2 else 1
    assert dtype is not None
    width, height = page.size
    size = width * height * page.samples * dtype.itemsize
    if size > MAX_UNPACKED or 2 * len(page.content) + 2 * size > MAX_MEMORY:
        raise CostError(
            f"has {width} × {height} pixels of {page.samples * dtype.itemsize} bytes; the limit for this kind of TIFF "
            f"is {MAX_UNPACKED >> 20} MB of them: make it smaller in an image editor"
        )
    if page.samples < channels or page.samples > channels + 1:
        raise CostError(f"has {page.samples} channels, not 1 or 3; save those that you need as one picture")
    planes = page.samples if page.in_planes else 1
    values = np.concatenate([_plane(page, dtype, i, planes, factor) for i in range(planes)], axis=2)
    values, alpha = values[..., :channels], values[..., channels:]
    white = float(np.iinfo(dtype).max) if dtype.kind == "u" and dtype.itemsize <= 2 else 0.0
    if page.one(_PHOTOMETRIC, 1) == 0:
        values = (white or values.max()) - values
    extra = page.one(_EXTRA, 2)
    shown = None
    if alpha.shape[2] and extra in (1, 2):
        full = white or (1.0 if dtype.kind == "f" else float(np.iinfo(dtype).max))
        share = np.clip(alpha[..., 0] / full, 0, 1)
        if extra == 1:  # the values are multiplied by it
            values = np.where(share[..., None] > 0, values / np.maximum(share[..., None], 1e-9), 0)
            values = np.rint(values).clip(0, white).astype(dtype) if white else values
        shown = np.rint(share * 255).astype(np.uint8)
    most = page.one(_MAX_SAMPLE, 0)
    if 255 < most < white and most & (most + 1) == 0 and values.max() <= most:  # 10, 12 or 14 bits in 16
        white = float(most)
    if dtype.itemsize > 4 or dtype.kind + str(dtype.itemsize) == "u4":
        values = values.astype(np.float64)
    return Samples(np.ascontiguousarray(values.astype(values.dtype.newbyteorder("="))), shown, white)


def _plane(page: Page, dtype: np.dtype, index: int, planes: int, factor: int) -> Shaped[np.ndarray, "h w c"]:
    """The samples of a plane, or of all where there is one; row by row, so that they are never there twice."""
    width, height = page.size
    samples = page.samples // planes
    pixel = samples * dtype.itemsize  # bytes
    tiled = _TILE_OFFSETS in page.tags
    across = page.one(_TILE_WIDTH, width) if tiled else width
    offsets, counts = (
        _share(page.tags.get(tag, ()), index, planes)
        for tag in ((_TILE_OFFSETS, _TILE_COUNTS) if tiled else (_OFFSETS, _COUNTS))
    )
    tags: dict[int, tuple[int, ...]] = {_WIDTH: (width * pixel,), _HEIGHT: (height,), _BITS: (8,)}
    tags |= {_COMPRESSION: (page.one(_COMPRESSION, 1),)}
    tags |= {_PHOTOMETRIC: (1,), _SAMPLES: (1,)}
    if tiled:
        tall = page.one(_TILE_HEIGHT, height)
        if min(across, tall) < 1 or ceil(width / across) * ceil(height / tall) != len(offsets):
            raise OSError("the tiles do not fit the size")
        if across * tall * pixel > MAX_UNPACKED:
            raise CostError("has tiles that are larger than the picture; open it in an image editor and save it as PNG")
        tags |= {_TILE_WIDTH: (across * pixel,), _TILE_HEIGHT: (tall,), _TILE_OFFSETS: offsets, _TILE_COUNTS: counts}
        width = ceil(width / across) * across  # whole tiles, for the predictor
        tags[_WIDTH] = (width * pixel,)
    else:
        tags |= {_OFFSETS: offsets, _COUNTS: counts, _ROWS: (min(page.one(_ROWS, height), height),)}
    bands = []
    with _as_grey(page.content, tags) as image:
        step = factor * max(1, _BAND // (factor * image.width))
        for top in range(0, height, step):
            grey = np.asarray(image.crop((0, top, image.width, min(top + step, height))))
            blocks = np.split(grey, range(across * pixel, image.width, across * pixel), axis=1)
            values = [_numbers(block, dtype, samples, page.one(_PREDICTOR, 1)) for block in blocks]
            bands.append(means(np.concatenate(values, axis=1)[:, : page.size[0]], factor))
    return np.concatenate(bands)


def _share(values: tuple[int, ...], index: int, planes: int) -> tuple[int, ...]:
    each = len(values) // planes
    if not each:
        raise OSError("the planes are missing")
    return values[index * each : (index + 1) * each]


def _as_grey(content: bytes, tags: dict[int, tuple[int, ...]]) -> Image.Image:
    """The bytes of each row as pixels: a small TIFF of these strips or tiles alone, that says so."""
    places, lengths = (_TILE_OFFSETS, _TILE_COUNTS) if _TILE_OFFSETS in tags else (_OFFSETS, _COUNTS)
    pieces = list(zip(tags[places], tags[lengths], strict=True))
    if any(at + count > len(content) for at, count in pieces):
        raise OSError("it is cut off")
    if sum(tags[lengths]) > len(content):
        raise OSError("the strips lie over each other")
    order = TIFFS[content[:4]]
    start = 8 + 2 + 12 * len(tags) + 4  # of the values that do not fit into their entry
    begin = start + sum(4 * len(values) for values in tags.values() if len(values) > 1)
    tags = tags | {places: tuple(accumulate(tags[lengths][:-1], initial=begin))}
    entries, behind = b"", b""
    for tag in sorted(tags):
        values = struct.pack(f"{order}{len(tags[tag])}L", *tags[tag])
        place = values if len(values) == 4 else struct.pack(order + "L", start + len(behind))
        behind += b"" if len(values) == 4 else values
        entries += struct.pack(order + "HHL", tag, 4, len(tags[tag])) + place
    file = io.BytesIO()
    file.write((b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "LH", 8, len(tags)))
    file.write(entries + bytes(4) + behind)
    for at, count in pieces:
        file.write(memoryview(content)[at : at + count])
    image = Image.open(file, formats=("TIFF",))
    if image.mode != "L" or image.size != (tags[_WIDTH][0], tags[_HEIGHT][0]):
        raise OSError("it cannot be unpacked")
    return image


def _numbers(
    block: UInt8[np.ndarray, "h bytes"], dtype: np.dtype, samples: int, predictor: int
) -> Shaped[np.ndarray, "h w c"]:
    """Undoes the predictor (TIFF 6.0, section 14; Adobe's technical note 3 for floats)."""
    height = len(block)
    if predictor == 3:
        summed = np.cumsum(block.reshape(height, -1, samples), axis=1, dtype=np.uint8)
        planes = summed.reshape(height, dtype.itemsize, -1)  # the first bytes of all numbers, then the second ones
        whole = np.ascontiguousarray(planes.swapaxes(1, 2)).view(dtype.newbyteorder(">"))
        return whole.reshape(height, -1, samples).astype(dtype)
    values = np.ascontiguousarray(block).view(dtype).reshape(height, -1, samples)
    if predictor == 2:
        whole_numbers = values.view(f"{dtype.byteorder}u{dtype.itemsize}" if dtype.itemsize > 1 else "u1")
        return (
            np.cumsum(whole_numbers, axis=1, dtype=whole_numbers.dtype.newbyteorder("="))
            .view(dtype.newbyteorder("="))
            .astype(dtype)
        )
    return values
