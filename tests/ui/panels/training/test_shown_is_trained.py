"""What the form shows is what is trained: while images are read, while a run is active, and after it."""

import random
import threading
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, Qt

from vae_explorer.core.progress import Progress
from vae_explorer.session.jobs import data as data_session
from vae_explorer.session.jobs.jobs import DATA
from vae_explorer.training.config import TrainConfig
from vae_explorer.training.run import Run
from vae_explorer.training.trainer import Trainer
from vae_explorer.ui.panels.training.training_panel import CHOOSE, TrainingPanel

WAIT = 20_000  # milliseconds
LONG = {"epochs": 100_000}


@pytest.fixture
def panel(session, put_on):
    return put_on(TrainingPanel(session), 320, 900)


@pytest.fixture
def gate(monkeypatch):
    """Data sets are read up to their last image and wait there until the gate opens."""
    opened, described = threading.Event(), data_session._described

    def held(data, reading):
        yield Progress(0, None, "images")
        while not opened.wait(0.01):
            yield Progress(1, None, "images")
        return (yield from described(data, reading))

    monkeypatch.setattr(data_session, "_described", held)
    yield opened
    opened.set()


@pytest.fixture
def photos(tmp_path):
    """A file of grey colour images: gaussian suits them."""
    path = tmp_path / "photos.npz"
    np.savez(path, images=np.random.default_rng(1).integers(60, 200, (40, 8, 8, 3), np.uint8))
    return path


@pytest.fixture
def bring(session, qtbot):
    """Brings a data set in and waits until it has been read."""

    def bring(path):
        with qtbot.waitSignal(session.data.described, timeout=WAIT):
            session.data.open(path)

    return bring


@pytest.fixture
def running(panel, session, config, qtbot):
    """A run that does not end by itself."""
    panel.form.set_config(config.model_copy(update={**LONG, "likelihood": "bernoulli"}))
    press(qtbot, panel.start)
    qtbot.waitUntil(lambda: session.training.state == "running", timeout=WAIT)
    yield session.training
    stop(session, qtbot)


def press(qtbot, control):
    qtbot.mouseClick(control, Qt.MouseButton.LeftButton)


def stop(session, qtbot):
    session.training.stop()
    qtbot.waitUntil(lambda: not session.training.is_active, timeout=WAIT)


def test_start_waits_for_the_images_that_the_form_names(panel, session, photos, gate, qtbot):
    session.data.open(photos)
    assert panel.form.data == str(photos)
    assert panel.form.field("data").currentText() == "photos.npz (reading…)"
    assert not panel.start.isEnabled()
    assert panel.start.toolTip() == "photos.npz is still being read: training can start when that is done"
    assert panel.sentence.text() == f"{panel.start.toolTip()}."
    press(qtbot, panel.start)
    assert session.training.state == "idle"
    gate.set()
    qtbot.waitUntil(panel.start.isEnabled, timeout=WAIT)
    assert panel.form.field("data").currentText() == "photos"
    assert panel.form.config().likelihood == "gaussian"
    assert panel.sentence.text() == "photos: 40 images, 8 × 8 colour pixels"
    assert panel.start.toolTip() == "Train a new model with these settings"


def test_other_images_can_be_trained_on_meanwhile(panel, session, photos, config, gate, qtbot):
    session.data.open(photos)
    panel.form.set_config(config.model_copy(update=LONG))
    assert panel.start.isEnabled()
    press(qtbot, panel.start)
    gate.set()
    qtbot.waitUntil(lambda: bool(session.data.brought), timeout=WAIT)
    assert panel.form.config() == session.training.config == config.model_copy(update=LONG)
    stop(session, qtbot)
    assert panel.form.data == str(photos)


def test_images_that_are_chosen_meanwhile_stay_chosen(panel, session, photos, gate, qtbot):
    session.data.open(photos)
    panel.form.set_data("mnist")
    gate.set()
    qtbot.waitUntil(lambda: bool(session.data.brought), timeout=WAIT)
    assert panel.form.data == "mnist"
    assert panel.form.config().likelihood == TrainConfig().likelihood


@pytest.mark.parametrize("how", ["cancelled", "not readable"])
def test_images_that_could_not_be_read_leave_the_form_and_what_it_named_comes_back(
    panel, session, photos, gate, qtbot, how
):
    panel.form.set_data("fashion-mnist")
    if how == "not readable":
        photos.write_bytes(b"PK, but no archive")
    session.data.open(photos)
    assert panel.form.data == str(photos)
    if how == "cancelled":
        session.jobs.cancel(DATA)
    gate.set()
    qtbot.waitUntil(lambda: not session.jobs.is_active, timeout=WAIT)
    field = panel.form.field("data")
    assert panel.form.data == "fashion-mnist"
    assert str(photos) not in [field.itemData(at) for at in range(field.count())]
    assert panel.start.isEnabled()
    assert panel.sentence.text() == CHOOSE


def test_images_dropped_during_a_run_are_for_the_next_one(panel, session, running, photos, bring, qtbot):
    bring(photos)
    assert panel.form.config() == running.config
    assert panel.next.isVisible()
    assert panel.next.text() == "photos is ready for the next run."
    stop(session, qtbot)
    assert (panel.form.data, panel.form.config().likelihood) == (str(photos), "gaussian")
    assert not panel.next.text()
    press(qtbot, panel.start)
    assert (running.config.data, running.config.likelihood) == (str(photos), "gaussian")


def test_images_that_are_still_read_when_the_run_ends_are_named_and_waited_for(
    panel, session, running, photos, gate, qtbot
):
    session.data.open(photos)
    assert panel.form.config() == running.config
    assert panel.next.text() == "photos.npz is being read for the next run."
    stop(session, qtbot)
    assert panel.form.data == str(photos)
    assert not panel.start.isEnabled()
    gate.set()
    qtbot.waitUntil(panel.start.isEnabled, timeout=WAIT)
    assert panel.form.config().likelihood == "gaussian"


def test_images_dropped_during_a_run_that_cannot_be_read_are_not_for_the_next_one(
    panel, session, running, photos, gate, qtbot
):
    session.data.open(photos)
    session.jobs.cancel(DATA)
    assert not panel.next.text()
    stop(session, qtbot)
    assert panel.form.config() == running.config


def test_a_run_resumed_from_the_menu_locks_the_form_with_its_own_options(panel, session, config, tmp_path, qtbot):
    run = Run.create(tmp_path / "mine", config.model_copy(update={**LONG, "beta": 0.123456789, "sigma": 0.05}))
    steps = Trainer(run).work()
    assert any(progress.train for progress in steps if hasattr(progress, "epoch"))
    steps.close()
    assert panel.form.config() == TrainConfig()
    session.training.resume_run(run)
    assert session.training.is_active
    assert panel.form.config() == session.training.config == run.config
    stop(session, qtbot)
    assert panel.form.config() == run.config


@pytest.mark.parametrize("value", [1.0, 0.1, 1e-05, 0.123456789, 1234567.0, 2 / 3, 1e-12])
def test_a_number_of_a_config_is_shown_so_that_it_is_read_back_the_same(panel, value):
    wanted = TrainConfig(learning_rate=min(value, 1.0), warm_up=min(value, 1e5), likelihood="gaussian", sigma=0.1234567)
    panel.form.set_config(wanted)
    assert panel.form.config() == wanted


def test_a_comma_is_a_point_in_every_field(panel):
    panel.form.field("sigma").setCurrentText("0,25")
    panel.form.field("beta").setText("0,5")
    assert (panel.form.config().sigma, panel.form.config().beta) == (0.25, 0.5)


def test_a_run_that_has_not_begun_leaves_what_was_shown_before(panel, session, config, tmp_path, qtbot):
    panel.form.set_config(config)
    press(qtbot, panel.start)
    qtbot.waitUntil(lambda: not session.training.is_active, timeout=WAIT)
    training = session.training
    qtbot.waitUntil(lambda: training.reconstructions is not None, timeout=WAIT)
    views = session.context.thread  # those by the last weights are still on their way
    qtbot.waitUntil(lambda: not views._waiting and views._current is None, timeout=WAIT)
    QCoreApplication.sendPostedEvents()
    before = (training.config, training.facts, training.curves, training.kl_per_dimension, training.reconstructions)
    panel.form.set_config(config.model_copy(update={"data": str(tmp_path / "nowhere.npz")}))
    press(qtbot, panel.start)
    qtbot.waitUntil(lambda: not training.is_active, timeout=WAIT)
    assert panel.sentence.text().startswith("Training has not started. There is no data set or file")
    after = (training.config, training.facts, training.curves, training.kl_per_dimension, training.reconstructions)
    assert after == before
    assert panel.form.data == str(tmp_path / "nowhere.npz")  # to be put right and tried again


# any sequence of gestures


@pytest.fixture
def quick(monkeypatch, tmp_path, config):
    """Runs that train nothing: each notes its config and yields until it is closed. Gives these configs."""
    trained = []

    class Work:
        def __init__(self, make_run):
            self._make_run = make_run

        def start(self):
            trained.append(self._make_run().config)
            while True:
                yield Progress(1, 2, "steps")

        def snapshot(self):
            return None

    monkeypatch.setattr("vae_explorer.session.training._Work", Work)
    return trained


@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_done_the_form_shows_what_is_trained(
    panel, session, config, photos, quick, gate, qtbot, tmp_path, seed
):
    """A thousand sequences would be too slow; each of these goes another way through all gestures."""
    chance, training, data = random.Random(seed), session.training, session.data
    runs = [
        Run.create(tmp_path / f"run {beta}", config.model_copy(update={"beta": beta, "data": place, "kind": kind}))
        for beta, place, kind in ((0.7071067811865476, config.data, "vae"), (2.0, str(photos), "autoencoder"))
    ]

    def drop():
        gate.clear()
        data.open(chance.choice((photos, Path(config.data), tmp_path / "nowhere.npz")))

    def read():
        gate.set()
        qtbot.waitUntil(lambda: not session.jobs.is_active, timeout=WAIT)

    def start():
        if not panel.start.isEnabled():
            assert training.is_active or data.is_reading(panel.form.data)
            press(qtbot, panel.start)
            return
        assert not data.is_reading(panel.form.data)
        shown, count = panel.form.config(), len(quick)
        press(qtbot, panel.start)
        qtbot.waitUntil(lambda: len(quick) > count, timeout=WAIT)
        assert quick[-1] == training.config == shown

    def resume():
        count, active, run = len(quick), training.is_active, chance.choice(runs)
        training.resume_run(run)
        if not active:
            qtbot.waitUntil(lambda: len(quick) > count, timeout=WAIT)
            assert quick[-1] == panel.form.config() == run.config

    def open_run():
        training.open_run(chance.choice(runs).folder)

    def edit():
        if not training.is_active:
            panel.form.set_field("z_dim", chance.randrange(1, 9))
            panel.form.set_data(chance.choice(data.choices).data)

    gestures = (drop, drop, read, start, start, resume, open_run, edit, session.model.drop_trained)
    for _ in range(40):
        chance.choice((*gestures, lambda: stop(session, qtbot)))()
        assert panel.form.is_locked == training.is_active
        if training.is_active:
            assert panel.form.config() == training.config
        offered = {choice.data for choice in data.choices} | {run.config.data for run in runs}
        assert panel.form.data in offered
    read()
    stop(session, qtbot)
