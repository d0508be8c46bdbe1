import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from linear_gaussian import LinearGaussian

from vae_explorer.core.config import VAEConfig
from vae_explorer.core.evidence import bounds
from vae_explorer.core.vae import VAE


def test_with_the_true_posterior_the_gap_is_zero_and_one_draw_is_the_evidence():
    model = LinearGaussian()
    x = model.images(5)
    for bound, expected in zip(bounds(model, x, importance_samples=10), model.log_evidence(x), strict=True):
        assert bound.log_evidence == pytest.approx(expected.item(), abs=1e-4)
        assert bound.gap == pytest.approx(0, abs=1e-4)
        assert bound.effective_sample_size == pytest.approx(10, rel=1e-3)


def test_the_evidence_of_a_linear_gaussian_model_is_found_to_a_hundredth_of_a_nat():
    model = LinearGaussian(posterior_error=0.1)
    x = model.images(8)
    for bound, expected in zip(bounds(model, x, importance_samples=5000), model.log_evidence(x), strict=True):
        assert bound.log_evidence == pytest.approx(expected.item(), abs=max(0.01, 4 * bound.standard_error))
        assert bound.standard_error < 0.01


def test_the_elbo_is_the_evidence_less_the_kl_to_the_true_posterior():
    model = LinearGaussian(posterior_error=0.3)
    x = model.images(1)
    q, true = model.encode(x), LinearGaussian().encode(x)
    gap = torch.distributions.kl_divergence(
        torch.distributions.Normal(q.mu, q.sigma), torch.distributions.Normal(true.mu, true.sigma)
    ).sum()
    (bound,) = bounds(model, x, importance_samples=50_000)
    assert bound.gap == pytest.approx(gap.item(), abs=0.02)
    assert bound.elbo == pytest.approx(model.log_evidence(x).item() - gap.item(), abs=0.02)


def test_without_importance_samples_kl_is_its_closed_form_and_there_is_no_evidence():
    model = LinearGaussian(posterior_error=0.3)
    x = model.images(3)
    for bound, kl in zip(bounds(model, x), model.encode(x).kl(), strict=True):
        assert bound.kl == pytest.approx(kl.sum().item(), rel=1e-6)
        assert bound.log_evidence is None
        assert bound.gap is None


def test_the_figures_do_not_depend_on_neighbours_or_order():
    model = LinearGaussian(posterior_error=0.2)
    x = model.images(40)
    together = list(bounds(model, x, importance_samples=100))
    alone = next(bounds(model, x[17:18], importance_samples=100))
    assert alone.log_evidence == pytest.approx(together[17].log_evidence, abs=1e-5)
    assert alone.elbo == pytest.approx(together[17].elbo, abs=1e-5)


def test_more_draws_begin_with_the_same_ones(monkeypatch):
    model = LinearGaussian(posterior_error=0.2)
    x = model.images(1)
    (whole,) = bounds(model, x, importance_samples=5000)
    monkeypatch.setattr("vae_explorer.core.evidence.DECODED_AT_ONCE", 300)
    (chunked,) = bounds(model, x, importance_samples=5000)
    assert chunked.log_evidence == pytest.approx(whole.log_evidence, abs=1e-6)


def test_one_draw_has_no_gap_and_no_error():
    (bound,) = bounds(LinearGaussian(), LinearGaussian().images(1), importance_samples=1)
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
    (bound,) = bounds(model, torch.full((1, 1, 2, 3), level), importance_samples=draws, seed=seed)
    assert bound.gap >= 0
    assert bound.elbo + bound.gap == pytest.approx(bound.log_evidence, abs=1e-6)
    assert 1 <= bound.effective_sample_size <= draws


def test_an_all_black_image_has_finite_figures():
    vae = VAE(VAEConfig(image_shape=(1, 28, 28), z_dim=4)).initialise(torch.Generator().manual_seed(0)).eval()
    (bound,) = bounds(vae, torch.zeros(1, 1, 28, 28), importance_samples=20)
    assert np.isfinite([bound.elbo, bound.log_evidence, bound.standard_error]).all()
