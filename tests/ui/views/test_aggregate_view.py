"""The tab of q(z): one dimension and all of them, the average KL in two parts, pictures from four sources."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt

from vae_explorer.errors import UserError
from vae_explorer.session.views.aggregate import NO_IMAGES
from vae_explorer.ui.views.aggregate import POINTS, SATURATED, AggregateView
from vae_explorer.ui.widgets.numbers import figure

WAIT = 30_000  # milliseconds


@pytest.fixture
def aggregate(session):
    session.aggregate.set_watched(True)
    return session.aggregate


@pytest.fixture
def view(session, aggregate, put_on):
    return put_on(AggregateView(session), 1240, 206)


@pytest.fixture
def whole(aggregate, session, qtbot):
    """Waits until everything is there."""

    def wait():
        def there():
            shown, samples = aggregate.shown, aggregate.samples
            is_plain = session.model.lacks("posterior")
            return bool(shown and (is_plain or shown.decomposition) and samples and len(samples.z) == 4)

        qtbot.waitUntil(there, timeout=WAIT)
        return aggregate.shown

    return wait


@pytest.fixture
def filled(view, open_model, make_model, whole):
    open_model(make_model(stored=60, kl=[1.0, 3.0, 2.0]))
    whole()
    return view


def said(view):
    return view.plot._message


def figures(view):
    return "\n".join(line.whole for line in view.figures.values())


def words(view):
    """Everything that is written or said."""
    parts = [view.heading, view.explanation, *view.figures.values(), view.title, view.above_multiples]
    parts += [*view.grids.values(), *view.sources.values(), view.plot, view.multiples]
    told = [one for part in parts for one in (part.toolTip(), part.accessibleName(), part.accessibleDescription())]
    told += [getattr(part, "whole", None) or part.text() for part in parts if hasattr(part, "text")]
    return " ".join([*told, *(entry.text for entry in view.plot.legend)])


def test_without_a_model_it_says_what_to_do(view):
    assert said(view) == "Open a model or train one: its q(z) appears here."
    assert not view.again.isEnabled()


def test_the_mixture_says_how_many_gaussians_it_is_made_of(filled, aggregate):
    components = len(aggregate.shown.q.mixture.weights)
    assert filled.sources["mixture"].whole == f"mixture of {components}\nfitted to q(z)"


def test_a_model_without_stored_posteriors_says_what_is_missing(view, open_model, make_model):
    open_model(make_model())
    assert said(view) == NO_IMAGES
    assert not view.again.isEnabled()
    assert {grid._message for grid in view.grids.values()} == {""}


def test_while_it_works_it_says_at_what(view, aggregate, open_model, make_model, whole):
    seen = []
    aggregate.changed.connect(lambda: seen.append((said(view), figures(view), view.grids["prior"]._message)))
    open_model(make_model(stored=60))
    whole()
    assert "computing q(z)…" in {plot for plot, _, _ in seen}
    assert "sampling…" in {grid for _, _, grid in seen}
    assert (said(view), view.grids["prior"]._message) == ("", "")


def test_its_figures_are_the_sessions_and_the_parts_add_up(filled, aggregate):
    found = aggregate.shown.decomposition
    for nats in (found.kl, found.information, found.marginal_kl, found.log_n):
        assert figure(nats, 2) in figures(filled)
    assert "N = 60" in figures(filled)
    assert found.kl == pytest.approx(found.information + found.marginal_kl)
    assert filled.above_multiples.whole == "3 of 3 dimensions active"
    assert filled.title.whole == "z₁ over 60 images"  # the one of the largest KL


def test_saturated_is_said_only_where_it_is(filled, aggregate):
    found = aggregate.shown.decomposition
    assert bool(filled.saturated.whole) == found.is_saturated
    for information, is_saturated in ((found.log_n, True), (0.5 * found.log_n, False)):
        changed = replace(found, information=information)
        aggregate._densities._held.value = replace(aggregate.shown, decomposition=changed)
        aggregate.changed.emit()
        assert changed.is_saturated == is_saturated
        assert filled.saturated.whole == (SATURATED if is_saturated else "")


def test_a_small_picture_is_chosen_by_click_and_by_key(filled, aggregate, qtbot):
    multiples = filled.multiples
    qtbot.mouseClick(multiples, Qt.MouseButton.LeftButton, pos=multiples.cell_rect(0).center().toPoint())
    assert (aggregate.dimension, filled.title.whole[:2]) == (0, "z₀")
    qtbot.keyClick(multiples, Qt.Key.Key_Home)
    assert (aggregate.dimension, filled.title.whole[:2]) == (1, "z₁")
    assert filled.plot.legend[0].text.startswith("q(z₁)")


def test_a_picture_of_each_source_puts_its_z_on_the_sliders(filled, aggregate, session, qtbot):
    for source, grid in filled.grids.items():
        np.testing.assert_array_equal(grid.property("value"), aggregate.samples.images[source])
        qtbot.mouseClick(grid, Qt.MouseButton.LeftButton, pos=grid.tile_rect(2).center().toPoint())
        np.testing.assert_array_equal(session.latent.z, aggregate.samples.z[source][2])
    grid = filled.grids["prior"]
    grid.setFocus()
    qtbot.keyClick(grid, Qt.Key.Key_End)
    qtbot.keyClick(grid, Qt.Key.Key_Return)
    np.testing.assert_array_equal(session.latent.z, aggregate.samples.z["prior"][-1])


def test_new_samples_can_be_undone(filled, aggregate, session, qtbot):
    before = aggregate.samples.z["prior"]
    qtbot.mouseClick(filled.again, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: aggregate.samples.seed == 1 and len(aggregate.samples.z) == 4, timeout=WAIT)
    assert not np.array_equal(aggregate.samples.z["prior"], before)
    session.undo.undo()
    qtbot.waitUntil(lambda: aggregate.samples.seed == 0 and len(aggregate.samples.z) == 4, timeout=WAIT)
    np.testing.assert_array_equal(aggregate.samples.z["prior"], before)


def test_a_failure_stays_in_sight_until_another_model_is_shown(
    view, aggregate, open_model, make_model, whole, answering, qtbot
):
    works = dict(answering)

    def broken(_request):
        raise UserError("no memory is left")
        yield

    answering["aggregate"] = broken
    open_model(make_model(stored=60))
    qtbot.waitUntil(lambda: bool(aggregate.failure), timeout=WAIT)
    assert said(view) == "q(z) could not be computed: no memory is left"
    aggregate.changed.emit()
    assert said(view) == "q(z) could not be computed: no memory is left"
    assert view.grids["prior"]._message == ""
    answering["aggregate"] = works["aggregate"]
    open_model(make_model("another", stored=60))
    whole()
    assert said(view) == ""


def test_a_plain_autoencoder_has_neither_q_nor_prior_nor_kl(view, open_model, make_model, whole, bring):
    open_model(make_model(kind="autoencoder", stored=60))
    bring(0)
    whole()
    told = words(view)
    assert view.explanation.whole == POINTS
    for word in ("q(z)", "prior", "posterior", "σ", "sigma", "average KL", "computing"):
        assert word not in told
    assert "z₀ of this image" in told
    assert "q(z|x)" not in told.replace(POINTS, "")
    assert not view.saturated.whole
    open_model(make_model("a vae", stored=60))
    whole()
    assert "average KL" in words(view)
