import numpy as np

from vae_explorer.core.latent import prior_sample
from vae_explorer.core.noise import content_generator, posterior_noise

X = np.random.default_rng(0).random((1, 4, 4), dtype=np.float32)


def test_the_same_image_and_seed_give_the_same_noise():
    assert np.array_equal(posterior_noise(X, 5, 3, seed=1), posterior_noise(X.copy(), 5, 3, seed=1))


def test_another_image_or_seed_gives_other_noise():
    other = X.copy()
    other[0, 0, 0] += 1e-3
    assert not np.array_equal(posterior_noise(X, 5, 3, seed=1), posterior_noise(other, 5, 3, seed=1))
    assert not np.array_equal(posterior_noise(X, 5, 3, seed=1), posterior_noise(X, 5, 3, seed=2))


def test_the_shape_is_part_of_the_content():
    assert content_generator(X, 0).random() != content_generator(X.reshape(1, 2, 8), 0).random()


def test_more_draws_begin_with_the_fewer():
    assert np.array_equal(posterior_noise(X, 9, 3, seed=0)[:4], posterior_noise(X, 4, 3, seed=0))
    assert np.array_equal(prior_sample(9, 3)[:4], prior_sample(4, 3))


def test_the_temperature_multiplies_z():
    np.testing.assert_allclose(prior_sample(4, 3, temperature=0.5), 0.5 * prior_sample(4, 3))
