"""Samples from the posterior and from the prior."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from vae_explorer.core.latent import prior_sample
from vae_explorer.core.noise import posterior_noise
from vae_explorer.errors import UserError
from vae_explorer.training import model_file

TIMEOUT = 30_000  # milliseconds


@pytest.fixture
def samples(opened):
    return opened.posterior_samples


@pytest.fixture
def prior(opened):
    return opened.prior_samples


@pytest.fixture
def after(qtbot):
    """Does something and gives the samples that come of it."""

    def do(noun, verb, *arguments):
        with qtbot.waitSignal(noun.sampled, timeout=TIMEOUT):
            verb(*arguments)
        return noun.shown

    return do


def images(path, z):
    with torch.inference_mode():
        return model_file.load(path)[0].decode(torch.from_numpy(z)).mean.numpy()


def test_posterior_samples_are_mu_and_sigma_eps_with_the_images_own_noise(opened, samples, tiny_model):
    shown, posterior = samples.shown, opened.image.posterior
    eps = posterior_noise(posterior.x, 16, 4, seed=0)
    assert np.array_equal(shown.eps, eps)
    assert np.array_equal(shown.z, posterior.mu + posterior.sigma * eps)
    assert np.allclose(shown.images, images(tiny_model, shown.z), atol=1e-6)
    assert np.allclose(shown.mean, shown.images.mean(0), atol=1e-6)
    assert np.allclose(shown.spread, shown.images.std(0)[0], atol=1e-6)


@pytest.mark.parametrize("multiplier", [0.0, 2.0, 3.0])
def test_the_multiplier_widens_sigma_and_keeps_eps(opened, samples, after, multiplier):
    eps = samples.shown.eps
    shown = after(samples, samples.set_multiplier, multiplier)
    posterior = opened.image.posterior
    assert np.array_equal(shown.eps, eps)
    assert np.allclose(shown.z, posterior.mu + multiplier * posterior.sigma * eps, atol=1e-5)
    assert shown.multiplier == multiplier


def test_more_samples_keep_the_first_ones(samples, after):
    few = samples.shown.z
    more = after(samples, samples.set_count, 100)
    assert len(more.z) == 100
    assert np.array_equal(more.z[:16], few)
    assert len(after(samples, samples.set_count, 10_000).z) == 256
    assert len(after(samples, samples.set_count, -3).z) == 1


def test_resampling_is_undone_exactly(opened, samples, after):
    first, history = samples.shown, opened.model.current.undo
    second = after(samples, samples.resample)
    assert np.array_equal(second.eps, posterior_noise(opened.image.posterior.x, 16, 4, seed=1))
    assert np.array_equal(after(samples, history.undo).z, first.z)
    assert np.array_equal(after(samples, history.redo).z, second.z)


def test_each_image_has_its_own_eps_unless_they_are_kept(opened, samples, after):
    own = samples.shown.eps
    other = after(samples, opened.image.step, 1)
    assert not np.array_equal(other.eps, own)
    back = after(samples, opened.image.step, -1)
    assert np.array_equal(back.eps, own)
    after(samples, samples.set_keeps_eps, True)
    kept = after(samples, opened.image.step, 1)
    assert np.array_equal(kept.eps, own)
    assert np.array_equal(kept.z, opened.image.posterior.mu + opened.image.posterior.sigma * own)
    assert np.array_equal(after(samples, samples.set_keeps_eps, False).eps, other.eps)


def test_undoing_a_resample_keeps_what_was_set_since(opened, samples):
    samples.resample()
    samples.set_count(32)
    opened.model.current.undo.undo()
    assert (samples.settings.seed, samples.settings.count) == (0, 32)
    opened.model.current.undo.redo()
    assert (samples.settings.seed, samples.settings.count) == (1, 32)


def test_kept_eps_come_back_after_resample_and_undo(opened, samples, after):
    after(samples, samples.set_keeps_eps, True)
    kept = after(samples, opened.image.step, 1)
    resampled = after(samples, samples.resample)
    assert not np.array_equal(resampled.eps, kept.eps)
    assert np.array_equal(after(samples, opened.model.current.undo.undo).z, kept.z)
    assert np.array_equal(after(samples, samples.set_count, 20).eps[:16], kept.eps)


def test_resampling_while_nobody_watches_keeps_eps_with_the_image_that_was_last_sampled(opened, samples, after, qtbot):
    first = opened.image.posterior.x
    samples.set_watched(False)
    opened.image.step(1)
    qtbot.waitUntil(lambda: opened.image.posterior is not None, timeout=TIMEOUT)
    samples.resample()
    samples.set_keeps_eps(True)
    assert np.array_equal(after(samples, samples.set_watched, True).eps, posterior_noise(first, 16, 4, seed=1))


def test_eps_stay_the_same_while_the_weights_change(opened, samples, after):
    eps = samples.shown.eps
    encoded = replace(opened.image.posterior, mu=opened.image.posterior.mu + 1)

    def take():
        opened.image._on_encoded(encoded)

    shown = after(samples, take)
    assert np.array_equal(shown.mu, encoded.mu)
    assert np.array_equal(shown.eps, eps)


def test_prior_samples_are_those_of_the_science_layer(prior, after, tiny_model):
    shown = after(prior, prior.set_watched, True)
    assert np.array_equal(shown.z, prior_sample(64, 4, seed=0))
    assert np.allclose(shown.images, images(tiny_model, shown.z), atol=1e-6)
    shown = after(prior, prior.set_temperature, 0.5)
    assert np.array_equal(shown.z, prior_sample(64, 4, temperature=0.5, seed=0))
    shown = after(prior, prior.set_seed, 7)
    assert np.array_equal(shown.z, prior_sample(64, 4, temperature=0.5, seed=7))
    assert len(after(prior, prior.set_count, 5).z) == 5


def test_new_prior_samples_are_undone_exactly(opened, prior, after):
    first = after(prior, prior.set_watched, True)
    second = after(prior, prior.resample)
    assert np.array_equal(second.z, prior_sample(64, 4, seed=1))
    assert np.array_equal(after(prior, opened.model.current.undo.undo).z, first.z)


def test_a_chosen_sample_comes_onto_the_sliders(opened, samples, prior, after):
    samples.choose(3)
    assert np.array_equal(opened.latent.z, samples.shown.z[3])
    after(prior, prior.set_watched, True)
    prior.choose(5)
    assert np.array_equal(opened.latent.z, prior.shown.z[5])
    for noun in (samples, prior):
        noun.choose(-1)
        noun.choose(999)
    assert np.array_equal(opened.latent.z, prior.shown.z[5])
    assert opened.model.current.undo.count() == 2


def test_what_nobody_watches_is_not_computed(opened, samples, prior, settled, qtbot, held):
    asked = held.worked_on
    asked.clear()
    samples.set_watched(False)
    samples.set_multiplier(2.0)
    samples.resample()
    prior.set_temperature(2.0)
    opened.image.step(1)
    qtbot.waitUntil(lambda: opened.image.posterior is not None, timeout=TIMEOUT)
    samples.set_watched(True)
    settled()
    qtbot.waitUntil(lambda: set(asked) - {"decode"} == {"encode", "sample_posterior", "evidence"}, timeout=TIMEOUT)
    assert asked.count("sample_posterior") == 1
    assert (samples.shown.multiplier, samples.settings.seed) == (2.0, 1)
    assert samples.shown.image == opened.image.image


@pytest.mark.parametrize("kind", ["posterior", "prior"])
def test_samples_that_fail_are_one_sentence_and_the_next_ones_come(opened, samples, prior, held, qtbot, kind):
    noun = samples if kind == "posterior" else prior
    noun.set_watched(True)
    held.failing[f"sample_{kind}"] = UserError("too\nlittle memory")
    noun.resample()
    qtbot.waitUntil(lambda: bool(noun.failure), timeout=TIMEOUT)
    assert noun.failure == "The samples could not be decoded: too little memory"
    noun.resample()
    qtbot.waitUntil(lambda: not noun.failure and noun.shown is not None, timeout=TIMEOUT)


def test_applied_settings_leave_those_that_are_not_named(opened, samples):
    samples.set(count=9, seed=3)
    opened.apply({"posterior_samples": {"count": 5}})
    assert (samples.settings.seed, samples.settings.count) == (3, 5)
