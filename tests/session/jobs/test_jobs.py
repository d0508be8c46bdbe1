"""The other long jobs, and the data sets that they read."""

import threading
from pathlib import Path

import numpy as np
import pytest

from vae_explorer.core.progress import Progress
from vae_explorer.data import catalog
from vae_explorer.errors import UserError
from vae_explorer.session.jobs.jobs import DATA, FIT

TIMEOUT = 30_000  # milliseconds


class Endless:
    """A job that goes on until it is closed."""

    def __init__(self):
        self.closed = threading.Event()

    def __call__(self):
        done = 0
        try:
            while True:
                done += 1
                yield Progress(done, None, "images")
        finally:
            self.closed.set()


@pytest.fixture
def jobs(session):
    session.jobs.results, session.jobs.sentences = [], []
    session.jobs.succeeded.connect(session.jobs.results.append)
    session.jobs.failed.connect(session.jobs.sentences.append)
    return session.jobs


def test_a_job_has_a_title_progress_and_a_result(jobs, qtbot):
    gate = threading.Event()

    def job():
        yield Progress(1, 2, "images")
        assert gate.wait(TIMEOUT / 1000)
        return "read"

    jobs.start(DATA, "Reading photos", job)
    assert jobs.running[DATA].title == "Reading photos"
    qtbot.waitUntil(lambda: jobs.progress_of(DATA) == Progress(1, 2, "images"), timeout=TIMEOUT)
    gate.set()
    qtbot.waitUntil(lambda: jobs.results == ["read"], timeout=TIMEOUT)
    assert (jobs.running, jobs.progress_of(DATA)) == ({}, None)
    qtbot.waitUntil(lambda: not jobs.is_active, timeout=TIMEOUT)


def test_a_cancelled_job_is_closed_and_says_nothing(jobs, qtbot):
    job = Endless()
    jobs.start(DATA, "Reading photos", job)
    qtbot.waitUntil(lambda: jobs.progress_of(DATA) is not None, timeout=TIMEOUT)
    jobs.cancel(DATA)
    assert (jobs.running, jobs.progress_of(DATA)) == ({}, None)
    qtbot.waitUntil(lambda: not jobs.is_active, timeout=TIMEOUT)
    assert job.closed.is_set()
    assert (jobs.results, jobs.sentences) == ([], [])
    jobs.cancel(DATA)


def test_starting_another_job_of_its_kind_cancels_the_first(jobs, qtbot):
    first = Endless()

    def second():
        yield Progress(1, 1, "images")
        return "second"

    jobs.start(DATA, "First", first)
    qtbot.waitUntil(lambda: jobs.progress_of(DATA) is not None, timeout=TIMEOUT)
    jobs.start(DATA, "Second", second)
    assert jobs.running[DATA].title == "Second"
    qtbot.waitUntil(lambda: not jobs.is_active, timeout=TIMEOUT)
    assert first.closed.is_set()
    assert jobs.results == ["second"]


def test_jobs_of_two_kinds_run_at_the_same_time(jobs, qtbot):
    first, second = Endless(), Endless()
    jobs.start(DATA, "Reading photos", first)
    jobs.start(FIT, "Fitting", second)
    qtbot.waitUntil(lambda: None not in map(jobs.progress_of, (DATA, FIT)), timeout=TIMEOUT)
    jobs.cancel(FIT)
    assert list(jobs.running) == [DATA]
    qtbot.waitUntil(second.closed.is_set, timeout=TIMEOUT)
    assert not first.closed.is_set()
    jobs.cancel_all()
    qtbot.waitUntil(lambda: not jobs.is_active, timeout=TIMEOUT)
    assert first.closed.is_set()
    assert jobs.results == []


def test_a_job_that_fails_is_one_sentence_of_the_session(session, jobs, qtbot):
    def job():
        yield Progress(0, 1, "images")
        raise UserError("photos holds\nno images")

    with qtbot.waitSignal(session.failed, timeout=TIMEOUT) as failed:
        jobs.start(DATA, "Reading photos", job)
    assert failed.args == ["photos holds no images"]
    assert jobs.running == {}
    qtbot.waitUntil(lambda: not jobs.is_active, timeout=TIMEOUT)


def test_the_known_data_sets_say_their_titles_and_what_they_would_download(session):
    choices = {choice.data: choice for choice in session.data.choices}
    assert set(choices) == set(catalog.DATASETS)
    assert choices["mnist"].title == "MNIST"
    assert choices["drawn-digits"].download_bytes == 0
    assert choices["mnist"].download_bytes in (0, catalog.DATASETS["mnist"].download_size)


def test_a_file_is_looked_into_and_offered_first(session, jobs, qtbot, tmp_path):
    file = tmp_path / "faces.npz"
    np.savez(file, images=np.zeros((30, 16, 12, 3), np.uint8), labels=np.arange(30) % 3)
    chosen, described = [], []
    session.data.chosen.connect(chosen.append)
    session.data.described.connect(described.append)
    for times in (1, 2):  # brought twice it is one choice
        session.data.open(file)
        qtbot.waitUntil(lambda times=times: len(described) == times, timeout=TIMEOUT)
    assert chosen == [str(file)] * 2
    assert str(described[0]) == "faces: 30 images, 12 × 16 colour pixels, 3 classes"
    assert [choice.data for choice in session.data.choices][:2] == [str(file), "mnist"]
    qtbot.waitUntil(lambda: not jobs.is_active, timeout=TIMEOUT)


def test_a_path_is_kept_whole_wherever_the_program_was_started(session, jobs, qtbot, tmp_path, monkeypatch):
    np.savez(tmp_path / "faces.npz", images=np.zeros((30, 16, 12), np.uint8))
    monkeypatch.chdir(tmp_path)
    with qtbot.waitSignal(session.data.chosen, timeout=TIMEOUT) as chosen:
        session.data.open(Path("faces.npz"))
    assert chosen.args == [str(tmp_path.resolve() / "faces.npz")]
    qtbot.waitUntil(lambda: not jobs.is_active, timeout=TIMEOUT)


def test_a_folder_without_images_is_one_sentence(session, jobs, qtbot, tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    with qtbot.waitSignal(session.failed, timeout=TIMEOUT) as failed:
        session.data.open(folder)
    assert "empty" in failed.args[0]
    assert session.data.brought == []
    qtbot.waitUntil(lambda: not jobs.is_active, timeout=TIMEOUT)


def test_a_data_set_that_is_being_read_is_chosen_and_named_as_such(session, jobs, qtbot, tmp_path):
    file = tmp_path / "faces.npz"
    np.savez(file, images=np.zeros((30, 16, 12), np.uint8))
    data = str(file.resolve())
    with qtbot.waitSignal(session.data.described, timeout=TIMEOUT):
        session.data.open(file)
        assert session.data.is_reading(data)
        assert session.data.choices[0].title == "faces.npz"
        assert session.data.summary(data) is None
    assert not session.data.is_reading(data)
    assert session.data.choices[0].title == "faces"
    assert session.data.summary(data).images == 30
    qtbot.waitUntil(lambda: not jobs.is_active, timeout=TIMEOUT)


@pytest.mark.parametrize("how", ["cancelled", "failed", "replaced"])
def test_a_data_set_that_is_not_read_to_its_end_is_given_up(session, jobs, qtbot, tmp_path, how):
    given_up = []
    session.data.given_up.connect(given_up.append)
    (tmp_path / "empty").mkdir()
    session.data.open(tmp_path / "empty")
    if how == "cancelled":
        jobs.cancel(DATA)
    elif how == "replaced":
        np.savez(tmp_path / "faces.npz", images=np.zeros((30, 16, 12), np.uint8))
        session.data.open(tmp_path / "faces.npz")
        assert session.data.choices[0].title == "faces.npz"
    qtbot.waitUntil(lambda: not jobs.is_active, timeout=TIMEOUT)
    assert given_up == [str(tmp_path.resolve() / "empty")]
    assert session.data.reading is None
    assert [one.name for one in session.data.brought] == (["faces"] if how == "replaced" else [])


def test_every_job_says_once_that_it_has_ended(jobs, qtbot):
    def job():
        yield Progress(1, 1, "images")
        return "read"

    def failing():
        yield Progress(1, 1, "images")
        raise UserError("no")

    ended = []
    jobs.ended.connect(lambda kind: ended.append((kind, list(jobs.results), list(jobs.sentences))))
    jobs.start("one", "One", job)
    qtbot.waitUntil(lambda: not jobs.is_active, timeout=TIMEOUT)
    jobs.start("two", "Two", failing)
    qtbot.waitUntil(lambda: not jobs.is_active, timeout=TIMEOUT)
    jobs.start("three", "Three", Endless())
    jobs.cancel("three")
    assert ended == [("one", ["read"], []), ("two", ["read"], ["no"]), ("three", ["read"], ["no"])]
    qtbot.waitUntil(lambda: not jobs.is_active, timeout=TIMEOUT)
