"""Whether everything has its room: the window in many sizes, text sizes, both schemes and all states of a run.

For each combination and each page of the drawer, below the panels and enlarged, it looks for: sibling widgets that lie
over each other, buttons and labels that are cut, content that is wider than its viewport, a picture below its floor
(96 pixels; 224 in a presentation), an x below 64, figures out of sight, a run whose Stop is out of sight, and panels
that content has moved. Offscreen. `--pictures FOLDER` saves what it looked at.

    python benchmarks/layout.py [--quick] [--json] [--pictures FOLDER] [--keep N]
"""

import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

if __name__ == "__main__":
    os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PySide6.QtCore import QEventLoop, QPoint, QRect, Qt, QTimer
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QScrollArea,
    QStackedWidget,
    QTabBar,
    QWidget,
)
from report import Figure, options, progress, show

from vae_explorer import app
from vae_explorer.training.config import TrainConfig
from vae_explorer.ui.theme import theme
from vae_explorer.ui.views.lines import Lines
from vae_explorer.ui.widgets.image_strip import ImageStrip
from vae_explorer.ui.widgets.panel import ElidedLabel
from vae_explorer.ui.window.arrangement import presentation_scale
from vae_explorer.ui.window.main_window import MainWindow

SIZES = ((720, 480), (800, 600), (1024, 700), (1366, 768), (1440, 900), (1920, 1080))  # pixels
SCALES = (80, 100, 150, 200)  # per cent
PRESENTED = ((1024, 768), (1280, 720), (1920, 1080))
STATES = ("idle", "training", "paused", "finished", "failed")
SCHEMES = (Qt.ColorScheme.Light, Qt.ColorScheme.Dark)
QUICK_SIZES, QUICK_SCALES, QUICK_STATES = SIZES[1:4:2], (100, 150), ("idle", "training")
PICTURE, PRESENTED_PICTURE, X = 96, 224, 64  # pixels: the floors
LEAST_FOR_VIEWS = 1000  # pixels at 100 %: in a narrower window a view may scroll sideways
SLACK = 3  # pixels that a label may lack: its hint has a margin
REST = 300  # milliseconds, after which a fault is one
SETTLE = 30  # milliseconds for what follows a change of the layout
PATIENCE = 120.0  # seconds until something must have come
OVERLAYS = ("trainDrawer", "trainShade", "dropOverlay")  # lie over the rest on purpose
COMPOUND = (QComboBox, QAbstractSpinBox, QTabBar, QAbstractScrollArea, QStackedWidget)  # Qt arranges their inside
FIGURES = ("reconstruction", "kl", "elbo", "gap", "log_evidence")


@dataclass(frozen=True)
class Fault:
    """One thing that has no room."""

    where: str  # the combination
    what: str


def faults(window: QWidget) -> list[str]:
    """What lies over something else, is cut or is out of sight, in any window."""
    found = []
    for parent in (window, *window.findChildren(QWidget)):
        if parent.isVisible() and not isinstance(parent, COMPOUND):
            found += _overlaps(parent)
    for widget in window.findChildren(QWidget):
        if widget.isVisible() and not _is_inside(widget, COMPOUND[:3]):
            found += _cuts(widget, window)
    return found


def floors(window: MainWindow, *, presented: bool, running: bool) -> list[str]:
    """Which of the things that must always be seen are not."""
    found = []
    least = PRESENTED_PICTURE if presented else PICTURE
    strip = window.strip.isVisible()
    picture = _seen(window.strip.picture) if strip else QRect()
    panel = max((_seen(view) for view in (window.decoded.view, window.decoded.grid)), key=_side)
    if max(_side(picture), _side(panel)) < least:
        found.append(f"the picture is {max(_side(picture), _side(panel))} px, at least {least}")
    x = max(_side(_seen(window.strip.image)), _side(_seen(window.image.x_view)), _side(_seen(window.image.photo)))
    if x < X:
        found.append(f"x is {x} px, at least {X}")
    lines = [window.strip.figures, *window.image.findChildren(type(window.strip.figures))]
    if not any(_seen(line) == QRect(line.mapTo(window, QPoint()), line.size()) for line in lines if line.isVisible()):
        found.append("the line of figures is not in sight")
    if running and _seen(window.run_bar.stop).size() != window.run_bar.stop.size():
        found.append("Stop is not in sight")
    return found


def _overlaps(parent: QWidget) -> Iterator[str]:
    children = [
        child
        for child in parent.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
        if child.isVisible()
        and not (child.isWindow() or child.size().isEmpty())
        and not child.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)  # marks over a plot
        and not (isinstance(child, QLabel) and not child.text() and child.pixmap().isNull())
        and child.objectName() not in OVERLAYS
    ]
    for one, other in combinations(children, 2):
        common = one.geometry().intersected(other.geometry())
        if common.width() > 1 and common.height() > 1:
            yield f"{_name(one)} and {_name(other)} overlap by {common.width()} × {common.height()}"


def _cuts(widget: QWidget, window: QWidget) -> Iterator[str]:
    has_text = isinstance(widget, QAbstractButton | QLabel) and bool(widget.text())
    if has_text:
        if isinstance(widget, QLabel) and widget.wordWrap():
            need = widget.heightForWidth(widget.width())
            if need > widget.height() + 1:
                yield f"{_name(widget)} is {widget.height()} px high, its text {need}"
        elif not _is_elided(widget):
            hint = widget.sizeHint()
            if isinstance(widget, QLabel | QCheckBox):
                hint = widget.minimumSizeHint() if isinstance(widget, QCheckBox) else hint
            if hint.width() > widget.width() + SLACK or (hint.height() > widget.height() + 4):
                size = f"{widget.width()} × {widget.height()}"
                yield f"{_name(widget)} is {size}, needs {hint.width()} × {hint.height()}"
        hidden = _hidden(widget, window)
        if hidden:
            yield f"{_name(widget)} {hidden}"
    if (
        isinstance(widget, QScrollArea)
        and not isinstance(widget, ImageStrip)
        and widget.horizontalScrollBar().maximum() > 0
        and window.width() >= theme.pixels(LEAST_FOR_VIEWS)
    ):
        yield f"the content of {_name(widget)} is {widget.horizontalScrollBar().maximum()} px wider than its viewport"


def _is_elided(widget: QWidget) -> bool:
    """Whether it shortens what has no room, and has the whole text as its tooltip."""
    return isinstance(widget, ElidedLabel | Lines)


def _hidden(widget: QWidget, window: QWidget) -> str:
    """Whether an ancestor cuts the widget; what can be scrolled to is not cut."""
    inner = widget
    parent = widget.parentWidget()
    while parent is not None and inner is not window:
        rect = QRect(widget.mapTo(parent, QPoint()), widget.size())
        if isinstance(parent.parentWidget(), QAbstractScrollArea):  # a viewport: it may be scrolled
            return ""
        if not parent.rect().contains(rect):
            return f"is cut by {_name(parent)}"
        inner, parent = parent, parent.parentWidget()
    return ""


def _is_inside(widget: QWidget, kinds: tuple[type, ...]) -> bool:
    parent = widget.parentWidget()
    while parent is not None:
        if isinstance(parent, kinds):
            return True
        parent = parent.parentWidget()
    return False


def _seen(widget: QWidget) -> QRect:
    """The part of a widget that is in sight, in the window's pixels."""
    if not widget.isVisible():
        return QRect()
    seen = widget.visibleRegion().boundingRect()
    return QRect(widget.mapTo(widget.window(), seen.topLeft()), seen.size())


def _side(rect: QRect) -> int:
    return min(rect.width(), rect.height())


def _name(widget: QWidget) -> str:
    text = widget.text() if isinstance(widget, QAbstractButton | QLabel) else ""
    parent = widget.parentWidget()
    own = widget.objectName() or type(widget).__name__
    place = "" if widget.objectName() or parent is None else f" in {parent.objectName() or type(parent).__name__}"
    return f"{own}{place}" + (f" {text[:40]!r}" if text else "")


# the sweep


def wait(milliseconds: int = SETTLE) -> None:
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def wait_for(condition: object) -> None:
    assert callable(condition)
    waited = 0
    while not condition():
        wait(50)
        waited += 50
        if waited > 1000 * PATIENCE:
            raise TimeoutError("the window did not come to rest")


class Sweep:
    """Goes through the combinations and keeps what it finds."""

    def __init__(self, window: MainWindow, pictures: Path | None, keep: int):
        self.window, self.pictures, self.keep = window, pictures, max(keep, 1)
        self.found: list[Fault] = []
        self.looked = 0

    def look(self, where: str, *, presented: bool = False) -> None:
        QApplication.processEvents()
        self.looked += 1
        found = self._faults(presented=presented)
        if found:  # a layout may be under way: what counts is what is left at rest
            wait(REST)
            found = self._faults(presented=presented)
        self.found += [Fault(where, what) for what in found]
        if self.pictures and self.looked % self.keep == 0:
            name = where.replace(", ", "-").replace(" ", "").replace("%", "").replace("×", "x")
            self.window.grab().save(str(self.pictures / f"{self.looked:05d}-{name}.png"))
        progress(f"{self.looked} layouts, {len(self.found)} faults: {where}")

    def _faults(self, *, presented: bool) -> list[str]:
        running = self.window.session.training.is_active
        return [*faults(self.window), *floors(self.window, presented=presented, running=running)]

    def pages(self, where: str, *, presented: bool = False) -> None:
        """Every page of the drawer, below the panels and enlarged; the Train drawer; the sheet of the run."""
        frame, drawer = self.window.frame, self.window.drawer
        frame.wish(drawer="open", train=False, sheet=False)
        for key in drawer.keys:
            drawer.show_view(key)
            frame.wish(drawer="open")
            wait()
            before = _places(self.window)
            wait()
            if _places(self.window) != before:
                self.found.append(Fault(f"{where}, {key}", "content moved a panel"))
            self.look(f"{where}, {key}", presented=presented)
            if frame.arrangement and not frame.arrangement.one_panel:
                frame.wish(drawer="enlarged")
                wait()
                self.look(f"{where}, {key} enlarged", presented=presented)
        frame.wish(drawer="open", train=True)
        wait()
        self.look(f"{where}, Train")
        frame.wish(train=False, sheet=True)
        wait()
        self.look(f"{where}, curves", presented=presented)
        frame.wish(sheet=False)

    def all(
        self, state: str, sizes: tuple[tuple[int, int], ...], scales: tuple[int, ...], schemes: Sequence[Qt.ColorScheme]
    ) -> None:
        for (width, height), scale in ((size, scale) for size in sizes for scale in scales):
            for scheme in schemes:
                theme.set_scheme(scheme)
                theme.set_scale(scale)
                self.window.resize(width, height)
                wait()
                self.pages(f"{state}, {width}×{height}, {scale} %, {scheme.name}")

    def presentation(self, state: str) -> None:
        for width, height in PRESENTED:
            theme.set_scale(round(100 * presentation_scale(width, height)))
            self.window.frame.wish(presentation=True)
            self.window.resize(width, height)
            wait()
            self.pages(f"{state}, {width}×{height}, presentation", presented=True)
        self.window.frame.wish(presentation=False)


def _places(window: MainWindow) -> list[QRect]:
    parts = (window.image, window.latent, window.drawer)
    return [QRect(part.mapTo(window, QPoint()), part.size()) for part in parts]


def bring_to(state: str, window: MainWindow, folder: Path) -> None:
    """Brings the training to a state; each follows from the one before it in STATES."""
    training = window.session.training
    config = TrainConfig(data="drawn-digits", z_dim=12, hidden=64, epochs=100_000)
    if state == "training":
        window.training.form.set_config(config)
        training.start(config)
        wait_for(lambda: len(training.curves.validation_epochs) > 1)
    elif state == "paused":
        training.pause()
        wait_for(lambda: training.state == "paused")
    elif state == "finished":
        training.stop()
        wait_for(lambda: not training.is_active)
    elif state == "failed":
        training.start(config.model_copy(update={"data": str(folder / "gone")}))
        wait_for(lambda: training.state == "failed" and not training.is_active)
    wait(500)


def main() -> int:
    parser = options(__doc__)
    parser.add_argument("--pictures", type=Path, help="save the window's pictures into this folder")
    parser.add_argument("--keep", type=int, default=1, help="of so many looked at, save one")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["VAE_EXPLORER_HOME"] = home
        if arguments.pictures:
            arguments.pictures.mkdir(parents=True, exist_ok=True)
        window = app.create(remembers=False)
        window.resize(*SIZES[-2])
        window.show()
        session = window.session
        wait_for(lambda: session.posterior_samples.shown is not None and session.evidence.figures is not None)
        import pyqtgraph  # noqa: F401 - as after each start

        sweep = Sweep(window, arguments.pictures, arguments.keep)
        for state in QUICK_STATES if arguments.quick else STATES:
            bring_to(state, window, Path(home))
            sizes, scales = (QUICK_SIZES, QUICK_SCALES) if arguments.quick else (SIZES, SCALES)
            sweep.all(state, sizes, scales, SCHEMES[:1] if arguments.quick else SCHEMES)
            if not arguments.quick:
                sweep.presentation(state)
        progress("")
        window.close()
        wait_for(lambda: session.is_closed)
        wait(200)
    kinds = Counter(fault.what for fault in sweep.found)
    first = {fault.what: fault.where for fault in reversed(sweep.found)}
    notes = [f"{count} ×  {what}   (first: {first[what]})" for what, count in kinds.most_common(60)]
    show(
        "layout: what has no room",
        [Figure("layouts", sweep.looked, ""), Figure("faults", len(sweep.found), "", ("<=", 0))],
        notes,
        as_json=arguments.json,
    )
    return int(bool(sweep.found))


if __name__ == "__main__":
    sys.exit(main())
