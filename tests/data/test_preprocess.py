"""A picture becomes x: the same whatever the file, byte for byte where it fits, else like a training image."""

import io
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageDraw, ImageFilter
from pydantic import ValidationError

from vae_explorer.data import bundled
from vae_explorer.data.picture import Picture, read
from vae_explorer.data.preprocess import Preparation, Prepared, binarise, prepare, to_x
from vae_explorer.export.picture import png

DIGITS = Preparation(image_shape=(1, 28, 28), dark_background=True, box=20 / 28, binarise="draw")
CLOTHES = Preparation(image_shape=(1, 28, 28), dark_background=True)
PHOTOGRAPHS = Preparation(image_shape=(3, 32, 32))
STROKES = ((0.2, 0.1), (0.75, 0.1), (0.35, 0.5), (0.7, 0.65), (0.6, 0.9), (0.2, 0.85))  # a 3 with an angle


def drawn(width: int, height: int, box: tuple[float, float, float, float], pen: int, points=STROKES) -> np.ndarray:
    """Ink between 0 and 1; the figure's points lie in the box (left, top, right, bottom)."""
    image = Image.new("L", (width, height))
    left, top, right, bottom = box
    path = [(left + x * (right - left), top + y * (bottom - top)) for x, y in points]
    ImageDraw.Draw(image).line(path, fill=255, width=pen, joint="curve")
    return np.asarray(image.filter(ImageFilter.GaussianBlur(pen / 12))) / 255


def digit_set(n: int = 60) -> np.ndarray:
    """Images made as MNIST was: the longer side 20 pixels, the centre of mass at pixel (14, 14)."""
    generator = np.random.default_rng(5)
    images = np.zeros((n, 1, 28, 28), np.uint8)
    for i in range(n):
        points = [(x * generator.uniform(0.5, 1), y) for x, y in generator.uniform(0, 1, (6, 2))]
        ink = Image.fromarray((drawn(400, 400, (60, 60, 340, 340), 30, points) * 255).astype(np.uint8))
        ink = ink.crop(ink.getbbox())
        scale = 20 / max(ink.size)
        small = np.asarray(ink.resize([max(1, round(side * scale)) for side in ink.size], Image.Resampling.BOX))
        h, w = small.shape
        y = 14 - round(float((small.sum(1) * np.arange(h)).sum() / small.sum()))
        x = 14 - round(float((small.sum(0) * np.arange(w)).sum() / small.sum()))
        y, x = min(max(y, 0), 28 - h), min(max(x, 0), 28 - w)
        images[i, 0, y : y + h, x : x + w] = small
    return images


def photo(ink: np.ndarray, seed: int = 0, noise: float = 5) -> Picture:
    """Blue ink on paper that a lamp lights from one side, as a JPEG."""
    generator = np.random.default_rng(seed)
    h, w = ink.shape
    y, x = np.mgrid[:h, :w] / np.array([h, w])[:, None, None]
    light = 1 - 0.45 * (0.7 * x + 0.3 * y) - 0.2 * ((x - 0.5) ** 2 + (y - 0.5) ** 2)
    paper, pen = np.array([238, 233, 220]), np.array([35, 45, 110])
    colour = (paper * (1 - ink[..., None]) + pen * ink[..., None]) * light[..., None]
    colour += generator.normal(0, noise, colour.shape)
    file = io.BytesIO()
    Image.fromarray(colour.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=85)
    return read(file.getvalue(), "photo.jpg")


def picture(pixels: np.ndarray) -> Picture:
    return read(png(pixels if pixels.ndim == 3 else pixels[..., None]))


def on(prepared: Prepared) -> list[str]:
    return [step.name for step in prepared.steps if step.on]


# ---- what is measured from the training images


def test_a_preparation_is_measured_from_centred_figures():
    images = digit_set()
    assert Preparation.of(images, "bernoulli") == DIGITS
    bright = Preparation.of(255 - images, "gaussian")
    assert (bright.dark_background, bright.box, bright.binarise) == (False, 20 / 28, None)


def test_figures_that_fill_the_frame_have_no_box():
    images = np.zeros((40, 1, 28, 28), np.uint8)
    images[:, :, 0:28, 6:22] = np.random.default_rng(0).integers(60, 255, (40, 1, 28, 16))
    assert Preparation.of(images, "gaussian") == CLOTHES


def test_figures_anywhere_in_the_frame_have_no_box():
    images = np.zeros((60, 1, 32, 32), np.uint8)
    for i, (y, x) in enumerate(np.random.default_rng(0).integers(1, 24, (60, 2))):
        images[i, 0, y : y + 7, x : x + 7] = 255
    assert Preparation.of(images, "gaussian") == Preparation(image_shape=(1, 32, 32), dark_background=True)


def test_photographs_have_no_plain_background():
    generator = np.random.default_rng(0)
    coarse = generator.integers(0, 256, (50, 3, 4, 4), dtype=np.uint8)
    assert Preparation.of(coarse.repeat(8, 2).repeat(8, 3), "gaussian") == PHOTOGRAPHS
    assert Preparation.of(np.zeros((0, 3, 32, 32), np.uint8), "gaussian") == PHOTOGRAPHS


def test_a_preparation_survives_json_and_refuses_what_cannot_be():
    assert Preparation.model_validate_json(DIGITS.model_dump_json()) == DIGITS
    for wrong in (
        {"image_shape": (2, 28, 28)},
        {"image_shape": (1, 7, 28)},
        {"box": 0.0},
        {"box": float("nan")},
        {"a": 1},
    ):
        with pytest.raises(ValidationError):
            Preparation.model_validate({"image_shape": (1, 28, 28)} | wrong)


# ---- what fits


def test_an_image_that_fits_passes_byte_for_byte():
    for preparation in (DIGITS, CLOTHES):
        for image in digit_set(20):
            prepared = prepare(picture(image[0]), preparation)
            assert np.array_equal(prepared.grey, image)
            assert not set(on(prepared)) - {"binarise"}


def test_a_training_image_whose_figure_touches_the_border_passes_too():
    image = np.full((28, 28), 210, np.uint8)
    image[:3, :12] = image[-9:, -12:] = 0
    assert np.array_equal(prepare(picture(image), CLOTHES).grey[0], image)


def test_a_grey_image_saved_in_colour_passes_byte_for_byte():
    image = digit_set(1)[0, 0]
    assert np.array_equal(prepare(picture(image[..., None].repeat(3, 2)), DIGITS).grey[0], image)


def test_a_photograph_of_the_right_size_passes_byte_for_byte():
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    prepared = prepare(picture(image), PHOTOGRAPHS)
    assert np.array_equal(prepared.grey, image.transpose(2, 0, 1))
    assert np.array_equal(prepared.x, prepared.grey / np.float32(255))
    assert not prepared.steps


def test_black_on_white_of_the_right_size_is_only_inverted():
    image = digit_set(1)[0, 0]
    prepared = prepare(picture(255 - image), DIGITS)
    assert np.array_equal(prepared.grey[0], image)
    assert on(prepared) == ["invert", "binarise"]


def test_an_enlarged_training_image_comes_back_exactly():
    for image in digit_set(10)[:, 0]:
        prepared = prepare(picture(image.repeat(10, 0).repeat(10, 1)), DIGITS)
        assert np.array_equal(prepared.grey[0], image)


# ---- the same picture in any file


SMOOTH = (drawn(300, 220, (90, 30, 220, 190), 26) * 255).round().astype(np.uint8)


def saved(kind: str) -> bytes:
    """The smooth picture, white on black, in one kind of file."""
    image, form, options = Image.fromarray(SMOOTH), "PNG", {}
    if kind == "16 bit":
        image = Image.fromarray(SMOOTH.astype(np.uint16) * 257)
    elif kind == "32 bit":
        image, form = Image.fromarray(SMOOTH.astype(np.int32) * 65536), "TIFF"
    elif kind == "float":
        image, form = Image.fromarray((SMOOTH / 255).astype(np.float32)), "TIFF"
    elif kind == "palette":
        image = image.convert("P")
    elif kind == "palette + transparency":
        image, options = image.convert("P"), {"transparency": 0}
    elif kind in ("LA", "RGBA"):
        white = np.full_like(SMOOTH, 255)
        image = Image.fromarray(np.stack([white] * (1 if kind == "LA" else 3) + [SMOOTH], -1))
    elif kind == "CMYK":
        image, form, options = image.convert("RGB").convert("CMYK"), "JPEG", {"quality": 95}
    elif kind.startswith("EXIF"):
        orientation = int(kind[-1])
        exif = Image.Exif()
        exif[0x0112] = orientation
        undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the transposition that the viewer's turn undoes
        image = image if orientation == 1 else image.transpose(Image.Transpose(undo[orientation]))
        form, options = "JPEG", {"quality": 95, "exif": exif}
    elif kind == "animated GIF":
        form, options = "GIF", {"save_all": True, "append_images": [Image.new("L", image.size, 99)]}
    else:
        form, options = kind, {"quality": 95}
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


KINDS = ["16 bit", "32 bit", "float", "palette", "palette + transparency", "LA", "RGBA", "CMYK", "animated GIF"]
KINDS += ["JPEG", "WEBP", "BMP", "TIFF", "GIF", *(f"EXIF {orientation}" for orientation in range(1, 9))]


@pytest.mark.parametrize("preparation", [DIGITS, CLOTHES, PHOTOGRAPHS], ids=["digits", "clothes", "photographs"])
@pytest.mark.parametrize("kind", KINDS)
def test_any_file_of_a_picture_gives_the_same_x(kind, preparation):
    plain = prepare(picture(SMOOTH), preparation).grey.astype(int)
    assert np.abs(prepare(read(saved(kind)), preparation).grey - plain).mean() < 2


def test_one_bit_gives_what_black_and_white_levels_give():
    bits = SMOOTH > 127
    file = io.BytesIO()
    Image.fromarray(bits).save(file, "PNG")
    plain = prepare(picture((bits * 255).astype(np.uint8)), DIGITS)
    assert np.array_equal(prepare(read(file.getvalue()), DIGITS).grey, plain.grey)


# ---- photos


def ink_box(grey: np.ndarray) -> tuple[int, int]:
    rows, columns = np.flatnonzero((grey > 64).any(1)), np.flatnonzero((grey > 64).any(0))
    return int(rows[-1] - rows[0] + 1), int(columns[-1] - columns[0] + 1)


def centre_of_mass(grey: np.ndarray) -> np.ndarray:
    return np.array([(grey.sum(1 - axis) * np.arange(28)).sum() / grey.sum() for axis in (0, 1)])


@pytest.mark.parametrize("place", [(560, 80, 900, 620), (90, 300, 330, 700), (600, 500, 700, 650)])
@pytest.mark.parametrize("pen", [14, 40])
def test_a_photo_of_a_digit_becomes_like_a_training_image(place, pen):
    if pen == 40 and place[2] - place[0] < 200:
        pen = 20
    prepared = prepare(photo(drawn(1024, 768, place, pen)), DIGITS)
    grey = prepared.grey[0]
    assert on(prepared) == ["grey", "invert", "levels", "crop", "scale", "centre", "binarise"]
    border = np.concatenate((grey[:3].ravel(), grey[-3:].ravel(), grey[:, :3].ravel(), grey[:, -3:].ravel()))
    assert not border.any()  # the paper is exactly black
    assert grey.max() >= 250
    assert max(ink_box(grey)) in (19, 20, 21)
    assert np.abs(centre_of_mass(grey.astype(float)) - 14).max() <= 0.6
    # and it is the digit: the same strokes drawn straight into the frame
    clean = prepare(picture((drawn(1024, 768, place, pen) * 255).astype(np.uint8)), DIGITS).grey[0]
    assert np.corrcoef(grey.ravel(), clean.ravel())[0, 1] > 0.93


def test_paper_becomes_exactly_black_and_ink_reaches_white():
    prepared = prepare(photo(drawn(640, 480, (200, 90, 420, 400), 24)), DIGITS)
    levels = next(step for step in prepared.steps if step.name == "levels").result[..., 0]
    away = drawn(640, 480, (200, 90, 420, 400), 60) == 0
    assert (levels[away] == 0).mean() > 0.9999
    assert levels.max() == 255


def test_chalk_on_a_board_is_not_inverted():
    ink = drawn(640, 480, (200, 90, 420, 400), 24)
    board = np.linspace(30, 70, 640)[None] * (1 - ink) + 220 * ink + np.random.default_rng(0).normal(0, 4, ink.shape)
    prepared = prepare(picture(board.clip(0, 255).astype(np.uint8)), DIGITS)
    assert on(prepared) == ["levels", "crop", "scale", "centre", "binarise"]
    assert max(ink_box(prepared.grey[0])) in (19, 20, 21)


RING = tuple((0.5 + 0.4 * np.cos(turn), 0.5 + 0.5 * np.sin(turn)) for turn in np.linspace(0, 2 * np.pi, 40))


@pytest.mark.parametrize(("points", "pen"), [(STROKES, 24), (RING, 9)], ids=["3", "thin 0"])
def test_the_shadow_of_a_hand_is_neither_ink_nor_background(points, pen):
    ink = drawn(640, 480, (250, 90, 470, 400), pen, points)
    shadow = np.where(np.arange(640) + np.arange(480)[:, None] / 3 < 400, 0.55, 1.0)
    shadow = np.asarray(Image.fromarray(shadow.astype(np.float32)).resize((64, 48)).resize((640, 480)))
    paper = (230 * (1 - ink) + 40 * ink) * shadow + np.random.default_rng(0).normal(0, 3, ink.shape)
    grey = prepare(picture(paper.clip(0, 255).astype(np.uint8)), DIGITS).grey[0]
    clean = prepare(picture((ink * 255).astype(np.uint8)), DIGITS).grey[0]
    assert np.corrcoef(grey.ravel(), clean.ravel())[0, 1] > 0.93


def test_specks_do_not_move_the_crop():
    ink = drawn(640, 480, (300, 90, 470, 400), 24)
    for y, x in ((20, 20), (450, 600), (240, 60)):
        ink[y : y + 4, x : x + 4] = 1
    assert max(ink_box(prepare(photo(ink), DIGITS).grey[0])) in (19, 20, 21)


def test_a_bright_background_is_kept_for_a_model_of_dark_figures():
    preparation = Preparation(image_shape=(1, 40, 30), dark_background=False, box=0.7)
    prepared = prepare(photo(drawn(640, 480, (250, 90, 420, 400), 24)), preparation)
    assert "invert" not in on(prepared)
    assert set(prepared.grey[0, :3].ravel()) == {255}
    assert prepared.grey.min() <= 5
    assert abs(ink_box(255 - prepared.grey[0])[0] - 28) <= 1


def test_a_photograph_keeps_its_middle_in_the_models_proportions():
    pixels = np.zeros((60, 200, 3), np.uint8)
    pixels[:, 70:130] = (200, 100, 50)
    prepared = prepare(picture(pixels), PHOTOGRAPHS)
    assert on(prepared) == ["crop", "fit"]
    assert (prepared.grey == np.array([200, 100, 50])[:, None, None]).all()
    squeezed = prepare(picture(pixels), PHOTOGRAPHS, {"crop": False})
    assert not squeezed.grey[:, :, :9].any()


def test_a_grey_picture_becomes_three_equal_channels():
    prepared = prepare(picture(SMOOTH), PHOTOGRAPHS)
    assert on(prepared)[0] == "colour"
    assert (prepared.grey == prepared.grey[:1]).all()


# ---- steps and switches


def test_each_step_shows_what_it_did_and_says_so():
    prepared = prepare(photo(drawn(1024, 768, (560, 80, 900, 620), 20)), DIGITS)
    assert prepared.steps[0].result.shape == (768, 1024, 1)
    assert np.array_equal(prepared.steps[-2].result[..., 0], prepared.grey[0])
    assert np.array_equal(prepared.steps[-1].result[..., 0], prepared.x[0] * 255)
    assert "The background is bright and this model's images have a dark one" in prepared.steps[1].sentence
    assert all(step.sentence.endswith(".") and step.automatic for step in prepared.steps)
    assert [step.name for step in prepared.steps if step.fixed] == ["grey", "scale"]


@pytest.mark.parametrize("name", ["invert", "levels", "crop", "centre", "binarise"])
def test_a_switch_overrides_the_automatic_choice(name):
    source = photo(drawn(640, 480, (300, 90, 470, 400), 24))
    step = {step.name: step for step in prepare(source, DIGITS).steps}[name]
    switched = {step.name: step for step in prepare(source, DIGITS, {name: not step.on}).steps}[name]
    assert (step.on, switched.on, switched.automatic) == (True, False, True)
    assert switched.sentence.endswith("by hand.")
    assert not np.array_equal(prepare(source, DIGITS, {name: False}).x, prepare(source, DIGITS).x)


@pytest.mark.parametrize("name", bundled.names())
def test_a_step_that_says_there_is_nothing_to_do_gives_the_same_x_on_and_off(name):
    tests = bundled.tests_of(name)
    preparation = Preparation.of(tests.images, "bernoulli")
    idle, busy = set(), set()
    for pixels in tests.images[:16]:
        source = picture(pixels[0])
        for step in prepare(source, preparation).steps:
            on, off = (prepare(source, preparation, {step.name: state}) for state in (True, False))
            says_nothing = "nothing to do" in step.sentence
            (idle if says_nothing else busy).add(step.name)
            if says_nothing:
                assert np.array_equal(on.x, off.x), step.sentence
            else:
                assert f"{'If on, ' if not step.on else ': '}" in step.sentence
    assert "levels" in idle
    assert {"invert", "crop"} <= busy


def test_a_step_that_would_change_x_says_so_while_it_is_off_and_what_it_did_when_it_is_on():
    def invert(switches):
        return {step.name: step for step in prepare(picture(digit_set(1)[0, 0]), DIGITS, switches).steps}["invert"]

    why = "The background is dark, as in this model's images"
    assert invert({}).sentence == f"{why}. If on, black and white are swapped."
    assert invert({"invert": True}).sentence == f"{why}: black and white are swapped. Switched on by hand."


def test_a_step_can_be_switched_on_where_the_image_fits():
    image = np.roll(digit_set(1)[0, 0], (3, -3), (0, 1))
    prepared = prepare(picture(image), DIGITS, {"centre": True})
    assert np.array_equal(prepared.grey[0], digit_set(1)[0, 0])


def test_fixed_steps_cannot_be_switched_off():
    source = photo(drawn(320, 240, (100, 30, 200, 200), 12))
    prepared = prepare(source, DIGITS, {"grey": False, "scale": False})
    assert np.array_equal(prepared.x, prepare(source, DIGITS).x)


def test_without_binarise_the_image_is_grey_and_says_that_it_is_no_likelihood():
    prepared = prepare(picture(SMOOTH), DIGITS, {"binarise": False})
    assert np.array_equal(prepared.x, prepared.grey / np.float32(255))
    assert "not a likelihood" in prepared.steps[-1].sentence


# ---- binarising


def test_a_pixel_is_drawn_white_as_often_as_its_grey_says():
    grey = np.repeat(np.array([0, 51, 128, 204, 255], np.uint8), 20_000).reshape(1, 5, -1)
    share = binarise(grey, "draw", 3).mean((0, 2))
    assert np.abs(share - np.array([0, 51, 128, 204, 255]) / 255).max() < 0.02
    assert share[0] == 0
    assert share[-1] == 1


def test_the_threshold_is_one_half():
    assert binarise(np.array([[[0, 127, 128, 255]]], np.uint8), "threshold").ravel().tolist() == [0, 0, 1, 1]


def test_an_image_has_one_x_alone_and_in_a_set():
    images = digit_set(12)
    together = to_x(images, DIGITS, seed=4)
    for i, image in enumerate(images):
        assert np.array_equal(together[i], prepare(picture(image[0]), DIGITS, binarise_seed=4).x)
        assert np.array_equal(together[i], to_x(images[i : i + 1], DIGITS, seed=4)[0])
    assert set(np.unique(together)) == {0, 1}
    assert not np.array_equal(together, to_x(images, DIGITS, seed=5))
    assert np.array_equal(to_x(images, CLOTHES), images / np.float32(255))
    with pytest.raises(ValueError, match="28 × 28"):
        to_x(images[..., :20], DIGITS)


# ---- anything at all


MODELS = [
    DIGITS,
    CLOTHES,
    PHOTOGRAPHS,
    Preparation(image_shape=(1, 8, 128), dark_background=False, box=0.5, binarise="threshold"),
    Preparation(image_shape=(3, 24, 17), dark_background=True, box=0.6),
    Preparation(image_shape=(1, 9, 31)),
]


def check(prepared: Prepared, preparation: Preparation) -> None:
    assert prepared.x.shape == prepared.grey.shape == preparation.image_shape
    assert prepared.x.dtype == np.float32
    assert prepared.x.min() >= 0
    assert prepared.x.max() <= 1
    names = [step.name for step in prepared.steps]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("preparation", MODELS, ids=lambda preparation: str(preparation.image_shape))
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (8, 5000), (5000, 8), (28, 28), (90, 60)], ids=str)
@pytest.mark.parametrize("level", [0, 130, 255])
def test_blank_and_odd_pictures_work(preparation, shape, level):
    check(prepare(picture(np.full(shape, level, np.uint8)), preparation), preparation)


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3]))),
    st.sampled_from(MODELS),
    st.dictionaries(st.sampled_from(["invert", "levels", "crop", "centre", "binarise"]), st.booleans()),
)
def test_any_pixels_with_any_switches_give_an_x(pixels, preparation, switches):
    source = Picture("x", pixels, "PNG", (pixels.shape[1], pixels.shape[0]))
    check(prepare(source, preparation, switches), preparation)


def test_scipy_comes_with_the_first_picture_and_not_with_the_import():
    code = (
        "import sys\n"
        "import numpy as np\n"
        "from vae_explorer.data import preprocess\n"
        "from vae_explorer.data.photo import foreground\n"
        "print('scipy' in sys.modules)\n"
        "foreground.find(np.eye(28, dtype=np.uint8) * 255, strokes=True)\n"
        "print('scipy.ndimage' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["False", "True"]
