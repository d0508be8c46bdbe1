"""The exact log p(x) and p(z|x) of a 2-dimensional z, against models whose integral is known."""

from math import log, pi

import numpy as np
import pytest
import torch
from linear_gaussian import LinearGaussian
from scipy import integrate

from vae_explorer.core.evidence import draws
from vae_explorer.core.grid import DECODED_AT_ONCE, true_posterior
from vae_explorer.core.likelihoods import Likelihood
from vae_explorer.core.posterior import Posterior
from vae_explorer.core.progress import finish

SHAPE = (1, 1, 2)


class Precise(Likelihood):
    """Each pixel is N(mean, 1), in float64."""

    def __init__(self, mean_image):
        self.mean_image = mean_image

    def log_prob(self, x):
        return -0.5 * (x - self.mean_image).square().flatten(1).sum(1) - log(2 * pi)

    mean = std = property(lambda self: self.mean_image)

    def draw(self, generator):
        raise NotImplementedError


class TwoPixels:
    """x|z ~ N(f(z), I); q(z|x) is what the test says."""

    image_shape, z_dim = SHAPE, 2

    def __init__(self, f, q=(0.0, 0.0), sigma=1.0):
        self.f, self.q, self.logvar = f, torch.tensor([q]), 2 * log(sigma)

    def encode(self, x):
        return Posterior(self.q, torch.full((1, 2), self.logvar))

    def decode(self, z):
        return Precise(self.f(z.double()).view(-1, *SHAPE))


def picture(values) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64).view(SHAPE)


def linear(lengths, angle):
    """f(z) = A z that squeezes p(z|x) to about 1 / length along two axes which are turned by the angle."""
    turned = torch.tensor([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    a = torch.diag(torch.tensor(lengths, dtype=torch.float64)) @ turned.double()
    return a, lambda z: z @ a.T


@pytest.mark.parametrize(
    ("lengths", "angle", "mean", "q", "sigma"),
    [
        pytest.param((1, 2), 0, (0.3, 0.2), (0.0, 0.0), 1, id="about as wide as the prior"),
        pytest.param((0.01, 0.01), 0, (0, 0), (0.0, 0.0), 1, id="the prior itself"),
        pytest.param((100, 100), 0, (0.25, 0.25), (0.0, 0.0), 1, id="narrow and exactly on a corner of cells"),
        pytest.param((1e4, 1e4), 0.3, (0.123, 0.456), (0.0, 0.0), 1, id="very narrow"),
        pytest.param((100, 4), 0.7, (1, -1), (0.0, 0.0), 1, id="a slanting ridge"),
        pytest.param((100, 100), 0.3, (8, 8), (0.0, 0.0), 0.01, id="far outside of the prior and of a narrow q"),
        pytest.param((30, 10), 0.3, (30, -50), (30.0, -50.0), 0.1, id="as far out as q says"),
        pytest.param((3, 3), 0, (0.5, 0.5), (1e9, -1e9), 20_000, id="a q that has lost its way"),
    ],
)
def test_evidence_mean_and_covariance_of_a_linear_gaussian_model_are_found(lengths, angle, mean, q, sigma):
    a, f = linear(lengths, angle)
    precision = torch.eye(2) + a.T @ a
    mean = torch.tensor(mean, dtype=torch.float64)
    x = torch.linalg.solve(a.T, precision @ mean)  # whose p(z|x) has this mean
    found = finish(true_posterior(TwoPixels(f, q, sigma), x.view(SHAPE)))
    expected = torch.distributions.MultivariateNormal(torch.zeros(2).double(), torch.eye(2) + a @ a.T).log_prob(x)
    covariance = torch.linalg.inv(precision).numpy()
    assert found.log_evidence == pytest.approx(expected.item(), abs=1e-4)
    assert found.error < 1e-3
    np.testing.assert_allclose(found.mean, mean, atol=1e-4 * np.sqrt(covariance.max()))
    np.testing.assert_allclose(found.covariance, covariance, atol=1e-4 * covariance.max())


def test_two_narrow_modes_far_from_each_other_are_both_found():
    """x = z1² and z2: by symmetry half of the mass is at z1 = 3, half at −3; z2 is a part of its own."""
    x = picture([900.0, 10.0])
    found = finish(
        true_posterior(
            TwoPixels(
                lambda z: z.square() @ torch.tensor([[100.0, 0], [0, 0]]).double() + z * torch.tensor([0, 20.0]),
                q=(3.0, 0.5),
            ),
            x,
        )
    )

    def joint(z1):  # beside z2
        return np.exp(-0.5 * z1**2 - 0.5 * (900 - 100 * z1**2) ** 2) / (2 * pi)

    one, _ = integrate.quad(joint, 2.9, 3.1, points=[3], epsabs=0, epsrel=1e-9)
    other = torch.distributions.Normal(0.0, (1 + 20**2) ** 0.5).log_prob(torch.tensor(10.0)).item()
    assert found.log_evidence == pytest.approx(log(2 * one) + other, abs=1e-3)
    np.testing.assert_allclose(found.mean, [0, 20 * 10 / (1 + 20**2)], atol=1e-4)
    assert found.covariance[0, 0] == pytest.approx(9, abs=0.01)
    assert found.z1[0] < -3 < 3 < found.z1[-1]


def test_modes_of_unequal_height_have_their_shares():
    """A wave in one direction: seven maxima under the prior, none at a regular place."""

    def f(z):
        return torch.stack([30 * torch.sin(2 * z[:, 0] + 0.4), z[:, 1]], 1)

    found = finish(true_posterior(TwoPixels(f), picture([20.0, 0.7])))
    z = np.linspace(-9, 9, 200_001)
    joint = np.exp(-0.5 * z**2 - 0.5 * (20 - 30 * np.sin(2 * z + 0.4)) ** 2) / (2 * pi)
    own = torch.distributions.Normal(0.0, 2**0.5).log_prob(torch.tensor(0.7)).item()
    assert found.log_evidence == pytest.approx(log(integrate.trapezoid(joint, z)) + own, abs=1e-3)
    assert found.mean[0] == pytest.approx(integrate.trapezoid(z * joint, z) / integrate.trapezoid(joint, z), abs=1e-3)


def test_many_importance_samples_find_the_same():
    model = LinearGaussian(posterior_error=0.2)
    x = model.images(1)[0]
    *_, estimate = draws(model, x, 50_000)
    found = finish(true_posterior(model, x))
    assert found.log_evidence == pytest.approx(estimate.log_evidence, abs=4 * estimate.standard_error + 1e-3)
    assert found.log_evidence == pytest.approx(model.log_evidence(x[None]).item(), abs=1e-3)


def test_the_grid_that_is_shown_holds_the_density_and_the_ellipse_of_q():
    model = LinearGaussian(posterior_error=1.5)
    x = model.images(1)
    q, found = model.encode(x), finish(true_posterior(model, x[0]))
    for j, axis in enumerate((found.z1, found.z2)):
        assert axis[0] <= (q.mu - 3 * q.sigma)[0, j] <= (q.mu + 3 * q.sigma)[0, j] <= axis[-1]
        np.testing.assert_allclose(np.diff(axis), axis[1] - axis[0])
    assert found.log_density.shape == (len(found.z2), len(found.z1))
    density = np.exp(found.log_density)
    mass = integrate.trapezoid(integrate.trapezoid(density, found.z1, axis=1), found.z2)
    assert mass == pytest.approx(1, abs=0.02)
    b, a = np.unravel_index(density.argmax(), density.shape)
    np.testing.assert_allclose([found.z1[a], found.z2[b]], found.mean, atol=0.1)


def test_it_can_be_stopped_between_small_parts():
    model = LinearGaussian()
    points = [progress.done for progress in true_posterior(model, model.images(1)[0])]
    assert max(np.diff([0, *points])) <= DECODED_AT_ONCE <= 2048
    job = true_posterior(model, model.images(1)[0])
    next(job)
    job.close()


def test_a_posterior_that_cannot_be_followed_says_how_far_it_is_off(monkeypatch):
    monkeypatch.setattr("vae_explorer.core.grid.MAX_POINTS", 5000)
    a, f = linear((1000, 1), 0.7)
    found = finish(true_posterior(TwoPixels(f), (a @ torch.ones(2).double()).view(SHAPE)))
    assert found.error > 1e-3


def test_a_density_that_is_no_number_is_refused_in_a_sentence():
    model = TwoPixels(lambda z: z * torch.nan)
    with pytest.raises(ValueError, match="is not finite"), np.errstate(invalid="ignore"):
        finish(true_posterior(model, picture([0.0, 0.0])))


def test_another_number_of_dimensions_is_refused_in_a_sentence():
    model = LinearGaussian(z_dim=3)
    with pytest.raises(ValueError, match="needs a model with 2 latent dimensions; this one has 3"):
        next(true_posterior(model, model.images(1)[0]))
