"""Whether anything is lost when the program is killed at any moment, or its disk fails it.

Kills: a forked writer trains, saves, caches, exports or downloads until SIGKILL ends it, at a random moment or, in
every third trial, at a step between the opening of its temporary file and the renaming, at which it says so and stands
still. Then each file that has its final name must hold what was put there last, and open; at most one temporary file
may lie there; and the next start must go on, come to the same weights as a run that was never killed, and leave no
temporary file and no lock. Counted as "between" is a kill that left a temporary file behind.

Troubles: the same writers with a disk that is full half way through a file, a full tmpfs where one can be mounted (not
with --quick), a folder that cannot be written, and one that vanishes in between. Each must end with one sentence, keep
the last good files and leave no temporary file.

    python benchmarks/kill.py [--quick] [--json] [--times N] [--troubles N] [--seed S]
"""

import errno
import hashlib
import json
import os
import random
import select
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from itertools import cycle
from pathlib import Path
from typing import Any, BinaryIO

os.environ["OMP_NUM_THREADS"] = "1"  # before torch: a process with threads cannot be forked
os.environ["NO_PROXY"] = "127.0.0.1"

import torch
from report import Figure, options, progress, show
from writers import Cache, Downloads, Models, Pictures, Server, Training, Writer

from vae_explorer.errors import sentence
from vae_explorer.storage import atomic

TIMES, QUICK_TIMES = 100, 30
TROUBLES, QUICK_TROUBLES = 40, 10
STEPS = ("opened", "half written", "not yet synced", "not yet renamed")
KINDS = ("full disk", "read-only folder", "vanished folder", "full tmpfs")
EVERY_THIRD = 3
LATEST = 25  # files that a writer may have put in place before it is killed at a step
PATIENCE = 60.0  # seconds for a child to come to where it should
NOBODY = 65534

Told = dict[str, Any]
Tell = Callable[[Told], None]


class Child:
    """A fork that does one thing and tells of it on a pipe."""

    def __init__(self, body: Callable[[Tell], None]):
        self._pipe, write = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            try:
                body(lambda told: _write_all(write, json.dumps(told).encode() + b"\n"))
            except BaseException:
                _write_all(write, json.dumps({"failed": traceback.format_exc()}).encode() + b"\n")
            os._exit(0)
        os.close(write)
        self._rest = b""
        self.told: list[Told] = []

    def listen(self, seconds: float = PATIENCE, until: str | None = None) -> bool:
        """Hears it for so long, or until it ends or says a word; whether that came."""
        end = time.monotonic() + seconds
        while not any(until in told for told in self.told):
            if not select.select([self._pipe], [], [], max(0.0, end - time.monotonic()))[0]:
                return False
            if not self._hear():
                return any(until in told for told in self.told)
        return True

    def end(self, *, kill: bool) -> list[Told]:
        """All that it said. One that is killed has not ended by itself."""
        if kill or not self.ended():
            os.kill(self.pid, signal.SIGKILL)
        while self._hear():
            pass
        os.close(self._pipe)
        os.waitpid(self.pid, 0)
        return self.told

    def ended(self) -> bool:
        """Whether it came to its end in time."""
        return not self.listen(until="never said") and bool(select.select([self._pipe], [], [], 0)[0])

    def _hear(self) -> bool:
        piece = os.read(self._pipe, 1 << 16)
        *lines, self._rest = (self._rest + piece).split(b"\n")
        self.told += map(json.loads, lines)
        return bool(piece)


class Watch:
    """Stands in for the system calls of atomic.replacing: tells what is put in place, and does something at a step."""

    def __init__(self, tell: Tell, step: str | None = None, number: int = 0, then: Callable[[], None] | None = None):
        self._tell, self._step, self._left, self._then = tell, step, number, then
        self._descriptors: set[int] = set()
        self._open, self._fdopen, self._fsync, self._replace = os.open, os.fdopen, os.fsync, os.replace
        os.open, os.fdopen, os.fsync, os.replace = self.open, self.fdopen, self.fsync, self.replace  # type: ignore

    def at(self, step: str) -> None:
        if step == self._step and self._then:
            self._left -= 1
            if not self._left:
                self._then()

    def open(self, path: Any, flags: int, *more: Any, **keywords: Any) -> int:
        descriptor = self._open(path, flags, *more, **keywords)
        if flags & os.O_EXCL and atomic.PREFIX in str(path):
            self._descriptors.add(descriptor)
            self.at("opened")
        return descriptor

    def fdopen(self, descriptor: int, *more: Any, **keywords: Any) -> Any:
        file = self._fdopen(descriptor, *more, **keywords)
        return _Halting(file, self) if descriptor in self._descriptors else file

    def fsync(self, descriptor: int) -> None:
        if descriptor in self._descriptors:
            self._descriptors.discard(descriptor)
            self.at("not yet synced")
        self._fsync(descriptor)

    def replace(self, source: Any, target: Any, **keywords: Any) -> None:
        told = {"path": str(target), "digest": _digest(Path(source))}
        self._tell({"coming": told})
        self.at("not yet renamed")
        self._replace(source, target, **keywords)
        self._tell({"done": told})


class _Halting:
    """A file each of whose writes comes in two halves."""

    def __init__(self, file: BinaryIO, watch: Watch):
        self._file, self._watch = file, watch

    def __enter__(self) -> "_Halting":
        return self

    def __exit__(self, *what: Any) -> None:
        self._file.__exit__(*what)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, content: bytes) -> None:
        half = len(content) // 2
        self._file.write(content[:half])
        self._file.flush()
        self._watch.at("half written")
        self._file.write(content[half:])


def kill(writer: Writer, folder: Path, chance: random.Random, step: str | None) -> tuple[bool, str]:
    """Whether it was between open and rename, and what did not hold."""
    number, seconds = chance.randint(1, LATEST), chance.uniform(0, writer.seconds)

    def write(tell: Tell) -> None:
        def stand_still() -> None:
            tell({"at": step})
            threading.Event().wait()

        Watch(tell, step, number, stand_still)
        tell({"begun": True})
        writer.work(folder)

    child = Child(write)
    came = child.listen(until="begun") and (child.listen(until="at") if step else not child.listen(seconds))
    told = child.end(kill=True)
    between = len(_temporary(folder)) == 1
    if failed := [one["failed"] for one in told if "failed" in one]:
        return between, failed[0]
    if not came or (step and not between):
        return between, f"it never stood at “{step}”"
    return between, _problem(lambda: _check(writer, folder, told, temporary=1))


def trouble(writer: Writer, folder: Path, chance: random.Random, kind: str) -> str:
    """What did not hold."""
    number, step = chance.randint(1, LATEST), chance.choice(STEPS)
    room = chance.randrange(3) * 4096  # bytes
    ballast = folder / "ballast"

    def write(tell: Tell) -> None:
        def full() -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        writer.begin(folder)
        works = [writer.work]
        if kind == "full disk":
            Watch(tell, "half written", number, full)
        elif kind == "vanished folder":
            Watch(tell, step, number, lambda: shutil.rmtree(folder))
        else:
            Watch(tell)
            works.append(writer.again)
        if kind == "full tmpfs":
            _fill(ballast, room)
        elif kind == "read-only folder":
            _close(folder)
        for work in works:
            try:
                work(folder)
            except Exception as error:
                said = sentence(error)
                where = traceback.format_exc() if "inside the program" in said or "\n" in said else ""
                tell({"sentence": said, "fault": where})

    told = Child(write).end(kill=False)
    sentences = [one for one in told if "sentence" in one]
    faults = [one.get("failed") or one["fault"] for one in told if one.get("failed") or one.get("fault")]
    if faults or not sentences:  # what is there already, or is small, may be had all the same
        return faults[0] if faults else "it ended without a word"
    if kind == "vanished folder":
        folder.mkdir(exist_ok=True)
        return ""
    if kind == "read-only folder":
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755)
    ballast.unlink(missing_ok=True)
    if left := [path.name for path in (*_temporary(folder), *folder.glob("*/run.lock"))]:
        return f"left behind: {left}"
    return _problem(lambda: _check(writer, folder, told, temporary=0))


def _check(writer: Writer, folder: Path, told: list[Told], temporary: int) -> None:
    good: dict[str, str] = {}
    coming: dict[str, str] = {}
    for one in told:
        if "coming" in one:
            coming[one["coming"]["path"]] = one["coming"]["digest"]
        elif "done" in one:
            good[one["done"]["path"]] = coming.pop(one["done"]["path"])
    for path in {*good, *coming}:
        if not path.endswith("metrics.jsonl"):  # lines are added to it
            assert _digest(Path(path)) in (good.get(path), coming.get(path)), f"{path} is not the newest good file"
    assert len(_temporary(folder)) <= temporary, "temporary files pile up"
    writer.check(folder)
    writer.again(folder)
    writer.check(folder)
    assert not _temporary(folder), "a temporary file stayed"


def _problem(check: Callable[[], None]) -> str:
    """What a check says; in a child, for it trains."""

    def body(tell: Tell) -> None:
        check()
        tell({"held": True})

    told = Child(body).end(kill=False)
    return "" if {"held": True} in told else str(next((one["failed"] for one in told), "the check hung"))


def _temporary(folder: Path) -> list[Path]:
    return list(folder.rglob(f"{atomic.PREFIX}*"))


def _digest(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None


def _fill(ballast: Path, room: int) -> None:
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    os.truncate(ballast, ballast.stat().st_size - room)


def _close(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    if os.getuid() == 0:  # whom no rights hold
        os.setegid(NOBODY)
        os.seteuid(NOBODY)


def _write_all(pipe: int, content: bytes) -> None:
    while content:
        content = content[os.write(pipe, content) :]


@contextmanager
def _tmpfs(folder: Path) -> Iterator[bool]:
    """A small disk in memory, where one may be mounted."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m,mode=755", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True).returncode == 0
    except OSError:
        mounted = False
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)


@contextmanager
def _served() -> Iterator[int]:
    """The port of a server in a process of its own."""
    server = Server()
    child = Child(lambda _tell: server.serve_forever())
    server.server_close()
    try:
        yield server.server_address[1]
    finally:
        child.end(kill=True)


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--times", type=int, help=f"kills; otherwise {TIMES}, with --quick {QUICK_TIMES}")
    parser.add_argument("--troubles", type=int, help=f"otherwise {TROUBLES}, with --quick {QUICK_TROUBLES}")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    chosen = parser.parse_args()
    times = chosen.times if chosen.times is not None else QUICK_TIMES if chosen.quick else TIMES
    troubles = chosen.troubles if chosen.troubles is not None else QUICK_TROUBLES if chosen.quick else TROUBLES
    chance = random.Random(chosen.seed)
    torch.set_num_threads(1)
    torch.optim.Adam([torch.zeros(1)])  # imports, once for all forks
    tried: Counter[str] = Counter()
    between: Counter[str] = Counter()
    held: Counter[str] = Counter()
    problems: list[str] = []
    with tempfile.TemporaryDirectory() as temporary, _served() as port:
        base = Path(temporary)
        base.chmod(0o755)
        training = Training(base)
        writers: list[Writer] = [training, Models(), Cache(), Pictures(), Downloads(port)]
        Child(lambda _tell: training.whole()).end(kill=False)
        turns = cycle([writer for place in range(4) for writer in writers if place < writer.share])
        steps = cycle(STEPS)
        for number, writer in zip(range(times), turns, strict=False):
            progress(f"kill {number + 1} of {times}")
            folder = base / f"kill-{number}"
            folder.mkdir()
            step = next(steps) if tried[writer.name] % EVERY_THIRD == 0 else None
            was_between, problem = kill(writer, folder, chance, step)
            tried[writer.name] += 1
            between[writer.name] += was_between
            held[writer.name] += not problem
            problems += [f"{writer.name}, kill {number}: {problem}"] * bool(problem)
        for number in range(troubles):
            progress(f"trouble {number + 1} of {troubles}")
            kind, writer = KINDS[number % len(KINDS)], writers[number % len(writers)]
            folder = base / f"trouble-{number}"
            is_disk = kind == "full tmpfs" and not chosen.quick
            with _tmpfs(folder) if is_disk else nullcontext(kind != "full tmpfs") as is_there:
                if is_there:
                    folder.mkdir(exist_ok=True)
                    problem = trouble(writer, folder, chance, kind)
                    tried[kind] += 1
                    held[kind] += not problem
                    problems += [f"{writer.name}, {kind}, trouble {number}: {problem}"] * bool(problem)
        progress("")
    figures = []
    for name in tried:
        figures.append(Figure(f"{name}: tried", tried[name], "times"))
        if name in between:
            figures.append(Figure(f"{name}: between open and rename", between[name], "times"))
        figures.append(Figure(f"{name}: held", held[name], "times", (">=", tried[name])))
    killed = [writer.name for writer in writers]
    figures += [
        Figure("all kills: tried", sum(tried[name] for name in killed), "times"),
        Figure("all kills: between open and rename", between.total(), "times", (">=", times // 5)),
        Figure("all kills: held", sum(held[name] for name in killed), "times", (">=", times)),
    ]
    show("kill", figures, problems, as_json=chosen.json)


if __name__ == "__main__":
    main()
