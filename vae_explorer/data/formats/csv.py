"""Tables of pixels as text: a row for each image, with its label and its pixels.

Either each pixel is a column (Kaggle's MNIST: label, pixel0 … pixel783; OpenML's, with the class last; without a header
as in pjreddie.com's mnist_train.csv), or all pixels are one (FER2013: emotion, "pixels" with spaces between, Usage).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BufferedIOBase
from math import isqrt
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Shaped

from vae_explorer.core.progress import Job, Progress
from vae_explorer.data import container
from vae_explorer.data.container import DataError, File
from vae_explorer.data.formats import arrays
from vae_explorer.data.formats.packed.unpacking import unpacked
from vae_explorer.data.formats.split_names import by_split, split_of
from vae_explorer.data.image_set import DataSet, Note, Split
from vae_explorer.data.reading import Reading
from vae_explorer.errors import shown

SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
LEAST = 64  # pixels: an image of 8 × 8
MANY = 32  # columns: what has so many is a table, whatever its name
MAX_ROW = 8 << 20  # bytes
MAX_FIELDS = 4 << 20  # of a row
MAX_SAID = 6  # columns in a sentence
Role = Literal["label", "split"]
_ROLES: dict[Role, str] = {
    "label": r"labels?|class(es)?|targets?|y|emotion|digit|category|letter",
    "split": r"usage|split|set|part|partition",
}


@dataclass(frozen=True)
class _Layout:
    """Which columns are what: those of pixels are neighbours."""

    delimiter: bytes
    before: tuple[str, ...]  # the names of the columns before the pixels
    after: tuple[str, ...]
    pixels: int  # how many an image has
    within: bytes  # what separates the pixels
    has_header: bool

    def roles(self) -> dict[Role, int]:
        """The places of label and split among the columns before and after."""
        names = [name.strip().lower() for name in (*self.before, *self.after)]
        found: dict[Role, int] = {}
        for role, words in _ROLES.items():
            for i, name in enumerate(names):
                if re.fullmatch(words, name):
                    found.setdefault(role, i)
        return found


@dataclass
class _Rows:
    """The rows of one part, in pieces."""

    pixels: list[Shaped[np.ndarray, "m d"]] = field(default_factory=list)
    labels: list[bytes] = field(default_factory=list)


def read(name: str, path: Path, files: Sequence[File], reading: Reading) -> Job[DataSet]:
    """The data set that one table is, or several that are a part each."""
    rows: dict[Split, _Rows] = {}
    tables, notes = by_split(name, files)
    for split, file in tables.items():
        yield from _read(file, split, rows, notes, limit=container.MAX_BYTES)
    parts: dict[Split, arrays.Part] = {}
    for split, some in rows.items():
        images = np.concatenate(some.pixels)
        some.pixels.clear()
        labels = _plain(some.labels) if some.labels else None
        said = name if len(rows) == 1 else f"{name} ({split})"
        parts[split] = arrays.Part(said, _in_colour(images, notes), labels)
    if "train" not in parts and "validation" in parts:
        parts["train"] = parts.pop("validation")
    return (
        yield from arrays.data_set(
            name,
            path,
            parts.get("train"),
            parts.get("test"),
            validation=parts.get("validation"),
            reading=reading,
            notes=tuple(dict.fromkeys(notes)),
        )
    )


def is_table(start: bytes, name: str) -> bool:
    """Whether a file that begins like this may be one: by its name, by many columns, or one of pixels."""
    if not start or re.search(rb"[^\t\n\r\x20-\x7e\x80-\xff]", start):
        return False
    if name.endswith(SUFFIXES) or re.match(rb"[^\n]{,80}\bpixels\b[^\n]*\n", start):
        return True
    return bool(re.match(rb"([\w\"'.-]+[,;\t|]){%d}" % MANY, start))


def _read(file: File, split: Split, rows: dict[Split, _Rows], notes: list[Note], limit: int) -> Job[None]:
    layout: _Layout | None = None
    row = done = held = 0  # rows and bytes that were read, bytes of pixels that are kept
    roles: dict[Role, int] = {}
    with unpacked(file) as stream:
        for block in _blocks(file, stream):
            done += len(block)
            container.refuse_bomb(file, done)
            yield Progress(min(done, file.size), file.size, "bytes")
            lines = block.splitlines()
            if layout is None:
                layout = _layout(file, lines)
                roles = layout.roles()
                notes += _notes(file, layout, roles)
                lines = lines[1:] if layout.has_header else lines
            fields, pixels = _columns(file, layout, [line for line in lines if line.strip()], row)
            row += len(pixels)
            held += pixels.nbytes
            if held > limit:
                raise DataError(
                    f"{file} has too many rows: the first {row:,} fill {limit >> 30} GiB; split it into smaller tables"
                )
            _sort(split, rows, roles, fields, pixels)
    if not row:
        raise DataError(f"{file} is a table without rows")


def _blocks(file: File, stream: BufferedIOBase) -> Iterator[bytes]:
    """Whole lines, about a megabyte at once."""
    rest = b""
    while piece := stream.read(container.CHUNK):
        lines, end, left = (rest + piece).rpartition(b"\n")
        if end:
            yield lines
        rest = left
        if len(rest) > MAX_ROW:
            raise DataError(f"{file} has a row of more than {MAX_ROW:,} bytes; it is not a table of pixels")
    if rest:
        yield rest


def _layout(file: File, lines: Sequence[bytes]) -> _Layout:
    lines = [line.removeprefix(b"\xef\xbb\xbf") for line in lines[:2]]
    first = lines[0] if lines else b""
    delimiter = max((b",", b"\t", b";", b"|", b" "), key=lambda one: (first.count(one), one != b" "))
    names = _fields(first, delimiter)
    has_header = not all(_is_number(name) for name in names)
    values = _fields(lines[1], delimiter) if has_header and len(lines) > 1 else names
    if len(values) != len(names):
        raise DataError(f"{file} has {len(names):,} columns in its first row and {len(values):,} in its second")
    said = [shown(name, 60) for name in names]
    for i, value in enumerate(values):  # pixels with spaces between
        count = len(value.split()) if value.count(b" ") >= LEAST - 1 else 0
        if count and all(map(_is_number, value.split())):
            return _Layout(delimiter, tuple(said[:i]), tuple(said[i + 1 :]), count, b" ", has_header)
    start, stop = 0, len(names)
    if has_header:
        is_pixel = [_is_pixel(name, value) for name, value in zip(said, values, strict=True)]
        start, stop = _longest(is_pixel)
        if not _is_image(stop - start) and _is_image(stop - start - 1):
            start += 1  # a number of the row, as pandas writes it
    elif not _is_image(len(names)) and _is_image(len(names) - 1):
        start, stop = (0, stop - 1) if _is_last(lines, delimiter) else (1, stop)
    if not _is_image(stop - start):
        columns = f"the columns {', '.join(said[:MAX_SAID])}" if has_header else f"{len(names):,} columns of numbers"
        raise DataError(
            f"{file} is a table with {columns}{', …' if has_header and len(said) > MAX_SAID else ''}, which are not "
            "pixels; a table of images has the pixels of a square image and a label in each row"
        )
    before, after = (tuple(said[:start]), tuple(said[stop:])) if has_header else (("label",) * start, ())
    if not has_header and stop < len(names):
        after = ("label",)
    return _Layout(delimiter, before, after, stop - start, delimiter, has_header)


def _fields(line: bytes, delimiter: bytes) -> list[bytes]:
    if line.count(delimiter) > MAX_FIELDS:
        return []
    return [one.strip().strip(b'"').strip() for one in line.strip().split(delimiter)]


def _is_number(text: bytes) -> bool:
    return bool(re.fullmatch(rb"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?", text[:40]))


def _is_pixel(name: str, value: bytes) -> bool:
    """By the column's name (pixel12, 3x4), or since it has a number and no other meaning."""
    if re.fullmatch(r"[a-z_ ]*\d+([x_]\d+)*", name.strip().lower()):
        return True
    return _is_number(value) and not any(re.fullmatch(words, name.strip().lower()) for words in _ROLES.values())


def _longest(wanted: Sequence[bool]) -> tuple[int, int]:
    """Where the longest run of True begins and ends."""
    best, start = (0, 0), 0
    for i, one in enumerate((*wanted, False)):
        if not one:
            best = max(best, (start, i), key=lambda run: run[1] - run[0])
            start = i + 1
    return best


def _is_image(pixels: int) -> bool:
    return pixels >= LEAST and any(
        pixels % channels == 0 and isqrt(pixels // channels) ** 2 == pixels // channels for channels in (1, 3)
    )


def _is_last(lines: Sequence[bytes], delimiter: bytes) -> bool:
    """Whether the label is the last column of a table without header: a corner's pixel is that of its neighbour."""
    rows = [[float(one) for one in _fields(line, delimiter)] for line in lines]
    return all(abs(row[0] - row[1]) <= 1 and abs(row[-1] - row[-2]) > 1 for row in rows if len(row) > 2)


def _notes(file: File, layout: _Layout, roles: dict[Role, int]) -> Iterator[Note]:
    names = [*layout.before, *layout.after]
    unused = [name or "one without a name" for i, name in enumerate(names) if i not in roles.values()]
    if unused:
        yield Note(f"columns of the table that were not used: {', '.join(unused[:MAX_SAID])}")
    if "label" not in roles:
        yield Note(f"{shown(file.parts[-1])} has no column of labels (label, class, target or y)")


def _columns(
    file: File, layout: _Layout, lines: Sequence[bytes], row: int
) -> tuple[list[list[bytes]], Shaped[np.ndarray, "m d"]]:
    """The fields before and after the pixels, and the pixels, of these lines."""
    delimiter, before, after = layout.delimiter, len(layout.before), len(layout.after)
    fields: list[list[bytes]] = []
    rests: list[bytes] = []
    for i, line in enumerate(lines, row + 1):
        start = line.split(delimiter, before)
        end = start[-1].rsplit(delimiter, after)
        if len(start) <= before or len(end) <= after:
            raise DataError(f"{file} has a row with too few columns: row {i:,}")
        fields.append([*start[:before], *end[1:]])
        rests.append(end[0])
    return fields, _pixels(file, layout, rests, row)


def _pixels(file: File, layout: _Layout, rows: Sequence[bytes], row: int) -> Shaped[np.ndarray, "m d"]:
    """The numbers in these rows: uint8 where that holds them, int32, or float32 (read at a tenth of the speed)."""
    if not rows:
        return np.empty((0, layout.pixels), np.uint8)
    for i, one in enumerate(rows, row + 1):
        count = len(one.split()) if layout.within == b" " else one.count(layout.within) + 1
        if count != layout.pixels:
            raise DataError(f"{file} has {count:,} instead of {layout.pixels:,} pixels in row {i:,}")
    text = b"\n".join(rows).replace(b'"', b"")
    is_whole = not text.translate(None, b"0123456789 \r\n" + layout.within)
    delimiter = None if layout.within == b" " else layout.within.decode()
    for dtype in (np.int32, np.float32) if is_whole else (np.float32,):
        try:
            values = np.loadtxt(text.decode("utf-8", "replace").split("\n"), dtype, None, delimiter, ndmin=2)
        except ValueError as error:
            told = re.search(r"string '(.*)' to float32 at row (\d+)", str(error), re.DOTALL)
        else:
            if dtype == np.int32 and values.min() >= 0 and values.max() <= 255:
                return values.astype(np.uint8)
            return values
    where = f" in row {row + 1 + int(told[2]):,}" if told else ""
    what = repr(shown(told[1], 60)) if told and told[1].strip() else "nothing"
    raise DataError(f"{file} has {what} instead of a pixel{where}")


def _sort(
    split: Split,
    rows: dict[Split, _Rows],
    roles: dict[Role, int],
    fields: Sequence[Sequence[bytes]],
    pixels: Shaped[np.ndarray, "m d"],
) -> None:
    """Adds the rows of a block to the parts that they belong to."""
    splits = np.full(len(fields), split, object)
    if (at := roles.get("split")) is not None:
        splits = np.array([split_of(one[at].decode("utf-8", "replace")) or split for one in fields], object)
    label = roles.get("label")
    for part in dict.fromkeys(splits.tolist()):
        chosen = splits == part
        into = rows.setdefault(part, _Rows())
        into.pixels.append(pixels if chosen.all() else pixels[chosen])
        if label is not None:
            into.labels += [one[label].strip().strip(b'"') for one, is_in in zip(fields, chosen, strict=True) if is_in]


def _plain(labels: Sequence[bytes]) -> Shaped[np.ndarray, "n"]:
    """Integers where all are, else text."""
    texts = [shown(label.decode("utf-8", "replace"), 60) for label in labels]
    if all(re.fullmatch(r"[-+]?\d{1,15}(\.0*)?", text, re.ASCII) for text in texts):
        return np.array([float(text) for text in texts]).astype(np.int64)
    return np.array(texts)


def _in_colour(pixels: Shaped[np.ndarray, "n d"], notes: list[Note]) -> Shaped[np.ndarray, "n *image"]:
    """Colour comes channel by channel (as in CIFAR) or pixel by pixel (as in HAM10000): what is smoother is right."""
    count, values = pixels.shape
    side = isqrt(values // 3)
    if isqrt(values) ** 2 == values or side * side * 3 != values:
        return pixels
    some = pixels[:: max(1, count // 64)].astype(np.float32)
    by_channel = np.abs(np.diff(some.reshape(-1, 3, side, side), axis=3)).mean()
    by_pixel = np.abs(np.diff(some.reshape(-1, side, side, 3), axis=2)).mean()
    if by_channel <= by_pixel:
        return pixels
    notes.append(Note(f"rows of {values:,} values were read as {side} × {side} pixels, red, green and blue of each"))
    return pixels.reshape(count, side, side, 3)
