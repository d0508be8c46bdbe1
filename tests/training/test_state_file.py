"""The training state on disk: what comes back, and what is refused."""

from dataclasses import replace

import pytest
import torch

from vae_explorer.core.config import VAEConfig
from vae_explorer.core.vae import VAE
from vae_explorer.storage import sealed
from vae_explorer.storage.sealed import SealedError
from vae_explorer.training import model_file, state_file
from vae_explorer.training.config import TrainConfig
from vae_explorer.training.state import TrainingState

SHAPE = (1, 8, 8)
CONFIG = VAEConfig(image_shape=SHAPE, z_dim=2, hidden=4)


def made() -> VAE:
    return VAE(CONFIG).initialise(torch.Generator().manual_seed(1))


def trained_state(config):
    state = TrainingState.fresh(made(), config)
    made_loss = state.model.encode(torch.rand(3, *SHAPE)).mu.sum()
    made_loss.backward()
    state.optimizer.step()
    state.step, state.images, state.seconds = 1, 3, 0.5
    return state


def test_a_training_state_comes_back_exactly(tmp_path):
    config = TrainConfig(z_dim=2, hidden=4)
    state = trained_state(config)
    for parameter in state.model.parameters():  # the decoder had no part in the loss
        state.optimizer.state.setdefault(
            parameter,
            {"step": torch.tensor(1.0)} | {name: torch.rand_like(parameter) for name in ("exp_avg", "exp_avg_sq")},
        )
    state.threads, state.best_elbo, state.images_digest = 3, -12.5, "a1"
    state_file.save(tmp_path / "state", state)
    model = VAE(CONFIG)
    again = state_file.load(tmp_path / "state", model, config, images="a1")
    for name in ("step", "images", "seconds", "threads", "best_elbo", "images_digest"):
        assert getattr(again, name) == getattr(state, name)
    for one, other in zip(state.model.parameters(), model.parameters(), strict=True):
        assert torch.equal(one, other)
        for moment in ("exp_avg", "exp_avg_sq"):
            assert torch.equal(state.optimizer.state[one][moment], again.optimizer.state[other][moment])


def test_a_state_may_be_seven_times_as_large_as_a_model_file(tmp_path, monkeypatch):
    assert state_file.STATE_FILE.max_bytes == 7 * model_file.MODEL_FILE.max_bytes
    config, path = TrainConfig(z_dim=2, hidden=4), tmp_path / "state"
    state_file.save(path, TrainingState.fresh(made(), config))
    size = path.stat().st_size
    monkeypatch.setattr(state_file, "STATE_FILE", replace(state_file.STATE_FILE, max_bytes=size))
    state_file.load(path, VAE(CONFIG), config, images="")
    monkeypatch.setattr(state_file, "STATE_FILE", replace(state_file.STATE_FILE, max_bytes=size - 1))
    with pytest.raises(SealedError, match="state is larger than"):
        state_file.load(path, VAE(CONFIG), config, images="")


def test_a_state_without_its_moments_is_refused(tmp_path):
    config = TrainConfig(z_dim=2, hidden=4)
    state_file.save(tmp_path / "state", trained_state(config))  # the encoder's
    with pytest.raises(SealedError, match="state is not a VAE Explorer training state"):
        state_file.load(tmp_path / "state", VAE(CONFIG), config, images="")


def test_a_state_of_another_network_is_refused(tmp_path):
    config = TrainConfig(z_dim=2, hidden=4)
    state_file.save(tmp_path / "state", TrainingState.fresh(made(), config))
    with pytest.raises(SealedError, match="not a VAE Explorer training state; start a new run"):
        state_file.load(tmp_path / "state", VAE(CONFIG.model_copy(update={"hidden": 5})), config, images="")


@pytest.mark.parametrize(
    "change",
    [
        lambda tensors, _about: tensors.update({"exp_avg/encoder.1.bias": torch.zeros(3)}),
        lambda tensors, _about: tensors.update({"exp_avg_sq/encoder.1.bias": torch.zeros(4, dtype=torch.float64)}),
        lambda tensors, _about: tensors.pop("exp_avg/encoder.1.bias"),
        lambda _tensors, about: about.update(updates=10**400),
        lambda _tensors, about: about.update(step="many"),
        lambda _tensors, about: about.pop("threads"),
    ],
)
def test_a_state_that_is_whole_and_makes_no_sense_is_refused(tmp_path, change):
    config = TrainConfig(z_dim=2, hidden=4)
    state, path = trained_state(config), tmp_path / "state"
    state_file.save(path, state)
    tensors, about = sealed.read(path, state_file.STATE_FILE)
    change(tensors, about)
    path.write_bytes(sealed.sealed(tensors, about))
    with pytest.raises(SealedError, match="state is not a VAE Explorer training state"):
        state_file.load(path, trained_state(config).model, config, images="")
