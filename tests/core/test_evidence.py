import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from linear_gaussian import LinearGaussian

from vae_explorer.core import evidence
from vae_explorer.core.config import VAEConfig
from vae_explorer.core.evidence import Draws, bounds, draws
from vae_explorer.core.posterior import Posterior
from vae_explorer.core.vae import VAE

NATS = st.floats(-1e6, 1e6)


def found(model, x, **options):
    """The bounds alone, without what tells a driver that it may stop."""
    return [bound for bound in bounds(model, x, **options) if bound]


def network(likelihood="bernoulli", kind="vae"):
    config = VAEConfig(image_shape=(1, 8, 8), z_dim=3, hidden=16, likelihood=likelihood, kind=kind)
    return VAE(config).initialise(torch.Generator().manual_seed(0)).eval().requires_grad_(False)


def binary_images(n):
    return (torch.rand(n, 1, 8, 8, generator=torch.Generator().manual_seed(1)) < 0.3).float()


def test_with_the_true_posterior_the_gap_is_zero_and_one_draw_is_the_evidence():
    model = LinearGaussian()
    x = model.images(5)
    for bound, expected in zip(found(model, x, importance_samples=10), model.log_evidence(x), strict=True):
        assert bound.log_evidence == pytest.approx(expected.item(), abs=1e-4)
        assert bound.gap == pytest.approx(0, abs=1e-4)
        assert bound.effective_sample_size == pytest.approx(10, rel=1e-3)


def test_the_evidence_of_a_linear_gaussian_model_is_found_to_a_hundredth_of_a_nat():
    model = LinearGaussian(posterior_error=0.1)
    x = model.images(8)
    for bound, expected in zip(found(model, x, importance_samples=5000), model.log_evidence(x), strict=True):
        assert bound.log_evidence == pytest.approx(expected.item(), abs=max(0.01, 4 * bound.standard_error))
        assert bound.standard_error < 0.01


def test_the_elbo_is_the_evidence_less_the_kl_to_the_true_posterior():
    model = LinearGaussian(posterior_error=0.3)
    x = model.images(1)
    q, true = model.encode(x), LinearGaussian().encode(x)
    gap = torch.distributions.kl_divergence(
        torch.distributions.Normal(q.mu, q.sigma), torch.distributions.Normal(true.mu, true.sigma)
    ).sum()
    (bound,) = found(model, x, importance_samples=50_000)
    assert bound.gap == pytest.approx(gap.item(), abs=0.02)
    assert bound.elbo == pytest.approx(model.log_evidence(x).item() - gap.item(), abs=0.02)


def test_without_importance_samples_kl_is_its_closed_form_and_there_is_no_evidence():
    model = LinearGaussian(posterior_error=0.3)
    x = model.images(3)
    for bound, kl in zip(found(model, x), model.encode(x).kl(), strict=True):
        assert bound.kl == pytest.approx(kl.sum().item(), rel=1e-6)
        assert bound.log_evidence is None
        assert bound.gap is None


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("decoded_at_once", [1, 33, 100_000])
def test_the_figures_depend_neither_on_chunks_nor_on_neighbours(monkeypatch, likelihood, decoded_at_once):
    model, x = network(likelihood), binary_images(5)
    usual = found(model, x, importance_samples=80)
    monkeypatch.setattr(evidence, "DECODED_AT_ONCE", decoded_at_once)
    alone = [bound for image in x.flip(0) for bound in found(model, image[None], importance_samples=80)]
    together = found(model, x, importance_samples=80)
    for name in ("reconstruction", "kl", "log_evidence"):
        expected = [getattr(bound, name) for bound in usual]
        assert [getattr(bound, name) for bound in together] == pytest.approx(expected, abs=1e-4)
        assert [getattr(bound, name) for bound in reversed(alone)] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("count", [1, 40, 600])
def test_the_stream_of_an_images_draws_ends_with_the_figures_of_its_bound(count):
    model, x = network(), binary_images(3)
    for image, bound in zip(x, found(model, x, importance_samples=count, seed=4), strict=True):
        *_, last = draws(model, image, count, seed=4)
        assert len(last.log_weights) == count
        for name in ("reconstruction", "kl", "elbo", "log_evidence", "gap", "standard_error", "effective_sample_size"):
            assert getattr(last, name) == pytest.approx(getattr(bound, name), abs=1e-4), name


def test_a_stream_of_draws_grows_chunk_by_chunk_and_keeps_what_it_had():
    growing = list(draws(network(), binary_images(1)[0], 1000))
    assert [len(some.log_weights) for some in growing] == [250, 500, 750, 1000]
    for some in growing:
        assert np.array_equal(some.log_weights, growing[-1].log_weights[: len(some.log_weights)])


def test_many_draws_can_be_left_after_each_chunk():
    items = list(bounds(network(), binary_images(2), importance_samples=1000))
    assert [item is None for item in items] == [True, True, True, False] * 2


def test_log_ratio_is_that_of_torch():
    model, x = LinearGaussian(posterior_error=0.4), LinearGaussian().images(1)
    (last,) = draws(model, x[0], 100)
    q = model.encode(x)
    eps = evidence.content_generator(x[0].numpy(), 0).standard_normal((100, 2), dtype=np.float32)
    q = torch.distributions.Normal(q.mu.double(), q.logvar.double().div(2).exp())
    z = q.loc + q.scale * torch.from_numpy(eps).double()
    expected = (q.log_prob(z) - torch.distributions.Normal(0.0, 1.0).log_prob(z)).sum(1)
    assert last.log_ratio == pytest.approx(expected.numpy(), abs=1e-5)


def test_the_standard_error_is_the_spread_over_seeds():
    model, x = LinearGaussian(posterior_error=0.3), LinearGaussian().images(1)
    bounds_ = [found(model, x, importance_samples=200, seed=seed)[0] for seed in range(200)]
    spread = np.std([bound.log_evidence for bound in bounds_])
    assert np.mean([bound.standard_error for bound in bounds_]) == pytest.approx(spread, rel=0.2)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(NATS, NATS), min_size=1, max_size=30))
def test_whatever_the_draws_the_figures_hold_together(pairs):
    own = Draws(*np.array(pairs, dtype=np.float64).T)
    k, log_w = len(pairs), torch.from_numpy(own.log_weights)
    assert own.reconstruction - own.kl == own.elbo
    assert own.log_evidence == pytest.approx(torch.logsumexp(log_w, 0).item() - np.log(k), rel=1e-9, abs=1e-6)
    assert 1 <= own.effective_sample_size <= k
    assert own.effective_sample_size == pytest.approx(1 / torch.softmax(log_w, 0).square().sum().item(), rel=1e-6)
    growth, error = own.growth([1, (k + 1) // 2, k])
    assert growth[0] == pytest.approx(log_w[0].item(), abs=1e-6)
    assert growth[1] == pytest.approx(Draws(*np.array(pairs[: (k + 1) // 2]).T).log_evidence, rel=1e-9, abs=1e-6)
    assert growth[2] == pytest.approx(own.log_evidence, rel=1e-9, abs=1e-6)
    assert np.isnan(error[0])
    if k == 1:
        assert (own.gap, own.standard_error) == (None, None)
    else:
        assert own.gap >= 0
        assert own.elbo + own.gap == pytest.approx(own.log_evidence, abs=1e-6)
        assert 0 <= own.standard_error <= 1
        assert error[2] == pytest.approx(own.standard_error, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(mu=st.floats(-1e4, 1e4), logvar=st.floats(-30, 20), level=st.sampled_from([0.0, 1.0]), count=st.integers(1, 40))
def test_an_extreme_posterior_has_finite_figures(mu, logvar, level, count):
    model = LinearGaussian()
    model.encode = lambda x: Posterior(torch.full((len(x), 2), mu), torch.full((len(x), 2), logvar))
    (bound,) = found(model, torch.full((1, 1, 2, 3), level), importance_samples=count)
    assert np.isfinite([bound.elbo, bound.log_evidence, bound.effective_sample_size]).all()
    assert 1 <= bound.effective_sample_size <= count
    assert bound.gap is None if count == 1 else bound.gap >= 0


def test_sigma_far_below_the_digits_of_mu_keeps_its_density():
    model, x = LinearGaussian(), LinearGaussian().images(1)
    model.encode = lambda x: Posterior(torch.full((len(x), 2), 1000.0), torch.full((len(x), 2), -30.0))
    *_, last = draws(model, x[0], 5000)
    exact = model.encode(x).kl().sum().item()
    assert last.kl == pytest.approx(exact, abs=0.1)  # by (z − mu) / sigma, sigma being lost in z, 1 nat off


def test_a_plain_autoencoder_has_a_reconstruction_alone():
    model, x = network(kind="autoencoder"), binary_images(3)
    z = model.encoder(x)
    pixels = torch.distributions.Bernoulli(logits=model.decoder(z).double())
    expected = pixels.log_prob(x.double()).flatten(1).sum(1)
    for bound, own, log_prob in zip(found(model, x), z, expected, strict=True):
        assert bound.mu == pytest.approx(own.numpy(), abs=1e-6)
        assert (bound.sigma == 0).all()
        assert bound.reconstruction == pytest.approx(log_prob.item(), abs=1e-4)
        assert [bound.kl_per_dimension, bound.kl, bound.elbo, bound.log_evidence, bound.gap] == [None] * 5
    with pytest.raises(ValueError, match=r"no q\(z\|x\) to draw from"):
        next(draws(model, x[0], 10))


def test_one_draw_has_no_gap_and_no_error():
    (bound,) = found(LinearGaussian(), LinearGaussian().images(1), importance_samples=1)
    assert bound.gap is None
    assert bound.standard_error is None
    assert bound.log_evidence == pytest.approx(bound.elbo)


@settings(max_examples=40, deadline=None)
@given(
    error=st.floats(-3, 3),
    level=st.sampled_from([0.0, 0.5, 1.0]),
    draws=st.integers(2, 50),
    seed=st.integers(0, 5),
)
def test_the_parts_add_up_and_the_gap_is_never_negative(error, level, draws, seed):
    model = LinearGaussian(posterior_error=error)
    (bound,) = found(model, torch.full((1, 1, 2, 3), level), importance_samples=draws, seed=seed)
    assert bound.gap >= 0
    assert bound.elbo + bound.gap == pytest.approx(bound.log_evidence, abs=1e-6)
    assert 1 <= bound.effective_sample_size <= draws


def test_an_all_black_image_has_finite_figures():
    vae = VAE(VAEConfig(image_shape=(1, 28, 28), z_dim=4)).initialise(torch.Generator().manual_seed(0)).eval()
    (bound,) = found(vae, torch.zeros(1, 1, 28, 28), importance_samples=20)
    assert np.isfinite([bound.elbo, bound.log_evidence, bound.standard_error]).all()
