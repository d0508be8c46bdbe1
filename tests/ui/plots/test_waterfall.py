"""log p(x) and its parts, step by step on an axis of nats."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip

from vae_explorer.ui.plots.axis_zoom import LEAST, LEGIBLE, stretches, ticks
from vae_explorer.ui.plots.waterfall import NOT_FINITE, Waterfall
from vae_explorer.ui.theme import theme
from vae_explorer.ui.widgets.numbers import mark

CASES = {  # reconstruction, KL, log p(x), its error
    "a binary image": (-57.5, 19.3, -76.4, 0.05),
    "a density": (648.3, 19.1, 629.6, 0.06),
    "a wide gap": (-127.5, 28.5, -150.1, 0.1),
    "KL far below the gap": (-500.0, 2.0, -402.0, 1.5),
    "no KL": (-200.0, 0.0, -199.7, 0.03),
    "no gap": (-57.5, 19.3, -76.8, 0.0),
    "no reconstruction": (0.0, 19.0, -18.6, None),
    "huge": (-123456.7, 25.0, -123480.2, 0.1),
}


@pytest.fixture
def plot(put_on):
    return put_on(Waterfall(), 520, 200)


def is_near(colour, other, by=6):
    return all(abs(a - b) <= by for a, b in zip(colour.getRgb()[:3], other.getRgb()[:3], strict=True))


def extent(plot, key, colour, stretch):
    """From where to where a row has a colour within one of the axes, in pixels."""
    image, y = plot.grab().toImage(), round(plot.y_of(key))
    shown = plot.stretches[stretch]
    left, right = (plot.x_of(nats, stretch) for nats in (shown.low, shown.high))
    found = [x for x in range(int(left) + 2, int(right) - 1) if is_near(image.pixelColor(x, y), colour)]
    return (found[0], found[-1] + 1) if found else None


@pytest.mark.parametrize("parts", CASES.values(), ids=CASES)
def test_each_step_is_a_bar_from_where_the_last_one_ended(plot, parts):
    plot.set_parts(*parts)
    reconstruction, kl, log_evidence, _ = parts
    elbo = reconstruction - kl
    ways = {"reconstruction": (0.0, reconstruction), "kl": (reconstruction, elbo), "gap": (elbo, log_evidence)}
    for key, way in ways.items():
        if abs(way[1] - way[0]) <= LEAST:
            continue
        seen = [
            (index, shown)
            for index, shown in enumerate(plot.stretches)
            if shown.low <= min(way) and max(way) <= shown.high and abs(way[1] - way[0]) >= LEGIBLE * shown.length
        ]
        assert seen, f"{key} is legible nowhere"
        bar = extent(plot, key, mark(key), seen[-1][0])
        assert bar == pytest.approx(sorted(plot.x_of(nats, seen[-1][0]) for nats in way), abs=3)


def test_the_gap_is_as_long_as_its_nats_on_the_magnified_axis(plot):
    plot.set_parts(-57.5, 19.3, -76.4, 0.05)
    left, right = extent(plot, "gap", mark("gap"), -1)
    one = plot.x_of(-76.0) - plot.x_of(-77.0)
    assert (right - left) / one == pytest.approx(0.4, abs=3 / one)
    whole = plot.x_of(-76.0, 0) - plot.x_of(-77.0, 0)
    assert one / whole == pytest.approx(plot.stretches[-1].magnification)
    assert plot.stretches[-1].magnification == 100


def test_bars_on_one_axis_are_as_long_as_their_nats_to_each_other(plot):
    plot.set_parts(-127.5, 28.5, -150.1, 0.1)
    kl, gap = (np.ptp(extent(plot, key, mark(key), -1)) for key in ("kl", "gap"))
    assert kl / gap == pytest.approx(28.5 / 5.9, rel=0.1)
    reconstruction, whole_kl = (np.ptp(extent(plot, key, mark(key), 0)) for key in ("reconstruction", "kl"))
    assert reconstruction / whole_kl == pytest.approx(127.5 / 28.5, rel=0.1)
    assert kl / whole_kl == pytest.approx(plot.stretches[-1].magnification, rel=0.1)


def test_a_fitted_q_divides_the_gap_in_two_shades(plot):
    plot.set_parts(-57.5, 19.3, -76.4, 0.02, fitted_elbo=-76.55)
    faint, field = mark("gap"), theme.colour("field")
    mixed = [round(0.55 * a + 0.45 * b) for a, b in zip(faint.getRgb()[:3], field.getRgb()[:3], strict=True)]
    encoder, rest = extent(plot, "encoder", mark("gap"), -1), extent(plot, "rest", QColor(*mixed), -1)
    one = plot.x_of(-76.0) - plot.x_of(-77.0)
    assert encoder == pytest.approx([plot.x_of(-76.8), plot.x_of(-76.55)], abs=2)
    assert rest == pytest.approx([plot.x_of(-76.55), plot.x_of(-76.4)], abs=2)
    assert (encoder[1] - encoder[0] + rest[1] - rest[0]) / one == pytest.approx(0.4, abs=4 / one)
    assert "gap, encoder 0.25, gap, rest 0.15" in plot.accessibleDescription()


def test_the_error_of_log_p_is_a_whisker_of_its_length(plot):
    plot.set_parts(-57.5, 19.3, -76.4, 0.1)
    assert extent(plot, "log_evidence", theme.colour("text"), -1) == pytest.approx(
        [plot.x_of(-76.5), plot.x_of(-76.3)], abs=2
    )


def test_a_screen_reader_hears_all_numbers_and_a_test_reads_them_in_full(plot):
    plot.set_parts(-57.5, 19.3, -76.4, 0.05)
    assert plot.accessibleDescription() == (
        "reconstruction −57.50, KL 19.30, ELBO −76.80, gap 0.40, log p(x) −76.40 ± 0.05 nats"
    )
    assert plot.value == {
        "reconstruction": -57.5,
        "kl": 19.3,
        "elbo": -57.5 - 19.3,
        "gap": -76.4 - (-57.5 - 19.3),
        "log_evidence": -76.4,
        "standard_error": 0.05,
        "fitted_elbo": None,
    }


@pytest.mark.parametrize("scale", [100, 150])
@pytest.mark.parametrize("fitted", [None, 629.4])
def test_names_symbols_and_figures_have_room_at_the_tabs_height(qtbot, put_on, scale, fitted):
    theme.set_scale(scale)
    plot = put_on(Waterfall(), theme.pixels(460), theme.pixels(200))
    plot.set_parts(648.3, 19.1, 629.6, 0.06, fitted)
    lettering = plot._lettering()
    assert sum(symbol is not None for symbol in lettering.symbols) == (3 if fitted is None else 4)
    assert lettering.height <= plot._row(0).height()
    assert sum(lettering.columns) < plot.x_of(plot.stretches[0].low, 0)
    assert plot.minimumSizeHint().width() <= theme.pixels(360)


def test_pointing_at_a_row_explains_it(plot, monkeypatch):
    said = []
    monkeypatch.setattr(QToolTip, "showText", lambda _place, text, *_: said.append(text))
    plot.set_parts(-57.5, 19.3, -76.4, 0.05)
    for key in ("kl", "gap"):
        place = QPoint(30, int(plot.y_of(key)))
        QApplication.sendEvent(plot, QHelpEvent(QHelpEvent.Type.ToolTip, place, plot.mapToGlobal(place)))
    assert "prior" in said[0]
    assert "true posterior" in said[1]


def test_without_parts_or_with_a_message_no_bar_is_in_full_colour(plot):
    plot.set_parts(-57.5, 19.3, -76.4, 0.05)
    plot.set_message("log p(x) is being estimated")
    assert extent(plot, "reconstruction", mark("reconstruction"), 0) is None
    assert plot.accessibleDescription().startswith("log p(x) is being estimated. reconstruction")
    plot.set_message(None)
    assert extent(plot, "reconstruction", mark("reconstruction"), 0)
    plot.clear()
    assert plot.value is None
    assert plot.accessibleDescription() == ""


def test_figures_that_are_not_finite_are_said_to_be(plot):
    plot.set_parts(float("nan"), 19.3, float("-inf"), 0.05)
    assert plot.accessibleDescription() == NOT_FINITE
    plot.set_parts(-57.5, 19.3, -76.4, float("nan"))
    assert plot.accessibleDescription().endswith("log p(x) −76.40 nats")


def test_however_narrow_it_is_qt_has_nothing_to_say_of_it(plot, qtlog):
    plot.set_parts(*CASES["a binary image"])
    for width in range(20, 400, 10):
        plot.resize(width, 200)
        plot.grab()
    assert [record.message for record in qtlog.records if "QGradient" in record.message] == []


def test_it_follows_the_theme(plot):
    plot.set_parts(-57.5, 19.3, -76.4, 0.05)
    theme.set_scheme(Qt.ColorScheme.Light)
    assert extent(plot, "kl", mark("kl"), 0)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(), st.floats(), st.floats(), st.none() | st.floats(), st.none() | st.floats())
def test_no_figure_stops_the_painting(plot, monkeypatch, reconstruction, kl, log_evidence, error, fitted):
    failures = []
    monkeypatch.setattr("sys.excepthook", lambda *failure: failures.append(failure))
    plot.set_parts(reconstruction, kl, log_evidence, error, fitted)
    plot.grab()
    assert failures == []


SIZES = st.floats(0, 1e6)


@settings(max_examples=200, deadline=None)
@given(st.floats(-1e6, 1e6), SIZES, SIZES)
def test_every_step_is_legible_in_a_stretch_that_lies_in_the_one_before(reconstruction, kl, gap):
    elbo = reconstruction - kl
    steps = [(reconstruction, elbo), (elbo, elbo + gap)]
    ends = [0.0, reconstruction, elbo, elbo + gap]
    shown = stretches((min(ends), max(ends)), steps)
    for low, high in map(sorted, steps):
        legible = any(s.low <= low and high <= s.high and high - low >= LEGIBLE * s.length for s in shown)
        assert legible or high - low <= max(LEAST, 1e-10 * shown[0].length)
    for outer, inner in pairwise(shown):
        assert outer.low - 1e-6 <= inner.low
        assert inner.high <= outer.high + 1e-6
        assert inner.magnification == pytest.approx(shown[0].length / inner.length, rel=1e-3)


@settings(max_examples=100, deadline=None)
@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_an_axis_has_two_to_six_round_ticks(low, length):
    step, places = ticks(low, low + length)
    assert 2 <= len(places) <= 6
    assert np.isclose(step / 10 ** np.floor(np.log10(step) + 1e-9), [1, 2, 5]).any()


@pytest.mark.parametrize(("error", "wanted"), [(0.6, "± 0.6"), (0.04, "± 0.04"), (0.012, "± 0.01"), (0.0, "± 0.0")])
def test_an_error_is_not_rounded_to_none(error, wanted):
    from vae_explorer.ui.plots.waterfall_steps import steps_of

    *_, last = steps_of(-198.9, 6.5, -205.4, -188.0, error, None)
    assert last.text == f"−188.0 {wanted}"


@pytest.mark.parametrize("parts", CASES.values(), ids=CASES)
def test_ticks_never_collide(plot, parts):
    plot.set_parts(*parts)
    for width in range(280, 700, 20):
        plot.resize(width, 160)
        for index in range(len(plot.stretches)):
            for (_, _, right), (text, left, _) in pairwise(plot.tick_texts(index)):
                assert right + 4 <= left, (width, text)


def test_figures_of_an_earlier_snapshot_are_dimmed(plot):
    plot.set_parts(-57.5, 19.3, -76.4, 0.05)
    assert extent(plot, "kl", mark("kl"), 0)
    plot.set_late(True)
    assert extent(plot, "kl", mark("kl"), 0) is None
    assert plot.value["gap"]
