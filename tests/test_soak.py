"""Long use, a short piece of it: benchmarks/soak.py goes on for hours."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "soak.py"
ACTIONS = 1000


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads and memory in /proc")
def test_a_thousand_actions_and_a_training_leave_nothing_behind():
    command = [sys.executable, SCRIPT, "--json", "--actions", str(ACTIONS), "--train-every", str(ACTIONS // 2)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    figures = {figure["name"]: figure["value"] for figure in report["figures"]}
    about = "\n".join(report["notes"])
    assert figures["actions"] >= ACTIONS
    assert figures["exit code"] == 0
    assert figures["errors inside the program"] == 0, about
    assert figures["messages of Qt"] == 0, about
    assert figures["threads, more at the end"] <= 0
    assert figures["timers, more at the end"] <= 0
    assert figures["widgets, more at the end"] <= 0
    assert figures["runs stopped"] + figures["runs finished"] >= 1
    for noun in ("decoded", "encoded", "sampled", "models opened or shown"):
        assert figures[noun] >= 5, noun  # the program keeps up with the hand
    assert figures["sampled from the prior"] >= 2  # the hand comes back to that tab a few times only, and not for long
