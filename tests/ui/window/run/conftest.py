"""A run around a session of its own."""

import pytest

WAIT = 20_000  # milliseconds: a run is torch, files and threads


@pytest.fixture
def start(session, config):
    """Starts a run; without changes it ends in well under a second."""

    def start(**changes):
        session.training.start(config.model_copy(update=changes))

    return start


@pytest.fixture
def until(session, qtbot):
    """Waits for a state of the training; for an end until its thread has gone."""

    def wait(state):
        training = session.training
        active = state in ("loading", "running", "paused", "stopping")
        qtbot.waitUntil(lambda: training.state == state and training.is_active == active, timeout=WAIT)

    yield wait
    session.training.stop()
    qtbot.waitUntil(lambda: not session.training.is_active, timeout=WAIT)
