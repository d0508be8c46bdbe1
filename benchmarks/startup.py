"""How soon after its process starts the window is shown, and the first picture that the model decoded is painted.

Real processes of `python -m vae_explorer`, by turns with `python -c "import torch"`, which is the measure of both: a
program that imported torch first could show nothing before it. The whole process is the measure, from its start to its
end; the import alone stands below. On the display that is there, else offscreen. A first turn warms the disk's cache
and is not counted; figures are medians of 7 turns (--quick: 3), ratios medians of the ratios of each turn.

    python benchmarks/startup.py [--quick] [--json] [--profile]
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from statistics import median

from report import Figure, options, progress, show

from vae_explorer import display

TURNS, QUICK_TURNS = 7, 3
TIMEOUT = 120  # seconds for one process
SHOWN, PAINTED = "the window is shown", "the first picture is painted"
TORCH = "import time, torch; print(time.perf_counter())"

# The program as it is, with a note of the time wherever it has come to something. perf_counter is one clock for all
# processes. What is imported first here is what the program imports there.
PROGRAM = """
import json, sys, time
marks = {}
def mark(name): marks.setdefault(name, time.perf_counter())
mark("the interpreter runs")
from vae_explorer import cli
mark("the command line is imported")
import gc
gc.disable()  # as the command line does before it
from vae_explorer import app
mark("Qt, the session and the panels are imported")
from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtGui import QGuiApplication
from vae_explorer.session import session

class FirstPaint(QObject):
    def eventFilter(self, window, event):
        if event.type() == QEvent.Type.Paint:
            window.removeEventFilter(self)
            QTimer.singleShot(0, lambda: mark("the window is shown"))  # its panels are painted after it
        return False

def create(files=(), **options):
    window = original_create(files, **options)
    mark("the window is made")
    window.first_paint = FirstPaint()
    window.installEventFilter(window.first_paint)
    def shown(picture):
        mark("the first picture is painted")
        QTimer.singleShot(0, window.close)
    window.decoded.view.shown.connect(shown)
    window.session.decoded.decoded.connect(lambda: mark("its answer is here"))
    return window

def answer(request):
    mark("the engine is asked")
    import torch
    mark("torch is imported")
    import vae_explorer.session.answers.answers
    mark("the engine's own modules are imported")
    found = original_answer(request)
    kind = type(request).__name__
    mark({"OpenRequest": "the model is opened", "DecodeRequest": "the first picture is decoded"}.get(kind, kind))
    return found

original_create, original_answer = app.create, session._answer
app.create, session._answer = create, answer
code = cli.run(["--size", "1440x900"])
print(json.dumps({"platform": QGuiApplication.platformName(), "marks": marks}))
sys.exit(code)
"""


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--profile", action="store_true", help="also when each step of the start was done")
    chosen = parser.parse_args()
    turns = QUICK_TURNS if chosen.quick else TURNS
    taken: list[Turn] = []
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "VAE_EXPLORER_HOME": home}
        if display.problem():
            environment["QT_QPA_PLATFORM"] = "offscreen"
        for number in range(turns + 1):
            progress(f"turn {number} of {turns}")
            taken.append(_turn(environment))
        progress("")
    notes = [
        f"Qt platform {taken[0].platform}; medians of {turns} processes each, seconds from the start of the process"
    ]
    show("startup", _figures(taken[1:], with_profile=chosen.profile), notes, as_json=chosen.json)


@dataclass(frozen=True)
class Turn:
    """One process of each; seconds from its start."""

    torch_imported: float
    torch_ended: float
    at: dict[str, float]  # when the program had come to what
    platform: str  # Qt's name for the display


def _turn(environment: dict[str, str]) -> Turn:
    started, output = _run(TORCH, environment)
    ended = time.perf_counter()
    imported = float(output)
    program_started, output = _run(PROGRAM, environment)
    said = json.loads(output.splitlines()[-1])
    at = {name: mark - program_started for name, mark in said["marks"].items()}
    return Turn(imported - started, ended - started, at, said["platform"])


def _run(code: str, environment: dict[str, str]) -> tuple[float, str]:
    """When the process was started, and what it printed."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=TIMEOUT, check=False
    )
    if done.returncode:
        sys.exit(f"the process ended with {done.returncode}: {done.stderr.strip()}")
    return started, done.stdout


def _figures(turns: list[Turn], *, with_profile: bool) -> list[Figure]:
    names = [name for name in turns[0].at if all(name in turn.at for turn in turns)]
    at = {name: median(turn.at[name] for turn in turns) for name in names}
    figures = [
        Figure('python -c "import torch"', median(turn.torch_ended for turn in turns), "s"),
        Figure("  until it is imported", median(turn.torch_imported for turn in turns), "s"),
        Figure(SHOWN, at[SHOWN], "s"),
        Figure(PAINTED, at[PAINTED], "s"),
        Figure("window / import torch", median(t.at[SHOWN] / t.torch_ended for t in turns), "×", ("<=", 0.6)),
        Figure("picture / import torch", median(t.at[PAINTED] / t.torch_ended for t in turns), "×", ("<=", 1.25)),
    ]
    if with_profile:
        figures += [Figure(f"  {name}", value, "s") for name, value in sorted(at.items(), key=lambda item: item[1])]
    return figures


if __name__ == "__main__":
    main()
