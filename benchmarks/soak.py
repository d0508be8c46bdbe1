"""Long use: hundreds of thousands of actions through the window, and what they leave behind.

The program itself (app.run: its session, window, threads and settings) and a hand at its controls: 98 % of the actions
move sliders, resample, change the tab or undo; 2 % drop, paste, open or save something, good or bad; and every 5,000
actions a small training is started, paused, resumed and stopped or left to finish. The hand acts for a few
milliseconds, then the program's event loop has its turn. At every tenth of the way the hand rests with the same model
in the window, and what is there is counted: memory, threads, timers, objects. A 16 ms timer of the GUI thread tells
how late the window is; where it is late, what the thread did is noted. Offscreen; `--display` uses the one that is
there. Linux.

    python benchmarks/soak.py [--minutes N] [--actions N] [--quick] [--json] [--seed N] [--types]
"""

import gc
import logging
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from hand import Hand, lay_out
from lateness import Ticker
from PySide6.QtCore import QObject, QTimer, qInstallMessageHandler
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QPushButton
from report import Figure, options, progress, show

from vae_explorer import app, errors, paths
from vae_explorer.training.config import TrainConfig
from vae_explorer.ui.window.main_window import MainWindow

ACTIONS, QUICK_ACTIONS = 1_000_000, 10_000
TRAIN_EVERY = 5_000  # actions
PARTS = 10  # of the way, or fewer; the first is the warm-up
SLICE = 0.003  # seconds of actions, then the event loop has its turn
MAX_LATE = 100  # milliseconds: the aim
PATIENCE = 60.0  # seconds until something must have come
GROWTH = 50  # MB of memory after the warm-up: the aim
MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Count:
    """What is there while the hand rests."""

    actions: int
    memory: float  # MB, resident
    threads: int
    timers: int  # active ones in the window
    objects: int  # Qt's, in the window
    widgets: int
    python: int  # objects that Python's collector knows
    types: Counter[str] = field(repr=False)


class Errors(logging.Handler):
    """Keeps what went wrong inside the program: what the log is told of and no sentence was written for."""

    def __init__(self, soak: "Soak"):
        super().__init__(logging.WARNING)
        self._soak = soak

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and errors.sentence(error).startswith("Something went wrong"):
            lines = "".join(traceback.format_exception(error)[-6:])
            self._soak.errors.append(f"{lines.strip()}, after {self._soak.hand.last}")


class Soak(QObject):
    """Goes through the actions beside the event loop. A step of the script yields what it waits for."""

    def __init__(self, window: MainWindow, *, actions: int, seconds: float, train_every: int, seed: int, home: Path):
        super().__init__(window)
        self._window, self._session, self._home = window, window.session, home
        self._actions, self._seconds, self._every = actions, seconds, train_every
        self.hand = Hand(window, home / "things", seed)
        self.ticker = Ticker(lambda: self.hand.last, self)
        self.counts: list[Count] = []
        self.sentences, self.answers, self.runs = Counter[str](), Counter[str](), Counter[str]()
        self.errors: list[str] = []  # inside the program
        self.done, self.acting = 0, 0.0
        self.problem, self._state = "", ""
        for noun, signal in (
            ("decoded", self._session.decoded.decoded),
            ("encoded", self._session.image.encoded),
            ("sampled", self._session.posterior_samples.sampled),
            ("sampled from the prior", self._session.prior_samples.sampled),
            ("models opened or shown", self._session.model.changed),
            ("snapshots of a training", self._session.model.updated),
            ("data sets read", self._session.data.described),
            ("models saved", self._session.model.saved),
        ):
            signal.connect(self._counter(noun))
        self._session.failed.connect(self._on_failed)
        self._session.training.state_changed.connect(self._on_state)
        self._script, self._course = self._steps(), self._training()
        self._waits_for: Callable[[], bool] | None = None
        self._since = time.perf_counter()
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._on_timeout)
        self._timer.start()

    def _counter(self, noun: str) -> Callable[..., None]:
        def count(*_: object) -> None:
            self.answers[noun] += 1

        return count

    def _on_failed(self, sentence: str) -> None:
        self.sentences["".join("0" if c.isdigit() else c for c in sentence)[:160]] += 1

    def _on_state(self) -> None:
        if self._session.training.state != self._state:
            self._state = self._session.training.state
            self.runs[self._state] += 1

    def _on_timeout(self) -> None:
        try:
            if self._waits_for is None or self._waits_for():
                self._since = time.perf_counter()
                self._waits_for = next(self._script)
                self._timer.setInterval(0 if self._waits_for is None else 10)
            elif time.perf_counter() - self._since > PATIENCE:
                raise TimeoutError(f"nothing came for {PATIENCE:g} s after {self.hand.last}")
        except Exception as error:
            self._timer.stop()
            self.ticker.end()
            if not isinstance(error, StopIteration):
                self.problem = f"{type(error).__name__}: {error}"
            self._window.close()

    def _steps(self) -> Generator[Callable[[], bool] | None, None, None]:
        yield lambda: self._session.posterior_samples.shown is not None
        yield from self._visit()
        parts = max(2, min(PARTS, self._actions // self._every))  # each with a training
        for part in range(1, parts + 1):
            started = time.perf_counter()
            self.ticker.start()
            while self.done < self._actions * part / parts and self._far(started) < self._seconds * part / parts:
                self._slice()
                yield None
            self.acting += time.perf_counter() - started
            self.ticker.stop()
            yield from self._rest()
            self.counts.append(self._count())
            progress(f"{self.done:,} actions, {self.counts[-1].memory:.0f} MB")

    def _visit(self) -> Generator[Callable[[], bool], None, None]:
        """Every tab once: a plot is made when it is first seen, and stays."""
        tabs, session = self._window.drawer.bar, self._session
        drawn = (
            lambda: session.prior_samples.shown is not None,
            lambda: session.evidence.shown is not None,
            lambda: session.aggregate.samples is not None,
            lambda: session.typical.neighbours is not None,
        )
        for at, is_drawn in enumerate(drawn, 1):
            tabs.setCurrentIndex(at)
            yield is_drawn
            until = time.perf_counter() + 0.5
            yield lambda until=until: time.perf_counter() > until
        tabs.setCurrentIndex(0)

    def _far(self, started: float) -> float:
        return self.acting + time.perf_counter() - started

    def _slice(self) -> None:
        until = time.perf_counter() + SLICE
        while time.perf_counter() < until:
            self.hand.act()
            self.done += 1
            next(self._course)

    def _training(self) -> Generator[None, None, None]:
        """One action more each time: a run is started, and what is done with it next waits for its state."""
        training = self._session.training
        number = 0
        while True:
            yield from self._pass(self._every - (self.done + self._every // 2) % self._every)  # not while it is counted
            number += 1
            is_short = number % 3 == 0
            config = TrainConfig(
                data=str(self._home / "train.npz"), epochs=2 if is_short else 10_000, batch_size=32, hidden=16, z_dim=4,
                network=("mlp", "conv")[number % 2], precision="float32", threads=1, seed=number,
            )  # fmt: skip
            self._window.training.form.set_config(config)
            self._click("trainStart")
            while training.state == "loading":
                yield
            for _ in range(2):  # pause, resume
                yield from self._pass(self._every // 50)
                self._click("trainPause")
            yield from self._pass(self._every // 10)
            if not is_short:
                self._click("trainStop")
            while training.is_active:
                yield
            yield from self._pass(self._every // 20)
            self._click("trainBack")
            self._delete_runs()

    @staticmethod
    def _pass(actions: int) -> Generator[None, None, None]:
        for _ in range(actions):
            yield

    def _delete_runs(self) -> None:
        if not self._session.training.is_active:
            shutil.rmtree(paths.runs(), ignore_errors=True)

    def _click(self, name: str) -> None:
        button = self._window.findChild(QPushButton, name)
        if button.isEnabled() and button.isVisibleTo(self._window):
            button.click()

    def _rest(self) -> Generator[Callable[[], bool], None, None]:
        """The window as it was at first."""
        session, window = self._session, self._window
        self.hand.let_go()
        session.training.stop()
        yield lambda: not (session.training.is_active or session.jobs.is_active or session.image.is_reading)
        self._click("trainBack")
        window.drawer.bar.setCurrentIndex(0)
        window.decoded.mode.button("mean").click()
        window.drawer.views["posterior_samples"].count.setValue(16)
        yield lambda: not session.model.is_opening
        QGuiApplication.clipboard().clear()
        for number in tuple(session.image.brought):  # what the hand has brought in differs from time to time
            session.image.remove(number)
        before = session.model.current
        window.run_bar.clear_message()  # its timer
        session.model.open("mnist")
        yield lambda: session.model.current is not before and session.image.posterior is not None
        until = time.perf_counter() + 1
        yield lambda: time.perf_counter() > until

    def _count(self) -> Count:
        gc.collect()
        application = QApplication.instance()
        timers = [*self._window.findChildren(QTimer), *application.findChildren(QTimer)]
        known = gc.get_objects()
        return Count(
            actions=self.done,
            memory=_memory(),
            threads=len(os.listdir("/proc/self/task")),
            timers=sum(timer.isActive() for timer in timers),
            objects=len(self._window.findChildren(QObject)) + len(application.findChildren(QObject)),
            widgets=len(QApplication.allWidgets()),
            python=len(known),
            types=Counter(f"{type(one).__module__}.{type(one).__qualname__}" for one in known),
        )


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--minutes", type=float, default=0.0, help="no longer than this; 0: until the actions are done")
    parser.add_argument("--actions", type=int, default=0, help=f"how many; {ACTIONS:,} where nothing else is said")
    parser.add_argument("--train-every", type=int, default=TRAIN_EVERY, help="actions from one training to the next")
    parser.add_argument("--seed", type=int, default=0, help="decides the actions")
    parser.add_argument("--types", action="store_true", help="also which Python objects have become more")
    parser.add_argument("--display", action="store_true", help="on the display that is there")
    chosen = parser.parse_args()
    actions = chosen.actions or (QUICK_ACTIONS if chosen.quick else 10**9 if chosen.minutes else ACTIONS)
    if not chosen.display:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    soaks: list[Soak] = []
    said: Counter[str] = Counter()
    create = app.create

    def create_and_soak(*arguments: object, **named: object) -> MainWindow:
        window = create(*arguments, **named)  # type: ignore[arg-type]
        soak = Soak(
            window,
            actions=actions,
            seconds=chosen.minutes * 60 or 1e9,
            train_every=chosen.train_every,
            seed=chosen.seed,
            home=Path(home),
        )
        soaks.append(soak)
        logging.getLogger().addHandler(Errors(soak))
        qt_handler = qInstallMessageHandler(None)

        def heard(kind: object, context: object, text: str) -> None:
            said.update([text])
            if qt_handler:
                qt_handler(kind, context, text)  # type: ignore[operator]

        qInstallMessageHandler(heard)
        return window

    app.create = create_and_soak
    with tempfile.TemporaryDirectory() as home:
        os.environ["VAE_EXPLORER_HOME"] = home
        lay_out(Path(home) / "things", paths.resources() / "models")
        noise = np.random.default_rng(1)
        np.savez(Path(home) / "train.npz", images=noise.integers(0, 256, (600, 16, 16), np.uint8))
        code = app.run(size=app.PICTURED_SIZE)
    progress("")
    (soak,) = soaks
    if not soak.counts:
        sys.exit(soak.problem or "the window was closed")
    show("soak", _figures(soak, code, said), _notes(soak, said, with_types=chosen.types), as_json=chosen.json)
    if soak.problem:
        sys.exit(soak.problem)


def _figures(soak: Soak, code: int, said: Counter[str]) -> list[Figure]:
    warm, last = soak.counts[0], soak.counts[-1]
    late, memory = np.array(soak.ticker.late), [count.memory for count in soak.counts]
    slope = np.polyfit([count.actions for count in soak.counts], memory, 1)[0] * 100_000
    figures = [
        Figure("actions", soak.done, ""),
        Figure("actions a second", soak.done / soak.acting, "/s"),
        Figure("minutes", soak.acting / 60, "min"),
        Figure("exit code", code, "", ("<=", 0)),
        Figure("errors inside the program", len(soak.errors), "", ("<=", 0)),
        Figure("messages of Qt", said.total(), "", ("<=", 0)),
        *(Figure(name, number, "") for name, number in sorted(soak.answers.items())),
        *(Figure(f"runs {state}", soak.runs[state], "") for state in ("paused", "stopped", "finished", "failed")),
        Figure("memory after the warm-up", warm.memory, "MB"),
        Figure("memory at the end", last.memory, "MB"),
        Figure("memory, most after the warm-up", max(memory) - warm.memory, "MB", ("<=", GROWTH)),
        Figure("memory, slope per 100,000 actions", float(slope), "MB"),
    ]
    for name in ("threads", "timers", "objects", "widgets", "python"):
        before, after = getattr(warm, name), getattr(last, name)
        aim = ("<=", 0) if name in ("threads", "timers") else None
        figures.append(Figure(f"{name} after the warm-up", before, ""))
        figures.append(Figure(f"{name}, more at the end", after - before, "", aim))
    for percent in (50, 99):
        figures.append(Figure(f"the timer's lateness: p{percent}", float(np.percentile(late, percent)), "ms"))
    work = np.array(soak.ticker.work)
    figures.append(Figure("the timer's lateness: max", float(late.max()), "ms", ("<=", MAX_LATE)))
    figures.append(Figure(f"times later than {MAX_LATE} ms", int((late > MAX_LATE).sum()), ""))
    figures.append(Figure("the GUI thread's own work between two ticks: p99", float(np.percentile(work, 99)), "ms"))
    figures.append(Figure("the GUI thread's own work between two ticks: max", float(work.max()), "ms"))
    return figures


def _notes(soak: Soak, said: Counter[str], *, with_types: bool) -> list[str]:
    notes = [f"Qt platform {QGuiApplication.platformName()}"]
    notes.append("memory, MB: " + ", ".join(f"{count.memory:.0f}" for count in soak.counts))
    notes.append("actions: " + ", ".join(f"{name} {n:,}" for name, n in soak.hand.done.most_common()))
    notes += [f"error inside the program: {error}" for error in soak.errors[:20]]
    notes += [f"Qt said {n} ×: {text}" for text, n in said.most_common(10)]
    notes += [f"said {n} ×: {sentence}" for sentence, n in soak.sentences.most_common(30)]
    notes += [
        f"late by {one.late:.0f} ms: {one.work:.0f} of work, {one.waited:.0f} without a core; {one.what}"
        for one in soak.ticker.moments[:20]
    ]
    if with_types:
        more = soak.counts[-1].types - soak.counts[0].types
        notes += [f"more of {name}: {n:,}" for name, n in more.most_common(25)]
    return notes


def _memory() -> float:
    """Resident, in MB."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / MEGABYTE


if __name__ == "__main__":
    main()
