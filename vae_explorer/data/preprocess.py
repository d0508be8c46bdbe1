"""A picture becomes x for one model: every step visible, every optional step with a switch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Float32, UInt8
from pydantic import BaseModel, Field

from vae_explorer.core.config import ImageShape, ModelImageShape
from vae_explorer.core.noise import content_generator
from vae_explorer.data.fit_to_frame import centre_of_mass, centred, framed, luma, resized, strengthened
from vae_explorer.data.foreground import Box, Foreground, darker_than_background, find, ring
from vae_explorer.data.image_set import Rows
from vae_explorer.data.picture import Picture
from vae_explorer.data.reading import Reading

Binarise = Literal["draw", "threshold"]
MEASURED = 2000  # training images that a preparation is measured from
FILLED = 0.65  # of the frame: a figure as large as this in a picture of the right proportions is left where it is


class Preparation(BaseModel, frozen=True, extra="forbid"):
    """What a model expects of an image, measured from its training images and kept in the model file."""

    image_shape: ModelImageShape
    dark_background: bool | None = None  # None: the training images have no plain background
    box: float | None = Field(
        None, gt=0, le=1
    )  # the figures' longer side as a fraction of the frame; None: not centred figures
    binarise: Binarise | None = None  # None: the model takes grey levels
    reading: Reading | None = None  # how the training images were read; None: in a way that older versions had

    @classmethod
    def of(
        cls, images: UInt8[np.ndarray, "n c h w"] | Rows, likelihood: str, reading: Reading | None = None
    ) -> "Preparation":
        """Measured from at most 2,000 of the training images, evenly chosen."""
        some = (
            images[np.linspace(0, len(images) - 1, min(len(images), MEASURED)).astype(int)]
            if len(images)
            else images[:]
        )
        dark = _dark_background(some)
        return cls(
            image_shape=ImageShape(*images.shape[1:]),
            dark_background=dark,
            box=None if dark is None else _figure_box(some if dark else 255 - some),
            binarise="draw" if likelihood == "bernoulli" else None,
            reading=reading,
        )


@dataclass(frozen=True, eq=False)
class Step:
    """One step of the preparation: what it did, or what it would do when it is switched on."""

    name: str  # the key for switches
    title: str
    sentence: str  # says "nothing to do" where x is the same whether it is on or off
    on: bool
    automatic: bool  # what it would be without a switch
    fixed: bool  # it cannot be switched
    result: UInt8[np.ndarray, "h w c"]  # the picture after this step


@dataclass(frozen=True, eq=False)
class Prepared:
    """An image as the network sees it, and how it came about."""

    grey: UInt8[np.ndarray, "c h w"]  # before binarising
    x: Float32[np.ndarray, "c h w"]  # in [0, 1]
    steps: tuple[Step, ...]


def prepare(
    picture: Picture, preparation: Preparation, switches: Mapping[str, bool] | None = None, binarise_seed: int = 0
) -> Prepared:
    """x for a model; a picture that already fits passes byte for byte. `switches` override the automatic, by name."""
    chain = _Chain(picture.pixels, switches or {})
    _match_channels(chain, preparation)
    if preparation.dark_background is None:
        _fit_photograph(chain, preparation)
    else:
        _fit_figure(chain, preparation, dark=preparation.dark_background)
    grey = np.ascontiguousarray(chain.pixels.transpose(2, 0, 1))
    x = _binarise(chain, grey, preparation, binarise_seed)
    return Prepared(grey, x, tuple(chain.steps))


def to_x(
    images: UInt8[np.ndarray, "n c h w"], preparation: Preparation, seed: int = 0
) -> Float32[np.ndarray, "n c h w"]:
    """x for images that already fit: for each image exactly what `prepare` gives."""
    if images.shape[1:] != preparation.image_shape:
        raise ValueError(
            f"these images have {ImageShape(*images.shape[1:])}; this model takes {preparation.image_shape}"
        )
    x = np.empty(images.shape, np.float32)
    for i, image in enumerate(images):
        x[i] = binarise(image, preparation.binarise, seed) if preparation.binarise else image / np.float32(255)
    return x


def binarise(grey: UInt8[np.ndarray, "*shape"], method: Binarise, seed: int = 0) -> Float32[np.ndarray, "*shape"]:
    """One image in black and white, 0 and 1: drawn with probability grey/255 (Salakhutdinov & Murray 2008), or at ½.

    The draw depends on the seed and the image's content only.
    """
    probability = grey / np.float32(255)
    if method == "threshold":
        return (probability >= 0.5).astype(np.float32)
    uniform = content_generator(grey, seed).random(
        grey.shape, dtype=np.float32
    )  # [0, 1): black stays black, white white
    return (uniform < probability).astype(np.float32)


@dataclass(eq=False)
class _Chain:
    """The picture on its way, and the steps so far."""

    pixels: UInt8[np.ndarray, "h w c"]
    switches: Mapping[str, bool]
    steps: list[Step] = field(default_factory=list)

    def step(
        self,
        name: str,
        why: str,
        effect: str,
        do: Callable[[], UInt8[np.ndarray, "h w c"]],
        *,
        automatic: bool = True,
        fixed: bool = False,
        always: bool = False,
        title: str | None = None,
    ) -> bool:
        """Does a step if it is on; says whether it was. `why` and `effect` are the two halves of its sentence; always:
        it matters to the steps after it even where it leaves the pixels as they are."""
        on = automatic if fixed else self.switches.get(name, automatic)
        done = do()  # also where it is off: its sentence says what would change
        if not fixed and not always and np.array_equal(done, self.pixels):
            sentence = f"{why}: there is nothing to do."
        else:
            sentence = f"{why}: {effect}." if on else f"{why}. If on, {effect}."
        if on != automatic:
            sentence += f" Switched {'on' if on else 'off'} by hand."
        if on:
            self.pixels = done
        self.steps.append(Step(name, title or name, sentence, on, automatic, fixed, self.pixels))
        return on

    @property
    def grey(self) -> UInt8[np.ndarray, "h w"]:
        return self.pixels[..., 0] if self.pixels.shape[2] == 1 else luma(self.pixels)


def _match_channels(chain: _Chain, preparation: Preparation) -> None:
    channels = preparation.image_shape[0]
    pixels = chain.pixels
    if pixels.shape[2] == channels:
        return
    if channels == 3:
        why = "This model's images are in colour and the picture is grey"
        chain.step("colour", why, "its channel is used three times", lambda: pixels.repeat(3, 2), fixed=True)
    elif (pixels == pixels[..., :1]).all():
        chain.pixels = pixels[..., :1]
    else:
        effect = "only the brightness of the colours is kept"
        chain.step("grey", "This model's images are grey", effect, lambda: luma(pixels)[..., None], fixed=True)


def _fit_photograph(chain: _Chain, preparation: Preparation) -> None:
    """The middle of the picture, in the proportions of the frame."""
    _, height, width = preparation.image_shape
    h, w = chain.pixels.shape[:2]
    scale = min(h / height, w / width)
    ch, cw = max(1, round(height * scale)), max(1, round(width * scale))
    if (ch, cw) != (h, w):
        top, left = (h - ch) // 2, (w - cw) // 2
        why = f"The picture is {w} × {h} and this model's images have the proportions {width} : {height}"
        effect = f"the middle {cw} × {ch} are kept; if off, the whole picture is squeezed"
        chain.step("crop", why, effect, lambda: chain.pixels[top : top + ch, left : left + cw])
    if chain.pixels.shape[:2] != (height, width):
        why = f"This model's images have {preparation.image_shape}"
        chain.step(
            "fit", why, "the picture is resized to that", lambda: resized(chain.pixels, height, width), fixed=True
        )


def _fit_figure(chain: _Chain, preparation: Preparation, *, dark: bool) -> None:
    """The figure alone, on the background that the training images have, as large and as central as theirs."""
    _, height, width = preparation.image_shape
    fits = chain.pixels.shape[:2] == (height, width)
    _invert(chain, dark=dark, fits=fits, strokes=preparation.box is not None)

    def bright_figure() -> UInt8[np.ndarray, "h w"]:
        return chain.grey if dark else 255 - chain.grey

    figure = find(bright_figure(), strokes=preparation.box is not None)
    cropped = False
    fill = 0.0
    if figure.box is not None:
        if chain.pixels.shape[2] == 1:
            _level(chain, figure, bright_figure(), dark=dark, fits=fits)
        fill = float(np.median(ring(bright_figure())))
        cropped = _crop(chain, figure.box, bright_figure(), preparation, fits=fits)
    if chain.pixels.shape[:2] != (height, width):
        strokes = cropped and preparation.box is not None and chain.pixels.shape[2] == 1
        _scale(chain, preparation, fill, bright_figure(), dark=dark, cropped=cropped, strokes=strokes)
    if figure.box is not None and preparation.box is not None:
        why = "In this model's images the figure's centre of mass is in the middle"
        chain.step(
            "centre", why, "it is moved there", lambda: centred(chain.pixels, bright_figure()), automatic=cropped
        )


def _invert(chain: _Chain, *, dark: bool, fits: bool, strokes: bool) -> None:
    if fits:  # strict, so that a training image whose figure touches the border passes as it is
        bright_share = float((ring(chain.grey) > 127).mean())
        opposite = bright_share > 0.9 if dark else bright_share < 0.1
    else:
        opposite = darker_than_background(chain.grey, strokes=strokes) == dark
    model = "dark" if dark else "bright"
    why = f"The background is {model}, as in this model's images"
    if opposite:
        why = f"The background is {'bright' if dark else 'dark'} and this model's images have a {model} one"
    chain.step("invert", why, "black and white are swapped", lambda: 255 - chain.pixels, automatic=opposite)


def _level(chain: _Chain, figure: Foreground, level: UInt8[np.ndarray, "h w"], *, dark: bool, fits: bool) -> None:
    low, high = sorted(round(level if dark else 255 - level) for level in figure.seen)
    black, white = (0, 255) if dark else (255, 0)
    why = f"The background is at {low if low == high else f'{low} to {high}'} of 255"
    if figure.clean:
        why += " and the figure at full strength"
    effect = f"it becomes exactly {black}"
    effect += f", and the figure, {figure.white:.0f} from it, reaches {white}" if figure.white < 255 else ""

    def do() -> UInt8[np.ndarray, "h w c"]:
        if figure.clean:
            return chain.pixels
        levelled = figure.levelled(level)[..., None]
        return levelled if dark else 255 - levelled

    chain.step("levels", why, effect, do, automatic=not fits and not figure.clean)


def _crop(chain: _Chain, box: Box, level: UInt8[np.ndarray, "h w"], preparation: Preparation, *, fits: bool) -> bool:
    h, w = level.shape
    why = f"The figure is {box.right - box.left} × {box.bottom - box.top} of the picture's {w} × {h} pixels"
    if in_place := _in_place(box, level, preparation):
        why += ", about as large and as central as in this model's images"
    elif fits:
        why += ", and the picture has the size of this model's images"
    cut = (slice(box.top, box.bottom), slice(box.left, box.right))
    automatic = not fits and not in_place
    return chain.step("crop", why, "the rest is cropped", lambda: chain.pixels[cut], automatic=automatic, always=True)


def _scale(
    chain: _Chain,
    preparation: Preparation,
    fill: float,
    level: UInt8[np.ndarray, "h w"],
    *,
    dark: bool,
    cropped: bool,
    strokes: bool,
) -> None:
    _, height, width = preparation.image_shape
    share = (preparation.box or 1.0) if cropped else 1.0
    effect = f"the figure's longer side becomes {share:.0%} of the frame" if cropped else "the picture is fitted in"
    strong = strokes and fill == 0 and int(level.max()) >= 245
    effect += ", and thin strokes keep their strength" if strong else ""

    def do() -> UInt8[np.ndarray, "h w c"]:
        frame = framed(chain.pixels, height, width, share, fill if dark else 255 - fill)
        if not strong:
            return frame
        return strengthened(frame[..., 0])[..., None] if dark else 255 - strengthened(255 - frame[..., 0])[..., None]

    why = f"This model's images have {preparation.image_shape}"
    chain.step("scale", why, effect, do, fixed=True, title="scale" if cropped else "fit")


def _in_place(box: Box, level: UInt8[np.ndarray, "h w"], preparation: Preparation) -> bool:
    """Whether the whole picture, in the frame's size, is like a training image: an enlarged one, for example."""
    _, height, width = preparation.image_shape
    h, w = level.shape
    if abs(w * height - h * width) > max(width, height):  # other proportions, by more than rounding
        return False
    filled = max((box.bottom - box.top) / h, (box.right - box.left) / w)
    if preparation.box is None:
        return bool(filled >= FILLED)
    y, x = centre_of_mass(level)
    near = abs(y / h - 0.5) * height <= 1.5 and abs(x / w - 0.5) * width <= 1.5  # pixels of the frame
    return bool(near and abs(filled / preparation.box - 1) <= 0.12)


def _binarise(
    chain: _Chain, grey: UInt8[np.ndarray, "c h w"], preparation: Preparation, seed: int
) -> Float32[np.ndarray, "c h w"]:
    x = grey / np.float32(255)
    method = preparation.binarise
    if method is None:
        return x
    binary = binarise(grey, method, seed)
    how = f"drawn white with probability grey/255 (seed {seed})" if method == "draw" else "white from ½ upwards"
    on = chain.switches.get("binarise", True)
    why = "This model's p(x|z) is for black and white pixels"
    if not on and not np.array_equal(binary, x):
        why = f"Grey: not a likelihood. {why}"
    chain.step("binarise", why, f"each is {how}", lambda: (binary * 255).astype(np.uint8).transpose(1, 2, 0))
    return binary if on else x


def _dark_background(images: UInt8[np.ndarray, "n c h w"]) -> bool | None:
    """Whether most images have a plain border, and which."""
    if not len(images):
        return None
    border = np.concatenate((images[..., 0, :], images[..., -1, :], images[..., 0], images[..., -1]), axis=2)
    border = border.reshape(len(images), -1).astype(np.int16)
    middle = np.median(border, axis=1)
    plain = (np.abs(border - middle[:, None]) <= 24).mean(1) >= 0.6
    for dark, there in ((True, middle < 64), (False, middle > 191)):
        if (plain & there).mean() > 0.75:
            return dark
    return None


def _figure_box(images: UInt8[np.ndarray, "n c h w"]) -> float | None:
    """The figures' longer side as a fraction of the frame, if they leave a margin, are of one size and central."""
    level = images.max(1)
    _, h, w = level.shape
    level = level[level.reshape(len(level), -1).max(1) > 64].astype(np.float32)  # an empty image says nothing
    if not len(level):
        return None
    inside = level > 32
    rows, columns = inside.any(2), inside.any(1)
    tall = h - rows.argmax(1) - rows[:, ::-1].argmax(1)
    wide = w - columns.argmax(1) - columns[:, ::-1].argmax(1)
    longer = np.maximum(tall / h, wide / w)
    mass = level.sum((1, 2))
    y = (level.sum(2) * (np.arange(h) + 0.5)).sum(1) / mass / h - 0.5
    x = (level.sum(1) * (np.arange(w) + 0.5)).sum(1) / mass / w - 0.5
    smaller, middle, larger = np.percentile(longer, (10, 50, 90))
    if middle > 0.9 or larger - smaller > 0.3 or np.median(np.maximum(np.abs(x), np.abs(y))) > 0.1:
        return None
    return float(middle)
