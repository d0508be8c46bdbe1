"""The spine as a strip: x → q(z|x) → z → picture and the figures, wherever the three panels are not in sight."""

import numpy as np
from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QMouseEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QSizePolicy, QVBoxLayout, QWidget

from vae_explorer.session.session import Session
from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.panels.image.figures_line import FiguresLine
from vae_explorer.ui.plots.dimension_plot import DimensionPlot
from vae_explorer.ui.plots.posterior_plot import PosteriorPlot
from vae_explorer.ui.plots.z_bars import ZBars
from vae_explorer.ui.theme import UNIT, theme
from vae_explorer.ui.widgets.image_view import ImageView
from vae_explorer.ui.widgets.panel import button, label, row

WIDE = 1000  # pixels at 100 %: the figures are at the right; below, they are under the plots
TAGGED = 760  # pixels at 100 %: the arrows carry their words
PLOT = 232  # pixels at 100 %: the width of a plot
SMALLEST_X = 64  # pixels of the screen
WAYS = {  # by the last entry of the history: how z came about
    "Random z": "z ~ N(0, I)",
    "To 0": "z = 0",
    "Choose sample": "z: a sample",
}


class Strip(QFrame):
    """The same widgets as in the panels, small. A click on a part asks for its panel.

    Signals:
        panel_asked(str): "image", "latent" or "decoded" is to be seen large
        explore_asked(): all three are
    """

    panel_asked = Signal(str)
    explore_asked = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("spineStrip")
        self.setProperty("role", "strip")
        self.setAccessibleName("Image, posterior, z and decoded picture")
        self._session = session
        self.image, self.picture = ImageView(), ImageView()
        self.image.setObjectName("stripImage")
        self.image.setAccessibleName("x, the image as the network sees it")
        self.picture.setObjectName("stripPicture")
        self.picture.setAccessibleName("Decoded picture")
        self.posterior, self.z = PosteriorPlot(), ZBars()
        self.posterior.setObjectName("stripPosterior")
        self.z.setObjectName("stripZ")
        self.encoder, self.sample, self.decoder = (
            label(f"{word} ▸", role="tag") for word in ("encoder", "sample", "decoder")
        )
        self._posterior_title, self._z_title = label(role="caption"), label(role="caption")
        self.figures = FiguresLine(session, prefix="strip_")
        self.explore = button("▾ Explore", self.explore_asked.emit, "Back to the panels (Esc)", name="stripExplore")
        self._panels: dict[QObject, str] = {
            self.image: "image",
            self.posterior: "image",
            self.z: "latent",
            self.picture: "decoded",
        }
        for part, panel in self._panels.items():
            part.installEventFilter(self)
            if isinstance(part, QWidget):
                part.setToolTip(f"Click to see the {panel} panel")
                part.setCursor(Qt.CursorShape.PointingHandCursor)
        self._arrange()

        image, latent, model = session.image, session.latent, session.model
        for signal in (image.encoded, image.images_changed, model.changed, latent.refreshed):
            signal.connect(self._on_image_changed)
        latent.changed.connect(self._on_z_changed)
        latent.pointed.connect(self._on_pointed)
        for plot in (self.posterior, self.z):
            plot.dimension_pointed.connect(self._on_dimension_pointed)
        session.decoded.decoded.connect(self._on_decoded)
        theme.changed.connect(self._on_theme_changed)

    def set_height(self, height: int, *, can_go_back: bool) -> None:
        """In pixels of the screen; `can_go_back`: whether there is room for the three panels."""
        self.explore.setVisible(can_go_back)
        self.setFixedHeight(max(height, 1))
        self._fit()

    def _arrange(self) -> None:
        """One line; the middle is two lines where the strip is narrow: plots over figures."""
        self._line = row()
        self._line.setContentsMargins(3 * UNIT, UNIT, 3 * UNIT, UNIT)
        plots = row(
            self.encoder, self._titled(self._posterior_title, self.posterior),
            self.sample, self._titled(self._z_title, self.z), self.decoder,
        )  # fmt: skip
        self._middle = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._middle.setContentsMargins(0, 0, 0, 0)
        self._middle.setSpacing(UNIT // 2)
        self._middle.addLayout(plots, 1)
        self._line.addWidget(self.image)
        self._line.addLayout(self._middle, 1)
        self._line.addWidget(self.picture)
        self._line.addSpacing(UNIT)
        self._line.addWidget(self.explore)
        self.setLayout(self._line)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def _titled(self, title: QWidget, plot: DimensionPlot) -> QWidget:
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(title)
        column.addWidget(plot, 1)
        plot.setMinimumSize(1, 1)
        whole.setMinimumWidth(1)
        return whole

    def _fit(self) -> None:
        """Gives each part its size; the figures move to where they have room."""
        wide = self.width() >= theme.pixels(WIDE)
        holder = self._line if wide else self._middle
        if holder.indexOf(self.figures) < 0:
            self._line.removeWidget(self.figures)
            self._middle.removeWidget(self.figures)
            if wide:
                self._line.insertWidget(self._line.indexOf(self.picture) + 2, self.figures)
            else:
                self._middle.addWidget(self.figures)
        side = max(self.height() - 2 * UNIT, 1)
        self.picture.setFixedSize(side, side)
        x_side = min(side, max(SMALLEST_X, min(side, self.width() // 6)))
        self.image.setFixedSize(x_side, x_side)
        for tag in (self.encoder, self.sample, self.decoder):
            tag.setVisible(self.width() >= theme.pixels(TAGGED))
        titled = wide and self.height() >= theme.pixels(72)
        for title in (self._posterior_title, self._z_title):
            title.setVisible(titled)

    @guarded()
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    @guarded()
    def showEvent(self, event: QShowEvent) -> None:
        """Nothing is painted, nor copied, while it is out of sight."""
        super().showEvent(event)
        self._on_image_changed()
        self._on_decoded()

    @guarded(False)
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        is_press = event.type() == QEvent.Type.MouseButtonPress
        if is_press and isinstance(event, QMouseEvent) and event.button() == Qt.MouseButton.LeftButton:
            self.panel_asked.emit(self._panels[watched])
        return False

    def _on_theme_changed(self) -> None:
        self._name_things()
        self._fit()

    def _name_things(self) -> None:
        colours = theme.colours
        mu = f"<span style='color:{colours.mu}'>μ</span>"
        sigma = f"<span style='color:{colours.sigma}'>σ</span>"
        is_point = self._session.model.lacks("posterior")
        self._posterior_title.setText("z(x)" if is_point else f"<i>q</i>(<i>z</i>|<i>x</i>): {mu} ± {sigma}")
        workspace = self._session.model.current
        way = "z"
        if workspace is not None:
            last = workspace.undo.undoText()
            way = f"z = {mu}" if workspace.follows_mu and workspace.chosen else WAYS.get(last, "z: moved by hand")
            if last == "" and not workspace.follows_mu:
                way = "z"
        self._z_title.setText("z: preview" if self._session.latent.is_preview else way)

    def _on_image_changed(self) -> None:
        if not self.isVisible():
            return
        workspace, encoded = self._session.model.current, self._session.image.posterior
        self.image.set_image(None if encoded is None else encoded.x)
        if workspace is None or encoded is None:
            self.posterior.clear()
        else:
            self.posterior.set_posterior(encoded.mu, encoded.sigma, encoded.kl_per_dimension, workspace.order)
        self._on_z_changed()

    def _on_z_changed(self) -> None:
        if not self.isVisible():
            return
        workspace, z = self._session.model.current, self._session.latent.z
        if workspace is None:
            self.z.set_z(np.empty(0), None, np.empty(0, int), np.zeros(0, bool))
        else:
            mu = workspace.chosen.mu if workspace.chosen else None
            self.z.set_z(z, mu, workspace.order, workspace.snapshot.card.inactive)
        self._name_things()

    def _on_pointed(self) -> None:
        pointed = self._session.latent.pointed_at
        for plot in (self.posterior, self.z):
            plot.point_at(-1 if pointed is None else pointed)

    def _on_dimension_pointed(self, j: int) -> None:
        self._session.latent.point_at(None if j < 0 else j)

    def _on_decoded(self) -> None:
        shown = self._session.decoded.shown
        if self.isVisible() and shown is not None and len(shown.images):
            if shown.settings.mode == "sigma":
                top = float(shown.images.max()) or 1.0
                self.picture.set_image(shown.images[0].mean(0, keepdims=True), "viridis", top)
            else:
                self.picture.set_image(np.asarray(shown.images[0]))
