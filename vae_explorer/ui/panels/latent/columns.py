"""The columns of the rows and of their header: which there are, which fit, and where."""

from functools import lru_cache

from PySide6.QtCore import QRect

from vae_explorer.ui.theme import theme

NAME, SLIDER, Z = 44, 80, 64  # widths at 100 %, in pixels; the slider has at least this, and all that is left
FIGURES = {"mu": 52, "sigma": 72, "here": 52, "mean": 56}  # from left to right
GONE_FIRST = ("mean", "here", "sigma", "mu")  # in a narrow panel; mu ± sigma are painted on the groove too
MIN_WIDTH = NAME + SLIDER + Z


class Columns:
    """Shared by all rows and their header, so that their columns are the same."""

    def __init__(self) -> None:
        self.kinds = tuple(FIGURES)  # those that the shown model has

    def places(self, width: int, height: int) -> dict[str, QRect]:
        """Where "name", "slider", "z" and the figures that fit are in a row of this size, in pixels; not to be
        changed."""
        return _places(width, height, self.kinds, theme.scale)


@lru_cache(maxsize=8)  # 512 rows ask for the same while z moves
def _places(width: int, height: int, kinds: tuple[str, ...], scale: int) -> dict[str, QRect]:
    px, shown = theme.pixels, list(kinds)
    for kind in GONE_FIRST:
        if kind in shown and px(MIN_WIDTH) + sum(px(FIGURES[k]) for k in shown) > width:
            shown.remove(kind)
    widths = {"z": px(Z), **{kind: px(FIGURES[kind]) for kind in shown}}
    slider = max(width - px(NAME) - sum(widths.values()), 1)
    places, x = {}, 0
    for kind, wide in {"name": px(NAME), "slider": slider, **widths}.items():
        places[kind] = QRect(x, 0, wide, height)
        x += wide
    return places
