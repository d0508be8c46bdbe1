"""Where a run computes: CUDA, else MPS, else the CPU, and with how many threads."""

import os
import time
from collections.abc import Callable

import torch

from vae_explorer.training.config import DeviceName

TRIAL_SECONDS = 0.25  # for each number of threads that is tried


def choose(name: DeviceName) -> torch.device:
    """The device of that name, or the best one for auto. Raises ValueError where there is none."""
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return torch.device(next(device for device, there in available.items() if there))
    if not available[name]:
        raise ValueError(f"This machine has no {name} device that torch can use; choose auto or cpu")
    return torch.device(name)


def describe(device: torch.device, threads: int) -> str:
    """For people: "CPU, 1 thread" or the name of the graphics card."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type.upper()}, {threads} {'thread' if threads == 1 else 'threads'}"


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def fastest_threads(step: Callable[[], object]) -> int:
    """Tries `step` with one thread fewer than the cores, and with all; gives the number that did more steps.

    All cores are faster on a quiet machine and many times slower on a busy one, so only a trial can tell.
    """
    candidates = sorted({max(1, cores() - 1), cores()})
    return candidates[0] if len(candidates) == 1 else max(candidates, key=lambda threads: _speed(step, threads))


def _speed(step: Callable[[], object], threads: int) -> float:
    torch.set_num_threads(threads)
    step()  # the first one allocates
    steps, start = 0, time.perf_counter()
    while time.perf_counter() - start < TRIAL_SECONDS:
        step()
        steps += 1
    return steps / (time.perf_counter() - start)
