"""p(x|z) of the z on the sliders: its mean, a draw, the deviation of each pixel."""

from pathlib import Path

import numpy as np
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog, QStackedWidget, QWidget

from vae_explorer.session.session import Session
from vae_explorer.session.views.decoded import COLUMNS, Decoded
from vae_explorer.ui.theme import theme
from vae_explorer.ui.widgets.flow_layout import FlowBox
from vae_explorer.ui.widgets.image_grid import ImageGrid
from vae_explorer.ui.widgets.image_view import ImageView
from vae_explorer.ui.widgets.panel import Panel, button, label
from vae_explorer.ui.widgets.pixels import coloured, rgb
from vae_explorer.ui.widgets.segments import Segments

MODES = {
    "mean": "The mean image E[x|z] (Alt+1)",
    "draw": "An image x drawn from p(x|z) (Alt+2)",
    "sigma": "The standard deviation of each pixel of p(x|z) (Alt+3)",
}
LOADING = "Loading the model…"
SUFFIXES = (".png", ".jpg", ".jpeg")  # of the files that are written
SAVED_SIDE = 512  # pixels: a picture of 28 is saved at the whole-number zoom that comes nearest


class DecodedPanel(Panel):
    """Shows the newest decoded picture; keeps the last one when something fails, and says what over it."""

    def __init__(self, session: Session, parent: QWidget | None = None):
        super().__init__("Decoded", "p(x|z)", parent)
        self.setObjectName("picturePanel")
        self._decoded, self._session = session.decoded, session
        self._shown: Decoded | None = None
        self.mode = Segments()
        self.mode.setObjectName("outputMode")
        self.mode.setAccessibleName("What is shown of p(x|z)")
        for (mode, tip), text in zip(MODES.items(), ("Mean", "Draw", "σ"), strict=True):
            self.mode.add(mode, text, tip)
        self.mode.chosen.connect(self._decoded.set_mode)
        self.header.addWidget(self.mode)

        self.view = ImageView()
        self.view.setObjectName("outputImage")
        self.view.setAccessibleName("Decoded picture")
        self.grid = ImageGrid()
        self.grid.setObjectName("outputDraws")
        self.grid.setAccessibleName("Sixteen draws of x from the same z")
        self._stack = QStackedWidget()
        self._stack.addWidget(self.view)
        self._stack.addWidget(self.grid)
        self.body.addWidget(self._stack, 1)

        self.scale = label(role="muted", name="outputScale")
        self.scale.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.body.addWidget(self.scale)
        self.draw = button(
            "Draw again", self._decoded.draw_again, "Draw another x from the same p(x|z) (Space)", name="drawAgain"
        )
        self.sixteen = button(
            "16 draws", self._on_sixteen, "Sixteen draws of x from the same z", name="sixteenDraws", checkable=True
        )
        copy = button("Copy", self.copy, "Copy the picture (Ctrl+C)", name="copyPicture")
        save = button("Save…", self.save_as, "Save the picture as PNG (Ctrl+E)", name="savePicture")
        buttons = FlowBox(centred=True)
        buttons.set_widgets([self.draw, self.sixteen, copy, save])
        self._buttons = buttons
        self.body.addWidget(buttons)

        self._decoded.decoded.connect(self._on_decoded)
        self._decoded.settings_changed.connect(self._on_mode_changed)
        self._decoded.failed.connect(self.view.set_message)
        self._decoded.failed.connect(self.grid.set_message)
        session.model.models_changed.connect(self._on_models_changed)
        session.model.changed.connect(self._on_mode_changed)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self._on_models_changed()
        self._on_mode_changed()

    def image(self) -> QImage:
        """What is shown, at the whole-number zoom that comes nearest to 512 pixels."""
        return QImage.fromData(self._png())

    def copy(self) -> None:
        """The picture, as PNG too: so that it can be pasted back as an image."""
        mime = QMimeData()
        mime.setData("image/png", self._png())
        mime.setImageData(self.image())
        QGuiApplication.clipboard().setMimeData(mime)

    def save_as(self) -> None:
        """Asks where, and writes a PNG or a JPEG."""
        name, _ = QFileDialog.getSaveFileName(self, "Save picture", "picture.png", "Pictures (*.png *.jpg)")
        if name:
            path = Path(name)
            path = path if path.suffix.lower() in SUFFIXES else Path(f"{name}.png")
            self._decoded.save(path, self._pixels(), self._zoom())

    def _png(self) -> bytes:
        return self._decoded.png(self._pixels(), self._zoom())

    def _pixels(self) -> np.ndarray:
        """What is shown as colours, uint8 [n, h, w, 3]; until a new model has a picture, that of the one before."""
        shown = self._shown
        if shown is None:
            return np.zeros((1, 1, 1, 3), np.uint8)
        if shown.settings.mode == "sigma":
            return rgb(coloured(shown.images, "viridis", float(shown.images.max()) or 1.0))
        return rgb(coloured(shown.images))

    def _zoom(self) -> int:
        n, height, width, _ = map(int, self._pixels().shape)
        return max(1, SAVED_SIDE // (max(height, width) * (COLUMNS if n > 1 else 1)))

    def _on_decoded(self) -> None:
        shown = self._decoded.shown
        if shown is None:
            return
        self._shown = shown
        self.view.set_message(None)
        self.grid.set_message(None)
        several, mode = len(shown.images) > 1, shown.settings.mode
        if several:
            self.grid.set_images(shown.images)
        elif mode == "sigma":
            top = float(shown.images.max())
            scale = top if top > 0 else 1.0
            self.view.set_image(shown.images[0].mean(0, keepdims=True), "viridis", scale)
            self.scale.setText(f"σ of each pixel, 0 … {top:.2f}")
        else:
            self.view.set_image(np.asarray(shown.images[0]))
        if mode != "sigma":
            self.scale.setText("E[x|z]" if mode == "mean" else f"x ~ p(x|z), draw {shown.settings.seed + 1}")
        self._stack.setCurrentWidget(self.grid if several else self.view)

    def _on_mode_changed(self) -> None:
        card = self._session.model.card
        why_not = card.why_not("spread") if card else ""
        for mode, tip in MODES.items():
            self.mode.button(mode).setEnabled(not why_not or mode == "mean")
            self.mode.button(mode).setToolTip(tip if mode == "mean" else why_not or tip)
        for control in (self.draw, self.sixteen):
            control.setEnabled(not why_not)
        self.mode.set_value(self._decoded.mode)
        self.sixteen.setChecked(self._decoded.settings.sixteen and self._decoded.mode == "draw")

    def _on_sixteen(self) -> None:
        wished = self.sixteen.isChecked()  # the button follows the session while both are set
        if wished:
            self._decoded.set_mode("draw")
        self._decoded.set_sixteen(wished)

    def _on_theme_changed(self) -> None:
        self.setMinimumWidth(theme.pixels(242))

    def _on_models_changed(self) -> None:
        self._buttons.setEnabled(self._session.model.current is not None)
        if self._session.model.current is None:
            self.view.set_message(
                LOADING if self._session.model.is_opening else "Open a model or train one to see its picture here"
            )
