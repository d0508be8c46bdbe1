"""z typed in the place of its figure."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QToolTip

from vae_explorer.ui.panels.latent.latent_panel import LatentPanel
from vae_explorer.ui.panels.latent.latent_slider import LatentSlider
from vae_explorer.ui.panels.latent.typing_in_place import TOO_LARGE
from vae_explorer.ui.theme import theme

WAIT = 30_000  # milliseconds
KL = [0.5, 3.0, 0.001, 1.0]  # nats: the order is 1, 3, 0, 2, and 2 is folded away
pytestmark = pytest.mark.qt_log_ignore("^This plugin does not support")  # raising a tooltip offscreen


@pytest.fixture
def panel(session, put_on, qtbot, open_model, make_model):
    panel = put_on(LatentPanel(session), 460, 420)
    open_model(make_model(z_dim=4, kl=KL, mu_variance=[0.2, 0.9, 0.0001, 0.5]))
    panel.activateWindow()
    qtbot.waitUntil(panel.isActiveWindow, timeout=WAIT)
    yield panel
    QToolTip.hideText()


@pytest.fixture
def field(panel):
    return panel.findChild(QLineEdit, "latentValue")


def slider(panel, j):
    return panel.findChild(LatentSlider, f"latentSlider_{j}")


def row(panel, j):
    return next(line for line in panel.rows() if line.j == j)


def click_on_z(qtbot, panel, j):
    line = row(panel, j)
    qtbot.mouseClick(line, Qt.MouseButton.LeftButton, pos=line.place("z").center())


def is_over(field, panel, j):
    """Whether the field lies on the figure of this row."""
    line = row(panel, j)
    place = line.place("z").translated(line.mapTo(panel, QPoint()))
    return field.isVisible() and place.contains(
        field.geometry().translated(field.parentWidget().mapTo(panel, QPoint()))
    )


def test_a_click_on_the_figure_opens_the_field_and_enter_sets_z(panel, field, session, qtbot):
    session.latent.set_value(3, 0.12345678)
    click_on_z(qtbot, panel, 3)
    assert is_over(field, panel, 3)
    assert field.hasFocus()
    assert field.selectedText() == field.text() == "0.1235"
    qtbot.keyClicks(field, "-1,25")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert session.latent.z[3] == -1.25
    assert not field.isVisible()
    assert slider(panel, 3).hasFocus()
    assert session.model.current.undo.undoText() == "Set z₃"
    session.undo.undo()
    assert session.latent.z[3] == pytest.approx(0.12345678)


def test_what_was_only_looked_at_keeps_all_its_digits(panel, field, session, qtbot):
    session.latent.set_value(3, 0.12345678)
    before, entries = session.latent.z.copy(), session.model.current.undo.count()
    click_on_z(qtbot, panel, 3)
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert session.latent.z.tolist() == before.tolist()
    assert session.model.current.undo.count() == entries


def test_a_digit_on_the_slider_begins_the_number(panel, field, session, qtbot):
    slider(panel, 1).setFocus()
    qtbot.keyClicks(slider(panel, 1), "4")
    assert is_over(field, panel, 1)
    assert field.text() == "4"
    qtbot.keyClicks(field, ".5")
    qtbot.keyClick(field, Qt.Key.Key_Enter)
    assert session.latent.z[1] == 4.5
    assert slider(panel, 1).limit > 4.5  # widened, not clipped


def test_esc_leaves_z_as_it_is(panel, field, session, qtbot):
    slider(panel, 1).setFocus()
    qtbot.keyClick(slider(panel, 1), Qt.Key.Key_F2)
    qtbot.keyClicks(field, "2")
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert not field.isVisible()
    assert slider(panel, 1).hasFocus()
    assert session.latent.z[1] == 0
    assert session.model.current.undo.count() == 0


def test_esc_is_the_fields_own_though_the_window_has_a_shortcut_on_it(window, model, qtbot):
    rows = window.latent.rows()
    rows[0].slider.setFocus()
    window.errors.show_sentence("Something", "")
    field = window.findChild(QLineEdit, "latentValue")
    qtbot.keyClick(rows[0].slider, Qt.Key.Key_Return)
    assert field.isVisible()
    qtbot.keyClick(window.windowHandle(), Qt.Key.Key_Escape)
    assert not field.isVisible()
    assert window.errors.isVisible()


@pytest.mark.parametrize(
    ("key", "start", "then"),
    [
        (Qt.Key.Key_Tab, 1, 3), (Qt.Key.Key_Down, 1, 3), (Qt.Key.Key_Backtab, 3, 1), (Qt.Key.Key_Up, 3, 1),
    ],
)  # fmt: skip
def test_tab_and_the_arrows_set_z_and_go_on_to_the_next_row(panel, field, session, qtbot, key, start, then):
    click_on_z(qtbot, panel, start)
    qtbot.keyClicks(field, "0.5")
    qtbot.keyClick(field, key)
    assert session.latent.z[start] == 0.5
    assert is_over(field, panel, then)
    assert field.hasFocus()
    assert session.latent.pointed_at == then


def test_after_the_last_row_the_field_closes_and_locked_rows_are_passed(panel, field, session, qtbot):
    session.latent.set_locked(3, True)
    click_on_z(qtbot, panel, 1)
    qtbot.keyClick(field, Qt.Key.Key_Tab)
    assert is_over(field, panel, 0)
    qtbot.keyClick(field, Qt.Key.Key_Tab)  # 2 is folded away
    assert not field.isVisible()
    assert slider(panel, 0).hasFocus()
    click_on_z(qtbot, panel, 3)
    assert not field.isVisible()


@pytest.mark.parametrize(("text", "said"), [("abc", "“abc” is not a number."), ("1e39", TOO_LARGE), ("nan", "is not")])
def test_what_cannot_be_z_stays_in_the_field_with_a_sentence(panel, field, session, qtbot, text, said):
    click_on_z(qtbot, panel, 1)
    qtbot.keyClicks(field, text)
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert field.isVisible()
    assert said in field.toolTip()
    assert said in field.accessibleDescription()
    assert session.latent.z[1] == 0
    qtbot.keyClicks(field, "1")  # the wrong text is selected
    assert field.toolTip() == ""
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert session.latent.z[1] == 1
    qtbot.waitUntil(lambda: not QToolTip.isVisible(), timeout=WAIT)


def test_leaving_the_field_sets_what_is_a_number_and_drops_what_is_not(panel, field, session, qtbot):
    for typed, wanted in (("0.75", 0.75), ("x", 0.75)):
        click_on_z(qtbot, panel, 1)
        qtbot.keyClicks(field, typed)
        panel.random.setFocus()
        assert not field.isVisible()
        assert session.latent.z[1] == wanted
    qtbot.waitUntil(lambda: not QToolTip.isVisible(), timeout=WAIT)


def test_the_field_goes_with_its_row(panel, field, qtbot):
    click_on_z(qtbot, panel, 3)
    panel.resize(700, 420)
    qtbot.waitUntil(lambda: is_over(field, panel, 3), timeout=WAIT)
    theme.set_scale(150)
    qtbot.waitUntil(lambda: is_over(field, panel, 3), timeout=WAIT)


def test_another_model_closes_the_field(panel, field, session, open_model, make_model, qtbot):
    click_on_z(qtbot, panel, 3)
    qtbot.keyClicks(field, "2")
    open_model(make_model("other", z_dim=2))
    assert not field.isVisible()
    assert session.latent.z.tolist() == [0, 0]
    assert QApplication.focusWidget() is not field
