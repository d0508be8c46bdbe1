"""Models come and go in the real window."""

import pytest
from PySide6.QtWidgets import QPushButton

WAIT = 20_000  # milliseconds
OF_THE_PICTURE = ("drawAgain", "sixteenDraws", "copyPicture", "savePicture")


@pytest.fixture
def usable(window):
    """Which of the picture's buttons can be pressed."""
    return lambda: [name for name in OF_THE_PICTURE if window.findChild(QPushButton, name).isEnabled()]


def test_everything_can_be_used_after_a_run_and_the_way_back(window, model, config, usable, qtbot):
    session = window.session
    session.training.start(config)
    qtbot.waitUntil(lambda: session.training.state == "finished" and not session.training.is_active, timeout=WAIT)
    qtbot.waitUntil(lambda: session.decoded.shown is not None, timeout=WAIT)
    assert usable() == list(OF_THE_PICTURE)
    session.model.drop_trained()
    assert session.model.current.name == "mine"
    assert usable() == list(OF_THE_PICTURE)
    assert window.windowTitle().startswith("mine")
    seed = session.decoded.settings.seed
    window.findChild(QPushButton, "drawAgain").click()
    qtbot.waitUntil(lambda: session.decoded.shown.settings.seed == seed + 1, timeout=WAIT)


def test_without_a_model_there_is_nothing_to_copy_until_one_is_opened(window, model, usable, make_model, qtbot):
    session = window.session
    session.model.close(session.model.shown)
    assert usable() == []
    session.model.open(str(make_model("other")))
    qtbot.waitUntil(lambda: usable() == list(OF_THE_PICTURE), timeout=WAIT)
