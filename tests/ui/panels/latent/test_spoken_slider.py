"""What a screen reader learns of the sliders of z."""

import gc

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QWidget

from vae_explorer.ui.panels.latent import spoken_slider
from vae_explorer.ui.panels.latent.latent_panel import LatentPanel
from vae_explorer.ui.panels.latent.latent_slider import LatentSlider

interface = QAccessible.queryAccessibleInterface


@pytest.fixture
def slider(qtbot):
    slider = LatentSlider("z 14")
    qtbot.addWidget(slider)
    slider.show()
    return slider


@pytest.fixture
def told(monkeypatch):
    """The values that a screen reader, which runs, is told of."""
    heard = []
    monkeypatch.setattr(spoken_slider.QAccessible, "isActive", lambda: True)
    monkeypatch.setattr(
        spoken_slider.QAccessible, "updateAccessibility", lambda event: heard.append((event.type(), event.value()))
    )
    return heard


def test_it_is_a_slider_with_a_name_that_has_its_figures(slider):
    slider.set_posterior(-0.18, 0.0712, 2.2)
    assert interface(slider).role() == QAccessible.Role.Slider
    assert interface(slider).text(QAccessible.Text.Name) == "z 14, mu −0.18 ± 0.071, KL 2.2"
    slider.set_posterior(None, None)
    assert interface(slider).text(QAccessible.Text.Name) == "z 14"
    slider.set_posterior(0.4, None)  # of a plain autoencoder
    assert interface(slider).text(QAccessible.Text.Name) == "z 14, z(x) 0.40"


def test_it_has_a_value_and_a_range(slider):
    slider.set_value(-0.794)
    value = interface(slider).valueInterface()
    assert (value.currentValue(), value.minimumValue(), value.maximumValue()) == (-0.794, -3, 3)
    assert value.minimumStepSize() == 0.05
    assert interface(slider).text(QAccessible.Text.Value) == "−0.79"
    slider.set_value(6)
    assert value.maximumValue() > 6


def test_the_lock_is_heard(slider):
    assert not interface(slider).state().readOnly
    slider.set_locked(True)
    assert interface(slider).state().readOnly
    assert interface(slider).text(QAccessible.Text.Name) == "z 14, locked"


def test_a_screen_reader_can_move_it_as_one_gesture(slider):
    said = []
    slider.gripped.connect(lambda: said.append("gripped"))
    slider.moved.connect(said.append)
    slider.released.connect(lambda: said.append("released"))
    interface(slider).valueInterface().setCurrentValue(1.5)
    assert said == ["gripped", 1.5, "released"]
    slider.set_locked(True)
    interface(slider).valueInterface().setCurrentValue(2.0)
    assert slider.value == 1.5


def test_a_changed_value_is_told_while_a_screen_reader_runs(slider, told):
    slider.set_value(0.5)
    slider.set_value(0.5)
    assert told == [(QAccessible.Event.ValueChanged, 0.5)]


def test_nobody_is_told_where_there_is_no_screen_reader(slider, told, monkeypatch):
    monkeypatch.setattr(spoken_slider.QAccessible, "isActive", lambda: False)
    slider.set_value(0.5)
    assert told == []


def test_sliders_that_have_been_asked_can_go_away(qtbot):
    parent = QWidget()
    qtbot.addWidget(parent)
    for _ in range(20):
        gone = LatentSlider("z 1", parent)
        assert interface(gone).valueInterface().currentValue() == 0
        gone.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    assert interface(LatentSlider("z 2", parent)).text(QAccessible.Text.Name) == "z 2"


def test_the_rows_of_the_panel_say_their_figures(session, put_on, open_model, make_model, bring):
    panel = put_on(LatentPanel(session))
    open_model(make_model(kl=[1.0, 2.0, 3.0]))
    posterior = bring(0)
    name = interface(panel.rows()[0].slider).text(QAccessible.Text.Name)
    assert name.startswith("z 2, mu ")
    assert name.endswith(f"KL {posterior.kl_per_dimension[2]:.1f}")
