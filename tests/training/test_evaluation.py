import numpy as np
import pytest
import torch
from linear_gaussian import LinearGaussian

from vae_explorer.core.config import VAEConfig
from vae_explorer.core.progress import finish
from vae_explorer.core.vae import VAE
from vae_explorer.data.image_set import ImageSet
from vae_explorer.data.preprocess import Preparation, to_x
from vae_explorer.training import evaluation
from vae_explorer.training.evaluation import Evaluator, evaluate

PREPARATION = Preparation(image_shape=(1, 8, 8), binarise="draw")


@pytest.fixture
def model():
    return VAE(VAEConfig(image_shape=(1, 8, 8), z_dim=3, hidden=8)).initialise(torch.Generator().manual_seed(2)).eval()


@pytest.fixture
def images(bars):
    return ImageSet("bars", bars[:60], split="test")


@pytest.mark.parametrize("importance_samples", [None, 20])
def test_the_elbo_is_reconstruction_less_kl_and_the_mean_of_the_images(model, images, importance_samples):
    result = finish(evaluate(model, images, PREPARATION, importance_samples=importance_samples))
    assert result.elbo == result.reconstruction - result.kl
    assert result.elbo == pytest.approx(result.elbos.mean())
    assert len(result.elbos) == 60
    assert result.split == "test"


def test_kl_and_active_dimensions_agree_with_the_posterior_itself(model, images):
    result = finish(evaluate(model, images, PREPARATION))
    with torch.no_grad():
        q = model.encode(torch.from_numpy(to_x(images.images, PREPARATION)))
    exact = torch.distributions.kl_divergence(
        torch.distributions.Normal(q.mu, q.sigma), torch.distributions.Normal(0, 1)
    ).mean(0)
    assert result.kl_per_dimension == pytest.approx(exact.numpy(), abs=1e-5)
    assert result.kl == pytest.approx(exact.sum().item(), abs=1e-5)
    assert result.mu_variance == pytest.approx(q.mu.var(0, correction=0).numpy(), abs=1e-6)
    assert result.active_dimensions == [j for j in range(3) if q.mu[:, j].var(correction=0) > 0.01]


def test_the_parts_beside_an_evidence_add_up(model, images):
    result = finish(evaluate(model, images, PREPARATION, importance_samples=50))
    assert result.gap >= 0
    assert result.elbo + result.gap == pytest.approx(result.log_evidence)
    assert 1 <= result.effective_sample_size <= 50


def test_one_draw_gives_neither_gap_nor_error(model, images):
    result = finish(evaluate(model, images, PREPARATION, importance_samples=1))
    assert result.gap is None
    assert result.standard_error is None
    assert result.log_evidence == pytest.approx(result.elbo)


def test_without_draws_there_is_no_evidence(model, images):
    result = finish(evaluate(model, images, PREPARATION))
    assert [result.log_evidence, result.gap, result.standard_error, result.effective_sample_size] == [None] * 4


def test_the_figures_of_an_image_do_not_depend_on_its_neighbours(model, images, monkeypatch):
    together = finish(evaluate(model, images, PREPARATION))
    monkeypatch.setattr(evaluation, "PREPARED_AT_ONCE", 7)
    backwards = finish(evaluate(model, images.take(np.arange(60)[::-1]), PREPARATION))
    assert together.elbos == pytest.approx(backwards.elbos[::-1], abs=1e-4)


def test_the_evidence_of_a_linear_gaussian_model_is_its_own(monkeypatch):
    model = LinearGaussian(posterior_error=0.1)
    x = model.images(6)
    monkeypatch.setattr(evaluation, "to_x", lambda *_arguments: x.numpy())
    images = ImageSet("linear", np.zeros((6, *x.shape[1:]), np.uint8))
    preparation = Preparation.model_construct(image_shape=tuple(x.shape[1:]))
    result = finish(evaluate(model, images, preparation, importance_samples=2000))
    expected = model.log_evidence(x).mean().item()
    assert result.log_evidence == pytest.approx(expected, abs=max(0.01, 5 * result.standard_error))


def test_progress_counts_the_images(model, images):
    items = list(evaluate(model, images, PREPARATION))
    assert [item.done for item in items] == list(range(1, 61))
    assert {(item.total, item.what) for item in items} == {(60, "images")}


def test_mu_and_sigma_of_every_image_are_kept(model, images):
    result = finish(evaluate(model, images, PREPARATION))
    with torch.no_grad():
        q = model.encode(torch.from_numpy(to_x(images.images, PREPARATION)))
    assert result.mu == pytest.approx(q.mu.numpy(), abs=1e-5)
    assert result.sigma == pytest.approx(q.sigma.numpy(), abs=1e-5)


@pytest.mark.parametrize("importance_samples", [None, 30])
def test_what_is_interrupted_has_the_figures_of_the_first_images(model, images, importance_samples):
    evaluator = Evaluator(model, images, PREPARATION, importance_samples=importance_samples)
    work = evaluator.work()
    assert evaluator.so_far() is None
    while next(work).done < 23:
        pass
    work.close()
    partial = evaluator.so_far()
    first = images.take(slice(0, 23))
    whole = finish(evaluate(model, first, PREPARATION, importance_samples=importance_samples))
    assert partial.images == 23
    assert partial.elbos == pytest.approx(whole.elbos, abs=1e-4)
    if importance_samples:
        for name in ("log_evidence", "standard_error", "effective_sample_size"):
            assert getattr(partial, name) == pytest.approx(getattr(whole, name), rel=1e-4), name
    assert (partial.log_evidence is None) == (importance_samples is None)
    assert partial.mu == pytest.approx(whole.mu, abs=1e-5)


def test_one_image_of_many_draws_can_be_interrupted(model, images):
    items = list(evaluate(model, images.take(slice(0, 2)), PREPARATION, importance_samples=1000))
    assert [item.done for item in items] == [0, 0, 0, 1, 1, 1, 1, 2]


def test_the_effective_sample_sizes_that_are_too_small_are_counted(model, images):
    result = finish(evaluate(model, images, PREPARATION, importance_samples=12))
    sizes = result.effective_sample_sizes
    assert result.effective_sample_size == np.median(sizes)
    assert result.low_effective_sample_size == sum(size < 10 for size in sizes)


def test_a_plain_autoencoder_has_a_reconstruction_and_codes(images):
    config = VAEConfig(image_shape=(1, 8, 8), z_dim=3, hidden=8, kind="autoencoder")
    model = VAE(config).initialise(torch.Generator().manual_seed(2)).eval()
    result = finish(evaluate(model, images, PREPARATION))
    assert [result.elbo, result.elbos, result.kl, result.kl_per_dimension, result.log_evidence, result.gap] == [
        None
    ] * 6
    assert result.figures.model_dump() == {"elbo": None, "reconstruction": result.reconstruction, "kl": None}
    statistics = result.statistics
    assert (statistics.kl_per_dimension, statistics.elbo_quantiles, statistics.images) == (None, None, 60)
    assert statistics.mu_variance == pytest.approx(result.mu.var(0).tolist(), rel=1e-5)
    assert (result.sigma == 0).all()


def test_the_statistics_are_those_of_the_images(model, images):
    result = finish(evaluate(model, images, PREPARATION))
    statistics = result.statistics
    assert (statistics.split, statistics.images) == ("test", 60)
    assert statistics.elbo_quantiles[0] == result.elbos.min()
    assert statistics.elbo_quantiles[100] == result.elbos.max()
    assert statistics.elbo_quantiles[50] == pytest.approx(np.median(result.elbos))


def test_no_images_are_refused(model, images):
    with pytest.raises(ValueError, match="bars has no test images to evaluate"):
        finish(evaluate(model, images.take(slice(0, 0)), PREPARATION))
