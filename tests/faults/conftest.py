"""The window as the program runs it, with its log: wherever an error comes from, it lives on."""

import numpy as np
import pytest

from vae_explorer import app, errors, paths, process

WAIT = 20_000  # milliseconds: torch may have to be loaded


@pytest.fixture
def log():
    """The log of a process that has one, and its text."""
    with errors.logged() as kept:
        kept.text = lambda: paths.log_file().read_text("utf-8") if paths.log_file().exists() else ""
        yield kept


@pytest.fixture
def window(qtbot, log, tiny_model, monkeypatch):
    """The window as the program runs it, on the tiny model; closed as a user would close it."""
    monkeypatch.setattr(app, "FIRST_MODEL", str(tiny_model))
    made = app.create()
    process.Faults(made, log)
    made.resize(1440, 900)
    made.show()
    shown = made.session.decoded, made.session.posterior_samples
    qtbot.waitUntil(lambda: all(one.shown is not None for one in shown), timeout=WAIT)
    yield made
    made.close()
    qtbot.waitUntil(lambda: made.session.is_closed and not made.isVisible(), timeout=WAIT)
    made.deleteLater()


@pytest.fixture
def said(window):
    """What the banner says."""
    return window.errors.text.text


@pytest.fixture
def works(window, qtbot):
    """Moves a slider, and waits for the picture that follows it."""

    def move():
        z = window.session.latent.z + np.float32(0.25)
        window.session.latent.set_z(z)
        qtbot.waitUntil(lambda: np.array_equal(window.session.decoded.shown.z, z), timeout=WAIT)
        assert window.isVisible()

    return move
