from typing import get_args

import pytest
import torch
from pydantic import ValidationError
from torch.nn import functional

from vae_explorer.core.config import MIN_SIGMA, Network, VAEConfig
from vae_explorer.core.networks import Residual
from vae_explorer.core.objective import negative_elbo
from vae_explorer.core.vae import VAE

SHAPES = [(1, 28, 28), (3, 64, 64), (1, 37, 50), (3, 128, 96), (1, 8, 8), (3, 8, 128)]


def make(seed=0, **options):
    return VAE(VAEConfig(**{"image_shape": (1, 28, 28), "z_dim": 5, "hidden": 32, **options})).initialise(
        torch.Generator().manual_seed(seed)
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("network", get_args(Network))
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_every_network_takes_and_gives_images_of_every_shape(shape, network, likelihood):
    vae = make(image_shape=shape, network=network, likelihood=likelihood)
    x = torch.rand(2, *shape, generator=torch.Generator().manual_seed(0)).round()
    loss = negative_elbo(vae, x, torch.zeros(2, 5))
    loss.total.backward()
    assert vae.decode(vae.encode(x).mu).mean.shape == x.shape
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in vae.parameters())


def test_a_residual_block_adds_what_its_two_convolutions_find():
    block = Residual(3)
    x = torch.randn(2, 3, 5, 7)
    first, second = (layer for layer in block.change if isinstance(layer, torch.nn.Conv2d))

    def convolved(layer, values):
        return functional.conv2d(functional.elu(values), layer.weight, layer.bias, padding=1)

    torch.testing.assert_close(block(x), x + convolved(second, convolved(first, x)))


def test_the_loss_is_minus_reconstruction_plus_beta_kl():
    vae, eps = make(), torch.zeros(3, 5)
    x = torch.ones(3, 1, 28, 28)
    loss = negative_elbo(vae, x, eps, beta=4.0)
    torch.testing.assert_close(loss.total, 4 * loss.kl_per_dimension.sum() - loss.reconstruction)
    torch.testing.assert_close(loss.elbo, loss.reconstruction - loss.kl_per_dimension.sum())


def test_the_lecture_preset_is_the_squared_error_plus_the_kl():
    vae, eps = make(likelihood="gaussian", sigma="lecture"), torch.zeros(2, 5)
    x = torch.rand(2, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    posterior = vae.encode(x)
    squared_error = (x - vae.decode(posterior.mu).mean).square().sum((1, 2, 3)).mean()
    constant = 784 / 2 * torch.log(torch.tensor(torch.pi))  # (d/2) log(2 π ½)
    torch.testing.assert_close(
        negative_elbo(vae, x, eps).total, squared_error + posterior.kl().sum(1).mean() + constant
    )


def test_a_learned_sigma_never_falls_below_one_grey_level():
    vae = make(likelihood="gaussian")
    with torch.no_grad():
        vae.log_sigma.fill_(-100.0)
    assert vae.sigma.item() >= MIN_SIGMA
    vae.sigma.backward()  # and can still grow again
    assert vae.log_sigma.grad is not None


def test_weights_follow_from_the_seed_alone():
    first = make(seed=3).state_dict()
    torch.rand(5)
    again, other = make(seed=3).state_dict(), make(seed=4).state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["encoder.1.weight"], other["encoder.1.weight"])


@pytest.mark.parametrize("shape", [(1, 7, 28), (1, 28, 129), (4, 28, 28), (0, 28, 28)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValidationError):
        VAEConfig(image_shape=shape)
