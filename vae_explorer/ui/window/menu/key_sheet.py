"""Help → Keys and symbols: what each key does, and what each letter of the lecture means here."""

import re
from collections.abc import Iterable, Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QDialog, QFrame, QGridLayout, QLabel, QVBoxLayout, QWidget

from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.theme import UNIT, theme
from vae_explorer.ui.widgets.panel import label, scrolling

Keys = Sequence[tuple[str, str]]  # the keys, and what they do
OF_CONTROLS: tuple[tuple[str, Keys], ...] = (  # what the menus do not have
    (
        "On a slider of z",
        (
            ("↑, ↓", "The row above, below"),
            ("←, →", "z less, more by 0.05"),
            ("Ctrl+←, Ctrl+→", "By 0.01"),
            ("PgDown, PgUp", "By 0.5"),
            ("Home, End", "To 0, to μ"),
            ("Enter", "Type z"),
            ("Esc", "Take the drag back"),
        ),
    ),
    (
        "On the photo",
        (
            ("Arrows", "Move the frame by 1 %, with Shift by one pixel"),
            ("Ctrl+Arrows", "Resize it; with Shift one side by one pixel"),
            ("R", "Turn it by 90°"),
            ("1 … 9", "The other figures that were found"),
            ("Delete", "The frame that was found"),
            ("Enter", "Enlarge the photo"),
            ("Esc", "Take the drag back"),
        ),
    ),
    (
        "On pictures and plots",
        (
            ("Arrows, Home, End", "Walk over the pictures or the dimensions"),
            ("Enter, Space", "Choose the picture"),
            ("Menu, Shift+F10", "Copy, save, data, command"),
        ),
    ),
    (
        "Everywhere",
        (
            ("Tab, Shift+Tab", "The next control, the one before"),
            ("Space", "Press the button, tick the box"),
            ("Alt and a letter", "Open a menu"),
        ),
    ),
)
SYMBOLS = (  # [symbol](colour), and what it is
    ("[x](text)", "an image, as the network sees it"),
    ("[z](z)", "a latent point: where the sliders are"),
    ("[μ](mu), [σ](sigma)", "mean and deviation of q(z|x), of each dimension"),
    ("[ε](eps)", "noise from N(0, I): z = μ + σ · ε is a sample of q(z|x)"),
    ("[q(z|x)](text)", "the posterior that the encoder gives: N(μ, diag σ²)"),
    ("[p(z)](text)", "the prior, N(0, I)"),
    ("[p(x|z)](text)", "the likelihood that the decoder gives"),
    ("[p(z|x)](text)", "the true posterior, which q(z|x) approximates"),
    ("[θ](text), [φ](text)", "the weights of the decoder, of the encoder; in some lectures the other way round"),
    ("[E[log p(x|z)]](reconstruction)", "the reconstruction, as a figure"),
    ("[KL](kl)", "KL(q(z|x) ‖ p(z)): how far the posterior is from the prior"),
    ("[ELBO](text)", "reconstruction − KL, a lower bound of log p(x)"),
    ("[gap](gap)", "log p(x) − ELBO = KL(q(z|x) ‖ p(z|x))"),
    ("[log p(x)](text)", "the log evidence of this image"),
)
SPAN = re.compile(r"\[(.+?)\]\((\w+)\)(?=, |$)")
SIZE = (880, 660)  # pixels at 100 %
COLUMN = 330  # pixels at 100 % that a column needs
KEYS = 112  # of which the keys need so many at least


class KeySheet(QDialog):
    """The keys of the menus, those of the controls, and the symbols, in as many columns as there is room for."""

    def __init__(self, of_menus: Iterable[tuple[str, Keys]], parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("keySheet")
        self.setWindowTitle("Keys and symbols")
        self._keys = [*of_menus, *OF_CONTROLS]
        self._columns = Columns()
        body = QVBoxLayout(self)
        body.setContentsMargins(3 * UNIT, 3 * UNIT, UNIT, 3 * UNIT)
        self._area = scrolling(self._columns)
        self._area.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # so that keys scroll it
        self._area.setAccessibleName("Keys and symbols")
        self._area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        body.addWidget(self._area)
        self.setMinimumSize(320, 240)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def _on_theme_changed(self) -> None:
        room = self.screen().availableSize()
        self.resize(QSize(*(theme.pixels(side) for side in SIZE)).boundedTo(room * 0.95))
        sections = [_section("Symbols", [_symbol(*one) for one in SYMBOLS])]
        sections += [_section(title, [_key(*one) for one in keys]) for title, keys in self._keys]
        self._columns.set_sections(sections)


class Columns(QWidget):
    """Sections below each other in columns of about the same height."""

    def __init__(self) -> None:
        super().__init__()
        self._sections: list[QWidget] = []

    def set_sections(self, sections: Sequence[QWidget]) -> None:
        """Puts these in the place of those before."""
        for gone in self._sections:
            gone.hide()
            gone.deleteLater()
        self._sections = list(sections)
        for section in sections:
            section.setParent(self)
            section.show()
        self._arrange()

    def _arrange(self) -> None:
        gap, count = 3 * UNIT, max(1, self.width() // theme.pixels(COLUMN))
        width = (self.width() - gap * (count - 1)) // count
        heights = [section.heightForWidth(width) for section in self._sections]
        whole, column, top, lowest = sum(heights) + gap * len(heights), 0, 0, 0
        for section, height in zip(self._sections, heights, strict=True):
            if top and column < count - 1 and top + height / 2 > whole / count:
                column, top = column + 1, 0
            section.setGeometry(column * (width + gap), top, width, height)
            top += height + gap
            lowest = max(lowest, top - gap)
        self.setMinimumHeight(lowest)

    @guarded()
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()


def _section(title: str, lines: Sequence[tuple[QLabel, QLabel]]) -> QFrame:
    frame = QFrame()
    frame.setProperty("role", "panel")
    grid = QGridLayout(frame)
    grid.setContentsMargins(3 * UNIT, 2 * UNIT, 3 * UNIT, 2 * UNIT)
    grid.setHorizontalSpacing(3 * UNIT)
    grid.setVerticalSpacing(UNIT)
    grid.setColumnStretch(1, 1)
    grid.addWidget(label(title, role="title"), 0, 0, 1, 2)
    grid.setColumnMinimumWidth(0, theme.pixels(KEYS))
    for line, (left, right) in enumerate(lines, 1):
        grid.addWidget(left, line, 0, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        grid.addWidget(right, line, 1)
    return frame


def _key(keys: str, what: str) -> tuple[QLabel, QLabel]:
    return label(keys, role="key"), label(what, wrap=True)


def _symbol(symbol: str, what: str) -> tuple[QLabel, QLabel]:
    shown = SPAN.sub(
        lambda found: f"<span style='font-weight:600; color:{theme.colour(found[2]).name()}'>{found[1]}</span>", symbol
    )
    return label(shown), label(what, wrap=True)
