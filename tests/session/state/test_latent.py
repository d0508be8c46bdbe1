"""The latent point's verbs, and its history."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vae_explorer.core.latent import Axis


@pytest.fixture
def latent(opened):
    return opened.latent


@pytest.fixture
def history(opened):
    return opened.model.current.undo


def test_a_gesture_is_one_entry_of_the_history(opened, latent, history):
    before = latent.z.copy()
    latent.grip()
    for value in np.linspace(-2, 2.345, 50):
        latent.set_value(1, value)
    latent.release("Move z1")
    assert history.count() == 1
    assert history.undoText() == "Move z1"
    after = latent.z.copy()
    assert after[1] == np.float32(2.345)
    history.undo()
    assert np.array_equal(latent.z, before)
    history.redo()
    assert np.array_equal(latent.z, after)


def test_a_gesture_that_moves_nothing_is_no_entry(latent, history):
    latent.grip()
    latent.release()
    latent.release()
    assert history.count() == 0


def test_a_verb_within_a_gesture_is_a_part_of_it(latent, history):
    before = latent.z.copy()
    latent.grip()
    latent.set_value(1, 0.5)
    latent.random()
    after = latent.z.copy()
    assert history.count() == 0
    latent.release("Move z1")
    assert (history.count(), history.undoText()) == (1, "Move z1")
    history.undo()
    assert np.array_equal(latent.z, before)
    history.redo()
    assert np.array_equal(latent.z, after)


def test_values_far_outside_are_not_clipped(opened, latent, settled):
    latent.set_value(0, -123.5)
    assert latent.z[0] == -123.5
    settled()
    assert opened.decoded.shown.z[0] == -123.5


@pytest.mark.parametrize(("j", "value"), [(0, np.nan), (0, np.inf), (-1, 1.0), (4, 1.0)])
def test_what_is_no_value_or_no_dimension_is_not_taken(latent, j, value):
    before = latent.z.copy()
    latent.set_value(j, value)
    assert np.array_equal(latent.z, before)


def test_to_mu_is_mu_to_the_last_bit_and_follows_the_next_image(opened, latent, settled):
    latent.random()
    assert not np.array_equal(latent.z, opened.image.posterior.mu)
    latent.to_mu()
    assert latent.z.tobytes() == opened.image.posterior.mu.tobytes()
    mu = opened.image.posterior.mu
    opened.image.step(1)
    settled()
    assert opened.image.posterior.mu.tobytes() != mu.tobytes()
    assert latent.z.tobytes() == opened.image.posterior.mu.tobytes()


def test_a_moved_z_does_not_follow_newer_weights_but_does_follow_another_image(opened, latent, settled):
    latent.set_z(np.full(4, 0.5, np.float32))
    opened.model.updated.emit()
    settled()
    assert latent.z.tolist() == [0.5] * 4
    opened.image.step(1)
    settled()
    assert np.array_equal(latent.z, opened.image.posterior.mu)


def test_locked_dimensions_hold(opened, latent, history):
    latent.set_z(np.array([1, 2, 3, 4], np.float32))
    latent.set_locked(2, True)
    for verb in (latent.random, latent.to_zero, latent.to_mu):
        verb()
        assert latent.z[2] == 3
    assert np.array_equal(np.delete(latent.z, 2), np.delete(opened.image.posterior.mu, 2))
    latent.set_value(2, 7.0)  # its own slider still moves it
    assert latent.z[2] == 7


def test_a_dimension_that_is_unlocked_follows_mu_again_and_undo_restores_all(opened, latent, history, settled):
    first = opened.image.posterior.mu[1]
    latent.set_locked(1, True)
    opened.image.step(1)
    settled()
    assert latent.z[1] == first
    latent.set_locked(1, False)
    assert np.array_equal(latent.z, opened.image.posterior.mu)
    history.undo()
    assert latent.z[1] == first
    assert latent.locked.tolist() == [False, True, False, False]


def test_a_lock_is_an_entry_of_the_history(latent, history, qtbot):
    latent.set_locked(1, True)
    latent.set_locked(1, True)
    assert history.count() == 1
    with qtbot.waitSignal(latent.locks_changed):
        history.undo()
    assert latent.locked.tolist() == [False] * 4
    history.redo()
    assert latent.locked.tolist() == [False, True, False, False]


def test_mu_that_comes_while_a_slider_is_held_waits_for_its_release(opened, latent, qtbot):
    latent.grip()
    opened.image.step(1)
    held = latent.z.copy()
    qtbot.waitUntil(lambda: opened.image.posterior is not None, timeout=10_000)
    assert np.array_equal(latent.z, held)
    latent.release()
    assert np.array_equal(latent.z, opened.image.posterior.mu)


def test_a_gesture_survives_newer_statistics_of_the_same_model(opened, latent, history):
    latent.grip()
    latent.set_value(0, 1.5)
    opened.model.changed.emit()  # as at a run's end
    latent.set_value(0, 2.5)
    latent.release()
    assert history.count() == 1
    history.undo()
    assert np.array_equal(latent.z, opened.image.posterior.mu)


def test_the_history_is_bounded(latent, history):
    for i in range(600):
        latent.set_z(np.full(4, i, np.float32))
    assert history.count() == 500


def test_without_a_model_nothing_happens(session):
    latent = session.latent
    latent.grip()
    latent.set_value(0, 1.0)
    latent.release()
    for verb in (latent.random, latent.to_mu, latent.to_zero):
        verb()
    latent.set_z(np.zeros(4, np.float32))
    latent.set_locked(0, True)
    session.image.choose(1)
    session.image.step(1)
    session.image.remove(1)
    session.image.set_switch("binarise", False)
    session.posterior_samples.resample()
    session.prior_samples.resample()
    session.decoded.draw_again()
    assert len(latent.z) == 0
    assert not latent.is_gripped


def start_anew(session):
    """As the model was opened: all examples of a test share one session."""
    workspace = session.model.current
    workspace.undo.clear()
    workspace.locked = np.zeros(4, bool)
    workspace.image, workspace.follows_mu = workspace.images[0], True
    workspace.z = workspace.chosen.mu.copy()
    session.posterior_samples.set_seed(0)
    session.model.changed.emit()


VERBS = st.sampled_from(["random", "to_mu", "to_zero", "gesture", "choose", "lock", "step", "resample", "undo", "redo"])


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(VERBS, min_size=1, max_size=12))
def test_undoing_everything_restores_the_beginning_and_redoing_the_end(opened, settled, verbs):
    latent, image, samples, history = opened.latent, opened.image, opened.posterior_samples, opened.model.current.undo
    start_anew(opened)
    settled()

    def state():
        return (
            latent.z.tobytes(),
            latent.locked.tolist(),
            image.images,
            image.image,
            samples.settings.seed,
            opened.model.current.follows_mu,
        )

    beginning = state()
    for at, verb in enumerate(verbs):
        if verb == "gesture":
            latent.grip()
            latent.set_value(at % 4, at * 0.7)
            latent.release()
        elif verb == "choose":
            samples.choose(at)
        elif verb == "lock":
            latent.set_locked(at % 4, not latent.locked[at % 4])
        elif verb == "step":
            image.step(1 if at % 3 else -1)
            settled()
        elif verb == "resample":
            samples.resample()
        elif verb in ("undo", "redo"):
            getattr(history, verb)()
        else:
            getattr(latent, verb)()
    end, applied = state(), history.index()
    while history.canUndo():
        history.undo()
    assert state() == beginning
    while history.index() < applied:
        history.redo()
    assert state() == end


def test_what_follows_newer_weights_waits_for_the_hand(opened):
    seen = []
    opened.latent.refreshed.connect(lambda: seen.append(opened.latent.is_gripped))
    opened.model.updated.emit()
    opened.latent.grip()
    opened.model.updated.emit()
    opened.model.updated.emit()
    assert seen == [False]
    opened.latent.release()
    assert seen == [False, False]


def test_a_direction_moves_z_but_not_what_is_locked(opened, latent):
    latent.set_z(np.array([1, 2, 3, 4], np.float32))
    latent.set_locked(0, True)
    axis = Axis("diagonal", np.array([0.6, 0.8, 0, 0], np.float32))
    latent.move(axis, 5.0)
    moved = axis.moved(np.array([1, 2, 3, 4], np.float32), 5.0)
    assert latent.z.tolist() == [1, moved[1], 3, 4]
    latent.set_value(0, 9.0)  # its own slider moves a locked dimension
    assert latent.z[0] == 9


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e39, -1e39])
def test_what_float32_does_not_hold_changes_nothing(latent, value):
    before = latent.z
    latent.set_value(1, value)
    assert np.array_equal(latent.z, before)


def test_a_preview_is_shown_and_taken_back_without_a_trace(opened, latent, settled):
    before, history = latent.z, opened.model.current.undo.count()
    latent.preview(before + 2)
    assert latent.is_preview
    settled()  # the picture follows
    assert np.array_equal(opened.decoded.shown.z, before + 2)
    latent.end_preview()
    settled()
    assert np.array_equal(opened.decoded.shown.z, before)
    assert (latent.is_preview, opened.model.current.undo.count()) == (False, history)
    assert np.array_equal(opened.model.current.z, before)


def test_a_preview_that_is_kept_is_one_entry_of_the_history(opened, latent, settled):
    before = latent.z
    for step in range(3):
        latent.preview(before + step)
    latent.keep_preview("Choose z")
    assert np.array_equal(latent.z, before + 2)
    assert not latent.is_preview
    opened.model.current.undo.undo()
    assert np.array_equal(latent.z, before)


@pytest.mark.parametrize("verb", ["set_value", "random", "undo", "another model"])
def test_whatever_moves_z_ends_the_preview(opened, latent, qtbot, tiny_model, verb):
    latent.random()
    latent.preview(latent.z + 2)
    if verb == "set_value":
        latent.set_value(0, 1.0)
    elif verb == "random":
        latent.random()
    elif verb == "undo":
        opened.model.current.undo.undo()
    else:
        with qtbot.waitSignal(opened.model.changed, timeout=10_000):
            opened.model.open(str(tiny_model))
    assert not latent.is_preview


def test_the_dimension_under_the_mouse_is_told_once_and_forgotten_with_its_model(opened, latent, qtbot):
    told = []
    latent.pointed.connect(lambda: told.append(latent.pointed_at))
    latent.point_at(2)
    latent.point_at(2)
    assert told == [2]
    opened.model.changed.emit()
    assert told == [2, None]
