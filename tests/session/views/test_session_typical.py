"""Is the chosen image one that the model knows: its percentile, its norm, its neighbours."""

import numpy as np
import pytest
import torch

from vae_explorer.data.preprocess import to_x
from vae_explorer.errors import UserError
from vae_explorer.session.records import Origin
from vae_explorer.session.state.model import origins_of
from vae_explorer.session.views.typical import NEIGHBOURS, NO_DATA

TIMEOUT = 30_000  # milliseconds


@pytest.fixture
def typical(session):
    return session.typical


@pytest.fixture
def found(session, typical, qtbot):
    """Watches, and waits for the neighbours by the newest weights."""

    def wait():
        typical.set_watched(True)

        def is_found():
            tests, snapshot = session.data_posteriors.shown, session.model.snapshot
            of = (tests.lineage, tests.number) if tests else None
            return typical.neighbours is not None and of == (snapshot.lineage, snapshot.number)

        qtbot.waitUntil(is_found, timeout=TIMEOUT)
        return typical.neighbours

    return wait


def by_hand(session, count=NEIGHBOURS):
    """Every test image's distance, by loops over images and dimensions."""
    workspace = session.model.current
    mu, mus, sigmas = session.image.posterior.mu, [], []
    for image in workspace.data.images:
        x = to_x(image[None], workspace.snapshot.info.preparation)
        with torch.inference_mode():
            q = workspace.snapshot.model.encode(torch.from_numpy(x))
        mus.append(q.mu[0].double().numpy())
        sigmas.append(q.sigma[0].double().numpy())
    n = len(mus)
    distances = np.zeros(n)
    for j in range(len(mu)):
        mean = sum(m[j] for m in mus) / n
        variance = sum((m[j] - mean) ** 2 for m in mus) / n + sum(s[j] ** 2 for s in sigmas) / n
        distances += [(m[j] - float(mu[j])) ** 2 / variance for m in mus]
    nearest = np.argsort(distances, kind="stable")[:count]
    return nearest, np.sqrt(distances[nearest])


def test_the_percentile_counts_the_quantiles_below_its_elbo(
    session, typical, bring, strokes, open_model, stored_model, settled
):
    bring(*strokes)
    open_model(stored_model)
    quantiles, seen = session.model.snapshot.info.statistics.elbo_quantiles, set()
    assert typical.quantiles == quantiles
    for image in session.image.images[: len(strokes)]:
        session.image.choose(image)
        settled()
        elbo, percentile = session.image.posterior.elbo, typical.percentile
        below = sum(quantile < elbo for quantile in quantiles)
        assert 0 < below < 101
        assert below - 1 <= percentile <= below
        seen.add(percentile)
    assert len(seen) > 3


def test_the_norms_are_sums_over_z(session, typical, opened):
    posterior = session.image.posterior
    norm = sum(float(m) ** 2 for m in posterior.mu)
    assert typical.norm == pytest.approx(norm)
    assert typical.sampled_norm == pytest.approx(norm + sum(float(s) ** 2 for s in posterior.sigma))
    eps = np.random.default_rng(0).standard_normal((100_000, 4))
    drawn = np.square(posterior.mu + posterior.sigma * eps).sum(1)
    assert typical.sampled_norm == pytest.approx(drawn.mean(), abs=6 * drawn.std() / np.sqrt(100_000))
    prior = np.square(eps).sum(1)
    assert typical.expected_norm == pytest.approx((prior.mean(), prior.std()), rel=0.02)


def test_the_neighbours_are_those_of_a_search_by_hand(session, typical, opened, found):
    for _ in range(2):
        neighbours = found()
        at, distances = by_hand(session)
        assert np.array_equal(neighbours.indices, at)
        np.testing.assert_allclose(neighbours.distances, distances, rtol=1e-4, atol=1e-5)
        assert neighbours.of == len(session.model.current.data) == 1000
        for i, name, image in zip(at, neighbours.names, neighbours.images, strict=True):
            data = session.model.current.data
            assert name == data.title(i) == f"mnist test image {i} ({data.labels[i]})"
            assert np.array_equal(np.round(image * 255), data.images[i])
        session.image.step(2)
    assert typical.reason == ""


def test_a_test_image_is_its_own_nearest(session, opened, found):
    neighbours = found()  # the first example is the first test image
    assert neighbours.indices[0] == 0
    assert neighbours.distances[0] == pytest.approx(0, abs=1e-5)


def test_a_chosen_neighbour_comes_into_the_strip_and_is_encoded(session, typical, opened, found, settled, qtbot):
    neighbours, before = found(), session.image.images
    typical.choose(5)
    qtbot.waitUntil(lambda: len(session.image.images) == len(before) + 1, timeout=TIMEOUT)
    settled()
    assert session.image.pictures[session.image.image].name == neighbours.names[5]
    assert typical.neighbours.indices[0] == neighbours.indices[5]
    assert typical.neighbours.distances[0] == pytest.approx(0, abs=1e-5)
    for outside in (-1, NEIGHBOURS, 999):
        typical.choose(outside)
    assert not session.image.is_reading
    session.model.current.undo.undo()
    assert session.image.images == before


def test_without_a_model_an_image_or_test_images_there_is_a_reason(
    session, typical, make_model, open_model, held, opened, settled
):
    for image in session.image.images:
        session.image.remove(image)
    typical.set_watched(True)
    assert "Drop an image" in typical.reason
    assert typical.neighbours is typical.percentile is typical.norm is typical.sampled_norm is None
    session.image.open([Origin("x", np.full((28, 28, 1), 255, np.uint8))])
    settled()
    typical.set_watched(False)
    open_model(make_model("of my own", data="my photos"))
    settled()
    held.worked_on.clear()
    typical.set_watched(True)
    session.image.set_switch("binarise", True)
    settled()
    assert typical.reason == NO_DATA
    assert typical.neighbours is None
    typical.choose(0)
    assert "data_posteriors" not in held.worked_on
    assert typical.percentile is not None


def test_grey_x_has_no_percentile_and_a_plain_autoencoder_neither_but_both_have_neighbours(
    session, typical, opened, open_model, plain_model, found, settled
):
    session.image.set_switch("binarise", False)
    settled()
    assert typical.percentile is None
    found()
    open_model(plain_model)
    assert (typical.percentile, typical.quantiles) == (None, None)
    assert typical.sampled_norm == typical.norm
    neighbours = found()
    at, distances = by_hand(session)
    assert np.array_equal(neighbours.indices, at)
    np.testing.assert_allclose(neighbours.distances, distances, rtol=1e-4, atol=1e-5)


def test_what_nobody_watches_is_not_computed(session, typical, opened, held, settled):
    session.image.step(1)
    settled()
    assert typical.neighbours is None
    assert "data_posteriors" not in held.worked_on
    assert typical.percentile is not None


def test_it_follows_the_model_and_newer_weights(session, typical, opened, found, make_model, take_snapshot, qtbot):
    of_opened = found()
    data = session.model.current.data.take(slice(0, 30))
    take_snapshot(make_model("a step"), data=data)
    assert typical.neighbours is None
    session.image.open(origins_of(data, [7]))
    for seed in (3, 4):
        qtbot.waitUntil(
            lambda: (
                (posterior := session.image.posterior) is not None and posterior.number == session.model.snapshot.number
            ),
            timeout=TIMEOUT,
        )
        neighbours = found()
        assert (neighbours.indices[0], neighbours.of) == (7, 30)
        assert np.array_equal(neighbours.indices, by_hand(session)[0])
        take_snapshot(make_model(f"step {seed}", seed=seed))
        assert typical.neighbours.of == 30  # late, not wrong
    session.model.show(session.model.opened.lineage)
    assert np.array_equal(found().indices, of_opened.indices)


def test_a_request_that_fails_is_said_and_the_next_one_works(session, typical, opened, held, found, qtbot):
    held.failing["data_posteriors"] = UserError("the model is broken: mend it")
    typical.set_watched(True)
    qtbot.waitUntil(lambda: typical.failure.endswith("the model is broken: mend it"), timeout=TIMEOUT)
    assert typical.failure.startswith("The neighbours could not be found: ")
    typical.set_watched(False)
    found()
