"""The draws below the picture: which, and when."""

import numpy as np
import pytest

TIMEOUT = 30_000  # milliseconds


@pytest.fixture
def draws(opened, qtbot):
    opened.draws.set_watched(True)
    qtbot.waitUntil(lambda: opened.draws.shown is not None and not opened.draws.is_late, timeout=TIMEOUT)
    return opened.draws


def test_the_first_is_the_draw_that_the_picture_shows(draws, opened, qtbot):
    opened.decoded.draw_again()
    seed = opened.decoded.settings.seed
    qtbot.waitUntil(lambda: draws.shown.seed == seed and opened.decoded.shown.settings.mode == "draw", timeout=TIMEOUT)
    np.testing.assert_array_equal(draws.shown.images[0], opened.decoded.shown.images[0])
    assert draws.shown.images.shape == (5, 1, 28, 28)
    assert len({image.tobytes() for image in draws.shown.images}) == 5


def test_they_are_late_while_z_moves_and_follow_when_it_rests(draws, opened, held, qtbot):
    held.worked_on.clear()
    for value in np.linspace(-1, 1, 20):
        opened.latent.set_value(0, float(value))
    assert draws.is_late
    assert "draw" not in held.worked_on
    qtbot.waitUntil(lambda: not draws.is_late, timeout=TIMEOUT)
    assert held.worked_on.count("draw") == 1


def test_nothing_is_drawn_while_nobody_watches(draws, opened, held, settled):
    draws.set_watched(False)
    held.worked_on.clear()
    opened.latent.random()
    settled()
    assert "draw" not in held.worked_on
