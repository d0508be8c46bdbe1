import errno
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest

from vae_explorer.storage import file_lock, run_lock
from vae_explorer.training import run as runs
from vae_explorer.training.config import TrainConfig
from vae_explorer.training.run import Run, RunError, new_folder, unfinished


@pytest.fixture
def run(tmp_path, config):
    return Run.create(tmp_path / "run", config)


@pytest.fixture
def dead_pid():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def lock(run, pid, host=None):
    run.lock_path.write_text(json.dumps({"pid": pid, "host": host or socket.gethostname(), "time": time.time()}))


def report(step, **more):
    return {"step": step, "epoch": step / 5, **more}


def test_the_config_comes_back_as_it_was(run, config):
    assert Run.open(run.folder).config == config


def test_a_folder_without_a_run_is_said(tmp_path):
    with pytest.raises(RunError, match=r"holds no run: its config.json cannot be read"):
        Run.open(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"epochs": 0}', '{"epoch": 3}', "\udcff"])
def test_a_damaged_config_is_said_in_one_sentence(run, text):
    (run.folder / "config.json").write_text(text, "utf-8", errors="surrogateescape")
    with pytest.raises(RunError, match=r"config.json is damaged") as raised:
        Run.open(run.folder)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["state.safetensors", "model.vae.safetensors"])
def test_a_folder_that_holds_a_run_is_not_used_for_another(run, config, name):
    (run.folder / name).touch()
    with pytest.raises(RunError, match=r"already holds a run: choose another folder, or resume it with --resume"):
        Run.create(run.folder, config)


def test_a_run_that_failed_before_its_first_step_may_be_begun_anew(run, config):
    run.add_metrics(report(1))
    again = Run.create(run.folder, config.model_copy(update={"epochs": 9}))
    assert Run.open(run.folder).config.epochs == 9
    assert not list(again.metrics())


def test_a_folder_that_cannot_be_made_is_said(tmp_path, config):
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="file cannot be a run's folder: "):
        Run.create(tmp_path / "file", config)


def test_reports_come_back_in_their_order_each_with_its_step(run):
    for step in (1, 2, 3):
        run.add_metrics(report(step))
    lines = run.metrics_path.read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [1, 2, 3]
    assert list(run.metrics()) == [report(1), report(2), report(3)]


@pytest.mark.parametrize("cut", ['{"step": 3, "epo', "{", '{"step": 3}\x00\x00', "7", '{"epoch": 1}', b"\xff\xfe"])
def test_a_last_line_that_was_cut_off_does_no_harm(run, cut):
    run.add_metrics(report(1))
    run.add_metrics(report(2))
    with run.metrics_path.open("ab") as file:
        file.write(cut if isinstance(cut, bytes) else cut.encode())
    assert list(run.metrics()) == [report(1), report(2)]
    run.rewind_metrics(2)
    run.add_metrics(report(3))
    assert list(run.metrics()) == [report(1), report(2), report(3)]


def test_the_last_report_is_found_without_reading_the_others(run, monkeypatch):
    assert run.last_report() is None
    for step in range(1, 2001):
        run.add_metrics(report(step, train={**dict.fromkeys(runs.FIGURES, 0.5), "kl_per_dimension": [0.123456] * 20}))
    assert run.metrics_path.stat().st_size > 2 * runs.MAX_REPORT
    monkeypatch.setattr(Run, "metrics", lambda _self: pytest.fail("all were read"))
    assert run.last_report()["step"] == 2000
    assert not run.is_finished
    run.add_metrics({"step": 2000, "test": {}})
    assert run.is_finished


def test_the_last_report_is_the_one_before_a_line_that_was_cut_off(run):
    run.metrics_path.write_text('{"step": 1, "ep')
    assert run.last_report() is None
    run.metrics_path.write_text('{"step": 1}\n{"step": 2, "test": {"elbo')
    assert run.last_report() == {"step": 1}
    assert not run.is_finished


def test_rewinding_drops_what_a_resumed_run_makes_again(run):
    for step in range(1, 6):
        run.add_metrics(report(step))
    run.add_metrics({"step": 5, "test": {"elbo": -1.0}})
    assert run.is_finished
    run.rewind_metrics(5)
    assert not run.is_finished
    run.rewind_metrics(3)
    assert [one["step"] for one in run.metrics()] == [1, 2, 3]


def test_the_lock_says_who_writes_and_goes_away(run):
    with run.locked():
        assert {"pid": os.getpid(), "host": socket.gethostname()}.items() <= json.loads(
            run.lock_path.read_text()
        ).items()
    assert not run.lock_path.exists()
    with pytest.raises(KeyError), run.locked():
        raise KeyError
    assert not run.lock_path.exists()


def test_a_second_writer_is_refused_with_a_sentence(run):
    lock(run, os.getppid())
    with pytest.raises(RunError, match=f"is in use by process {os.getppid()}: stop it there"), run.locked():
        pass
    assert run.lock_path.exists()


def test_a_writer_on_another_machine_is_believed(run):
    lock(run, 1, host="elsewhere")
    with pytest.raises(RunError, match=r"process 1 on elsewhere.* or delete run.lock"), run.locked():
        pass


def test_a_second_writer_in_this_program_is_refused(run, config):
    with run.locked():
        other = Run.open(run.folder)
        with pytest.raises(RunError, match="by this program"), other.locked():
            pass
        with pytest.raises(RunError, match="is in use by this program"):
            Run.create(run.folder, config)
    with other.locked():
        pass


def test_the_lock_of_a_dead_process_is_taken_over(run, dead_pid):
    lock(run, dead_pid)
    with run.locked():
        assert json.loads(run.lock_path.read_text())["pid"] == os.getpid()


def test_the_lock_of_a_dead_process_that_had_our_number_is_taken_over(run):
    lock(run, os.getpid())
    with run.locked():
        pass


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": "x", "host": 1}', "[" * 4000])
def test_a_lock_that_was_cut_off_is_taken_over(run, content):
    run.lock_path.write_text(content)
    with run.locked():
        pass


@pytest.mark.parametrize("pid", [0, -1, "1e400", 10**40])
def test_a_lock_that_nobody_can_have_signed_is_taken_over(run, pid):
    run.lock_path.write_text(f'{{"pid": {pid}, "host": "{socket.gethostname()}"}}')
    with run.locked():
        pass


def test_a_lock_whose_number_another_process_has_now_is_taken_over(run):
    with run.locked():
        signed = json.loads(run.lock_path.read_text())
    run.lock_path.write_text(json.dumps({**signed, "pid": os.getppid()}))  # left by a kill, then the machine restarted
    run.state_path.touch()
    assert len(unfinished(run.folder.parent)) == 1
    with run.locked():
        assert json.loads(run.lock_path.read_text())["pid"] == os.getpid()


def test_a_held_lock_counts_whatever_its_content(run, monkeypatch, dead_pid):
    monkeypatch.setattr(run_lock, "PATIENCE", 0.05)
    run.state_path.touch()
    lock(run, dead_pid)  # its new holder has not signed yet
    with run.lock_path.open() as file:
        assert file_lock.take(file.fileno())
        with pytest.raises(RunError, match="is in use by another program"), run.locked():
            pass
        assert unfinished(run.folder.parent) == []
    assert json.loads(run.lock_path.read_text())["pid"] == dead_pid


CONTENDER = """
import sys
from pathlib import Path
from vae_explorer.training.run import Run, RunError
run = Run.open(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
try:
    with run.locked():
        print("won", flush=True)
        sys.stdin.readline()
except RunError as error:
    print(error, flush=True)
"""


@pytest.fixture
def contenders(run):
    started = [
        subprocess.Popen(
            [sys.executable, "-c", CONTENDER, str(run.folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(6)
    ]
    assert [process.stdout.readline() for process in started] == ["ready\n"] * 6
    yield started
    for process in started:
        process.stdin.close()
        process.stdout.close()
        process.wait()


@pytest.mark.parametrize("left", ["by a dead process", "cut off", "nothing"])
def test_of_many_programs_that_try_at_once_exactly_one_has_the_run(run, contenders, dead_pid, left):
    if left == "by a dead process":
        lock(run, dead_pid)
    elif left == "cut off":
        run.lock_path.touch()
    for process in contenders:
        process.stdin.write("\n")
        process.stdin.flush()
    answers = [process.stdout.readline() for process in contenders]
    assert answers.count("won\n") == 1
    winner = contenders[answers.index("won\n")]
    sentence = f"{run.folder} is in use by process {winner.pid}: stop it there first"
    assert sum(answer.startswith(sentence) for answer in answers) == 5
    with pytest.raises(RunError, match=f"by process {winner.pid}:"), run.locked():
        pass
    winner.kill()
    winner.wait()
    with run.locked():
        pass
    assert not run.lock_path.exists()


def test_of_many_threads_that_try_at_once_exactly_one_has_the_run(run, dead_pid):
    lock(run, dead_pid)
    start, tried, ended, won, refused = threading.Barrier(8), threading.Semaphore(0), threading.Event(), [], []

    def try_it():
        other = Run.open(run.folder)
        start.wait()
        try:
            with other.locked():
                won.append(1)
                tried.release()
                ended.wait(30)
        except RunError as error:
            refused.append(str(error))
            tried.release()

    threads = [threading.Thread(target=try_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for _ in threads:
        tried.acquire()
    ended.set()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert len(refused) == 7
    assert all("is in use by this program: stop it there first" in sentence for sentence in refused)
    assert not run.lock_path.exists()


def test_the_lock_of_another_that_came_into_its_place_is_left_alone(run):
    with run.locked():
        run.lock_path.unlink()  # by hand
        lock(run, os.getppid())
    assert json.loads(run.lock_path.read_text())["pid"] == os.getppid()


def test_what_a_killed_writer_left_goes_with_the_next_one(run):
    stale = run.folder / f".vae-explorer-{'a' * 16}"
    stale.touch()
    with run.locked():
        run.rewind_metrics(0)
    assert not stale.exists()


def test_a_run_begun_in_the_same_folder_meanwhile_is_not_written_over(run, config):
    other = Run.create(run.folder, config.model_copy(update={"z_dim": 7}))
    with pytest.raises(RunError, match="now holds another run"), run.locked():
        pass
    with other.locked():
        pass


def test_a_folder_that_has_vanished_is_said(run):
    shutil.rmtree(run.folder)
    with pytest.raises(RunError, match=r"run cannot be written \(No such file or directory\): check that it exists"):
        run.locked().__enter__()
    assert run.last_report() is None
    assert list(run.metrics()) == []
    with pytest.raises(FileNotFoundError) as raised:
        run.add_metrics(report(1))
    assert raised.value.filename == str(run.metrics_path)


def test_a_run_whose_folder_vanishes_while_it_is_written_ends_without_a_word(run):
    with run.locked():
        shutil.rmtree(run.folder)


def test_a_full_disk_leaves_no_lock_and_no_empty_folder(tmp_path, config, monkeypatch):
    def write(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        with pytest.raises(RunError, match="cannot be a run's folder: No space left on device"):
            Run.create(tmp_path / "new", config)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("at", ["config.json", "run.lock", "metrics.jsonl"])
@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_something_else_in_the_place_of_a_file_is_no_traceback_and_holds_nobody_up(run, at, kind):
    run.state_path.touch()
    (run.folder / at).unlink(missing_ok=True)
    if kind == "folder":
        (run.folder / at).mkdir()
    else:
        os.mkfifo(run.folder / at)
    unfinished(run.folder.parent)
    assert run.last_report() is None
    assert list(run.metrics()) == []
    with suppress(RunError):
        Run.open(run.folder)
    with suppress(RunError), run.locked():
        pass


@pytest.mark.parametrize("line", ['{"step": "1"}', '{"step": 1.5}', '{"step": null}', "[" * 100_000])
def test_a_report_without_a_number_of_its_step_ends_them(run, line):
    run.add_metrics(report(1))
    with run.metrics_path.open("a") as file:
        file.write(line + "\n")
    assert list(run.metrics()) == [report(1)]
    run.rewind_metrics(3)
    assert run.last_report() == report(1)


def test_unfinished_runs_are_those_that_can_be_resumed_the_newest_first(tmp_path, config, dead_pid):
    for age, name in enumerate(["newest", "older", "finished", "at work", "killed", "not begun"]):
        run = Run.create(tmp_path / "runs" / name, config)
        if name != "not begun":
            run.state_path.touch()
            os.utime(run.state_path, (1000 - age, 1000 - age))
        if name == "finished":
            run.add_metrics({"step": 5, "test": {}})
        if name in ("at work", "killed"):
            lock(run, os.getppid() if name == "at work" else dead_pid)
    (tmp_path / "runs" / "a file").touch()
    damaged = tmp_path / "runs" / "damaged"
    damaged.mkdir()
    (damaged / "state.safetensors").touch()
    assert [run.folder.name for run in unfinished(tmp_path / "runs")] == ["newest", "older", "killed"]


@pytest.mark.parametrize("vanishes", ["config.json", "state.safetensors"])
def test_a_run_that_vanishes_while_the_unfinished_are_listed_is_left_out(tmp_path, config, monkeypatch, vanishes):
    for name in ("one", "two"):
        Run.create(tmp_path / name, config).state_path.touch()
    is_finished = Run.is_finished

    def late(run):
        for path in tmp_path.glob(f"*/{vanishes}"):
            if path.parent != run.folder:
                path.unlink()
        return is_finished.__get__(run)

    monkeypatch.setattr(Run, "is_finished", property(late))
    assert len(unfinished(tmp_path)) == 1


def test_a_run_at_work_in_this_program_is_not_unfinished(run, tmp_path):
    run.state_path.touch()
    with run.locked():
        assert unfinished(tmp_path) == []
    assert len(unfinished(tmp_path)) == 1


def test_without_a_folder_there_are_no_unfinished_runs(tmp_path):
    assert unfinished(tmp_path / "none") == []


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("mnist", "mnist"),
        ("/home/me/My pictures (2)", "My-pictures-2"),
        ("/data/bilder.zip", "bilder.zip"),
        ("/", "images"),
        ("x" * 300, "x" * 40),
    ],
)
def test_a_new_folder_is_named_after_date_data_and_network(tmp_path, monkeypatch, data, name):
    monkeypatch.setattr(runs.time, "strftime", lambda _format: "2026-02-03")
    config = TrainConfig(data=data, z_dim=3, network="conv")
    folder = new_folder(tmp_path, config)
    assert folder == tmp_path / f"2026-02-03-{name}-conv-3"
    folder.mkdir()
    assert new_folder(tmp_path, config).name == f"2026-02-03-{name}-conv-3-2"
    assert re.fullmatch(r"[\w.-]+", folder.name)
