"""What a graphics card needs of the training step, seen without one: the real step, on a device without values and
under modes that refuse what is slow or missing there."""

import sys

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from vae_explorer.core.objective import negative_elbo
from vae_explorer.training import loop
from vae_explorer.training import state as state_module
from vae_explorer.training.loop import training_step

pytestmark = [
    pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"]),
    pytest.mark.parametrize("network", ["mlp", "conv", "residual"]),
    pytest.mark.parametrize("parts", [1, 4]),
]


@pytest.fixture
def config(config, likelihood, network):
    return config.model_copy(update={"likelihood": likelihood, "network": network})


class OnMeta(TorchDispatchMode):
    """A device of its own: every tensor that comes in or goes out must lie there. Adam's fused kernel and generators
    do not exist for it, so they are left out after that was looked at."""

    def __init__(self):
        super().__init__()
        self.steps = 0

    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        keywords = {**(keywords or {})}
        found_inf = keywords.get("found_inf")
        for tensor in _tensors([*arguments, found_inf]):
            assert tensor.device.type == "meta", f"{function} was given a tensor on the {tensor.device}"
        if "generator" in keywords:
            keywords["generator"] = None
        if function is torch.ops.aten._fused_adam_.default:
            assert found_inf is not None
            self.steps += 1
            return None
        result = function(*arguments, **keywords)
        for tensor in _tensors([result]):
            assert tensor.device.type == "meta", f"{function} made a tensor on the {tensor.device}"
        return result


def _tensors(things):
    for thing in things:
        if isinstance(thing, torch.Tensor):
            yield thing
        elif isinstance(thing, list | tuple):
            yield from _tensors(thing)


def test_a_step_makes_no_tensor_on_another_device(fresh, config, parts, monkeypatch):
    for module in ("torch.optim.optimizer", "torch.optim.adam", "torch.utils._foreach_utils"):
        if hasattr(sys.modules[module], "_get_fused_kernels_supported_devices"):
            monkeypatch.setattr(sys.modules[module], "_get_fused_kernels_supported_devices", lambda: ["meta"])
    state = fresh(config, device="meta")
    state.parts = parts
    images = torch.empty((8, 1, 8, 8), dtype=torch.uint8, device="meta")
    noise = torch.Generator(device="cpu")  # there is none for meta; a real device has its own
    with OnMeta() as mode:
        for _ in range(2):
            training_step(state, config, images, noise, beta=1.0)
    assert mode.steps == 2
    assert all(parameter.grad.device.type == "meta" for parameter in state.model.parameters())
    assert state.bad.device.type == state.means.sums.device.type == "meta"


class NoFloat64(TorchDispatchMode):
    """MPS has none."""

    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        result = function(*arguments, **(keywords or {}))
        for tensor in _tensors([result]):
            assert tensor.dtype != torch.float64, function
        return result


class NothingWaits(TorchDispatchMode):
    """A figure that is looked at, also by `if tensor`, makes the processor wait for the device."""

    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        assert function is not torch.ops.aten._local_scalar_dense.default, "the step looks at a figure"
        assert function is not torch.ops.aten.nonzero.default, "the step looks at a shape"
        return function(*arguments, **(keywords or {}))


@pytest.mark.parametrize("mode", [NoFloat64, NothingWaits])
def test_a_step_does_nothing_that_is_slow_or_missing_there(fresh, config, parts, bars, mode, monkeypatch):
    monkeypatch.setattr(state_module, "sums_dtype", lambda _device: torch.float32)  # as on MPS
    state, images = fresh(config), torch.from_numpy(bars[:32])
    state.parts = parts
    noise = torch.Generator()
    before = [parameter.clone() for parameter in state.model.parameters()]
    with mode():
        for _ in range(3):
            training_step(state, config, images, noise, beta=1.0)
    assert not any(map(torch.equal, before, state.model.parameters()))


def spoiled(*arguments):
    loss = negative_elbo(*arguments)
    return loop.Loss(loss.total * float("nan"), loss.reconstruction, loss.kl_per_dimension)


def test_a_bad_step_is_left_out_without_waiting(fresh, config, parts, bars, monkeypatch):
    state, images = fresh(config), torch.from_numpy(bars[:32])
    state.parts = parts
    monkeypatch.setattr(loop, "negative_elbo", spoiled)
    before = [parameter.clone() for parameter in state.model.parameters()]
    with NothingWaits():
        training_step(state, config, images, torch.Generator(), beta=1.0)
    assert all(map(torch.equal, before, state.model.parameters()))
    assert state.bad.tolist() == [1, 1]
    assert state.means.figures() is None


def test_where_adam_does_not_heed_it_the_step_is_left_out_all_the_same(fresh, config, parts, bars, monkeypatch):
    monkeypatch.setattr(loop, "HEEDS_FOUND_INF", ())  # as on MPS
    state, images = fresh(config), torch.from_numpy(bars[:32])
    state.parts = parts
    training_step(state, config, images, torch.Generator(), beta=1.0)
    before = [parameter.clone() for parameter in state.model.parameters()]
    monkeypatch.setattr(loop, "negative_elbo", spoiled)
    training_step(state, config, images, torch.Generator(), beta=1.0)
    assert all(map(torch.equal, before, state.model.parameters()))
    assert state.bad.tolist() == [1, 1]
