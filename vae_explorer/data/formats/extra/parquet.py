"""Tables of pictures in Apache Parquet, as Hugging Face has them: a column of {bytes, path} (or of bytes) and a label.

The names of the classes are in the schema's metadata (huggingface.co/docs/datasets, Features). Each row becomes a
picture in the folder of its part and its class. The columns' other content is not read.
"""

import json
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from io import BufferedIOBase, BytesIO
from typing import TYPE_CHECKING, Any, cast

from vae_explorer.core.progress import Job, Progress
from vae_explorer.data import container
from vae_explorer.data.container import DataError, File, damage_told
from vae_explorer.data.formats.extra.library import at_hand, needed
from vae_explorer.data.formats.split_names import split_of
from vae_explorer.errors import shown

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

MAGIC = b"PAR1"
ROWS_AT_ONCE = 256  # of a group, while labels are read
MAX_GROUP = 1 << 30  # bytes of the pictures of a group of rows, which are in memory together
_LABEL = re.compile(r"(?:fine_)?labels?|class(?:es)?|targets?|y|digit|category", re.IGNORECASE)


@dataclass
class _Table:
    """An open file, its column of pictures, and the group of rows that was read last."""

    file: File
    parquet: "ParquetFile"
    column: str
    lock: threading.Lock = field(default_factory=threading.Lock)
    group: int = -1
    pictures: list[bytes] = field(default_factory=list)

    def picture(self, group: int, row: int) -> BufferedIOBase:
        with self.lock, _damage_told(self.file):
            if group != self.group:
                self.pictures = []
                table = self.parquet.read_row_group(group, columns=[self.column])
                self.pictures, self.group = [_bytes(one) for one in table.column(0).to_pylist()], group
            return cast(BufferedIOBase, BytesIO(self.pictures[row]))


@contextmanager
def members(files: Sequence[File]) -> Iterator[Job[list[File]]]:
    """The pictures of one file, or of several (shards and parts) as one folder: a job that lists them, valid within the
    context."""
    with ExitStack() as opened:
        yield _listed(files, opened)


def _listed(files: Sequence[File], opened: ExitStack) -> Job[list[File]]:
    found: list[File] = []
    splits = {split_of(file.parts[-1]) for file in files}
    for file in files:
        with needed(file, "a Parquet table"):
            from pyarrow.parquet import ParquetFile
        split = split_of(file.parts[-1]) if len(splits) > 1 and None not in splits else None
        with _damage_told(file):
            stream = opened.enter_context(at_hand(file))
            parquet = opened.enter_context(ParquetFile(stream, memory_map=False, pre_buffer=False))
            picture, label, names = _columns(file, parquet)
            table = _Table(file, parquet, picture)
            for group in range(parquet.metadata.num_row_groups):
                _admit(table, group, len(found))
                labels = _labels(parquet, group, label, names)
                rows = parquet.metadata.row_group(group).num_rows
                for row in range(rows):
                    folders = [one for one in (split, next(labels, None)) if one]
                    found.append(_member(table, group, row, (*folders, f"{len(found):07}")))
                    if row % ROWS_AT_ONCE == 0:
                        yield Progress(len(found), None, "rows")
    return sorted(found, key=lambda one: one.parts)


def _member(table: _Table, group: int, row: int, parts: tuple[str, ...]) -> File:
    return File(
        at=table.file.path.joinpath(*parts),
        parts=parts,
        name=f"row {int(parts[-1]):,} of {table.file}",
        size=0,  # not known before it is read
        open=partial(table.picture, group, row),
        stamp=table.file.inner_stamp,
    )


def _admit(table: _Table, group: int, before: int) -> None:
    about = table.parquet.metadata.row_group(group)
    size = sum(
        about.column(i).total_uncompressed_size
        for i in range(about.num_columns)
        if about.column(i).path_in_schema.split(".")[0] == table.column
    )
    if not 0 <= size <= MAX_GROUP:
        raise DataError(
            f"{table.file} has {size:,} bytes of pictures in one group of rows; at most {MAX_GROUP:,} are read"
        )
    container.refuse_bomb(table.file, size)
    if before + about.num_rows > container.MAX_MEMBERS:
        raise DataError(f"{table.file} has more than {container.MAX_MEMBERS:,} rows; split it into smaller tables")


def _columns(file: File, parquet: "ParquetFile") -> tuple[str, str | None, Sequence[str]]:
    """The column of pictures, that of labels where there is one, and the names of the classes."""
    schema = parquet.schema_arrow
    kinds = {one.name: str(one.type) for one in schema}
    pictures = [
        name
        for name, kind in kinds.items()
        if kind in ("binary", "large_binary") or re.match(r"struct<.*\bbytes: (large_)?binary", kind)
    ]
    if not pictures:
        said = ", ".join(f"{shown(name, 60)} ({shown(kind, 60)})" for name, kind in list(kinds.items())[:6])
        raise DataError(f"{file} is a Parquet table of {said}; a table of images has a column of picture files' bytes")
    picture = min(pictures, key=lambda name: name.lower() not in ("image", "img"))
    labels = sorted(
        name for name in kinds if _LABEL.fullmatch(name) and re.match(r"u?int|(large_)?string", kinds[name])
    )
    labels.sort(key=lambda name: name.lower() not in ("label", "fine_label", "labels"))
    return picture, labels[0] if labels else None, _names(schema.metadata or {}, labels)


def _names(metadata: dict[bytes, bytes], labels: Sequence[str]) -> Sequence[str]:
    try:
        features = json.loads(metadata.get(b"huggingface", b"{}"))["info"]["features"]
        names = features[labels[0]]["names"]
        return [shown(name, 60) for name in names]
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        return ()


def _labels(parquet: "ParquetFile", group: int, column: str | None, names: Sequence[str]) -> Iterator[str]:
    if column is None:
        return
    for batch in parquet.iter_batches(ROWS_AT_ONCE, row_groups=[group], columns=[column]):
        for value in batch.column(0).to_pylist():
            is_named = isinstance(value, int) and 0 <= value < len(names)
            yield names[value] if is_named else shown("no label" if value is None else value, 60)


def _bytes(value: Any) -> bytes:
    content = value.get("bytes") if isinstance(value, dict) else value
    return content if isinstance(content, bytes) else b""


def _damage_told(file: File) -> AbstractContextManager[None]:
    from pyarrow import ArrowException

    return damage_told(file, ArrowException, TypeError, KeyError, IndexError)
