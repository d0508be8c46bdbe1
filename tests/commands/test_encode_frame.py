"""encode --frame: the part of a picture that is meant, in the pixels of its file."""

import numpy as np
import pytest
from PIL import Image

from vae_explorer.data import bundled


@pytest.fixture
def figures():
    """Two of the test images, uint8 [2, 28, 28]."""
    return bundled.tests_of("mnist").images[:2, 0]


@pytest.fixture
def photo(figures, tmp_path):
    """Black, 320 × 160: both figures, four pixels for each of theirs."""
    pixels = np.zeros((160, 320), np.uint8)
    for figure, left in zip(figures, (20, 180), strict=True):
        pixels[20:132, left : left + 112] = figure.repeat(4, 0).repeat(4, 1)
    path = tmp_path / "two.png"
    Image.fromarray(pixels).save(path)
    return path


def test_what_was_found_and_the_doubt_are_printed(call, tiny_model, photo):
    (result,) = call("encode", tiny_model, photo, "--json").json["images"]
    assert len(result["candidates"]) == 2
    assert result["frame"] == result["candidates"][0]
    assert result["frame_doubt"].startswith("Two figures were found")
    text = call("encode", tiny_model, photo).out
    assert result["frame_doubt"] in text
    assert "of the test images have a lower ELBO" not in text  # of what may not be meant


def test_a_frame_is_what_is_encoded(call, tiny_model, photo, figures, tmp_path):
    alone = tmp_path / "alone.png"
    for figure, left in zip(figures, (20, 180), strict=True):
        Image.fromarray(figure).save(alone)
        (frame,) = call("encode", tiny_model, photo, "--frame", f"{left},20,112,112", "--json").json["images"]
        (wanted,) = call("encode", tiny_model, alone, "--json").json["images"]
        assert frame["mu"] == pytest.approx(wanted["mu"], abs=1e-5)
        assert frame["frame"] == {"left": left, "top": 20, "width": 112, "height": 112, "turns": 0}
        assert frame["frame_doubt"] == ""


def test_it_is_turned_clockwise_before_anything_else(call, tiny_model, photo, figures, tmp_path):
    turned = tmp_path / "turned.png"
    Image.fromarray(np.rot90(figures[0], -1)).save(turned)
    (frame,) = call("encode", tiny_model, photo, "--frame", "20,20,112,112,1", "--json").json["images"]
    (wanted,) = call("encode", tiny_model, turned, "--json").json["images"]
    assert frame["mu"] == pytest.approx(wanted["mu"], abs=1e-5)


def test_the_pixels_are_those_of_the_file_where_the_picture_is_reduced(call, tiny_model, photo, tmp_path):
    large = tmp_path / "large.png"
    Image.open(photo).resize((3200, 1600), Image.Resampling.NEAREST).save(large)
    (result,) = call("encode", tiny_model, large, "--frame", "1800,200,1120,1120", "--json").json["images"]
    assert result["frame"] == pytest.approx({"left": 1800, "top": 200, "width": 1120, "height": 1120, "turns": 0})
    assert all(one["left"] + one["width"] <= 3200 for one in result["candidates"])
    assert max(one["left"] + one["width"] for one in result["candidates"]) > 2400


NO_FRAMES = [
    "",
    "1,2,3",
    "1,2,3,4,5",
    "1,2,3,4,1,1",
    "a,b,c,d",
    "-1,0,5,5",
    "nan,0,1,1",
    "1e9,0,1,1",
    f"0,0,{'9' * 400},9",
]


@pytest.mark.parametrize("frame", NO_FRAMES)
def test_a_frame_that_is_none_is_refused(call, tiny_model, photo, frame):
    answer = call("encode", tiny_model, photo, f"--frame={frame}")
    assert answer.code == 2
    assert answer.sentence.startswith("--frame must be LEFT,TOP,WIDTH,HEIGHT in pixels of the picture")


@pytest.mark.parametrize("frame", ["320,0,10,10", "0,160,10,10", "0,0,0,10"])
def test_a_frame_that_has_nothing_of_the_picture_in_it_is_refused(call, tiny_model, photo, frame):
    answer = call("encode", tiny_model, photo, "--frame", frame)
    assert (answer.code, answer.sentence) == (
        1,
        f"the frame {frame} has nothing of two.png in it, which has 320 × 160 pixels",
    )


def test_a_frame_is_of_one_picture(call, tiny_model, photo):
    answer = call("encode", tiny_model, photo, photo, "--frame", "0,0,9,9")
    assert (answer.code, answer.sentence) == (
        2,
        "--frame is of one image, and several were given: encode them one by one",
    )


def test_a_photo_that_lies_on_its_side_is_in_doubt_and_says_which_turn_is_likelier(call, tmp_path):
    five = bundled.tests_of("mnist").images[8, 0]
    paper = np.full((400, 400), 230, np.uint8)
    paper[60:340, 60:340] -= (five.repeat(10, 0).repeat(10, 1) * 0.8).astype(np.uint8)
    doubts = []
    for turns in (0, 1):
        Image.fromarray(np.rot90(paper, turns)).save(tmp_path / "five.png")
        (result,) = call("encode", "mnist", tmp_path / "five.png", "--json").json["images"]
        doubts.append(result["frame_doubt"])
    assert doubts[0] == ""
    assert doubts[1].startswith("The frame may be wrong: turned by 90° the figure is likelier by ")
    (framed,) = call("encode", "mnist", tmp_path / "five.png", "--frame", "0,0,400,400,1", "--json").json["images"]
    assert framed["frame_doubt"] == ""  # somebody has looked
