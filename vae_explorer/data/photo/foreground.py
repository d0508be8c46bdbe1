"""The figure of a picture: what stands out, bright, from a dark background that may be unevenly lit."""

from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Shaped, UInt8
from PIL import Image

CLEAR = 10.0  # levels above the background: what is less is no figure
DARKNESS = 32.0  # levels: so that the noise of a dark board is no contrast
BACKGROUND_SIDE = 128  # pixels: the background is smooth, so it is estimated on a small picture
ENOUGH = 50_000  # pixels: the median of more is the same
PARTS_SIDE = 256  # pixels: precise enough to tell a speck from a stroke
WIDEST_STROKE = 0.2  # of the picture's shorter side: where it runs out of the picture
SPECK = 0.03  # of the largest part's area: smaller parts are dirt
LONG_CONTACT = 0.25  # of the shorter side: a part along the picture's edge is a table or a shadow, not a stroke


class Box(NamedTuple):
    """Pixels from top to below bottom, from left to right of right."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True, eq=False)
class Foreground:
    """Levels are relative: 0 is the background beside it, 255 the brightest that a pixel can be there."""

    background: Float32[np.ndarray, "h w"]  # estimated level under each pixel
    seen: tuple[float, float]  # darkest and brightest level (5 and 95 %) of the background beside the figure
    black: float  # relative level below which everything is background
    white: float  # relative level that most of the figure reaches
    peak: float  # relative level that its brightest pixels reach
    box: Box | None  # None: nothing stands out

    @property
    def clean(self) -> bool:
        """The background is already plain and the figure already at full strength."""
        return self.seen[1] <= 2 and self.peak >= 245

    def levelled(self, level: UInt8[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w"]:
        """The background becomes exactly 0 and the figure reaches 255."""
        stretched = (_relative(level, self.background) - self.black) * (255 / (self.white - self.black))
        return np.asarray(np.rint(stretched.clip(0, 255)), np.uint8)


def find(
    level: UInt8[np.ndarray, "h w"],
    *,
    strokes: bool,
    within: Box | None = None,
    background: Float32[np.ndarray, "h w"] | None = None,
) -> Foreground:
    """The figure of a picture, its specks left out. Without `strokes` it is a surface whose grey levels are kept.
    What lies outside of `within` is no figure; the background can be given where it is known."""
    if background is None:
        background = _background(level) if strokes else _border_level(level)
    relative = _relative(level, background)
    noise = _deviation(_some(relative) - np.median(_some(relative)) if strokes else ring(relative))
    clear = relative > max(5 * noise, CLEAR)
    if within is not None:
        inside = np.zeros_like(clear)
        inside[within.top : within.bottom, within.left : within.right] = True
        relative = np.where(inside, relative, np.float32(0))
        clear &= inside
    if not clear.any():
        return Foreground(background, _range(_some(background)), 0.0, 255.0, 255.0, None)
    if not strokes:
        return Foreground(background, _range(_some(background)), min(3 * noise, 100.0), 255.0, 255.0, _box(clear))
    ink = relative > 0.5 * float(np.percentile(relative[clear], 90))
    white, peak = (float(value) for value in np.percentile(relative[ink], (50, 95)))
    black = min(max(3 * noise, 0.2 * white), 0.5 * white)
    return Foreground(background, _range(_some(background)[~_some(clear)]), black, white, peak, _box(ink))


def _some(values: Shaped[np.ndarray, "h w"]) -> Shaped[np.ndarray, "some_h some_w"]:
    """As many evenly spread pixels as a median needs."""
    step = max(1, int((values.size / ENOUGH) ** 0.5))
    return values[::step, ::step]


def ring(level: Shaped[np.ndarray, "h w *c"]) -> Shaped[np.ndarray, "pixels *c"]:
    """The outermost pixels of a picture."""
    return np.concatenate((level[0], level[-1], level[1:-1, 0], level[1:-1, -1]))


def darker_than_background(level: UInt8[np.ndarray, "h w"], *, strokes: bool) -> bool:
    """Whether the figure is dark on bright. Among strokes a shadow across the paper does not matter."""
    small = _reduced(level.astype(np.float32), BACKGROUND_SIDE)
    if strokes:
        dark, bright = _over(255 - small), _over(small)
        # as a share of the brighter side's level: in a shadow everything is weaker
        contrasts = dark / (small + dark + DARKNESS), bright / (small + DARKNESS)
        clear = max(0.4 * max(float(np.percentile(contrast, 99.5)) for contrast in contrasts), CLEAR / 255)
        boxes = [_box(contrast > clear) for contrast in contrasts]
        areas = [(box.bottom - box.top) * (box.right - box.left) if box else 0 for box in boxes]
        if areas[0] != areas[1]:  # of the wrong kind are only the loops inside a digit
            return areas[0] > areas[1]
    border = float(np.median(ring(small)))
    to_dark, to_bright = border - float(np.percentile(small, 0.5)), float(np.percentile(small, 99.5)) - border
    return border > 127.5 if abs(to_dark - to_bright) < 1 else to_dark > to_bright


def _range(background: Float32[np.ndarray, "..."]) -> tuple[float, float]:
    low, high = np.percentile(background, (5, 95)) if background.size else (0.0, 0.0)
    return float(low), float(high)


def _deviation(values: Float32[np.ndarray, "..."]) -> float:
    """A standard deviation around 0 by the median, which a figure among the noise does not move."""
    return 1.4826 * float(np.median(np.abs(values)))


def _relative(level: UInt8[np.ndarray, "h w"], background: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    """Ink takes a share of the light that there is: on inverted paper this is 255 · (1 − reflectance)."""
    return np.asarray((level - background) * (255 / (255 - background)), np.float32)


def _border_level(level: UInt8[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    return np.full(level.shape, min(float(np.median(ring(level))), 250.0), np.float32)


def _background(level: UInt8[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    """The paper as it is, shadows and all; under the figure a smooth continuation of the paper around it."""
    small = _reduced(level.astype(np.float32), BACKGROUND_SIDE)
    over = _over(small)
    ink = _widened(over > max(0.3 * float(np.percentile(over, 99.5)), 2.0))
    weight = np.where(ink, np.float32(1e-3), np.float32(1))
    radius = max(1, round(0.06 * min(small.shape)))
    smooth = _blurred(np.where(ink, small - over, small) * weight, radius) / _blurred(weight, radius)
    background = np.where(ink, smooth, small)
    k = _factor(level.shape, BACKGROUND_SIDE)
    h, w = level.shape
    full = Image.fromarray(background).resize((w, h), Image.Resampling.BILINEAR, box=(0, 0, w / k, h / k))
    return np.asarray(full).clip(0, 250)


def _over(values: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    """How far bright islands rise above what reaches the picture's edge (Vincent 1993: reconstruction by dilation).

    A stroke that runs out of the picture is an island too; a table's edge or a shadow is not.
    """
    from scipy.ndimage import median_filter

    h, w = values.shape
    rows = np.concatenate((np.zeros(w, int), np.arange(h), np.full(w, h - 1), np.arange(h)[::-1]))
    columns = np.concatenate((np.arange(w), np.full(h, w - 1), np.arange(w)[::-1], np.zeros(h, int)))  # once around
    radius = max(1, round(WIDEST_STROKE * min(h, w)))
    usual = median_filter(values[rows, columns], 2 * radius + 1, mode="wrap")
    reached = np.zeros_like(values)
    reached[rows, columns] = np.minimum(values[rows, columns], usual)
    while True:
        before = reached.copy()
        for across, limit in ((reached, values), (reached.T, values.T)):  # sweeps carry a level far at once
            for i in range(1, len(across)):
                np.maximum(across[i], np.minimum(across[i - 1], limit[i]), out=across[i])
            for i in range(len(across) - 2, -1, -1):
                np.maximum(across[i], np.minimum(across[i + 1], limit[i]), out=across[i])
        if np.array_equal(before, reached):
            return np.asarray(values - reached)


def _widened(mask: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """By two pixels on each side: the soft edge of a stroke is not paper."""
    from scipy.ndimage import binary_dilation

    return np.asarray(binary_dilation(mask, np.ones((5, 5))))


def _factor(shape: tuple[int, ...], side: int) -> int:
    """By how much a picture is reduced so that its longer side is at most `side`."""
    return ceil(max(shape) / side)


def _reduced(values: Float32[np.ndarray, "h w"], side: int) -> Float32[np.ndarray, "small_h small_w"]:
    return np.asarray(Image.fromarray(values).reduce(_factor(values.shape, side)))


def _blurred(values: Float32[np.ndarray, "h w"], radius: int) -> Float32[np.ndarray, "h w"]:
    """Two running means along each axis; the edge goes on as it is."""
    from scipy.ndimage import uniform_filter

    for _ in range(2):
        values = uniform_filter(values, 2 * radius + 1, mode="nearest")
    return values


def _box(mask: Bool[np.ndarray, "h w"]) -> Box | None:
    """Around the parts, connected also at corners, that belong to the figure."""
    from scipy.ndimage import find_objects, label

    k = _factor(mask.shape, PARTS_SIDE)
    h, w = mask.shape
    padded = np.pad(mask, ((0, -h % k), (0, -w % k)))
    cells = np.asarray(padded.reshape(padded.shape[0] // k, k, padded.shape[1] // k, k).any((1, 3)))
    labels, count = label(cells, np.ones((3, 3)))
    if not count:
        return None
    areas = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    contact = np.bincount(ring(labels), minlength=count + 1)[1:]
    inside = contact <= LONG_CONTACT * min(cells.shape)
    if areas[inside].sum() >= SPECK * areas.sum() and areas[inside].max(initial=0) >= 4:
        areas = np.where(inside, areas, 0)
    kept = np.append(False, areas >= max(SPECK * areas.max(), 1))
    if areas[kept[1:]].sum() < 2 or areas.max() < 0.0003 * cells.size:
        return None
    figure = kept[labels].repeat(k, 0).repeat(k, 1)[:h, :w] & mask
    ((rows, columns),) = find_objects(figure.astype(np.uint8))
    return Box(rows.start, columns.start, rows.stop, columns.stop)
