"""Labels of pictures that a file among them tells: metadata.csv and metadata.jsonl as Hugging Face's image folders have
them, labels.csv, and Tiny ImageNet's val_annotations.txt."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence

from vae_explorer.core.progress import Job, Progress
from vae_explorer.data.container import File, read_bytes
from vae_explorer.data.image_set import Note

NAMES = frozenset({"metadata.csv", "metadata.jsonl", "labels.csv", "val_annotations.txt"})
MAX_BYTES = 64 << 20  # of such a file
FILE_COLUMNS = ("file_name", "filename", "file", "image", "path")
LABEL_COLUMNS = ("label", "labels", "class", "category", "target")
TEXT = "text"  # a caption, or a class
SAID = 3  # files in a sentence
BETWEEN_REPORTS = 10_000  # lines

Labels = Mapping[tuple[str, ...], str]  # by the parts of the picture's path


def is_annotation(file: File) -> bool:
    return file.parts[-1].lower() in NAMES


def labels_of(files: Sequence[File]) -> Job[tuple[Labels, tuple[Note, ...]]]:
    """What these files say of the pictures that they name, and what is to be said of it."""
    labels: dict[tuple[str, ...], str] = {}
    notes: list[Note] = []
    used: list[str] = []
    for file in files:
        try:
            for i, (name, label) in enumerate(_rows(file)):
                if i % BETWEEN_REPORTS == 0:
                    yield Progress(i, None, "labels")
                labels[(*file.parts[:-1], *_parts(name))] = label
            used.append(str(file))
        except (ValueError, RecursionError, csv.Error) as error:
            notes.append(Note(f"{file} was not used: {error}"))
    if labels:
        more = f" and {len(used) - SAID:,} more" if len(used) > SAID else ""
        notes.append(Note(f"labels were read from {', '.join(used[:SAID])}{more}"))
    return labels, tuple(notes)


def label_of(labels: Labels, file: File) -> str | None:
    """That of a picture; one that is named without its folder "images" too."""
    direct = labels.get(file.parts)
    if direct is None and len(file.parts) > 1:
        return labels.get((*file.parts[:-2], file.parts[-1]))
    return direct


def _rows(file: File) -> Iterator[tuple[str, str]]:
    """Names of pictures with their labels. Raises ValueError where there are none."""
    text = read_bytes(file, MAX_BYTES).decode("utf-8-sig")
    if file.parts[-1].lower().endswith(".txt"):
        for line in text.splitlines():
            name, _, rest = line.partition("\t")
            if rest:
                yield name, rest.split("\t")[0]
        return
    table: Iterator[Mapping[str, object]]
    if file.parts[-1].lower().endswith(".jsonl"):
        table = (found for line in text.splitlines() if line.strip() and isinstance(found := json.loads(line), dict))
    else:
        table = csv.DictReader(io.StringIO(text))
    rows = list(table)
    known = {str(key).strip().lower(): key for key in (rows[0] if rows else ())}
    column = next((known[key] for key in FILE_COLUMNS if key in known), None)
    label = next((known[key] for key in (*LABEL_COLUMNS, TEXT) if key in known), None)
    if column is None or label is None:
        raise ValueError("it has no columns file_name and label")
    if label == known.get(TEXT) and len({str(row.get(label)) for row in rows}) > len(rows) // 2:
        raise ValueError("its texts describe single pictures, not classes")
    for row in rows:
        if isinstance(told := row.get(column), str) and isinstance(value := row.get(label), str | int):
            yield told, str(value)


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))
