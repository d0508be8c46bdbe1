"""Long jobs in the run bar: a row for each kind, with its own Cancel."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from vae_explorer.core.progress import Progress
from vae_explorer.session.jobs.jobs import DATA, FIT, SELF_TEST
from vae_explorer.ui.window.run.job_status import JobStatus

WAIT = 30_000  # milliseconds


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
    return [kind for kind, row in status.rows.items() if row.isVisible()]


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


def test_where_there_is_little_room_the_titles_give_way_and_not_what_can_be_pressed(status, session, qtbot):
    kinds = (DATA, FIT, SELF_TEST)
    for kind in kinds:
        session.jobs.start(kind, f"A rather long title of {kind}", endless(30, 120))
    rows = [status.rows[kind] for kind in kinds]
    whole = [row.cancel.sizeHint().width() for row in rows]

    def are_cut(expected):
        return ["…" in row.text.text() for row in rows] == [expected] * len(kinds)

    for width in (1600, 700):
        status.resize(width, 40)
        qtbot.waitUntil(lambda width=width: are_cut(width == 700), timeout=WAIT)
        assert [row.cancel.width() for row in rows] == whole
        for row, following in zip(rows, [*rows[1:], None], strict=True):
            assert row.geometry().right() < (following.geometry().left() if following else width)
    assert len({row.cancel.accessibleName() for row in rows}) == len({row.bar.accessibleName() for row in rows}) == 3


def test_a_job_of_an_unknown_kind_has_a_row_and_is_cancelled_with_the_others(status, session, qtbot):
    session.jobs.start("film", "Writing film.mp4", endless(3, 12))
    session.jobs.start(DATA, "Reading photos", endless(1, None))
    assert in_sight(status) == ["film", DATA]
    session.jobs.cancel_all()
    assert session.jobs.running == {}
    assert in_sight(status) == []
    session.jobs.start("film", "Writing another", endless(3, 12))
    assert in_sight(status) == ["film"]
    assert status.findChild(QPushButton, "jobCancel_film").isVisible()
