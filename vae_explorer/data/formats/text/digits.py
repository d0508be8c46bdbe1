"""Numbers in text become an array at the speed of a disk: plain small integers all at once, others one by one."""

import numpy as np
from jaxtyping import Shaped, UInt8

MAX_DIGITS = 5  # of an integer that is read in the fast way: 65,535 and a little more
MAX_LENGTH = 32  # letters of a number


class RowError(ValueError):
    """What is wrong with a row, as the rest of a sentence."""

    def __init__(self, row: int, what: str):
        super().__init__(what)
        self.row = row  # from 1


def table(text: bytes, delimiter: bytes, columns: int) -> Shaped[np.ndarray, "rows columns"]:
    """Lines of numbers, `columns` in each: uint8 where that holds them, else float32. Raises RowError."""
    if not text:
        return np.empty((0, columns), np.uint8)
    letters = np.frombuffer(text + b"\n", np.uint8)
    is_end = letters == ord("\n")
    is_separator = is_end | (letters == ord(delimiter))
    is_digit = (letters >= ord("0")) & (letters <= ord("9"))
    places = np.flatnonzero(is_separator)
    lengths = np.diff(places, prepend=-1) - 1
    if not (is_digit | is_separator).all() or lengths.min() < 1 or lengths.max() > MAX_DIGITS:
        return _one_by_one(text, delimiter, columns)
    _check(is_end[places], columns)
    numbers: Shaped[np.ndarray, "n"] = _integers(letters, places, lengths)
    rows: Shaped[np.ndarray, "rows columns"] = numbers.reshape(-1, columns)
    return rows


def _integers(
    letters: UInt8[np.ndarray, "letters"], places: Shaped[np.ndarray, "n"], lengths: Shaped[np.ndarray, "n"]
) -> Shaped[np.ndarray, "n"]:
    """The numbers that end before these places: digit by digit from the last, of all at once."""
    numbers = (letters[places - 1] - ord("0")).astype(np.int32)
    for i in range(1, int(lengths.max())):
        longer = np.flatnonzero(lengths > i)
        numbers[longer] += 10**i * (letters[places[longer] - 1 - i].astype(np.int32) - ord("0"))
    return numbers.astype(np.uint8 if numbers.max() <= 255 else np.float32)


def _check(is_end: Shaped[np.ndarray, "n"], columns: int) -> None:
    """That every so many numbers, and only then, a line ends."""
    ends = np.flatnonzero(is_end)
    counts = np.diff(ends, prepend=-1)
    wrong = np.flatnonzero(counts != columns)
    if len(wrong):
        raise RowError(int(wrong[0]) + 1, f"has {counts[wrong[0]]:,} instead of {columns:,} pixels")


def _one_by_one(text: bytes, delimiter: bytes, columns: int) -> Shaped[np.ndarray, "rows columns"]:
    lines = text.split(b"\n")
    values = np.empty((len(lines), columns), np.float32)
    for i, (into, line) in enumerate(zip(values, lines, strict=True), 1):
        fields = line.split() if delimiter == b" " else line.split(delimiter)
        if len(fields) != columns:
            raise RowError(i, f"has {len(fields):,} instead of {columns:,} pixels")
        try:
            with np.errstate(over="ignore"):
                into[:] = np.array(list(map(float, fields)))
        except ValueError:
            wrong = next(field for field in fields if not _is_float(field))
            said = wrong[:MAX_LENGTH].decode("utf-8", "replace").strip()
            raise RowError(
                i, f"has {said!r} in the place of a pixel" if said else "lacks the value of a pixel"
            ) from None
    with np.errstate(invalid="ignore"):
        small = values.astype(np.uint8)
    return small if (small == values).all() else values


def _is_float(text: bytes) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
