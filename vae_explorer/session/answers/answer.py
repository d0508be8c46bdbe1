"""The registry of answers: one function for each type of request."""

from collections.abc import Generator
from functools import singledispatch
from typing import TypeVar

from vae_explorer.core.progress import Job

T = TypeVar("T")


@singledispatch
def answer(request: object) -> object:
    """What was asked for; a generator if it takes long, each item more complete, or None where it only yields
    yield. Runs in a thread."""
    raise TypeError(f"no answer is registered for {type(request).__name__}")


def silently(job: Job[T]) -> Generator[None, None, T]:
    """A job's result, with an item in place of each progress report."""
    while True:
        try:
            next(job)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        yield None
