"""Any file or bytes become a picture, or one sentence."""

import io
import os
import struct
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from vae_explorer.data.codecs import decoding
from vae_explorer.data.codecs.decoding import FORMATS, KEPT_PIXELS
from vae_explorer.data.picture import KNOWN_SUFFIXES, Picture, PictureError, layers, read
from vae_explorer.data.reading import Reading
from vae_explorer.export.picture import png

Y, X = np.mgrid[:40, :56]
GREY = np.rint(127.5 + 127.5 * np.sin(X / 9) * np.cos(Y / 7)).astype(np.uint8)
COLOUR = np.stack([GREY, np.roll(GREY, 9, 1), 255 - GREY], -1)


def encoded(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def pixels(image: Image.Image, form: str = "PNG", **options: object) -> np.ndarray:
    return read(encoded(image, form, **options)).pixels.astype(int)


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF"])
@pytest.mark.parametrize("source", [GREY, COLOUR], ids=["grey", "colour"])
def test_a_lossless_file_gives_its_pixels_exactly(form, source):
    picture = read(encoded(Image.fromarray(source), form), "a.file")
    assert np.array_equal(picture.pixels, source.reshape(40, 56, -1))
    assert (picture.width, picture.height, picture.format, picture.name) == (56, 40, form, "a.file")


@pytest.mark.parametrize("form", ["JPEG", "WEBP"])
def test_a_lossy_file_is_near(form):
    assert np.abs(pixels(Image.fromarray(COLOUR), form, quality=98) - COLOUR).mean() < 2


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_not_clipped(form):
    assert np.array_equal(pixels(Image.fromarray(GREY.astype(np.uint16) * 257), form)[..., 0], GREY)


@pytest.mark.parametrize("white", [255, 65535, 255 * 65536])
def test_whole_numbers_of_32_bits_are_scaled(white):
    deep = Image.fromarray((GREY.astype(np.int64) * white // 255).astype(np.int32))
    assert np.abs(pixels(deep, "TIFF")[..., 0] - GREY).max() <= 1


@pytest.mark.parametrize("white", [1.0, 255.0, 65535.0])
def test_floats_are_scaled(white):
    assert np.array_equal(pixels(Image.fromarray((GREY / 255 * white).astype(np.float32)), "TIFF")[..., 0], GREY)


def test_signed_and_broken_numbers_keep_their_order():
    values = (GREY.astype(np.float32) - 128) * 1e6
    got = pixels(Image.fromarray(values), "TIFF")[..., 0]
    assert np.abs(got - GREY).max() <= 1
    values[0, 0], values[0, 1] = np.nan, np.inf
    assert np.abs(pixels(Image.fromarray(values), "TIFF")[1:, :, 0] - GREY[1:]).max() <= 1


def test_one_bit_is_black_and_white():
    bits = GREY > 127
    assert np.array_equal(pixels(Image.fromarray(bits))[..., 0], bits * 255)


def test_a_palette_gives_its_colours():
    colours = np.array([[0, 0, 0], [255, 0, 10], [3, 200, 30], [255, 255, 255]], np.uint8)
    image = Image.fromarray((GREY // 64).astype(np.uint8))
    image.putpalette(colours.tobytes())
    for form in ("PNG", "GIF"):
        assert np.array_equal(pixels(image, form), colours[GREY // 64])


@pytest.mark.parametrize("mode", ["LA", "RGBA", "palette", "16 bit"])
@pytest.mark.parametrize(("ink", "background"), [(250, 0), (20, 255)], ids=["white ink", "black ink"])
def test_what_is_transparent_becomes_the_background_that_the_ink_stands_out_from(mode, ink, background):
    visible = GREY > 160
    hidden = 200 if ink == 20 else 90  # the colour under a transparent pixel, which nobody may see
    level = np.where(visible, ink, hidden).astype(np.uint8)
    image = Image.fromarray(np.stack([level, (visible * 255).astype(np.uint8)], -1), "LA")
    options = {}
    if mode == "RGBA":
        image = image.convert("RGBA")
    elif mode == "palette":
        image = Image.fromarray(level).convert("P")
        options = {"transparency": hidden}
    elif mode == "16 bit":
        image = Image.fromarray(level.astype(np.uint16) * 257)
        options = {"transparency": hidden * 257}
    assert np.array_equal(pixels(image, "PNG", **options)[..., 0], np.where(visible, ink, background))


def test_half_transparent_ink_is_mixed_with_the_background():
    image = Image.fromarray(np.full((9, 9, 4), (255, 255, 255, 128), np.uint8))
    assert set(pixels(image).ravel()) == {128}


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_cmyk_becomes_colours(form):
    smooth = np.stack([GREY, 255 - GREY, GREY // 2], -1)
    assert np.abs(pixels(Image.fromarray(smooth).convert("CMYK"), form, quality=98) - smooth).mean() < 2


@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_stands_upright(form, orientation):
    stored = {
        1: GREY,
        2: GREY[:, ::-1],
        3: GREY[::-1, ::-1],
        4: GREY[::-1],
        5: GREY.T,
        6: np.rot90(GREY),
        7: GREY[::-1, ::-1].T,
        8: np.rot90(GREY, -1),
    }[orientation]  # as the camera wrote it
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"exif": exif} | ({"lossless": True} if form == "WEBP" else {"quality": 98} if form == "JPEG" else {})
    picture = read(encoded(Image.fromarray(np.ascontiguousarray(stored)), form, **options))
    assert np.abs(picture.pixels[..., 0].astype(int) - GREY).mean() < 2
    assert picture.file_size == (56, 40)


def test_bad_exif_does_not_spoil_a_picture():
    assert np.array_equal(pixels(Image.fromarray(GREY), exif=b"Exif\0\0II*\0\xff\xff\xff\xff")[..., 0], GREY)


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP", "TIFF"])
def test_the_first_frame_of_several_is_read(form):
    frames = [Image.fromarray(GREY), Image.fromarray(255 - GREY)]
    options = {"lossless": True} if form == "WEBP" else {}
    got = pixels(frames[0], form, save_all=True, append_images=frames[1:], **options)
    assert np.abs(got[..., 0] - GREY).max() <= 1


def test_a_large_picture_is_reduced_and_a_small_one_is_not():
    wide = Image.fromarray(GREY).resize((4000, 3000), Image.Resampling.BICUBIC)
    for form in ("PNG", "JPEG"):
        picture = read(encoded(wide, form))
        assert 1000 <= picture.width <= 2048
        assert picture.width * picture.height <= KEPT_PIXELS
        assert picture.file_size == (4000, 3000)
        small = np.asarray(Image.fromarray(picture.pixels[..., 0]).resize((56, 40), Image.Resampling.BOX))
        assert np.abs(small.astype(int) - GREY).mean() < 2
    assert read(png(np.zeros((5000, 8, 1), np.uint8))).pixels.shape == (5000, 8, 1)


def bomb(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 99)), (b"IEND", b"")]
    parts = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("side", [8500, 10_000, 60_000])
def test_too_many_pixels_are_refused_before_they_are_decoded(side):
    with pytest.raises(PictureError, match=r"huge\.png .*at most 64 million"):
        read(bomb(side, side), "huge.png")


def test_too_many_bytes_are_refused(tmp_path):
    path = tmp_path / "huge.png"
    with path.open("wb") as file:
        file.truncate((256 << 20) + 1)  # a hole: no disk is used
    with pytest.raises(PictureError, match=r"huge\.png is larger than 256 MB"):
        read(path)


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_that_is_cut_off_gives_a_sentence(form):
    whole = encoded(Image.fromarray(COLOUR).resize((300, 300)), form)
    for length in (12, len(whole) // 3, len(whole) * 2 // 3):
        with pytest.raises(PictureError, match=r"^half\.img is .*damaged"):
            read(whole[:length], "half.img")


def test_other_files_are_refused_with_a_sentence(tmp_path):
    for name, content in {"a.png": b"", "b.svg": b"<svg/>", "c.pdf": b"%PDF-1.4", "d.ppm": b"P6 1 1 255 ab"}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(PictureError, match=name.replace(".", r"\.")):
            read(tmp_path / name)


@pytest.mark.skipif(os.name == "nt", reason="no pipes and links of this kind")
@pytest.mark.timeout(20)
def test_only_regular_files_are_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    (tmp_path / "loop.png").symlink_to("loop.png")
    (tmp_path / "dangling.png").symlink_to("nowhere.png")
    names = ("pipe.png", "folder.png", "zero.png", "loop.png", "dangling.png", "never was.png")
    for name in names:
        with pytest.raises(PictureError, match=f"^{name}".replace(".", r"\.")) as caught:
            read(tmp_path / name)
        assert "\n" not in str(caught.value)
    for name in ("x" * 300 + ".png", "null\0byte.png"):
        with pytest.raises(PictureError, match=r"^(x{100,}…x+|null.byte)\.png cannot be read: "):
            read(tmp_path / name)


@pytest.mark.skipif(os.name == "nt", reason="names are always Unicode there")
def test_a_name_that_is_not_utf8_can_be_shown(tmp_path):
    path = tmp_path / os.fsdecode(b"caf\xe9.png")
    path.write_bytes(png(COLOUR))
    assert read(path).name == "caf\ufffd.png"


def test_many_threads_read_the_same():
    contents = [encoded(Image.fromarray(COLOUR), form, **o) for form, o in (("PNG", {}), ("GIF", {}), ("TIFF", {}))]
    expected = [read(content).pixels for content in contents]
    before = set(threading.enumerate())
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda i: read(contents[i % 3]).pixels, range(120)))
    assert all(np.array_equal(answer, expected[i % 3]) for i, answer in enumerate(answers))
    assert set(threading.enumerate()) <= before


SEEDS = [
    encoded(Image.fromarray(COLOUR[:16, :16]), "PNG"),
    encoded(Image.fromarray(COLOUR[:16, :16]), "JPEG"),
    encoded(Image.fromarray(COLOUR[:16, :16]).convert("P"), "GIF", transparency=3),
    encoded(Image.fromarray(COLOUR[:16, :16]), "BMP"),
    encoded(Image.fromarray(COLOUR[:16, :16]), "WEBP"),
    encoded(Image.fromarray(COLOUR[:16, :16]), "TIFF", compression="tiff_lzw"),
    encoded(Image.fromarray(GREY.astype(np.uint16)), "TIFF"),
]


def picture_or_sentence(content: bytes) -> None:
    try:
        picture: Picture | str = read(content, "x")
    except PictureError as error:
        picture = str(error)
    if isinstance(picture, str):
        assert picture.startswith("x ")
        assert "\n" not in picture
    else:
        assert picture.pixels.dtype == np.uint8
        assert picture.pixels.shape[2] in (1, 3)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"", *(seed[:16] for seed in SEEDS)]))
def test_random_bytes_give_a_picture_or_a_sentence(noise, magic):
    picture_or_sentence(magic + noise)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_mutated_file_gives_a_picture_or_a_sentence(data):
    content = bytearray(data.draw(st.sampled_from(SEEDS)))
    spots = st.tuples(st.integers(0, min(len(content), 120) - 1), st.integers(0, 255))
    for at, value in data.draw(st.lists(spots, min_size=1, max_size=6)):
        content[at] = value
    picture_or_sentence(bytes(content))


def test_the_suffixes_are_lower_case_and_have_their_dot():
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in KNOWN_SUFFIXES)
    assert {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff"} <= KNOWN_SUFFIXES


def test_the_layers_of_a_set_are_read_with_one_background_and_one_range():
    ink = np.dstack([np.full((9, 9), 250, np.uint8), np.eye(9, dtype=np.uint8) * 255])
    layers_ = layers(encoded(Image.fromarray(ink, "LA")), "ink.png")
    assert (layers_.alpha == ink[..., 1]).all()
    assert np.allclose(layers_.ink(), (9 * 250 / 255, 9))
    for background, behind in (("auto", 0), ("black", 0), ("white", 255)):
        got = layers_.picture(Reading(background=background)).pixels[..., 0]
        assert np.array_equal(got, np.where(np.eye(9), 250, behind))
    deep = layers(encoded(Image.fromarray(GREY.astype(np.uint16) * 16), "TIFF"), "deep.tif")
    assert (deep.white, deep.alpha, deep.values.max()) == (65535, None, 4080)
    assert np.array_equal(deep.picture(Reading(black=0, white=4080)).pixels[..., 0], GREY)


def test_an_opaque_picture_has_no_alpha_and_values_of_eight_bits():
    opaque = layers(encoded(Image.fromarray(COLOUR).convert("RGBA")), "it.png")
    assert opaque.alpha is None
    assert opaque.white == 255
    assert np.array_equal(opaque.values, COLOUR)


def test_large_pictures_are_decoded_one_after_another_in_whatever_thread(monkeypatch):
    file = io.BytesIO()
    Image.fromarray(np.zeros((8, 8), np.uint8)).convert("P").save(file, "PNG")
    both, of_image = threading.Barrier(2), decoding._of_image

    def met(*arguments):
        with suppress(threading.BrokenBarrierError):
            both.wait(0.2)
        return of_image(*arguments)

    monkeypatch.setattr(decoding, "_of_image", met)
    for most, met_each_other in ((0, False), (1000, True)):
        both.reset()
        monkeypatch.setattr(decoding, "LARGE", most)
        with ThreadPoolExecutor(2) as pool:
            assert all(one.width == 8 for one in pool.map(read, [file.getvalue()] * 2))
        assert both.broken is not met_each_other
