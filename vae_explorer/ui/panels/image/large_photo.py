"""The photo as large as the screen has room for, so that a small figure can be framed exactly."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialog, QSizePolicy, QVBoxLayout, QWidget

from vae_explorer.session.session import Session
from vae_explorer.ui.panels.image.photo_frame import TIP, PhotoFrame
from vae_explorer.ui.theme import UNIT, theme
from vae_explorer.ui.widgets.image_view import ImageView
from vae_explorer.ui.widgets.panel import FittedText, Sentence, button, label, row

SHARE = 0.85  # of the screen that is free
X = 168  # pixels at 100 %: of x and its reconstruction
MIN_X = 64  # pixels
LINES = 3  # of the doubt
ARROWS = "Arrows move the frame by 1 %, with Shift by one pixel; with Ctrl they resize it."


class LargePhoto(QDialog):
    """The chosen image's photo with its frame, x and the reconstruction, which follow."""

    def __init__(self, session: Session, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("largePhoto")
        self._session, self._image = session, session.image
        self.photo, self.x_view, self.reconstruction = ImageView(), ImageView(), ImageView()
        self.photo.setAccessibleName("original")
        self.frame = PhotoFrame(self.photo, session)
        self.doubt = Sentence(role="warning")
        turn = button("Turn by 90°", self._image.turn_frame, "Turn what is in the frame clockwise (R)")
        self.automatic = button("Automatic", self._on_automatic, "Go back to the frame that was found (Delete)")
        shut = button("Close", self.close, "Close (Esc)")
        side = QVBoxLayout()
        side.setSpacing(UNIT)
        for view, name in ((self.x_view, "x"), (self.reconstruction, "reconstruction")):
            view.setAccessibleName(name)
            caption = label(name, role="muted")
            caption.setAlignment(Qt.AlignmentFlag.AlignCenter)
            side.addWidget(view, 1)
            side.addWidget(caption)
        side.addSpacing(2 * UNIT)
        side.addWidget(self.doubt)
        side.addStretch(0)  # the views are as large as there is room for
        for control in (turn, self.automatic, shut):
            control.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            side.addWidget(control)
        above = row(self.photo, spacing=4 * UNIT)
        above.setStretch(0, 1)
        above.addLayout(side)
        body = QVBoxLayout(self)
        body.setContentsMargins(4 * UNIT, 4 * UNIT, 4 * UNIT, 3 * UNIT)
        body.setSpacing(3 * UNIT)
        body.addLayout(above, 1)
        body.addWidget(FittedText(f"{TIP.rpartition(',')[0]}. {ARROWS}"))
        undo, redo = session.undo.createUndoAction(self), session.undo.createRedoAction(self)
        undo.setShortcut("Ctrl+Z")
        redo.setShortcut("Ctrl+Shift+Z")
        self.addActions([undo, redo])
        self._image.images_changed.connect(self._on_images_changed)
        self._image.encoded.connect(self._on_encoded)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self._on_images_changed()

    def _on_automatic(self) -> None:
        self._image.set_frame(None)

    def _on_images_changed(self) -> None:
        number = self._image.image
        picture = None if number is None else self._image.pictures[number]
        self.photo.set_picture(picture.pixels if picture else None)
        self.setWindowTitle(f"{picture.name} · {picture.size_said}" if picture else "Photo")
        self._on_encoded()

    def _on_encoded(self) -> None:
        encoded = self._image.posterior
        self.x_view.set_image(encoded.x if encoded else None)
        self.reconstruction.set_image(encoded.reconstruction_image if encoded else None)
        self.doubt.setText(encoded.doubt if encoded else "")
        self.automatic.setEnabled(self._image.settings.frame is not None)

    def _on_theme_changed(self) -> None:
        side = theme.pixels(X)
        for view in (self.x_view, self.reconstruction):
            view.setFixedWidth(side)
            view.setMaximumHeight(side)
            view.setMinimumHeight(MIN_X)
        self.doubt.setFixedWidth(side)
        self.doubt.setMinimumHeight(LINES * self.doubt.fontMetrics().lineSpacing())  # x stays where it is without one
        if not self.isVisible():
            room = self.screen().availableSize() * SHARE
            self.resize(QSize(min(room.width(), 2 * room.height()), room.height()))
