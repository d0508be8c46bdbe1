import pytest
import torch

from vae_explorer.training import device
from vae_explorer.training.config import TrainConfig
from vae_explorer.training.device import Speed


@pytest.fixture
def machine(monkeypatch):
    def has(*, cuda, mps):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return has


@pytest.mark.parametrize(
    ("cuda", "mps", "best"), [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_auto_is_the_best_device_there_is(machine, cuda, mps, best):
    machine(cuda=cuda, mps=mps)
    assert device.choose("auto") == torch.device(best)
    assert device.choose("cpu") == torch.device("cpu")


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_a_device_that_is_not_there_is_refused_with_a_sentence(machine, name):
    machine(cuda=False, mps=False)
    with pytest.raises(ValueError, match=f"no {name} device that torch can use; choose auto or cpu"):
        device.choose(name)
    machine(cuda=True, mps=True)
    assert device.choose(name).type == name


def test_devices_are_described_for_people(monkeypatch):
    assert device.describe(torch.device("cpu"), Speed(1)) == "CPU, 1 thread"
    assert device.describe(torch.device("cpu"), Speed(3, torch.bfloat16)) == "CPU, 3 threads, bfloat16"
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _device: "GeForce")
    assert device.describe(torch.device("cuda"), Speed(1)) == "GeForce"


def test_the_choice_that_makes_most_steps_is_taken(monkeypatch):
    speeds = {Speed(3): 10.0, Speed(4): 5.0, Speed(4, torch.bfloat16): 20.0}
    monkeypatch.setattr(device, "_steps_per_second", lambda speed, _step: speeds[speed])
    assert device.fastest(list(speeds), lambda _speed: None) == Speed(4, torch.bfloat16)
    assert device.fastest([Speed(3), Speed(4)], lambda _speed: None) == Speed(3)


def test_one_choice_needs_no_trial():
    assert device.fastest([Speed(2)], lambda _speed: pytest.fail("tried")) == Speed(2)


def test_what_is_tried_follows_the_machine_and_the_config(monkeypatch):
    cpu = torch.device("cpu")
    monkeypatch.setattr(device, "cores", lambda: 4)
    whole = device.candidates(cpu, TrainConfig(), leave_a_core=False)
    assert {(s.threads, s.precision) for s in whole} == {
        (t, p) for t in (3, 4) for p in (torch.float32, torch.bfloat16)
    }
    assert {s.threads for s in device.candidates(cpu, TrainConfig(), leave_a_core=True)} == {3}
    fixed = TrainConfig(threads=2, precision="float32")
    assert device.candidates(cpu, fixed, leave_a_core=True) == [Speed(2)]
    assert device.candidates(torch.device("mps"), TrainConfig(), leave_a_core=False) == [Speed(3)]
    monkeypatch.setattr(device, "cores", lambda: 1)
    assert {s.threads for s in device.candidates(cpu, TrainConfig(), leave_a_core=True)} == {1}
