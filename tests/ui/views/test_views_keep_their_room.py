"""What a view shows never decides how large it is, or where its parts are."""

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QAbstractScrollArea, QCheckBox, QLabel, QPushButton, QScrollArea, QWidget

from vae_explorer.ui.theme import theme
from vae_explorer.ui.views.evidence import EARLIER
from vae_explorer.ui.views.lines import Lines
from vae_explorer.ui.views.registry import VIEWS

WAIT = 20_000  # milliseconds
DRAWER, STAGE, NARROW = (1424, 190), (1424, 690), (1000, 190)


@pytest.fixture
def make_view(session, put_on):
    """A view by its key, watched, at a size."""

    def make(key, size=DRAWER):
        entry = {entry.key: entry for entry in VIEWS}[key]
        view = put_on(entry.widget(session), *size)
        session.noun(key, entry.noun).set_watched(True)
        return view

    return make


@pytest.fixture
def filled(session, open_model, make_model, bring, qtbot):
    """Opens a model with everything that the views ask for."""

    def fill():
        session.evidence.set_importance_samples(300)
        session.evidence.set_watched(True)
        open_model(make_model(stored=60, kl=[1.0, 2.0, 3.0]))
        bring(0)
        qtbot.waitUntil(
            lambda: bool(
                session.evidence.shown and session.evidence.shown.is_whole and session.posterior_samples.shown
            ),
            timeout=WAIT,
        )

    return fill


def places(view):
    """Where each visible widget is."""
    return {
        id(part): (type(part).__name__, part.objectName(), part.geometry().getRect())
        for part in view.findChildren(QWidget)
        if part.isVisible()
    }


@pytest.mark.parametrize("key", [entry.key for entry in VIEWS])
def test_no_part_of_a_view_moves_while_a_run_goes_on(key, session, make_view, config, qtbot, bring):
    view = make_view(key)
    session.evidence.set_importance_samples(200)
    session.training.start(config.model_copy(update={"epochs": 10_000, "z_dim": 3}))
    qtbot.waitUntil(lambda: session.model.shows_trained and session.image.posterior is not None, timeout=WAIT)
    noun = getattr(session, key)
    drawn = {
        "evidence": lambda: noun.shown and noun.shown.is_whole,
        "aggregate": lambda: noun.shown and noun.shown.decomposition and noun.samples and len(noun.samples.z) == 4,
        "typical": lambda: noun.neighbours is not None,
        "posterior_samples": lambda: noun.apart,
    }.get(key, lambda: noun.shown)
    qtbot.waitUntil(lambda: bool(drawn()), timeout=WAIT)
    for plot in view.findChildren(QWidget):
        if hasattr(plot, "_draw"):
            plot._draw()
    view.grab()
    before, numbers, moved = places(view), set(), []

    def look():
        numbers.add(session.image.posterior.number)
        now = places(view)
        moved.extend(now[part] for part in now if now.get(part) != before.get(part))
        return len(numbers) >= 4

    qtbot.waitUntil(look, timeout=WAIT)
    session.training.stop()
    qtbot.waitUntil(lambda: not session.training.is_active, timeout=WAIT)
    assert not moved


@pytest.mark.parametrize("key", [entry.key for entry in VIEWS])
def test_a_view_asks_for_little_room_whatever_it_shows(key, make_view, filled):
    view = make_view(key)
    empty = view.minimumSizeHint()
    assert empty.width() <= 640
    assert empty.height() <= 120
    filled()
    assert view.minimumSizeHint() == empty


@pytest.mark.parametrize("size", [DRAWER, NARROW, STAGE])
@pytest.mark.parametrize("scale", [80, 100, 150, 200])
@pytest.mark.parametrize("key", [entry.key for entry in VIEWS])
def test_no_text_is_cut_and_nothing_overlaps_at_any_size_of_type(key, scale, size, make_view):
    theme.set_scale(scale)
    view = make_view(key, size)
    view.grab()
    for part in view.findChildren(QWidget):
        if isinstance(part, QPushButton | QCheckBox | QLabel) and part.isVisible():
            assert part.height() >= part.minimumSizeHint().height()
            if not isinstance(part, Lines):
                assert part.width() >= part.minimumSizeHint().width(), part.text()
    for parent in (view, *view.findChildren(QWidget)):
        parts = [p for p in parent.findChildren(QWidget) if p.parentWidget() is parent and p.isVisible()]
        if isinstance(parent, QAbstractScrollArea):
            continue
        for at, one in enumerate(parts):
            for other in parts[at + 1 :]:
                assert not one.geometry().intersects(other.geometry()), (one, other)


@pytest.mark.parametrize("scale", [125, 150])
@pytest.mark.parametrize("key", [entry.key for entry in VIEWS])
def test_an_enlarged_view_has_its_controls_in_sight_after_the_text_was_made_larger(key, scale, make_view, qtbot):
    view = make_view(key, STAGE)
    theme.set_scale(scale)
    bars = [area.verticalScrollBar() for area in view.findChildren(QScrollArea) if area.findChildren(Lines)]
    assert bars
    qtbot.waitUntil(lambda: all(bar.maximum() == 0 for bar in bars), timeout=WAIT)


def test_a_last_known_gap_stays_dimmed_until_the_next(session, make_view, filled, qtbot):
    view = make_view("evidence")
    filled()
    gap = view.waterfall.property("value")["gap"]
    workspace, image = session.model.current, session.image.image
    session.evidence._draws.want = lambda _request: None  # the next ones do not come
    workspace.encoded[image] = replace(session.image.posterior, number=7)
    session.image.encoded.emit()
    qtbot.waitUntil(lambda: view.waterfall._is_late, timeout=WAIT)
    assert view.waterfall.property("value")["gap"] == gap
    assert view.under_waterfall.whole == EARLIER
    del session.evidence._draws.want
    session.image.encoded.emit()
    qtbot.waitUntil(lambda: not view.waterfall._is_late, timeout=WAIT)
    assert view.under_waterfall.whole != EARLIER


def test_an_axis_without_data_is_not_drawn(session, make_view, filled, qtbot):
    view = make_view("evidence")
    filled()
    qtbot.waitUntil(lambda: view.growth._plot is not None and view.growth._plot.isVisible(), timeout=WAIT)
    session.image.remove(session.image.image)
    for plot in (view.growth, view.histogram):
        assert plot._plot is None or not plot._plot.isVisible()


def test_text_that_does_not_fit_is_elided_and_whole_in_the_tooltip(put_on):
    lines = put_on(Lines("a sentence of some length that is longer than its place", 2), 120, 60)
    assert len(lines.text().split("\n")) == 2
    assert lines.text().endswith("…")
    assert lines.toolTip() == lines.whole == lines.accessibleName()
    height = lines.sizeHint().height()
    lines.say("short", tip="what it means")
    assert (lines.text(), lines.toolTip(), lines.sizeHint().height()) == ("short", "what it means", height)


def test_every_control_of_a_view_has_a_name_and_is_reached_by_tab(make_view):
    for entry in VIEWS:
        view = make_view(entry.key)
        for part in view.findChildren(QWidget):
            is_control = isinstance(part, QPushButton | QCheckBox) or part.metaObject().className().endswith("SpinBox")
            if is_control:
                assert part.accessibleName() or part.text()
                assert part.focusPolicy().value & 1  # by Tab
