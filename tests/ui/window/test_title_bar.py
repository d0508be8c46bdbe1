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


def names(bar):
    return [bar.which.itemText(at) for at in range(bar.which.count())]


def figure(bar):
    """Without the marks for bold type."""
    return bar.figure.text().replace("<b>", "").replace("</b>", "")


def choose(bar, qtbot, at):
    """By the keys of the list."""
    bar.which.setFocus()
    for _ in range(bar.which.count()):
        qtbot.keyClick(bar.which, Qt.Key.Key_Up)
    for _ in range(at):
        qtbot.keyClick(bar.which, Qt.Key.Key_Down)


def test_without_a_model_there_is_nothing_to_save_or_to_switch(bar):
    assert not bar.save.isEnabled()
    assert not any(part.isVisible() for part in (bar.kind, bar.figure))
    assert bar.which.count() == 0
    assert not bar.which.isEnabled()
    assert not bar.undo.isEnabled()
    assert not bar.redo.isEnabled()


def test_it_says_what_the_opened_model_is(bar, open_model, make_model):
    open_model(make_model("mine", kl=[1.0, 2.0, 3.0]))
    assert names(bar) == ["mine"]
    assert bar.kind.toolTip() == "mlp · z 3 · gaussian"
    assert figure(bar) == "test ELBO −12.5 nats"
    assert "tiny-images" in bar.figure.toolTip()
    assert bar.save.isEnabled()
    assert all(part in bar.which.toolTip() for part in ("mine", "mlp · z 3", "−12.5"))


def test_without_test_figures_it_shows_those_of_the_validation(bar, open_model, make_model):
    open_model(make_model("mine"))
    assert figure(bar) == "validation ELBO −12.5 nats"


def test_two_models_can_be_switched(bar, session, two_models, qtbot):
    assert session.model.shows_trained
    opened, trained = names(bar)
    assert opened == "mine"
    assert trained == f"trained, epoch 3 · {two_models['training'].name}"
    assert bar.which.currentText() == trained
    assert bar.kind.toolTip() == "mlp · z 2 · bernoulli"
    choose(bar, qtbot, 0)
    assert session.model.current is two_models["opened"]
    assert bar.kind.toolTip() == "mlp · z 3 · gaussian"
    bar.step(1)
    assert session.model.current is two_models["training"]
    bar.step(1)
    assert session.model.current is two_models["opened"]


def test_a_second_run_keeps_the_first_in_the_list(bar, session, two_models, config, qtbot):
    session.training.start(config)
    qtbot.waitUntil(lambda: session.training.state == "finished" and not session.training.is_active, timeout=WAIT)
    assert len(names(bar)) == 3
    choose(bar, qtbot, 1)
    assert session.model.current is two_models["training"]


def test_each_model_has_its_own_z_and_history(bar, session, two_models, qtbot):
    session.latent.random()
    trained = session.latent.z
    choose(bar, qtbot, 0)
    assert len(session.latent.z) == 3
    assert not bar.undo.isEnabled()
    session.latent.random()
    assert bar.undo.isEnabled()
    choose(bar, qtbot, 1)
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
    assert bar.kind.toolTip() == "autoencoder · mlp · z 3 · gaussian"
    assert figure(bar) == "test log p(x|z) −10.0 nats"
    assert "ELBO" not in bar.figure.toolTip()
