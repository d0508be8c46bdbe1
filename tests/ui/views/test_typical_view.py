"""How typical: the percentile of the ELBO, the place in z, and the nearest test images."""

import numpy as np
import pytest
from PySide6.QtCore import Qt

from vae_explorer.errors import UserError
from vae_explorer.session.views.typical import NO_DATA
from vae_explorer.ui.panels.image.image_panel import ImagePanel
from vae_explorer.ui.views.typical import TypicalView
from vae_explorer.ui.widgets.numbers import figure

WAIT = 30_000  # milliseconds


@pytest.fixture
def typical(session):
    session.typical.set_watched(True)
    session.evidence.set_importance_samples(200)
    return session.typical


@pytest.fixture
def view(session, typical, put_on):
    return put_on(TypicalView(session), 1240, 206)


@pytest.fixture
def with_tests(open_model, make_model, session, typical, qtbot):
    """A model whose data brings 1,000 test images."""

    def open_it(**options):
        open_model(make_model("with tests", side=28, data="mnist", likelihood="bernoulli", **options))
        qtbot.waitUntil(lambda: session.image.posterior is not None, timeout=WAIT)

    return open_it


@pytest.fixture
def filled(view, with_tests, typical, qtbot):
    with_tests(kl=[1.0, 2.0, 3.0])
    qtbot.waitUntil(lambda: typical.neighbours is not None, timeout=WAIT)
    return view


def message(view):
    return view.grid.accessibleDescription()


def test_without_an_image_it_says_what_to_do(view, open_model, make_model):
    open_model(make_model())
    assert message(view) == "Drop an image: the images nearest to it appear here."
    assert (view.percentile.whole, view.norm.whole) == ("", "")


def test_without_the_test_images_and_before_a_runs_end_it_says_what_is_missing(view, open_model, make_model, bring):
    open_model(make_model())
    bring(0)
    assert message(view) == NO_DATA
    assert view.percentile.whole == "The ELBO of the test images is known once a run has ended."
    assert not view.histogram._has_figures()


def test_while_it_looks_for_neighbours_it_says_so(view, typical, with_tests, qtbot):
    seen = []
    typical.changed.connect(lambda: seen.append(message(view)))
    with_tests(kl=[1.0, 2.0, 3.0])
    qtbot.waitUntil(lambda: typical.neighbours is not None, timeout=WAIT)
    assert "looking for its neighbours…" in seen
    assert message(view) == ""


def test_its_figures_are_those_of_the_image_panel(view, session, typical, open_model, make_model, bring, put_on, qtbot):
    panel = put_on(ImagePanel(session))
    open_model(make_model(kl=[1.0, 2.0, 3.0]))
    bring(0)
    qtbot.waitUntil(lambda: bool(session.evidence.shown and session.evidence.shown.is_whole), timeout=WAIT)
    elbo = figure(session.evidence.shown.elbo, 1)
    assert f"{elbo}\u00a0nats" in view.percentile.whole
    assert panel.figures["elbo"].text() == elbo
    assert f"{typical.percentile:.0f}\u00a0% of" in view.percentile.whole
    assert view.histogram._lines["elbo"] == session.evidence.shown.elbo
    norm = figure(float(np.square(session.image.posterior.mu, dtype=np.float64).sum()), 1)
    assert f"‖μ‖² = {norm}. " in view.norm.whole
    assert "N(0, I) 3\u00a0±\u00a02.4" in view.norm.whole  # chi-squared of three degrees of freedom


def test_the_histogram_is_that_of_the_quantiles(view, open_model, make_model, bring):
    """The quantiles of the test model are even, so its bars are too."""
    open_model(make_model(kl=[1.0, 2.0, 3.0]))
    bring(0)
    assert view.histogram.legend[0].text.startswith("test images")
    counts, edges = view.histogram._counts, view.histogram._edges
    inside = counts[(edges[:-1] > -20) & (edges[1:] < -5)]
    if len(inside) > 4:
        assert np.ptp(inside) <= 2
    assert counts.sum() == len(view.histogram._values)


def test_the_nearest_is_the_image_itself_and_a_click_or_a_key_encodes_one(filled, session, typical, qtbot):
    neighbours = typical.neighbours
    assert neighbours.distances[0] == pytest.approx(0, abs=1e-5)
    np.testing.assert_array_equal(filled.grid.property("value"), neighbours.images)
    assert neighbours.names[1] in filled.grid._captions[1]
    assert "nearest of 1,000 images" in filled.above_grid.whole
    for choose, at in ((_click, 3), (_key, 2)):
        name, before = typical.neighbours.names[at], session.image.image
        choose(qtbot, filled.grid, at)
        qtbot.waitUntil(
            lambda before=before: session.image.image != before and session.image.posterior is not None, timeout=WAIT
        )
        assert session.image.pictures[session.image.image].name == name
        assert typical.neighbours.distances[0] == pytest.approx(0, abs=1e-5)


def _click(qtbot, grid, at):
    qtbot.mouseClick(grid, Qt.MouseButton.LeftButton, pos=grid.tile_rect(at).center().toPoint())


def _key(qtbot, grid, at):
    grid.setFocus()
    qtbot.keyClick(grid, Qt.Key.Key_Home)
    for _ in range(at):
        qtbot.keyClick(grid, Qt.Key.Key_Right)
    qtbot.keyClick(grid, Qt.Key.Key_Space)


def test_a_failure_stays_in_sight_until_another_model_is_shown(
    view, typical, with_tests, open_model, make_model, answering, qtbot
):
    def broken(_request):
        raise UserError("no memory is left")
        yield

    answering["data_posteriors"] = broken
    with_tests(kl=[1.0, 2.0, 3.0])
    qtbot.waitUntil(lambda: bool(typical.failure), timeout=WAIT)
    typical.changed.emit()
    assert message(view).startswith("The neighbours could not be found: ")
    assert message(view).endswith("no memory is left")
    open_model(make_model("another"))
    assert "no memory" not in message(view)


def test_a_grey_x_has_no_elbo_to_compare_and_the_way_out_is_said(filled, session, qtbot):
    session.image.set_switch("binarise", False)
    qtbot.waitUntil(lambda: not session.image.posterior.is_likelihood, timeout=WAIT)
    assert "switch binarise on" in filled.percentile.whole
    assert not filled.histogram._has_figures()


def test_a_plain_autoencoder_has_no_elbo_but_neighbours(view, typical, with_tests, qtbot):
    with_tests(kind="autoencoder")
    qtbot.waitUntil(lambda: typical.neighbours is not None, timeout=WAIT)
    assert not view._elbo.isVisibleTo(view)
    assert not view.percentile.whole
    assert "has no ELBO to compare" in view.explanation.whole
    told = " ".join(text.whole for text in (view.norm, view.above_grid))
    for word in ("μ", "q(z", "ELBO", "σ"):
        assert word not in told
    assert "‖z(x)‖²" in view.norm.whole
    assert len(view.grid.property("value")) == 16
