"""The other long jobs in the status bar: a row for each kind, with its own Cancel."""

import pytest
from PySide6.QtCore import Qt

from vae_explorer.core.progress import Progress
from vae_explorer.session.jobs import DATA, FIT, KINDS
from vae_explorer.ui.job_status import JobStatus

WAIT = 10_000  # milliseconds


@pytest.fixture
def status(session, put_on, qtbot):
    yield put_on(JobStatus(session), 900, 40)
    session.jobs.cancel_all()
    qtbot.waitUntil(lambda: not session.jobs.is_active, timeout=WAIT)


def endless(done, total):
    def job():
        while True:
            yield Progress(done, total, "images")

    return job


def in_sight(status):
    return [kind for kind in KINDS if status.rows[kind].isVisible()]


def test_while_nothing_is_done_there_is_nothing_to_see(status):
    assert in_sight(status) == []


def test_each_job_has_a_row_and_its_own_cancel(status, session, qtbot):
    session.jobs.start(DATA, "Reading photos", endless(1_200, None))
    session.jobs.start(FIT, "Fitting", endless(30, 120))
    assert in_sight(status) == [DATA, FIT]
    reading, fitting = status.rows[DATA], status.rows[FIT]
    qtbot.waitUntil(lambda: fitting.text.text() == "Fitting: 30 images", timeout=WAIT)
    qtbot.waitUntil(lambda: reading.text.text() == "Reading photos: 1,200 images", timeout=WAIT)
    assert (fitting.bar.maximum(), fitting.bar.value(), reading.bar.maximum()) == (1000, 250, 0)
    qtbot.mouseClick(fitting.cancel, Qt.MouseButton.LeftButton)
    assert in_sight(status) == [DATA]
    assert list(session.jobs.running) == [DATA]
    qtbot.mouseClick(reading.cancel, Qt.MouseButton.LeftButton)
    assert in_sight(status) == []
