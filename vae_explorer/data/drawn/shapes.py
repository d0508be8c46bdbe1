"""The embedded data set for disentanglement: coloured shapes whose factors are known and independent.

It is what dSprites (Matthey et al. 2017: 64 x 64, black and white, by shape, scale, orientation and position) and 3D
Shapes (Burgess & Kim 2018, which adds hue) are to the field. They have every combination of a few values of each
factor; here each image has values of its own, so that nothing has to be held back for a test.

The ranges of the factors are intervals, not circles: a rectangle and an ellipse look the same after half a turn, the
others after a whole one, and no angle comes near that; the hue ends before it is red again. So each image has one
angle and one colour, and one latent dimension can hold either.
"""

from math import pi, sqrt

import numpy as np
from jaxtyping import Float32, Int64, UInt8

from vae_explorer.data.drawn.drawn_set import DrawnSet, Factors, in_ranges, uniform

SIDE = 64  # pixels

# Each is uniform in its range, and independent of the others and of the shape. The shape itself is a factor too: its
# number.
FACTORS = {
    "size": (10.0, 18.0),  # pixels: the square root of the area
    "angle": (-45.0, 45.0),  # degrees, clockwise from upright
    "x": (20.0, 44.0),  # pixels from the left edge: the centre of mass
    "y": (20.0, 44.0),  # pixels from the upper edge
    "colour": (0.0, 270.0),  # degrees: the hue, from red over yellow, green and blue to violet
}
SATURATION = 0.8  # of HSV; its value is 1
# Dark grey, not the black of dSprites: the mean of a gaussian p(x|z) is a sigmoid, which has no slope near black. On
# black, conv and residual learn black within an epoch, and nothing after it.
BACKGROUND = 0.25  # of white

# Lengths of the shapes that have an area of 1, the centre of mass in 0, 0, u to the right and v downwards.
RECTANGLE = sqrt(1 / 8), sqrt(1 / 2)  # half its width and height: twice as high as wide
ELLIPSE = sqrt(1 / (2 * pi)), sqrt(2 / pi)  # the half axes: twice as high as wide
TRIANGLE = sqrt(1.6), sqrt(2.5)  # width and height: a quarter higher than wide
HEART = 1 / sqrt(1 + pi / 4)  # the side of a square on its corner, with half a disc on each of its upper sides
HEART_MIDDLE = HEART * (pi / 2 + 2 / 3) / (sqrt(2) * (4 + pi))  # v of the square's middle

Lengths = Float32[np.ndarray, "n 64 64"]


def _rectangle(u: Lengths, v: Lengths) -> Lengths:
    """The distance from the edge, negative inside; as the other shapes."""
    half_width, half_height = RECTANGLE
    distance: Lengths = np.maximum(abs(u) - half_width, abs(v) - half_height)
    return distance


def _ellipse(u: Lengths, v: Lengths) -> Lengths:
    """To the first order, which is exact at the edge: f/|grad f| of f = sqrt((u/a)² + (v/b)²) - 1, |grad f| ≥ 1/b."""
    a, b = ELLIPSE
    radius = np.hypot(u / a, v / b)
    slope = np.hypot(u / a**2, v / b**2) / np.maximum(radius, 0.1)
    return (radius - 1) / np.maximum(slope, 1 / b)


def _triangle(u: Lengths, v: Lengths) -> Lengths:
    width, height = TRIANGLE
    sides = (height * abs(u) - width / 2 * (v + height * 2 / 3)) / np.hypot(height, width / 2)
    distance: Lengths = np.maximum(sides, v - height / 3)
    return distance


def _heart(u: Lengths, v: Lengths) -> Lengths:
    u, v = abs(u), v - HEART_MIDDLE
    square = (u + abs(v)) / sqrt(2) - HEART / 2
    disc = np.hypot(u - HEART / sqrt(8), v + HEART / sqrt(8)) - HEART / 2
    return np.minimum(square, disc)


SHAPES = {"rectangle": _rectangle, "ellipse": _ellipse, "triangle": _triangle, "heart": _heart}


def draw(
    shapes: Int64[np.ndarray, "n"], seed: int, first: int = 0
) -> tuple[UInt8[np.ndarray, "n 1 64 64"], dict[str, Float32[np.ndarray, "n"]]]:
    """How much of each pixel a shape covers, 0 to 255, and the factors: the shape's number, and those of FACTORS.

    Image i is number first + i of this seed: that number and its shape decide it, whatever is drawn beside it.
    """
    factors = in_ranges(FACTORS, uniform(len(shapes), 8, seed, first))
    size, x, y = (factors[name][:, None, None] for name in ("size", "x", "y"))
    angle = np.radians(factors["angle"])[:, None, None]
    pixels = np.arange(SIDE, dtype=np.float32) + 0.5  # their middles
    right, down = (pixels - x) / size, (pixels[:, None] - y) / size
    u, v = np.cos(angle) * right + np.sin(angle) * down, np.cos(angle) * down - np.sin(angle) * right
    distance = np.empty_like(u)
    for number, edge in enumerate(SHAPES.values()):
        distance[shapes == number] = edge(u[shapes == number], v[shapes == number])
    covered = (0.5 - size * distance).clip(0, 1)
    return np.rint(255 * covered).astype(np.uint8)[:, None], {"shape": shapes.astype(np.float32), **factors}


def paint(covered: UInt8[np.ndarray, "n 1 64 64"], factors: Factors) -> UInt8[np.ndarray, "n 3 64 64"]:
    """The images, on BACKGROUND: the cache has no need of their three channels, only of what is covered."""
    contrasts = _rgb(factors["colour"]) - BACKGROUND
    images = np.empty((len(covered), 3, SIDE, SIDE), np.uint8)
    for image, alpha, contrast in zip(images, covered, contrasts, strict=True):
        np.rint(255 * BACKGROUND + alpha * contrast[:, None, None], out=image, casting="unsafe")
    return images


def _rgb(hue: Float32[np.ndarray, "n"]) -> Float32[np.ndarray, "n 3"]:
    """Red, green and blue, 0 to 1, of hues in degrees (Smith 1978, in the form without cases)."""
    sixth = (hue[:, None] / 60 + np.array((5, 3, 1), np.float32)) % 6
    return 1 - SATURATION * np.minimum(sixth, 4 - sixth).clip(0, 1)


DRAWN_SHAPES = DrawnSet(
    name="drawn-shapes",
    version=1,
    classes=tuple(SHAPES),
    factors=("shape", *FACTORS),
    side=SIDE,
    train=20_000,
    test=2_000,
    draw=draw,
    paint=paint,
)
