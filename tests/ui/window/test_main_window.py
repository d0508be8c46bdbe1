"""The window: names, menus, keys, errors, its size, and what it remembers."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QFileDialog, QPushButton, QWidget

import vae_explorer
from vae_explorer.data.formats.folder import cache
from vae_explorer.ui.theme import SCALES, theme
from vae_explorer.ui.window.arrangement import presentation_scale

WAIT = 20_000  # milliseconds
WIDE, NARROW = (1440, 900), (1100, 760)  # pixels


# names


NAMES = (
    "trainingPanel trainStart trainPause trainStop trainProgress trainData latentPanel latentRandom latentReset "
    "imagePanel imageDrop encodeMu encodeSigma posteriorSamples resample priorSamples outputImage outputMode "
    "errorMessage"
)


def test_the_names_that_the_outside_relies_on_are_there_once(window):
    counts = {name: len(window.findChildren(QWidget, name)) for name in NAMES.split()}
    assert counts == dict.fromkeys(counts, 1)


def test_every_button_says_what_it_does(window, model):
    buttons = [one for one in window.findChildren(QPushButton) if one.isVisible()]
    assert len(buttons) > 15
    assert not [one.text() for one in buttons if not (one.toolTip() and (one.text() or one.accessibleName()))]


def test_the_title_names_the_model(window, model):
    assert window.windowTitle() == "mine – VAE Explorer"


# menus and keys


def test_no_two_actions_share_a_key(window):
    keys = [key.toString() for action in window.findChildren(QAction) for key in action.shortcuts()]
    assert len(keys) > 20
    assert "" not in keys
    assert sorted(set(keys)) == sorted(keys)


def test_what_is_used_often_has_a_key(window):
    without = {
        action.text().replace("&", "")
        for action in window.findChildren(QAction)
        if action.text()
        and not action.menu()
        and not action.isSeparator()
        and not action.shortcuts()
        and "\t" not in action.text()
    }
    assert without <= {"Empty the picture cache", "Show log", "About", "System colours", "Light", "Dark"}


def press(qtbot, window, keys):
    combination = QKeySequence(keys)[0]
    qtbot.keyClick(window, combination.key(), combination.keyboardModifiers())


def test_keys_move_z(window, model, files, qtbot, encoded):
    window.open_paths([files[0]])
    posterior = encoded("image 0.png")
    latent = window.session.latent
    press(qtbot, window, "Ctrl+R")
    assert not np.array_equal(latent.z, posterior.mu)
    press(qtbot, window, "Ctrl+M")
    np.testing.assert_array_equal(latent.z, posterior.mu)
    press(qtbot, window, "Ctrl+Backspace")
    assert not latent.z.any()
    press(qtbot, window, "Ctrl+Z")
    np.testing.assert_array_equal(latent.z, posterior.mu)
    press(qtbot, window, "Ctrl+Shift+Z")
    assert not latent.z.any()


def test_r_resamples_and_n_draws_new_prior_samples(window, model, files, qtbot, encoded):
    window.open_paths([files[0]])
    encoded("image 0.png")
    posterior, prior = window.session.posterior_samples, window.session.prior_samples
    qtbot.waitUntil(lambda: posterior.shown is not None, timeout=WAIT)
    before = window.findChild(QWidget, "posteriorSamples").property("value")
    with qtbot.waitSignal(posterior.sampled, timeout=WAIT):
        press(qtbot, window, "R")
    assert not np.array_equal(window.findChild(QWidget, "posteriorSamples").property("value"), before)
    window.drawer.show_view("prior_samples")
    qtbot.waitUntil(lambda: prior.shown is not None, timeout=WAIT)
    with qtbot.waitSignal(prior.sampled, timeout=WAIT):
        press(qtbot, window, "N")
    assert window.drawer.views["prior_samples"].seed.value() == 1


def test_keys_choose_what_is_shown_of_the_picture(window, model, qtbot):
    mode = window.findChild(QWidget, "outputMode")
    for key, wanted in (("Alt+3", "sigma"), ("Alt+2", "draw"), ("Alt+1", "mean"), ("Space", "draw")):
        press(qtbot, window, key)
        assert mode.property("value") == wanted
    seed = window.session.decoded.settings.seed
    press(qtbot, window, "Space")
    assert window.session.decoded.settings.seed == seed + 1


def test_space_still_presses_the_control_that_has_the_focus(window, model, qtbot):
    box = window.drawer.views["posterior_samples"].same_eps
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_Space)
    assert box.isChecked()
    assert window.session.decoded.mode == "mean"


def test_letters_that_are_typed_into_a_field_are_no_commands(window, model, files, qtbot, encoded):
    window.open_paths([files[0]])
    encoded("image 0.png")
    seed = window.session.posterior_samples.settings.seed
    beta = window.training.form.field("beta")
    beta.setFocus()
    qtbot.keyClicks(beta, "RN ")
    assert window.session.posterior_samples.settings.seed == seed
    assert window.session.decoded.mode == "mean"


def test_keys_walk_through_the_images_and_take_one_out(window, model, files, qtbot, encoded):
    window.open_paths(files)
    encoded("image 0.png")
    image = window.session.image
    whole = image.images
    press(qtbot, window, "Ctrl+PgDown")
    assert image.image == whole[1]
    press(qtbot, window, "Ctrl+PgUp")
    press(qtbot, window, "Ctrl+PgUp")
    assert image.image == whole[0]
    press(qtbot, window, "Ctrl+Del")
    assert image.images == whole[1:]


def test_escape_takes_the_message_away(window, qtbot, said):
    window.session.failed.emit("The disk is full")
    assert said() == "The disk is full"
    press(qtbot, window, "Esc")
    assert said() == ""
    assert not window.errors.isVisible()


def test_the_menu_opens_bundled_and_recent_models(window, model, qtbot):
    window.open_paths([model])
    menus = {action.text().replace("&", ""): action.menu() for action in window.findChildren(QAction) if action.menu()}
    bundled, recent = menus["Bundled model"], menus["Open recent"]
    bundled.aboutToShow.emit()
    names = ["drawn-digits", "fashion-mnist", "mnist", "mnist-2d", "mnist-dynamic"]
    assert [action.text() for action in bundled.actions()] == names
    recent.aboutToShow.emit()
    assert [action.text() for action in recent.actions()] == ["mine.vae.safetensors"]
    before = window.session.model.current
    recent.actions()[0].trigger()
    qtbot.waitUntil(lambda: window.session.model.current is not before, timeout=WAIT)
    with qtbot.waitSignal(window.session.model.changed, timeout=WAIT):
        next(action for action in bundled.actions() if action.text() == "mnist").trigger()
    qtbot.waitUntil(lambda: window.session.model.current.name == "mnist", timeout=WAIT)
    qtbot.waitUntil(lambda: window.session.image.posterior is not None, timeout=WAIT)  # never an empty window


def test_the_model_is_saved_where_the_dialog_says(window, model, tmp_path, monkeypatch, qtbot):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "copy"), ""))
    with qtbot.waitSignal(window.session.model.saved, timeout=WAIT):
        press(qtbot, window, "Ctrl+S")
    assert (tmp_path / "copy.vae.safetensors").read_bytes() == model.read_bytes()


def test_a_model_that_cannot_be_saved_is_one_sentence(window, model, tmp_path, monkeypatch, qtbot, said):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "none" / "copy"), ""))
    press(qtbot, window, "Ctrl+S")
    qtbot.waitUntil(lambda: "copy.vae.safetensors" in said(), timeout=WAIT)


def test_the_open_dialog_opens_what_was_chosen(window, model, files, monkeypatch, qtbot, encoded):
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(files[2])], ""))
    press(qtbot, window, "Ctrl+O")
    encoded("image 2.png")


# the size of things


def test_bigger_and_smaller_go_from_80_to_200_per_cent(window, model, qtbot):
    seen = {theme.scale}
    with theme.held():  # all is styled once, at the last size
        for key in ["Ctrl+-"] * 3 + ["Ctrl++"] * len(SCALES):  # one more than there are
            press(qtbot, window, key)
            seen.add(theme.scale)
    assert seen == set(SCALES)
    assert (min(seen), max(seen)) == (80, 200)
    assert theme.scale == 200
    press(qtbot, window, "Ctrl+0")
    assert theme.scale == 100


def test_a_presentation_has_type_for_the_screen_and_gives_back_what_was(window, qtbot):
    press(qtbot, window, "Ctrl++")
    press(qtbot, window, "Ctrl+T")
    window.explore.restore({"spine": [400, 500, 476]})
    scale, size, places = theme.scale, window.size(), window.explore.spine.sizes()
    press(qtbot, window, "F11")
    assert window.isFullScreen()
    assert theme.scale == round(100 * presentation_scale(*window.screen().size().toTuple()))
    assert not window.training.isVisible()
    assert not window.run_bar.isVisible()
    press(qtbot, window, "F11")
    assert not window.isFullScreen()
    assert theme.scale == scale
    assert window.training.isVisible()
    window.resize(size)
    assert window.explore.spine.sizes() == places


def test_a_presentation_leaves_a_folded_train_folded(window, qtbot):
    assert not window.training.isVisible()
    press(qtbot, window, "F11")
    press(qtbot, window, "F11")
    assert not window.training.isVisible()
    press(qtbot, window, "Ctrl+T")
    assert window.training.isVisible()


def test_train_is_next_to_the_panels_where_there_is_room_and_over_them_where_not(window, qtbot):
    press(qtbot, window, "Ctrl+T")
    drawer = window.frame.train
    assert not drawer.is_overlay
    assert window.training.start.hasFocus()
    window.resize(*NARROW)
    assert drawer.is_overlay
    assert window.training.isVisible()
    press(qtbot, window, "Esc")
    assert not window.training.isVisible()
    window.resize(*WIDE)
    assert not window.training.isVisible()


@pytest.mark.parametrize("scheme", ["Light", "Dark"])
def test_colours_can_be_chosen_and_are_remembered(make_window, scheme):
    first = make_window()
    action = next(one for one in first.findChildren(QAction) if one.text().replace("&", "") == scheme)
    action.trigger()
    assert theme.dark == (scheme == "Dark")
    make_window.close(first)
    theme.set_scheme(Qt.ColorScheme.Light if scheme == "Dark" else Qt.ColorScheme.Dark)
    second = make_window()
    assert theme.dark == (scheme == "Dark")
    assert next(one for one in second.findChildren(QAction) if one.data() == scheme).isChecked()


def test_size_and_places_are_remembered(make_window):
    first = make_window((1300, 850))
    first.explore.restore({"spine": [310, 480, 400], "drawer": [300]})
    sizes = first.explore.spine.sizes(), first.explore.rows.sizes()
    make_window.close(first)
    second = make_window((1300, 850))
    assert (second.explore.spine.sizes(), second.explore.rows.sizes()) == sizes


def test_the_first_window_fits_the_screen(make_window):
    window = make_window(size=None)
    room = window.screen().availableSize()
    assert window.width() <= min(1440, room.width())
    assert window.height() <= min(900, room.height())


def test_damaged_settings_do_not_hinder_the_window(make_window):
    from vae_explorer import paths

    paths.settings_file().write_bytes(
        b"\0\xff[General]\ngeometry=@ByteArray(rubbish)\nspine=7, x\ndrawer=-3\nscheme=Purple\nrecent=\n"
    )
    assert make_window(size=None).isVisible()


# training, errors, the end


def test_the_first_snapshot_of_a_run_is_shown_and_named(window, model, config, qtbot):
    window.training.form.set_config(config)
    qtbot.mouseClick(window.training.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.session.model.shows_trained, timeout=WAIT)
    qtbot.waitUntil(lambda: window.session.training.state == "finished", timeout=WAIT)
    assert window.findChild(QWidget, "latentSlider_1") is not None
    encoded_ = window.session.image
    qtbot.waitUntil(lambda: encoded_.posterior is not None, timeout=WAIT)  # a validation image
    qtbot.waitUntil(lambda: not window.session.training.is_active, timeout=WAIT)
    assert window.title.which.itemText(0) == "mine"


def test_the_run_bar_says_how_the_training_is_and_takes_the_focus(window, config, qtbot):
    window.training.form.set_config(config.model_copy(update={"epochs": 100_000}))
    qtbot.mouseClick(window.training.start, Qt.MouseButton.LeftButton)
    assert window.run_bar.stop.hasFocus()
    qtbot.waitUntil(lambda: "epoch" in window.run_bar.line.text, timeout=WAIT)
    qtbot.mouseClick(window.run_bar.pause, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "paused" in window.run_bar.line.text, timeout=WAIT)
    qtbot.mouseClick(window.run_bar.stop, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not window.session.training.is_active, timeout=WAIT)
    assert "paused" not in window.run_bar.line.text


@pytest.mark.parametrize("paused", [False, True])
def test_closing_during_a_run_saves_it_and_ends_clean(make_window, config, qtbot, paused):
    window = make_window()
    session = window.session
    window.training.form.set_config(config.model_copy(update={"epochs": 100_000}))
    qtbot.mouseClick(window.training.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(session.training.curves.epochs) > 2, timeout=WAIT)
    if paused:
        qtbot.mouseClick(window.run_bar.pause, Qt.MouseButton.LeftButton)
    make_window.close(window)
    assert session.training.state == "stopped"
    (run,) = session.training.resumable()
    assert run.state_path.exists()
    assert run.model_path.exists()
    assert not run.lock_path.exists()


def test_a_closed_run_is_offered_when_the_window_opens_again(make_window, config, qtbot):
    first = make_window()
    first.training.form.set_config(config.model_copy(update={"epochs": 100_000}))
    qtbot.mouseClick(first.training.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(first.session.training.curves.epochs) > 2, timeout=WAIT)
    make_window.close(first)
    second = make_window()
    assert second.training.resume.offer.isVisible()
    make_window.close(second)
    narrow = make_window(NARROW)  # there the offer would hide the panels
    assert not narrow.training.isVisible()
    assert "was interrupted" in narrow.run_bar.message.text
    press(qtbot, narrow, "Ctrl+T")
    assert narrow.training.resume.offer.isVisible()


def test_closing_while_a_model_is_being_opened_ends_clean(make_window):
    window = make_window()
    window.session.model.open("mnist")
    make_window.close(window)
    assert window.session.is_closed


def test_about_says_the_version_and_the_licence(window, monkeypatch):
    from vae_explorer import __version__
    from vae_explorer.ui.window.menu import about

    shown = []
    monkeypatch.setattr(about.QMessageBox, "about", lambda *arguments: shown.append(arguments))
    window.about()
    licence = (Path(vae_explorer.__file__).parents[1] / "LICENSE").read_text("utf-8").splitlines()[0]
    assert __version__ in shown[0][2]
    assert licence in shown[0][2]


def test_the_tabs_and_what_they_do_have_keys(window, make_model, encoded, files, qtbot):
    session = window.session
    with qtbot.waitSignal(session.model.changed, timeout=WAIT):
        session.model.open(str(make_model(stored=60)))
    window.open_paths([files[0]])
    encoded("image 0.png")
    for at in range(window.drawer.bar.count()):
        press(qtbot, window, f"Ctrl+{at + 1}")
        assert window.drawer.bar.currentIndex() == at
        watched = [getattr(session, key).is_watched for key in window.drawer.views]
        assert watched == [at == other for other in range(window.drawer.bar.count())]
    press(qtbot, window, "Ctrl+D")
    press(qtbot, window, "Ctrl+G")
    assert (session.evidence.settings.seed, session.aggregate.settings.seed) == (1, 1)
    press(qtbot, window, "Ctrl+F")
    assert session.evidence.is_fitting
    qtbot.mouseClick(window.drawer.views["evidence"].fit, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not session.jobs.is_active, timeout=WAIT)
    assert session.evidence.fitted is None


def test_the_folder_of_the_last_picture_is_known_at_the_next_start(window, make_window, tmp_path, qtbot):
    with qtbot.waitSignal(window.session.take_away.told, timeout=WAIT):
        window.session.take_away.write(tmp_path / "plot.svg", b"<svg/>")
    assert window.run_bar.message.text == "Saved: plot.svg"
    make_window.close(window)
    assert make_window().session.take_away.folder == tmp_path


def test_the_picture_cache_is_emptied_by_the_menu_which_says_how_much_is_free(window, qtbot):
    cache.folder().mkdir(parents=True)
    (cache.folder() / "a.npy").write_bytes(bytes(3_000_000))
    next(one for one in window.findChildren(QAction) if one.text() == "&Empty the picture cache").trigger()
    qtbot.waitUntil(lambda: "3 MB were freed" in window.run_bar.message.text, timeout=WAIT)
    assert cache.size() == 0
