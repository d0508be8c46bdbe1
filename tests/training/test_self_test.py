"""The self-test: a right program passes it, and each kind of fault is found."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from vae_explorer.core import evidence
from vae_explorer.core.config import VAEConfig
from vae_explorer.core.posterior import Posterior
from vae_explorer.core.progress import finish
from vae_explorer.core.vae import VAE
from vae_explorer.data.preprocess import Preparation
from vae_explorer.errors import UserError
from vae_explorer.training import model_file, self_test
from vae_explorer.training.model_file import ModelInfo
from vae_explorer.training.self_test import Check

KL, GRID, BELOW, MEAN, VARIANCE = range(5)


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    for name, value in {"IMAGES": 8, "IMAGES_ON_GRID": 2, "SAMPLES": 1000, "IMPORTANCE_SAMPLES": 20}.items():
        monkeypatch.setattr(self_test, name, value)


def saved(path, **changes) -> str:
    config = VAEConfig(image_shape=(1, 28, 28), **{"z_dim": 2, "hidden": 16} | changes)
    model = VAE(config).initialise(torch.Generator().manual_seed(7))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1.5)
    preparation = Preparation(image_shape=(1, 28, 28), dark_background=True, box=0.7, binarise="draw")
    info = ModelInfo(config=config, preparation=preparation, data="mnist", split_seed=0, train_config={})
    model_file.save(path, model, info)
    return str(path)


@pytest.fixture(scope="module")
def flat(tmp_path_factory) -> str:
    return saved(tmp_path_factory.mktemp("selftest") / "flat.vae.safetensors")


def test_a_right_program_passes_and_says_what_it_has_compared(flat):
    checks = finish(self_test.self_test(flat))
    assert [check.passed for check in checks] == [True] * 5
    for check in checks:
        assert np.isfinite([check.left_value, check.right_value, check.tolerance]).all()
        assert check.name
        assert "test images" in check.note
    assert checks == finish(self_test.self_test(flat))


def test_a_model_of_more_dimensions_is_checked_with_another_one_on_the_grid(flat, tiny_model):
    checks = finish(self_test.self_test(str(tiny_model), flat))
    assert all(check.passed for check in checks)
    assert [flat in check.note for check in checks] == [False, True, False, False, False]


def wrong_sigma(monkeypatch):
    monkeypatch.setattr(Posterior, "sample", lambda q, eps: q.mu + q.logvar.exp() * eps)


def wrong_mu(monkeypatch):
    monkeypatch.setattr(Posterior, "sample", lambda q, eps: q.mu + q.sigma * (eps + 0.3))


def wrong_kl(monkeypatch):
    monkeypatch.setattr(Posterior, "kl", lambda q: 0.5 * (q.mu**2 + q.sigma - 1 - q.logvar))


def no_mean_of_weights(monkeypatch):
    monkeypatch.setattr(evidence.Draws, "log_evidence", property(lambda d: np.logaddexp.reduce(d.log_weights)))


def weights_below_their_mean(monkeypatch):
    monkeypatch.setattr(evidence.Draws, "log_evidence", property(lambda d: d.log_weights.min()))


def weights_upside_down(monkeypatch):
    monkeypatch.setattr(evidence.Draws, "log_weights", property(lambda d: d.log_likelihood + d.log_ratio))


@pytest.mark.parametrize(
    ("fault", "found_by"),
    [
        (wrong_sigma, {KL, VARIANCE}),
        (wrong_mu, {MEAN}),
        (wrong_kl, {KL}),
        (no_mean_of_weights, {GRID}),
        (weights_below_their_mean, {GRID, BELOW}),
        (weights_upside_down, {GRID}),
    ],
)
def test_a_fault_is_found(fault, found_by, flat, monkeypatch):
    fault(monkeypatch)
    checks = finish(self_test.self_test(flat))
    assert {i for i, check in enumerate(checks) if not check.passed} >= found_by


def test_a_figure_that_is_not_a_number_has_not_passed():
    check = Check("name", "one", 1.0, "other", float("nan"), "nats", 0.5)
    assert not check.passed
    assert not replace(check, at_most=True).passed
    assert replace(check, right_value=1.5).passed
    assert not replace(check, left_value=1.6, right_value=1.0, at_most=True).passed
    assert replace(check, left_value=-9.0, right_value=1.0, at_most=True).passed


def test_it_can_be_stopped_at_every_part(flat):
    whats = []
    for progress in self_test.self_test(flat):
        assert progress.done < progress.total or progress.total == 8
        whats.append(progress.what)
    assert len(set(whats)) == 3
    for stop in range(1, len(whats), max(1, len(whats) // 5)):
        job = self_test.self_test(flat)
        for _ in range(stop):
            next(job)
        job.close()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"kind": "autoencoder"}, "has no q(z|x) to test: choose a VAE"),
        ({"image_shape": (1, 12, 12)}, "of which no test images come with the program: choose a model of drawn-digits"),
        ({"data": "my-photos"}, "was trained on my-photos, of which no test images come with the program"),
    ],
)
def test_a_model_that_cannot_be_checked_is_refused_in_a_sentence(changes, sentence, tmp_path, flat):
    model, info = model_file.load(Path(flat))
    if "data" in changes:
        info = info.model_copy(update=changes)
    else:
        config = info.config.model_copy(update=changes)
        preparation = info.preparation.model_copy(update={"image_shape": config.image_shape})
        model = VAE(config).initialise(torch.Generator().manual_seed(0))
        info = info.model_copy(update={"config": config, "preparation": preparation})
    path = tmp_path / "other.vae.safetensors"
    model_file.save(path, model, info)
    with pytest.raises(UserError) as raised:
        next(self_test.self_test(str(path)))
    assert sentence in str(raised.value)
