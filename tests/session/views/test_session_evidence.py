"""log p(x) of the chosen image in the session: the command line's figures, however fast the image changes."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from vae_explorer.core.evidence import draws
from vae_explorer.core.fit import fit
from vae_explorer.core.grid import true_posterior
from vae_explorer.core.progress import finish
from vae_explorer.errors import UserError
from vae_explorer.session.answers import answers
from vae_explorer.session.records import Origin
from vae_explorer.session.views.evidence import (
    FIT_TITLE,
    GREY,
    IN_TRAINING,
    MAX_IMPORTANCE_DRAWS,
    NO_IMAGE,
    UNDER_WAY,
    EvidenceRequest,
    EvidenceSettings,
)
from vae_explorer.training import model_file

TIMEOUT = 30_000  # milliseconds


@pytest.fixture
def evidence(session):
    return session.evidence


@pytest.fixture
def whole(session, evidence, at_rest, qtbot):
    """Waits until all draws for the chosen image and its newest posterior are there."""

    def is_whole():
        shown, snapshot = evidence.shown, session.model.snapshot
        return (
            shown is not None
            and shown.is_whole
            and shown.encoded is session.image.posterior
            and shown.encoded.number == snapshot.number
            and shown.encoded.settings == session.image.settings
            and (shown.importance_samples, shown.seed) == (evidence.settings.importance_samples, evidence.settings.seed)
            and at_rest(evidence)
        )

    def wait():
        qtbot.waitUntil(is_whole, timeout=TIMEOUT)
        return evidence.shown

    return wait


def of(session, path=None, *, count=None, seed=None):
    """The figures that core gives for the chosen image."""
    model = model_file.load(path)[0] if path else session.model.snapshot.model
    x = torch.from_numpy(session.image.posterior.x)
    count, seed = (
        count or session.evidence.settings.importance_samples,
        session.evidence.settings.seed if seed is None else seed,
    )
    *_, last = draws(model, x, count, seed)
    return last


def test_it_is_what_the_command_says_of_the_same_image(
    session, evidence, bring, strokes, whole, called, capsys, tiny_model
):
    bring(strokes[3])
    for count, seed in ((5000, 0), (700, 5), (2, 1)):
        evidence.set_importance_samples(count)
        evidence.set_seed(seed)
        shown = whole()
        (said,) = called(capsys, "encode", tiny_model, strokes[3], "--importance-samples", count, "--seed", seed)[
            "images"
        ]
        for name in ("elbo", "reconstruction", "gap", "log_evidence", "standard_error", "effective_sample_size"):
            assert getattr(shown, name) == pytest.approx(said[name], abs=1e-4)
        assert shown.draws == count
        found = of(session)
        kl = session.image.posterior.kl
        assert np.array_equal(shown.one_sample_elbos, found.log_likelihood - kl)
        assert shown.log_evidence == found.log_evidence
        assert shown.elbo == pytest.approx(shown.reconstruction - shown.kl)
        assert shown.log_evidence == pytest.approx(shown.elbo + shown.gap)
        assert shown.gap >= 0
        assert (shown.counts[0], shown.counts[-1]) == (1, count)
        assert shown.estimates[-1] == pytest.approx(shown.log_evidence)
        assert shown.errors[-1] == pytest.approx(shown.standard_error, rel=1e-3)


def test_with_one_draw_there_is_neither_gap_nor_error(session, evidence, opened, whole):
    evidence.set_importance_samples(1)
    shown = whole()
    assert (shown.gap, shown.standard_error) == (None, None)
    assert shown.log_evidence == pytest.approx(shown.elbo)
    evidence.set_importance_samples(-5)
    assert evidence.settings.importance_samples == 1
    evidence.set_importance_samples(10**9)
    assert evidence.settings.importance_samples == MAX_IMPORTANCE_DRAWS


def test_what_is_there_already_is_not_computed_again(session, evidence, opened, whole, held, settled):
    first = whole()
    held.worked_on.clear()
    evidence.set_watched(True)
    evidence.set_importance_samples(5000)
    evidence.set_seed(0)
    session.image.encoded.emit()
    settled()
    assert evidence.shown is first
    assert "evidence" not in held.worked_on


def test_draw_again_is_undone_to_the_same_draws(session, evidence, opened, whole):
    first, history = whole(), session.model.current.undo
    evidence.redraw()
    second = whole()
    assert (second.seed, history.undoText()) == (1, "Draw again")
    assert second.log_evidence == of(session, seed=1).log_evidence
    history.undo()
    assert np.array_equal(whole().one_sample_elbos, first.one_sample_elbos)
    history.redo()
    assert np.array_equal(whole().one_sample_elbos, second.one_sample_elbos)


def test_it_follows_the_image_its_switches_and_each_undo(session, evidence, bring, strokes, whole):
    bring(*strokes[:3])
    history, image = session.model.current.undo, session.image
    seen = [whole()]
    for verb in (lambda: image.step(1), lambda: image.set_switch("binarise", True), lambda: image.step(1)):
        verb()
        seen.append(whole())
        assert seen[-1].log_evidence == of(session).log_evidence
    for before in reversed(seen[:-1]):
        history.undo()
        assert whole().log_evidence == before.log_evidence
    assert len({one.encoded.image for one in seen}) == 3


def test_fast_changes_end_with_the_figures_of_the_last_image_and_never_show_anothers(
    session, evidence, bring, strokes, whole, short_slices
):
    bring(*strokes)
    history, image = session.model.current.undo, session.image
    wrong = []

    def look():
        shown = evidence.shown
        if shown and shown.encoded.image != image.image:
            wrong.append(shown)

    evidence.changed.connect(look)
    for _ in range(3):
        for _ in range(5):
            image.step(1)
            look()
        evidence.set_importance_samples(3000)
        for _ in range(3):
            history.undo()
            look()
        evidence.redraw()
        history.undo()
        image.set_switch("binarise", False)
        image.set_switch("binarise", True)
        evidence.set_importance_samples(5000)
    shown = whole()
    assert wrong == []
    assert shown.log_evidence == of(session).log_evidence


def test_an_image_that_is_chosen_meanwhile_is_encoded_after_the_slice(
    session, evidence, opened, held, whole, qtbot, short_slices
):
    whole()
    held.hold("evidence")
    evidence.set_importance_samples(100_000)
    qtbot.waitUntil(held.begun.is_set, timeout=TIMEOUT)
    held.worked_on.clear()
    session.image.step(1)
    with qtbot.waitSignal(session.image.encoded, timeout=TIMEOUT):
        held.release()
    assert held.worked_on[0] == "encode"
    assert held.worked_on.count("evidence") <= 2
    assert evidence.shown is None or evidence.shown.encoded.image == session.image.image
    evidence.set_importance_samples(100)
    whole()


def test_the_figures_grow_until_they_are_whole(session, evidence, opened, whole, short_slices):
    whole()
    seen = []
    evidence.changed.connect(lambda: evidence.shown and seen.append((evidence.shown.seed, evidence.shown.draws)))
    evidence.set_seed(3)
    evidence.set_importance_samples(20_000)
    whole()
    grown = [count for seed, count in dict.fromkeys(seen) if seed == 3]
    assert grown == sorted(grown)
    assert grown[-1] == 20_000
    assert 10 < len(grown) < 50  # neither each of 79 chunks nor the last alone


def test_a_request_that_fails_is_said_and_the_next_one_works(session, evidence, opened, held, whole, qtbot):
    whole()
    held.failing["evidence"] = UserError("the model is broken: mend it")
    evidence.redraw()
    sentence = "The evidence could not be computed: the model is broken: mend it"
    qtbot.waitUntil(lambda: evidence.failure == sentence, timeout=TIMEOUT)
    evidence.redraw()
    assert whole().seed == 2


def test_an_image_whose_evidence_fails_does_not_keep_the_next_from_its_own(
    session, evidence, bring, strokes, held, whole, qtbot
):
    first, second = bring(*strokes[:2])
    whole()
    told = []
    evidence.changed.connect(lambda: evidence.failure and told.append(evidence.failure))
    held.hold("evidence")
    held.failing["evidence"] = UserError("broken")
    session.image.choose(second)
    qtbot.waitUntil(held.begun.is_set, timeout=TIMEOUT)
    session.image.choose(first)  # while the other is on its way to fail
    session.model.current.undo.undo()
    session.image.step(1)
    held.release()
    whole()
    assert told == []


def test_without_a_likelihood_or_without_q_there_is_a_reason_and_no_work(
    session, evidence, open_model, bring, strokes, whole, held, qtbot, plain_model
):
    whole()
    assert evidence.reason == ""
    session.image.set_switch("binarise", False)
    qtbot.waitUntil(lambda: evidence.reason == GREY, timeout=TIMEOUT)
    assert evidence.shown is None
    held.worked_on.clear()
    evidence.set_watched(True)
    evidence.redraw()
    evidence.fit()
    assert (session.model.current.undo.undoText(), session.jobs.running) == ("Switch binarise", {})
    session.model.current.undo.undo()
    whole()
    open_model(plain_model)
    held.worked_on.clear()
    assert evidence.reason == session.model.card.why_not("evidence")
    evidence.set_importance_samples(10)
    evidence.fit()
    evidence.redraw()
    assert session.model.current.undo.count() == 0
    session.image.step(1)
    qtbot.waitUntil(lambda: session.image.posterior is not None, timeout=TIMEOUT)
    assert evidence.shown is evidence.map is evidence.fitted is None
    assert not {"evidence", "posterior_map"} & set(held.worked_on)


def test_without_an_image_the_reason_says_so_and_an_image_on_its_way_is_no_reason(
    session, evidence, opened, held, whole, qtbot
):
    whole()
    held.hold("encode")
    session.image.step(1)
    qtbot.waitUntil(held.begun.is_set, timeout=TIMEOUT)
    assert (evidence.shown, evidence.reason) == (None, "")
    held.release()
    whole()
    for image in session.image.images:
        session.image.remove(image)
    assert (evidence.shown, evidence.reason) == (None, NO_IMAGE)
    session.model.current.undo.undo()
    whole()


def test_another_model_never_shows_these_figures(
    session, evidence, open_model, tiny_model, stored_model, whole, take_snapshot
):
    open_model(tiny_model)
    whole()
    take_snapshot(stored_model, is_last=True)
    assert evidence.shown is None
    session.image.open([Origin("a test image", np.full((28, 28, 1), 255, np.uint8))])
    assert whole().log_evidence == of(session, stored_model).log_evidence
    session.model.show(session.model.opened.lineage)
    assert evidence.shown is None or evidence.shown.encoded.lineage == session.model.snapshot.lineage
    assert whole().log_evidence == of(session, tiny_model).log_evidence
    session.model.show(session.model.trained.lineage)
    assert whole().log_evidence == of(session, stored_model).log_evidence
    session.model.drop_trained()
    whole()


@pytest.fixture
def in_training(session, opened, monkeypatch, take_snapshot, stored_model, qtbot):
    """A run that goes on, as far as the session knows, with one image."""
    monkeypatch.setattr(type(session.training), "is_active", property(lambda self: self.goes_on), raising=True)
    session.training.goes_on = True
    take_snapshot(stored_model)
    session.image.open([Origin("x", np.full((28, 28, 1), 255, np.uint8))])
    qtbot.waitUntil(lambda: session.image.posterior is not None, timeout=TIMEOUT)
    yield session.training
    session.training.goes_on = False


def test_a_run_costs_no_evidence_unless_it_is_watched(
    session, evidence, in_training, held, take_snapshot, stored_model, whole, qtbot
):
    for _ in range(3):
        take_snapshot(stored_model)
        qtbot.waitUntil(lambda: session.image.posterior.number == session.model.snapshot.number, timeout=TIMEOUT)
    assert "evidence" not in held.worked_on
    evidence.set_watched(True)
    whole()
    evidence.set_watched(False)
    held.worked_on.clear()
    take_snapshot(stored_model)
    qtbot.waitUntil(lambda: session.image.posterior.number == session.model.snapshot.number, timeout=TIMEOUT)
    assert "evidence" not in held.worked_on
    assert evidence.shown.encoded.number == session.model.snapshot.number - 1  # late, not wrong


def test_while_a_run_goes_on_the_figures_and_the_view_never_tell_two_elbos(
    session, evidence, in_training, take_snapshot, stored_model, make_model, whole, qtbot, short_slices
):
    evidence.set_watched(True)
    whole()
    others, told = [stored_model, *(make_model(f"step{seed}", seed=seed) for seed in (1, 2, 3))], []

    def compare():
        told.append((evidence.figures.elbo, evidence.figures.log_evidence))
        assert told[-1] == (evidence.shown.elbo, evidence.shown.log_evidence)

    evidence.changed.connect(compare)
    session.image.encoded.connect(compare)
    for path in others:
        take_snapshot(path)
        qtbot.waitUntil(lambda: session.image.posterior.number == session.model.snapshot.number, timeout=TIMEOUT)
    whole()
    compare()
    assert len(set(told)) > 2


def test_a_gap_that_nobody_computes_says_why_and_comes_with_the_pause(
    session, evidence, in_training, take_snapshot, stored_model, whole
):
    figures = evidence.figures
    assert (figures.gap, figures.log_evidence, figures.missing) == (None, None, IN_TRAINING)
    assert figures.elbo == session.image.posterior.elbo
    in_training.state = "paused"
    in_training.state_changed.emit()
    assert evidence.figures.missing == UNDER_WAY
    shown = whole()
    assert (evidence.figures.elbo, evidence.figures.gap) == (shown.elbo, pytest.approx(shown.gap))
    assert not evidence.figures.missing


def test_the_last_known_gap_stays_as_a_late_one_until_the_elbo_has_passed_its_log_p(
    session, evidence, in_training, take_snapshot, stored_model, whole, qtbot
):
    evidence.set_watched(True)
    known = whole()
    evidence.set_watched(False)
    take_snapshot(stored_model)
    qtbot.waitUntil(lambda: session.image.posterior.number == session.model.snapshot.number, timeout=TIMEOUT)
    figures, posterior = evidence.figures, session.image.posterior
    assert (figures.gap, figures.log_evidence) == (pytest.approx(known.gap), known.log_evidence)
    assert (figures.is_late, figures.missing) == (True, IN_TRAINING)
    assert (figures.reconstruction, figures.elbo) == (posterior.reconstruction, posterior.elbo)
    better = replace(posterior, elbo=known.log_evidence + 1)
    session.model.current.encoded[session.image.image] = better
    assert (evidence.figures.elbo, evidence.figures.gap, evidence.figures.is_late) == (better.elbo, None, False)


@pytest.mark.parametrize("how", ["its end", "a stop"])
def test_at_the_end_of_a_run_there_is_evidence_without_anybody_watching(
    session, evidence, in_training, take_snapshot, stored_model, whole, how
):
    if how == "its end":
        content = model_file.read(stored_model).info
        take_snapshot(stored_model, is_last=True)
        assert content.statistics is not None
    in_training.goes_on = False
    in_training.finished.emit()
    assert whole().log_evidence == of(session).log_evidence


def test_newer_weights_wait_until_the_draws_by_the_older_are_done(
    session, evidence, in_training, take_snapshot, stored_model, make_model, held, whole, qtbot, short_slices
):
    """Otherwise a slow model that is in training would never get to the end of its draws."""
    others = [make_model(f"step{seed}", seed=seed) for seed in (1, 2, 3)]
    evidence.set_watched(True)
    whole()
    held.hold("evidence")
    take_snapshot(others[0])
    qtbot.waitUntil(held.begun.is_set, timeout=TIMEOUT)
    finished = []
    evidence.changed.connect(lambda: evidence.shown.is_whole and finished.append(evidence.shown.encoded.number))
    begun = session.model.snapshot.number
    held.release()
    for path in (*others[1:], *others, *others):
        number = take_snapshot(path).number
        qtbot.waitUntil(lambda number=number: session.image.posterior.number >= number, timeout=TIMEOUT)
        session.evidence.changed.emit()
    assert whole().log_evidence == of(session, others[-1]).log_evidence
    assert any(begun <= number < session.model.snapshot.number for number in finished)


def test_draws_by_newer_weights_than_those_that_encoded_are_of_one_model(
    session, evidence, in_training, make_model, take_snapshot
):
    """A slow encoder: the request has newer weights than the posterior, and no figure may mix the two."""
    encoded = session.image.posterior
    newer = take_snapshot(make_model("newer", seed=77))
    *_, found = answers.answer(EvidenceRequest(newer, encoded, EvidenceSettings(importance_samples=300)))
    *_, expected = draws(newer.model, torch.from_numpy(encoded.x), 300, 0)
    with torch.inference_mode():
        kl = float(newer.model.encode(torch.from_numpy(encoded.x)[None]).kl().double().sum())
    assert found.one_sample_elbos == pytest.approx(expected.log_likelihood - kl)
    assert found.one_sample_elbos.mean() == pytest.approx(found.elbo, abs=5)


# The true posterior


@pytest.fixture
def mapped(session, evidence, qtbot):
    def wait():
        qtbot.waitUntil(
            lambda: evidence.map is not None and evidence.map.encoded is session.image.posterior, timeout=TIMEOUT
        )
        return evidence.map

    return wait


def test_the_true_posterior_is_integrated_only_where_z_has_two_dimensions_and_while_watched(
    session, evidence, open_model, flat_model, stored_model, whole, mapped, held
):
    open_model(flat_model)
    shown = whole()
    assert "posterior_map" not in held.worked_on
    evidence.set_watched(True)
    found = mapped()
    exact = finish(true_posterior(session.model.snapshot.model, torch.from_numpy(session.image.posterior.x)))
    assert found.log_evidence == exact.log_evidence
    assert np.array_equal(found.density, np.exp(exact.log_density))
    assert shown.log_evidence == pytest.approx(found.log_evidence, abs=6 * shown.standard_error + exact.error)
    area = (found.z1[1] - found.z1[0]) * (found.z2[1] - found.z2[0])
    assert found.density.sum() * area == pytest.approx(1, abs=0.05)
    held.worked_on.clear()
    open_model(stored_model)
    whole()
    assert evidence.map is None
    assert "posterior_map" not in held.worked_on


def test_going_back_to_an_image_keeps_its_map_though_anothers_was_under_way(
    session, evidence, open_model, flat_model, mapped, whole, held, qtbot
):
    open_model(flat_model)
    evidence.set_watched(True)
    whole()
    first = mapped()
    held.hold("posterior_map")
    session.image.step(1)
    qtbot.waitUntil(held.begun.is_set, timeout=TIMEOUT)
    session.model.current.undo.undo()
    held.release()
    whole()
    assert mapped().log_evidence == first.log_evidence
    held.worked_on.clear()
    for _ in range(20):  # whatever was under way has come by then
        with qtbot.waitSignal(session.posterior_samples.sampled, timeout=TIMEOUT):
            session.posterior_samples.resample()
    assert evidence.map is first
    assert held.worked_on.count("posterior_map") <= 1


# Fit


@pytest.fixture
def quick_fit(monkeypatch):
    """Twenty steps in place of 500."""
    from vae_explorer.core import fit as module

    original = module.fit
    monkeypatch.setattr(module, "fit", lambda *args, **kwargs: original(*args, steps=20, **kwargs))


def test_a_fit_equals_that_of_core_and_is_shown_with_its_posterior(session, evidence, opened, whole, qtbot, quick_fit):
    whole()
    evidence.set_importance_samples(200)
    evidence.set_seed(4)
    shown, x = whole(), torch.from_numpy(session.image.posterior.x)
    evidence.fit()
    assert evidence.is_fitting
    evidence.fit()  # once is enough
    qtbot.waitUntil(lambda: evidence.fitted is not None, timeout=TIMEOUT)
    fitted, expected = evidence.fitted, finish(fit(session.model.snapshot.model, x, steps=20, draws=200, seed=4))
    assert not evidence.is_fitting
    assert np.array_equal(fitted.mu, expected.mu)
    assert np.array_equal(fitted.sigma, expected.sigma)
    for name in ("encoder_elbo", "fitted_elbo", "log_evidence", "standard_error"):
        assert getattr(fitted, name) == getattr(expected, name)
    assert fitted.encoder_elbo == pytest.approx(shown.elbo, abs=1e-9)
    assert fitted.fitted_elbo >= fitted.encoder_elbo

    session.image.step(1)
    assert evidence.fitted is None
    whole()
    assert evidence.fitted is None
    session.image.set_switch("binarise", True)
    session.image.step(-1)
    whole()
    assert evidence.fitted is fitted
    session.image.set_switch("title", True)  # another preparation: another posterior
    whole()
    assert evidence.fitted is None
    qtbot.waitUntil(lambda: not session.jobs.is_active, timeout=TIMEOUT)


def test_a_fit_goes_on_while_another_image_is_chosen_and_belongs_to_its_own(
    session, evidence, opened, whole, qtbot, quick_fit
):
    evidence.set_importance_samples(100)
    whole()
    evidence.fit()
    session.image.step(1)
    qtbot.waitUntil(lambda: not session.jobs.is_active, timeout=TIMEOUT)
    whole()
    assert evidence.fitted is None
    session.image.step(-1)
    assert evidence.fitted.encoded is session.image.posterior


def test_a_fit_that_is_cancelled_or_overtaken_leaves_nothing(session, evidence, opened, whole, qtbot):
    whole()
    told = []
    evidence.changed.connect(lambda: told.append(evidence.is_fitting))
    evidence.fit()
    assert told[-1] is True
    evidence.cancel_fit()
    assert told[-1] is False
    assert (evidence.is_fitting, session.jobs.running) == (False, {})
    evidence.cancel_fit()
    evidence.fit()
    assert session.jobs.running["fit"].title == FIT_TITLE
    evidence.cancel_fit()
    qtbot.waitUntil(lambda: not session.jobs.is_active, timeout=TIMEOUT)
    assert evidence.fitted is None


def test_the_reports_of_other_jobs_do_not_draw_it_anew(session, evidence, opened, whole, qtbot):
    whole()
    told = []
    evidence.changed.connect(lambda: told.append(1))
    session.jobs.changed.emit()
    assert told == []


def test_closing_while_it_draws_ends_after_the_slice(session, evidence, opened, held, whole, qtbot, short_slices):
    whole()
    held.hold("evidence")
    evidence.set_importance_samples(100_000)
    qtbot.waitUntil(held.begun.is_set, timeout=TIMEOUT)
    held.worked_on.clear()
    with qtbot.waitSignal(session.closed, timeout=TIMEOUT):
        session.close()
        held.release()
    assert held.worked_on == []
