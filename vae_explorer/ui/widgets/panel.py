"""The frame of a panel, and the small parts that all panels are made of."""

import re
from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.theme import UNIT

LONG_WORD = re.compile(r"(\S{16})(?=\S)")


class Panel(QFrame):
    """A frame with a title on the left and room for a remark or controls on the right of it."""

    def __init__(self, title: str, symbol: str = "", parent: QWidget | None = None):
        super().__init__(parent)
        self.setProperty("role", "panel")
        self.setAccessibleName(title)
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(3 * UNIT, 2 * UNIT, 3 * UNIT, 2 * UNIT)
        self.body.setSpacing(2 * UNIT)
        self.header = row()
        text = label(f"{title} <i style='font-weight:400'>{symbol}</i>" if symbol else title, role="title")
        self.header.addWidget(text)
        self.header.addStretch(1)
        self.body.addLayout(self.header)


def scrolling(content: QWidget) -> QScrollArea:
    """Room that scrolls up and down where the content is higher than its place."""
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(content)
    return area


class GutterArea(QScrollArea):
    """Scrolls up and down, and keeps the room of its bar where nothing needs to scroll: the content is always equally
    wide."""

    def __init__(self, content: QWidget):
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(content)
        self.verticalScrollBar().rangeChanged.connect(self._on_range_changed)
        self._on_range_changed(0, 0)

    def _on_range_changed(self, _low: int, high: int) -> None:
        self.verticalScrollBar().setEnabled(high > 0)  # a disabled one is not painted


def row(*parts: QWidget, spacing: int = 2 * UNIT) -> QHBoxLayout:
    """Parts side by side; a stretch is added by the caller."""
    layout = QHBoxLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(spacing)
    for part in parts:
        layout.addWidget(part)
    return layout


def label(text: str = "", *, role: str = "", wrap: bool = False, name: str = "") -> QLabel:
    """Text that is shown; roles are those of the style sheet."""
    made = QLabel(text)
    made.setProperty("role", role)
    made.setWordWrap(wrap)
    if wrap:
        made.setMinimumWidth(1)
    made.setObjectName(name)
    return made


def button(
    text: str,
    does: Callable[[], object],
    tip: str,
    *,
    role: str = "",
    name: str = "",
    checkable: bool = False,
) -> QPushButton:
    """A button with a tooltip in plain words, which is its accessible description too."""
    made = QPushButton(text)
    made.setProperty("role", role)
    made.setObjectName(name)
    made.setToolTip(tip)
    made.setAccessibleDescription(tip)
    made.setCheckable(checkable)
    made.setAutoDefault(False)
    made.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
    made.setCursor(Qt.CursorShape.PointingHandCursor)
    made.clicked.connect(does)  # a bound method without parameters: Qt leaves `checked` out
    return made


class Sentence(QLabel):
    """Plain text in as many lines as it needs; long words, such as paths, are broken where they must be."""

    def __init__(self, *, role: str = "caption", name: str = ""):
        super().__init__()
        self.setProperty("role", role)
        self.setObjectName(name)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setMinimumWidth(1)

    @guarded()
    def setText(self, text: str) -> None:
        super().setText(LONG_WORD.sub("\\1\u200b", text))  # a space of no width

    @guarded("")
    def text(self) -> str:
        return super().text().replace("\u200b", "")


class ElidedLabel(QLabel):
    """One line, elided when there is no room; the whole text is its tooltip."""

    def __init__(self, *, role: str = "muted", align_right: bool = False):
        super().__init__()
        self.setProperty("role", role)
        self._whole = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        if align_right:
            self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def set_whole(self, text: str) -> None:
        self._whole = text
        self.setToolTip(text)
        self.updateGeometry()
        self._elide()

    @guarded(QSize())
    def sizeHint(self) -> QSize:
        """Room for the whole text, for those who give it a size policy that asks."""
        return QSize(self.fontMetrics().horizontalAdvance(self._whole) + 1, super().sizeHint().height())

    @guarded(QSize())
    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def _elide(self) -> None:
        self.setText(self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideMiddle, self.width()))

    @guarded()
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._elide()
