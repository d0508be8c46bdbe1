"""The line that a command shows while it works."""

import io
import subprocess
import sys
from contextlib import redirect_stderr

import pytest

from vae_explorer.commands import drive as driving
from vae_explorer.commands.drive import drive
from vae_explorer.core.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def on_a_terminal(monkeypatch):
    """Drives a job and gives what a terminal got."""
    for name, value in {"COLUMNS": "120", "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(driving, "INTERVAL", 0.0)

    def on_a_terminal(reports, text=None, terminal=None):
        with redirect_stderr(terminal or Terminal()) as terminal:
            assert drive(job(*reports), text) == "result"
        return terminal.getvalue()

    return on_a_terminal


def job(*reports):
    yield from reports
    return "result"


def test_a_terminal_shows_how_much_is_done_and_nothing_of_it_at_the_end(on_a_terminal):
    shown = on_a_terminal(Progress(done, 1000, "images [all]") for done in (10, 20, 1000))
    for done in ("10", "20", "1,000"):
        assert f"{done} of 1,000 images [all]" in shown
    assert "--:--" in shown  # the time left
    assert shown.rindex("\x1b[2K") > shown.rindex("images")  # the line is erased


def test_a_total_that_is_not_known_and_parts_that_begin_again_are_shown(on_a_terminal):
    parts = ((5000, None, "bytes"), (3, 9, "images"), (1, 9, "images"), (2, 7, "files"))
    shown = on_a_terminal(Progress(*part) for part in parts)
    for text in ("5,000 bytes", "3 of 9 images", "1 of 9 images", "2 of 7 files"):
        assert text in shown


def test_a_text_of_ones_own_has_its_own_time(on_a_terminal):
    shown = on_a_terminal([Progress(1, 2, "steps")], lambda progress: f"epoch {progress.done}, 7 s left")
    assert "epoch 1, 7 s left" in shown
    assert "--:--" not in shown


def test_a_notice_stays_on_its_own_line(on_a_terminal):
    notices = (None, "Half the batch.", None)
    shown = on_a_terminal(Progress(done, 3, "images", notice=notice) for done, notice in enumerate(notices))
    assert "Half the batch.\n" in shown


def test_a_file_has_the_notices_alone(capsys):
    drive(job(Progress(1, 3, "images"), Progress(2, 3, "images", notice="Half the batch.")))
    assert capsys.readouterr().err == "Half the batch.\n"


def test_a_terminal_that_is_gone_does_not_lose_the_work(on_a_terminal):
    class Gone(Terminal):
        def write(self, _text):
            raise OSError(5, "Input/output error")

    on_a_terminal([Progress(1, 3, "images"), Progress(2, 3, "images", notice="Half.")], terminal=Gone())


def test_the_bars_come_only_with_a_terminal():
    code = (
        "import sys\n"
        "from vae_explorer.commands.drive import drive\n"
        "from vae_explorer.core.progress import Progress\n"
        "drive(iter([Progress(1, 2, 'images')]))\n"
        "print('rich.progress' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout.strip(), done.stderr) == ("False", "")
