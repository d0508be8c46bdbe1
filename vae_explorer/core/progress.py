"""How far a long job is. Long work is a generator: whoever drives it can show, pause and cancel it."""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Progress:
    """A report between two steps of a long job."""

    done: int
    total: int | None  # None: not known
    what: str  # the unit in the plural ("images", "bytes") or a short phrase for what is being done
    notice: str | None = field(default=None, kw_only=True)  # a sentence that the user should see, whatever comes next

    @property
    def fraction(self) -> float | None:
        """Between 0 and 1, or None where the total is not known."""
        return self.done / self.total if self.total else None


Job: TypeAlias = Generator[Progress, None, T]  # yields how far it is, returns its result


def finish(job: Generator[object, None, T]) -> T:
    """Runs a job to its end and gives its result."""
    while True:
        try:
            next(job)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
