"""The command line itself: exit codes, sentences, signals, pipes, and what is imported."""

import importlib
import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress

import pytest

from vae_explorer import cli, display, errors, paths, system_libraries
from vae_explorer.errors import UserError
from vae_explorer.training.loop import TrainingError

COMMANDS = ["train", "evaluate", "encode", "decode", "sample", "data", "selftest", "doctor"]
PROGRAM = [sys.executable, "-m", "vae_explorer"]
TIMEOUT = 120  # seconds; reached only when something hangs


def process(*arguments, **changes):
    """The program as users start it; changes go into its environment, None takes out."""
    environment = {name: value for name, value in {**os.environ, **changes}.items() if value is not None}
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)], capture_output=True, text=True, env=environment, timeout=TIMEOUT
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["trian"], "There is no command or file 'trian'. Did you mean train?"),
        (["trian", "mnist", "--out", "x"], "There is no command or file 'trian'. Did you mean train?"),
        (["photo.jpg"], "There is no command or file 'photo.jpg'."),
        (["--colour", "red"], "Unknown option: --colour."),
        (["--size", "large"], "--size must be WIDTHxHEIGHT in pixels, such as 1440x900, got large"),
        (["--size", "10x10"], "--size must be WIDTHxHEIGHT in pixels, such as 1440x900, got 10x10"),
        (["evaluate"], "evaluate needs MODEL: see vae-explorer evaluate --help"),
        (["evaluate", "mnist"], "evaluate needs DATA: see vae-explorer evaluate --help"),
        (["decode", "mnist", "--z", "1"], "decode needs --out: see vae-explorer decode --help"),
        (["data", "fetch"], "data fetch needs NAME: see vae-explorer data fetch --help"),
        (["data", "frob"], 'Unknown command "frob". Available commands: list, fetch, info, cache.'),
        (["sample", "mnist", "--count", "x", "--out", "y"], "--count must be a whole number, got x"),
    ],
)
def test_wrong_usage_is_code_2_and_one_sentence(call, arguments, sentence):
    answer = call(*arguments)
    assert (answer.code, answer.sentence, answer.out) == (2, sentence, "")


def test_the_second_of_two_files_is_looked_for_too(call, tmp_path):
    (tmp_path / "there.png").touch()
    answer = call(tmp_path / "there.png", tmp_path / "gone.png")
    assert (answer.code, answer.sentence) == (2, f"There is no command or file '{tmp_path / 'gone.png'}'.")


def test_help_names_every_command_with_its_own_first_line_and_imports_none():
    done = process("--help", COLUMNS="200")
    assert (done.returncode, done.stderr) == (0, "")
    for command, line in cli.COMMANDS.items():
        assert re.search(rf"\b{command} +{re.escape(line)}", done.stdout), command
        code = getattr(importlib.import_module(f"vae_explorer.commands.{command}"), command)
        assert line == (code.help if command == "data" else code.__doc__.splitlines()[0])
    assert list(cli.COMMANDS) == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_its_help(call, command):
    answer = call(command, "--help")
    assert answer.code == 0
    assert f"Usage: vae-explorer {command}" in answer.out


def test_the_version_is_said(call):
    from vae_explorer import __version__

    assert call("--version").out.strip() == __version__


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (UserError("two\n  lines"), 1, "two lines"),
        (
            FileNotFoundError(2, "No such", "/x"),
            1,
            "/x does not exist: it was moved or deleted, or its disk is not connected",
        ),
        (
            OSError(28, "No space"),
            1,
            "A file could not be written: the disk is full; free some space and try again",
        ),
        (TrainingError("odd"), 1, "odd"),
        (MemoryError(), 1, errors.NO_MEMORY),
    ],
)
def test_what_fails_is_code_1_and_one_sentence(call, monkeypatch, error, code, sentence):
    def fail(*_arguments, **_keywords):
        raise error

    monkeypatch.setattr("vae_explorer.data.catalog.load", fail)
    answer = call("data", "info", "mnist")
    assert (answer.code, answer.sentence) == (code, sentence)


def test_an_error_inside_the_program_goes_into_the_log_and_not_on_the_screen(tmp_path):
    broken = (
        "import sys, threading, warnings; from vae_explorer import cli; from vae_explorer.data import catalog\n"
        "def load(*_):\n"
        "    thread = threading.Thread(target=lambda: {}['lost'])\n"
        "    thread.start(); thread.join()\n"
        "    warnings.warn('be warned')\n"
        "    return {}['gone']\n"
        "catalog.load = load\n"
        "sys.exit(cli.run(['data', 'info', 'mnist']))"
    )
    done = subprocess.run([sys.executable, "-c", broken], capture_output=True, text=True, timeout=TIMEOUT)
    log = paths.log_file()
    assert done.returncode == 1
    assert done.stderr == (f"Something went wrong inside the program (KeyError: 'gone'); see {log} for details\n")
    text = log.read_text()
    assert text.startswith("--- VAE Explorer ")
    assert text.count("Traceback") == 2
    assert "KeyError: 'lost'" in text
    assert "be warned" in text


@pytest.mark.parametrize("arguments", [["data", "info", "mnist"], ["data", "fetch", "mnist"], ["doctor"]])
def test_folders_that_cannot_be_made_are_one_sentence_that_names_the_variable(call, monkeypatch, tmp_path, arguments):
    (tmp_path / "file").touch()
    monkeypatch.setenv("VAE_EXPLORER_HOME", str(tmp_path / "file" / "home"))
    answer = call(*arguments)
    assert answer.code == 1
    assert answer.sentence.startswith(f"The folder {tmp_path / 'file' / 'home'}")
    assert "set VAE_EXPLORER_HOME to a folder that can be written" in answer.sentence


def test_a_log_that_cannot_be_written_is_named_with_the_error(call, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("VAE_EXPLORER_HOME", str(tmp_path / "file"))
    monkeypatch.setattr("vae_explorer.data.catalog.load", lambda *_: {}["gone"])
    sentence = call("data", "info", "mnist").sentence
    assert sentence.startswith("Something went wrong inside the program (KeyError: 'gone'); the log ")
    assert "cannot be written (" in sentence


full_disk = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")


@full_disk
@pytest.mark.parametrize("arguments", [["data", "list"], ["--version"], ["data", "list", "--json"]])
def test_output_that_finds_no_room_is_one_sentence(arguments):
    with open("/dev/full", "w") as full:
        done = subprocess.run([*PROGRAM, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, timeout=TIMEOUT)
    assert done.returncode == 1
    assert done.stderr == "A file could not be written: the disk is full; free some space and try again\n"


@full_disk
def test_a_sentence_that_nobody_can_hear_changes_no_exit_code():
    with open("/dev/full", "w") as full:
        assert subprocess.run([*PROGRAM, "trian"], stdout=full, stderr=full, timeout=TIMEOUT).returncode == 2


def test_ctrl_c_is_code_130(call, monkeypatch):
    def interrupt(*_arguments, **_keywords):
        raise KeyboardInterrupt

    monkeypatch.setattr("vae_explorer.data.catalog.load", interrupt)
    answer = call("data", "info", "mnist")
    assert (answer.code, answer.err) == (130, "")


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to one process")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_a_training_that_resume_finishes(call, data, tmp_path, number):
    from vae_explorer.training.run import Run

    folder = tmp_path / "run"
    flags = [
        "--hidden",
        "16",
        "--z-dim",
        "2",
        "--batch-size",
        "10",
        "--threads",
        "1",
        "--precision",
        "float32",
        "--epochs",
        "100000",
    ]
    with subprocess.Popen(
        [*PROGRAM, "train", str(data), "--out", str(folder), *flags], stderr=subprocess.PIPE, text=True
    ) as training:
        metrics = folder / "metrics.jsonl"
        while training.poll() is None and not (metrics.exists() and metrics.stat().st_size > 1000):
            with suppress(subprocess.TimeoutExpired):
                training.wait(0.05)
        training.send_signal(number)
        _, said = training.communicate(timeout=TIMEOUT)
    assert training.returncode == 130
    assert said == f"Stopped. To resume: vae-explorer train --resume {folder}\n"
    assert not (folder / "run.lock").exists()
    run = Run.open(folder)
    assert not run.is_finished

    shorter = run.config.model_copy(update={"epochs": int(list(run.metrics())[-1]["epoch"]) + 2})
    (folder / "config.json").write_text(shorter.model_dump_json())
    done = call("train", "--resume", folder, "--json")
    assert (done.code, done.err) == (0, "")
    assert done.json["epochs"] == shorter.epochs
    assert Run.open(folder).is_finished


@pytest.mark.skipif(os.name == "nt", reason="a pipe of another kind")
@pytest.mark.parametrize("arguments", [["data", "list"], ["--help"], ["data", "list", "--json"]])
def test_a_reader_that_has_gone_is_no_traceback(arguments):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*PROGRAM, *arguments], stdout=writing, stderr=subprocess.PIPE, text=True, timeout=TIMEOUT)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_terminal_that_knows_ascii_only_gets_question_marks(data):
    done = process("data", "info", data, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert (done.returncode, done.stderr) == (0, "")
    assert "12 ? 12 grey pixels" in done.stdout


WATCHED = """
import sys
from importlib.abc import MetaPathFinder

class Blocked(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocked())
from vae_explorer import cli
codes = [cli.run(arguments) for arguments in {calls}]
print(codes)
"""


def codes_without(blocked, calls):
    text = WATCHED.format(blocked=repr(blocked), calls=[[str(part) for part in arguments] for arguments in calls])
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=TIMEOUT)
    assert "Traceback" not in done.stderr, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done


def test_the_headless_commands_work_where_qt_cannot_be_imported(model, data, png, tmp_path):
    training = ["--epochs", "1", "--hidden", "8", "--z-dim", "2", "--threads", "1", "--precision", "float32"]
    codes, done = codes_without(
        {"PySide6", "shiboken6"},
        [
            ["train", data, "--out", tmp_path / "run", *training],
            ["train", "--resume", tmp_path / "run"],
            ["evaluate", model, data],
            ["encode", model, png(1)],
            ["decode", model, "--z", "-1,0", "--out", tmp_path / "x.png"],
            ["sample", model, "--out", tmp_path / "x.png"],
            ["data", "list"],
            ["data", "info", data],
            ["doctor"],
            [],
        ],
    )
    assert codes == [0] * 8 + [1, 1]
    assert done.stderr.splitlines() == ["Qt is not installed: pip install PySide6-Essentials"] * 2


def test_what_needs_no_torch_imports_none(data):
    calls = [["--help"], ["--version"], *([command, "--help"] for command in COMMANDS)]
    calls += [["data", "list"], ["data", "info", data], ["trian"], ["train", "--epochs", "0"]]
    codes, _ = codes_without({"torch", "pyqtgraph", "sklearn", "av", "PySide6"}, calls)
    assert codes == [0] * (len(calls) - 2) + [2, 2]


@pytest.fixture
def displays(monkeypatch):
    def set_to(**variables):
        for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_to


linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is always a display")


@linux_only
def test_three_ways_to_have_no_display_are_three_sentences(displays, tmp_path):
    displays()
    none = display.problem()
    displays(DISPLAY=":987")
    dead = display.problem()
    displays(WAYLAND_DISPLAY="wayland-987", XDG_RUNTIME_DIR=str(tmp_path))
    dead_wayland = display.problem()
    assert none.startswith("There is no display: start vae-explorer in a desktop session")
    assert dead == "The display :987 does not answer: check DISPLAY, or start an X server there"
    assert dead_wayland == "The Wayland display wayland-987 does not answer: check WAYLAND_DISPLAY, or unset it"


@linux_only
def test_a_wayland_display_that_answers_is_enough(displays, tmp_path):
    import socket

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "w"))
        server.listen()
        displays(WAYLAND_DISPLAY=str(tmp_path / "w"), DISPLAY=":987")
        assert display.problem() is None
        displays(WAYLAND_DISPLAY=str(tmp_path / "w"), DISPLAY=":987", QT_QPA_PLATFORM="xcb")
        assert ":987" in display.problem()


@pytest.mark.parametrize("platform", ["offscreen", "minimal", "vnc:size=800x600"])
def test_a_platform_without_a_server_needs_no_display(displays, platform):
    displays(QT_QPA_PLATFORM=platform)
    assert display.problem() is None


@linux_only
def test_missing_libraries_of_x11_are_named_with_their_packages(displays, monkeypatch):
    displays(DISPLAY=":987")
    opens = system_libraries._opens
    monkeypatch.setattr(system_libraries, "_opens", lambda name: "cursor" not in name and opens(name))
    assert display.problem() == ("Libraries of X11 are missing: on Debian or Ubuntu apt-get install libxcb-cursor0")


@linux_only
@pytest.mark.parametrize("variables", [{}, {"DISPLAY": ":987"}, {"WAYLAND_DISPLAY": "wayland-987"}])
def test_the_window_without_a_display_is_one_sentence_and_code_1(variables):
    missing = {"QT_QPA_PLATFORM": None, "DISPLAY": None, "WAYLAND_DISPLAY": None}
    done = process(**{**missing, **variables})
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "display" in done.stderr.lower()
