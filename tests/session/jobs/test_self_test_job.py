"""The self-test as a job of the session."""

import pytest

from vae_explorer.core.progress import Progress
from vae_explorer.errors import UserError
from vae_explorer.session.jobs.jobs import DATA, SELF_TEST
from vae_explorer.session.jobs.self_test import TITLE
from vae_explorer.training import self_test as module

TIMEOUT = 30_000  # milliseconds


@pytest.fixture
def self_test(session):
    return session.self_test


@pytest.fixture
def small(monkeypatch):
    """The real test over fewer images and draws."""
    for name, value in (("IMAGES", 3), ("IMAGES_ON_GRID", 1), ("SAMPLES", 200), ("IMPORTANCE_SAMPLES", 20)):
        monkeypatch.setattr(module, name, value)


@pytest.fixture
def endless(monkeypatch):
    """A test that goes on until it is closed; its list is longer by one when it was."""
    closed = []

    def test():
        try:
            while True:
                yield Progress(1, 10, "images")
        finally:
            closed.append("closed")

    monkeypatch.setattr(module, "self_test", test)
    return closed


def test_it_runs_as_a_job_and_has_the_commands_lines(self_test, session, small, qtbot, called, capsys):
    seen = []
    self_test.changed.connect(lambda: seen.append(self_test.progress))
    self_test.start()
    assert (self_test.is_running, session.jobs.running[SELF_TEST].title, self_test.checks) == (True, TITLE, ())
    qtbot.waitUntil(lambda: bool(self_test.checks), timeout=TIMEOUT)
    assert (self_test.is_running, self_test.progress) == (False, None)
    assert any(isinstance(report, Progress) for report in seen)
    said = called(capsys, "selftest")["checks"]
    assert [check.name for check in self_test.checks] == [one["name"] for one in said]
    assert [check.passed for check in self_test.checks] == [True] * 5
    qtbot.waitUntil(lambda: not session.jobs.is_active, timeout=TIMEOUT)


def test_it_can_be_cancelled_and_begun_again(self_test, session, endless, qtbot):
    self_test.start()
    qtbot.waitUntil(lambda: self_test.progress is not None, timeout=TIMEOUT)
    self_test.start()  # once is enough
    assert self_test.progress is not None
    self_test.cancel()
    assert (self_test.is_running, self_test.progress, session.jobs.running) == (False, None, {})
    self_test.cancel()
    qtbot.waitUntil(lambda: endless == ["closed"], timeout=TIMEOUT)
    self_test.start()
    assert self_test.is_running
    self_test.cancel()
    qtbot.waitUntil(lambda: not session.jobs.is_active, timeout=TIMEOUT)
    assert self_test.checks == ()


def test_it_cancels_no_job_of_anybody_else(self_test, session, qtbot):
    def reading():
        while True:
            yield Progress(1, None, "images")

    session.jobs.start(DATA, "Reading photos", reading)
    self_test.cancel()
    qtbot.waitUntil(lambda: session.jobs.progress_of(DATA) is not None, timeout=TIMEOUT)
    assert (self_test.is_running, self_test.progress) == (False, None)
    assert list(session.jobs.running) == [DATA]
    session.jobs.cancel(DATA)
    qtbot.waitUntil(lambda: not session.jobs.is_active, timeout=TIMEOUT)


def test_a_model_that_is_not_there_is_one_sentence(self_test, session, monkeypatch, qtbot):
    def test():
        yield Progress(0, 10, "images")
        raise UserError("mnist-2d is not there: reinstall the program")

    monkeypatch.setattr(module, "self_test", test)
    with qtbot.waitSignal(session.failed, timeout=TIMEOUT) as failed:
        self_test.start()
    assert failed.args == ["mnist-2d is not there: reinstall the program"]
    assert (self_test.is_running, self_test.checks) == (False, ())
    qtbot.waitUntil(lambda: not session.jobs.is_active, timeout=TIMEOUT)


def test_closing_in_the_middle_ends_it(self_test, session, endless, qtbot):
    self_test.start()
    qtbot.waitUntil(lambda: self_test.progress is not None, timeout=TIMEOUT)
    with qtbot.waitSignal(session.closed, timeout=TIMEOUT):
        session.close()
    assert session.is_closed
    assert endless == ["closed"]
    assert self_test.checks == ()
