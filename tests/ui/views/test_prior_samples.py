"""Pictures from the prior, around a session of their own."""

import numpy as np
import pytest
from PySide6.QtCore import Qt

from vae_explorer.core.card import AUTOENCODER_WHY_NOT
from vae_explorer.core.latent import prior_sample
from vae_explorer.ui.views.prior_samples import EMPTY, EXPLANATION, PriorSamplesView

WAIT = 30_000  # milliseconds


@pytest.fixture
def view(session, put_on):
    made = put_on(PriorSamplesView(session), 900, 260)
    session.prior_samples.set_watched(True)
    return made


@pytest.fixture
def path(make_model):
    return make_model()


@pytest.fixture
def wait(session, qtbot):
    def there():
        samples, shown = session.prior_samples, session.prior_samples.shown
        now = samples.settings
        wanted = now.count, now.temperature, now.seed
        return shown is not None and (len(shown.z), shown.temperature, shown.seed) == wanted

    return lambda: qtbot.waitUntil(there, timeout=WAIT)


@pytest.fixture
def filled(view, open_model, path, wait):
    open_model(path)
    wait()
    return view


def test_without_a_model_it_says_what_to_do(view):
    assert view.grid.property("value") is None
    assert view.grid.accessibleDescription() == EMPTY


def test_it_shows_what_the_decoder_makes_of_the_prior(filled, session, path, numpy_decode):
    z = prior_sample(64, 3, temperature=1.0, seed=0)
    np.testing.assert_array_equal(session.prior_samples.shown.z, z)
    np.testing.assert_allclose(filled.grid.property("value"), numpy_decode(path, z), atol=1e-5)
    assert filled.grid.accessibleDescription() == ""


def test_its_z_are_standard_normal(filled, session, wait):
    filled.count.setValue(256)
    wait()
    z = session.prior_samples.shown.z
    assert np.abs(z.mean(0)).max() < 5 / 16
    assert np.abs(z.std(0) - 1).max() < 5 / np.sqrt(2 * 256)


def test_new_samples_are_those_of_the_next_seed_and_undo_goes_back(filled, session, wait, qtbot):
    before = filled.grid.property("value")
    qtbot.mouseClick(filled.again, Qt.MouseButton.LeftButton)
    wait()
    assert filled.seed.value() == 1
    assert not np.array_equal(filled.grid.property("value"), before)
    session.undo.undo()
    wait()
    assert filled.seed.value() == 0
    np.testing.assert_array_equal(filled.grid.property("value"), before)


def test_the_same_seed_gives_the_same_pictures(filled, wait):
    before = filled.grid.property("value")
    for seed in (7, 0):
        filled.seed.setValue(seed)
        wait()
    np.testing.assert_array_equal(filled.grid.property("value"), before)


def test_temperature_multiplies_z_and_other_than_1_is_marked(filled, session, wait):
    assert filled.remark.whole == EXPLANATION
    z = session.prior_samples.shown.z
    filled.temperature.setValue(0.5)
    wait()
    np.testing.assert_allclose(session.prior_samples.shown.z, 0.5 * z, atol=1e-6)
    assert filled.remark.whole == "temperature 0.5 is not the prior"
    filled.temperature.setValue(0.0)
    wait()
    assert len({image.tobytes() for image in filled.grid.property("value")}) == 1


def test_a_click_puts_the_sample_on_the_sliders(filled, session, qtbot):
    qtbot.mouseClick(filled.grid, Qt.MouseButton.LeftButton, pos=filled.grid.tile_rect(5).center().toPoint())
    np.testing.assert_array_equal(session.latent.z, session.prior_samples.shown.z[5])


def test_another_model_gives_other_pictures_of_the_same_z(filled, open_model, make_model, session, qtbot):
    before, z = filled.grid.property("value"), session.prior_samples.shown.z
    open_model(make_model("other", seed=1))
    qtbot.waitUntil(lambda: session.prior_samples.shown is not None, timeout=WAIT)
    np.testing.assert_array_equal(session.prior_samples.shown.z, z)
    assert not np.allclose(filled.grid.property("value"), before)


def test_what_nobody_sees_is_not_computed(session, put_on, open_model, path):
    view = put_on(PriorSamplesView(session), 900, 260)
    assert not session.prior_samples.is_watched
    open_model(path)
    view.count.setValue(3)
    assert session.prior_samples.shown is None


def test_of_a_plain_autoencoder_it_says_that_there_is_no_prior_and_everything_has_room(
    view, open_model, make_model, wait
):
    open_model(make_model(kind="autoencoder"))
    wait()
    assert view.remark.whole == AUTOENCODER_WHY_NOT["prior"]
    assert view.remark.whole == AUTOENCODER_WHY_NOT["prior"]
    view.resize(900, 200)
    view.grab()
    for field in (view.count, view.temperature, view.seed, view.remark):  # they were crushed once
        assert field.height() >= field.minimumSizeHint().height()
    open_model(make_model("a vae"))
    assert view.remark.whole == EXPLANATION
