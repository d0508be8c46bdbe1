"""The embedded data set: digits drawn with a pen from known factors. Nothing is downloaded, and no two are equal.

The control points of a glyph are moved as a writer's hand would move them, the factors give the curve its size and
slant, and a round pen of the given boldness follows it. More axis letters: v variants of a digit, p control points,
s samples of a curve.
"""

from dataclasses import dataclass
from functools import cache
from math import pi, sqrt
from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64, UInt8

from vae_explorer.data.drawn.drawn_set import DrawnSet, in_ranges, uniform

SIDE = 28  # pixels
BOX = 20.0  # pixels: the greatest height and width of a digit, ink included, as in MNIST

# Each factor is uniform in its range, and independent of the others and of the digit.
FACTORS = {
    "size": (16.0, BOX),  # pixels: the height of the digit, ink included
    "slant": (-15.0, 30.0),  # degrees: how far it leans to the right
    "boldness": (1.1, 4.1),  # pixels: the width of the stroke
}

# The variants of each digit: how common one is, and its strokes. A stroke is a quadratic B-spline; its control points
# are x,y in a box 20 high, y downwards; a point written twice is a corner; | lifts the pen.
GLYPHS: dict[int, tuple[tuple[float, str], ...]] = {
    0: (
        (3, "9,0 4,0 0,5 0,14 4,20 10,20 14,15 14,6 10,0 6,0"),
        (2, "11,1 5,-1 0,7 -1,15 3,21 10,19 14,12 13,4 9,-1 5,1"),
        (2, "10,0 6,-1 1,3 -1,10 2,18 8,21 14,18 17,11 14,2 9,-1 6,1"),
        (1, "4,3 1,6 0,15 4,21 10,19 14,11 12,2 7,-1 3,3 7,6 12,3"),
    ),
    1: (
        (10, "3,0 3,7 3,13 3,20"),
        (1, "2,3 4,2 6,0 6,0 6,10 6,20"),
        (0.3, "2,4 4,3 6,0 6,0 6,10 6,20 | 2,20 10,20"),
    ),
    2: (
        (3, "1,5 2,0 9,-2 13,3 11,9 1,19 1,19 8,19 16,19"),
        (3, "1,5 3,0 10,-2 13,4 9,12 3,19 -2,20 0,14 6,17 10,20 17,18"),
        (1, "1,2 5,0 13,-1 13,4 6,12 0,19 0,19 8,18 16,19"),
        (2, "2,3 5,-1 11,-1 13,6 10,15 4,20 -2,19 -1,13 5,13 9,17 12,20 16,18"),
    ),
    3: (
        (3, "1,3 3,0 9,-2 13,3 9,8 5,9 5,9 11,8 14,14 11,20 5,21 0,18"),
        (2, "1,3 4,-1 12,-1 12,6 6,9 2,10 6,8 14,11 12,19 5,22 0,17"),
        (1, "1,0 11,0 11,0 5,8 5,8 13,8 14,15 10,20 3,21 0,18"),
        (1, "3,2 6,-1 13,-1 12,6 7,9 7,9 13,10 12,18 7,22 0,19"),
    ),
    4: (
        (3, "2,0 1,9 0,12 5,11 14,10 | 12,0 11,10 10,20"),
        (1, "1,0 -1,9 2,12 8,11 12,1 12,1 11,10 10,20"),
        (1, "11,0 0,12 0,12 7,12 15,11 | 11,0 10,10 9,20"),
        (2, "4,0 1,9 1,9 6,10 13,9 | 12,2 10,10 9,20"),
    ),
    5: (
        (3, "4,0 2,8 2,8 7,6 13,9 12,19 5,22 0,18 | 4,0 9,1 15,0"),
        (2, "14,0 8,1 4,1 4,1 3,8 3,8 8,6 12,11 10,19 4,22 0,18"),
        (2, "14,0 6,0 2,3 4,8 9,9 13,14 9,20 3,21 -1,17"),
        (2, "5,2 3,9 3,9 9,7 12,12 9,19 4,22 -1,18 | 5,2 10,2 16,0"),
        (1, "3,0 2,8 2,8 7,6 13,9 14,19 7,21 0,20 0,17 | 3,0 8,1 13,0"),
    ),
    6: (
        (3, "9,0 4,3 0,11 1,19 7,22 13,17 11,10 5,11 1,16"),
        (2, "4,0 1,6 -1,15 3,21 11,20 13,14 9,10 4,12 1,17"),
        (2, "7,0 2,6 0,16 3,21 11,21 15,15 11,11 5,13 3,19"),
    ),
    7: (
        (4, "0,4 1,1 6,2 13,0 13,0 9,8 6,20"),
        (2, "0,5 0,1 6,2 14,-1 13,5 8,11 7,20"),
        (2, "1,2 6,1 12,0 12,0 8,8 5,20 | 4,10 7,10 12,9"),
        (2, "0,3 0,1 6,1 15,-1 14,5 11,12 9,20"),
    ),
    8: (
        (4, "11,3 7,-2 0,1 2,7 7,10 12,14 9,20 3,22 -2,18 2,12 8,9 12,5 11,1 8,0"),
        (3, "11,2 6,-1 1,2 3,7 8,11 10,16 6,21 1,21 -1,16 4,11 10,6 12,0"),
        (1, "6,0 2,0 1,8 6,9 10,8 10,0 5,0 | 5,9 0,11 -1,19 5,21 11,19 11,11 6,9"),
        (1, "13,1 6,-1 0,2 3,8 9,11 11,17 6,21 0,19 1,14 7,9 12,5 10,2"),
    ),
    9: (
        (3, "11,2 7,-2 0,1 0,9 4,11 9,8 12,1 12,1 11,11 10,20"),
        (0.5, "10,2 6,-2 0,1 0,7 4,9 8,7 11,1 11,1 11,14 8,21 3,19"),
        (3, "11,2 6,-2 -1,3 1,11 6,11 11,3 11,3 9,11 7,20"),
        (2, "10,1 5,-1 -1,3 -1,9 4,11 10,6 10,0 10,0 10,10 9,20"),
        (2, "11,2 7,-1 1,2 -1,9 4,11 11,9 11,9 11,1 11,1 11,12 9,20"),
    ),
}

# The lean (see _moments) of each digit when it stands upright to the eye: a 4 or a 9 has its belly on the upper left.
UPRIGHT = np.array((0.05, 0.05, 0.05, 0.0, -0.15, 0.08, -0.10, 0.0, 0.08, -0.10), np.float32)

# The writer's hand: standard deviations, lengths in half boxes.
SHAKE = 0.04  # of a control point
WARP = np.array(((0.07, 0.08), (0.09, 0.09), (0.09, 0.09), (0.09, 0.09)), np.float32)  # of x, y: by x, x², xy and y²
PRESSURE = 0.08  # of the pen's radius, as a fraction: each of three slow waves along the digit

STEPS = 96  # samples of a curve
SOFTNESS = 0.5  # pixels: samples this near to each other are one line
PIXELS = np.arange(SIDE, dtype=np.float32) - SIDE / 2  # from the middle: MNIST has the centre of mass on pixel 14

Point: TypeAlias = tuple[float, float]


def draw(
    digits: Int64[np.ndarray, "n"], seed: int, first: int = 0
) -> tuple[UInt8[np.ndarray, "n 1 28 28"], dict[str, Float32[np.ndarray, "n"]]]:
    """Images, white on black and centred by mass as in MNIST, and their factors: the names and units of FACTORS.

    Image i is number first + i of this seed: that number and its digit decide it, whatever is drawn beside it.
    """
    glyphs = _glyphs()
    chance, normal = _noise(len(digits), seed, first, normals=3 + WARP.size + glyphs.points[0, 0].size)
    pressure, warp, shake = np.split(normal, [3, 3 + WARP.size], axis=1)
    factors = in_ranges(FACTORS, chance)
    size, slant, boldness = factors.values()
    variant = (chance[:, 3:] >= glyphs.shares[digits]).sum(1)
    pen_down = glyphs.pen_down[digits, variant]

    points = glyphs.points[digits, variant]
    points = points + SHAKE * shake.reshape(points.shape)
    x, y = points[..., 0], points[..., 1]
    points = points + np.stack([x, x * x, x * y, y * y], axis=2) @ (WARP * warp.reshape(-1, *WARP.shape))
    x, y = np.moveaxis(glyphs.spline[digits, variant] @ points, 2, 0)  # [n, s]
    waves = np.cos(pi * np.outer((1, 2, 3), np.linspace(0, 1, STEPS))).astype(np.float32)
    radius = boldness[:, None] / 2 * (1 + PRESSURE * (pressure[..., None] * waves).sum(1)).clip(0.6, 1.4)

    ends = np.stack([y.argmin(1), y.argmax(1)], axis=1)
    scale = ((size - np.take_along_axis(radius, ends, 1).sum(1)) / np.ptp(y, axis=1))[:, None]
    x, y = scale * _from_middle(x), scale * _from_middle(y)
    centre_x, centre_y, lean = _moments(_ink(x, y, radius, pen_down))
    x, y = x - centre_x[:, None], y - centre_y[:, None]
    x = x + (lean - UPRIGHT[digits])[:, None] * y
    sheared = np.tan(np.radians(slant))[:, None] * y
    for _ in range(4):  # narrower until it fits the box: what the slant adds to the width cannot be taken away at once
        x = x * np.minimum(1, (BOX - boldness) / np.ptp(x - sheared, axis=1))[:, None]
    ink = _ink(_inside(x - sheared, radius), _inside(y, radius), radius, pen_down)
    return np.rint(255 * ink).astype(np.uint8)[:, None], factors


DRAWN_DIGITS = DrawnSet(
    name="drawn-digits",
    version=1,
    classes=tuple("0123456789"),
    factors=tuple(FACTORS),
    side=SIDE,
    train=60_000,
    test=10_000,
    draw=draw,
)


@dataclass(frozen=True, eq=False)
class _Glyphs:
    """The table as arrays, v and p being the most that a digit has; what a glyph lacks has no weight."""

    shares: Float64[np.ndarray, "10 v"]  # of the variants up to and with this one
    points: Float32[np.ndarray, "10 v p 2"]  # x, y in half boxes from the middle
    spline: Float32[np.ndarray, "10 v s p"]  # curve = spline @ points
    pen_down: Bool[np.ndarray, "10 v s-1"]  # from a sample to the next


@cache
def _glyphs() -> _Glyphs:
    variants = max(map(len, GLYPHS.values()))
    most = max(len(_points(strokes)) for digit in GLYPHS.values() for _, strokes in digit)
    shares = np.ones((10, variants))
    points = np.zeros((10, variants, most, 2), np.float32)
    spline = np.zeros((10, variants, STEPS, most), np.float32)
    pen_down = np.zeros((10, variants, STEPS - 1), bool)
    for digit, glyphs in GLYPHS.items():
        total = np.cumsum([share for share, _ in glyphs])
        shares[digit, : len(glyphs)] = total / total[-1]
        for v, (_, strokes) in enumerate(glyphs):
            own = _points(strokes)
            weights, pen_down[digit, v] = _spline(strokes)
            curve = weights @ np.array(own)
            middle, height = (curve.min(0) + curve.max(0)) / 2, np.ptp(curve[:, 1])
            points[digit, v, : len(own)] = (np.array(own) - middle) / (height / 2)
            spline[digit, v, :, : len(own)] = weights
    return _Glyphs(shares, points, spline, pen_down)


def _strokes(text: str) -> list[list[Point]]:
    strokes = [[point.split(",") for point in stroke.split()] for stroke in text.split("|")]
    return [[(float(x), float(y)) for x, y in stroke] for stroke in strokes]


def _points(text: str) -> list[Point]:
    """The different control points: a corner, written twice, is moved as one."""
    return list(dict.fromkeys(point for stroke in _strokes(text) for point in stroke))


def _spline(text: str) -> tuple[Float64[np.ndarray, "s p"], Bool[np.ndarray, "s-1"]]:
    """What each control point weighs in each sample, the samples at even distances; and where the pen is down."""
    points = _points(text)
    t = np.linspace(0, 1, 32)[:, None]
    blend = np.hstack([(1 - t) ** 2 / 2, 0.5 + t - t * t, t * t / 2])  # quadratic B-spline, even knots
    fine, stroke_of = [], []
    for index, stroke in enumerate(_strokes(text)):
        ends = [stroke[0], *stroke, stroke[-1]]  # so that the curve begins and ends in its outermost points
        for three in zip(ends, ends[1:], ends[2:], strict=False):
            fine.append(blend @ np.eye(len(points))[[points.index(point) for point in three]])
            stroke_of += [index] * len(t)
    weights, stroke_number = np.vstack(fine), np.array(stroke_of)
    lengths = np.hypot(*np.diff(weights @ np.array(points), axis=0).T) * (np.diff(stroke_number) == 0)
    along = np.concatenate([[0], np.cumsum(lengths)])
    even = np.searchsorted(along, np.linspace(0, along[-1], STEPS))
    return weights[even], np.diff(stroke_number[even]) == 0


def _noise(
    count: int, seed: int, first: int, normals: int
) -> tuple[Float64[np.ndarray, "n 4"], Float32[np.ndarray, "n k"]]:
    """Four uniform numbers in [0, 1) and k normal ones for each image: rows of one endless table, from `first` on."""
    table = uniform(count, 4 + 4 * -(-normals // 4), seed, first)
    radius, angle = np.sqrt(-2 * np.log1p(-table[:, 4::2])), 2 * pi * table[:, 5::2]  # Box & Muller 1958
    normal = np.hstack([radius * np.cos(angle), radius * np.sin(angle)])
    return table[:, :4], normal[:, :normals].astype(np.float32)


def _from_middle(x: Float32[np.ndarray, "n s"]) -> Float32[np.ndarray, "n s"]:
    shifted: Float32[np.ndarray, "n s"] = x - (x.min(1, keepdims=True) + x.max(1, keepdims=True)) / 2
    return shifted


def _inside(x: Float32[np.ndarray, "n s"], radius: Float32[np.ndarray, "n s"]) -> Float32[np.ndarray, "n s"]:
    """Moved, where need be, so that the image's outermost pixels stay black."""
    reach = radius.max(1) + 0.5
    short, beyond = PIXELS[0] - (x.min(1) - reach), x.max(1) + reach - PIXELS[-1]
    moved: Float32[np.ndarray, "n s"] = x + (short.clip(0) - beyond.clip(0))[:, None]
    return moved


def _ink(
    x: Float32[np.ndarray, "n s"],
    y: Float32[np.ndarray, "n s"],
    radius: Float32[np.ndarray, "n s"],
    pen_down: Bool[np.ndarray, "n s-1"],
) -> Float32[np.ndarray, "n 28 28"]:
    """How much of each pixel the pen covers, 0 to 1, by the pixel's distance from the curve. Lengths in pixels, x and y
    from the image's middle.

    The distance is a soft minimum, −2σ² log of a sum of Gaussians around the samples: exact beside a straight line,
    round at its ends, and a product of two small matrices in place of every pixel's distance from every sample.
    """
    sharpness = 1 / (2 * SOFTNESS**2)
    step = np.hypot(np.diff(x), np.diff(y)).mean(1, where=pen_down)
    mean_radius = radius.mean(1)[:, None, None]
    weight = np.exp(sharpness * (radius**2 - mean_radius[:, 0] ** 2)) * step[:, None] / (sqrt(2 * pi) * SOFTNESS)
    neighbours = np.pad(pen_down, ((0, 0), (1, 0))).astype(np.float32) + np.pad(pen_down, ((0, 0), (0, 1)))
    weight = weight * (3 - neighbours)  # an end of a stroke counts twice, or it would be short of ink
    across = np.exp(-sharpness * (PIXELS - x[..., None]) ** 2)  # [n, s, 28]
    down = np.exp(-sharpness * (PIXELS - y[..., None]) ** 2) * weight[..., None]
    nearness = down.swapaxes(1, 2) @ across
    distance = np.sqrt(np.maximum(-np.log(nearness + 1e-30) / sharpness, 0))
    covered: Float32[np.ndarray, "n 28 28"] = (mean_radius - distance + 0.5).clip(0, 1)
    return covered


def _moments(
    ink: Float32[np.ndarray, "n 28 28"],
) -> tuple[Float32[np.ndarray, "n"], Float32[np.ndarray, "n"], Float32[np.ndarray, "n"]]:
    """The centre of mass x, y in pixels from the image's middle, and the lean −mu11/mu02: the tangent of the slant."""
    weight = ink / ink.sum((1, 2), keepdims=True)
    rows, columns = weight.sum(2), weight.sum(1)
    x, y = (columns * PIXELS).sum(1), (rows * PIXELS).sum(1)
    mu11 = (weight * np.outer(PIXELS, PIXELS)).sum((1, 2)) - x * y
    mu02 = (rows * PIXELS**2).sum(1) - y**2
    return x, y, -mu11 / mu02
