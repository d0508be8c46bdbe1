"""What fails in a process of its own or in a command: one line, the right exit code, nothing else on stderr."""

import errno
import os
import subprocess
import sys
import textwrap

import pytest

from vae_explorer import cli, paths
from vae_explorer.errors import UserError

FAULT = "Something went wrong inside the program"


PROGRAM = """
import os, sys, threading, time, warnings
from PySide6.QtCore import QTimer, qWarning
from vae_explorer import app, cli

app.Opening._open = lambda self: None  # no torch
create = app.create

def spoilt(*arguments, **options):
    window = create(*arguments, **options)
    spoil(window)
    return window

app.create = spoilt
"""


def program(body, home):
    """The window's process with something done to it, `spoil(window)`; gives its exit code and stderr."""
    script = f"{PROGRAM}\n{textwrap.dedent(body)}\nsys.exit(cli.run([]))\n"
    environment = {**os.environ, "VAE_EXPLORER_HOME": str(home), "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, timeout=120)
    assert done.stdout == ""
    return done.returncode, done.stderr


def test_a_process_is_quiet_on_stderr_whatever_fails_in_it(tmp_path):
    body = """
    class Faulty:
        def __del__(self):
            {}['in __del__']

    def spoil(window):
        told = []
        def tell(sentence):
            told.append(sentence)
            if len(told) == 3:
                window.close()
        window.session.failed.connect(tell)
        QTimer.singleShot(0, lambda: {}['in a timer'])
        QTimer.singleShot(0, threading.Thread(target=lambda: {}['in a thread']).start)
        QTimer.singleShot(0, lambda: Faulty() and None)
        warnings.filterwarnings('default', 'be warned')
        warnings.warn('be warned')
        qWarning('Qt warns')
    """
    assert program(body, tmp_path) == (0, "")
    text = (tmp_path / "log" / "vae-explorer.log").read_text()
    for what in ("'in a timer'", "'in a thread'", "'in __del__'", "be warned", "WARNING qt: Qt warns"):
        assert what in text


def test_without_a_folder_to_write_in_the_window_works_and_says_so(tmp_path):
    (tmp_path / "file").touch()
    body = """
    def spoil(window):
        def tell(sentence):
            assert sentence.startswith('The log '), sentence
            assert window.isVisible()
            window.close()
        window.session.failed.connect(tell)
        QTimer.singleShot(0, lambda: app.log.warning('something'))
    """
    assert program(body, tmp_path / "file" / "home") == (0, "")


@pytest.mark.parametrize("error", ["UserError('it is broken: mend it')", "KeyError('x')"])
def test_a_window_that_cannot_be_made_is_one_sentence_and_code_1(tmp_path, error):
    body = f"""
    from vae_explorer.errors import UserError
    def fail(*_):
        raise {error}
    app.MainWindow._restore = fail
    """
    log = tmp_path / "log" / "vae-explorer.log"
    fault = f"{FAULT} (KeyError: 'x'); see {log} for details"
    assert program(body, tmp_path) == (1, ("it is broken: mend it" if "UserError" in error else fault) + "\n")
    assert "Traceback" in log.read_text()


@pytest.mark.skipif(os.name == "nt", reason="dies in another way there")
def test_a_crash_leaves_its_place_and_the_next_start_has_it_in_the_log(tmp_path):
    crash = """
    import faulthandler
    def spoil(window):
        QTimer.singleShot(0, faulthandler._sigsegv)
    """
    code, said = program(crash, tmp_path)
    assert (code < 0, said) == (True, "")
    assert "Segmentation fault" in (tmp_path / "log" / "crash.txt").read_text()
    assert program("def spoil(window): QTimer.singleShot(0, window.close)", tmp_path) == (0, "")
    text = (tmp_path / "log" / "vae-explorer.log").read_text()
    assert "the program crashed the last time" in text
    assert "Segmentation fault" in text
    assert (tmp_path / "log" / "crash.txt").read_text() == ""


CALLS = {  # what each command needs, and a part of it that may break
    "train": (["drawn-digits", "--out", "run"], "vae_explorer.data.catalog.load"),
    "evaluate": (["mnist", "drawn-digits"], "vae_explorer.training.model_file.load"),
    "encode": (["mnist", "a.png"], "vae_explorer.training.model_file.load"),
    "decode": (["mnist", "--z", "1,2", "--out", "x.png"], "vae_explorer.training.model_file.load"),
    "sample": (["mnist", "--out", "x.png"], "vae_explorer.training.model_file.read"),
    "data list": ([], "vae_explorer.data.catalog.available"),
    "data info": (["mnist"], "vae_explorer.data.catalog.load"),
    "data fetch": (["mnist"], "vae_explorer.data.catalog.fetch"),
    "selftest": ([], "vae_explorer.training.model_file.load"),
    "doctor": ([], "vae_explorer.training.device.choose"),
    "": ([], "vae_explorer.app.run"),
}


@pytest.mark.parametrize("command", CALLS)
def test_every_command_may_fail_with_one_line_and_its_exit_code(command, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    arguments, part = CALLS[command]
    log = paths.log_file()
    for error, code, sentence in (
        (UserError("it is\nbroken: mend it"), 1, "it is broken: mend it"),
        (OSError(errno.ENOSPC, "No space", "x"), 1, " is full; free some space "),
        (KeyError("x"), 1, f"{FAULT} (KeyError: 'x'); see {log} for details"),
        (MemoryError(), 1, "There is not enough memory for "),
        (KeyboardInterrupt(), 130, None),
    ):

        def fail(*_arguments, error=error, **_options):
            raise error

        monkeypatch.setattr(part, fail)
        assert cli.run([*command.split(), *arguments]) == code
        out, said = capsys.readouterr()
        assert out == ""
        assert said.count("\n") == 1 or (sentence is None and not said), said
        assert sentence is None or sentence in said
    assert log.read_text().count("Traceback") >= 4


def test_every_command_is_walked():
    assert {name.split(" ")[0] for name in CALLS} == {*cli.COMMANDS, ""}
