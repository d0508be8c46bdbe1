"""Damaged and hostile files through the readers: a smaller benchmarks/mutants.py."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "mutants.py"
SINGLE = "names that lie|pickle|claims|program|lists in|10.18|torch.save"  # of those made to do harm: the quick ones


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="memory is measured on Linux")
@pytest.mark.parametrize(("kinds", "times"), [("^model", 1500), (f"^(NPY|NPZ|IDX|gz|ZIP)|{SINGLE}", 60)])
def test_a_mutant_is_the_same_content_or_one_sentence(kinds, times):
    command = [sys.executable, str(SCRIPT), "--json", "--only", kinds, "--times", str(times)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found["figures"]) > 10
    assert not [figure for figure in found["figures"] if figure["is_met"] is False], found["notes"]
