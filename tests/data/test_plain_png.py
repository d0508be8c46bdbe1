"""Plain PNG files have a way of their own, which is faster: nothing else may be different."""

import io
import struct
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from vae_explorer.data import picture
from vae_explorer.data.codecs import png

PIXELS = np.random.default_rng(3).integers(0, 256, (9, 7, 4), dtype=np.uint8)
MODES = {"L": PIXELS[..., 0], "RGB": PIXELS[..., :3], "LA": PIXELS[..., 2:], "RGBA": PIXELS}


def png_of(mode: str, **how) -> bytes:
    file = io.BytesIO()
    Image.fromarray(MODES[mode]).save(file, "PNG", **how)
    return file.getvalue()


def with_piece(kind: bytes, body: bytes, *, before: bytes = b"IDAT") -> bytes:
    content = png_of("RGB")
    at = content.find(before) - 4
    return content[:at] + struct.pack(">I", len(body)) + kind + body + crc32(kind + body).to_bytes(4) + content[at:]


def read_in_both_ways(content: bytes) -> tuple[object, object]:
    """What is known of the picture, or what is said of it: as it is read, and by `Image.open` alone."""

    def told() -> object:
        try:
            one = picture.layers(content, "a.png")
        except picture.PictureError as error:
            return str(error)
        alpha = None if one.alpha is None else one.alpha.tobytes()
        return one.values.tobytes(), one.values.shape, alpha, one.white, one.format, one.file_size, one.turned

    with pytest.MonkeyPatch.context() as patch:
        quick = told()
        patch.setattr(png, "plain", lambda *_: None)
        return quick, told()


def is_plain(content: bytes) -> bool:
    return png.plain(content, 1 << 20) is not None


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("how", [{}, {"optimize": True}, {"compress_level": 0}, {"dpi": (72, 72)}], ids=str)
def test_a_plain_one_is_read_as_any_other(mode, how):
    content = png_of(mode, **how)
    assert is_plain(content)
    quick, slow = read_in_both_ways(content)
    assert quick == slow
    assert quick[0] == np.ascontiguousarray(np.atleast_3d(MODES[mode])[..., : 1 if "L" in mode else 3]).tobytes()


def test_opaque_alpha_is_no_alpha():
    file = io.BytesIO()
    Image.fromarray(np.full((3, 4, 4), 255, np.uint8)).save(file, "PNG")
    assert picture.layers(file.getvalue()).alpha is None


@pytest.mark.parametrize(
    "content",
    [
        with_piece(b"tRNS", b"\0\7\0\7\0\7"),  # a colour that is transparent
        with_piece(b"sBIT", b"\5\5\5"),
        with_piece(b"eXIf", Image.Exif().tobytes()),
        with_piece(b"tEXt", b"exif\0MM"),  # Pillow takes a text by its name
        with_piece(b"tEXt", b"transparency\0red"),
        with_piece(b"tEXt", b"Comment\0" + b"a" * 2000),
        with_piece(b"acTL", b"\0\0\0\1\0\0\0\0"),
        with_piece(b"gAMA", b"\0"),
        with_piece(b"IDAT", b"", before=b"IEND")[:-12] + with_piece(b"tIME", b"1234567", before=b"IEND")[-31:],
        png_of("RGB")[:-14],
        png_of("RGB").replace(b"IEND", b"IDAT"),
        png_of("RGB")[:41] + b"\xff" + png_of("RGB")[42:],
        png_of("RGB")[:29] + b"\xff" + png_of("RGB")[30:],  # a wrong sum
    ],
)
def test_what_is_not_plain_is_left_to_pillow(content):
    quick, slow = read_in_both_ways(content)
    assert quick == slow


def test_texts_that_programs_leave_are_passed_over():
    text = PngImagePlugin.PngInfo()
    text.add_text("Software", "matplotlib")
    content = png_of("RGB", pnginfo=text)
    assert is_plain(content)
    quick, slow = read_in_both_ways(content)
    assert quick == slow
    turned = PngImagePlugin.PngInfo()
    turned.add_text("Raw profile type exif", "")
    assert not is_plain(png_of("RGB", pnginfo=turned))


@settings(max_examples=300)
@given(st.sampled_from(sorted(MODES)), st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=3))
def test_a_damaged_one_is_told_of_in_the_same_words(mode, changes):
    content = bytearray(png_of(mode))
    for at, value in changes:
        content[at % len(content)] = value
    quick, slow = read_in_both_ways(bytes(content))
    assert quick == slow


@settings(max_examples=100)
@given(st.sampled_from(sorted(MODES)), st.integers(0, 400))
def test_so_is_one_that_is_cut_off(mode, length):
    quick, slow = read_in_both_ways(png_of(mode)[:length])
    assert quick == slow
