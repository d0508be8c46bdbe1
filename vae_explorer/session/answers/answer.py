"""The door of the answers: a function for each type of request."""

from collections.abc import Generator
from functools import singledispatch
from typing import TypeVar

from vae_explorer.core.progress import Job

T = TypeVar("T")


@singledispatch
def answer(request: object) -> object:
    """What was asked for; a generator where it takes long, of more with each item, or None where there is only time to
    yield. Runs in a thread."""
    raise TypeError(f"no answer is registered for {type(request).__name__}")


def silently(job: Job[T]) -> Generator[None, None, T]:
    """A job's result, with an item wherever it would say how far it is."""
    while True:
        try:
            next(job)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        yield None
