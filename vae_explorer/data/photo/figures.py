"""Where the figures of a photo are: the connected regions that look as if a pen or chalk had drawn them.

At each of a dozen levels the picture falls into bright and dark regions (as in Matas et al. 2002, MSER). A sheet, a
table, a window and a frame are regions too; what tells strokes from them is their width, their outline, how clearly
and evenly they stand out from what is around them, and whether they run out of the picture.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, pi
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Int32, Int64, UInt8
from PIL import Image

from vae_explorer.data.photo.foreground import DARKNESS, Box, ring

SIDE = 256  # pixels of the reduced picture: a stroke of the smallest figure is still one wide
LEVELS = 12  # at which the picture falls into regions
FAINTEST = 8.0  # levels between the darkest and the brightest: with less there is nothing to see
MEASURED = 6  # regions of one level, the largest: the others are print and noise
LEAST = 0.03  # of the picture's shorter side: a figure's size
LARGE = 0.25  # of the picture's shorter side: from here on a larger figure is hardly more likely to be meant
WIDEST = 0.5  # of a figure's longer side: a region as thick as this is a surface
HAIRLINE = 0.08  # of its length: a thinner straight line is ruled
TURNS = 24  # of half a circle: the angles at which an outline is looked at
RUN_OUT = 0.25  # of a figure's longer side: with as much of it at the picture's edge it is a surface or a shadow
MARGIN = 0.3  # of a figure's longer side
BAND = 0.05  # of a figure's longer side: its background is looked at so far around it
PIECE = 0.18  # of a figure's longer side: what is as near as this, smaller and as thick, is a piece of it
WEAK = 0.25  # of 1: with less the figure is in doubt
MOST = 9  # figures


class Figure(NamedTuple):
    """A region that looks drawn."""

    box: Box  # pixels of the picture
    room: Box  # the box, and of its background as much as there is, at most MARGIN on each side
    is_open: bool  # nothing but background is as near as that, on any side
    middle: float  # the level halfway from it to its background
    is_dark: bool  # on a brighter background
    score: float  # 0 to 1: how likely it is what is meant
    weakness: str  # what speaks against it, where much does: completes "The frame may be wrong: "


@dataclass(frozen=True, eq=False)
class _Region:
    """A figure in the reduced picture."""

    figure: Figure
    mask: Bool[np.ndarray, "tall wide"]  # which pixels of its box are its own

    def is_around(self, other: "_Region") -> bool:
        """Drawn around it, with room between: a circle around a digit, not the same digit at another level."""
        (top, left, bottom, right), inner = self.figure.box, other.figure.box
        if not (inner.top > top and inner.left > left and inner.bottom < bottom and inner.right < right):
            return False
        rows = slice(inner.top - top, inner.bottom - top)
        return not self.mask[rows, inner.left - left : inner.right - left].any()

    def clashes(self, other: "_Region") -> bool:
        """They are the same, or one is a loop in the other."""
        a, b = self.figure.box, other.figure.box
        if a.bottom <= b.top or b.bottom <= a.top or a.right <= b.left or b.right <= a.left:
            return False
        return self.figure.is_dark != other.figure.is_dark or not (self.is_around(other) or other.is_around(self))


def figures(level: UInt8[np.ndarray, "h w"]) -> list[Figure]:
    """What looks drawn, the best first; no two overlap unless one is drawn around the other."""
    k = ceil(max(level.shape) / SIDE)
    small = np.asarray(Image.fromarray(level).reduce(k), np.float32)
    low, high = (float(value) for value in np.percentile(small, (0.2, 99.8)))
    if high - low < FAINTEST:
        return []
    found: list[_Region] = []
    for threshold in np.linspace(low, high, LEVELS + 2)[1:-1]:
        for is_dark in (True, False):
            found += _regions(small, float(threshold), is_dark=is_dark)
    kept: list[_Region] = []
    for region in sorted(found, key=lambda region: -region.figure.score):
        if len(kept) < MOST and not any(region.clashes(other) for other in kept):
            kept.append(region)
    ranked = sorted(
        (_with_room(small, region)._replace(score=_likely(region, kept)) for region in kept), key=lambda one: -one.score
    )
    h, w = level.shape

    def full(box: Box) -> Box:
        return Box(box.top * k, box.left * k, min(box.bottom * k, h), min(box.right * k, w))

    return [figure._replace(box=full(figure.box), room=full(figure.room)) for figure in ranked]


def _with_room(small: Float32[np.ndarray, "h w"], region: _Region) -> Figure:
    """Its background around it, up to where something else begins: a shadow is less than what it is drawn with."""
    figure = region.figure
    top, left, bottom, right = figure.box
    longer = max(bottom - top, right - left)
    most, least = max(2, round(MARGIN * longer)), max(2, round(BAND * longer))
    ground = float(np.median(ring(small[max(top - 1, 0) : bottom + 1, max(left - 1, 0) : right + 1])))
    ink = float(np.median(small[top:bottom, left:right][region.mask]))
    beside = (
        small[max(top - most, 0) : top, left:right][::-1],
        small[top:bottom, max(left - most, 0) : left].T[::-1],
        small[bottom : bottom + most, left:right],
        small[top:bottom, right : right + most].T,
    )
    reach = [_reach(lines, ground, 0.7 * abs(ink - ground)) for lines in beside]
    up, before, down, after = (
        max(found, min(least, len(lines))) for found, lines in zip(reach, beside, strict=True)
    )  # what touches the edge of its frame would count as background
    room = Box(top - up, left - before, bottom + down, right + after)
    return figure._replace(room=room, middle=(ink + ground) / 2, is_open=reach == [len(lines) for lines in beside])


def _reach(lines: Float32[np.ndarray, "lines pixels"], ground: float, limit: float) -> int:
    """How many lines, the nearest first, are background; the nearest are the figure's own soft edge, and the last
    before something else is that's."""
    other = (np.abs(lines - ground) > limit).mean(1) > 0.1
    other[:2] = False
    return max(int(other.argmax()) - 1, 0) if other.any() else len(lines)


def _likely(region: _Region, others: list[_Region]) -> float:
    """Its score; what is drawn around a figure is less likely to be meant than the figure."""
    score = region.figure.score
    is_around = any(region.is_around(other) and other.figure.score > score / 4 for other in others)
    return score / 4 if is_around else score


def _regions(small: Float32[np.ndarray, "h w"], threshold: float, *, is_dark: bool) -> Iterator[_Region]:
    """The figures among the regions on one side of a level."""
    from scipy.ndimage import find_objects, label

    mask = small < threshold if is_dark else small > threshold
    labels, count = label(mask, np.ones((3, 3)))
    if not count:
        return
    inner = np.zeros_like(mask)
    inner[1:-1, 1:-1] = mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
    areas = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    outlines = areas - np.bincount(labels[inner], minlength=count + 1)[1:]
    bounds = np.array([(rows.start, columns.start, rows.stop, columns.stop) for rows, columns in find_objects(labels)])
    tall, wide = bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1]
    sizes = _size(tall, wide) / min(small.shape)
    thin = 2 * areas <= WIDEST * np.maximum(tall, wide) * np.maximum(outlines, 1)
    candidates = np.flatnonzero((sizes >= LEAST) & (areas >= 8) & thin)
    for i in candidates[np.argsort(-sizes[candidates])][:MEASURED]:
        box = Box(*(int(value) for value in bounds[i]))
        factors = _factors(small, labels, int(i) + 1, box)
        quality = float(np.prod(list(factors.values()))) if factors else 0.0
        if quality:
            factors["it is small"] = float(min(sizes[i] / LARGE, 1))
            weakness = min(factors, key=factors.__getitem__) if min(quality, factors["it is small"]) < WEAK else ""
            mine = _pieces(int(i), bounds, areas, outlines)
            whole = Box(*(int(value) for value in (*bounds[mine, :2].min(0), *bounds[mine, 2:].max(0))))
            own = np.isin(labels[whole.top : whole.bottom, whole.left : whole.right], mine + 1)
            score = quality * float(min(sizes[i] / LARGE, 1 + sizes[i]))
            yield _Region(Figure(whole, whole, True, threshold, is_dark, score, weakness), own)


def _pieces(
    i: int,
    bounds: Int64[np.ndarray, "regions 4"],
    areas: Int64[np.ndarray, "regions"],
    outlines: Int64[np.ndarray, "regions"],
) -> Int64[np.ndarray, "pieces"]:
    """A region and the pieces that belong to it, as the bar of a 5 that does not touch."""
    longer = int((bounds[i, 2:] - bounds[i, :2]).max())
    gaps = np.maximum(bounds[:, :2] - bounds[i, 2:], bounds[i, :2] - bounds[:, 2:])
    thickness = areas / np.maximum(outlines, 1)
    alike = (thickness > 0.5 * thickness[i]) & (thickness < 2 * thickness[i]) & (areas > 0.03 * areas[i])
    is_above = (gaps[:, 1] < 0) & (gaps[:, 0] > -0.2 * longer)  # or below: beside it, it could be the next digit
    smaller = (bounds[:, 2:] - bounds[:, :2]).max(1) <= np.where(is_above, 1.2, 0.6) * longer
    near = (gaps.max(1) <= max(PIECE * longer, 1)) & (areas < areas[i]) & smaller
    return np.append(np.flatnonzero(near & alike), i)


def _size(tall: np.ndarray, wide: np.ndarray) -> np.ndarray:
    """A figure's side if it were square. A line of print is as large as it is high, a 1 nearly as a 0."""
    return np.asarray(np.sqrt(np.minimum(np.maximum(wide, tall / 3), 1.5 * tall) * tall))


def _factors(
    small: Float32[np.ndarray, "h w"], labels: Int32[np.ndarray, "h w"], number: int, box: Box
) -> dict[str, float]:
    """What speaks against a region, 0 to 1 each: 1 where nothing does; empty where it is no figure."""
    from scipy.ndimage import distance_transform_cdt

    longer = max(box.bottom - box.top, box.right - box.left)
    contact = _contact(labels, number, box) / longer
    if contact > RUN_OUT:
        return {}
    band = max(2, round(BAND * longer))
    room = band + 2
    part = (slice(max(box.top - room, 0), box.bottom + room), slice(max(box.left - room, 0), box.right + room))
    mask, level = labels[part] == number, small[part]
    away = distance_transform_cdt(~mask)
    around, inside = level[(away > 1) & (away <= 1 + band)], level[mask]
    if not around.size:
        return {}
    ink, ground = float(np.median(inside)), float(np.median(around))
    step = abs(ink - ground)
    unevenness = float(np.percentile(np.abs(around - ground), 90)) / (step + 4)
    if unevenness > 1.5:
        return {}
    thickness = 2 * float(distance_transform_cdt(np.pad(mask, 1)).max()) / longer
    surface = _surface(mask, thickness) if thickness <= WIDEST else 1.0
    if surface >= 1:
        return {}
    blotches = float(np.percentile(np.abs(inside - ink), 75)) / (step + 4)
    return {
        "it hardly stands out from what is around it": (step / (max(ink, ground) + DARKNESS)) ** 0.5,
        "what is around it is uneven": 1 / (1 + (2 * unevenness) ** 2),
        "it is blotchy": 1 / (1 + blotches**2),
        "it is more like a surface than like strokes": min(1.0, (WIDEST - thickness) / 0.2) * (1 - surface),
        "it runs out of the picture": 0.5 * (1 - contact / RUN_OUT) if contact else 1.0,
    }


def _surface(mask: Bool[np.ndarray, "h w"], thickness: float) -> float:
    """0 to 1: how much a region is a sheet, a field or the lines around one. Its outline is a rectangle, at whatever
    angle, or it has no dents and hardly a hole. A bar may be a 1, but the thinner the more it is a ruled line."""
    from scipy.ndimage import binary_fill_holes

    rows = np.flatnonzero(mask.any(1))
    left, right = mask[rows].argmax(1), mask.shape[1] - 1 - mask[rows, ::-1].argmax(1)
    x, y = np.concatenate((left, right)), np.concatenate((rows, rows))  # its hull is that of these pixels
    turns = np.arange(2 * TURNS)[:, None] * (pi / TURNS)
    reach = (x * np.cos(turns) + y * np.sin(turns)).max(1) + 0.5  # in each direction; half a pixel to its outer side
    widths = reach[:TURNS] + reach[TURNS:]
    sides = np.stack((widths, np.roll(widths, -(TURNS // 2))))  # of the rectangles around it, at each angle
    best = int(sides.prod(0).argmin())
    if sides[:, best].max() > 3 * sides[:, best].min():
        return max(0.0, 1 - thickness / HAIRLINE)
    tangents = (np.roll(reach, 1) + np.roll(reach, -1) - 2 * reach * np.cos(pi / TURNS)) / np.sin(pi / TURNS)
    hull = float((reach * tangents).sum()) / 2  # the area of the polygon whose sides touch it in these directions
    area = float(binary_fill_holes(mask).sum())
    without_dents = (float(mask.sum()) / hull - 0.8) / 0.1 if thickness > 0.15 else 0.0
    return max((area / float(sides[:, best].prod()) - 0.88) / 0.06, without_dents, 0.0)


def _contact(labels: Int32[np.ndarray, "h w"], number: int, box: Box) -> int:
    """Pixels of a region at the picture's edge."""
    h, w = labels.shape
    at = (
        (box.top == 0, labels[0]),
        (box.bottom == h, labels[-1]),
        (box.left == 0, labels[:, 0]),
        (box.right == w, labels[:, -1]),
    )
    return sum(int((side == number).sum()) for touches, side in at if touches)
