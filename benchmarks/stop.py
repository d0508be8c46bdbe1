"""Does the program end well, whenever it is ended? Closed, SIGTERM, Ctrl+C, a closed terminal, at random moments.

A process of the program for each moment: while the first model loads, while nothing happens, under a moving slider,
while a data set is read or downloaded from a server that says nothing, under an open dialog, and while a training
loads, runs, validates, saves, rests or tests. Each must end within 3 s with exit code 0 and nothing on stderr; its run
must be on disk at the very step it had come to, without a lock or a half written file, and go on from there. Moments
before torch is loaded are measured too: then the time is torch's. Offscreen, in temporary folders;
`--display` uses the one that is there. Linux.

    python benchmarks/stop.py [--count N] [--only MOMENT …] [--seed N] [--display] [--quick] [--json]
"""

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np
from moments import RUNS
from report import Figure, options, progress, show

COUNT, QUICK_COUNT = 50, 10
SECONDS = 3.0  # the aim
PATIENCE = 60.0  # seconds until a process has come to its moment, or has ended
PROGRAM = Path(__file__).with_name("moments.py")
# Each moment, and how many seconds may pass after it has come, at most.
MOMENTS = {
    "starting": 2.5,
    "opening": 0.5,
    "idle": 0.5,
    "sliding": 1.0,
    "sampling": 1.0,
    "reading": 0.5,
    "downloading": 1.0,
    "downloading to train": 1.0,
    "dialog": 0.3,
    "about": 0.3,
    "menu": 0.3,
    "keeping": 0.05,
    "loading": 2.0,
    "training": 2.0,
    "validating": 0.02,
    "saving": 0.03,
    "paused": 0.5,
    "testing": 0.05,
    "twice": 1.0,
}
ENDS = {"close": None, "SIGTERM": signal.SIGTERM, "SIGINT": signal.SIGINT, "SIGHUP": signal.SIGHUP}
WEIGHTS = (4, 3, 3, 1)


@dataclass(frozen=True)
class Ended:
    """One process, and how it ended."""

    moment: str
    end: str
    seconds: float
    code: int
    stderr: str
    faults: tuple[str, ...] = field(default=())  # of its files

    @property
    def is_timed(self) -> bool:
        return self.moment not in ("starting", "opening")

    @property
    def is_good(self) -> bool:
        in_time = self.seconds <= SECONDS or not self.is_timed
        return in_time and not self.code and not self.stderr and not self.faults

    def __str__(self) -> str:
        what = f"{self.moment}, {self.end}: {self.seconds:.2f} s, exit code {self.code}"
        return "; ".join((what, *self.faults, *self.stderr.strip().splitlines()[-3:]))


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--count", type=int, default=0, help=f"processes; {COUNT}, or {QUICK_COUNT} with --quick")
    parser.add_argument("--only", nargs="+", choices=MOMENTS, help="these moments alone")
    parser.add_argument("--seed", type=int, default=0, help="decides the delays and how it is ended")
    parser.add_argument("--display", action="store_true", help="on the display that is there")
    chosen = parser.parse_args()
    if not chosen.display:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    die = random.Random(chosen.seed)
    moments = chosen.only or list(MOMENTS)
    ended: list[Ended] = []
    with tempfile.TemporaryDirectory() as folder, silent_server() as silent:
        things = lay_out(Path(folder))
        for number in range(chosen.count or (QUICK_COUNT if chosen.quick else COUNT)):
            moment = moments[number % len(moments)]
            progress(f"{number + 1}: {moment}")
            home = Path(folder) / f"home {number}"
            home.mkdir()
            address = str(things / "saved.vae.safetensors" if moment == "keeping" else
                          things / "photos" if moment == "reading" else
                          silent if moment.startswith("downloading") else things / "train.npz")  # fmt: skip
            ended.append(run(moment, die.choices(list(ENDS), WEIGHTS)[0], address, home, die.uniform(0, 1)))
        progress("")
    show("stop", _figures(ended), _notes(ended), as_json=chosen.json)


def run(moment: str, end: str, address: str, home: Path, share: float) -> Ended:
    """Starts the program, brings it to the moment, ends it, and looks at what it has left."""
    environment = {**os.environ, "VAE_EXPLORER_HOME": str(home)}
    if moment == "starting":
        end = "SIGTERM" if end == "close" else end
        command = [sys.executable, "-m", "vae_explorer"]
    else:
        command = [sys.executable, PROGRAM, moment, address]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=environment, text=True, **pipes) as process:  # type: ignore[call-overload]
        killer = threading.Timer(PATIENCE, process.kill)
        killer.start()
        try:
            if moment != "starting":
                process.stdout.readline()
            else:
                _await_handler(process.pid)
            time.sleep(share * MOMENTS[moment])
            started = time.perf_counter()
            _end(process, end)
            if moment == "twice":
                time.sleep(share / 20)
                _end(process, "SIGTERM")
                time.sleep(share / 5)
                _end(process, "SIGINT")
            process.wait()
            seconds = time.perf_counter() - started
            stdout, stderr = process.stdout.read(), process.stderr.read()
        finally:
            killer.cancel()
    faults = [] if moment == "starting" else list(_faults(moment, home, stdout))
    if moment == "keeping":
        faults += _kept(Path(address))
    return Ended(moment, end, seconds, process.returncode, stderr, tuple(faults))


def _await_handler(pid: int) -> None:
    """Until the program's first line has run: before it the interpreter starts, and a signal is the system's."""
    until = time.perf_counter() + PATIENCE
    while time.perf_counter() < until:
        caught = re.search(r"SigCgt:\s*(\w+)", Path(f"/proc/{pid}/status").read_text())
        if caught and int(caught[1], 16) >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.001)


def _end(process: subprocess.Popen, end: str) -> None:
    number = ENDS[end]
    if number is not None:
        process.send_signal(number)
    else:
        with suppress(BrokenPipeError):  # it is gone: its exit code tells
            os.write(process.stdin.fileno(), b"close\n")


def _faults(moment: str, home: Path, stdout: str):
    """What is wrong with the files."""
    crash = home / "log" / "crash.txt"
    if crash.exists() and crash.stat().st_size:
        yield f"it crashed: {crash.read_text()}"
    from vae_explorer.training.run import Run, unfinished
    from vae_explorer.training.trainer import Trainer

    aside = [path.name for path in home.rglob(".vae-explorer-*")] + [path.name for path in home.rglob("tmp*")]
    if aside:
        yield f"half written files: {', '.join(aside)}"
    said = [json.loads(line) for line in stdout.splitlines() if line.startswith("{")]
    step = next((word["step"] for word in said if word["at"] == "end"), None)
    if step is None:
        yield "it did not come to its end"
        return
    runs = sorted((home / "runs").iterdir()) if (home / "runs").is_dir() else []
    if moment in RUNS - {"downloading to train", "loading"} and not runs:
        yield "there is no run"
    for folder in runs:
        if (folder / "run.lock").exists():
            yield "the run is still locked"
        if not step:
            continue
        run = Run.open(folder)
        if not run.is_finished and [one.folder for one in unfinished(home / "runs")] != [folder]:
            yield "the run cannot be resumed"
            continue
        trainer = Trainer(run)
        work, last = trainer.work(), (run.last_report() or {}).get("step", 0)
        while trainer.training is None:
            next(work)
        on_disk = trainer.training._saved_at[0]  # closing saves again
        work.close()
        if on_disk != step or last > step:
            yield f"the run had come to step {step}; on disk it is at {on_disk}, its last report at {last}"


def _kept(path: Path):
    """What is wrong with the model file that was being written."""
    from vae_explorer.training import model_file

    try:
        model_file.load(path)
    except (OSError, ValueError) as error:
        yield f"the model file was promised: {error}"
    path.unlink(missing_ok=True)


def lay_out(folder: Path) -> Path:
    """Images to train on, and a folder of pictures that takes a while to read."""
    from PIL import Image

    noise = np.random.default_rng(0)
    np.savez(folder / "train.npz", images=noise.integers(0, 256, (4000, 16, 16), np.uint8))
    (folder / "photos").mkdir()
    for i in range(1500):
        Image.fromarray(noise.integers(0, 256, (64, 64), np.uint8)).save(folder / "photos" / f"{i}.png")
    return folder


class silent_server:  # noqa: N801 - used as a function
    """An address that takes a connection and never says a word."""

    def __enter__(self) -> str:
        self._socket = socket.create_server(("127.0.0.1", 0))
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}/"

    def __exit__(self, *_: object) -> None:
        self._socket.close()


def _figures(ended: list[Ended]) -> list[Figure]:
    timed = sorted(one.seconds for one in ended if one.is_timed) or [0.0]
    early = sorted(one.seconds for one in ended if not one.is_timed) or [0.0]
    number = len(ended)
    return [
        Figure("processes", number, ""),
        Figure("ended well", sum(one.is_good for one in ended), "", (">=", number)),
        Figure("exit code 0", sum(one.code == 0 for one in ended), "", (">=", number)),
        Figure("nothing on stderr", sum(not one.stderr for one in ended), "", (">=", number)),
        Figure("files whole, runs at their last step", sum(not one.faults for one in ended), "", (">=", number)),
        Figure("seconds to the end: median", median(timed), "s"),
        Figure("seconds to the end: max", timed[-1], "s", ("<=", SECONDS)),
        Figure("  before torch is loaded: median", median(early), "s"),
        Figure("  before torch is loaded: max", early[-1], "s"),
    ]


def _notes(ended: list[Ended]) -> list[str]:
    notes = [str(one) for one in ended if not one.is_good]
    for moment in dict.fromkeys(one.moment for one in ended):
        of = [one for one in ended if one.moment == moment]
        ends = ", ".join(f"{end} {n}" for end, n in Counter(one.end for one in of).items())
        seconds = " ".join(f"{one.seconds:.2f}" for one in of)
        notes.append(f"{moment}: {sum(one.is_good for one in of)} of {len(of)} ({ends}); seconds {seconds}")
    return notes


if __name__ == "__main__":
    main()
