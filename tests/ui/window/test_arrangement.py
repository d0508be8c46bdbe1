"""What has room in the window, as a table: no window is needed to know it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vae_explorer.ui.window.arrangement import (
    BAR,
    DRAWER,
    GAP,
    PANELS_HEIGHT,
    PRESENTED,
    RUN_BAR,
    STRIP,
    TABS,
    Room,
    Wishes,
    arranged,
    can_open_drawer,
    presentation_scale,
)

TYPE = st.sampled_from((0.8, 1.0, 1.25, 1.5, 1.87, 2.0))
ROOMS = st.builds(Room, st.integers(720, 4000), st.integers(480, 2400), TYPE)
WISHES = st.builds(
    Wishes,
    drawer=st.sampled_from(("open", "folded", "enlarged")),
    train=st.booleans(),
    offer=st.booleans(),
    sheet=st.booleans(),
    presentation=st.booleans(),
    is_running=st.booleans(),
)


@pytest.mark.parametrize(
    ("size", "scale", "three_panels", "drawer", "train"),
    [
        ((1440, 900), 1.0, True, "open", "docked"),
        ((1366, 731), 1.0, True, "open", "docked"),
        ((1280, 720), 1.0, True, "open", "overlay"),
        ((1024, 700), 1.0, True, "open", "overlay"),
        ((1024, 700), 1.25, False, "enlarged", "overlay"),
        ((800, 600), 1.0, False, "enlarged", "overlay"),
        ((720, 480), 1.0, False, "enlarged", "overlay"),
        ((1440, 900), 1.5, False, "enlarged", "overlay"),
        ((1920, 1080), 1.5, True, "open", "overlay"),
    ],
)
def test_common_screens(size, scale, three_panels, drawer, train):
    now = arranged(Room(*size, scale), Wishes(train=True))
    assert (not now.one_panel, now.drawer, now.train) == (three_panels, drawer, train)
    assert bool(now.strip) != three_panels


@given(ROOMS, WISHES)
def test_the_spine_is_never_hidden_nor_is_a_run(room, wishes):
    """As three panels or as the strip."""
    now = arranged(room, wishes)
    assert now.strip >= STRIP or not (now.one_panel or now.drawer == "enlarged")
    assert now.run_bar or not wishes.is_running
    assert now.train != "hidden" or not wishes.train
    assert now.train != "overlay" or wishes.train  # an offer hides nothing
    assert bool(now.sheet) == wishes.sheet


@given(ROOMS, WISHES)
def test_a_larger_window_never_shows_less(room, wishes):
    now, larger = arranged(room, wishes), arranged(Room(room.width + 200, room.height + 200, room.scale), wishes)
    assert now.one_panel >= larger.one_panel
    order = ("hidden", "folded", "open")
    if now.drawer in order and larger.drawer in order:
        assert order.index(larger.drawer) >= order.index(now.drawer)


@given(ROOMS, WISHES)
def test_what_can_be_opened_is_open_when_it_is_asked_for(room, wishes):
    wishes = wishes._replace(drawer="open")
    assert can_open_drawer(room, wishes) == (arranged(room, wishes).drawer == "open")


@given(ROOMS, WISHES)
def test_what_is_shown_has_room(room, wishes):
    now = arranged(room, wishes)
    fixed = (BAR + RUN_BAR * now.run_bar + 2 * GAP) * room.scale + now.strip + now.sheet
    panels = 0 if now.strip else PANELS_HEIGHT * room.scale
    drawer = {"open": DRAWER, "folded": TABS}.get(now.drawer, 0) * room.scale
    assert fixed + panels + drawer <= room.height + 2


def test_an_enlarged_view_has_the_strip_above_it():
    now = arranged(Room(1440, 900, 1), Wishes(drawer="enlarged"))
    assert (now.strip, now.drawer, now.one_panel) == (STRIP, "enlarged", False)


def test_in_a_presentation_the_strip_holds_a_picture_of_224_pixels_and_the_bar_of_the_run_is_folded():
    wishes = Wishes(drawer="enlarged", presentation=True)
    now = arranged(Room(1280, 720, presentation_scale(1280, 720)), wishes)
    assert now.strip == PRESENTED >= 224 + 8
    assert not now.run_bar
    assert arranged(Room(1280, 720, 1.25), wishes._replace(is_running=True)).run_bar


@pytest.mark.parametrize("size", [(1280, 720), (1024, 768), (1920, 1080), (1920, 1200), (3840, 2160)])
def test_the_smallest_type_of_a_presentation_is_14_pixels_and_wide_screens_show_all_panels(size):
    caption = 0.88 * 10 / 72 * 96  # pixels at 100 %
    scale = presentation_scale(*size)
    assert caption * scale >= 14
    assert arranged(Room(*size, scale), Wishes(presentation=True)).one_panel == (size[0] < 1280)
