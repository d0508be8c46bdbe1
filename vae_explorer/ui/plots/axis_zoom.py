"""Which stretches of an axis a waterfall shows, so that small steps are visible too, and their ticks."""

import math
from dataclasses import dataclass

LEGIBLE = 0.12  # of a stretch: a step that takes less of it is magnified
LEAST = 0.005  # nats: smaller steps count as none
MAX_STRETCHES = 3  # stretches: the whole, one with both steps, one with the smaller of them
ROOM = 1.3  # of a magnified stretch to the steps in it
_NICE = (1, 1.5, 2, 3, 4, 5, 6, 8)


@dataclass(frozen=True)
class Stretch:
    """A part of the axis and how many times larger than the whole it is drawn: all stretches are equally wide."""

    low: float
    high: float
    magnification: float = 1.0

    @property
    def length(self) -> float:
        return self.high - self.low


def stretches(whole: tuple[float, float], steps: list[tuple[float, float]]) -> list[Stretch]:
    """The whole and then, as far as steps (from, to) are too small to be seen in it, larger and larger parts of it.
    Each lies in the one before it; the magnifications are round numbers."""
    room = 0.05 * (whole[1] - whole[0]) or 0.01 * max(1.0, abs(whole[0]))
    found = [Stretch(whole[0] - room, whole[1] + room)]
    steps = [(min(step), max(step)) for step in steps if abs(step[1] - step[0]) > max(LEAST, 1e-10 * found[0].length)]
    hidden = steps
    while len(found) < MAX_STRETCHES and (hidden := [step for step in hidden if not _is_legible(step, found[-1])]):
        both = _around(steps, found)
        is_enough = both.magnification >= 2 * found[-1].magnification and all(
            _is_legible(step, both) for step in hidden
        )
        found.append(both if is_enough else _around(hidden, found))
    return found


def ticks(low: float, high: float, most: int = 6) -> tuple[float, range]:
    """A round step, and which of its multiples lie between the two: some, but no more than this."""
    power = math.floor(math.log10((high - low) / most))
    for step in (factor * 10.0**exponent for exponent in (power, power + 1) for factor in (1, 2, 5)):
        places = range(math.ceil(low / step), math.floor(high / step) + 1)
        if len(places) <= most:
            break
    return step, places


def digits(step: float) -> int:
    """How many digits after the point its multiples need."""
    return max(0, -math.floor(math.log10(step) + 1e-9))


def _is_legible(step: tuple[float, float], stretch: Stretch) -> bool:
    return step[1] - step[0] >= LEGIBLE * stretch.length


def _around(steps: list[tuple[float, float]], before: list[Stretch]) -> Stretch:
    low, high = min(step[0] for step in steps), max(step[1] for step in steps)
    magnification = _rounded_down(before[0].length / (ROOM * (high - low)))
    length = before[0].length / magnification
    start = min(max((low + high - length) / 2, before[-1].low), before[-1].high - length)
    return Stretch(start, start + length, magnification)


def _rounded_down(number: float) -> float:
    power = 10.0 ** math.floor(math.log10(number))
    return max((factor for factor in _NICE if factor * power <= number * (1 + 1e-9)), default=1) * power
