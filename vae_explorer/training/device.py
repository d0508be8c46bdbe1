"""Where a run computes: CUDA, else MPS, else the CPU; with how many threads, and how precisely."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from vae_explorer.core.progress import Job, Progress
from vae_explorer.errors import UserError
from vae_explorer.training.config import DeviceName, TrainConfig

TRIAL_SECONDS = 0.25  # for each choice that is tried


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
        raise UserError(f"This machine has no {name} device that torch can use; choose auto or cpu")
    return torch.device(name)


@dataclass(frozen=True)
class Speed:
    """What a run computes with; another choice rounds sums differently, so a run keeps it."""

    threads: int
    precision: torch.dtype = torch.float32  # of the matrix products


def describe(device: torch.device, speed: Speed) -> str:
    """For people: "CPU, 1 thread, bfloat16", or the name of the graphics card."""
    threads = f"{device.type.upper()}, {speed.threads} {'thread' if speed.threads == 1 else 'threads'}"
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else threads
    return name if speed.precision == torch.float32 else f"{name}, {str(speed.precision).removeprefix('torch.')}"


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def candidates(device: torch.device, config: TrainConfig, *, leave_a_core: bool) -> list[Speed]:
    """What may be tried on this device. All cores are faster on a quiet machine and many times slower on a busy one;
    a window that is to stay smooth must have one for itself."""
    spare = max(1, cores() - 1)
    threads = [config.threads] if config.threads else [spare] if leave_a_core else sorted({spare, cores()})
    if device.type != "cpu":
        threads = threads[:1]
    if config.precision == "auto":
        has_bfloat16 = device.type == "cpu" or (device.type == "cuda" and torch.cuda.is_bf16_supported())
        precisions = [torch.float32, torch.bfloat16] if has_bfloat16 else [torch.float32]
    else:
        precisions = [getattr(torch, config.precision)]
    return [Speed(count, precision) for count in threads for precision in precisions]


def fastest(speeds: Sequence[Speed], step: Callable[[Speed], object]) -> Job[Speed]:
    """Makes steps with each for a quarter of a second, an item after every step; gives the one that made most.

    One whose first step already takes longer makes no second.
    """
    if len(speeds) == 1:
        return speeds[0]
    rates: list[float] = []  # steps a second
    for speed in speeds:
        torch.set_num_threads(speed.threads)
        steps, seconds = -1, 0.0  # the first one allocates, so it does not count
        while seconds < TRIAL_SECONDS:
            start = time.perf_counter()
            step(speed)
            took = time.perf_counter() - start  # not what happens at a yield
            steps += 1
            if steps or took > TRIAL_SECONDS:
                seconds += took
            yield Progress(len(rates), len(speeds), "speeds tried")
        rates.append(max(1, steps) / seconds)
    return speeds[rates.index(max(rates))]
