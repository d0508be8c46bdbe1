"""The sheet above the run bar: curves, the KL of each dimension, and what becomes of eight validation images."""

from functools import partial

import numpy as np
from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from vae_explorer.session.session import Session
from vae_explorer.session.threads.guard import guarded
from vae_explorer.session.views import tables
from vae_explorer.ui.plots.bar_plot import BarPlot
from vae_explorer.ui.plots.curve_plot import CurvePlot
from vae_explorer.ui.theme import UNIT, theme
from vae_explorer.ui.widgets.image_grid import ImageGrid
from vae_explorer.ui.widgets.live_text import LiveText, Piece
from vae_explorer.ui.widgets.numbers import figure
from vae_explorer.ui.widgets.panel import Panel
from vae_explorer.ui.widgets.segments import Segments
from vae_explorer.ui.widgets.take_away import Taken, offer
from vae_explorer.ui.window.run.run_words import name_of, short

HEIGHT, LEAST_HEIGHT = 208, 144  # pixels at 100 %
EMPTY = "Train a model or open a run: its curves appear here."
WORKING = "The curves begin with the first report of the run."
READING = "Reading the curves of the run…"


class RunSheet(Panel):
    """Shows the run that `session.training` has, and says which it is: the window may show another model. Follows it
    while it is in sight."""

    def __init__(self, session: Session, parent: QWidget | None = None):
        super().__init__("Run", "", parent)
        self.setObjectName("runSheet")
        self._session, self._training, self._model = session, session.training, session.model
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._make_header()
        self._make_body()
        self._training.state_changed.connect(self._on_changed)
        self._training.reported.connect(self._on_reported)
        self._training.reconstructed.connect(self._on_reconstructed)
        self._training.run_opened.connect(self._on_changed)
        self._model.changed.connect(self._on_changed)
        theme.changed.connect(self._on_changed)

    def _make_header(self) -> None:
        self.name = LiveText("runName", is_caption=False)
        self.which = Segments()
        self.which.setObjectName("trainCurve")
        self.which.setAccessibleName("Which curve is shown")
        self.which.add("elbo", "ELBO", "The evidence lower bound, nats per image")
        self.which.add("reconstruction", "recon.", "E_q[log p(x|z)], nats per image")
        self.which.add("kl", "KL", "KL(q(z|x) ‖ N(0, I)), nats per image")
        self.which.chosen.connect(self._on_reported)
        self.header.takeAt(self.header.count() - 1)  # the stretch: the name takes its room
        self.header.addWidget(self.name, 1)
        self.header.addWidget(self.which)

    def _make_body(self) -> None:
        self.last = LiveText("trainLast")
        self.curves = CurvePlot("Training curves")
        self.curves.setObjectName("trainCurves")
        self.bars_title = LiveText("trainKlSum")
        self.bars = BarPlot()
        self.bars.setObjectName("trainKl")
        self.bars.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self.examples = ImageGrid()
        self.examples.setObjectName("trainReconstructions")
        self.examples.setAccessibleName("Eight validation images and their reconstructions")
        self.examples.setToolTip("Top: validation images. Bottom: their current reconstructions.")
        away, training = self._session.take_away, self._training
        offer(self.curves, away, Taken("training curves", data=partial(tables.of_curves, training), of_image=False))
        offer(self.bars, away, Taken("KL of each dimension", data=partial(tables.of_kl, training), of_image=False))
        offer(self.examples, away, Taken("reconstructions", of_image=False))
        self.examples_title = LiveText("trainReconstructionsTitle")
        self._pairs = _Pairs(self.examples)
        self.bars_column = _column(self.bars_title, self.bars)
        left, right = _column(self.last, self.curves), _column(self.examples_title, self._pairs)
        row = QHBoxLayout()
        row.setSpacing(3 * UNIT)
        for column, stretch in ((left, 11), (self.bars_column, 5), (right, 9)):
            column.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
            row.addWidget(column, stretch)
        self.body.addLayout(row, 1)

    @guarded(QSize(0, HEIGHT))
    def sizeHint(self) -> QSize:
        return QSize(theme.pixels(640), theme.pixels(HEIGHT))

    @guarded(QSize(0, LEAST_HEIGHT))
    def minimumSizeHint(self) -> QSize:
        return QSize(theme.pixels(320), theme.pixels(LEAST_HEIGHT))

    @guarded()
    def showEvent(self, event: QShowEvent) -> None:
        self._on_changed()

    def _on_changed(self) -> None:
        if self.isVisible():
            self._show_name()
            self._on_reported()
            self._on_reconstructed()

    def _show_name(self) -> None:
        """Whose curves these are, and that the window shows another model where it does."""
        training, shown = self._training, self._model.current
        if not (training.curves.epochs or training.is_active):
            self.name.set_pieces()
            return
        folder = training.run.folder.name if training.run else ""
        others = shown is not None and shown.name != folder
        pieces = [*name_of(training)]
        if others and shown is not None:
            pieces += [Piece("   the window shows "), Piece(shown.name, is_name=True)]
        self.name.set_pieces(*pieces)

    def _show_what_there_is(self) -> None:
        """A model without an ELBO has one curve and no KL."""
        has_elbo = "elbo" in self._training.abilities(self._training.config)
        for key in ("elbo", "kl"):
            self.which.button(key).setVisible(has_elbo)
        if not has_elbo:
            self.which.set_value("reconstruction")
        self.bars_column.setVisible(has_elbo)

    def _on_reported(self) -> None:
        if not self.isVisible():
            return
        self._show_what_there_is()
        training = self._training
        curves, key = training.curves, self.which.property("value")
        if not curves.epochs:  # none yet, or those of another run, which are being read
            reading = READING if training.is_reading_curves else WORKING if training.is_active else EMPTY
            self.curves.set_curves({})
            self.curves.set_message(reading)
            self.last.set_pieces()
            self.bars.clear()
            self.bars_title.set_pieces(Piece("KL of each dimension", is_name=True))
            return
        self.curves.set_message(None)
        self.curves.set_curves(
            {
                "train": (np.array(curves.epochs), np.array(curves.train[key])),
                "validation": (np.array(curves.validation_epochs), np.array(curves.validation[key])),
            }
        )
        last = [Piece(f"train {short(curves.train[key][-1])}", "train")]
        if curves.validation_epochs:
            last += [Piece("   "), Piece(f"validation {short(curves.validation[key][-1])}", "validation")]
        self.last.set_pieces(*last, Piece(" nats per image", is_name=True))
        kl = np.array(training.kl_per_dimension)
        if len(kl):
            self.bars.set_values(kl, np.argsort(-kl, kind="stable"))
            self.bars_title.set_pieces(
                Piece("KL of each dimension ", is_name=True), Piece(f"{figure(kl.sum(), 1)} nats", "kl")
            )

    def _on_reconstructed(self) -> None:
        if not self.isVisible():
            return
        shown = self._training.reconstructions
        self._pairs.set_images(None if shown is None else np.concatenate([shown.x, shown.images]))
        count = 0 if shown is None else len(shown.x)
        self.examples_title.set_pieces(
            Piece(f"{count} validation images over their reconstructions" if count else "Reconstructions", is_name=True)
        )


class _Pairs(QWidget):
    """A grid of n images over n others, so wide and high that they stand in two rows."""

    def __init__(self, grid: ImageGrid):
        super().__init__()
        self._grid = grid
        grid.setParent(self)

    def set_images(self, images: np.ndarray | None) -> None:
        """float32 [2n, c, h, w]; None for none."""
        self._grid.set_images(images)
        self._fit()

    @guarded()
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()

    def _fit(self) -> None:
        images = self._grid.property("value")
        if images is None or not len(images):
            self._grid.setGeometry(self.rect())
            return
        count, (high, wide) = len(images) // 2, images.shape[2:]
        shape = count * wide / (2 * high)
        width = min(self.width(), round(self.height() * shape))
        self._grid.setGeometry(0, 0, width, min(self.height(), round(width / shape)))


def _column(title: QWidget, content: QWidget) -> QWidget:
    """A title over what it names."""
    column = QWidget()
    layout = QVBoxLayout(column)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(UNIT)
    layout.addWidget(title)
    layout.addWidget(content, 1)
    return column
