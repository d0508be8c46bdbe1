"""q(z) of the shown model in the session, beside the prior, and pictures from four sources."""

from itertools import repeat
from typing import get_args

import numpy as np
import pytest
import torch

from vae_explorer.core.aggregate import AggregatedPosterior, SampleSource, decompose
from vae_explorer.core.progress import finish
from vae_explorer.data.image_set import ImageSet
from vae_explorer.data.preprocess import to_x
from vae_explorer.errors import UserError
from vae_explorer.session.records import Origin
from vae_explorer.session.views.aggregate import COUNT, NO_IMAGES
from vae_explorer.training import model_file

TIMEOUT = 30_000  # milliseconds
SOURCES = get_args(SampleSource)


@pytest.fixture
def aggregate(session):
    return session.aggregate


@pytest.fixture
def whole(session, aggregate, at_rest, qtbot):
    """Watches, and waits until q(z) of the newest weights and pictures of all sources are there."""

    def is_whole():
        shown, samples, snapshot = aggregate.shown, aggregate.samples, session.model.snapshot
        return (
            shown is not None
            and samples is not None
            and shown.number == snapshot.number
            and (shown.decomposition is not None or not snapshot.card.can("posterior"))
            and samples.aggregate is shown
            and samples.seed == aggregate.settings.seed
            and set(samples.images) == set(SOURCES)
            and at_rest(aggregate)
        )

    def wait():
        aggregate.set_watched(True)
        qtbot.waitUntil(is_whole, timeout=TIMEOUT)
        return aggregate.shown

    return wait


@pytest.fixture(scope="session")
def images():
    """40 blots, as a run's validation images."""
    pixels = np.zeros((40, 1, 28, 28), np.uint8)
    for i, (image,) in enumerate(pixels):
        image[3 + i % 8 : 9 + i % 13, 4 + i % 5 : 20 + i % 4] = 255
    return ImageSet("", pixels, split="validation")


def test_it_is_made_of_the_stored_posteriors(open_model, stored_model, aggregate, whole):
    open_model(stored_model)
    shown, stored = whole(), model_file.read(stored_model).posteriors
    assert np.array_equal(shown.q.mu, stored.mu)
    assert np.array_equal(shown.q.sigma, stored.sigma)
    assert shown.images == 60
    expected = finish(decompose(AggregatedPosterior(stored.mu, stored.sigma)))
    assert shown.decomposition == expected
    assert expected.kl == pytest.approx(expected.information + expected.marginal_kl)
    assert np.trapezoid(shown.densities, shown.z) == pytest.approx(np.ones(3), abs=0.01)
    assert np.trapezoid(shown.prior, shown.z) == pytest.approx(1, abs=1e-3)
    for j in range(3):
        assert shown.densities[j] == pytest.approx(shown.q.density(j, shown.z))
    assert shown.is_active.tolist() == (stored.mu.var(0) > 0.01).tolist()
    assert aggregate.reason == ""


def test_the_density_of_a_wide_q_is_all_in_sight(session, take_snapshot, make_model, images, whole):
    """An untrained network: sigma near 1 at any mu."""
    take_snapshot(make_model("fresh", z_dim=2, seed=3), data=images)
    shown = whole()
    assert np.trapezoid(shown.densities, shown.z) == pytest.approx(np.ones(2), abs=0.02)


def test_without_stored_posteriors_it_is_made_from_the_available_images(
    session, take_snapshot, tiny_model, images, whole
):
    take_snapshot(tiny_model, data=images)
    shown, snapshot = whole(), session.model.snapshot
    with torch.inference_mode():
        q = snapshot.model.encode(torch.from_numpy(to_x(images.images, snapshot.info.preparation)))
    np.testing.assert_allclose(shown.q.mu, q.mu.numpy(), atol=1e-5)
    np.testing.assert_allclose(shown.q.sigma, q.sigma.numpy(), atol=1e-5)
    assert shown.images == 40


def test_without_either_there_is_a_reason_and_no_work(session, open_model, make_model, aggregate, held, settled):
    assert "Open a model" in aggregate.reason
    assert (aggregate.shown, aggregate.samples, aggregate.dimension) == (None, None, 0)
    session.model.open(str(make_model("of my own", data="my photos")))
    aggregate.set_watched(True)
    session.image.open([Origin("x", np.full((28, 28, 1), 255, np.uint8))])
    settled()
    assert aggregate.reason == NO_IMAGES
    aggregate.resample()
    aggregate.put_on_sliders("prior", 0)
    assert session.model.current.undo.undoText() == "Bring images in"
    assert not {"aggregate", "compared_samples"} & set(held.worked_on)


def test_a_model_of_other_images_under_a_bundled_name_has_no_images(session, make_model, aggregate, qtbot):
    session.model.open(str(make_model("small", shape=(1, 16, 16))))  # its data were in a folder that is called mnist
    qtbot.waitUntil(lambda: session.model.current is not None, timeout=TIMEOUT)
    assert session.model.current.data is None
    assert aggregate.reason == NO_IMAGES


def test_the_four_sources_are_those_of_the_command(
    session, open_model, stored_model, aggregate, whole, called, capsys, tmp_path
):
    open_model(stored_model)
    whole()
    for seed in (0, 1):
        samples = aggregate.samples
        assert samples.seed == seed
        for source in SOURCES:
            out = ("--count", COUNT, "--out", tmp_path / "grid.png")
            said = called(capsys, "sample", stored_model, "--from", source, "--seed", seed, *out)
            np.testing.assert_allclose(samples.z[source], said["z"], atol=1e-6)
            with torch.inference_mode():
                decoded = session.model.snapshot.model.decode(torch.from_numpy(samples.z[source])).mean
            np.testing.assert_allclose(samples.images[source], decoded.numpy(), atol=1e-5)
        aggregate.resample()
        whole()


def test_new_samples_are_undone_to_the_same_and_leave_q_as_it_is(
    session, open_model, stored_model, aggregate, whole, held
):
    open_model(stored_model)
    whole()
    first, history = aggregate.samples, session.model.current.undo
    held.worked_on.clear()
    aggregate.resample()
    whole()
    assert not np.array_equal(aggregate.samples.z["prior"], first.z["prior"])
    history.undo()
    whole()
    for source in SOURCES:
        assert np.array_equal(aggregate.samples.z[source], first.z[source])
    assert "aggregate" not in held.worked_on
    aggregate.put_on_sliders("mixture", 2)
    assert np.array_equal(session.latent.z, first.z["mixture"][2])
    aggregate.put_on_sliders("mixture", COUNT)
    aggregate.put_on_sliders("elsewhere", 0)
    assert np.array_equal(session.latent.z, first.z["mixture"][2])


def test_each_model_keeps_its_chosen_dimension(session, open_model, stored_model, tiny_model, aggregate, take_snapshot):
    open_model(tiny_model)
    assert aggregate.dimension == session.model.current.order[0] == 1  # of the most KL
    aggregate.choose(3)
    take_snapshot(stored_model, is_last=True)
    assert aggregate.dimension == session.model.current.order[0] == 2
    aggregate.choose(0)
    for outside in (-1, 3, 99):
        aggregate.choose(outside)
    assert aggregate.dimension == 0
    session.model.show(session.model.opened.lineage)
    assert aggregate.dimension == 3
    session.model.show(session.model.trained.lineage)
    assert aggregate.dimension == 0
    take_snapshot(stored_model, is_last=True)
    assert aggregate.dimension == 0
    open_model(tiny_model)
    assert aggregate.dimension == 1


def test_what_nobody_watches_is_not_computed(
    session, open_model, stored_model, tiny_model, aggregate, whole, held, settled
):
    open_model(stored_model)
    aggregate.resample()
    settled()
    assert not {"aggregate", "compared_samples"} & set(held.worked_on)
    whole()
    aggregate.set_watched(False)
    held.worked_on.clear()
    open_model(tiny_model)
    aggregate.resample()
    settled()
    assert not {"aggregate", "compared_samples"} & set(held.worked_on)
    assert aggregate.shown is aggregate.samples is None
    assert whole().q.z_dim == 4


def test_who_looks_away_and_back_finds_the_rest(
    session, open_model, stored_model, aggregate, whole, held, qtbot, short_slices
):
    open_model(stored_model)
    for kind in ("aggregate", "compared_samples"):
        held.hold(kind)
        aggregate.set_watched(True)
        qtbot.waitUntil(held.begun.is_set, timeout=TIMEOUT)
        aggregate.set_watched(False)
        held.release()
    whole()


def test_it_follows_newer_weights_while_it_is_watched_and_ends_with_the_newest(
    session, take_snapshot, make_model, images, aggregate, whole, held, qtbot, short_slices
):
    paths = [make_model(f"step{seed}", seed=seed) for seed in range(3)]
    take_snapshot(paths[0], data=images)
    whole()
    finished = []
    aggregate.changed.connect(
        lambda: aggregate.shown and aggregate.shown.decomposition and finished.append(aggregate.shown.number)
    )
    held.hold("aggregate")
    take_snapshot(paths[1])
    held.release()
    for path in paths * 3:
        number = take_snapshot(path).number
        qtbot.waitUntil(lambda number=number: session.decoded.shown.number >= number, timeout=TIMEOUT)
    shown = whole()
    assert set(finished) - {1, shown.number}  # not only when there were no more
    np.testing.assert_allclose(shown.q.mu, _mu(session, images), atol=1e-5)
    stored = make_model("end", seed=2, stored=50)
    take_snapshot(stored, is_last=True)
    assert np.array_equal(whole().q.mu, model_file.read(stored).posteriors.mu)


def test_newer_weights_do_not_keep_the_pictures_from_coming(
    session, take_snapshot, make_model, images, aggregate, held, answering, qtbot, short_slices
):
    take_snapshot(make_model("first", seed=0), data=images)
    held.hold("compared_samples")
    aggregate.set_watched(True)
    qtbot.waitUntil(held.begun.is_set, timeout=TIMEOUT)
    before = aggregate.shown
    answering["aggregate"] = lambda _request: (None for _ in repeat(None))  # a newer q(z) is always on its way in a run
    take_snapshot(make_model("second", seed=1), data=images)
    held.release()
    qtbot.waitUntil(lambda: aggregate.samples is not None and len(aggregate.samples.z) == 4, timeout=TIMEOUT)
    assert aggregate.samples.aggregate is before


def _mu(session, images):
    with torch.inference_mode():
        x = torch.from_numpy(to_x(images.images, session.model.snapshot.info.preparation))
        return session.model.snapshot.model.encode(x).mu.numpy()


def test_another_model_never_shows_these(
    session, open_model, stored_model, tiny_model, take_snapshot, images, aggregate, whole, held, qtbot
):
    open_model(stored_model)
    whole()
    held.hold("aggregate")
    take_snapshot(tiny_model, data=images)
    assert aggregate.shown is aggregate.samples is None
    qtbot.waitUntil(held.begun.is_set, timeout=TIMEOUT)
    session.model.show(session.model.opened.lineage)
    assert aggregate.shown.q.z_dim == aggregate.samples.z["prior"].shape[1] == 3
    session.model.show(session.model.trained.lineage)
    session.model.show(session.model.opened.lineage)
    held.release()
    assert whole().q.z_dim == 3
    session.model.show(session.model.trained.lineage)
    assert whole().q.z_dim == 4


def test_a_plain_autoencoder_has_a_histogram_of_its_codes_and_no_parts(
    session, open_model, plain_model, aggregate, whole
):
    open_model(plain_model)
    shown = whole()
    assert (shown.decomposition, aggregate.reason) == (None, "")
    assert np.trapezoid(shown.densities, shown.z) == pytest.approx(np.ones(3), abs=0.05)
    stored = model_file.read(plain_model).posteriors
    assert shown.z[0] < stored.mu.min()
    assert shown.z[-1] > stored.mu.max()
    rows = {row.tobytes() for row in stored.mu}
    assert all(z.tobytes() in rows for z in aggregate.samples.z["posterior"])


@pytest.mark.parametrize("kind", ["aggregate", "compared_samples"])
def test_a_request_that_fails_is_said_and_the_next_one_works(
    open_model, stored_model, aggregate, whole, held, qtbot, kind
):
    open_model(stored_model)
    held.failing[kind] = UserError("the model is broken: mend it")
    aggregate.set_watched(True)
    sentence = "q(z) could not be computed: the model is broken: mend it"
    qtbot.waitUntil(lambda: aggregate.failure == sentence, timeout=TIMEOUT)
    aggregate.set_watched(False)
    whole()


def test_an_image_that_is_chosen_while_the_mixture_is_fitted_is_encoded_first(
    session, open_model, stored_model, aggregate, whole, held, qtbot, short_slices
):
    open_model(stored_model)
    aggregate.changed.connect(
        lambda: aggregate.samples and len(aggregate.samples.z) == 3 and held.hold("compared_samples")
    )
    aggregate.set_watched(True)
    qtbot.waitUntil(held.begun.is_set, timeout=TIMEOUT)
    held.worked_on.clear()
    aggregate.changed.disconnect()
    had_mixture = []
    session.image.encoded.connect(lambda: had_mixture.append("mixture" in aggregate.samples.z))
    session.image.step(1)
    with qtbot.waitSignal(session.image.encoded, timeout=TIMEOUT):
        held.release()
    assert "compared_samples" not in held.worked_on[: held.worked_on.index("encode")]
    assert had_mixture[0] is False
    whole()
