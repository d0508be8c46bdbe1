"""A run that lies in any folder, and one that another program writes: it is read, and that is said."""

import subprocess
import sys

import pytest

from vae_explorer.training.run import Run, is_run
from vae_explorer.training.trainer import Trainer

WAIT = 30_000  # milliseconds
WRITES = """
import sys
from pathlib import Path
from vae_explorer.training.run import Run, is_run
with Run.open(Path(sys.argv[1])).locked():
    print("written", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def run(tmp_path, config):
    """Stopped after its second epoch of three."""
    work = Trainer(Run.create(tmp_path / "mine", config))
    generator = work.work()
    assert any(getattr(progress, "epoch", 0) == 2 and progress.train for progress in generator)
    generator.close()
    return work.run


@pytest.fixture
def sentences(session):
    heard = []
    session.failed.connect(heard.append)
    return heard


@pytest.fixture
def writer(run):
    """Another program that writes the run until it is let go."""
    program = subprocess.Popen(
        [sys.executable, "-c", WRITES, str(run.folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert program.stdout.readline() == "written\n"
    yield program
    program.communicate("")


def shown(session, qtbot):
    qtbot.waitUntil(lambda: session.model.current is not None and not session.model.is_opening, timeout=WAIT)
    return session.model.current


def read(session, qtbot, epochs):
    """Waits until the curves are those of these epochs."""
    qtbot.waitUntil(lambda: session.training.curves.validation_epochs == epochs, timeout=WAIT)


def test_a_run_of_any_folder_shows_its_model_and_its_curves_and_can_be_resumed(session, run, sentences, qtbot):
    session.training.open_run(run.folder)
    workspace = shown(session, qtbot)
    assert (workspace.name, workspace.snapshot.info.epochs) == ("mine", 2)
    read(session, qtbot, [1, 2])
    assert [one.folder for one in session.training.resumable()] == [run.folder]
    assert sentences == []
    session.training.resume_run(session.training.resumable()[0])
    qtbot.waitUntil(lambda: not session.training.is_active, timeout=WAIT)
    assert session.training.state == "finished"
    read(session, qtbot, [1, 2, 3])
    assert session.training.resumable() == []


def test_curves_that_cannot_be_read_are_one_sentence_and_the_model_opens(session, run, sentences, qtbot, monkeypatch):
    def fail(_run):
        raise PermissionError(13, "Permission denied", "metrics.jsonl")

    monkeypatch.setattr(Run, "metrics", fail)
    session.training.open_run(run.folder)
    assert shown(session, qtbot).name == "mine"
    qtbot.waitUntil(lambda: bool(sentences), timeout=WAIT)
    assert sentences[0].startswith("The run's curves could not be read: ")
    assert not session.training.is_reading_curves


def test_a_run_that_another_program_writes_is_read_and_that_is_said(session, run, writer, sentences, qtbot):
    before = {path.name: path.read_bytes() for path in run.folder.iterdir()}
    session.training.open_run(run.folder)
    assert shown(session, qtbot).name == "mine"
    assert sentences == [f"mine is in use by process {writer.pid}; opened read-only"]
    read(session, qtbot, [1, 2])
    assert session.training.resumable() == []
    assert {path.name: path.read_bytes() for path in run.folder.iterdir()} == before


def test_resuming_it_all_the_same_is_refused_with_the_writer(session, run, writer, sentences, qtbot):
    session.training.resume_run(run)
    qtbot.waitUntil(lambda: not session.training.is_active, timeout=WAIT)
    assert session.training.state == "failed"
    (sentence,) = sentences
    assert f"is in use by process {writer.pid}: stop it there first" in sentence
    writer.kill()
    writer.wait()
    session.training.resume_run(run)  # a lock whose process is gone is taken over
    qtbot.waitUntil(lambda: not session.training.is_active, timeout=WAIT)
    assert session.training.state == "finished"


def test_a_run_shown_while_another_is_made_leaves_that_one_alone(session, run, config, sentences, qtbot):
    session.training.start(config.model_copy(update={"epochs": 100_000}))
    qtbot.waitUntil(lambda: session.model.shows_trained, timeout=WAIT)
    session.training.open_run(run.folder)
    qtbot.waitUntil(lambda: not session.model.shows_trained, timeout=WAIT)
    assert session.model.current.name == "mine"
    assert session.training.config.epochs == 100_000
    assert session.training.is_active
    assert sentences == []
    session.training.stop()
    qtbot.waitUntil(lambda: not session.training.is_active, timeout=WAIT)


@pytest.mark.parametrize("content", [None, b"{", b'{"epochs": 0}'])
def test_a_folder_that_holds_no_run_is_one_sentence(session, run, sentences, content):
    if content is None:
        (run.folder / "config.json").unlink()
    else:
        (run.folder / "config.json").write_bytes(content)
    session.training.open_run(run.folder)
    (sentence,) = sentences
    assert "mine" in sentence
    assert "\n" not in sentence
    assert session.model.current is None


def test_what_is_a_run_is_known_by_its_files(run, tmp_path):
    assert is_run(run.folder)
    assert not is_run(tmp_path)
    assert not is_run(run.model_path)
    assert not is_run(tmp_path / ("x" * 300))
    assert not is_run(tmp_path / "a\0b")


@pytest.mark.parametrize(
    "line",
    [b"[1]", b'{"step": 9, "train": 5}', b'{"step": 9, "train": {"elbo": "x"}}', b'{"step": 9, "epoch": []}', b"\0"],
)
def test_reports_that_make_no_sense_end_the_curves(session, run, sentences, qtbot, line):
    with run.metrics_path.open("ab") as file:
        file.write(line + b"\n")
    session.training.open_run(run.folder)
    assert shown(session, qtbot).name == "mine"
    read(session, qtbot, [1, 2])
    assert sentences == []
    assert len(session.training.resumable()) == 1
