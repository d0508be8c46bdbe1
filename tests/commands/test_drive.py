"""The line that a command shows while it works."""

import pytest

from vae_explorer.commands.drive import Counted, duration
from vae_explorer.core.progress import Progress


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_the_time_left_is_by_the_rate_since_the_first_report(clock):
    text = Counted(clock)
    assert text(Progress(10, 1000, "images")) == "10 of 1,000 images"
    clock.now += 5
    assert text(Progress(60, 1000, "images")) == "60 of 1,000 images, 1:34 left"
    clock.now += 4
    assert text(Progress(100, 1000, "images")) == "100 of 1,000 images, 1:30 left"
    assert text(Progress(1000, 1000, "images")) == "1,000 of 1,000 images, 0:00 left"


def test_there_is_no_time_left_before_there_is_enough_to_estimate(clock):
    text = Counted(clock)
    text(Progress(0, 100, "images"))
    clock.now += 1
    assert text(Progress(90, 100, "images")) == "90 of 100 images"
    other = Counted(clock)
    other(Progress(0, 100, "images"))
    clock.now += 60
    assert other(Progress(0, 100, "images")) == "0 of 100 images"


def test_another_part_of_the_job_is_estimated_anew(clock):
    text = Counted(clock)
    text(Progress(0, 100, "bytes"))
    clock.now += 10
    assert text(Progress(50, 100, "bytes")) == "50 of 100 bytes, 0:10 left"
    assert text(Progress(60, 100, "images")) == "60 of 100 images"
    clock.now += 10
    assert text(Progress(70, 100, "images")) == "70 of 100 images, 0:30 left"
    assert text(Progress(1, 100, "images")) == "1 of 100 images"  # it has begun again


def test_without_a_total_there_is_no_time_left(clock):
    text = Counted(clock)
    text(Progress(0, None, "bytes"))
    clock.now += 10
    assert text(Progress(5000, None, "bytes")) == "5,000 bytes"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (0.2, "0:01"), (750, "12:30"), (59.5, "1:00"), (3750, "1:02:30")]
)
def test_durations(seconds, text):
    assert duration(seconds) == text
