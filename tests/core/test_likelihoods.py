import pytest
import torch
from torch import distributions

from vae_explorer.core.likelihoods import Bernoulli, Gaussian

SHAPE = (5, 2, 3, 4)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_bernoulli_log_prob_is_that_of_torch():
    logits = torch.randn(SHAPE, generator=generator()) * 5
    x = (torch.rand(SHAPE, generator=generator(1)) < 0.5).float()
    expected = distributions.Bernoulli(logits=logits.double()).log_prob(x.double()).flatten(1).sum(1)
    torch.testing.assert_close(Bernoulli(logits).log_prob(x).double(), expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("kind", ["drawn", "grey"])
def test_bernoulli_log_prob_keeps_its_digits_where_the_decoder_is_sure(kind):
    logits = (torch.rand(50, 1, 28, 28, generator=generator()) * 2 - 1) * 40
    x = torch.rand(50, 1, 28, 28, generator=generator(1))
    if kind == "drawn":
        x = (x < torch.sigmoid(logits)).float()
    expected = (
        x.double() * logits.double().sigmoid().log() + (1 - x.double()) * (-logits.double()).sigmoid().log()
    ).sum((1, 2, 3))
    found = Bernoulli(logits).log_prob(x).double()
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=2e-7)  # x · logits − Σ softplus is 0.002 off


def test_bernoulli_log_prob_stays_finite_for_a_sure_and_wrong_decoder():
    logits = torch.full((1, 1, 1, 2), 200.0)
    assert Bernoulli(logits).log_prob(torch.zeros(1, 1, 1, 2)).item() == pytest.approx(-400)


@pytest.mark.parametrize("sigma", [0.5**0.5, 0.1, 1 / 255])
def test_gaussian_log_prob_has_its_constants(sigma):
    mean, x = torch.rand(SHAPE, generator=generator()), torch.rand(SHAPE, generator=generator(1))
    expected = distributions.Normal(mean.double(), sigma).log_prob(x.double()).flatten(1).sum(1)
    found = Gaussian(mean, torch.tensor(sigma)).log_prob(x)
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-3)


def test_one_image_is_compared_with_every_latent_point():
    x = torch.rand(1, 2, 3, 4, generator=generator())
    likelihood = Gaussian(torch.rand(SHAPE, generator=generator(1)), torch.tensor(0.3))
    torch.testing.assert_close(likelihood.log_prob(x), likelihood.log_prob(x.expand(SHAPE)))


def test_draws_have_the_mean_and_the_deviation_that_are_shown():
    n = 20_000
    for likelihood in (
        Bernoulli(torch.tensor([-2.0, 0.3]).view(1, 1, 1, 2).expand(n, 1, 1, 2)),
        Gaussian(torch.tensor([0.2, 0.9]).view(1, 1, 1, 2).expand(n, 1, 1, 2), torch.tensor(0.25)),
    ):
        draws = likelihood.draw(generator())
        torch.testing.assert_close(draws.mean(0), likelihood.mean[0], atol=0.01, rtol=0)
        torch.testing.assert_close(draws.std(0), likelihood.std[0], atol=0.01, rtol=0)


def test_a_draw_depends_on_its_generator_alone():
    likelihood = Bernoulli(torch.zeros(SHAPE))
    first = likelihood.draw(generator(3))
    torch.rand(7)
    assert torch.equal(first, likelihood.draw(generator(3)))
    assert not torch.equal(first, likelihood.draw(generator(4)))
