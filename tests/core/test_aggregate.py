from math import log

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal, kl_divergence

from vae_explorer.core.aggregate import AggregatedPosterior, NoDensityError, decompose
from vae_explorer.core.latent import prior_sample
from vae_explorer.core.progress import Progress, finish

HOWS = ["prior", "gaussian", "mixture", "posterior"]


def posteriors(n, z_dim, sigma=0.3, scale=1.0, seed=11):
    random = np.random.default_rng(seed)
    mu = scale * random.standard_normal((n, z_dim)) @ random.standard_normal((z_dim, z_dim)) / np.sqrt(z_dim)
    sigmas = sigma * np.exp(0.3 * random.standard_normal((n, z_dim)))
    return AggregatedPosterior(mu.astype(np.float32), sigmas.astype(np.float32))


def points(n, z_dim):
    q = posteriors(n, z_dim)
    return AggregatedPosterior(q.mu, np.zeros_like(q.mu))


def normals(q):
    return Normal(torch.from_numpy(q.mu).double(), torch.from_numpy(q.sigma).double())


def mixture(q):
    return MixtureSameFamily(Categorical(torch.ones(len(q.mu)).double()), Independent(normals(q), 1))


@pytest.mark.parametrize(("n", "z_dim", "sigma"), [(1, 1, 1), (7, 3, 0.3), (2000, 2, 0.05), (50, 40, 0.01)])
def test_the_density_of_q_is_that_of_the_mixture(n, z_dim, sigma):
    q = posteriors(n, z_dim, sigma)
    z = np.concatenate([q.sample("posterior", 600), 5 * prior_sample(5, z_dim)])
    expected = mixture(q).log_prob(torch.from_numpy(z).double()).numpy()
    np.testing.assert_allclose(q.log_prob(z), expected, rtol=1e-9, atol=1e-8)


@pytest.mark.parametrize("sigma", [1e-4, 3e-7, 1e-20])
@pytest.mark.parametrize("scale", [1, 1e4])
def test_a_sigma_that_is_tiny_beside_mu_leaves_the_density_its_digits(sigma, scale):
    q = posteriors(30, 3, 1, scale)
    q.sigma[:, 1] *= np.float32(sigma)
    z = q.mu + q.sigma.astype(np.float64) * np.random.default_rng(1).standard_normal(q.mu.shape)
    expected = mixture(q).log_prob(torch.from_numpy(z)).numpy()
    np.testing.assert_allclose(q.log_prob(z), expected, rtol=0, atol=1e-6)


def test_the_density_of_one_dimension_is_the_mixtures_marginal_and_integrates_to_one():
    q = posteriors(40, 3)
    z = np.linspace(-8, 8, 2001)
    one = mixture(AggregatedPosterior(q.mu[:, 1:2], q.sigma[:, 1:2]))
    density = q.density(1, z)
    np.testing.assert_allclose(density, one.log_prob(torch.from_numpy(z)[:, None]).exp().numpy(), rtol=1e-9, atol=1e-12)
    assert np.trapezoid(density, z) == pytest.approx(1, abs=1e-6)


def test_mean_and_deviation_are_those_of_the_mixture():
    q = posteriors(100, 5)
    np.testing.assert_allclose(q.mean, mixture(q).mean.numpy(), atol=1e-7)
    np.testing.assert_allclose(q.deviation, mixture(q).stddev.numpy(), rtol=1e-7)


def test_a_dimension_is_active_where_mu_varies():
    mu = np.zeros((100, 4), np.float32)
    mu[::2] = [0.19, 0.21, 0, 5]  # of variance (half of it)²
    assert AggregatedPosterior(mu, np.ones_like(mu)).active_dimensions == [1, 3]


def test_identical_posteriors_tell_nothing_and_all_of_the_kl_is_q_against_the_prior():
    q = AggregatedPosterior(np.full((300, 2), 0.5, np.float32), np.full((300, 2), 0.8, np.float32))
    parts = finish(decompose(q, draws=20))
    expected = kl_divergence(normals(q), Normal(0, 1)).sum(1).mean().item()
    assert parts.information == pytest.approx(0, abs=1e-9)
    assert parts.marginal_kl == pytest.approx(expected, abs=4 * parts.marginal_kl_error / 20**0.5)
    assert not parts.is_saturated


@pytest.mark.parametrize(("n", "z_dim"), [(2, 1), (3000, 1), (100, 64)])
def test_posteriors_far_apart_tell_which_image_it_was_and_no_more(n, z_dim):
    mu = np.repeat(1000 * np.arange(n, dtype=np.float32)[:, None], z_dim, axis=1)
    parts = finish(decompose(AggregatedPosterior(mu, np.ones_like(mu))))
    assert parts.information == pytest.approx(log(n), abs=1e-9)
    assert parts.information <= parts.log_n == log(n)
    assert parts.is_saturated


def test_two_overlapping_posteriors_have_the_information_that_integration_finds():
    q = AggregatedPosterior(np.float32([[-0.5], [1]] * 1000), np.float32([[0.5], [0.8]] * 1000))  # as if they were two
    z = torch.linspace(-10, 10, 2001, dtype=torch.float64)[:, None]
    each = Normal(torch.tensor([[-0.5], [1.0]]), torch.tensor([[0.5], [0.8]])).log_prob(z.T)  # [n, grid]
    both, prior = mixture(q).log_prob(z), Normal(0, 1).log_prob(z[:, 0])
    information = torch.trapezoid(each.exp() * (each - both), z[:, 0]).mean().item()
    marginal_kl = torch.trapezoid(both.exp() * (both - prior), z[:, 0]).item()
    parts = finish(decompose(q, draws=20))
    assert parts.information == pytest.approx(information, abs=0.01)
    assert parts.marginal_kl == pytest.approx(marginal_kl, abs=0.02)


def test_the_parts_add_up_to_the_closed_form_kl_and_a_seed_decides_them():
    q = posteriors(800, 4)
    parts, again, other = (finish(decompose(q, seed)) for seed in (0, 0, 1))
    assert parts.kl == parts.information + parts.marginal_kl
    closed_form = kl_divergence(normals(q), Normal(0, 1)).sum(1).mean().item()
    assert parts.kl == pytest.approx(closed_form, abs=0.2)
    assert 0 < parts.information < parts.log_n
    assert parts == again != other


def test_the_errors_are_the_spread_over_sets_of_images():
    random = np.random.default_rng(5)
    found = []
    for seed in range(60):
        mu = random.standard_normal((100, 1)).astype(np.float32)
        found.append(finish(decompose(AggregatedPosterior(mu, np.full_like(mu, 0.5)), seed)))
    spread = np.std([parts.kl for parts in found])
    assert np.mean([parts.kl_error for parts in found]) == pytest.approx(spread, rel=0.3)


def test_a_decomposition_reports_how_far_it_is_and_can_be_left():
    job = decompose(posteriors(3000, 2), draws=2)
    first = next(job)
    assert isinstance(first, Progress)
    assert 0 < first.done < first.total == 6000
    job.close()
    assert [*decompose(posteriors(10, 2), draws=3)][-1].fraction == 1


def test_a_single_posterior_tells_nothing_and_has_no_errors():
    parts = finish(decompose(posteriors(1, 3)))
    assert (parts.information, parts.log_n) == (pytest.approx(0, abs=1e-9), 0)
    assert parts.information_error is parts.marginal_kl_error is parts.kl_error is None


def test_the_average_kl_of_a_few_images_is_not_left_to_one_draw_of_each():
    q = posteriors(3, 8)
    closed_form = kl_divergence(normals(q), Normal(0, 1)).sum(1).mean().item()
    assert finish(decompose(q)).kl == pytest.approx(closed_form, abs=0.2)


@settings(max_examples=25, derandomize=True, deadline=None)
@given(
    st.integers(1, 6).flatmap(
        lambda n: st.tuples(
            arrays(np.float32, (n, 2), elements=st.floats(-(2**100), 2**100, width=32)),
            arrays(np.float32, (n, 2), elements=st.floats(2**-50, 2**15, width=32)),
        )
    )
)
def test_whatever_an_encoder_gives_the_parts_are_finite_and_the_information_is_at_most_log_n(mu_and_sigma):
    q = AggregatedPosterior(*mu_and_sigma)
    parts = finish(decompose(q))
    assert np.isfinite([parts.information, parts.marginal_kl]).all()
    assert parts.information <= parts.log_n
    for how in HOWS:
        assert np.isfinite(q.sample(how, 5)).all()


def test_points_have_no_density_but_can_be_sampled():
    q = points(50, 2)
    assert not q.has_density
    for ask in (lambda: q.log_prob(q.mu), lambda: q.density(0, np.zeros(3)), lambda: finish(decompose(q))):
        with pytest.raises(NoDensityError, match="plain autoencoder maps each image to one point"):
            ask()
    assert {tuple(z) for z in q.sample("posterior", 20)} <= {tuple(z) for z in q.mu}
    np.testing.assert_allclose(q.deviation, q.mu.std(0), rtol=1e-5)


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize(("n", "z_dim"), [(300, 3), (20, 40)])
def test_samples_follow_their_seed_and_more_begin_with_the_same(how, n, z_dim):
    q, again = posteriors(n, z_dim), posteriors(n, z_dim)
    z = q.sample(how, 30, seed=4)
    np.testing.assert_array_equal(z, again.sample(how, 30, seed=4))
    np.testing.assert_allclose(z[:7], q.sample(how, 7, seed=4), atol=1e-6)
    assert not np.allclose(z, q.sample(how, 30, seed=5))


def test_samples_from_the_prior_are_those_of_the_prior():
    np.testing.assert_array_equal(posteriors(5, 3).sample("prior", 9, seed=2), prior_sample(9, 3, seed=2))


@pytest.mark.parametrize("how", ["gaussian", "mixture", "posterior"])
def test_what_stands_in_for_q_has_its_mean_and_covariance(how):
    q = posteriors(1000, 3)
    q.mu[:, 0] += 2
    z = q.sample(how, 20_000)
    covariance = np.cov(q.mu.T.astype(float), bias=True) + np.diag(np.square(q.sigma).mean(0))
    np.testing.assert_allclose(z.mean(0), mixture(q).mean.numpy(), atol=0.08)
    np.testing.assert_allclose(np.cov(z.T), covariance, atol=0.12)


def test_a_mixture_finds_two_clusters_where_a_gaussian_fills_the_hole_between():
    mu = np.where(np.arange(400)[:, None] % 4 > 0, 3, -3) * np.ones((1, 2), np.float32)
    q = AggregatedPosterior(mu.astype(np.float32), np.full((400, 2), 0.2, np.float32))
    assert (np.abs(q.sample("gaussian", 1000)).max(1) < 1.5).mean() > 0.15
    z = q.sample("mixture", 1000)
    assert np.abs(np.abs(z) - 3).max() < 1.2
    assert (z[:, 0] > 0).mean() == pytest.approx(0.75, abs=0.06)


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize(
    "q",
    [
        pytest.param(posteriors(1, 2), id="one image"),
        pytest.param(points(1, 2), id="one point"),
        pytest.param(posteriors(40, 200), id="fewer images than dimensions"),
        pytest.param(points(60, 40), id="points"),
        pytest.param(AggregatedPosterior(np.zeros((200, 3), np.float32), np.zeros((200, 3), np.float32)), id="dead"),
        pytest.param(
            AggregatedPosterior(1e6 * points(200, 3).mu * np.float32([1, 1e-9, 0]), np.zeros((200, 3), np.float32)),
            id="codes of any scale",
        ),
    ],
)
def test_any_model_can_be_sampled(q, how):
    z = q.sample(how, 50)
    assert z.dtype == np.float32
    assert np.isfinite(z).all()
    if how != "prior":
        assert (np.abs(z - q.mean) <= 6 * q.deviation + 0.01 * q.deviation.max()).all()
