"""Tables given out, as CSV text."""

import csv
import io
from collections.abc import Mapping, Sequence

import numpy as np


def csv_of(columns: Mapping[str, np.ndarray | Sequence[object]], *, index: str) -> str:
    """A line for each row after one of names, the first column being the row's number, called `index`; numbers in full
    precision, lines ended by \\n. Raises ValueError for columns of different lengths."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([index, *columns])
    lists = (values.tolist() if isinstance(values, np.ndarray) else values for values in columns.values())
    writer.writerows([row, *values] for row, values in enumerate(zip(*lists, strict=True)))
    return text.getvalue()
