"""The Evidence tab: its four states, its words, and that its figures are the session's and the command's."""

import json

import numpy as np
import pytest
from PySide6.QtCore import Qt

from vae_explorer import cli
from vae_explorer.core.card import AUTOENCODER_WHY_NOT
from vae_explorer.core.judgement import best_estimate
from vae_explorer.errors import UserError
from vae_explorer.export.picture import png
from vae_explorer.session.state.model import origins_of
from vae_explorer.session.views.evidence import GREY, NO_IMAGE
from vae_explorer.ui.panels.image.image_panel import ImagePanel
from vae_explorer.ui.theme import theme
from vae_explorer.ui.views.evidence import CANCEL, FIT, EvidenceView
from vae_explorer.ui.widgets.numbers import figure

WAIT = 30_000  # milliseconds
K = 300


@pytest.fixture
def evidence(session):
    session.evidence.set_importance_samples(K)
    session.evidence.set_watched(True)
    return session.evidence


@pytest.fixture
def view(session, evidence, put_on):
    return put_on(EvidenceView(session), 1200, 210)


@pytest.fixture
def whole(evidence, qtbot):
    """Waits until all draws are there, and for z of two dimensions the integral."""

    def wait(session):
        flat = session.model.snapshot.z_dim == 2
        qtbot.waitUntil(
            lambda: bool(evidence.shown and evidence.shown.is_whole and (evidence.map or not flat)), timeout=WAIT
        )
        return evidence.shown

    return wait


@pytest.fixture
def filled(view, session, open_model, make_model, bring, whole):
    open_model(make_model())
    bring(0)
    whole(session)
    return view


@pytest.fixture
def fitted(qtbot, evidence):
    def fit(view):
        qtbot.mouseClick(view.fit, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: evidence.fitted is not None and not evidence.is_fitting, timeout=WAIT)
        return evidence.fitted

    return fit


def said(view):
    return view.waterfall.accessibleDescription()


def columns(view):
    return [column.isVisibleTo(view) for column in view._columns]


def test_without_an_image_it_says_what_to_do_in_one_wide_place(view, open_model, make_model):
    open_model(make_model())
    assert said(view) == NO_IMAGE
    assert columns(view) == [True, False, False, False]
    assert not any(control.isEnabled() for control in (view.fit, view.again, view.count, view.seed))


def test_while_it_draws_it_says_so(view, evidence, session, open_model, make_model, bring, whole):
    seen = []
    evidence.changed.connect(lambda: seen.append(said(view)))
    open_model(make_model())
    bring(0)
    whole(session)
    assert "drawing z…" in seen
    assert "drawing" not in said(view)


def test_its_figures_are_those_of_the_session_and_of_the_image_panel(filled, session, put_on):
    shown, value, panel = session.evidence.shown, filled.waterfall.property("value"), put_on(ImagePanel(session))
    panel._on_encoded()
    for key in ("reconstruction", "kl", "elbo", "gap", "log_evidence", "standard_error"):
        assert value[key] == pytest.approx(getattr(shown, key), abs=1e-9)
    for key in ("reconstruction", "kl"):
        assert panel.figures[key].text() == figure(value[key], 1)
    assert filled.warning.whole in panel.figures["gap"].toolTip()
    assert panel.figures["gap"].text() == figure(value["gap"], 1)
    assert figure(shown.log_evidence, 2) in filled.growth.accessibleDescription()
    assert figure(shown.kl, 2) in filled.under_waterfall.whole
    assert figure(shown.encoded.kl, 2) in filled.under_waterfall.whole
    assert filled.histogram._lines == {"elbo": shown.elbo, "log_evidence": shown.log_evidence}
    assert columns(filled) == [True, True, True, False]


def test_they_are_those_of_the_command_for_the_same_image_number_and_seed(
    filled, session, images, tmp_path, make_model, whole, qtbot, capsys
):
    filled.seed.setValue(7)
    qtbot.waitUntil(lambda: session.evidence.shown.seed == 7, timeout=WAIT)
    shown, file = whole(session), tmp_path / "image.png"
    file.write_bytes(png(images[0]))
    model = make_model("the same")
    arguments = ["encode", str(model), str(file), "--importance-samples", str(K), "--seed", "7", "--json"]
    assert cli.run(arguments) == 0
    (found,) = json.loads(capsys.readouterr().out)["images"]
    value = filled.waterfall.property("value")
    for key in ("elbo", "reconstruction", "log_evidence", "gap", "standard_error"):
        assert value[key] == pytest.approx(found[key], abs=1e-4)
    assert shown.effective_sample_size == pytest.approx(found["effective_sample_size"], abs=1e-4)


def test_the_number_of_draws_and_the_seed_are_the_sessions_and_undo_goes_back(filled, session, whole, qtbot):
    filled.count.setValue(50)
    qtbot.waitUntil(lambda: session.evidence.shown.importance_samples == 50, timeout=WAIT)
    qtbot.mouseClick(filled.again, Qt.MouseButton.LeftButton)
    assert (session.evidence.settings.seed, filled.seed.value()) == (1, 1)
    session.undo.undo()
    assert (session.evidence.settings.seed, filled.seed.value()) == (0, 0)
    assert whole(session).draws == 50


def test_one_draw_alone_has_neither_gap_nor_error(filled, session, qtbot):
    filled.count.setValue(1)
    qtbot.waitUntil(lambda: session.evidence.shown.importance_samples == 1, timeout=WAIT)
    assert filled.waterfall.property("value")["standard_error"] is None
    assert filled.under_histogram.whole == "one draw"
    assert not any("±" in entry.text for entry in filled.growth.legend)
    assert "the gap is unknown" in filled.warning.whole


def test_the_fit_divides_the_gap_and_neither_part_is_negative(filled, session, fitted, put_on):
    found, panel = fitted(filled), put_on(ImagePanel(session))
    panel._on_encoded()
    value = filled.waterfall.property("value")
    assert value["fitted_elbo"] == found.fitted_elbo
    better = best_estimate(session.evidence.shown, found).log_evidence
    assert value["log_evidence"] == pytest.approx(better)
    assert value["elbo"] <= value["fitted_elbo"] <= value["log_evidence"]
    left, rest = value["fitted_elbo"] - value["elbo"], value["log_evidence"] - value["fitted_elbo"]
    assert filled.under_waterfall.whole == (
        f"The encoder's part: {figure(left, 2)} nats; {figure(rest, 2)} remain with any such q."
    )
    assert figure(better, 1) in panel.figures["log_evidence"].text()
    assert panel.figures["gap"].text() == figure(value["gap"], 1)


def test_a_fit_is_not_mixed_with_other_draws(filled, session, fitted, whole, qtbot):
    fitted(filled)
    filled.seed.setValue(3)
    qtbot.waitUntil(lambda: session.evidence.shown.seed == 3, timeout=WAIT)
    shown = whole(session)
    assert filled.waterfall.property("value")["fitted_elbo"] is None
    assert filled.waterfall.property("value")["log_evidence"] == pytest.approx(shown.log_evidence)
    assert "fitted with other draws" in filled.under_waterfall.whole


def test_the_same_button_cancels_a_fit_and_says_so(filled, session, qtbot, monkeypatch):
    from vae_explorer.core import fit as core_fit
    from vae_explorer.core.progress import Progress

    def endless(*_, **__):
        while True:
            yield Progress(1, 10, "steps of the fit")

    monkeypatch.setattr(core_fit, "fit", endless)
    assert (filled.fit.text(), filled.fit.toolTip()) == FIT
    qtbot.mouseClick(filled.fit, Qt.MouseButton.LeftButton)
    assert (filled.fit.text(), filled.fit.accessibleDescription()) == CANCEL
    qtbot.mouseClick(filled.fit, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not session.evidence.is_fitting, timeout=WAIT)
    assert (filled.fit.text(), filled.fit.toolTip()) == FIT
    assert session.evidence.fitted is None
    qtbot.waitUntil(lambda: not session.jobs.is_active, timeout=WAIT)


@pytest.fixture
def breaks(answering):
    """Lets one kind of the long answers fail."""

    def fail(kind):
        def broken(_request):
            raise UserError("no memory is left")
            yield

        answering[kind] = broken

    return fail


def test_a_failure_stays_in_sight_until_something_else_is_asked_for(
    view, evidence, session, open_model, make_model, bring, breaks, answering, qtbot, whole
):
    works = dict(answering)
    breaks("evidence")
    open_model(make_model())
    bring(0)
    qtbot.waitUntil(lambda: bool(evidence.failure), timeout=WAIT)
    sentence = "The evidence could not be computed: no memory is left"
    assert sentence in said(view)
    evidence.changed.emit()  # as a job's progress does
    assert sentence in said(view)
    assert "drawing" not in said(view)
    answering["evidence"] = works["evidence"]
    view.seed.setValue(5)
    whole(session)
    assert sentence not in said(view)


def test_an_integral_that_fails_leaves_the_draws(view, evidence, session, open_model, make_model, bring, breaks, qtbot):
    breaks("posterior_map")
    open_model(make_model(z_dim=2))
    bring(0)
    qtbot.waitUntil(lambda: bool(evidence.map_failure), timeout=WAIT)
    qtbot.waitUntil(lambda: bool(evidence.shown and evidence.shown.is_whole), timeout=WAIT)
    assert view.waterfall.property("value") is not None
    assert "no memory" not in said(view)
    assert "no memory is left" in view.map._message


def test_a_grey_x_has_no_evidence_and_the_way_out_is_said(view, session, open_model, make_model, bring, qtbot):
    open_model(make_model(likelihood="bernoulli"))
    bring(0)
    session.image.set_switch("binarise", False)
    qtbot.waitUntil(lambda: not session.image.posterior.is_likelihood, timeout=WAIT)
    assert said(view) == GREY
    assert columns(view) == [True, False, False, False]
    session.undo.undo()
    qtbot.waitUntil(lambda: session.evidence.shown is not None, timeout=WAIT)
    assert columns(view) == [True, True, True, False]


def test_a_plain_autoencoder_says_that_it_has_none_and_shows_its_one_figure(view, open_model, make_model, bring):
    open_model(make_model(kind="autoencoder"))
    encoded = bring(0)
    assert said(view) == AUTOENCODER_WHY_NOT["evidence"]
    assert view.waterfall.property("value") is None
    assert columns(view) == [True, False, False, False]
    assert not view.warning.whole
    assert view.under_waterfall.whole == f"log p(x|z) = {figure(encoded.reconstruction, 1)} nats at the image's z"
    assert "ELBO" not in view.explanation.whole
    assert not any(control.isEnabled() for control in (view.fit, view.again, view.count, view.seed))


def test_what_q_misses_is_said_in_nats_and_the_fit_finds_it(view, evidence, session, fitted, whole, qtbot):
    """Test image 6 of the bundled model of two dimensions: a 4 that the encoder takes for a 9."""
    session.model.open("mnist-2d")
    qtbot.waitUntil(lambda: session.image.posterior is not None, timeout=WAIT)
    session.image.open(origins_of(session.model.current.data, [6]))
    qtbot.waitUntil(
        lambda: (
            session.image.posterior is not None
            and session.image.pictures[session.image.image].name.startswith("mnist test image 6")
        ),
        timeout=WAIT,
    )
    shown = whole(session)
    missing = evidence.map.log_evidence - shown.log_evidence
    assert missing > 3
    assert view.warning.whole == (
        f"q(z|x) misses a part of p(z|x): its estimate is {figure(missing, 1)} nats too low; its ± does not "
        "include this."
    )
    assert view.warning.isVisibleTo(view)
    assert columns(view) == [True] * 4
    assert view.under_map.whole == f"exact log p(x) {figure(evidence.map.log_evidence, 2)} nats"
    fitted(view)
    value = view.waterfall.property("value")
    assert value["log_evidence"] == pytest.approx(evidence.map.log_evidence, abs=0.1)
    assert value["elbo"] < value["fitted_elbo"] <= value["log_evidence"]  # it was 5.8 nats above once
    assert len(view.map._ellipses) == 2


@pytest.mark.parametrize(("scale", "width"), [(100, 1260), (150, 1420)])
def test_nothing_is_cut_at_the_size_of_a_small_screen(filled, scale, width):
    theme.set_scale(scale)
    filled.resize(width, theme.pixels(206))
    filled.grab()
    assert filled.minimumSizeHint().width() <= width
    assert filled.minimumSizeHint().height() <= theme.pixels(206)
    for text in (filled.explanation, filled.under_growth, filled.under_waterfall, filled.under_histogram):
        assert text.height() + 1 >= text.heightForWidth(text.width())  # rounding


def test_the_curve_ends_where_the_waterfall_does(filled, session):
    assert filled.growth._estimates[-1] == pytest.approx(filled.waterfall.property("value")["log_evidence"])
    np.testing.assert_array_equal(session.evidence.shown.counts[[0, -1]], [1, K])
