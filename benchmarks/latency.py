"""How long after a slider is moved the picture decoded from that z is painted: idle, and while a training runs.

The program itself (app.run: its session, window, threads and settings), a mouse that drags a slider of the real window
62 times a second, and the picture's own signal when it is painted. A move whose picture never came, since a newer z
was already there, ends with the newer one's. "From the slider" is counted from the slider's moved signal; "from the
hand" from the moment the mouse should have moved, so a window that is too busy to take the mouse does not look quick.
The training is the window's own default on drawn-digits, in its thread. Beside them: a decode alone, which is the
least it could take. On the display that is there, else offscreen.

    python benchmarks/latency.py [--quick] [--json] [--threads N]
"""

import math
import os
import statistics
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QMouseEvent
from PySide6.QtWidgets import QApplication
from report import Figure, options, progress, show

from vae_explorer import app, display
from vae_explorer.core.latent import prior_sample
from vae_explorer.session.records import Snapshot
from vae_explorer.training.config import TrainConfig
from vae_explorer.ui.panels.latent.latent_slider import LatentSlider
from vae_explorer.ui.window.main_window import MainWindow

INTERVAL = 16  # milliseconds between two moves of the mouse: 62 a second
SECONDS, QUICK_SECONDS = 20.0, 5.0  # of dragging
SETTLE = 2.0  # seconds before it, once everything has come
PATIENCE = 120.0  # seconds until something must have come
SWING, PERIOD = 2.0, 3.0  # of z, and in seconds: the hand goes forth and back
AIM_IDLE, AIM_TRAINING = 8.0, 16.0  # milliseconds, the 99th percentile
DECODES = 200  # of the baseline


@dataclass
class Phase:
    """What one drag gave; times in seconds."""

    name: str
    from_slider: list[float] = field(default_factory=list)
    from_hand: list[float] = field(default_factory=list)
    images: int = 0  # trained on meanwhile
    seconds: float = 0.0


class Drag(QObject):
    """A hand on one slider."""

    def __init__(self, window: MainWindow, j: int, phase: Phase):
        super().__init__(window)
        self._window, self._j, self._phase = window, j, phase
        self._slider: LatentSlider = next(row.slider for row in window.latent.rows() if row.j == j)
        self._moves: deque[tuple[np.float32, float, float]] = deque()  # z_j, due, moved; not yet painted
        self._due, self._number = 0.0, 0
        self._timer = QTimer(self, interval=INTERVAL, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_timeout)
        self._slider.moved.connect(self._on_moved)
        window.decoded.view.shown.connect(self._on_shown)

    def begin(self) -> None:
        self._window.latent.list.scroll_area.ensureWidgetVisible(self._slider)
        self._at = self._slider.x_of(self._slider.property("value"))
        self._mouse(QEvent.Type.MouseButtonPress, self._at)
        self._started = time.perf_counter()
        self._timer.start()

    def end(self) -> None:
        self._timer.stop()
        self._mouse(QEvent.Type.MouseButtonRelease, self._at)
        self._slider.moved.disconnect(self._on_moved)
        self._window.decoded.view.shown.disconnect(self._on_shown)
        self.deleteLater()

    def _on_timeout(self) -> None:
        """The hand has gone on meanwhile: it is where it is now, and its first move not yet taken is what waits."""
        now, first = time.perf_counter(), self._number + 1
        self._number = round((now - self._started) * 1000 / INTERVAL)  # a timer may be a little early
        if self._number < first:
            return
        self._due = min(now, self._started + first * INTERVAL / 1000)
        seconds = self._number * INTERVAL / 1000
        self._at = self._slider.x_of(SWING * math.sin(2 * math.pi * seconds / PERIOD))
        self._mouse(QEvent.Type.MouseMove, self._at)

    def _mouse(self, kind: QEvent.Type, x: float) -> None:
        place = QPointF(x, self._slider.height() / 2)
        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        button = none if kind == QEvent.Type.MouseMove else left
        held = none if kind == QEvent.Type.MouseButtonRelease else left
        event = QMouseEvent(
            kind, place, QPointF(self._slider.mapToGlobal(place)), button, held, Qt.KeyboardModifier.NoModifier
        )
        QApplication.sendEvent(self._slider, event)

    def _on_moved(self, value: float) -> None:
        self._moves.append((np.float32(value), self._due, time.perf_counter()))

    def _on_shown(self, _picture: object) -> None:
        now, shown = time.perf_counter(), self._window.session.decoded.shown
        if shown is None or all(value != shown.z[self._j] for value, _, _ in self._moves):
            return  # a newer snapshot's picture of a z that was painted before
        while self._moves:
            value, due, moved = self._moves.popleft()
            self._phase.from_slider.append(now - moved)
            self._phase.from_hand.append(now - due)
            if value == shown.z[self._j]:
                return


class Measurement(QObject):
    """Goes through the phases beside the event loop. A step of the script yields what it waits for."""

    def __init__(self, window: MainWindow, seconds: float, config: TrainConfig):
        super().__init__(window)
        self._window, self._seconds, self._config = window, seconds, config
        self.phases = [Phase("idle"), Phase("while training")]
        self.alone = Phase("training, nobody at the slider")
        self.decode = 0.0  # seconds for the model alone
        self.device = self.problem = ""
        self._script = self._steps()
        self._waits_for: Callable[[], bool] = lambda: True
        self._since = time.perf_counter()
        self._timer = QTimer(self, interval=20)
        self._timer.timeout.connect(self._on_timeout)
        self._timer.start()

    def _on_timeout(self) -> None:
        try:
            if self._waits_for():
                self._since = time.perf_counter()
                self._waits_for = next(self._script)
            elif time.perf_counter() - self._since > PATIENCE:
                raise TimeoutError(f"nothing came for {PATIENCE:g} s")
        except Exception as error:
            self._timer.stop()
            if not isinstance(error, StopIteration):
                self.problem = f"{type(error).__name__}: {error}"
            self._window.close()

    def _steps(self) -> Generator[Callable[[], bool], None, None]:
        session = self._window.session
        yield lambda: session.posterior_samples.shown is not None
        yield _pause(SETTLE)
        yield from self._drag(self.phases[0])

        session.training.start(self._config)
        yield lambda: session.training.state == "running" and session.model.shows_trained
        yield lambda: bool(session.training.kl_per_dimension)
        yield _pause(SETTLE)
        yield from self._count_images(self.alone)
        yield from self._drag(self.phases[1])
        self.device = session.training.facts.device if session.training.facts else ""
        session.training.stop()
        yield lambda: not session.training.is_active
        if session.model.snapshot:
            self.decode = _decode_time(session.model.snapshot)

    def _drag(self, phase: Phase) -> Generator[Callable[[], bool], None, None]:
        drag = Drag(self._window, self._liveliest(), phase)
        drag.begin()
        yield from self._count_images(phase)
        drag.end()

    def _liveliest(self) -> int:
        """The dimension with the most KL: one that the picture follows."""
        card, kl = self._window.session.model.card, self._window.session.training.kl_per_dimension
        if not kl and card and card.kl_per_dimension is not None:
            kl = tuple(card.kl_per_dimension)
        return 0 if kl is None else int(np.argmax(kl))

    def _count_images(self, phase: Phase) -> Generator[Callable[[], bool], None, None]:
        started, before = time.perf_counter(), self._images()
        yield _pause(self._seconds)
        phase.seconds, phase.images = time.perf_counter() - started, self._images() - before

    def _images(self) -> int:
        training = self._window.session.training
        return training.progress.done * self._config.batch_size if training.is_active and training.progress else 0


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--threads", type=int, default=0, help="of the training; 0: as the window chooses")
    chosen = parser.parse_args()
    seconds = QUICK_SECONDS if chosen.quick else SECONDS
    if display.problem():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    config = TrainConfig(data="drawn-digits", network="mlp", epochs=1000, threads=chosen.threads)
    measurement: list[Measurement] = []
    create = app.create

    def create_and_measure(*arguments: object, **options: object) -> MainWindow:
        window = create(*arguments, **options)  # type: ignore[arg-type]
        measurement.append(Measurement(window, seconds, config))
        return window

    app.create = create_and_measure
    progress("dragging a slider for a while")
    with tempfile.TemporaryDirectory() as home:
        os.environ["VAE_EXPLORER_HOME"] = home
        app.run(size=app.PICTURED_SIZE)
    progress("")
    (done,) = measurement
    if done.problem:
        sys.exit(done.problem)
    notes = [
        f"Qt platform {QGuiApplication.platformName()}; {seconds:g} s of dragging at {1000 / INTERVAL:.0f} moves/s",
        f"training: mlp {config.hidden}-{config.hidden}-{config.z_dim}, batch {config.batch_size}, {done.device}; "
        "its images/s with evaluation and saving",
    ]
    show("latency", _figures(done), notes, as_json=chosen.json)


def _figures(done: Measurement) -> list[Figure]:
    figures = [Figure("the model's decode alone, median", 1000 * done.decode, "ms")]
    for phase, aim in zip(done.phases, (AIM_IDLE, AIM_TRAINING), strict=True):
        figures.append(Figure(f"{phase.name}: moves whose picture came", len(phase.from_slider), ""))
        for start, times in (("slider", phase.from_slider), ("hand", phase.from_hand)):
            milliseconds = 1000 * np.array(times or [math.nan])
            for percent in (50, 95, 99):
                bound = ("<=", aim) if percent == 99 and start == "slider" else None
                value = float(np.percentile(milliseconds, percent))
                figures.append(Figure(f"{phase.name}, from the {start}: p{percent}", value, "ms", bound))
            figures.append(Figure(f"{phase.name}, from the {start}: max", float(milliseconds.max()), "ms"))
    for name, phase in (("nobody at the slider", done.alone), ("a slider dragged", done.phases[1])):
        figures.append(Figure(f"training with {name}", phase.images / phase.seconds, "images/s"))
    return figures


def _pause(seconds: float) -> Callable[[], bool]:
    until = time.perf_counter() + seconds
    return lambda: time.perf_counter() >= until


def _decode_time(snapshot: Snapshot) -> float:
    """The median, in seconds, of what no program with this model could do without."""
    import torch

    torch.set_num_threads(1)
    times = []
    with torch.inference_mode():
        for z in prior_sample(DECODES, snapshot.z_dim):
            started = time.perf_counter()
            snapshot.model.decode(torch.from_numpy(z)[None]).mean.numpy()
            times.append(time.perf_counter() - started)
    return statistics.median(times)


if __name__ == "__main__":
    main()
