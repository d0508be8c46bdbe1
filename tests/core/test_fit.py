"""q(z|x) fitted to one image, against a linear decoder: the best diagonal Gaussian is known (Bishop 2006, 10.1.2)."""

import numpy as np
import pytest
import torch
from linear_gaussian import LinearGaussian
from torch import distributions

from vae_explorer.core.config import VAEConfig
from vae_explorer.core.evidence import draws
from vae_explorer.core.fit import fit
from vae_explorer.core.judgement import gaps
from vae_explorer.core.posterior import MAX_LOGVAR, MIN_LOGVAR, Point, Posterior
from vae_explorer.core.progress import finish
from vae_explorer.core.vae import VAE


class Correlated(LinearGaussian):
    """The columns of W are no longer orthogonal, so p(z|x) is not diagonal; the encoder says what it is told."""

    def __init__(self, correlation=0.6, mu=(2.0, -1.5), logvar=-1.0):
        super().__init__()
        self.w = self.w @ torch.tensor([[1, correlation], [0, (1 - correlation**2) ** 0.5]]).double()
        self.precision = torch.eye(2) + self.w.T @ self.w / self.s**2
        self.said = Posterior(torch.tensor([mu]), torch.full((1, 2), logvar))

    def encode(self, x):
        return self.said

    def true_mean(self, x):
        return torch.linalg.solve(self.precision, self.w.T @ (x.flatten().double() - self.m) / self.s**2)


@pytest.mark.parametrize("correlation", [0.0, 0.6])
def test_the_fitted_posterior_is_the_best_diagonal_gaussian(correlation):
    model = Correlated(correlation)
    x = model.images(1)[0]
    fitted = finish(fit(model, x))
    best_sigma = model.precision.diagonal().rsqrt()
    true = distributions.MultivariateNormal(model.true_mean(x), precision_matrix=model.precision)
    best = distributions.MultivariateNormal(model.true_mean(x), torch.diag(best_sigma**2))
    left = distributions.kl_divergence(best, true).item()
    np.testing.assert_allclose(fitted.mu, true.mean, atol=0.02)
    np.testing.assert_allclose(fitted.sigma, best_sigma, rtol=0.05)
    assert fitted.log_evidence == pytest.approx(
        model.log_evidence(x[None]).item(), abs=4 * fitted.standard_error + 1e-3
    )
    assert gaps(fitted, fitted.log_evidence).approximation == pytest.approx(left, abs=0.02)
    assert (left < 1e-9) == (correlation == 0)


def test_what_the_encoder_left_is_the_elbo_won():
    model = Correlated()
    x = model.images(1)[0]
    fitted = finish(fit(model, x, draws=3000, seed=3))
    *_, by_encoder = draws(model, x, 3000, seed=3)
    assert fitted.encoder_elbo == by_encoder.elbo
    true = distributions.MultivariateNormal(model.true_mean(x), precision_matrix=model.precision)
    said = distributions.MultivariateNormal(model.said.mu[0].double(), torch.diag(model.said.sigma[0].double() ** 2))
    whole = distributions.kl_divergence(said, true).item()
    assert sum(gaps(fitted, fitted.log_evidence)) == pytest.approx(whole, rel=0.05)


def test_where_the_encoder_is_best_its_own_posterior_is_the_result():
    model = LinearGaussian()
    x = model.images(1)
    fitted = finish(fit(model, x[0], steps=20))
    q = model.encode(x)
    amortisation, approximation = gaps(fitted, fitted.log_evidence)
    assert amortisation >= 0
    np.testing.assert_allclose(fitted.mu, q.mu[0], atol=0.01)
    assert approximation == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("logvar", [MIN_LOGVAR, MAX_LOGVAR])
@pytest.mark.parametrize("mu", [0.0, 8.0])
def test_an_encoder_at_its_limits_is_still_improved_upon(logvar, mu):
    model = Correlated(mu=(mu, -mu), logvar=logvar)
    x = model.images(1)[0]
    fitted = finish(fit(model, x, draws=2000))
    assert np.isfinite([fitted.encoder_elbo, fitted.fitted_elbo, fitted.log_evidence]).all()
    np.testing.assert_allclose(fitted.mu, model.true_mean(x), atol=0.05)
    assert MIN_LOGVAR <= (2 * np.log(fitted.sigma)).min() <= (2 * np.log(fitted.sigma)).max() <= MAX_LOGVAR


def vae(requires_grad: bool) -> VAE:
    config = VAEConfig(image_shape=(1, 8, 8), z_dim=3, hidden=16)
    return VAE(config).initialise(torch.Generator().manual_seed(1)).eval().requires_grad_(requires_grad)


@pytest.mark.parametrize("requires_grad", [False, True])
def test_the_model_stays_as_it_is(requires_grad):
    model, x = vae(requires_grad), torch.ones(1, 8, 8)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    job = fit(model, x, steps=20, draws=100)
    for _ in job:
        assert torch.is_grad_enabled()
        assert not torch.is_inference_mode_enabled()
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert {parameter.requires_grad for parameter in model.parameters()} == {requires_grad}


def test_the_same_seed_gives_the_same_numbers_also_to_a_driver_without_gradients():
    model, x = vae(False), torch.ones(1, 8, 8)
    one, other = (finish(fit(model, x, steps=30, draws=100, seed=seed)) for seed in (5, 6))
    with torch.inference_mode():
        same = finish(fit(model, torch.ones(1, 8, 8), steps=30, draws=100, seed=5))
    with torch.no_grad():
        again = finish(fit(model, x, steps=30, draws=100, seed=5))
    for repeated in (same, again):
        assert (repeated.mu == one.mu).all()
        assert (repeated.fitted_elbo, repeated.log_evidence) == (one.fitted_elbo, one.log_evidence)
    assert (other.mu != one.mu).any()


def test_it_can_be_cancelled_between_two_steps():
    job = fit(vae(False), torch.ones(1, 8, 8), steps=1000)
    assert [(next(job).done, next(job).total) for _ in range(2)] == [(0, 1000), (10, 1000)]
    job.close()


def test_a_plain_autoencoder_is_refused_in_a_sentence():
    class Plain(LinearGaussian):
        def encode(self, x):
            return Point(super().encode(x).mu)

    model = Plain()
    with pytest.raises(ValueError, match=r"A plain autoencoder has no q\(z\|x\)"):
        next(fit(model, model.images(1)[0]))
