"""Runs that have stopped: resumed, trained longer, and with images that are somewhere else by now."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from vae_explorer import paths
from vae_explorer.core.progress import finish
from vae_explorer.training.run import Run
from vae_explorer.training.trainer import Trainer
from vae_explorer.ui.panels.training.training_panel import TrainingPanel

WAIT = 20_000  # milliseconds


@pytest.fixture
def panel(session, put_on):
    return put_on(TrainingPanel(session), 320, 900)


@pytest.fixture
def interrupted(config):
    """A run of three epochs that was stopped in its second, among the user's runs."""
    run = Run.create(paths.runs() / "mine", config)
    steps = Trainer(run).work()
    assert any(progress.epoch > 1 and progress.train for progress in steps if hasattr(progress, "epoch"))
    steps.close()
    return run


@pytest.fixture
def done(config, tmp_path):
    """A run of three epochs that has come to its end."""
    run = Run.create(tmp_path / "done", config)
    finish(Trainer(run).work())
    return run


@pytest.fixture
def ended(session, qtbot):
    def wait():
        training = session.training
        qtbot.waitUntil(lambda: not (training.is_active or training.is_reading_curves), timeout=WAIT)
        return training.state

    return wait


@pytest.fixture
def open_run(session, qtbot):
    def open_it(run):
        with qtbot.waitSignal(session.model.changed, timeout=WAIT):
            session.training.open_run(run.folder)

    return open_it


def press(qtbot, control):
    qtbot.mouseClick(control, Qt.MouseButton.LeftButton)


def test_an_interrupted_run_is_resumed_to_its_own_epochs_or_to_more(
    interrupted, panel, session, open_run, ended, qtbot
):
    offer = panel.resume.offer
    assert offer.text() == "Resume the last run"
    assert not panel.resume.longer.isVisible()
    panel.form.set_config(interrupted.config)
    assert offer.text() == "Resume the last run"
    panel.form.set_field("epochs", 5)
    assert offer.text() == "Resume to epoch 5"
    panel.form.set_field("z_dim", 3)  # now it is another model that the form would train
    assert offer.text() == "Resume the last run"
    panel.form.set_field("z_dim", interrupted.config.z_dim)
    press(qtbot, offer)
    assert panel.form.config().epochs == 5
    assert ended() == "finished"
    assert session.training.curves.validation_epochs == [1, 2, 3, 4, 5]
    assert Run.open(interrupted.folder).config.epochs == 5


def test_a_finished_run_is_trained_longer(done, panel, session, open_run, ended, qtbot):
    assert not panel.resume.isVisible()
    open_run(done)
    longer = panel.resume.longer
    assert longer.isVisible()
    assert not longer.isEnabled()
    assert longer.toolTip() == "To train done longer, raise Epochs and keep the other settings"
    panel.form.set_field("epochs", 2)
    assert not longer.isEnabled()
    panel.form.set_field("epochs", 6)
    assert longer.isEnabled()
    assert longer.text() == "Train longer, to epoch 6"
    before = session.model.current
    press(qtbot, longer)
    assert panel.form.config() == session.training.config == done.config.model_copy(update={"epochs": 6})
    assert not panel.resume.isVisible()
    assert ended() == "finished"
    assert session.training.curves.validation_epochs == [1, 2, 3, 4, 5, 6]
    assert session.model.current is not before
    assert not longer.isEnabled()
    assert longer.isVisible()


def test_a_run_that_has_just_finished_is_trained_longer_as_the_same_model(panel, session, config, ended, qtbot):
    panel.form.set_config(config)
    press(qtbot, panel.start)
    assert ended() == "finished"
    lineage = session.model.current.lineage
    panel.form.set_field("epochs", 4)
    press(qtbot, panel.resume.longer)
    assert ended() == "finished"
    assert session.model.current.lineage == lineage
    assert len(list(paths.runs().iterdir())) == 1


def test_of_a_new_run_the_one_before_is_no_longer_offered_first(interrupted, panel, session, config, qtbot):
    session.training.open_run(interrupted.folder)
    panel.form.set_config(config.model_copy(update={"epochs": 100_000}))
    press(qtbot, panel.start)
    qtbot.waitUntil(lambda: len(session.training.curves.validation_epochs) > 0, timeout=WAIT)
    session.training.stop()
    qtbot.waitUntil(lambda: not session.training.is_active, timeout=WAIT)
    assert panel.resume.interrupted.folder == session.training.run.folder != interrupted.folder


def test_a_run_whose_images_were_moved_says_where_it_has_looked_and_is_shown_the_new_place(
    interrupted, config, session, put_on, ended, qtbot, monkeypatch, tmp_path
):
    moved = tmp_path / "elsewhere.npz"
    shutil.move(config.data, moved)
    panel = put_on(TrainingPanel(session), 320, 900)
    resume = panel.resume
    assert not resume.offer.isEnabled()
    assert resume.missing.isVisible()
    assert resume.missing.text() == f"The images of mine were not found at {config.data}."
    asked = []
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *arguments: (asked.append(arguments[1]), "")[::-1])
    press(qtbot, resume.find_images)
    assert asked == ["The images of mine"]
    assert session.training.state == "idle"
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(moved), ""))
    press(qtbot, resume.find_images)
    assert panel.form.data == str(moved)
    assert ended() == "finished"
    assert session.training.curves.validation_epochs == [1, 2, 3]
    assert Run.open(interrupted.folder).config.data == str(moved)


def test_other_images_than_its_own_are_refused_and_asked_for_again(
    interrupted, config, session, put_on, ended, qtbot, monkeypatch, tmp_path
):
    Path(config.data).unlink()
    other = tmp_path / "other.npz"
    np.savez(other, images=np.random.default_rng(9).integers(0, 256, (60, 8, 8), np.uint8))
    panel = put_on(TrainingPanel(session), 320, 900)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(other), ""))
    press(qtbot, panel.resume.find_images)
    assert ended() == "failed"
    assert panel.sentence.text().startswith("Training has not started. ")
    assert panel.resume.find_images.isVisible()
    assert Run.open(interrupted.folder).config == config


def test_images_in_a_folder_are_asked_for_as_one(tmp_path, config, session, put_on, qtbot, monkeypatch):
    run = Run.create(paths.runs() / "photos", config.model_copy(update={"data": str(tmp_path / "holiday.2024")}))
    run.state_path.write_bytes(b"weights")
    panel = put_on(TrainingPanel(session), 320, 900)
    asked = []
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *arguments: asked.append(arguments[1]) or "")
    press(qtbot, panel.resume.find_images)
    assert asked == ["The images of photos"]
