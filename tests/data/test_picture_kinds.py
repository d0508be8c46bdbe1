"""Kinds of pictures that are easily read wrongly: pixel by pixel what their writer meant, or the true reason."""

import io
import struct
import sys
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, features
from tiff_files import tiff_file

from vae_explorer.core.progress import finish
from vae_explorer.data import files
from vae_explorer.data.codecs import bmp, decoding, pnm, tiff
from vae_explorer.data.container import DataError
from vae_explorer.data.picture import PictureError, frames, layers, read
from vae_explorer.data.reading import Reading

Y, X = np.mgrid[:24, :34]
GREY = np.rint(127.5 + 127.5 * np.sin(X / 5) * np.cos(Y / 4)).astype(np.uint8)
COLOUR = np.stack([GREY, np.roll(GREY, 9, 1), 255 - GREY], -1)
ALPHA = (X * 7).astype(np.uint8)


def levels(content: bytes, **reading: object) -> np.ndarray:
    return read(content, "it", Reading(**reading)).pixels


LAYOUTS = [
    *({"planes": planes, "packed": packed, "order": order} for planes in (0, 1) for packed in (1, 8) for order in "<>"),
    *({"planes": planes, "packed": 8, "tile": 16, "predictor": predictor} for planes in (0, 1) for predictor in (1, 2)),
    {"planes": 0, "packed": 1, "tile": 16},
    {"planes": 1, "packed": 8, "predictor": 2, "order": ">"},
]


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_tiff_of_8_or_16_bits_is_read_in_every_layout(dtype, channels, layout):
    scale = np.iinfo(dtype).max // 255
    values = COLOUR[..., :channels].astype(dtype) * dtype(scale)
    assert np.array_equal(levels(tiff_file(values, **layout)), COLOUR[..., :channels])


@pytest.mark.parametrize("planes", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_alpha_of_a_tiff_is_its_last_channel(dtype, channels, planes):
    scale = dtype(np.iinfo(dtype).max // 255)
    values = np.dstack([COLOUR[..., :channels], ALPHA]).astype(dtype) * scale
    got = layers(tiff_file(values, planes=planes), "it")
    assert np.array_equal(got.picture(Reading(background="black")).pixels.shape, (24, 34, channels))
    assert np.array_equal(got.alpha, ALPHA)
    assert np.array_equal(got.values, COLOUR[..., :channels] * scale.astype(got.values.dtype))


def test_colours_that_were_multiplied_by_alpha_are_divided_again():
    alpha = np.full((24, 34, 1), 51 * 257, np.uint16)
    values = np.dstack([np.rint(COLOUR * 257.0 * 0.2).astype(np.uint16), alpha])
    got = layers(tiff_file(values, more={338: (1,)}), "it")
    assert np.abs(got.values / 257 - COLOUR).max() < 1
    assert (got.alpha == 51).all()


@pytest.mark.parametrize("packed", [1, 8])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    "dtype", [np.int8, np.int16, np.int32, np.uint32, np.float16, np.float32, np.float64, np.int64]
)
def test_a_tiff_of_any_numbers_keeps_its_values(dtype, order, packed):
    values = (
        (GREY.astype(np.float64) - (0 if np.dtype(dtype).kind == "u" else 128))[..., None].clip(-128, 127).astype(dtype)
    )
    got = layers(tiff_file(values, order=order, packed=packed), "it")
    assert np.array_equal(got.values, values)
    assert got.white == 0  # nothing says what it is
    low, high = float(values.min()), float(values.max())
    picture = got.picture(Reading(black=low, white=high)).pixels
    assert np.array_equal(picture, np.rint((values.astype(float) - low) * (255 / (high - low))).astype(np.uint8))


def test_float_colours_in_0_to_1_are_read():
    assert np.abs(levels(tiff_file((COLOUR / 255).astype(np.float32))).astype(int) - COLOUR).max() == 0


def test_values_above_two_billion_are_not_negative():
    values = (GREY.astype(np.uint32) * (2**32 // 256))[..., None]
    assert layers(tiff_file(values), "it").values.max() == values.max()


def test_where_white_is_zero_the_picture_is_turned_round():
    for scale, dtype in ((1, np.uint8), (257, np.uint16)):
        values = (GREY.astype(dtype) * dtype(scale))[..., None]
        for order in "<>":
            assert np.array_equal(levels(tiff_file(values, photometric=0, order=order))[..., 0], 255 - GREY)


def test_twelve_bits_in_sixteen_are_white_at_4095_where_the_file_says_so():
    values = (GREY.astype(np.uint16) * 16 + 15)[..., None]  # up to 4095
    assert layers(tiff_file(values), "it").white == 65535
    said = layers(tiff_file(values, more={281: (4095,)}), "it")
    assert said.white == 4095
    assert np.abs(said.picture().pixels[..., 0].astype(int) - GREY).max() <= 1


def twelve_bits(values: np.ndarray) -> bytes:
    """A TIFF whose samples take 12 bits each (TIFF 6.0: packed without gaps, each row in whole bytes)."""
    bits = np.unpackbits(values.astype(">u2").view(np.uint8).reshape(*values.shape, 2), axis=-1)[..., 4:]
    rows = np.packbits(bits.reshape(len(values), -1), axis=1)
    fake = tiff_file(rows[..., None].copy())
    return fake.replace(
        struct.pack("<HHLL", 256, 3, 1, rows.shape[1]), struct.pack("<HHLL", 256, 3, 1, values.shape[1])
    ).replace(struct.pack("<HHLL", 258, 3, 1, 8), struct.pack("<HHLL", 258, 3, 1, 12))


def test_samples_of_twelve_bits_are_white_at_4095():
    values = GREY.astype(np.uint16) * 16 + 15
    got = layers(twelve_bits(values), "it")
    assert np.array_equal(got.values[..., 0], values)
    assert got.white == 4095


def test_significant_bits_of_a_png_are_respected():
    values = GREY.astype(np.uint16) * 16 + 15
    file = io.BytesIO()
    Image.fromarray(values).save(file, "PNG")
    plain = file.getvalue()
    chunk = struct.pack(">I", 1) + b"sBIT\x0c" + struct.pack(">I", zlib.crc32(b"sBIT\x0c"))
    said = plain[:33] + chunk + plain[33:]
    assert (layers(plain).white, layers(said).white) == (65535, 4095)
    scaled = values << 4 | values >> 8  # as the PNG specification wants it
    file = io.BytesIO()
    Image.fromarray(scaled).save(file, "PNG")
    assert layers(file.getvalue()[:33] + chunk + file.getvalue()[33:]).white == 65535


def test_a_colour_map_of_8_bits_has_its_colours():
    colours = np.zeros((3, 256), int)
    colours[:, :4] = [[0, 255, 3, 255], [0, 0, 200, 255], [0, 10, 30, 255]]
    index = (GREY // 64)[..., None]
    for scale in (1, 257):
        content = tiff_file(index, photometric=3, more={320: tuple((colours * scale).ravel().tolist())})
        assert np.array_equal(levels(content), colours.T[index[..., 0]])


def test_what_is_unusual_is_told_and_what_is_cut_is_damaged():
    lab = tiff_file(COLOUR.astype(np.uint16), photometric=8)
    with pytest.raises(
        PictureError, match=r"^lab\.tif is a TIFF of an unusual kind \(CIELab, 3 samples of 16 bits, compr"
    ):
        read(lab, "lab.tif")
    with pytest.raises(PictureError, match=r"an unusual kind \(grey, one sample of 8 bits, compression JPEG 2000\)"):
        read(tiff_file(GREY[..., None], packed=34712), "it.tif")
    with pytest.raises(PictureError, match="has 5 channels"):
        read(tiff_file(np.dstack([COLOUR, GREY, GREY]).astype(np.uint16)), "it.tif")
    whole = tiff_file(COLOUR.astype(np.uint16), packed=8)
    directory = struct.unpack_from("<L", whole, 4)[0]
    cut = bytearray(whole)
    cut[200 : directory - 9] = bytes(directory - 209)
    for bad in (bytes(cut), whole[: directory + 40]):
        with pytest.raises(PictureError, match=r"^it\.tif "):
            read(bad, "it.tif")


# --- PNG and BMP


def png_file(rows: np.ndarray, bits: int, level: int, width: int) -> bytes:
    """A grey PNG of few bits, one level of which is transparent."""
    packed = np.packbits(np.unpackbits(rows[..., None], axis=-1)[..., 8 - bits :].reshape(len(rows), -1), axis=1)
    data = b"".join(b"\0" + row.tobytes() for row in packed)
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, len(rows), bits, 0, 0, 0, 0)),
        (b"tRNS", struct.pack(">H", level)),
    ]
    chunks += [(b"IDAT", zlib.compress(data)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_the_transparent_level_of_a_grey_png_is_found_at_every_depth(bits):
    rows, full = GREY >> (8 - bits), 2**bits - 1
    got = layers(png_file(rows, bits, full, 34))
    assert np.array_equal(got.alpha, np.where(rows == full, 0, 255))
    assert np.array_equal(got.values[..., 0], rows * (255 // full))


def bmp_file(numbers: np.ndarray, masks: tuple[int, ...], *, length: int = 124, downwards: bool = False) -> bytes:
    height, width = numbers.shape
    bits = numbers.dtype.itemsize * 8
    rows = numbers if downwards else numbers[::-1]
    stride = (width * bits + 31) // 32 * 4
    data = b"".join(row.tobytes().ljust(stride, b"\0") for row in rows)
    info = struct.pack("<IiiHHIIiiII", length, width, -height if downwards else height, 1, bits, 3, 0, 0, 0, 0, 0)
    head = (info + struct.pack(f"<{len(masks)}I", *masks)).ljust(max(length, 40 + 4 * len(masks)), b"\0")
    return b"BM" + struct.pack("<IHHI", 14 + len(head) + len(data), 0, 0, 14 + len(head)) + head + data


KINDS_OF_BMP = {
    "ARGB1555": (np.uint16, (0x7C00, 0x3E0, 0x1F, 0x8000), (5, 5, 5, 1)),
    "ARGB4444": (np.uint16, (0xF00, 0xF0, 0xF, 0xF000), (4, 4, 4, 4)),
    "RGB565": (np.uint16, (0xF800, 0x7E0, 0x1F, 0), (5, 6, 5, 0)),
    "ARGB8888": (np.uint32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000), (8, 8, 8, 8)),
    "A2RGB10": (np.uint32, (0x3FF00000, 0xFFC00, 0x3FF, 0xC0000000), (10, 10, 10, 2)),
}


@pytest.mark.parametrize("kind", KINDS_OF_BMP)
@pytest.mark.parametrize("downwards", [False, True])
def test_a_bmp_with_masks_has_its_colours_and_its_alpha(kind, downwards):
    dtype, masks, depths = KINDS_OF_BMP[kind]
    numbers = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (9, 7), dtype, endpoint=True)
    got = layers(bmp_file(numbers, masks, downwards=downwards))
    channels = []
    for mask, depth in zip(masks, depths, strict=True):
        shift = bin(mask)[::-1].index("1") if mask else 0
        channels.append(np.rint(((numbers & mask) >> shift) * (255 / max(1, 2**depth - 1))).astype(np.uint8))
    assert np.array_equal(got.values, np.dstack(channels[:3]))
    assert (got.alpha is None) if not depths[3] else np.array_equal(got.alpha, channels[3])


def test_a_bmp_whose_alpha_is_all_zero_is_opaque():
    numbers = np.full((9, 7), 0x1F, np.uint16)
    got = layers(bmp_file(numbers, (0x7C00, 0x3E0, 0x1F, 0x8000)))
    assert got.alpha is None
    assert (got.values == (0, 0, 255)).all()


# --- PNM, AVIF, HEIC


def test_every_kind_of_pnm_is_read():
    bits = GREY > 127
    text = b"\n".join(b" ".join(b"%d" % value for value in row) for row in GREY)
    assert np.array_equal(levels(b"P2 # made by hand\n34 24\n# white\n255\n" + text)[..., 0], GREY)
    assert np.array_equal(levels(b"P5\n34 24\n255\n" + GREY.tobytes())[..., 0], GREY)
    assert np.array_equal(levels(b"P6 34 24 255\n" + COLOUR.tobytes()), COLOUR)
    assert np.array_equal(levels(b"P3 34 24 255\n" + b" ".join(b"%d" % v for v in COLOUR.ravel())), COLOUR)
    assert np.array_equal(levels(b"P4\n34 24\n" + np.packbits(~bits, axis=1).tobytes())[..., 0], bits * 255)
    assert np.array_equal(
        levels(b"P1\n34 24\n" + b"".join(b"10"[int(v) : int(v) + 1] for v in bits.ravel()))[..., 0], bits * 255
    )
    deep = layers(b"P5 34 24 4095\n" + (GREY.astype(">u2") * 16 + 15).tobytes())
    assert (deep.white, deep.values.max()) == (4095, 4095)
    assert np.array_equal(levels(b"P5 34 24 15\n" + (GREY // 16).tobytes())[..., 0], GREY // 16 * 17)


@pytest.mark.parametrize(
    "content", [b"P5 34 24 255\n", b"P5 34", b"P6 0 9 255\n", b"P2 2 2 255\n1 2 x 4", b"P5 9 9 0\nab"]
)
def test_a_damaged_pnm_gives_a_sentence(content):
    with pytest.raises(PictureError, match=r"^it\.pgm is cut off or damaged"):
        read(content, "it.pgm")
    with pytest.raises(PictureError, match=r"too many|at most"):
        read(b"P5 60000 60000 255\n", "it.pgm")


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_avif_is_read():
    file = io.BytesIO()
    Image.fromarray(COLOUR).save(file, "AVIF", quality=100, subsampling="4:4:4")
    got = read(file.getvalue(), "it.avif")
    assert got.format == "AVIF"
    assert np.abs(got.pixels.astype(int) - COLOUR).mean() < 4


def test_a_heic_photo_says_which_library_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(PictureError, match=r"^it\.heic is a HEIC photo.*: pip install pillow-heif$"):
        read(b"\0\0\0\x18ftypheic" + bytes(99), "it.heic")


# --- several pictures in one file


def test_the_pages_of_a_tiff_and_the_pictures_of_an_animation_are_read_in_turn():
    several = [np.roll(GREY, 3 * i, 1) for i in range(4)]
    for form, options in (("GIF", {}), ("PNG", {}), ("WEBP", {"lossless": True}), ("TIFF", {})):
        file = io.BytesIO()
        first, *others = [Image.fromarray(one) for one in several]
        first.save(file, form, save_all=True, append_images=others, **options)
        read_again = list(frames(file.getvalue(), "it"))
        assert [one.frames for one in read_again] == [4] * 4
        for one, wanted in zip(read_again, several, strict=True):
            assert np.abs(one.picture().pixels[..., 0].astype(int) - wanted).max() <= 1, form
        assert read(file.getvalue()).size_said == f"34 × 24, the first of 4 {'pages' if form == 'TIFF' else 'pictures'}"
    assert [one.frames for one in frames(tiff_file(COLOUR), "it")] == [1]
    assert read(tiff_file(COLOUR)).size_said == "34 × 24"


@pytest.mark.parametrize("alpha", [False, True])
def test_a_file_of_several_pictures_is_a_data_set(alpha, tmp_path):
    several = [np.dstack([np.roll(COLOUR, i, 1), *([ALPHA | 1] if alpha else [])]) for i in range(1, 5)]
    first, *others = [Image.fromarray(one) for one in several]
    for name, options in (("a.png", {}), ("a.tif", {"compression": "tiff_lzw"}), ("a.webp", {"lossless": True})):
        first.save(tmp_path / name, save_all=True, append_images=others, **options)
        data = finish(files.read(tmp_path / name, Reading(background="black")))
        wanted = [one[..., :3] * (one[..., 3:] / 255 if alpha else 1) for one in several]
        assert np.abs(data.train.images.astype(int) - np.moveaxis(wanted, 3, 1)).max() <= 1, name
    deep = [GREY.astype(np.uint16) * 16 + i for i in range(3)]
    first, *others = [Image.fromarray(one) for one in deep]
    first.save(tmp_path / "deep.tif", save_all=True, append_images=others)
    data = finish(files.read(tmp_path / "deep.tif"))
    assert len(data.train) == 3
    assert data.train.images.max() == 255  # one range for all of them
    first.save(tmp_path / "sizes.tif", save_all=True, append_images=[first.crop((0, 0, 20, 20))])
    with pytest.raises(DataError, match=r"^sizes\.tif has pictures of several sizes, 20 × 20 to 34 × 24; save each"):
        finish(files.read(tmp_path / "sizes.tif"))
    first.save(tmp_path / "one.tif")
    with pytest.raises(DataError, match=r"^one\.tif is a TIFF picture, not a data set; choose the folder"):
        finish(files.read(tmp_path / "one.tif"))


def test_small_copies_of_a_page_are_no_pages():
    content = tiff_file(GREY[..., None], pages=3)
    assert len(list(frames(content))) == 3
    small = tiff_file(GREY[..., None], pages=3, more={254: (1,)})
    assert layers(small).frames == 3  # where there is nothing else, they are
    file = io.BytesIO()
    options = {"save_all": True, "append_images": [Image.fromarray(255 - GREY)], "compression": "packbits"}
    Image.fromarray(GREY[:12, :17]).save(file, "TIFF", tiffinfo={254: 1}, **options)
    whole = bytearray(file.getvalue())
    tag = struct.pack("<HHL", 254, 4, 1)
    second = whole.index(tag, whole.index(tag) + 1)
    whole[second + 8 : second + 12] = bytes(4)  # the first is the small copy
    (only,) = frames(bytes(whole))
    assert np.array_equal(only.values[..., 0], 255 - GREY)
    assert read(bytes(whole)).file_size == (34, 24)
    deep = tiff_file(GREY[..., None].astype(np.int16), pages=3)
    assert [one.values.dtype for one in frames(deep)] == [np.int16] * 3


def test_too_many_pages_are_refused_and_not_left_out(monkeypatch):
    monkeypatch.setattr(tiff, "MAX_PAGES", 2)
    with pytest.raises(PictureError, match=r"^it would take too long to read"):
        read(tiff_file(GREY[..., None], pages=3), "it")
    assert read(tiff_file(GREY[..., None], pages=2), "it").frames == 2


def test_an_animation_in_grey_is_a_set_of_grey_images(tmp_path):
    pictures = [Image.fromarray(np.full((16, 16), 80 * i, np.uint8)) for i in range(3)]
    for suffix in ("gif", "webp"):
        pictures[0].save(tmp_path / f"a.{suffix}", save_all=True, append_images=pictures[1:], lossless=True)
        images = finish(files.read(tmp_path / f"a.{suffix}")).train.images
        assert images[:, :, 0, 0].tolist() == [[0], [80], [160]]


def test_too_many_frames_are_refused_before_the_first(monkeypatch):
    monkeypatch.setattr(decoding, "MAX_IN_FRAMES", 2 * 24 * 34)
    file = io.BytesIO()
    Image.fromarray(GREY).save(file, "GIF", save_all=True, append_images=[Image.fromarray(GREY // i) for i in (2, 3)])
    for content in (file.getvalue(), tiff_file(GREY[..., None], pages=3)):
        with pytest.raises(PictureError, match=r"^it has . pictures .*too many to read"):
            next(frames(content, "it"))


def test_a_large_picture_of_numbers_is_reduced(monkeypatch):
    monkeypatch.setattr(decoding, "KEPT_PIXELS", 100)
    got = layers(tiff_file((COLOUR * 257.0).astype(np.uint16)))
    assert got.values.shape == (8, 12, 3)
    assert got.file_size == (34, 24)
    assert abs(int(got.values[0, 0, 0]) - int((GREY[:3, :3] * 257.0).mean())) <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_tiff_of_numbers_is_upright_as_one_that_pillow_reads(orientation):
    values = (GREY.astype(np.uint16) * 257)[..., None]
    deep = layers(tiff_file(np.dstack([values] * 3), more={274: (orientation,)}))
    plain = read(tiff_file(GREY[..., None], more={274: (orientation,)}))
    assert np.array_equal(deep.picture().pixels[..., :1], plain.pixels)
    assert deep.turned == (orientation > 1)


# --- hostile ones

SEEDS = [
    tiff_file(np.dstack([COLOUR, ALPHA])[:9, :9].astype(np.uint16), planes=True, packed=8),
    tiff_file(GREY[:9, :9, None].astype(np.float32), packed=8, tile=16),
    bmp_file(GREY[:9, :9].astype(np.uint16), (0x7C00, 0x3E0, 0x1F, 0x8000)),
    b"P5 9 9 4095\n" + GREY[:9, :9].astype(">u2").tobytes(),
    b"P1 3 3\n101 010\n111",
    b"\0\0\0\x18ftypheic" + bytes(99),
]


def pictures_or_a_sentence(content: bytes) -> None:
    said = "it is read"
    try:
        for one in frames(content, "it"):
            assert one.picture().pixels.shape[2] in (1, 3)
    except PictureError as error:
        said = str(error)
    assert said.startswith("it ")
    assert said.isprintable()
    assert len(said) < 300


@settings(max_examples=250, deadline=None, derandomize=True)
@given(st.data())
def test_a_mutant_of_these_gives_pictures_or_a_sentence(data):
    content = bytearray(data.draw(st.sampled_from(SEEDS)))
    spots = st.tuples(st.integers(0, len(content) - 1), st.sampled_from([0, 1, 2, 3, 8, 16, 127, 128, 255]))
    for at, value in data.draw(st.lists(spots, min_size=1, max_size=5)):
        content[at] = value
    pictures_or_a_sentence(bytes(content))


numbers = st.one_of(st.integers(0, 300), st.sampled_from([2**15, 2**16 - 1, 2**31 - 1, 2**32 - 1]))


@settings(max_examples=250, deadline=None, derandomize=True)
@given(
    st.dictionaries(st.sampled_from([254, *range(256, 285), 317, *range(320, 340)]), numbers, max_size=4), st.booleans()
)
def test_any_tags_of_a_tiff_of_numbers_give_a_picture_or_a_sentence(tags, tiled):
    content = tiff_file(
        COLOUR[:9, :9].astype(np.uint16), tile=16 if tiled else 0, more={k: (v,) for k, v in tags.items()}
    )
    pictures_or_a_sentence(content)


def test_what_asks_for_much_memory_is_refused():
    for content in (
        tiff_file(COLOUR.astype(np.uint16), more={256: (8000,), 257: (8000,)}),
        tiff_file(GREY[..., None].astype(np.float64), tile=16, more={322: (2**31,), 323: (2**31,)}),
        tiff_file(GREY[..., None].astype(np.int16), more={279: (2**31, 2**31)}),
        bmp_file(np.zeros((4, 4), np.uint16), (0x7C00, 0x3E0, 0x1F, 0x8000))[:18]
        + struct.pack("<ii", 60000, 60000)
        + bytes(99),
        b"P6 50000 50000 65535\n",
        b"P1 8000 8000\n",
    ):
        with pytest.raises(PictureError, match=r"^it "):
            read(content, "it")
    assert tiff.MAX_UNPACKED <= 64 << 20
    assert bmp.MAX_PIXELS * 4 <= 128 << 20
    assert pnm.MAX_MEMORY <= 48 << 20
