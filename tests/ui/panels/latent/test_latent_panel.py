"""The sliders of z, around a session of their own."""

import time

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from vae_explorer.ui.panels.latent.latent_panel import COLLAPSED, EMPTY, LatentPanel
from vae_explorer.ui.panels.latent.latent_slider import LatentSlider
from vae_explorer.ui.widgets.numbers import deviation, figure

WAIT = 30_000  # milliseconds
menus = pytest.mark.qt_log_ignore("^This plugin does not support")  # raise() and grabbing the keyboard, offscreen
KL = [0.5, 3.0, 0.001, 1.0]  # nats: the order is 1, 3, 0, 2, and 2 says nothing
VARIANCE = [0.2, 0.9, 0.0001, 0.5]


@pytest.fixture
def panel(session, put_on):
    return put_on(LatentPanel(session), 460, 420)


@pytest.fixture
def four(open_model, make_model):
    return open_model(make_model(z_dim=4, kl=KL, mu_variance=VARIANCE))


def slider(panel, j):
    return panel.findChild(LatentSlider, f"latentSlider_{j}")


def row(panel, j):
    return next(line for line in panel.rows() if line.j == j)


def values(panel):
    return np.array([slider(panel, j).property("value") for j in range(len(panel.rows()))])


def drag(qtbot, panel, j, to, *, stops=5):
    """With the mouse, from where the handle is to a value, over several stops."""
    one = slider(panel, j)
    start, end = (QPoint(round(one.x_of(value)), one.height() // 2) for value in (one.property("value"), to))
    qtbot.mousePress(one, Qt.MouseButton.LeftButton, pos=start)
    for step in range(1, stops + 1):
        qtbot.mouseMove(one, start + (end - start) * step / stops)
    qtbot.mouseRelease(one, Qt.MouseButton.LeftButton, pos=end)


def test_without_a_model_it_says_what_to_do_and_nothing_can_be_pressed(panel):
    assert panel.hint.text() == EMPTY
    assert not panel.hint.isHidden()
    assert not panel.rows()
    assert not any(one.isEnabled() for one in (panel.random, panel.reset, panel.to_mu, panel.limit))


def test_it_says_that_a_model_is_being_loaded(panel, session, qtbot, make_model):
    session.model.open(str(make_model()))
    assert panel.hint.text() == "Loading the model…"
    qtbot.waitUntil(lambda: len(panel.rows()) == 3, timeout=WAIT)
    assert panel.hint.isHidden()


def test_each_dimension_has_a_slider_named_by_its_index(panel, four):
    assert [slider(panel, j).accessibleName() for j in range(4)] == ["z 0", "z 1", "z 2", "z 3"]
    assert slider(panel, 4) is None


def test_the_rows_stand_in_the_order_of_the_average_kl(panel, four):
    assert [line.j for line in panel.rows()] == [1, 3, 0, 2]
    tops = [line.mapTo(panel, QPoint(0, 0)).y() for line in panel.rows()[:3]]
    assert tops == sorted(tops)
    assert panel.list.header.words()["mean"] == "mean ▼"
    assert "average KL" in panel.list.header.accessibleDescription()


def test_without_statistics_the_rows_stand_in_the_order_of_the_index(panel, open_model, make_model):
    open_model(make_model(z_dim=4))
    assert [line.j for line in panel.rows()] == [0, 1, 2, 3]
    assert panel.list.header.words()["name"] == "index ▲"


def test_inactive_dimensions_are_folded_and_can_be_shown(panel, four, qtbot):
    hidden = panel.rows()[3]
    assert not hidden.isVisible()
    assert panel.list.fold.text() == "▸ 1 inactive dimension"
    qtbot.mouseClick(panel.list.fold, Qt.MouseButton.LeftButton)
    assert hidden.isVisible()
    assert panel.list.fold.text() == "▾ 1 inactive dimension"
    qtbot.mouseClick(panel.list.fold, Qt.MouseButton.LeftButton)
    assert not hidden.isVisible()


def test_where_all_are_inactive_it_says_posterior_collapse_and_shows_them_all(panel, open_model, make_model):
    open_model(make_model(z_dim=4, kl=[0.001] * 4, mu_variance=[0.0] * 4))
    assert panel.hint.text() == COLLAPSED
    assert "Posterior collapse" in COLLAPSED
    assert panel.hint.isVisible()
    assert all(line.isVisible() for line in panel.rows())
    assert panel.list.fold.isHidden()


def test_after_a_collapsed_model_another_one_says_nothing_of_collapse(panel, open_model, make_model):
    open_model(make_model("collapsed", z_dim=4, kl=[0.001] * 4, mu_variance=[0.0] * 4))
    open_model(make_model("fine", z_dim=4, kl=KL, mu_variance=[1.0] * 4))
    assert panel.hint.isHidden()
    assert all(line.isVisible() for line in panel.rows())


def test_the_sliders_follow_z(panel, four, session):
    z = np.array([0.1, -2.2, 1.75, 4.5], np.float32)
    session.latent.set_z(z)
    np.testing.assert_array_equal(values(panel), z)
    assert slider(panel, 3).limit > 4.5  # widened, not clipped
    assert slider(panel, 0).limit == 3


def test_a_drag_moves_z_and_is_one_entry_of_the_history(panel, four, session, qtbot):
    heard = []
    session.latent.changed.connect(lambda: heard.append(session.latent.z.copy()))
    drag(qtbot, panel, 3, 1.5)
    assert len(heard) >= 5
    assert session.latent.z[3] == pytest.approx(1.5, abs=0.1)
    assert session.latent.z[[0, 1, 2]].tolist() == [0, 0, 0]
    assert four.undo.count() == 1
    assert four.undo.undoText() == "Move z₃"
    four.undo.undo()
    assert values(panel).tolist() == [0, 0, 0, 0]
    four.undo.redo()
    assert values(panel)[3] == pytest.approx(1.5, abs=0.1)


def test_a_click_that_moves_nothing_is_no_entry_of_the_history(panel, four, qtbot):
    one = slider(panel, 3)
    qtbot.mouseClick(one, Qt.MouseButton.LeftButton, pos=QPoint(round(one.x_of(0)), one.height() // 2))
    assert four.undo.count() == 0


def test_arrow_keys_move_z_by_steps(panel, four, session, qtbot):
    one = slider(panel, 1)
    one.setFocus()
    qtbot.keyClick(one, Qt.Key.Key_Right)
    qtbot.keyClick(one, Qt.Key.Key_PageUp)
    qtbot.keyClick(one, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert session.latent.z[1] == pytest.approx(0.56)
    assert four.undo.count() == 3
    qtbot.keyClick(one, Qt.Key.Key_Home)
    assert session.latent.z[1] == 0


def test_up_and_down_go_to_the_next_row_in_the_order_shown(panel, four, qtbot):
    slider(panel, 1).setFocus()
    for key, there in ((Qt.Key.Key_Down, 3), (Qt.Key.Key_Down, 0), (Qt.Key.Key_Down, 0), (Qt.Key.Key_Up, 3)):
        qtbot.keyClick(panel.focusWidget(), key)
        assert panel.focusWidget() is slider(panel, there)  # 2 is folded away


def test_random_z_is_different_each_time(panel, four, session, qtbot):
    seen = []
    for _ in range(3):
        qtbot.mouseClick(panel.random, Qt.MouseButton.LeftButton)
        seen.append(tuple(values(panel)))
        np.testing.assert_array_equal(values(panel), session.latent.z)
    assert len(set(seen)) == 3
    assert four.undo.count() == 3


def test_to_mu_is_mu_exactly_and_waits_for_an_image(panel, four, session, bring, qtbot):
    assert not panel.to_mu.isEnabled()
    posterior = bring(0)
    assert panel.to_mu.isEnabled()
    qtbot.mouseClick(panel.random, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(panel.to_mu, Qt.MouseButton.LeftButton)
    np.testing.assert_array_equal(session.latent.z, posterior.mu)
    np.testing.assert_array_equal(values(panel).astype(np.float32), posterior.mu)


def test_to_0_is_0(panel, four, session, qtbot):
    qtbot.mouseClick(panel.random, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(panel.reset, Qt.MouseButton.LeftButton)
    assert values(panel).tolist() == [0, 0, 0, 0]


def test_a_double_click_goes_to_mu_in_this_dimension_alone(panel, four, session, bring, qtbot):
    posterior = bring(1)
    session.latent.to_zero()
    one = slider(panel, 1)
    qtbot.mouseDClick(one, Qt.MouseButton.LeftButton, pos=QPoint(round(one.x_of(2.0)), one.height() // 2))
    assert session.latent.z[1] == posterior.mu[1]
    assert session.latent.z[[0, 2, 3]].tolist() == [0, 0, 0]


def test_the_range_box_widens_every_slider(panel, four):
    assert {slider(panel, j).limit for j in range(4)} == {3}
    panel.limit.setCurrentIndex(panel.limit.findData(6))
    assert {slider(panel, j).limit for j in range(4)} == {6}


def test_the_range_stays_when_another_model_is_opened(panel, four, open_model, make_model):
    panel.limit.setCurrentIndex(panel.limit.findData(2))
    open_model(make_model("wider", z_dim=6))
    assert {slider(panel, j).limit for j in range(6)} == {2}


def test_a_locked_dimension_stays_where_it_is(panel, four, session, qtbot):
    session.latent.set_value(1, 0.7)
    session.latent.set_locked(1, True)
    assert slider(panel, 1).locked
    assert not slider(panel, 0).locked
    qtbot.mouseClick(panel.random, Qt.MouseButton.LeftButton)
    drag(qtbot, panel, 1, 2.0)
    assert values(panel)[1] == pytest.approx(0.7)
    assert values(panel)[0] != 0
    session.undo.undo()
    session.undo.undo()
    assert not slider(panel, 1).locked


@menus
@pytest.mark.parametrize(("at", "wanted"), [(0, "locked"), (1, 0.0), (2, "mu")])
def test_the_menu_of_a_row_locks_resets_and_goes_to_mu(panel, four, session, bring, answer_menu, at, wanted):
    posterior = bring(0)
    session.latent.set_value(3, 1.25)
    answer_menu(at)
    slider(panel, 3).menu_asked.emit(QPoint(0, 0))
    if wanted == "locked":
        assert slider(panel, 3).locked
        assert session.latent.z[3] == 1.25
    else:
        assert session.latent.z[3] == (posterior.mu[3] if wanted == "mu" else wanted)


@menus
def test_the_menu_of_a_row_can_be_left_without_a_choice(panel, four, answer_menu):
    answer_menu()
    slider(panel, 3).menu_asked.emit(QPoint(0, 0))
    assert four.undo.count() == 0


def test_the_ticks_are_the_z_of_the_posterior_samples(panel, four, session, bring, qtbot):
    bring(0)
    qtbot.waitUntil(lambda: session.posterior_samples.shown is not None, timeout=WAIT)
    z = session.posterior_samples.shown.z
    for j in range(4):
        np.testing.assert_allclose(slider(panel, j)._ticks, z[:, j])


def test_a_row_shows_the_posterior_of_the_chosen_image(panel, four, bring):
    posterior = bring(0)
    texts = row(panel, 3).texts()
    assert texts["mu"] == figure(float(posterior.mu[3]), 2, sign=True)
    assert texts["sigma"] == f"± {deviation(float(posterior.sigma[3]))}"


def test_another_model_has_as_many_sliders_as_dimensions(panel, four, open_model, make_model, session):
    open_model(make_model("fewer", z_dim=2))
    assert [line.j for line in panel.rows()] == [0, 1]
    session.latent.set_value(1, 1.5)
    assert values(panel).tolist() == [0, 1.5]
    open_model(make_model("more", z_dim=6))
    assert [line.j for line in panel.rows()] == list(range(6))
    assert values(panel).tolist() == [0] * 6


def test_another_model_begins_at_the_top_of_the_list_with_the_focus_there(panel, open_model, make_model, qtbot):
    open_model(make_model("first", z_dim=40, kl=np.linspace(0.1, 5, 40).tolist()))
    panel.rows()[-1].slider.setFocus()
    panel.list.scroll_area.ensureWidgetVisible(panel.rows()[-1])
    assert panel.list.scroll_area.verticalScrollBar().value() > 0
    open_model(make_model("second", z_dim=40, kl=np.linspace(5, 0.1, 40).tolist()))
    assert panel.focusWidget() is panel.rows()[0].slider is slider(panel, 0)
    qtbot.wait(50)  # the list is laid out by then
    assert panel.list.scroll_area.verticalScrollBar().value() == 0


@pytest.mark.parametrize("z_dim", [64, 512])
def test_many_dimensions_are_built_soon_and_stay_usable(panel, open_model, make_model, session, qtbot, z_dim):
    path = make_model(z_dim=z_dim, kl=np.linspace(0.1, 5, z_dim).tolist())
    begin = time.perf_counter()
    open_model(path)
    assert time.perf_counter() - begin < 10  # 0.3 s on a quiet machine
    assert len(panel.rows()) == z_dim
    assert panel.rows()[0].j == z_dim - 1
    begin = time.perf_counter()
    for _ in range(20):
        session.latent.random()
    assert time.perf_counter() - begin < 5  # 0.1 s on a quiet machine
    np.testing.assert_array_equal(values(panel).astype(np.float32), session.latent.z)
    last = panel.rows()[-2].slider
    last.setFocus()
    qtbot.keyClick(last, Qt.Key.Key_Down)
    assert panel.focusWidget() is panel.rows()[-1].slider
    place = panel.rows()[-1].mapTo(panel.list.scroll_area.viewport(), QPoint(0, 0)).y()
    assert 0 <= place < panel.list.scroll_area.viewport().height()  # scrolled into sight
    drag(qtbot, panel, panel.rows()[-1].j, 1.0)
    assert session.latent.z[panel.rows()[-1].j] == pytest.approx(1.0, abs=0.1)


def test_a_double_click_on_the_bare_groove_is_one_entry_of_the_history(panel, four, session, qtbot):
    drag(qtbot, panel, 3, 1.5)
    one = slider(panel, 3)
    place = QPoint(round(one.x_of(-2.0)), one.height() // 2)
    qtbot.mouseClick(one, Qt.MouseButton.LeftButton, pos=place)
    assert session.latent.z[3] == pytest.approx(-2.0, abs=0.1)
    qtbot.mouseDClick(one, Qt.MouseButton.LeftButton, pos=place)
    assert session.latent.z[3] == 0  # there is no image, so no mu
    assert four.undo.count() == 2
    four.undo.undo()
    assert session.latent.z[3] == pytest.approx(1.5, abs=0.1)


@menus
def test_of_a_plain_autoencoder_the_rows_have_its_z_and_no_sigma_and_no_kl(
    panel, session, open_model, make_model, bring, qtbot
):
    open_model(make_model("plain", kind="autoencoder"))
    encoded = bring(0)
    assert panel.to_mu.text() == "To z(x)"
    assert panel.list.header.words()["mean"] == "var. ▼"
    for text in (panel.to_mu.toolTip(), panel.to_mu.accessibleDescription(), panel.list.header.toolTip()):
        assert not any(word in text for word in ("μ", "σ", "KL", "q(z"))
    for line in panel.rows():
        assert line.texts()["mu"] == figure(float(encoded.mu[line.j]), 2, sign=True)
        assert not line.place("sigma")
        assert not line.place("here")
    session.latent.to_zero()
    qtbot.mouseClick(panel.to_mu, Qt.MouseButton.LeftButton)
    np.testing.assert_array_equal(values(panel), encoded.mu)
    open_model(make_model("a vae"))
    assert panel.to_mu.text() == "To μ"
    assert "σ" in panel.list.header.toolTip()
