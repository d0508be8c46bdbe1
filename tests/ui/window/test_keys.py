"""Every gesture has a key, and a key never takes what the control in focus needs."""

from collections import Counter

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QAccessible, QAction, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QComboBox, QFileDialog, QLabel, QLineEdit, QSpinBox, QWidget

from vae_explorer.ui.theme import theme
from vae_explorer.ui.window.menu.key_sheet import KeySheet

WAIT = 20_000  # milliseconds
without_keyboard = pytest.mark.qt_log_ignore("^This plugin does not support")  # a menu grabs it


def press(qtbot, widget, keys):
    combination = QKeySequence(keys)[0]
    qtbot.keyClick(widget, combination.key(), combination.keyboardModifiers())


@pytest.fixture
def shown(window, model, files, encoded, qtbot):
    """The window with a model, an image and its samples."""
    window.open_paths([files[0]])
    encoded("image 0.png")
    qtbot.waitUntil(lambda: window.session.posterior_samples.shown is not None, timeout=WAIT)
    return window


@pytest.fixture
def put_focus(shown):
    """A control of this type at the window's edge, with the focus."""

    def put(kind):
        control = kind(shown)
        if kind is QComboBox:
            control.addItems(["first", "random", "next", "wide", "x"])
        control.show()
        control.setFocus()
        assert control.hasFocus()
        return control

    return put


@pytest.fixture
def state(shown):
    """What the plain keys would change."""

    def now():
        session = shown.session
        return (
            session.posterior_samples.settings,
            session.prior_samples.settings,
            session.decoded.settings,
            session.image.images,
            session.latent.z.tolist(),
            shown.findChild(QComboBox, "latentLimit").currentIndex(),
        )

    return now


# which keys there are


def test_no_key_means_two_things(window):
    keys = [key.toString() for action in window.findChildren(QAction) for key in action.shortcuts()]
    keys += [shortcut.key().toString() for shortcut in window.findChildren(QShortcut)]
    keys += list(window.menu._plain)
    assert len(keys) > 60
    assert [key for key, count in Counter(keys).items() if count > 1] == []


def test_no_letter_chooses_two_entries_of_a_menu(window):
    for menu in (window.menu.button_menu(), *window.menu._menus):
        texts = [action.text() for action in menu.actions()]
        letters = Counter(text[text.index("&") + 1].lower() for text in texts if "&" in text)
        assert [letter for letter, count in letters.items() if count > 1] == [], menu.title()


GESTURES = (
    "Start", "Pause or resume", "Stop", "Curves", "More settings", "What is being trained", "Next model",
    "Previous model", "16 draws", "Larger σ multiplier", "Smaller σ multiplier", "Wider range of the sliders",
    "Narrower range", "Inactive dimensions", "Enlarge the view", "Fold the views", "Next panel", "Previous panel",
    "Explore", "Presentation", "Bigger", "Smaller", "Save picture", "Copy picture", "Resample the posterior",
    "New prior samples", "Draw again", "Back",
    "Enlarge the photo", "Turn its frame by 90°", "Automatic frame", "Keys and symbols", "Self-test", "Open the menu",
)  # fmt: skip


def test_every_gesture_is_in_a_menu_with_a_key(shown):
    found = {what: keys for _, entries in shown.menu.key_groups() for keys, what in entries}
    assert [what for what in GESTURES if not found.get(what)] == []
    steps = shown.session.image.posterior.steps
    for at, step in enumerate(steps, 1):
        assert found[f"Step {at} of its preparation: {step.title}"] == f"Ctrl+Shift+{at}"


def test_no_shortcut_is_one_that_a_field_needs_for_its_text(window, put_focus):
    """But those that do the same there: copy, paste, undo and redo. On X11 a field has more, and they are not first."""
    field, taken = put_focus(QLineEdit), set()
    for action in window.findChildren(QAction):
        for key in action.shortcuts()[:1]:
            event = QKeyEvent(QEvent.Type.ShortcutOverride, key[0].key(), key[0].keyboardModifiers())
            event.ignore()
            QApplication.sendEvent(field, event)
            if event.isAccepted():
                taken.add(key.toString())
            assert key.toString() not in ("Ctrl+E", "Ctrl+K", "Ctrl+U", "Ctrl+Backspace", "Ctrl+Del")
    assert taken <= {"Ctrl+C", "Ctrl+V", "Ctrl+Z", "Ctrl+Shift+Z", "Ctrl+Y"}


# where plain keys act

PLAIN = ["R", "N", "W", "Shift+W", "X", "Shift+X", "I", "Space", "Ctrl+Del", "Ctrl+Backspace"]


@pytest.mark.parametrize("kind", [QLineEdit, QSpinBox])
def test_what_is_typed_into_a_field_does_nothing_else(put_focus, state, qtbot, kind):
    field = put_focus(kind)
    before = state()
    for key in PLAIN:
        press(qtbot, field, key)
    assert state() == before


def test_letters_choose_in_a_list_and_do_nothing_else(put_focus, state, qtbot):
    box = put_focus(QComboBox)
    before = state()
    qtbot.keyClick(box, Qt.Key.Key_R, delay=0)
    assert box.currentText() == "random"
    for key in ("N", "W", "X", "I"):
        press(qtbot, box, key)
    assert state() == before


def test_space_presses_the_button_in_focus_and_letters_still_act(shown, qtbot):
    sixteen, decoded = shown.decoded.sixteen, shown.session.decoded
    sixteen.setFocus()
    qtbot.keyClick(sixteen, Qt.Key.Key_Space)
    assert (decoded.settings.sixteen, decoded.settings.seed) == (True, 0)
    qtbot.keyClick(sixteen, Qt.Key.Key_R)
    assert shown.session.posterior_samples.settings.seed == 1


def test_on_a_slider_letters_act_and_space_draws_again(shown, qtbot):
    slider = shown.latent.rows()[0].slider
    slider.setFocus()
    for key in ("R", "N", "Space"):
        qtbot.keyClick(slider, QKeySequence(key)[0].key())
    session = shown.session
    assert session.posterior_samples.settings.seed == session.prior_samples.settings.seed == 1
    assert session.decoded.settings.seed == 1


def test_on_the_grid_of_samples_space_chooses_and_r_resamples(shown, qtbot):
    grid, session = shown.findChild(QWidget, "posteriorSamples"), shown.session
    grid.setFocus()
    qtbot.keyClick(grid, Qt.Key.Key_Space)
    np.testing.assert_array_equal(session.latent.z, session.posterior_samples.shown.z[0])
    assert session.decoded.mode == "mean"
    qtbot.keyClick(grid, Qt.Key.Key_R)
    assert session.posterior_samples.settings.seed == 1


def test_ctrl_backspace_deletes_a_word_in_a_field_and_moves_z_elsewhere(shown, put_focus, qtbot):
    shown.session.latent.random()
    field = put_focus(QLineEdit)
    field.setText("two words")
    press(qtbot, field, "Ctrl+Backspace")
    assert field.text() == "two "
    assert shown.session.latent.z.any()
    slider = shown.latent.rows()[0].slider
    slider.setFocus()
    press(qtbot, slider, "Ctrl+Backspace")
    assert not shown.session.latent.z.any()


def test_the_picture_is_saved_also_with_the_cursor_in_a_field(shown, put_focus, qtbot, monkeypatch):
    asked = []
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *arguments: (asked.append(arguments), ("", ""))[1])
    press(qtbot, put_focus(QLineEdit), "Ctrl+Shift+S")
    assert len(asked) == 1


# what they do


def test_keys_set_what_the_panels_show(shown, qtbot):
    session, limit = shown.session, shown.findChild(QComboBox, "latentLimit")
    at = limit.currentIndex()
    press(qtbot, shown, "W")
    assert limit.currentIndex() == at + 1
    press(qtbot, shown, "Shift+W")
    press(qtbot, shown, "Shift+W")
    assert limit.currentIndex() == at - 1
    for _ in range(5):
        press(qtbot, shown, "X")
    assert session.posterior_samples.settings.multiplier == 3
    press(qtbot, shown, "Shift+X")
    assert shown.findChild(QWidget, "sigmaMultiplier").property("value") == "2"
    press(qtbot, shown, "Alt+4")
    assert session.decoded.settings.sixteen
    assert session.decoded.mode == "draw"
    press(qtbot, shown, "Alt+4")
    assert not session.decoded.settings.sixteen


def test_the_inactive_dimensions_unfold_by_a_key(window, make_model, qtbot):
    with qtbot.waitSignal(window.session.model.changed, timeout=WAIT):
        window.session.model.open(str(make_model(kl=[1.0, 2.0, 0.0], mu_variance=[1.0, 1.0, 0.0])))
    slider = window.findChild(QWidget, "latentSlider_2")
    assert not slider.isVisible()
    press(qtbot, window, "I")
    assert slider.isVisible()
    press(qtbot, window, "I")
    assert not slider.isVisible()


def test_the_steps_of_the_preparation_are_switched_by_keys(window, qtbot):
    image = window.session.image
    window.session.model.open("mnist")
    qtbot.waitUntil(lambda: image.posterior is not None, timeout=WAIT)
    at, step = next((at, one) for at, one in enumerate(image.posterior.steps, 1) if not one.fixed)
    for wanted in (not step.on, step.on):
        press(qtbot, window, f"Ctrl+Shift+{at}")
        qtbot.waitUntil(lambda wanted=wanted: image.posterior.steps[at - 1].on == wanted, timeout=WAIT)


def test_a_run_starts_pauses_resumes_and_stops_by_keys(window, model, config, qtbot):
    training = window.session.training
    window.training.form.set_config(config.model_copy(update={"epochs": 100_000}))
    press(qtbot, window, "F5")
    qtbot.waitUntil(lambda: training.state == "running", timeout=WAIT)
    for wanted in ("paused", "running"):
        press(qtbot, window, "F8")
        qtbot.waitUntil(lambda wanted=wanted: training.state == wanted, timeout=WAIT)
    qtbot.waitUntil(lambda: window.session.model.shows_trained, timeout=WAIT)
    press(qtbot, window, "Alt+PgUp")
    assert not window.session.model.shows_trained
    press(qtbot, window, "Alt+PgDown")
    assert window.session.model.shows_trained
    press(qtbot, window, "Shift+F5")
    qtbot.waitUntil(lambda: not training.is_active, timeout=WAIT)
    assert training.state == "stopped"


def test_f6_walks_over_the_panels_in_sight_and_comes_back_to_where_the_focus_was(shown, qtbot):
    panels = (shown.title, shown.image, shown.latent, shown.decoded, shown.drawer, shown.run_bar)

    def where():
        focused = QApplication.focusWidget()
        return next(panel for panel in panels if panel.isAncestorOf(focused))

    slider = shown.latent.rows()[1].slider
    slider.setFocus()
    seen = []
    for _ in panels:
        press(qtbot, shown, "F6")
        seen.append(where())
    assert seen == [shown.decoded, shown.drawer, shown.run_bar, shown.title, shown.image, shown.latent]
    assert slider.hasFocus()
    press(qtbot, shown, "Shift+F6")
    assert where() is shown.image


def test_escape_takes_away_the_message_first_and_then_goes_back_to_the_sliders(shown, said, qtbot):
    shown.decoded.sixteen.setFocus()
    shown.session.failed.emit("The disk is full")
    press(qtbot, QApplication.focusWidget(), "Esc")
    assert said() == ""
    assert shown.decoded.sixteen.hasFocus()
    press(qtbot, shown.decoded.sixteen, "Esc")
    assert shown.latent.isAncestorOf(QApplication.focusWidget())


# behind the button


@pytest.fixture
def popped(window, qtbot):
    """Waits for the menus to open; gives the entry that is chosen."""
    menu = window.menu.button_menu()

    def wait():
        qtbot.waitUntil(menu.isVisible)
        return menu.activeAction().text().replace("&", "")

    yield wait
    menu.close()


def test_the_menus_are_behind_one_button(window):
    names = [action.text().replace("&", "") for action in window.menu.button_menu().actions()]
    assert names == ["File", "Edit", "Image", "Latent", "Decoded", "Train", "View", "Help"]


@without_keyboard
def test_alt_alone_opens_the_menus_and_alt_with_a_key_does_not(window, model, qtbot, popped):
    menu = window.menu.button_menu()
    qtbot.keyPress(window, Qt.Key.Key_Alt)
    qtbot.keyClick(window, Qt.Key.Key_3, Qt.KeyboardModifier.AltModifier)
    qtbot.keyRelease(window, Qt.Key.Key_Alt)
    assert window.session.decoded.mode == "sigma"
    assert not menu.isVisible()
    qtbot.keyPress(window, Qt.Key.Key_Alt)
    qtbot.keyRelease(window, Qt.Key.Key_Alt)
    assert popped() == "File"


@without_keyboard
@pytest.mark.parametrize(("key", "menu"), [("Alt+F", "File"), ("Alt+T", "Train"), ("F10", "File")])
def test_a_menu_opens_by_its_letter(window, qtbot, popped, key, menu):
    press(qtbot, window, key)
    assert popped() == menu


# the sheet


@pytest.mark.parametrize("key", ["F1", "?"])
def test_a_sheet_shows_the_keys_and_the_symbols_and_escape_closes_it(window, qtbot, key):
    if key == "?":
        qtbot.keyClicks(window, "?")
    else:
        press(qtbot, window, key)
    sheet = window.key_sheet
    assert sheet.isVisible()
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    assert not sheet.isVisible()


@pytest.mark.parametrize(("size", "scale", "scheme"), [((720, 480), 100, "Light"), ((880, 660), 150, "Dark")])
def test_on_the_sheet_nothing_is_cut_and_every_key_of_the_menus_is_there(window, qtbot, size, scale, scheme):
    theme.set_scheme(Qt.ColorScheme[scheme])
    theme.set_scale(scale)
    window.show_keys()
    sheet = window.key_sheet
    assert isinstance(sheet, KeySheet)
    sheet.resize(*size)
    qtbot.waitUntil(lambda: sheet.size().toTuple() == size)
    sheet.grab()
    labels = [one for one in sheet.findChildren(QLabel) if one.isVisible()]
    texts = {one.text() for one in labels}
    for _, entries in window.menu.key_groups():
        assert {text for entry in entries for text in entry} <= texts
    for word in ("ELBO", "KL", "gap", "θ", "φ", "ε", "p(x|z)", "q(z|x)", "other way round"):
        assert any(word in text for text in texts), word
    columns = sheet._columns
    for one in labels:
        assert one.height() >= (one.heightForWidth(one.width()) if one.wordWrap() else one.sizeHint().height())
        assert one.wordWrap() or one.width() >= one.sizeHint().width()
        corner = one.mapTo(columns, one.rect().bottomRight())
        assert columns.rect().contains(corner)
    assert columns.width() <= sheet._area.viewport().width()


# what a screen reader is told


def test_everything_that_takes_the_focus_has_a_name(shown):
    nameless = []
    for view in shown.drawer.views:
        shown.show_view(view)
        for part in shown.findChildren(QWidget):
            if part.isVisible() and part.focusPolicy() & Qt.FocusPolicy.TabFocus and part.isEnabled():
                reader = QAccessible.queryAccessibleInterface(part)
                if not reader.text(QAccessible.Text.Name).strip() and not part.objectName().startswith("qt_"):
                    nameless.append(f"{type(part).__name__} {part.objectName()} in {part.parent().objectName()}")
    assert sorted(set(nameless)) == [], "they say nothing to a screen reader"


@pytest.mark.parametrize("part", ["sampleCount", "sigmaMultiplier", "posteriorSamples", "resample"])
def test_escape_leaves_the_enlarged_view_from_every_control_of_it(shown, qtbot, part):
    press(qtbot, shown, "F12")
    assert shown.menu.enlarge.isChecked()
    control = shown.findChild(QWidget, part)
    control.setFocus()
    press(qtbot, control, "Esc")
    assert not shown.menu.enlarge.isChecked()
