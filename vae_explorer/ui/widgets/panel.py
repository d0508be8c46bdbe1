"""The frame of a panel, and the small parts that all panels are made of."""

import re
from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.theme import UNIT
from vae_explorer.ui.widgets.take_away import MoreMenu
from vae_explorer.ui.widgets.tips import set_tip, wrapped


class Help(NamedTuple):
    """What the "?" of a panel unfolds."""

    text: str  # up to three lines of plain words
    equation: str  # as rich text


LONG_WORD = re.compile(r"(\S{16})(?=\S)")


class Panel(QFrame):
    """A frame with a title on the left and room for a remark or controls on the right of it, then "?" and "⋯".

    What comes and goes in it is handed to `gives_way`: it is no part of the least size, so it never moves a splitter.
    """

    def __init__(self, title: str, symbol: str = "", parent: QWidget | None = None, *, help: Help | None = None):
        super().__init__(parent)
        self.setProperty("role", "panel")
        self.setAccessibleName(title)
        self._giving_way: list[QWidget] = []
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(3 * UNIT, 2 * UNIT, 3 * UNIT, 2 * UNIT)
        self.body.setSpacing(2 * UNIT)
        self.header = row()
        titles = row(label(title, role="title"), spacing=UNIT)
        if symbol:
            sign = ElidedLabel(role="symbol")  # gives way before a button does
            sign.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
            sign.set_whole(symbol)
            titles.addWidget(sign)
        self.header.addLayout(titles)
        self.header.addStretch(1)
        line = row(spacing=UNIT)
        line.addLayout(self.header, 1)
        self.body.addLayout(line)
        if help:
            self._add_help(title, help, line)
        self.more = more_button(self)
        line.addWidget(self.more)

    def gives_way(self, widget: QWidget) -> None:
        """This part of the body comes and goes, and leaves the least size as it is."""
        self._giving_way.append(widget)

    @guarded(QSize())
    def minimumSizeHint(self) -> QSize:
        least = super().minimumSizeHint()
        shown = [widget for widget in self._giving_way if not widget.isHidden()]
        rooms = (max(widget.minimumSizeHint().height(), widget.minimumHeight()) for widget in shown)
        return least - QSize(0, sum(rooms) + len(shown) * self.body.spacing())

    def _add_help(self, title: str, help: Help, line: QHBoxLayout) -> None:
        self.explain = button("?", self._on_explain, f"What is shown under {title}?", role="link", checkable=True)
        self.explain.setAccessibleName(f"Explain {title}")
        self.explanation = FittedText(f"{help.text}<br>{help.equation}")
        self.explanation.hide()
        line.addWidget(self.explain)
        self.body.addWidget(self.explanation)
        self.gives_way(self.explanation)

    def _on_explain(self) -> None:
        self.explanation.setVisible(self.explain.isChecked())


class FittedText(QLabel):
    """Wrapped text, always as high as it needs to be at its width: a layout is not asked to know heights for widths."""

    def __init__(self, text: str, *, role: str = "muted"):
        super().__init__(text)
        self.setProperty("role", role)
        self.setWordWrap(True)
        self.setMinimumWidth(1)

    @guarded(False)
    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() in (QEvent.Type.Resize, QEvent.Type.FontChange, QEvent.Type.StyleChange, QEvent.Type.Polish):
            height = self.heightForWidth(self.width())
            if height > 0 and height != self.minimumHeight():
                self.setFixedHeight(height)
        return done

    @guarded(False)
    def hasHeightForWidth(self) -> bool:
        return False


def more_button(container: QWidget) -> QPushButton:
    """The ⋯ of a panel or a view: what it has on offer to be taken away. The key for menus opens it from anywhere in
    the container that has no menu of its own."""
    menu = MoreMenu(container)
    made = button("⋯", menu.open, "Copy or save what is shown here", role="link")
    made.setAccessibleName("Copy or save")
    menu.set_button(made)
    return made


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
    set_tip(made, tip)
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

    def width_of(self, text: str) -> int:
        """Pixels that a text needs."""
        return self.fontMetrics().horizontalAdvance(text) + 1

    def set_whole(self, text: str) -> None:
        if text == self._whole:  # as it is at each move of a slider
            return
        self._whole = text
        self.setToolTip(wrapped(text))
        self.updateGeometry()
        self._elide()

    @guarded(QSize())
    def sizeHint(self) -> QSize:
        """Room for the whole text, for those who give it a size policy that asks."""
        return QSize(self.width_of(self._whole), super().sizeHint().height())

    @guarded(QSize())
    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def _elide(self) -> None:
        self.setText(self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideMiddle, self.width()))

    @guarded()
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._elide()

    @guarded()
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self.updateGeometry()
            self._elide()
