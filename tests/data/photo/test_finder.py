"""The figure of a photo is found by what it looks like, whatever else is in the picture, and doubt is said."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageDraw

from vae_explorer.data import bundled
from vae_explorer.data.photo.figures import MOST, figures
from vae_explorer.data.photo.finder import found
from vae_explorer.data.picture import Picture
from vae_explorer.data.preprocess import Preparation, Prepared, prepare
from vae_explorer.data.reading import Reading

DIGITS = Preparation(image_shape=(1, 28, 28), dark_background=True, box=20 / 28)
EMOJI = Preparation(image_shape=(3, 28, 28), dark_background=True, box=20 / 28)
TEST_IMAGES = bundled.tests_of("mnist").images[:12, 0]
WIDTH, HEIGHT = 640, 480


def picture(pixels: np.ndarray) -> Picture:
    pixels = pixels if pixels.ndim == 3 else pixels[..., None]
    return Picture("photo", pixels, "PNG", (pixels.shape[1], pixels.shape[0]))


def ink(image: np.ndarray, side: int) -> Image.Image:
    """A test image as a mask for a pen, its frame so many pixels wide."""
    return Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC).point(lambda v: 255 * (v > 100))


def scene(ground: int, *shapes: tuple[str, tuple[float, ...], int]) -> Image.Image:
    """Filled polygons and outlines on one level."""
    image = Image.new("L", (WIDTH, HEIGHT), ground)
    draw = ImageDraw.Draw(image)
    for kind, points, level in shapes:
        if kind == "polygon":
            draw.polygon(points, fill=level)
        else:
            draw.rectangle(points, outline=level, width=5)
    return image


def write(image: Image.Image, digit: np.ndarray, place: tuple[int, int], level: int, side: int = 200) -> Image.Image:
    image.paste(level, place, ink(digit, side))
    return image


def likeness(prepared: Prepared, digit: np.ndarray) -> float:
    """Pearson's correlation of x with a test image, in the best of all shifts by up to two pixels."""
    padded = np.pad(prepared.grey[0].astype(float), 2)
    shifted = [padded[i : i + 28, j : j + 28].ravel() for i in range(5) for j in range(5)]
    return max(np.corrcoef(one, digit.ravel())[0, 1] for one in shifted if one.std() > 0)


SHEET = (90, 60, 560, 90, 540, 430, 60, 400)
SCENES = {
    "a sheet on a black desk": (scene(20, ("polygon", SHEET, 225)), 40),
    "a sheet on a grey desk": (scene(110, ("polygon", SHEET, 235)), 60),
    "a sheet that the picture cuts": (scene(15, ("polygon", (120, -5, 700, -5, 700, 400, 100, 380), 230)), 40),
    "a box of a form": (scene(240, ("box", (150, 90, 420, 360), 20)), 30),
    "a black field in a white window": (scene(250, ("polygon", (160, 90, 430, 90, 430, 360, 160, 360), 0)), 255),
    "a white field in a dark window": (scene(35, ("polygon", (160, 90, 430, 90, 430, 360, 160, 360), 255)), 0),
    "black bars around the paper": (
        scene(0, ("polygon", (60, 50, 580, 50, 580, 430, 60, 430), 238)),
        40,
    ),
}


@pytest.mark.parametrize("name", SCENES)
def test_a_digit_is_found_on_its_surface(name):
    image, level = SCENES[name]
    for digit in TEST_IMAGES[::2]:
        prepared = prepare(picture(np.asarray(write(image.copy(), digit, (190, 125), level))), DIGITS)
        assert likeness(prepared, digit) > 0.75
        assert not prepared.doubt


def test_print_above_a_digit_is_not_the_figure():
    image = scene(240)
    draw = ImageDraw.Draw(image)
    for row in range(3):
        draw.text((40, 20 + 26 * row), "Write one digit into this field and sign it", fill=30, font_size=22)
    prepared = prepare(picture(np.asarray(write(image, TEST_IMAGES[0], (230, 180), 30))), DIGITS)
    assert likeness(prepared, TEST_IMAGES[0]) > 0.75


def test_of_two_figures_the_larger_is_taken_and_both_are_candidates():
    image = write(write(scene(240), TEST_IMAGES[0], (40, 120), 30, 260), TEST_IMAGES[1], (400, 200), 30, 180)
    source = picture(np.asarray(image))
    prepared = prepare(source, DIGITS)
    assert prepared.doubt == "Two figures were found; the frame is on the larger one."
    assert len(prepared.candidates) == 2
    assert prepared.frame == prepared.candidates[0]
    for frame, digit in zip(prepared.candidates, TEST_IMAGES, strict=False):
        chosen = prepare(source, DIGITS, frame=frame)
        assert likeness(chosen, digit) > 0.75
        assert (chosen.candidates, chosen.doubt) == (prepared.candidates, "")


def test_a_circle_around_a_digit_is_not_the_figure():
    image = scene(240)
    ImageDraw.Draw(image).ellipse((150, 60, 490, 400), outline=30, width=6)
    prepared = prepare(picture(np.asarray(write(image, TEST_IMAGES[0], (220, 130), 30))), DIGITS)
    assert likeness(prepared, TEST_IMAGES[0]) > 0.75


def test_where_nothing_is_drawn_the_frame_is_in_doubt():
    noise = np.random.default_rng(0).normal(128, 20, (HEIGHT, WIDTH)).clip(0, 255).astype(np.uint8)
    prepared = prepare(picture(noise), DIGITS)
    assert prepared.doubt == "The frame may be wrong: nothing in the picture looks drawn."


def test_an_image_that_fits_is_not_in_doubt_and_its_frame_is_all_of_it():
    prepared = prepare(picture(TEST_IMAGES[0]), DIGITS)
    assert (prepared.doubt, prepared.frame.width, prepared.frame.height) == ("", 28, 28)


def test_a_hand_can_have_the_whole_picture_back():
    source = picture(np.asarray(write(SCENES["a sheet on a black desk"][0].copy(), TEST_IMAGES[0], (190, 125), 40)))
    step = {step.name: step for step in prepare(source, DIGITS).steps}["frame"]
    assert (step.on, step.result.shape[:2] < (HEIGHT, WIDTH)) == (True, True)
    off = prepare(source, DIGITS, {"frame": False})
    assert not next(step for step in off.steps if step.name == "frame").on


@pytest.mark.parametrize("turns", range(4))
def test_a_frame_turns_a_photo_that_lies_on_its_side(turns):
    image = np.asarray(write(scene(240), TEST_IMAGES[0], (230, 120), 30))
    source = picture(np.ascontiguousarray(np.rot90(image, turns)))
    frame = prepare(source, DIGITS).frame.model_copy(update={"turns": turns})
    assert likeness(prepare(source, DIGITS, frame=frame), TEST_IMAGES[0]) > 0.75


# ---- colour


def coloured(ground: tuple[int, int, int], figure: tuple[int, int, int]) -> np.ndarray:
    image = Image.new("RGB", (120, 120), ground)
    image.paste(figure, (10, 10), ink(TEST_IMAGES[0], 100))
    return np.asarray(image)


@pytest.mark.parametrize("side", [28, 120])
@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize("ground", [(255, 255, 255), (0, 0, 0)], ids=["white", "black"])
def test_a_colour_picture_is_never_made_its_negative(ground, dark, side):
    pixels = np.asarray(Image.fromarray(coloured(ground, (200, 60, 20))).resize((side, side)))
    preparation = EMOJI.model_copy(update={"dark_background": dark})
    prepared = prepare(picture(pixels), preparation)
    assert not next(step for step in prepared.steps if step.name == "invert").on
    assert tuple(prepared.grey[:, 0, 0]) == ground
    red, green, blue = (prepared.grey[i].astype(int) for i in range(3))
    figure = np.abs(prepared.grey.astype(int) - np.array(ground)[:, None, None]).max(0) > 200 * 0.9 * (ground[0] == 0)
    assert figure.any()
    assert (red[figure] >= green[figure] - 2).all()
    assert (green[figure] >= blue[figure] - 2).all()


def test_a_colour_picture_is_made_its_negative_when_asked_for():
    source = picture(coloured((255, 255, 255), (200, 60, 20)))
    prepared = prepare(source, EMOJI, {"invert": True})
    assert tuple(prepared.grey[:, 0, 0]) == (0, 0, 0)


@pytest.mark.parametrize(("fit", "step"), [("crop", True), ("pad", False), ("stretch", False)])
def test_a_photograph_is_fitted_as_the_training_images_were(fit, step):
    pixels = np.zeros((60, 120, 3), np.uint8)
    pixels[:, :30] = 90
    pixels[:, 30:90] = 200
    preparation = Preparation(image_shape=(3, 32, 32), reading=Reading(size=32, fit=fit, background="white"))
    prepared = prepare(picture(pixels), preparation)
    assert next(one for one in prepared.steps if one.name == "crop").on is step
    expected = {"crop": (200, 200), "pad": (255, 90), "stretch": (90, 90)}[fit]
    assert (prepared.grey[0, 0, 0], prepared.grey[0, 16, 0]) == expected
    assert (prepared.frame.width, prepared.frame.height) == ((60, 60) if step else (120, 60))


# ---- anything at all


@settings(max_examples=60, deadline=None)
@given(arrays(np.uint8, st.tuples(st.integers(1, 60), st.integers(1, 60)), elements=st.sampled_from([0, 90, 255])))
def test_any_picture_has_figures_within_it_and_a_sentence(level):
    h, w = level.shape
    some = figures(level)
    assert len(some) <= MOST
    for figure in some:
        for box in (figure.box, figure.room):
            assert 0 <= box.top < box.bottom <= h
            assert 0 <= box.left < box.right <= w
    assert [figure.score for figure in some] == sorted((figure.score for figure in some), reverse=True)
    doubt = found(level).doubt
    assert doubt == "" or doubt.endswith(".")
