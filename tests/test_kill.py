"""Killed at any moment, or let down by its disk, the program loses nothing: a smaller benchmarks/kill.py."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / "benchmarks" / "kill.py"
KILLS, TROUBLES = 25, 20
WRITERS = ("training", "saving", "caching", "exporting", "downloading")

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """Figures by their names, and what did not hold."""
    environment = {**os.environ, "TMPDIR": str(tmp_path_factory.mktemp("kill"))}
    command = [sys.executable, str(SCRIPT), "--quick", "--json", f"--times={KILLS}", f"--troubles={TROUBLES}"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    return {figure["name"]: figure["value"] for figure in answer["figures"]}, answer["notes"]


def test_killed_at_any_moment_each_writer_keeps_its_last_good_file_goes_on_and_leaves_nothing(outcome):
    figures, problems = outcome
    assert problems == []
    assert sum(figures[f"{writer}: held"] for writer in WRITERS) == KILLS


def test_a_quarter_of_the_kills_is_between_the_opening_and_the_renaming_of_a_file(outcome):
    figures, _ = outcome
    assert figures["all kills: between open and rename"] >= KILLS / 4
    assert all(figures[f"{writer}: between open and rename"] for writer in WRITERS)


@pytest.mark.parametrize("kind", ["full disk", "read-only folder", "vanished folder"])
def test_a_disk_that_fails_costs_one_sentence_and_no_file(outcome, kind):
    figures, problems = outcome
    assert problems == []
    assert figures[f"{kind}: held"] == figures[f"{kind}: tried"] == TROUBLES / 4
