"""The bar at the top, around a session of its own."""

import pytest
from PySide6.QtCore import Qt

from vae_explorer.ui.window.title_bar import TitleBar

WAIT = 20_000  # milliseconds


@pytest.fixture
def bar(session, put_on):
    return put_on(TitleBar(session), 1200, 40)


@pytest.fixture
def two_models(session, open_model, make_model, config, qtbot):
    """An opened model, and a trained one which is shown."""
    open_model(make_model("mine", kl=[1.0, 2.0, 3.0]))
    session.training.start(config)
    qtbot.waitUntil(lambda: session.training.state == "finished" and not session.training.is_active, timeout=WAIT)
    return {"opened": session.model.opened, "training": session.model.trained}


def test_without_a_model_there_is_nothing_to_save_or_to_switch(bar):
    assert not bar.save.isEnabled()
    assert not any(part.isVisible() for part in (bar.which, bar.kind, bar.figure))
    assert not bar.undo.isEnabled()
    assert not bar.redo.isEnabled()


def test_it_says_what_the_opened_model_is(bar, open_model, make_model):
    open_model(make_model("mine", kl=[1.0, 2.0, 3.0]))
    assert bar.which.button("opened").text() == "mine"
    assert bar.kind.text() == "mlp · 3 dimensions · gaussian"
    assert bar.figure.text() == "test ELBO −12.5 nats"
    assert "tiny-images" in bar.figure.toolTip()
    assert bar.save.isEnabled()
    assert not bar.which.button("training").isVisible()


def test_without_test_figures_it_shows_those_of_the_validation(bar, open_model, make_model):
    open_model(make_model("mine"))
    assert bar.figure.text() == "validation ELBO −12.5 nats"


def test_two_models_can_be_switched(bar, session, two_models, qtbot):
    assert session.model.shows_trained
    assert bar.which.property("value") == "training"
    assert bar.which.button("training").text() == "trained · epoch 3"
    assert bar.kind.text() == "mlp · 2 dimensions · bernoulli"
    qtbot.mouseClick(bar.which.button("opened"), Qt.MouseButton.LeftButton)
    assert session.model.current is two_models["opened"]
    assert bar.kind.text() == "mlp · 3 dimensions · gaussian"
    qtbot.mouseClick(bar.which.button("training"), Qt.MouseButton.LeftButton)
    assert session.model.current is two_models["training"]


def test_each_model_has_its_own_z_and_history(bar, session, two_models, qtbot):
    session.latent.random()
    trained = session.latent.z
    qtbot.mouseClick(bar.which.button("opened"), Qt.MouseButton.LeftButton)
    assert len(session.latent.z) == 3
    assert not bar.undo.isEnabled()
    session.latent.random()
    assert bar.undo.isEnabled()
    qtbot.mouseClick(bar.which.button("training"), Qt.MouseButton.LeftButton)
    assert session.latent.z.tolist() == trained.tolist()


def test_undo_and_redo_say_what_they_would_do(bar, session, open_model, make_model, qtbot):
    open_model(make_model())
    session.latent.to_zero()
    session.latent.random()
    assert bar.undo.toolTip() == "Undo: Random z (Ctrl+Z)"
    assert not bar.redo.isEnabled()
    z = session.latent.z
    qtbot.mouseClick(bar.undo, Qt.MouseButton.LeftButton)
    assert session.latent.z.tolist() == [0, 0, 0]
    assert bar.redo.toolTip() == "Redo: Random z (Ctrl+Shift+Z)"
    qtbot.mouseClick(bar.redo, Qt.MouseButton.LeftButton)
    assert session.latent.z.tolist() == z.tolist()


def test_open_and_save_are_asked_for(bar, open_model, make_model, qtbot):
    open_model(make_model())
    with qtbot.waitSignal(bar.open_asked, timeout=1000):
        qtbot.mouseClick(bar.open, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(bar.save_asked, timeout=1000):
        qtbot.mouseClick(bar.save, Qt.MouseButton.LeftButton)


def test_of_a_plain_autoencoder_it_says_so_and_names_the_figure_that_there_is(bar, open_model, make_model):
    open_model(make_model("plain", kind="autoencoder"))
    assert bar.kind.text() == "autoencoder · mlp · 3 dimensions · gaussian"
    assert bar.figure.text() == "test log p(x|z) −10.0 nats"
    assert "ELBO" not in bar.figure.toolTip()
