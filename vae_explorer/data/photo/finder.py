"""Which figure of a photo is meant, where else it could be, and whether that is in doubt."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from vae_explorer.data.photo.figures import Figure, figures
from vae_explorer.data.photo.foreground import Box
from vae_explorer.data.photo.frame import Frame

MARGIN = 0.3  # of a figure's longer side: so much of its background is in its frame
CREDIBLE = 0.12  # a figure's score: what has less is a stain as likely as a figure
RIVAL = 0.4  # of the best score: what has more could be meant too
SAME = 0.7  # of the area that two boxes cover together: then they are around the same figure
NUMBERS = ("Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")


@dataclass(frozen=True, eq=False)
class Found:
    """The figures of a picture, the best first."""

    figures: tuple[Figure, ...]
    size: tuple[int, int]  # height and width of the picture

    @property
    def best(self) -> Figure | None:
        """None where nothing looks drawn."""
        return self.figures[0] if self.figures else None

    @property
    def frames(self) -> tuple[Frame, ...]:
        """A frame for each figure, with some of its background."""
        return tuple(framing(figure.box, self.size, MARGIN) for figure in self.figures)

    @property
    def doubt(self) -> str:
        """Why the best may not be what is meant, in one sentence; "" where nothing says so."""
        if self.best is None:
            return "The frame may be wrong: nothing in the picture looks drawn."
        if len(self.figures) > 1:
            number = NUMBERS[min(len(self.figures), len(NUMBERS) + 1) - 2]
            largest = max(self.figures, key=lambda figure: _area(figure.box)) is self.best
            which = "larger" if len(self.figures) == 2 else "largest"
            return f"{number} figures were found; the frame is on the {which if largest else 'clearest'} one."
        return f"The frame may be wrong: {self.best.weakness}." if self.best.weakness else ""


def found(level: UInt8[np.ndarray, "h w"]) -> Found:
    """The figures of a grey picture that could be meant."""
    some = figures(level)
    least = max(CREDIBLE, RIVAL * some[0].score) if some else 0.0
    h, w = level.shape
    return Found(tuple(figure for figure in some if figure.score >= least), (h, w))


def framing(box: Box, size: tuple[int, int], margin: float) -> Frame:
    """A frame around a box, wider by a share of its longer side where the picture has room."""
    room = margin * max(box.bottom - box.top, box.right - box.left)
    top, left = max(box.top - room, 0.0), max(box.left - room, 0.0)
    bottom, right = min(box.bottom + room, size[0]), min(box.right + room, size[1])
    return Frame(left=round(left), top=round(top), width=round(right) - round(left), height=round(bottom) - round(top))


def is_same(a: Box, b: Box | None) -> bool:
    """Whether two boxes are around the same figure."""
    if b is None:
        return False
    down = max(min(a.bottom, b.bottom) - max(a.top, b.top), 0)
    across = max(min(a.right, b.right) - max(a.left, b.left), 0)
    return down * across >= SAME * (_area(a) + _area(b) - down * across)


def _area(box: Box) -> int:
    return (box.bottom - box.top) * (box.right - box.left)
