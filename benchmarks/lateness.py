"""How late the GUI thread is, and what it does then."""

import array
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer

TICK = 16  # milliseconds
LATE = 50  # milliseconds: from here on what the GUI thread does is noted


@dataclass(frozen=True, order=True)
class Moment:
    """A time when the timer was late; in milliseconds."""

    work: float  # of the GUI thread since the last tick: beside it, it waited for a core or for Python
    late: float
    waited: float  # for a core, which another thread or program had
    what: str


class Ticker(QObject):
    """The 16 ms timer: how late it is, and what the GUI thread did then."""

    def __init__(self, last: Callable[[], str], parent: QObject):
        """last: what was done last, for the notes."""
        super().__init__(parent)
        self.late = array.array("f")  # milliseconds
        self.work = array.array("f")  # milliseconds from tick to tick in which the thread had a core
        self.moments: list[Moment] = []
        self._done_last, self._timer = last, QTimer(self, interval=TICK, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_timeout)
        self._seen: Counter[str] = Counter()
        self._last, self._worked, self._waited = 0.0, 0.0, 0
        self._main, self._ended = threading.get_ident(), threading.Event()
        self._watch = threading.Thread(target=self._look, name="watch", daemon=True)
        self._watch.start()

    def start(self) -> None:
        self._last, self._worked, self._waited = time.perf_counter(), time.thread_time(), _waited()
        self._timer.start()

    def stop(self) -> None:
        """Rests; nothing is late meanwhile."""
        self._timer.stop()
        self._last = 0.0

    def end(self) -> None:
        self.stop()
        self._ended.set()
        self._watch.join()

    def _on_timeout(self) -> None:
        now, worked, waited = time.perf_counter(), time.thread_time(), _waited()
        late, work = (now - self._last) * 1000 - TICK, (worked - self._worked) * 1000
        self.late.append(max(late, 0.0))
        self.work.append(work)
        seen, self._seen = self._seen, Counter()  # the other thread may be counting
        if late > LATE:
            where = "; ".join(f"{place} ×{n}" for place, n in seen.most_common(3))
            moment = Moment(work, late, (waited - self._waited) / 1e6, f"after {self._done_last()}: {where}")
            self.moments = sorted([*self.moments, moment], reverse=True)[:50]
        self._last, self._worked, self._waited = now, worked, waited

    def _look(self) -> None:
        """The GUI thread's own lines, every 10 ms while it is late."""
        while not self._ended.wait(0.01):
            if self._last and (time.perf_counter() - self._last) * 1000 > LATE:
                frame = sys._current_frames().get(self._main)
                names = []
                while frame is not None and len(names) < 8 and frame.f_code.co_name != "run":
                    code = frame.f_code
                    names.append(f"{Path(code.co_filename).name}:{frame.f_lineno} {code.co_name}")
                    frame = frame.f_back
                self._seen[" < ".join(names)] += 1


def _waited() -> int:
    """Nanoseconds that the calling thread was ready and had no core."""
    with open("/proc/thread-self/schedstat") as file:
        return int(file.read().split()[1])
