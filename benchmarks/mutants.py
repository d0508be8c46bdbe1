"""What comes of damaged and hostile files: thousands of mutants of every kind of file that is opened.

Each mutant of a tiny model file or data set is read as the program reads it. It may give the same content, or be
refused with one sentence. A data set may also come out as another one that is whole: an NPY or a plain IDX file has no
checksum, and a ZIP may have lost a picture. A model whose digest was made right again may come out as exactly what its
header says, as safetensors reads it too. Everything else counts as a fault: another exception, a sentence of more than
one line or of 1,000 letters, a file written, code run. Then single files that were made to fill the memory, to run
code or to write elsewhere. Memory is the process's largest, above what it was before. With --quick 2,000 of each kind.

    python benchmarks/mutants.py [--times 20000] [--only PATTERN] [--quick] [--json]
"""

import json
import os
import random
import re
import struct
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import hostile
import mutators
import numpy as np
import safetensors.torch
import seeds
import torch
from report import Figure, options, progress, show

from vae_explorer.core.progress import finish
from vae_explorer.data import catalog
from vae_explorer.data.container import DataError
from vae_explorer.training import model_file
from vae_explorer.training.model_file import ModelFileError, ModelInfo

TIMES, QUICK = 20_000, 2_000
AIM = 300.0  # MB above the start
BATCH = 200  # mutants, over which memory is measured: asking for it takes as long as reading one
MAX_LENGTH = 1000  # letters of a sentence
FINE = ("same", "refused", "another")
CACHE = "cache"  # a folder of the user's
RUNS = ("pickle.find_class", "os.system", "os.exec", "os.posix_spawn", "subprocess.Popen", "ctypes.dlopen")
WRITES = ("os.mkdir", "os.rename", "os.remove", "os.link", "os.symlink", "os.truncate", "shutil.copyfile")

Outcome = str  # "same", "refused", "another", or what went wrong

# --- judges: what came of a file


def model_judge(original: bytes) -> Callable[[Path], Outcome]:
    """A judge that knows the content of the file that was mutated."""
    weights = safetensors.torch.load(original)
    info = _info_in(original)

    def judge(path: Path) -> Outcome:
        try:
            loaded, loaded_info = model_file.load(path)
        except (ModelFileError, OSError) as error:
            return _refused(error)
        if _equal(loaded.state_dict(), weights) and loaded_info == info:
            return "same"
        content = path.read_bytes()
        if mutators.sealed_again(content) == content and _equal(loaded.state_dict(), safetensors.torch.load(content)):
            return "another" if loaded_info == _info_in(content) else "another description than in its header"
        return "another model"

    return judge


def data_judge(path: Path) -> Callable[[Path], Outcome]:
    """A judge that has read the data set that was mutated."""
    original = _content(finish(catalog.load(str(path))))

    def judge(path: Path) -> Outcome:
        try:
            data = finish(catalog.load(str(path)))
        except (DataError, OSError) as error:
            return _refused(error)
        if not len(data.images):
            return "no images"
        for part in filter(None, (data.train, data.validation, data.test)):
            if part.images.dtype != np.uint8 or part.images.ndim != 4:
                return "no images"
            if part.labels is not None and not (
                len(part.labels) == len(part) and set(np.unique(part.labels)) <= set(range(len(data.classes)))
            ):
                return "labels that do not fit"
        for sentence in (*data.classes, *(one.reason for one in data.skipped), *(one.sentence for one in data.notes)):
            sentence.encode()
            if "\n" in sentence or len(sentence) > MAX_LENGTH:
                return "an ugly sentence"
        return "same" if _content(data) == original else "another"

    return judge


def _refused(error: Exception) -> Outcome:
    sentence = str(error)
    sentence.encode()
    return (
        "refused" if 10 < len(sentence) < MAX_LENGTH and sentence.isprintable() else f"an ugly sentence: {sentence!r}"
    )


def _equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    """Bit for bit."""
    return one.keys() == other.keys() and all(
        tensor.shape == other[name].shape and torch.equal(tensor.view(torch.int32), other[name].view(torch.int32))
        for name, tensor in one.items()
    )


def _info_in(content: bytes) -> ModelInfo:
    header = json.loads(content[8 : 8 + struct.unpack("<Q", content[:8])[0]])
    return ModelInfo.model_validate(json.loads(header["__metadata__"]["vae"]))


def _content(data: Any) -> list[object]:
    parts = [
        (part.images.shape, part.images.tobytes(), part.labels is not None and part.labels.tobytes())
        for part in filter(None, (data.train, data.validation, data.test))
    ]
    return [*parts, data.classes, data.reading]


# --- trying them


@dataclass
class Tried:
    """What came of the mutants of one kind."""

    outcomes: Counter[Outcome]
    memory: float  # MB
    slowest: float  # seconds
    seconds: float

    @property
    def faults(self) -> list[str]:
        return [f"{count} × {what}" for what, count in self.outcomes.items() if what not in FINE]


def tried(paths: Iterator[Path], judge: Callable[[Path], Outcome]) -> Tried:
    outcomes: Counter[Outcome] = Counter()
    before = most = slowest = 0.0
    began = time.perf_counter()
    for path in paths:
        neighbours = _beside(path)
        if outcomes.total() % BATCH == 0:
            before = _peak(start_anew=True)
        started = time.perf_counter()
        try:
            with watched() as faults:
                outcome = judge(path)
        except Exception as error:
            outcome = f"{type(error).__name__}: {str(error)[:100]}"
        slowest = max(slowest, time.perf_counter() - started)
        if outcomes.total() % BATCH == BATCH - 1:
            most = max(most, _peak() - before)
        if faults:
            outcome = faults[0]
        elif _beside(path) != neighbours:
            outcome = "a file was written"
        outcomes[outcome] += 1
    return Tried(outcomes, max(most, _peak() - before), slowest, time.perf_counter() - began)


def _beside(path: Path) -> list[Path]:
    """All files and folders around, but those of the cache: there pictures may be kept."""
    return [one for one in sorted(path.parent.parent.rglob("*")) if CACHE not in one.parts]


_seen: list[str] | None = None  # what happened that should not, while something is read


def _on_event(event: str, arguments: tuple[Any, ...]) -> None:
    if _seen is None:
        return
    if event in RUNS:
        _seen.append(f"code run: {event} {arguments}")
    elif event == "open" and arguments[0] == tempfile.gettempdir():
        return  # a file without a name, for a large packed TAR: it is gone when it is closed
    elif CACHE in Path(str(arguments[0])).parts or isinstance(arguments[0], int):  # what was opened before
        return
    elif event in WRITES or (event == "open" and isinstance(arguments[2], int) and arguments[2] & 3):
        _seen.append(f"a file written: {event} {arguments}")


sys.addaudithook(_on_event)


@contextmanager
def watched() -> Iterator[list[str]]:
    """Everything that is written or run within, as the interpreter itself tells it."""
    global _seen
    _seen = seen = []
    try:
        yield seen
    finally:
        _seen = None


def _peak(*, start_anew: bool = False) -> float:
    """The most memory that this process had, in MB; on Linux since the last new start."""
    if Path("/proc/self/clear_refs").exists():
        if start_anew:
            Path("/proc/self/clear_refs").write_text("5")
        found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
        return int(found[1]) / 1024 if found else 0.0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--times", type=int, help=f"mutants of each kind of file; {TIMES:,} unless told")
    parser.add_argument("--only", metavar="PATTERN", default="", help="kinds in whose name this is found")
    chosen = parser.parse_args()
    times = chosen.times if chosen.times is not None else QUICK if chosen.quick else TIMES
    figures: list[Figure] = []
    notes = [f"{times:,} mutants of each kind; “another”: another content that is whole"]
    began = Path.cwd()
    with tempfile.TemporaryDirectory() as home:
        os.environ["VAE_EXPLORER_HOME"] = home
        folder = Path(home) / "here"
        folder.mkdir()
        os.chdir(folder)  # where a trap would leave its mark
        try:
            for name, done in _all(folder, times, chosen.only):
                figures += _figures(name, done)
                notes += [f"{name}: {fault}" for fault in done.faults]
        finally:
            os.chdir(began)
    progress("")
    show("mutants", figures, notes, as_json=chosen.json)


def _all(folder: Path, times: int, only: str) -> Iterator[tuple[str, Tried]]:
    """Every kind of file, and every single hostile file, with what came of it."""
    path, content = folder / "file", mutators.model()
    judge = model_judge(content)
    mutant = partial(mutators.mutant, content)
    for name, make in (
        ("model", mutant),
        ("model, digest made right", lambda dice: mutators.sealed_again(mutant(dice))),
    ):
        if re.search(only, name):
            yield name, tried(_mutants(path, make, times), judge)
    for name, made in hostile.models().items():
        if re.search(only, name):
            yield name, tried(_written(path, [made]), judge)
    for name, (content, make) in seeds.data_files().items():
        if re.search(only, name):
            path.write_bytes(content)
            yield name, tried(_mutants(path, make, times), data_judge(path))
    path.write_bytes(content)
    judge = data_judge(path)
    harmful = hostile.data_sets() | {"names that lie elsewhere": lambda: hostile.outside(folder)}
    for name, make in harmful.items():
        if re.search(only, name):
            yield name, tried(_written(path, [make]), judge)


def _mutants(path: Path, make: Callable[[mutators.Dice], bytes], times: int) -> Iterator[Path]:
    dice = random.Random(0)
    for i in range(times):
        progress(f"mutant {i:,} of {times:,}") if i % 500 == 0 else None
        yield from _written(path, [lambda: make(dice)])


def _written(path: Path, makers: list[Callable[[], hostile.Content]]) -> Iterator[Path]:
    for make in makers:
        content = make()
        start, size = content if isinstance(content, tuple) else (content, len(content))
        with path.open("r+b" if path.exists() else "wb") as file:  # to empty a file first takes longer than all else
            file.write(start)
            file.truncate()
            file.truncate(size)
        del content, start
        yield path


def _figures(name: str, done: Tried) -> list[Figure]:
    count = done.outcomes.total()
    faults = count - sum(done.outcomes[what] for what in FINE)
    memory = Figure(f"{name}: memory", done.memory, "MB", ("<=", AIM))
    slowest = Figure(f"{name}: slowest", done.slowest, "s")
    if count == 1:  # a single file that was made to do harm
        return [Figure(f"{name}: faults", faults, "", ("<=", 0)), memory, slowest]
    rows = [Figure(f"{name}: {what}", done.outcomes[what], "") for what in FINE if done.outcomes[what]]
    rows.append(Figure(f"{name}: anything else", faults, "", ("<=", 0)))
    return [Figure(f"{name}: tried", count, ""), *rows, memory, slowest, Figure(f"{name}: all", done.seconds, "s")]


if __name__ == "__main__":
    main()
