"""Colours, type and spacing: one table for each colour scheme, one style sheet made from it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import cache

import numpy as np
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from vae_explorer import paths

UNIT = 4  # pixels: every distance is a multiple of it
SCALES = (80, 90, 100, 110, 125, 150, 175, 200)  # per cent: the sizes of View → Bigger / Smaller
BASE_PIXELS = 14  # of the type at 100 %; its lines are 20 apart
SMALL = 12 / BASE_PIXELS  # of captions; their lines are 16 apart
POINTS_PER_INCH = 72
USUAL_DPI = 96.0  # where there is no screen to ask
DISTANCE = re.compile(r"@(\d+)(?:-(\d))?px@")  # in the style sheet
MONO_FEATURES = "tnum"  # digits of equal width, so that columns of numbers do not jump


@dataclass(frozen=True)
class Colours:
    """One colour scheme, as #rrggbb. The words of the science come first; they, `text`, `muted`, `accent` and `warning`
    have a contrast of at least 4.5 : 1 with `panel`, `field` and `window`. Some come close to each other for the
    colour-blind (reconstruction and KL, sigma and eps, KL and z): without a label they need a second sign."""

    mu: str
    sigma: str
    eps: str
    z: str
    reconstruction: str
    kl: str
    gap: str
    train: str
    validation: str

    window: str
    panel: str
    field: str
    groove: str
    border: str
    text: str
    muted: str
    accent: str
    accent_text: str
    hover: str
    warning: str


DARK = Colours(
    mu="#f58f29", sigma="#7ccf9b", eps="#fa9a8a", z="#5fb4e8", reconstruction="#4c9dff", kl="#a184e8", gap="#f2716b",
    train="#f58f29", validation="#5fb4e8",
    window="#1b1d20", panel="#23262a", field="#1c1f22", groove="#3b3f45", border="#34383e", text="#eceef0",
    muted="#a0a7af", accent="#4c9dff", accent_text="#06121f", hover="#30343a", warning="#f0b429",
)  # fmt: skip
LIGHT = Colours(
    mu="#a85300", sigma="#28784b", eps="#b23a48", z="#1b70aa", reconstruction="#1565d8", kl="#5a33a8", gap="#c0332f",
    train="#a85300", validation="#1b70aa",
    window="#eceef1", panel="#ffffff", field="#f5f6f8", groove="#dde1e6", border="#d4d9df", text="#16191d",
    muted="#5b6570", accent="#1565d8", accent_text="#ffffff", hover="#e7ebf0", warning="#8a5a00",
)  # fmt: skip


class Theme(QObject):
    """The scheme in use. Widgets read `colours` while they paint.

    Signals:
        changed(): the colour scheme or the font size has changed; widgets that cached either repaint.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.colours = DARK
        self.scale = 100  # per cent
        self._wish = Qt.ColorScheme.Unknown
        self._is_held = False

    @property
    def dark(self) -> bool:
        return self.colours is DARK

    def follow_system(self, application: QApplication) -> None:
        """Takes the system's scheme now and whenever it changes."""
        application.setStyle("Fusion")
        for font in sorted((paths.resources() / "fonts").glob("*.otf")):
            QFontDatabase.addApplicationFont(str(font))
        hints = QGuiApplication.styleHints()
        hints.colorSchemeChanged.connect(self._on_system_changed)
        self.set_scheme(self._wish)

    def set_scheme(self, wish: Qt.ColorScheme) -> None:
        """Light, Dark, or Unknown: the system's; dark where the system has no opinion."""
        self._wish = wish
        scheme = QGuiApplication.styleHints().colorScheme() if wish == Qt.ColorScheme.Unknown else wish
        self.colours = LIGHT if scheme == Qt.ColorScheme.Light else DARK
        self._apply()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Widgets that are made inside are styled once, at the end. A widget with a style sheet is styled again with
        all its children whenever it is put into another: that took two thirds of the time to make the window."""
        self._is_held = True
        try:
            yield
        finally:
            self._is_held = False
            self._apply()

    def _on_system_changed(self) -> None:
        self.set_scheme(self._wish)

    def set_scale(self, per_cent: int) -> None:
        """The font size in per cent; 100 is the default."""
        self.scale = min(max(per_cent, SCALES[0]), SCALES[-1])
        self._apply()

    def pixels(self, at_100: float) -> int:
        """A distance that scales with the font size."""
        return round(at_100 * self.scale / 100)

    def colour(self, name: str, alpha: float = 1.0) -> QColor:
        """A colour of the scheme by its name; alpha 1 is opaque."""
        colour = QColor(getattr(self.colours, name))
        colour.setAlphaF(alpha)
        return colour

    def font(self, *, scale: float = 1.0, bold: bool = False, italic: bool = False) -> QFont:
        font = QFont(QApplication.font())
        font.setPointSizeF(self._points(scale))
        font.setBold(bold)
        font.setItalic(italic)
        return font

    def _points(self, scale: float = 1.0) -> float:
        """The size of the type in points, so that it is as many pixels on every screen as the distances around it."""
        screen = QGuiApplication.primaryScreen()
        dpi = screen.logicalDotsPerInch() if screen else USUAL_DPI
        return BASE_PIXELS * scale * self.scale / 100 * POINTS_PER_INCH / dpi

    def _apply(self) -> None:
        application = QApplication.instance()
        if not isinstance(application, QApplication):
            return
        font = QFont("Inter")
        font.setPointSizeF(self._points())
        font.setFeature(QFont.Tag(MONO_FEATURES), 1)
        application.setFont(font)
        application.setPalette(_palette(self.colours))
        if not self._is_held:
            application.setStyleSheet(_style_sheet(self))
        self.changed.emit()


theme = Theme()


@cache
def viridis() -> np.ndarray:
    """256 colours from dark violet to yellow, uint8 [256, 3]: equal steps look equal (van der Walt & Smith 2015)."""
    stops = (
        "440154", "481a6c", "472f7d", "414487", "39568c", "31688e", "2a788e", "23888e", "1f988b",
        "22a884", "35b779", "54c568", "7ad151", "a5db36", "d2e21b", "fde725",
    )  # fmt: skip
    table = np.array([[int(stop[i : i + 2], 16) for i in (0, 2, 4)] for stop in stops], dtype=float)
    at = np.linspace(0, len(stops) - 1, 256)
    return np.stack([np.interp(at, range(len(stops)), table[:, c]) for c in range(3)], axis=1).round().astype(np.uint8)


def _palette(colours: Colours) -> QPalette:
    roles = {
        QPalette.ColorRole.Window: colours.window,
        QPalette.ColorRole.WindowText: colours.text,
        QPalette.ColorRole.Base: colours.field,
        QPalette.ColorRole.AlternateBase: colours.panel,
        QPalette.ColorRole.Text: colours.text,
        QPalette.ColorRole.Button: colours.field,
        QPalette.ColorRole.ButtonText: colours.text,
        QPalette.ColorRole.Highlight: colours.accent,
        QPalette.ColorRole.HighlightedText: colours.accent_text,
        QPalette.ColorRole.ToolTipBase: colours.panel,
        QPalette.ColorRole.ToolTipText: colours.text,
        QPalette.ColorRole.PlaceholderText: colours.muted,
        QPalette.ColorRole.Link: colours.accent,
    }
    palette = QPalette()
    for role, colour in roles.items():
        palette.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText, QPalette.ColorRole.WindowText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(colours.muted))
    return palette


def _style_sheet(theme: Theme) -> str:
    """resources/style.qss with its colours and distances put in."""
    sheet = (paths.resources() / "style.qss").read_text("utf-8")
    for field in fields(Colours):
        sheet = sheet.replace(f"@{field.name}@", getattr(theme.colours, field.name))
    sheet = sheet.replace("@resources@", paths.resources().as_posix())
    sheet = sheet.replace("@small@", f"{theme._points(SMALL):.2f}pt").replace("@base@", f"{theme._points():.2f}pt")
    return DISTANCE.sub(lambda found: f"{max(1, theme.pixels(int(found[1])) - int(found[2] or 0))}px", sheet)
