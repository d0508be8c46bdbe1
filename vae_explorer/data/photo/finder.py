"""Which figure of a photo is meant, where else it could be, and whether that is in doubt."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from vae_explorer.data.photo.figures import Figure, figures
from vae_explorer.data.photo.foreground import Box
from vae_explorer.data.photo.frame import Frame

CREDIBLE = 0.12  # a figure's score: what has less is a stain as likely as a figure
RIVAL = 0.4  # of the best score: what has more could be meant too
SAME = 0.7  # of the area that two boxes cover together: then they are around the same figure
NUMBERS = ("Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")


@dataclass(frozen=True, eq=False)
class Found:
    """The figures of a picture, the best first."""

    figures: tuple[Figure, ...]

    @property
    def best(self) -> Figure | None:
        """None where nothing looks drawn."""
        return self.figures[0] if self.figures else None

    @property
    def frames(self) -> tuple[Frame, ...]:
        """A frame for each figure, with some of its background."""
        return tuple(framing(figure.room) for figure in self.figures)

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
    if not some or some[0].score < CREDIBLE:
        return Found(())
    best, *others = some
    return Found((best, *(other for other in others if other.score >= RIVAL * best.score and not other.weakness)))


def framing(box: Box) -> Frame:
    """A box as a frame."""
    return Frame(left=box.left, top=box.top, width=box.right - box.left, height=box.bottom - box.top)


def is_same(a: Box, b: Box, share: float = SAME) -> bool:
    """Whether two boxes are around the same figure: they share so much of the area that they cover together."""
    down = max(min(a.bottom, b.bottom) - max(a.top, b.top), 0)
    across = max(min(a.right, b.right) - max(a.left, b.left), 0)
    return down * across >= share * (_area(a) + _area(b) - down * across)


def around(a: Box, b: Box) -> Box:
    """The box that holds both."""
    return Box(min(a.top, b.top), min(a.left, b.left), max(a.bottom, b.bottom), max(a.right, b.right))


def _area(box: Box) -> int:
    return (box.bottom - box.top) * (box.right - box.left)
