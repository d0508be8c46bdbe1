"""The run in one line at the bottom, in each of its states."""

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, Qt

from vae_explorer.core.progress import Progress
from vae_explorer.session.jobs.jobs import DATA
from vae_explorer.ui.theme import theme
from vae_explorer.ui.window.run.run_bar import HINT, RunBar
from vae_explorer.ui.window.run.run_words import short_name

WAIT = 20_000  # milliseconds
LONG = {"epochs": 100_000}


@pytest.fixture
def bar(session, put_on):
    return put_on(RunBar(session), 1440, 28)


def press(qtbot, control):
    qtbot.mouseClick(control, Qt.MouseButton.LeftButton)


def test_at_rest_it_offers_to_train_and_says_what_can_be_dropped(bar, qtbot):
    assert bar.train.isVisible()
    assert bar.hint.text == HINT
    assert bar.hint.isVisible()
    assert not any(part.isVisible() for part in (bar.pause, bar.stop, bar.save, bar.back, bar.curves, bar.progress))
    with qtbot.waitSignal(bar.train_asked, timeout=WAIT):
        press(qtbot, bar.train)


def test_a_run_is_told_from_its_beginning_to_its_end(bar, session, start, until, qtbot):
    start(**LONG)
    until("running")
    assert not bar.train.isVisible()
    words = re.compile(
        r"blobs\.npz mlp-2 · epoch [\d.]+ of 100,000 · validation ELBO −?[\d.,]+ nats · [\d:]+ left · [\d,]+ images/s"
    )
    qtbot.waitUntil(lambda: bool(words.fullmatch(bar.line.text)), timeout=WAIT)
    assert "spark" in bar.line.in_sight
    assert bar.progress.isVisible()
    press(qtbot, bar.stop)
    assert "stopping: the run is being saved…" in bar.line.text
    assert not bar.stop.isEnabled()
    until("stopped")
    assert re.search(r"stopped and saved · epoch [\d.]+ of 100,000 · validation ELBO", bar.line.text)
    assert bar.train.isVisible()
    assert not any(part.isVisible() for part in (bar.pause, bar.stop, bar.progress))


def test_paused_it_keeps_epoch_time_and_elbo(bar, session, start, until, qtbot):
    start(**LONG)
    until("running")
    qtbot.waitUntil(lambda: len(session.training.curves.validation_epochs) > 1, timeout=WAIT)
    press(qtbot, bar.pause)
    assert session.training.state == "paused"
    epoch, training = session.training.progress.epoch, session.training
    elbo = f"{training.curves.validation['elbo'][-1]:.1f}".replace("-", "−")
    assert f"paused · epoch {epoch:.1f} of 100,000 · validation ELBO {elbo} nats" in bar.line.text
    assert " left" in bar.line.text
    assert bar.pause.text() == "▶ Resume"
    done = training.progress.done
    press(qtbot, bar.pause)
    qtbot.waitUntil(lambda: training.progress.done > done, timeout=WAIT)
    press(qtbot, bar.pause)
    press(qtbot, bar.stop)  # also while it is paused
    until("stopped")


def test_a_finished_run_can_be_saved_and_left(bar, session, open_model, make_model, start, until, qtbot):
    opened = open_model(make_model("mine"))
    start(epochs=3)
    until("finished")
    assert "finished · epoch 3.0 of 3" in bar.line.text
    with qtbot.waitSignal(bar.save_asked, timeout=WAIT):
        press(qtbot, bar.save)
    assert bar.back.text() == "Back to mine"
    press(qtbot, bar.back)
    assert session.model.current is opened
    assert not bar.back.isVisible()
    assert not bar.save.isVisible()


def test_without_an_opened_model_the_trained_one_can_be_closed(bar, session, start, until, qtbot):
    start(epochs=1)
    until("finished")
    assert bar.back.text() == "Close this model"
    press(qtbot, bar.back)
    assert session.model.current is None


def test_a_run_that_has_not_begun_says_why(bar, session, start, until, tmp_path):
    start(data=str(tmp_path / "nowhere.npz"))
    until("failed")
    assert bar.line.text.startswith("training has not started. There is no data set or file")
    assert not bar.save.isVisible()


def test_a_run_without_an_elbo_shows_its_reconstruction(bar, start, until):
    start(kind="autoencoder")
    until("finished")
    assert "validation log p(x|z) " in bar.line.text
    assert "ELBO" not in bar.line.text


@pytest.mark.parametrize("width", [1440, 1024, 720])
def test_what_happens_in_a_run_changes_no_layout_and_moves_no_button(
    session, put_on, start, until, qtbot, layouts, width
):
    bar = put_on(RunBar(session), width, 28)
    start(**LONG)
    until("running")
    qtbot.waitUntil(lambda: session.training.facts is not None, timeout=WAIT)
    QCoreApplication.sendPostedEvents()
    places = bar.pause.geometry(), bar.stop.geometry(), bar.curves.geometry()
    with layouts(bar) as changed:
        press(qtbot, bar.pause)
        press(qtbot, bar.pause)
        count = len(session.training.curves.epochs)
        qtbot.waitUntil(lambda: len(session.training.curves.epochs) > count + 20, timeout=WAIT)
        QCoreApplication.sendPostedEvents()
    assert changed == []
    assert (bar.pause.geometry(), bar.stop.geometry(), bar.curves.geometry()) == places


@pytest.mark.parametrize("scale", [80, 100, 150, 200])
@pytest.mark.parametrize("width", [1920, 1440, 1280, 1024, 800, 720])
def test_at_each_width_the_buttons_are_whole_and_nothing_lies_over_anything(
    session, put_on, start, until, qtbot, config, tmp_path, scale, width
):
    """Also with names of 80 characters."""
    theme.set_scale(scale)
    long = tmp_path / f"{'long-name-' * 8}.npz"
    long.write_bytes(Path(config.data).read_bytes())
    bar = put_on(RunBar(session), width, theme.pixels(28))
    start(data=str(long), **LONG)
    until("running")
    with qtbot.waitSignal(session.data.described, timeout=WAIT):
        session.data.open(long)
    session.training.pause()
    check_places(bar)
    for button in (bar.pause, bar.stop, bar.curves):
        assert button.isVisible()
        assert "…" not in button.text()
    session.training.stop()
    until("stopped")
    check_places(bar)
    bar.show_message(f"Saved {long}", 0)
    check_places(bar)
    assert bar.message.text == f"Saved {long}"
    bar.clear_message()
    assert not bar.message.isVisible()


def check_places(bar):
    parts = (bar.train, bar.line, bar.pause, bar.stop, bar.save, bar.back, bar.message, bar.next_run, bar.hint,
             bar.jobs, bar.curves)  # fmt: skip
    shown = sorted((part for part in parts if part.isVisible()), key=lambda part: part.x())
    assert shown[0].x() >= 0
    assert shown[-1].geometry().right() < bar.width()
    for left, right in pairwise(shown):
        assert left.geometry().right() < right.x(), (left.objectName(), right.objectName())


def test_where_it_is_narrow_parts_give_way_in_one_order(session, put_on, start, until, qtbot):
    bar = put_on(RunBar(session), 1600, 28)
    start(**LONG)
    until("running")
    qtbot.waitUntil(lambda: len(session.training.curves.validation_epochs) > 1, timeout=WAIT)
    qtbot.waitUntil(lambda: "speed" in bar.line.in_sight, timeout=WAIT)
    gone = []
    for width in range(1600, 400, -20):
        bar.resize(width, 28)
        shown = {*bar.line.in_sight, *(["next"] if bar.next_run.isVisible() else [])}
        gone += [part for part in ("speed", "spark", "next", "left", "score") if part not in shown and part not in gone]
        assert not shown.intersection(gone)  # and does not come back
    assert gone[:3] == ["speed", "spark", "next"]
    assert gone[3:] == ["left", "score"][: len(gone) - 3]
    assert "state" in bar.line.in_sight


def test_what_is_for_the_next_run_is_named(bar, session, start, until, qtbot, tmp_path):
    photos = tmp_path / "photos.npz"
    np.savez(photos, images=np.random.default_rng(1).integers(60, 200, (40, 8, 8, 3), np.uint8))
    start(**LONG)
    until("running")
    assert bar.next_run.text == ""
    session.data.open(photos)
    assert bar.next_run.text == "next: photos.npz (reading…)"
    qtbot.waitUntil(lambda: bar.next_run.text == "next: photos", timeout=WAIT)
    assert bar.next_run.isVisible()


def test_a_message_goes_by_itself(bar, qtbot):
    bar.show_message("Saved somewhere", 20)
    assert bar.message.isVisible()
    qtbot.waitUntil(lambda: not bar.message.isVisible(), timeout=WAIT)
    assert bar.hint.isVisible()


def test_the_sheet_is_asked_for_and_shown_as_open(bar, start, until, qtbot):
    start(epochs=1)
    until("finished")
    with qtbot.waitSignal(bar.sheet_toggled, timeout=WAIT) as asked:
        press(qtbot, bar.curves)
    assert asked.args == [True]
    assert bar.curves.text() == "Curves ▾"
    bar.set_sheet_open(False)
    assert (bar.curves.isChecked(), bar.curves.text()) == (False, "Curves ▴")


@pytest.mark.parametrize("is_running", [False, True])
def test_a_job_and_its_cancel_have_a_place(bar, session, start, until, qtbot, is_running):
    if is_running:
        start(**LONG)
        until("running")

    def endless():
        while True:
            yield Progress(3, 10, "images")

    for width in (1440, 1024):
        bar.resize(width, 28)
        session.jobs.start(DATA, "Reading photos", endless)
        row = bar.jobs.rows[DATA]
        assert row.cancel.isVisible()
        assert row.cancel.width() >= row.cancel.minimumSizeHint().width()
        check_places(bar)
        press(qtbot, row.cancel)
        assert not session.jobs.running
        assert not bar.jobs.isVisible()
    qtbot.waitUntil(lambda: not session.jobs.is_active, timeout=WAIT)


@pytest.mark.parametrize(
    ("folder", "data", "name"),
    [
        ("2026-11-27-drawn-digits-mlp-16-2", "drawn-digits", "mlp-16-2"),
        ("2026-11-27-my-shapes-conv-10", "my shapes", "conv-10"),
        ("mine", "mnist", "mine"),
        ("2026-11-27-other", "mnist", "other"),
    ],
)
def test_a_run_is_named_without_its_date_and_its_data(folder, data, name):
    assert short_name(folder, data) == name
