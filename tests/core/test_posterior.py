import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import distributions

from vae_explorer.core.posterior import Posterior, log_normal


def some_posterior(n=6, z=3):
    generator = torch.Generator().manual_seed(0)
    return Posterior(torch.randn(n, z, generator=generator) * 2, torch.randn(n, z, generator=generator))


def test_kl_is_that_of_torch():
    q = some_posterior()
    expected = distributions.kl_divergence(
        distributions.Normal(q.mu.double(), q.sigma.double()), distributions.Normal(0.0, 1.0)
    )
    torch.testing.assert_close(q.kl().double(), expected, rtol=1e-5, atol=1e-5)


def test_kl_is_the_lectures_formula():
    q = some_posterior(n=1)
    mu, variance = q.mu[0].double(), q.logvar[0].double().exp()
    k = len(mu)
    expected = 0.5 * (variance.sum() + mu @ mu - k - torch.logdet(torch.diag(variance)))
    torch.testing.assert_close(q.kl().sum().double(), expected, rtol=1e-5, atol=1e-5)


def test_the_log_densities_are_those_of_torch():
    q = some_posterior()
    z = q.sample(torch.randn(6, 3, generator=torch.Generator().manual_seed(1)))
    torch.testing.assert_close(q.log_prob(z), distributions.Normal(q.mu, q.sigma).log_prob(z).sum(1))
    torch.testing.assert_close(log_normal(z), distributions.Normal(0.0, 1.0).log_prob(z).sum(1))


def test_samples_have_the_mean_mu_and_the_deviation_sigma():
    one = some_posterior(n=1)
    n = 40_000
    many = Posterior(one.mu.expand(n, 3), one.logvar.expand(n, 3))
    z = many.sample(torch.randn(n, 3, generator=torch.Generator().manual_seed(2)))
    torch.testing.assert_close(z.mean(0), one.mu[0], atol=0.03, rtol=0.02)
    torch.testing.assert_close(z.std(0), one.sigma[0], atol=0.03, rtol=0.02)


def test_gradients_flow_through_the_sample_to_mu_and_sigma():
    mu, logvar = torch.zeros(1, 2, requires_grad=True), torch.zeros(1, 2, requires_grad=True)
    eps = torch.tensor([[1.0, -2.0]])
    Posterior(mu, logvar).sample(eps).sum().backward()
    assert torch.equal(mu.grad, torch.ones(1, 2))
    torch.testing.assert_close(logvar.grad, 0.5 * eps)  # dz/dlogvar = ½ sigma eps


@given(st.floats(-1e3, 1e3), st.floats(-30, 20))
def test_kl_is_never_negative(mu, logvar):
    q = Posterior(torch.tensor([[mu]], dtype=torch.float64), torch.tensor([[logvar]], dtype=torch.float64))
    assert q.kl().item() >= -1e-12
