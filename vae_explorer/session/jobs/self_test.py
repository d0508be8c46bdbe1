"""The self-test in the window: a job like any other."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from vae_explorer.core.progress import Progress
from vae_explorer.session.jobs.jobs import SELF_TEST, JobsSession

if TYPE_CHECKING:
    from vae_explorer.training.self_test import Check

TITLE = "Self-test"


@dataclass(frozen=True)
class _Tested:
    checks: "tuple[Check, ...]"


class SelfTestSession(QObject):
    """Checks the bundled models' numbers and samples, as `vae-explorer selftest` does.

    Signals:
        changed(): `checks` or `is_running` has changed
    """

    changed = Signal()

    def __init__(self, jobs: JobsSession, parent: QObject | None = None):
        super().__init__(parent)
        self._jobs = jobs
        self.checks: tuple[Check, ...] = ()
        jobs.changed.connect(self.changed)
        jobs.succeeded.connect(self._on_succeeded)

    @property
    def is_running(self) -> bool:
        return SELF_TEST in self._jobs.running

    @property
    def progress(self) -> Progress | None:
        return self._jobs.progress_of(SELF_TEST)

    def start(self) -> None:
        if not self.is_running:
            self.checks = ()
            self._jobs.start(SELF_TEST, TITLE, _test)

    def cancel(self) -> None:
        self._jobs.cancel(SELF_TEST)

    def _on_succeeded(self, result: object) -> None:
        if isinstance(result, _Tested):
            self.checks = result.checks
            self.changed.emit()


def _test() -> Generator[Progress, None, _Tested]:
    import torch

    from vae_explorer.training.self_test import self_test

    torch.set_num_threads(1)  # of this thread: the window needs a core too
    return _Tested(tuple((yield from self_test())))
