"""What a run can be made of beyond the plain recipe: gated units, a learning-rate schedule, early stopping, and the
plain autoencoder."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from vae_explorer.core.config import VAEConfig
from vae_explorer.core.posterior import Point
from vae_explorer.core.progress import finish
from vae_explorer.core.vae import VAE
from vae_explorer.storage import sealed
from vae_explorer.training import model_file
from vae_explorer.training.loop import Steps
from vae_explorer.training.model_file import ModelFileError, StoredPosteriors
from vae_explorer.training.run import Run
from vae_explorer.training.trainer import Trainer

SHAPE = (1, 8, 8)


def trained(folder, config):
    run = Run.create(folder, config)
    trainer = Trainer(run)
    return run, finish(trainer.work()), trainer


def validations(run) -> list[float]:
    return [report["validation"]["elbo"] for report in run.metrics() if "validation" in report]


def test_a_gated_layer_multiplies_by_a_sigmoid_of_its_own():
    model = VAE(VAEConfig(image_shape=SHAPE, network="gated_mlp", hidden=6, z_dim=2))
    x = torch.rand(3, *SHAPE)
    first = model.encoder[1]
    w, v = first.weight.chunk(2)
    b, c = first.bias.chunk(2)
    by_hand = (x.flatten(1) @ w.T + b) / (1 + torch.exp(-(x.flatten(1) @ v.T + c)))
    torch.testing.assert_close(model.encoder[:3](x), by_hand)


def test_a_gated_network_has_two_layers_on_each_side_as_in_the_published_table():
    model = VAE(VAEConfig(image_shape=(1, 28, 28), network="gated_mlp", hidden=300, z_dim=40))
    widths = [tuple(layer.weight.shape) for layer in model.modules() if isinstance(layer, torch.nn.Linear)]
    assert widths == [(600, 784), (600, 300), (80, 300), (600, 40), (600, 300), (784, 300)]


def test_a_cosine_begins_at_the_learning_rate_and_ends_at_nothing(config):
    steps = Steps(200, config.model_copy(update={"schedule": "cosine", "learning_rate": 0.01, "epochs": 10}))
    rates = [steps.learning_rate(step) for step in range(steps.total + 1)]
    assert rates[0] == pytest.approx(0.01)
    assert rates[steps.total // 2] == pytest.approx(0.005)
    assert rates[-1] == pytest.approx(0)
    assert all(after < rate for rate, after in pairwise(rates))


def test_the_schedule_reaches_the_optimizer(config, tmp_path):
    _, _, trainer = trained(tmp_path / "run", config.model_copy(update={"schedule": "cosine"}))
    (group,) = trainer.training.state.optimizer.param_groups
    assert 0 < group["lr"] < 0.1 * config.learning_rate


def test_early_stopping_ends_with_the_weights_of_the_best_epoch(config, tmp_path):
    config = config.model_copy(update={"patience": 2, "epochs": 60, "learning_rate": 0.1})
    run, info, trainer = trained(tmp_path / "run", config)
    found = validations(run)
    assert len(found) < config.epochs
    assert found.index(max(found)) == len(found) - 3  # the best, and two that were no better
    assert info.validation.elbo == max(found)
    assert info.epochs == len(found) - 2
    best, _ = model_file.load(run.best_path)
    newest, _ = model_file.load(run.model_path)
    assert all(torch.equal(a, b) for a, b in zip(best.parameters(), newest.parameters(), strict=True))
    assert run.is_finished
    assert trainer.training.posteriors is not None


def test_it_says_that_it_has_stopped_early(config, tmp_path):
    run = Run.create(tmp_path / "run", config.model_copy(update={"patience": 1, "epochs": 60, "learning_rate": 1e-12}))
    notices = [progress.notice for progress in Trainer(run).work() if progress.notice]
    assert notices == ["No better validation ELBO for 1 epoch: training has stopped; the model is from epoch 1"]


def test_the_epochs_of_the_warm_up_cost_no_patience(config, tmp_path):
    config = config.model_copy(update={"patience": 1, "epochs": 60, "learning_rate": 1e-12, "warm_up": 4})
    run, *_ = trained(tmp_path / "run", config)
    assert len(validations(run)) == 5


def test_a_run_stopped_while_it_is_tested_does_not_train_on(config, tmp_path):
    config = config.model_copy(update={"patience": 1, "epochs": 60, "learning_rate": 1e-12})
    run = Run.create(tmp_path / "run", config)
    work = Trainer(run).work()
    for progress in work:
        if progress.what == "images" and validations(run):
            break
    work.close()
    before = validations(run)
    finish(Trainer(Run.open(run.folder)).work())
    assert validations(run) == before
    assert run.is_finished


def test_a_plain_autoencoder_has_one_z_and_neither_sigma_nor_kl():
    model = VAE(VAEConfig(image_shape=SHAPE, hidden=6, z_dim=3, kind="autoencoder"))
    q = model.encode(torch.rand(4, *SHAPE))
    assert isinstance(q, Point)
    assert q.mu.shape == (4, 3)
    assert torch.equal(q.sigma, torch.zeros(4, 3))
    assert torch.equal(q.sample(torch.randn(4, 3)), q.mu)
    assert isinstance(q[1:], Point)


def test_a_plain_autoencoder_is_trained_by_the_same_run(config, tmp_path):
    run, info, trainer = trained(tmp_path / "run", config.model_copy(update={"kind": "autoencoder", "epochs": 8}))
    found = validations(run)
    assert found[-1] > found[0]  # the reconstruction alone
    assert info.validation.elbo is info.validation.kl is info.test.elbo is info.test.kl is None
    assert info.validation.reconstruction == found[-1]
    assert info.statistics.kl_per_dimension is info.statistics.elbo_quantiles is None
    assert (trainer.training.posteriors.sigma == 0).all()
    model, loaded = model_file.load(run.model_path)
    assert loaded == info.model_copy(update={"format": model_file.FORMAT})
    assert isinstance(model.encode(torch.zeros(1, *SHAPE)), Point)


def test_a_plain_autoencoder_reconstructs_better_than_the_vae_that_pays_for_its_kl(config, tmp_path):
    config = config.model_copy(update={"epochs": 12})
    _, vae, _ = trained(tmp_path / "vae", config)
    _, plain, _ = trained(tmp_path / "plain", config.model_copy(update={"kind": "autoencoder"}))
    assert plain.validation.reconstruction > vae.validation.reconstruction


def test_a_finished_run_stores_the_posteriors_of_its_test_images(config, tmp_path, bars):
    run, info, trainer = trained(tmp_path / "run", config)
    stored = model_file.read(run.model_path).posteriors
    model, _ = model_file.load(run.model_path)
    test = trainer.training.data.part("test", config.seed)
    with torch.inference_mode():
        q = model.encode(torch.from_numpy((test.images > 127).astype(np.float32)))
    assert stored.mu.shape == stored.sigma.shape == (len(test), 2) == (info.statistics.images, 2)
    assert np.array_equal(stored.mu, trainer.training.posteriors.mu)
    assert np.abs(stored.mu - q.mu.numpy()).mean() < 0.5  # the same images, but for their binarisation
    assert model_file.read(run.best_path).posteriors is None  # no test image was looked at for it


def test_stored_posteriors_are_as_many_as_a_file_may_hold():
    mu = np.zeros((5000, 512), np.float32)
    assert len(StoredPosteriors.first(mu[:, :2], mu[:, :2]).mu) == 2000
    assert len(StoredPosteriors.first(mu, mu).mu) == 2048 - 48
    assert len(StoredPosteriors.first(mu[:7], mu[:7]).mu) == 7


@pytest.mark.parametrize(
    "stored",
    [
        {"posteriors/mu": torch.zeros(5, 2)},
        {"posteriors/mu": torch.zeros(5, 3), "posteriors/sigma": torch.zeros(5, 3)},
        {"posteriors/mu": torch.zeros(5, 2), "posteriors/sigma": torch.zeros(4, 2)},
        {"posteriors/mu": torch.zeros(5, 2).double(), "posteriors/sigma": torch.zeros(5, 2).double()},
        {"posteriors/mu": torch.zeros(2001, 2), "posteriors/sigma": torch.zeros(2001, 2)},
        {"posteriors/mu": torch.zeros(10), "posteriors/sigma": torch.zeros(10)},
        {"posteriors/mu": torch.full((5, 2), torch.nan), "posteriors/sigma": torch.ones(5, 2)},
        {"posteriors/mu": torch.zeros(5, 2), "posteriors/sigma": torch.zeros(5, 2)},
        {"posteriors/mu": torch.zeros(5, 2), "posteriors/sigma": torch.full((5, 2), -1.0)},
    ],
)
def test_posteriors_that_fit_no_model_are_refused(config, tmp_path, stored):
    run, info, _ = trained(tmp_path / "run", config.model_copy(update={"epochs": 1}))
    model, _ = model_file.load(run.model_path)
    path = tmp_path / "odd.vae.safetensors"
    path.write_bytes(sealed.sealed({**model.state_dict(), **stored}, info.model_dump(mode="json")))
    with pytest.raises(ModelFileError, match="stored posteriors"):
        model_file.load(path)
