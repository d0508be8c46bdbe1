"""What is shown of the window: the spine in its two sizes, the drawer of views, one page where there is no room."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QWidget

WAIT = 20_000  # milliseconds
SMALL = (800, 600)  # pixels: no room for three panels


@pytest.fixture
def shown(window, model, files, encoded):
    """A window with a model and an image, and its posterior."""
    window.open_paths([files[0]])
    encoded("image 0.png")
    return window


def click_tab(window, key, qtbot, *, double=False):
    bar = window.drawer.bar
    place = bar.tabRect(window.drawer.keys.index(key)).center()
    qtbot.mouseClick(bar, Qt.MouseButton.LeftButton, pos=place)
    if double:
        qtbot.mouseDClick(bar, Qt.MouseButton.LeftButton, pos=place)


def panels_in_sight(window):
    return [panel.isVisible() for panel in (window.image, window.latent, window.decoded)]


def test_the_names_of_the_new_parts(window):
    names = "spine spineStrip workspace_explore enlargeView runBar trainDrawer view_evidence view_posterior_samples"
    counts = {name: len(window.findChildren(QWidget, name)) for name in names.split()}
    assert counts == dict.fromkeys(counts, 1)


def test_a_view_is_enlarged_by_a_double_click_the_button_or_a_key_and_comes_back(shown, qtbot):
    window = shown
    leave = (
        lambda: qtbot.keyClick(window, Qt.Key.Key_Escape),
        lambda: qtbot.mouseClick(window.drawer.enlarge, Qt.MouseButton.LeftButton),
        lambda: qtbot.mouseClick(window.strip.explore, Qt.MouseButton.LeftButton),
    )
    enlarge = (
        lambda: click_tab(window, "evidence", qtbot, double=True),
        lambda: qtbot.mouseClick(window.drawer.enlarge, Qt.MouseButton.LeftButton),
        lambda: qtbot.keyClick(window, Qt.Key.Key_F12),
    )
    for go, back in zip(enlarge, leave, strict=True):
        small = window.drawer.height()
        go()
        assert panels_in_sight(window) == [False] * 3
        assert window.strip.isVisible()
        qtbot.waitUntil(lambda small=small: window.drawer.height() > 2 * small, timeout=WAIT)
        back()
        assert panels_in_sight(window) == [True] * 3
        assert not window.strip.isVisible()
        qtbot.waitUntil(lambda small=small: window.drawer.height() == small, timeout=WAIT)


def test_the_strip_shows_what_the_panels_show(shown, qtbot):
    window, session = shown, shown.session
    window.enlarge_view(True)
    posterior, strip = session.image.posterior, window.strip
    np.testing.assert_array_equal(strip.image.property("value"), posterior.x)
    z = session.latent.z + np.float32(0.5)
    session.latent.set_z(z)
    qtbot.waitUntil(lambda: np.array_equal(session.decoded.shown.z, z), timeout=WAIT)
    np.testing.assert_array_equal(strip.picture.property("value"), window.decoded.view.property("value"))
    for key, number in strip.figures.figures.items():
        assert number.text() == window.image.line.figures[key].text()


def test_a_dimension_that_is_pointed_at_lights_up_in_the_strip_too(shown):
    shown.enlarge_view(True)
    shown.session.latent.point_at(1)
    assert (shown.strip.posterior.pointed, shown.strip.z.pointed) == (1, 1)
    shown.session.latent.point_at(None)
    assert (shown.strip.posterior.pointed, shown.strip.z.pointed) == (-1, -1)


def test_only_the_view_in_sight_is_computed(shown, qtbot):
    window, session = shown, shown.session
    click_tab(window, "typical", qtbot)
    assert session.typical.is_watched
    window.fold_drawer(True)
    assert not session.typical.is_watched
    assert window.drawer.height() < 60
    assert window.drawer.bar.isVisible()
    click_tab(window, "evidence", qtbot)  # brings it back
    assert session.evidence.is_watched
    assert window.drawer.height() > 200


def test_without_room_the_panels_are_pages_between_the_views_and_nothing_is_lost(shown, qtbot):
    window = shown
    before = window.session.latent.z
    window.resize(*SMALL)
    assert window.drawer.keys[:3] == ("image", "latent", "decoded")
    assert window.strip.isVisible()
    for key, panel in (("image", window.image), ("decoded", window.decoded), ("latent", window.latent)):
        click_tab(window, key, qtbot)
        assert panels_in_sight(window) == [other is panel for other in (window.image, window.latent, window.decoded)]
    qtbot.mouseClick(window.strip.picture, Qt.MouseButton.LeftButton)
    assert window.decoded.isVisible()
    window.resize(1440, 900)
    assert panels_in_sight(window) == [True] * 3
    places = [panel.mapTo(window, QPoint()).x() for panel in (window.image, window.latent, window.decoded)]
    assert places == sorted(places)
    assert "image" not in window.drawer.keys
    np.testing.assert_array_equal(window.session.latent.z, before)


def test_a_drawer_that_is_folded_for_lack_of_room_leaves_the_rest_to_the_panels(shown, qtbot):
    shown.resize(1100, 620)
    assert shown.frame.arrangement.drawer == "folded"
    bottom = shown.explore.height()
    qtbot.waitUntil(lambda: shown.drawer.geometry().bottom() >= bottom - 2, timeout=WAIT)
    assert shown.explore.spine.height() > bottom - 60


def test_without_room_below_the_panels_a_view_that_is_chosen_is_enlarged(shown, qtbot):
    window = shown
    window.resize(1100, 620)
    assert window.frame.arrangement.drawer == "folded"
    click_tab(window, "prior_samples", qtbot)
    assert window.frame.arrangement.drawer == "enlarged"
    assert window.session.prior_samples.is_watched
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert panels_in_sight(window) == [True] * 3


def test_curves_open_above_the_run_bar_and_move_no_panel(window, qtbot):
    places = [window.image.geometry(), window.latent.geometry(), window.decoded.geometry()]
    widths = [place.width() for place in places]
    qtbot.keyClick(window, Qt.Key.Key_F7)
    assert window.run_sheet.isVisible()
    assert window.run_sheet.mapTo(window, QPoint()).y() > window.image.mapTo(window, QPoint()).y()
    assert [panel.width() for panel in (window.image, window.latent, window.decoded)] == widths
    qtbot.keyClick(window, Qt.Key.Key_F7)
    assert not window.run_sheet.isVisible()
    qtbot.waitUntil(
        lambda: [window.image.geometry(), window.latent.geometry(), window.decoded.geometry()] == places, timeout=WAIT
    )


def test_what_is_shown_follows_the_menu_and_the_menu_what_is_shown(window, qtbot):
    menu = window.menu
    menu.enlarge.trigger()
    assert window.frame.arrangement.drawer == "enlarged"
    window.frame.leave_enlarged()
    assert not menu.enlarge.isChecked()
    window.fold_drawer(True)
    assert menu.fold.isChecked()
    window.set_train_visible(True)
    assert menu.train.isChecked()
    window.toggle_run_sheet(True)
    assert menu.curves.isChecked()


def test_models_of_the_list_can_be_closed(shown, make_model, qtbot):
    window, model = shown, shown.session.model
    with qtbot.waitSignal(model.changed, timeout=WAIT):
        model.open(str(make_model("other")))
    assert [one.name for one in model.models] == ["mine", "other"]
    qtbot.keyClick(window, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    assert [one.name for one in model.models] == ["mine"]
    assert window.title.which.currentText() == "mine"
