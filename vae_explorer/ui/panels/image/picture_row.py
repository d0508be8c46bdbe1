"""Pictures of one size side by side, each over its caption."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetricsF, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.theme import SMALL, UNIT, theme
from vae_explorer.ui.widgets.image_view import ImageView
from vae_explorer.ui.widgets.panel import label

SIDE = 84  # pixels: three screen pixels for each of a picture of 28
SIZES = (SMALL, 0.75 * SMALL)  # of the captions
MIN_FIRST = 64  # pixels: the first picture is x, which is never smaller


class PictureRow(QWidget):
    """Views at the largest whole-number zoom of at most 84 pixels, with equal gaps. Where that would make the first
    smaller than 64 pixels it gets the next zoom alone."""

    def __init__(self, views: dict[ImageView, tuple[str, ...]], gutter: int = 0, parent: QWidget | None = None):
        """The views with their captions, of each the longest first. gutter: pixels at 100 % that a scroll bar may take
        from the width; the zoom does not depend on whether it does, or the bar could come and go for ever."""
        super().__init__(parent)
        self.views = tuple(views)
        self.captions: list[QLabel] = []
        self._gutter = gutter
        self._shape = (28, 28)  # height and width of the pictures
        self._room = 0  # pixels, without any scroll bar
        self._texts = list(views.values())
        for view, texts in views.items():
            caption = label(texts[0], role="muted")
            caption.setAlignment(Qt.AlignmentFlag.AlignCenter)
            view.setParent(self)
            caption.setParent(self)
            self.captions.append(caption)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def set_shape(self, height: int, width: int) -> None:
        """The size of the pictures to come; the first one's caption tells it."""
        name = self._texts[0][-1]
        self._texts[0] = (f"{name}, {width} × {height}", name)
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
        self.setFixedHeight(max(self._sides()) + UNIT // 2 + self._caption())
        self._place()

    def _caption(self) -> int:
        return round(QFontMetricsF(theme.font(scale=SMALL)).height())

    def _sides(self) -> list[int]:
        """Of the views, in pixels."""
        count, wide = len(self.views), max(self._shape)
        room = self._room - theme.pixels(self._gutter) - count - 1
        side = max(28, min(max(SIDE, theme.pixels(SIDE)), room // count))
        zoom = side // wide
        first, others = (zoom + 1) * wide, zoom * wide
        if 0 < others < MIN_FIRST and first <= SIDE and first + (count - 1) * others <= room:
            return [first] + [others] * (count - 1)
        return [side] * count

    def _place(self) -> None:
        sides = self._sides()
        gap = (self.width() - sum(sides)) / (len(sides) + 1)
        x, high, spill = gap, max(sides), max(gap, 0) / 2
        for view, caption, texts, side in zip(self.views, self.captions, self._texts, sides, strict=True):
            view.setGeometry(round(x), high - side, side, side)
            wide = round(side + 2 * spill)
            size = next((s for s in SIZES if _width(texts[0], s) <= wide), SIZES[-1])
            caption.setFont(theme.font(scale=size))
            caption.setText(next((text for text in texts if _width(text, size) <= wide), texts[-1]))
            caption.setGeometry(round(x - spill), high + UNIT // 2, wide, self._caption())
            x += side + gap


def _width(text: str, size: float) -> float:
    """In pixels, in type of this size."""
    return QFontMetricsF(theme.font(scale=size)).horizontalAdvance(text)
