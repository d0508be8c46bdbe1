"""Pictures of one size side by side, each over its caption."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetricsF, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.theme import SMALL, UNIT, theme
from vae_explorer.ui.widgets.image_view import ImageView
from vae_explorer.ui.widgets.panel import label

SIDE = 84  # pixels: three screen pixels for each of a picture of 28
MIN_FIRST = 64  # pixels: the first picture is x, which is never smaller


class PictureRow(QWidget):
    """Views at the largest whole-number zoom of at most 84 pixels, with equal gaps. Where that would make the first
    smaller than 64 pixels it gets the next zoom alone."""

    def __init__(self, views: dict[ImageView, str], gutter: int = 0, parent: QWidget | None = None):
        """The views with their captions. gutter: pixels at 100 % that a scroll bar may take from the width; the zoom
        does not depend on whether it does, or the bar could come and go for ever."""
        super().__init__(parent)
        self.views = tuple(views)
        self.captions: list[QLabel] = []
        self._gutter = gutter
        self._shape = (28, 28)  # height and width of the pictures
        self._room = 0  # pixels, without any scroll bar
        for view, text in views.items():
            caption = label(text, role="caption")
            caption.setAlignment(Qt.AlignmentFlag.AlignCenter)
            view.setParent(self)
            caption.setParent(self)
            self.captions.append(caption)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def set_shape(self, height: int, width: int) -> None:
        """The size of the pictures to come."""
        if (height, width) != self._shape:
            self._shape = height, width
            self.fit()

    def set_room(self, width: int) -> None:
        """How wide the row is where nothing scrolls."""
        self._room = width
        self.fit()

    @guarded()
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place()

    @guarded(QSize())
    def minimumSizeHint(self) -> QSize:
        return QSize(3 * 28, self.height())

    def fit(self) -> None:
        """As high as the pictures at this width and type."""
        self.setFixedHeight(self._side() + UNIT // 2 + self._caption())
        self._place()

    def _caption(self) -> int:
        return round(QFontMetricsF(theme.font(scale=SMALL)).height())

    def _side(self) -> int:
        """Of a view, in pixels."""
        each = (self._room - theme.pixels(self._gutter) - len(self.views) - 1) // len(self.views)
        return max(28, min(max(SIDE, theme.pixels(SIDE)), each))

    def _place(self) -> None:
        side, count = self._side(), len(self.views)
        widths = [side] * count
        wide = max(self._shape)
        if side < SIDE and (zoom := side // wide) and zoom * wide < MIN_FIRST:
            first, others = (zoom + 1) * wide, zoom * wide
            if first <= SIDE and first + (count - 1) * others + count + 1 <= self.width():
                widths = [first] + [others] * (count - 1)
        gap = (self.width() - sum(widths)) / (count + 1)
        x, high = gap, max(self.height() - UNIT // 2 - self._caption(), 1)
        for view, caption, width in zip(self.views, self.captions, widths, strict=True):
            view.setGeometry(round(x), 0, width, high)
            spill = max(gap, 0) / 2
            caption.setGeometry(round(x - spill), high + UNIT // 2, round(width + 2 * spill), self._caption())
            x += width + gap
