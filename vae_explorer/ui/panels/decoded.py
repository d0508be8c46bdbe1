"""p(x|z) of the z on the sliders: its mean, draws from it, the deviation of each pixel."""

import numpy as np
from PySide6.QtGui import QHideEvent, QImage, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from vae_explorer.session.session import Session
from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.theme import UNIT, theme
from vae_explorer.ui.widgets.flow_layout import FlowBox
from vae_explorer.ui.widgets.image_grid import ImageGrid
from vae_explorer.ui.widgets.image_view import ImageView
from vae_explorer.ui.widgets.panel import ElidedLabel, FittedText, Help, Panel, button, label, row
from vae_explorer.ui.widgets.segments import Segments
from vae_explorer.ui.widgets.take_away import Offer, Taken, offer

MODES = {
    "mean": "The mean image E[x|z] (Alt+1)",
    "draw": "An image x drawn from p(x|z) (Alt+2)",
    "sigma": "The standard deviation of each pixel of p(x|z) (Alt+3)",
}
NAMES = {"mean": "mean image", "draw": "draw", "sigma": "sigma of each pixel"}  # of files
LOADING = "Loading the model…"
EMPTY = "Open a model or train one to see its picture here"
HELP = Help(
    "The decoder turns z into a distribution over images, in which each pixel is independent of the others. "
    "The mean image is smooth; a draw has the noise of each pixel as well.",
    "p(x|z) = ∏<sub>i</sub> p(x<sub>i</sub>|z), &nbsp; E[x|z] = f(z)",
)
FRAYED = "Each pixel is drawn on its own: hence the frayed edge."
LEAST = 96  # pixels: a picture is never smaller, whatever the type's size
ROW = 56  # pixels of a small draw, at 100 %
TIGHT_ABOVE = 150  # per cent: the segments have less room around their words in larger type
LEAST_ABOVE_DRAWS = 224  # pixels of the picture, at 100 %: where it would be smaller, the draws give way


class DecodedPanel(Panel):
    """Shows the newest decoded picture; keeps the last one when something fails, and says what over it."""

    def __init__(self, session: Session, parent: QWidget | None = None):
        super().__init__("Decoded", "p(x|z)", parent, help=HELP)
        self.setObjectName("picturePanel")
        self._decoded, self._draws, self._session = session.decoded, session.draws, session
        margin = 2 * UNIT  # so that 12 × 28 pixels fit into the panel at its first width
        self.body.setContentsMargins(margin, margin, margin, margin)
        self.body.setSpacing(UNIT)
        self._make_picture()
        self._make_controls()
        self._make_draws()

        self._decoded.decoded.connect(self._on_decoded)
        self._decoded.settings_changed.connect(self._on_mode_changed)
        self._decoded.failed.connect(self.view.set_message)
        self._decoded.failed.connect(self.grid.set_message)
        self._draws.changed.connect(self._on_draws_changed)
        session.model.models_changed.connect(self._on_models_changed)
        session.model.changed.connect(self._on_models_changed)
        session.model.changed.connect(self._on_mode_changed)
        self.view.zoomed.connect(self._show_size)
        theme.changed.connect(self._fit)
        self.set_least(LEAST)
        self._on_models_changed()
        self._on_mode_changed()

    def _make_picture(self) -> None:
        self.view = ImageView()
        self.view.setObjectName("outputImage")
        self.view.setAccessibleName("Decoded picture")
        self.grid = ImageGrid(item="draw")
        self.grid.setObjectName("outputDraws")
        self.grid.setAccessibleName("Sixteen draws of x from the same z")
        self._stack = QStackedWidget()
        self._offers: dict[QWidget | None, Offer] = {}
        for picture in (self.view, self.grid):
            self._stack.addWidget(picture)
            self._offers[picture] = offer(picture, self._session.take_away, self._taken)
        self.body.addWidget(self._stack, 1)

    def _make_controls(self) -> None:
        self.mode = Segments()
        self.mode.setObjectName("outputMode")
        self.mode.setAccessibleName("What is shown of p(x|z)")
        for (mode, tip), text in zip(MODES.items(), ("Mean", "Draw", "σ"), strict=True):
            self.mode.add(mode, text, tip)
        self.mode.chosen.connect(self._decoded.set_mode)
        self.copy_button = button("Copy", self.copy, "Copy the picture (Ctrl+C)", name="copyPicture")
        self.save_button = button("Save…", self.save_as, "Save the picture as PNG or JPEG (Ctrl+E)", name="savePicture")
        controls = FlowBox(left=1)
        controls.set_widgets([self.mode, self.copy_button, self.save_button])
        self.body.addWidget(controls)
        self.scale, self.pixels = ElidedLabel(role="caption"), ElidedLabel(role="caption", align_right=True)
        self.scale.setObjectName("outputScale")
        self.pixels.setObjectName("outputSize")
        captions = row()
        captions.addWidget(self.scale, 1)
        captions.addWidget(self.pixels)
        self.pixels.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.body.addLayout(captions)

    def _make_draws(self) -> None:
        line = QFrame()
        line.setProperty("role", "line")
        line.setFixedHeight(1)
        self.body.addSpacing(UNIT)
        self.body.addWidget(line)
        self.body.addSpacing(UNIT)
        title = label("Draws <i style='font-weight:400'>x ~ p(x|z)</i>", role="title")
        self.draw = button(
            "Draw again", self._decoded.draw_again, "Draw another x from the same p(x|z) (Space)", name="drawAgain"
        )
        self.sixteen = button(
            "16 draws", self._on_sixteen, "Sixteen draws of x from the same z", name="sixteenDraws", checkable=True
        )
        buttons = FlowBox(left=1)
        buttons.set_widgets([title, self.draw, self.sixteen])
        self.body.addWidget(buttons)
        self.row = ImageGrid(item="draw")
        self.row.setObjectName("draws")
        self.row.setAccessibleName("Draws of x from the same z")
        offer(self.row, self._session.take_away, Taken("draws", of_image=False))
        self.frayed = FittedText(FRAYED, role="caption")
        self._low = QWidget()
        column = QVBoxLayout(self._low)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT)
        column.addWidget(self.row)
        column.addWidget(self.frayed)
        self.body.addWidget(self._low)
        self.gives_way(self._low)

    def set_least(self, side: int) -> None:
        """The picture is never smaller than this, in pixels of the screen."""
        for picture in (self.view, self.grid):
            picture.setMinimumSize(side, side)
        self._fit()

    def image(self) -> QImage:
        """What is shown, as it is copied."""
        return self._offered.image()

    def copy(self) -> None:
        """The picture, as PNG too: so that it can be pasted back as an image."""
        self._offered.copy()

    def save_as(self) -> None:
        """Asks where, and writes a PNG or a JPEG."""
        self._offered.save()

    @property
    def _offered(self) -> Offer:
        return self._offers[self._stack.currentWidget()]

    def _taken(self) -> Taken:
        """What is shown; until a new model has a picture, that of the one before."""
        shown = self._decoded.shown
        several = shown is not None and len(shown.images) > 1
        what = "16 draws" if several else NAMES[shown.settings.mode if shown else "mean"]
        workspace = self._session.model.current
        return Taken(what, command=self._command, of_image=workspace is not None and workspace.follows_mu)

    def _command(self) -> object:
        return self._session.take_away.decode_command(self._decoded.shown)

    def _on_decoded(self) -> None:
        shown = self._decoded.shown
        if shown is None:
            return
        self.view.set_message(None)
        self.grid.set_message(None)
        several, mode = len(shown.images) > 1, shown.settings.mode
        if several:
            self.grid.set_images(shown.images)
            self.scale.set_whole(f"{len(shown.images)} draws x ~ p(x|z)")
        elif mode == "sigma":
            top = float(shown.images.max())
            self.view.set_image(shown.images[0].mean(0, keepdims=True), "viridis", top if top > 0 else 1.0)
            self.scale.set_whole(f"σ of each pixel, 0 … {top:.2f}")
        else:
            self.view.set_image(np.asarray(shown.images[0]))
            self.scale.set_whole(
                "mean image E[x|z]" if mode == "mean" else f"draw {shown.settings.seed + 1} of x ~ p(x|z)"
            )
        self._stack.setCurrentWidget(self.grid if several else self.view)
        self._show_size()

    def _show_size(self) -> None:
        shown = self._decoded.shown
        if shown is None:
            return
        height, width = shown.images.shape[2:]
        size, zoom = f"{width} × {height}", self.view.zoom
        whole = f"{size}, each pixel {zoom:.0f} × {zoom:.0f}" if zoom >= 1 else f"{size}, shown at {zoom:.0%}"
        room = self._stack.width() - self.scale.sizeHint().width() - 2 * UNIT
        is_one = self._stack.currentWidget() is self.view
        self.pixels.set_whole(whole if is_one and self.pixels.width_of(whole) <= room else size)

    def _on_draws_changed(self) -> None:
        shown = self._draws.shown
        self.row.set_images(shown.images if shown else None)
        self.row.set_late(self._draws.is_late)
        self.row.set_message(self._draws.failure or None)

    def _on_mode_changed(self) -> None:
        card = self._session.model.card
        why_not = card.why_not("spread") if card else ""
        for mode, tip in MODES.items():
            self.mode.button(mode).setEnabled(not why_not or mode == "mean")
            self.mode.button(mode).setToolTip(tip if mode == "mean" else why_not or tip)
        for control in (self.draw, self.sixteen):
            control.setEnabled(card is not None and not why_not)
        self.frayed.setText(why_not or FRAYED)
        self.mode.set_value(self._decoded.mode)
        self.sixteen.setChecked(self._decoded.settings.sixteen and self._decoded.mode == "draw")
        self._on_draws_changed()

    def _on_sixteen(self) -> None:
        wished = self.sixteen.isChecked()  # the button follows the session while both are set
        if wished:
            self._decoded.set_mode("draw")
        self._decoded.set_sixteen(wished)

    def _on_models_changed(self) -> None:
        model = self._session.model
        for control in (self.copy_button, self.save_button):
            control.setEnabled(model.current is not None)
        if model.current is None:
            self.view.set_message(LOADING if model.is_opening else EMPTY)

    @guarded()
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    @guarded()
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit()

    @guarded()
    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._draws.set_watched(False)

    def _fit(self) -> None:
        """The draws are there where the picture above them is large enough; what decides is the panel's size alone."""
        self.row.setFixedHeight(theme.pixels(ROW + 6))
        self.mode.set_tight(theme.scale > TIGHT_ABOVE)
        height = self._low.sizeHint().height() + self.body.spacing()
        others = self.minimumSizeHint().height() - self.view.minimumHeight()
        self._low.setVisible(
            self.height() - others - height >= min(theme.pixels(LEAST_ABOVE_DRAWS), self._stack.width())
        )
        self._draws.set_watched(self.isVisible() and not self._low.isHidden())
