"""The program ends well: a few of the moments of benchmarks/stop.py, and a window that cannot be made."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "stop.py"
MOMENTS = ("twice", "dialog", "starting")  # two signals while a run trains, under a modal dialog, as it starts
BROKEN = """
import sys
from vae_explorer import cli
from vae_explorer.ui.window.main_window import MainWindow
def broken(window): raise KeyError("geometry")
MainWindow._restore = broken
sys.exit(cli.run([]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="sends signals and looks into /proc")
def test_ended_at_any_moment_it_is_quiet_and_its_run_is_whole():
    command = [sys.executable, SCRIPT, "--json", "--count", str(len(MOMENTS)), "--only", *MOMENTS]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    figures = {figure["name"]: figure["value"] for figure in report["figures"]}
    about = "\n".join(report["notes"])
    for figure in ("exit code 0", "nothing on stderr", "files whole, runs at their last step"):
        assert figures[figure] == len(MOMENTS), about
    assert figures["seconds to the end: max"] < 20, about  # the aim is 3; a busy machine proves nothing


def test_a_window_that_cannot_be_made_is_one_sentence_and_no_crash():
    done = subprocess.run([sys.executable, "-c", BROKEN], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1, done.stderr
    assert "KeyError" in done.stderr
    assert len(done.stderr.splitlines()) == 1
