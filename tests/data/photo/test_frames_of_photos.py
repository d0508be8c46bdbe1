"""A frame on the photo: what lies in it, and nothing else, becomes x."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from vae_explorer.data.photo.frame import Frame
from vae_explorer.data.picture import Picture
from vae_explorer.data.preprocess import Preparation, prepare

COLOUR = Preparation(image_shape=(3, 8, 8))
LARGE = st.floats(-1e300, 1e300)


def picture(pixels: np.ndarray) -> Picture:
    return Picture("photo", pixels, "PNG", (pixels.shape[1], pixels.shape[0]))


def numbered(height: int, width: int) -> np.ndarray:
    return np.arange(height * width * 3).reshape(height, width, 3).astype(np.uint8)


def test_a_frame_is_cut_and_then_turned_clockwise():
    pixels = numbered(20, 30)
    cut = pixels[3:11, 5:17]
    turned = [Frame(left=5, top=3, width=12, height=8, turns=turns).cut(pixels) for turns in range(4)]
    assert np.array_equal(turned[0], cut)
    assert np.array_equal(turned[1][0], cut[::-1, 0])  # its left side, from below, is on top
    assert np.array_equal(turned[2], cut[::-1, ::-1])
    assert np.array_equal(turned[3][0], cut[:, -1])


def test_a_given_frame_is_what_the_model_sees():
    pixels = numbered(20, 30)
    frame = Frame(left=5, top=3, width=8, height=8, turns=1)
    prepared = prepare(picture(pixels), COLOUR, frame=frame)
    assert np.array_equal(prepared.grey, np.rot90(pixels[3:11, 5:13], -1).transpose(2, 0, 1))
    assert (prepared.frame, prepared.doubt) == (frame, "")
    assert prepared.steps[0].sentence == "The frame was set by hand: the picture is cut to it and turned by 90°."


def test_a_frame_survives_json_and_refuses_what_cannot_be():
    frame = Frame(left=-1.5, top=0, width=3, height=4.25, turns=3)
    assert Frame.model_validate_json(frame.model_dump_json()) == frame
    for wrong in ({"width": 0}, {"height": -1}, {"turns": 4}, {"left": float("nan")}, {"width": float("inf")}):
        with pytest.raises(ValidationError):
            Frame.model_validate(frame.model_dump() | wrong)


@given(LARGE, LARGE, st.floats(1e-300, 1e300), st.floats(1e-300, 1e300), st.integers(0, 3))
def test_any_frame_has_a_pixel_of_the_picture(left, top, width, height, turns):
    cut = Frame(left=left, top=top, width=width, height=height, turns=turns).cut(numbered(7, 9))
    assert min(cut.shape[:2]) >= 1
    assert max(cut.shape[:2]) <= 9
