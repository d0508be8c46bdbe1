"""Repeated samples from q(z|x), around a session of their own."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from vae_explorer.core.card import AUTOENCODER_WHY_NOT
from vae_explorer.errors import UserError
from vae_explorer.ui.views.posterior_samples import EMPTY, REMARK, PosteriorSamplesView
from vae_explorer.ui.widgets.image_grid import ImageGrid

WAIT = 30_000  # milliseconds


@pytest.fixture
def view(session, put_on):
    return put_on(PosteriorSamplesView(session), 1200, 260)


@pytest.fixture
def path(make_model):
    return make_model()


@pytest.fixture
def wait(session, qtbot):
    """Waits for the samples of the settings as they are now."""

    def there():
        samples, shown = session.posterior_samples, session.posterior_samples.shown
        posterior = session.image.posterior
        return (
            shown is not None
            and posterior is not None
            and len(shown.z) == samples.settings.count
            and shown.multiplier == samples.settings.multiplier
            and np.array_equal(shown.mu, posterior.mu)
        )

    return lambda: qtbot.waitUntil(there, timeout=WAIT)


@pytest.fixture
def filled(view, path, open_model, bring, wait):
    open_model(path)
    bring(0)
    wait()
    return view


def value(view):
    return view.findChild(ImageGrid, "posteriorSamples").property("value")


def choose(qtbot, view, times):
    qtbot.mouseClick(view.multiplier.button(str(times)), Qt.MouseButton.LeftButton)


def test_without_an_image_it_says_what_to_do(view, path, open_model):
    assert view.grid.accessibleDescription() == EMPTY
    open_model(path)
    assert value(view) is None
    assert not view.resample.isEnabled()


def test_the_samples_are_decoded_from_mu_and_sigma_and_eps(filled, session, path, numpy_decode):
    shown = session.posterior_samples.shown
    assert value(filled).shape == (16, 1, 8, 8)
    z = session.image.posterior.mu + session.image.posterior.sigma * shown.eps
    np.testing.assert_allclose(shown.z, z, atol=1e-6)
    np.testing.assert_allclose(value(filled), numpy_decode(path, z), atol=1e-5)
    assert filled.grid.accessibleDescription() == ""


def test_the_mean_and_the_spread_are_those_of_the_pictures(filled):
    images = value(filled)
    np.testing.assert_allclose(filled.summary.mean.property("value"), images.mean(0), atol=1e-6)
    np.testing.assert_allclose(filled.summary.spread.property("value")[0], images.std(0).mean(0), atol=1e-6)
    assert filled.summary.range == f"0 … {images.std(0).mean(0).max():.2f}"


def test_resample_draws_other_eps_and_undo_brings_the_old_ones_back(filled, session, qtbot):
    before = value(filled)
    with qtbot.waitSignal(session.posterior_samples.sampled, timeout=WAIT):
        qtbot.mouseClick(filled.resample, Qt.MouseButton.LeftButton)
    assert not np.array_equal(value(filled), before)
    with qtbot.waitSignal(session.posterior_samples.sampled, timeout=WAIT):
        session.undo.undo()
    np.testing.assert_array_equal(value(filled), before)


def test_with_another_count_the_first_ones_stay_the_same(filled, wait):
    before = value(filled)
    filled.count.setValue(25)
    wait()
    assert len(value(filled)) == 25
    np.testing.assert_allclose(value(filled)[:16], before, atol=1e-6)
    filled.count.setValue(1)
    wait()
    assert len(value(filled)) == 1
    filled.count.setValue(10_000)
    assert filled.count.value() == 256


def test_times_0_makes_them_all_the_reconstruction(filled, session, wait, qtbot):
    choose(qtbot, filled, 0)
    wait()
    reconstruction = session.image.posterior.reconstruction_image
    np.testing.assert_allclose(value(filled), np.broadcast_to(reconstruction, (16, 1, 8, 8)), atol=1e-6)
    assert filled.remark.whole == "σ × 0 is not q(z|x)"


def test_times_2_is_marked_as_not_the_posterior_and_times_1_is_not(filled, session, wait, qtbot):
    assert filled.remark.whole == REMARK
    eps = session.posterior_samples.shown.eps
    choose(qtbot, filled, 2)
    wait()
    assert filled.remark.whole == "σ × 2 is not q(z|x)"
    shown, posterior = session.posterior_samples.shown, session.image.posterior
    np.testing.assert_array_equal(shown.eps, eps)
    np.testing.assert_allclose(shown.z, posterior.mu + 2 * posterior.sigma * eps, atol=1e-6)
    choose(qtbot, filled, 1)
    wait()
    assert filled.remark.whole == REMARK


def test_the_difference_from_the_mean_is_shown_and_the_value_stays_the_pictures(filled):
    images = value(filled)
    filled.difference.setChecked(True)
    np.testing.assert_array_equal(value(filled), images)
    np.testing.assert_allclose(filled.grid._value, images - images.mean(0), atol=1e-6)
    filled.difference.setChecked(False)
    np.testing.assert_array_equal(filled.grid._value, images)


@pytest.fixture
def apart(session, qtbot):
    """Waits until a sample of these settings is taken apart."""

    def wait(at):
        def there():
            found, shown = session.posterior_samples.apart, session.posterior_samples.shown
            return found is not None and found.at == at and found.samples is shown

        qtbot.waitUntil(there, timeout=WAIT)
        return session.posterior_samples.apart

    return wait


def numbers(row):
    return [float(cell.replace("−", "-")) for cell in row[1:]]


def test_a_sample_taken_apart_shows_the_right_numbers(filled, session, qtbot, apart):
    qtbot.mouseMove(filled.grid, filled.grid.tile_rect(4).center().toPoint())
    found, shown = apart(4), session.posterior_samples.shown
    assert filled.apart.title == "Sample 5 taken apart"
    rows = filled.apart.rows()
    assert len(rows) == 3
    for j, row in zip(found.order, rows, strict=True):
        wanted = (shown.z[4, j], shown.mu[j], shown.sigma[j], shown.eps[4, j])
        np.testing.assert_allclose(numbers(row), wanted, atol=0.00501)


def test_what_changes_the_picture_most_is_first_and_inactive_dimensions_are_last(
    view, session, open_model, make_model, bring, numpy_decode, wait, apart
):
    path = make_model("six", z_dim=6, kl=[1.0] * 6, mu_variance=[1, 0, 1, 1, 0, 1])
    open_model(path)
    bring(0)
    wait()
    found, shown = apart(0), session.posterior_samples.shown
    alone = np.tile(shown.mu, (6, 1))
    np.fill_diagonal(alone, shown.z[0])
    changes = np.linalg.norm((numpy_decode(path, alone) - numpy_decode(path, shown.mu[None])).reshape(6, -1), axis=1)
    np.testing.assert_allclose(found.changes, changes, atol=1e-4)
    active = [j for j in np.argsort(-changes) if j not in (1, 4)]
    assert [int(j) for j in found.order[:4]] == active
    assert set(found.order[4:]) == {1, 4}
    view.resize(1200, 110)
    assert view.apart.remark.startswith("largest change first; ")
    assert "2 inactive" in view.apart.remark


def test_a_chosen_sample_stays_taken_apart_when_the_mouse_was_on_another(filled, session, qtbot, apart):
    apart(0)
    filled.grid.chosen.emit(3)
    apart(3)
    filled.grid.pointed.emit(5)
    apart(5)
    filled.grid.pointed.emit(-1)
    apart(3)
    with qtbot.waitSignal(session.posterior_samples.sampled, timeout=WAIT):
        session.posterior_samples.resample()
    apart(3)
    assert filled.apart.title == "Sample 4 taken apart"


def test_pointing_at_a_row_points_at_its_dimension(filled, session, qtbot, apart):
    found = apart(0)
    row = QPoint(20, round(filled.apart._top() + 1.5 * filled.apart._row_height()))
    qtbot.mouseMove(filled.apart, row)
    qtbot.waitUntil(lambda: session.latent.pointed_at == found.order[1], timeout=WAIT)


def test_resample_shows_for_a_moment_what_it_has_changed_and_says_which_draw_it_is(filled, session, qtbot):
    with qtbot.waitSignal(session.posterior_samples.sampled, timeout=WAIT):
        qtbot.mouseClick(filled.resample, Qt.MouseButton.LeftButton)
    assert filled.grid.is_flashing
    assert filled.grid._value.shape == (16, 3, 8, 8)
    assert value(filled).shape == (16, 1, 8, 8)
    assert filled.remark.whole == "2nd draw of ε for this image"
    qtbot.waitUntil(lambda: not filled.grid.is_flashing, timeout=WAIT)
    np.testing.assert_array_equal(filled.grid._value, value(filled))


def test_a_taken_apart_sample_at_times_3_shows_the_sigma_that_was_used(filled, session, wait, qtbot, apart):
    choose(qtbot, filled, 3)
    wait()
    found = apart(0)
    assert filled.apart.title == "Sample 1 taken apart, σ × 3"
    sigma = 3 * session.posterior_samples.shown.sigma[found.order]
    np.testing.assert_allclose([numbers(row)[2] for row in filled.apart.rows()], sigma, atol=0.00501)


def test_a_click_puts_the_sample_on_the_sliders(filled, session, qtbot):
    qtbot.mouseClick(filled.grid, Qt.MouseButton.LeftButton, pos=filled.grid.tile_rect(3).center().toPoint())
    np.testing.assert_array_equal(session.latent.z, session.posterior_samples.shown.z[3])
    session.undo.undo()
    np.testing.assert_array_equal(session.latent.z, session.image.posterior.mu)


def test_the_same_eps_are_kept_for_another_image_when_asked(filled, session, bring, wait):
    filled.same_eps.setChecked(True)
    eps = session.posterior_samples.shown.eps
    bring(1)
    wait()
    np.testing.assert_array_equal(session.posterior_samples.shown.eps, eps)
    filled.same_eps.setChecked(False)
    bring(2)
    wait()
    assert not np.array_equal(session.posterior_samples.shown.eps, eps)


def test_when_the_image_goes_the_samples_go(filled, session):
    session.image.remove(session.image.image)
    assert value(filled) is None
    assert filled.grid.accessibleDescription() == EMPTY
    assert filled.summary.mean.property("value") is None
    assert not filled.resample.isEnabled()


def test_a_failure_is_said_over_the_last_samples(filled, session, answering, qtbot):
    def broken(_request):
        raise UserError("no memory is left")

    before = value(filled)
    works, answering["sample_posterior"] = answering["sample_posterior"], broken
    qtbot.mouseClick(filled.resample, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(session.posterior_samples.failure), timeout=WAIT)
    assert filled.grid.accessibleDescription() == "The samples could not be decoded: no memory is left"
    np.testing.assert_array_equal(value(filled), before)
    answering["sample_posterior"] = works
    with qtbot.waitSignal(session.posterior_samples.sampled, timeout=WAIT):
        qtbot.mouseClick(filled.resample, Qt.MouseButton.LeftButton)
    assert filled.grid.accessibleDescription() == ""


def test_the_controls_follow_the_session(filled, session, wait):
    session.posterior_samples.set_count(9)
    session.posterior_samples.set_multiplier(3.0)
    assert filled.count.value() == 9
    assert filled.multiplier.property("value") == "3"
    wait()


def test_of_a_plain_autoencoder_every_sample_is_the_same_and_it_says_why(
    view, session, open_model, make_model, bring, wait
):
    open_model(make_model(kind="autoencoder"))
    encoded = bring(0)
    wait()
    assert np.ptp(value(view), axis=0).max() < 1e-6
    np.testing.assert_array_equal(session.posterior_samples.shown.z, np.tile(encoded.mu, (16, 1)))
    assert view.remark.whole == AUTOENCODER_WHY_NOT["posterior"]
    assert view.title.text() == "one z"
    assert view.summary.range == "0 … 0.00"
    assert view.summary.spread._scale == 1.0  # noise of 1e-8 is not blown up to a picture
    assert view.apart.accessibleDescription() == AUTOENCODER_WHY_NOT["posterior"]
    for part in (view.multiplier, view.same_eps, view.difference):
        assert not part.isEnabled()
    assert not view.resample.isEnabled()
    open_model(make_model("a vae"))
    bring(1)
    wait()
    assert view.multiplier.isVisibleTo(view)
    assert view.resample.isEnabled()
    assert view.title.text() == "z ~ q(z|x)"
