import pytest
import torch

from vae_explorer.training import device


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
    assert device.describe(torch.device("cpu"), 1) == "CPU, 1 thread"
    assert device.describe(torch.device("cpu"), 3) == "CPU, 3 threads"
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _device: "GeForce")
    assert device.describe(torch.device("cuda"), 1) == "GeForce"


def test_the_faster_number_of_threads_is_taken(monkeypatch):
    speed = {3: 10.0, 4: 5.0}
    monkeypatch.setattr(device, "cores", lambda: 4)
    monkeypatch.setattr(device, "_speed", lambda _step, threads: speed[threads])
    assert device.fastest_threads(lambda: None) == 3
    speed[4] = 20.0
    assert device.fastest_threads(lambda: None) == 4


def test_one_core_needs_no_trial(monkeypatch):
    monkeypatch.setattr(device, "cores", lambda: 1)
    assert device.fastest_threads(lambda: pytest.fail("tried")) == 1
