import pytest
import torch

from vae_explorer.core.progress import finish
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


class Trial:
    """Steps that take as long as they are said to."""

    def __init__(self):
        self.seconds, self.made, self.now = {}, [], 0.0

    def step(self, speed):
        self.made.append(speed)
        self.now += self.seconds[speed]


@pytest.fixture
def trial(monkeypatch):
    trial = Trial()
    monkeypatch.setattr(device.time, "perf_counter", lambda: trial.now)
    monkeypatch.setattr(device.torch, "set_num_threads", lambda _count: None)
    return trial


def test_the_choice_that_makes_most_steps_is_taken(trial):
    trial.seconds = {Speed(3): 0.05, Speed(4): 0.1, Speed(4, torch.bfloat16): 0.02}
    assert finish(device.fastest(list(trial.seconds), trial.step)) == Speed(4, torch.bfloat16)
    assert finish(device.fastest([Speed(3), Speed(4)], trial.step)) == Speed(3)


def test_there_is_an_item_after_every_step_of_a_trial_and_a_pause_there_does_not_count(trial):
    trial.seconds = {Speed(3): 0.05, Speed(4): 0.1}
    tried = device.fastest(list(trial.seconds), trial.step)
    items = []
    for item in tried:
        items.append(item)
        assert len(trial.made) == len(items)
        trial.now += 1000
    assert {(item.total, item.what) for item in items} == {(2, "speeds tried")}
    assert [item.done for item in items] == [0] * trial.made.count(Speed(3)) + [1] * trial.made.count(Speed(4))
    assert 5 <= trial.made.count(Speed(3)) <= 7  # a quarter of a second, and the first


def test_a_choice_whose_first_step_takes_too_long_makes_no_second(trial):
    trial.seconds = {Speed(4): 4.0, Speed(3): 0.2, Speed(5): 3.0}
    assert finish(device.fastest(list(trial.seconds), trial.step)) == Speed(3)
    assert trial.made.count(Speed(4)) == trial.made.count(Speed(5)) == 1
    assert finish(device.fastest([Speed(4), Speed(5)], trial.step)) == Speed(5)


def test_one_choice_needs_no_trial():
    assert finish(device.fastest([Speed(2)], lambda _speed: pytest.fail("tried"))) == Speed(2)


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
