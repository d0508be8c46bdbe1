"""The list of models: what comes into it, what is closed, and what goes by itself."""

import gc
import weakref

import numpy as np
import pytest
import shiboken6

from vae_explorer.session.state.model import MAX_MODELS

TIMEOUT = 20_000  # milliseconds


def names(session):
    return [workspace.name for workspace in session.model.models]


@pytest.fixture
def three(open_model, tiny_model, stored_model, flat_model):
    """A session with three opened models, the last of them shown."""
    for path in (tiny_model, stored_model):
        open_model(path)
    return open_model(flat_model)


def test_what_is_opened_comes_into_the_list_and_what_was_there_stays(three):
    assert names(three) == ["tiny", "stored", "flat"]
    assert three.model.opened is three.model.current is three.model.models[-1]


def test_two_of_the_same_name_can_be_told_apart(open_model, tiny_model, take_snapshot):
    for _ in range(3):
        session = open_model(tiny_model)
    take_snapshot(tiny_model, run="tiny")
    take_snapshot(tiny_model, run="tiny")  # newer weights do not change its name
    assert names(session) == ["tiny", "tiny 2", "tiny 3", "tiny 4"]
    session.model.close(session.model.models[1].lineage)
    open_model(tiny_model)
    assert names(session) == ["tiny", "tiny 3", "tiny 4", "tiny 2"]


def test_a_second_run_keeps_the_model_of_the_first(session, config, qtbot):
    for _ in range(2):
        session.training.start(config)
        qtbot.waitUntil(lambda: not session.training.is_active, timeout=TIMEOUT)
    first, second = session.model.models
    assert first.name != second.name
    assert session.model.trained is session.model.current is second
    session.model.show(first.lineage)
    assert session.model.current is first
    assert session.model.trained is second


def test_a_run_that_is_resumed_is_the_trained_one_again_with_its_place_in_the_list(session, config, qtbot):
    long = config.model_copy(update={"epochs": 100_000})

    def run_until(begin):
        begin()
        qtbot.waitUntil(lambda: session.training.state == "running" and session.training.has_begun, timeout=TIMEOUT)
        session.training.stop()
        qtbot.waitUntil(lambda: not session.training.is_active, timeout=TIMEOUT)
        return session.training.run

    first = run_until(lambda: session.training.start(long))
    run_until(lambda: session.training.start(long))
    before = session.model.models
    run_until(lambda: session.training.resume_run(first))
    assert session.model.models == before
    assert session.model.trained is session.model.current is before[0]


def test_the_model_in_training_cannot_be_closed_until_its_run_has_ended(opened, config, qtbot):
    model, training = opened.model, opened.training
    training.start(config.model_copy(update={"epochs": 100_000}))
    qtbot.waitUntil(lambda: training.state == "running" and model.shows_trained, timeout=TIMEOUT)
    lineage = model.running
    assert lineage == model.trained.lineage
    assert not model.can_close(lineage)
    model.close(lineage)
    model.drop_trained()
    assert model.shown == lineage
    training.stop()
    qtbot.waitUntil(lambda: not training.is_active, timeout=TIMEOUT)
    assert model.running == 0
    model.close(lineage)
    assert names(opened) == ["tiny"]


def test_closing_the_shown_model_shows_the_one_before_it(three):
    tiny, stored, flat = (workspace.lineage for workspace in three.model.models)
    three.model.close(flat)
    assert (three.model.shown, three.model.opened.lineage) == (stored, stored)
    three.model.show(tiny)
    three.model.close(tiny)
    assert three.model.shown == stored


def test_closing_another_model_leaves_the_shown_one_alone(three, qtbot):
    changes, lists = [], []
    three.model.changed.connect(lambda: changes.append(three.model.shown))
    three.model.models_changed.connect(lambda: lists.append(names(three)))
    three.model.close(three.model.models[0].lineage)
    assert (changes, lists) == ([], [["stored", "flat"]])
    assert len(three.undo.stacks()) == 2


def test_the_last_model_can_be_closed_and_another_opened(opened, open_model, stored_model):
    opened.model.close(opened.model.shown)
    assert (opened.model.current, opened.model.opened, opened.model.models) == (None, None, ())
    assert opened.undo.stacks() == []
    open_model(stored_model)
    assert names(opened) == ["stored"]


def test_whoever_is_told_of_a_change_finds_everything_as_it_will_be(three, take_snapshot, tiny_model):
    """A list and a panel must not see a model that is gone, whichever signal they hear first."""
    found = []
    for signal in (three.model.closed, three.model.models_changed, three.model.changed):
        signal.connect(lambda: found.append(three.model.current))
    take_snapshot(tiny_model)
    three.model.drop_trained()
    three.model.close(three.model.shown)
    assert len(found) >= 7
    assert None not in found


def test_a_closed_model_leaves_nothing_behind(three, qtbot, settled):
    settled()
    first = three.model.models[0]
    history, images, workspace = first.undo, set(first.images), weakref.ref(first)
    assert images <= set(three.image.pictures)
    three.model.close(first.lineage)
    del first
    gc.collect()
    assert workspace() is None
    qtbot.waitUntil(lambda: not shiboken6.isValid(history), timeout=TIMEOUT)
    assert not images & set(three.image.pictures)


def test_the_list_has_a_limit_and_the_oldest_goes_unless_it_is_shown_or_in_training(
    opened, open_model, flat_model, take_snapshot, tiny_model
):
    take_snapshot(tiny_model, run="in training")
    opened.model.set_running(opened.model.trained.lineage)
    gone = weakref.ref(opened.model.models[0])
    for _ in range(MAX_MODELS):
        open_model(flat_model)
    assert names(opened) == ["in training", *(f"flat {i}" for i in range(2, MAX_MODELS + 1))]
    assert opened.model.current is opened.model.models[-1]
    gc.collect()
    assert gone() is None
    assert len(opened.undo.stacks()) == MAX_MODELS


def test_each_model_has_its_own_z_images_and_history(three, settled):
    settled()
    _, stored, flat = three.model.models
    three.latent.set_z(np.array([1, 2], np.float32))
    three.model.show(stored.lineage)
    assert not three.undo.canUndo()
    three.latent.set_z(np.array([3, 4, 5], np.float32))
    three.model.show(flat.lineage)
    assert three.latent.z.tolist() == [1, 2]
    three.undo.undo()
    assert np.array_equal(three.latent.z, three.image.posterior.mu)
    three.model.show(stored.lineage)
    assert three.latent.z.tolist() == [3, 4, 5]
