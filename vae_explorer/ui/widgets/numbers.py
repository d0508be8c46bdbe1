"""How a figure is written and how a mark in a plot is coloured: one way for every widget."""

import math

from PySide6.QtGui import QColor

from vae_explorer.ui.theme import DARK, theme

_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def figure(value: float, digits: int, *, sign: bool = False) -> str:
    """A number as the window writes it: a real minus sign, and none before zero."""
    return format(value, f"{'+' if sign else ''}z.{digits}f").replace("-", "−")


def deviation(value: float) -> str:
    """A standard deviation, such as sigma: at least two digits that say something (0.0041, never 0.00), and as wide as
    any other, so that the points are below each other in a column that begins at one x."""
    if 0 < value < 0.001:
        mantissa, exponent = f"{value:.1e}".split("e")
        text = f"{mantissa}e−{abs(int(exponent))}"
    elif 0 < value < 100:
        text = figure(value, max(2, 1 - math.floor(math.log10(value))))
    else:
        text = figure(value, 2 if value == 0 else 0)
    return text.ljust(6, "\u2007")  # spaces as wide as a digit


def number(text: str) -> float:
    """A number as people type it: with a point or a comma, with any minus. ValueError with a sentence otherwise."""
    try:
        value = float(text.strip().replace("−", "-").replace(",", "."))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"“{text.strip()}” is not a number." if text.strip() else "Type a number.")
    return value


def z_name(dimension: int) -> str:
    """z₆ for 6."""
    return "z" + str(dimension).translate(_SUBSCRIPTS)


def mark(name: str, alpha: float = 1.0) -> QColor:
    """A colour of the theme for a mark. On white, a colour dark enough for text (4.5 : 1) is dull, and a mark needs
    3 : 1 only: there it is half way to the same colour of the dark scheme."""
    colour = theme.colour(name)
    if not theme.dark:
        bright = QColor(getattr(DARK, name))
        red, green, blue = (colour.red() + bright.red(), colour.green() + bright.green(), colour.blue() + bright.blue())
        colour = QColor(red // 2, green // 2, blue // 2)
    colour.setAlphaF(alpha)
    return colour


def counted(number: int, noun: str) -> str:
    """1 dimension, 2 dimensions."""
    return f"{number:,} {noun}{'s'[: number != 1]}"


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, … 11th."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
