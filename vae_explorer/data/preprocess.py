"""A picture becomes x for one model: every step visible, every optional step with a switch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import numpy as np
from jaxtyping import Float32, UInt8

from vae_explorer.core.config import ImageShape
from vae_explorer.core.noise import content_generator
from vae_explorer.data.fitting import Size, fitted
from vae_explorer.data.photo.figures import Figure
from vae_explorer.data.photo.finder import SAME, Found, around, found, framing, is_same
from vae_explorer.data.photo.fit_to_frame import centre_of_mass, centred, framed, luma, resized, strengthened
from vae_explorer.data.photo.foreground import Box, Foreground, darker_than_background, find, ring
from vae_explorer.data.photo.frame import Frame
from vae_explorer.data.picture import Picture
from vae_explorer.data.preparation import Binarise, Preparation
from vae_explorer.data.reading import AUTOMATIC

_FOUND: WeakKeyDictionary[Picture, Found] = WeakKeyDictionary()
FILLED = 0.65  # of the frame: a figure as large as this in a picture of the right proportions is left where it is


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
    frame: Frame  # what was looked at: the given one, or the best candidate
    candidates: tuple[Frame, ...]  # what was found in the whole picture, the best first: at least one
    doubt: str  # "", or one sentence: why the frame may not be on what is meant; a given frame is not doubted


def prepare(
    picture: Picture,
    preparation: Preparation,
    switches: Mapping[str, bool] | None = None,
    binarise_seed: int = 0,
    frame: Frame | None = None,
) -> Prepared:
    """x for a model; a picture that already fits passes byte for byte. `switches` override the automatic, by name.

    With a frame the picture is first cut to it and turned, and nothing outside is looked at."""
    chain = _Chain(picture.pixels, switches or {})
    picture = _as_read(chain, picture, preparation)
    is_resized = False
    if frame is not None:
        why, effect = "The frame was set by hand", "the picture is cut to it" + _turned(frame)
        chain.step("frame", why, effect, lambda: frame.cut(chain.pixels), fixed=True)
    elif picture.file_size in preparation.sizes:
        is_resized = _resize(chain, picture, preparation)
    _match_channels(chain, preparation)
    candidates: tuple[Frame, ...]
    if preparation.dark_background is None:
        _fit_photograph(chain, preparation)
        candidates, doubt = (_seen(picture, preparation),), ""
    else:
        here = _found(picture) if frame is None else found(chain.grey)
        candidates, doubt = _fit_figure(
            chain, preparation, here, dark=preparation.dark_background, given=frame is not None
        )
        if frame is not None:
            candidates, doubt = _found(picture).frames or (Frame.whole(picture.pixels),), ""
        elif is_resized:
            candidates = (_seen(picture, preparation),)
    grey = np.ascontiguousarray(chain.pixels.transpose(2, 0, 1))
    x = _binarise(chain, grey, preparation, binarise_seed)
    return Prepared(grey, x, tuple(chain.steps), frame or candidates[0], candidates, doubt)


def _as_read(chain: "_Chain", picture: Picture, preparation: Preparation) -> Picture:
    """The picture on the background and in the range of values that the training images were read in."""
    other = picture.read_as(preparation.reading or AUTOMATIC)
    reading = preparation.reading
    if other is not picture and picture.layers is not None and reading is not None:
        why, effect = f"This model's images are on {reading.background}", "so are the transparent parts of the picture"
        if picture.layers.alpha is None:
            black = "the lowest value" if reading.black == "auto" else f"{reading.black:,g}"
            white = "the highest" if reading.white == "auto" else f"{reading.white:,g}"
            why = f"In this model's images {black} is black and {white} is white"
            effect = "so it is in the picture"
        name = "values" if picture.layers.alpha is None else "background"
        chain.step(name, why, effect, lambda: other.pixels, fixed=True)
    return other


def _resize(chain: "_Chain", picture: Picture, preparation: Preparation) -> bool:
    """A picture as large as training images were before they were resized; says whether it is resized as they were."""
    _, height, width = preparation.image_shape
    said = Size(*picture.file_size[::-1])
    why, effect = f"Training images of this model were {said} too", f"it is resized to {width} × {height} as they were"
    size, fit, border = Size(height, width), preparation.fit, preparation.border
    return chain.step("size", why, effect, lambda: fitted(chain.pixels, size, fit, border))


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


def _turned(frame: Frame) -> str:
    return f" and turned by {90 * frame.turns}°" if frame.turns else ""


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


def _found(picture: Picture) -> Found:
    """Once for each picture: it is prepared again with every switch and every move of a frame."""
    if picture not in _FOUND:
        _FOUND[picture] = found(picture.pixels[..., 0] if picture.pixels.shape[2] == 1 else luma(picture.pixels))
    return _FOUND[picture]


def _seen(picture: Picture, preparation: Preparation) -> Frame:
    """What of a picture is shown to the model where no figure is looked for."""
    _, height, width = preparation.image_shape
    is_cropped = preparation.fit == "crop"
    return Frame.middle(picture.pixels, height, width) if is_cropped else Frame.whole(picture.pixels)


def _fit_photograph(chain: _Chain, preparation: Preparation) -> None:
    """A picture in the proportions of the model's images, as the training images were brought to them."""
    _, height, width = preparation.image_shape
    h, w = chain.pixels.shape[:2]
    middle, pads = Frame.middle(chain.pixels, height, width), preparation.fit == "pad"
    if (middle.height, middle.width) != (h, w):
        why = f"The picture is {w} × {h} and this model's images have the proportions {width} : {height}"
        effect = f"the middle {middle.width:.0f} × {middle.height:.0f} are kept; if off, the whole picture "
        effect += "gets a border" if pads else "is squeezed"
        chain.step("crop", why, effect, lambda: middle.cut(chain.pixels), automatic=preparation.fit == "crop")
    if chain.pixels.shape[:2] != (height, width):

        def do() -> UInt8[np.ndarray, "h w c"]:
            return (
                framed(chain.pixels, height, width, 1, preparation.border)
                if pads
                else resized(chain.pixels, height, width)
            )

        why = f"This model's images have {preparation.image_shape}"
        chain.step("fit", why, "the picture is resized to that", do, fixed=True)


def _fit_figure(
    chain: _Chain, preparation: Preparation, here: Found, *, dark: bool, given: bool
) -> tuple[tuple[Frame, ...], str]:
    """The figure alone, on the background that the training images have, as large and as central as theirs; the frames
    of what it could be, and the doubt. With a given frame there is nothing else to cut."""
    _, height, width = preparation.image_shape
    whole = (Frame.whole(chain.pixels),)
    fits, strokes = chain.pixels.shape[:2] == (height, width), preparation.box is not None
    best = here.best if strokes and not fits else None
    within, seen, known = _frame(chain, here, best, preparation, given=given) if best else (None, None, None)
    bright = _invert(chain, dark=dark, fits=fits, strokes=strokes, is_dark=best.is_dark if best else None)

    def bright_figure() -> UInt8[np.ndarray, "h w"]:
        return chain.grey if bright else 255 - chain.grey

    is_known = seen is not None and np.array_equal(seen, bright_figure())
    figure = find(bright_figure(), strokes=strokes, within=within, background=known if is_known else None)
    cropped = in_place = False
    fill = 0.0
    if figure.box is not None:
        if chain.pixels.shape[2] == 1:
            _level(chain, figure, bright_figure(), dark=dark, fits=fits)
        in_place = _in_place(figure.box, bright_figure(), preparation)
        fill = float(np.median(ring(bright_figure())))
        cropped = _crop(chain, figure.box, bright_figure().shape, fits=fits, in_place=in_place)
    if chain.pixels.shape[:2] != (height, width):
        thin = cropped and strokes and chain.pixels.shape[2] == 1
        _scale(chain, preparation, fill, bright_figure(), dark=bright, cropped=cropped, strokes=thin)
    if figure.box is not None and strokes:
        why = "In this model's images the figure's centre of mass is in the middle"
        chain.step(
            "centre", why, "it is moved there", lambda: centred(chain.pixels, bright_figure()), automatic=cropped
        )
    if fits or in_place:
        return whole, ""
    if strokes:
        return here.frames or whole, here.doubt
    return (whole if figure.box is None else (framing(figure.box),)), ""


def _frame(
    chain: _Chain, here: Found, best: Figure, preparation: Preparation, *, given: bool
) -> tuple[Box | None, UInt8[np.ndarray, "h w"], Float32[np.ndarray, "h w"]]:
    """The best one's box, and the level and background that it was seen with. Where there is more in the picture, it
    is cut to the best one's frame first; where that is off, there is no box."""
    level = 255 - chain.grey if best.is_dark else chain.grey
    whole = find(level, strokes=True)
    box: Box | None = best.box
    in_place = whole.box is not None and _in_place(whole.box, level, preparation)
    is_plain = best.is_open and (float(np.median(ring(chain.grey))) > best.middle) == best.is_dark
    if whole.box and is_same(best.box, whole.box, 0.5 if in_place else SAME) and (is_plain or in_place):
        box = around(best.box, whole.box)
    elif not given:
        frame, why = here.frames[0], "Around the figure there is more than its background"
        top, left = round(frame.top), round(frame.left)
        is_cut = chain.step("frame", why, "only its surroundings are looked at", lambda: frame.cut(chain.pixels))
        cut = Box(best.box.top - top, best.box.left - left, best.box.bottom - top, best.box.right - left)
        box = cut if is_cut else None
    return box, level, whole.background


def _invert(chain: _Chain, *, dark: bool, fits: bool, strokes: bool, is_dark: bool | None) -> bool:
    """Says whether the figure is bright after it. `is_dark`: whether it is dark before, where that is known."""
    if fits:  # strict, so that a training image whose figure touches the border passes as it is
        bright_share = float((ring(chain.grey) > 127).mean())
        opposite = bright_share > 0.9 if dark else bright_share < 0.1
    else:
        is_dark = darker_than_background(chain.grey, strokes=strokes) if is_dark is None else is_dark
        opposite = is_dark == dark
    model = "dark" if dark else "bright"
    why = f"The background is {model}, as in this model's images"
    if opposite:
        why = f"The background is {'bright' if dark else 'dark'} and this model's images have a {model} one"
    coloured = chain.pixels.shape[2] == 3  # a negative of a colour picture is nothing that anybody meant
    automatic = opposite and not coloured
    done = chain.step("invert", why, "black and white are swapped", lambda: 255 - chain.pixels, automatic=automatic)
    return dark if not coloured or done == opposite else not dark


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


def _crop(chain: _Chain, box: Box, size: tuple[int, ...], *, fits: bool, in_place: bool) -> bool:
    h, w = size
    why = f"The figure is {box.right - box.left} × {box.bottom - box.top} of the picture's {w} × {h} pixels"
    if in_place:
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
