"""Hostile files: whatever they ask for, there is a picture or one sentence, soon and in little memory."""

import io
import logging
import os
import struct
import subprocess
import sys
import time
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from vae_explorer import errors
from vae_explorer.core.progress import finish
from vae_explorer.data import files, picture
from vae_explorer.data.codecs import cost, decoding
from vae_explorer.data.codecs.decoding import MAX_SIDE
from vae_explorer.data.picture import PictureError, read
from vae_explorer.export.picture import png

RNG = np.random.default_rng(0)
NOISE = RNG.integers(0, 256, (90, 70, 4), np.uint8)
EXIF = b"Exif\0\0"
SLOW, HEAVY = "would take too long to read", "contains too much data besides its pixels"


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_file(header: bytes | None = None, before: bytes = b"", after: bytes = b"", split: int = 1) -> bytes:
    """An 8 × 8 PNG with chunks before and after its pixels, which come in so many pieces."""
    header = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0) if header is None else header
    pixels = b"".join([chunk(b"IDAT")] * (split - 1)) + chunk(b"IDAT", zlib.compress(bytes(72)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + pixels + after + chunk(b"IEND")


def segment(content: bytes, marker: int = 0xE1) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


JPEG = encoded(Image.fromarray(NOISE[:16, :16, :3]), "JPEG")
PROGRESSIVE = encoded(Image.fromarray(NOISE[:16, :16, :3]), "JPEG", progressive=True)
GIF = encoded(Image.fromarray(NOISE[:8, :8, 0]).convert("P"), "GIF")
GIF_HEAD = 13 + 3 * 2 ** ((GIF[10] & 7) + 1)  # bytes, with the palette


def directory(*tags: tuple[int, int, int, int], at: int = 8) -> bytes:
    """A TIFF's directory of (tag, type, count, value or place), and the header of the file where it is the first."""
    entries = b"".join(struct.pack("<HHLL", *tag) for tag in sorted(tags))
    head = struct.pack("<4sL", b"II*\0", 8) if at == 8 else b""
    return head + struct.pack("<H", len(tags)) + entries + struct.pack("<L", 0)


def tiff_file(*more: tuple[int, int, int, int | None], data: bytes = b"", rows: int = 8) -> bytes:
    """An 8 × 8 TIFF, packed, with more tags; a place of None is where the data stand."""
    strip = zlib.compress(bytes(64))
    start = 8 + 2 + 12 * (9 + len(more)) + 4
    tags = [(256, 4, 1, 8), (257, 4, 1, 8), (258, 3, 1, 8), (259, 3, 1, 8), (262, 3, 1, 1), (273, 4, 1, start)]
    tags += [(277, 3, 1, 1), (278, 4, 1, rows), (279, 4, 1, len(strip))]
    return directory(*tags, *((*t[:3], start + len(strip) if t[3] is None else t[3]) for t in more)) + strip + data


def strips(count: int) -> bytes:
    """An 8 × 8 TIFF that says it has so many strips."""
    place = 8 + 2 + 12 * 8 + 4
    tags = [(256, 4, 1, 8), (257, 4, 1, 8), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (277, 3, 1, 1)]
    return directory(*tags, (273, 4, count, place), (278, 4, 1, 1)) + struct.pack("<L", 8) * count


def on_its_side() -> Image.Exif:
    exif = Image.Exif()
    exif[0x112] = 6
    return exif


def bmp_in_runs(width: int, height: int, runs: bytes) -> bytes:
    start = 14 + 40 + 1024
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(runs), 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", start + len(runs), 0, 0, start) + info + bytes(1024) + runs


def sentence(content: bytes) -> str:
    with pytest.raises(PictureError) as caught:
        read(content, "it")
    said = str(caught.value)
    assert said.startswith("it ")
    assert said.isprintable()
    assert len(said) < 200
    return said


def picture_or_sentence(content: bytes) -> None:
    said, pixels = "", None
    try:
        pixels = read(content, "it").pixels
    except PictureError as error:
        said = str(error)
    if pixels is None:
        assert said.startswith("it ")
        assert said.isprintable()
    else:
        assert pixels.dtype == np.uint8
        assert pixels.shape[2] in (1, 3)
        assert min(pixels.shape) >= 1


# Each of these took from 4 s to minutes; with a smaller limit it shows as much in less time.
@pytest.mark.parametrize(
    "content",
    [
        png_file(before=chunk(b"abCd") * 2000),
        png_file(after=chunk(b"abCd") * 2000),
        png_file(split=2000),
        JPEG[:2] + segment(b"", 0xFE) * 2000 + JPEG[2:],
        GIF[:GIF_HEAD] + b"\x21\xfe" + b"\1c" * 4000 + b"\0" + GIF[GIF_HEAD:],
        GIF[:GIF_HEAD] + b"\x21\1\0\0" * 4000 + GIF[GIF_HEAD:],
        bmp_in_runs(8192, 1024, b"\1\5" * 4000),
        bmp_in_runs(8192, 1024, b"\0\2\0\0" * 4000),
    ],
    ids=["chunks", "chunks behind", "empty chunks", "segments", "comments", "extensions", "runs", "empty runs"],
)
def test_a_flood_of_little_pieces_is_refused(content, monkeypatch):
    monkeypatch.setattr(cost, "MAX_READS", 3000)
    assert SLOW in sentence(content)


@pytest.mark.parametrize(
    "content",
    [
        bmp_in_runs(8192, 8192, b"\1\1\0\0" * 8192),
        PROGRESSIVE[:-2] + PROGRESSIVE[PROGRESSIVE.rindex(b"\xff\xda") : -2] * 2000 + b"\xff\xd9",
        JPEG[:2] + b"\xff" * 1_000_000 + JPEG[2:],
        JPEG[:2] + (b"\xff" * 60_000 + b"\0") * 20 + JPEG[2:],
        JPEG[:2] + segment(b"", 0xFE) * 60_000 + JPEG[2:],
        strips(300_000),
        b"II+\0" + struct.pack("<HHQQ", 8, 0, 16, 2**40) + bytes(200),
    ],
    ids=["one pixel a line", "scans", "filling", "filling that ends in picture", "segments", "strips", "tags"],
)
def test_what_would_take_minutes_is_refused_at_once(content):
    assert SLOW in sentence(content)


@pytest.mark.parametrize(
    "content",
    [
        JPEG[:2] + segment(EXIF + bytes(65_000)) * 20 + JPEG[2:],
        tiff_file(*((50_000 + i, 1, 100_000, None) for i in range(50)), data=bytes(100_000)),
        png_file(before=chunk(b"eXIf", bytes(33 << 20))),
        GIF[:GIF_HEAD] + b"\x21\xfe" + (b"\xff" + b"c" * 255) * 140_000 + b"\0" + GIF[GIF_HEAD:],
    ],
    ids=["EXIF in pieces", "tags over each other", "EXIF", "comment"],
)
def test_what_would_fill_the_memory_besides_the_pixels_is_refused(content):
    assert HEAVY in sentence(content)


def test_numbers_that_nobody_asks_for_are_not_unpacked():
    turned = directory((0x112, 3, 700_000, 26)) + b"\1\2" * 700_000  # an orientation of 700,000 numbers
    assert read(png_file(before=chunk(b"eXIf", turned))).pixels.shape == (8, 8, 1)
    whole = tiff_file((34665, 4, 1, None))  # the EXIF of a TIFF is a directory behind it
    inner = directory((0x9286, 3, 5_000_000, len(whole) + 18), at=len(whole))
    before = time.process_time()
    assert read(whole + inner + b"\7\3" * 5_000_000).pixels.shape == (8, 8, 1)
    assert time.process_time() - before < 5


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("WEBP", {"method": 0, "lossless": True}),
        ("JPEG", {"progressive": True, "subsampling": 0}),
        ("TIFF", {"compression": "tiff_lzw", "strip_size": 1 << 30}),
        (
            "TIFF",
            {"compression": "tiff_lzw", "exif": on_its_side()},
        ),
    ],
    ids=["WebP", "JPEG in scans", "TIFF in one strip", "TIFF on its side"],
)
def test_what_needs_more_memory_than_others_may_have_fewer_pixels(form, options, monkeypatch):
    content = encoded(Image.new("RGB", (2000, 1500)), form, **options)
    assert read(content).pixels.shape[2] == 3
    monkeypatch.setattr(cost, "MAX_MEMORY", 16 << 20)
    monkeypatch.setattr(cost, "_GIVEN_BACK", 0)
    size = "it has 2000 × 1500 pixels; the limit for this kind of "
    assert size in sentence(content) or "it has 1500 × 2000" in sentence(content)
    assert read(encoded(Image.new("RGB", (2000, 1500)), "PNG")).pixels.shape[2] == 3


@pytest.mark.skipif(sys.platform != "linux", reason="measured as Linux counts it")
def test_a_large_transparent_picture_is_never_there_twice():
    """24 million pixels of 4 bytes are 96 MB. The whole of it was once converted, which made it 290."""
    program = """
import io, re
from PIL import Image
from vae_explorer.data.picture import read
def peak():
    return int(re.search("VmHWM: *\\\\s*([0-9]+)", open("/proc/self/status").read())[1]) / 1024  # MB
def content(*size):
    file = io.BytesIO()
    Image.new("RGBA", size, (9, 99, 199, 99)).save(file, "PNG", compress_level=1)
    return file.getvalue()
read(content(6144, 64))
before = peak()
large = content(6144, 4096)
made = peak() - before
read(large)
print(made, peak() - before)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    made, peak = map(float, done.stdout.split())
    assert made > 80  # the picture itself, when it was written
    assert peak < made + 60


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "I;16", "F", "palette with a hole"])
def test_a_picture_reduced_in_strips_is_the_one_reduced_whole(mode, monkeypatch):
    image, options = Image.fromarray(NOISE), {}
    if mode in ("I;16", "F"):
        image = Image.fromarray(NOISE[..., 0].astype(np.uint16 if mode == "I;16" else np.float32))
    elif mode.startswith("palette"):
        image, options = image.convert("RGB").convert("P"), {"transparency": 3}
    else:
        image = image.convert("RGB").convert(mode) if mode in ("P", "CMYK") else image.convert(mode)
    form = "TIFF" if mode in ("CMYK", "F") else "PNG"
    content = encoded(image, form, **options)
    monkeypatch.setattr(decoding, "KEPT_PIXELS", 500)  # 90 × 70 becomes 23 × 18
    whole = read(content)
    assert whole.pixels.shape[:2] == (23, 18)
    monkeypatch.setattr(decoding, "STRIP_PIXELS", 300)
    strip_by_strip = read(content)
    assert np.array_equal(strip_by_strip.pixels, whole.pixels)
    assert strip_by_strip.file_size == (70, 90)


def test_a_side_longer_than_any_picture_program_writes_is_refused():
    assert "65,535 in a row" in sentence(png_file(struct.pack(">IIBBBBB", MAX_SIDE + 1, 2, 8, 0, 0, 0, 0)))
    assert read(png(np.zeros((1, MAX_SIDE, 1), np.uint8))).width == MAX_SIDE


def test_a_damaged_tiff_says_nothing_behind_the_users_back(capfd, caplog):
    content = bytearray(tiff_file())
    content[-20:] = bytes(20)
    with caplog.at_level(logging.CRITICAL, logger="PIL"):
        for damaged in (bytes(content), tiff_file(rows=2**32 - 1)[:-9], tiff_file((338, 3, 40_000, 0))):
            picture_or_sentence(damaged)
    if sys.platform == "linux":  # elsewhere the library may be a part of Pillow, and out of reach
        assert capfd.readouterr().err == ""


def test_every_kind_of_nan_is_black():
    values = NOISE[..., 0].astype(np.float32)
    values.view(np.uint32)[0, :4] = 0x7FA00000, 0xFFA00001, 0x7FC00000, 0xFF800000  # two signalling, quiet, -infinity
    assert (read(encoded(Image.fromarray(values), "TIFF")).pixels[0, :4] == 0).all()


numbers = st.one_of(st.integers(0, 300), st.sampled_from([2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1]))


@settings(max_examples=80, deadline=None, derandomize=True)
@given(numbers, numbers, st.integers(0, 17), st.integers(0, 7), st.integers(0, 2), st.integers(0, 3))
def test_any_png_header_gives_a_picture_or_a_sentence(width, height, bits, colour, interlaced, unknown):
    picture_or_sentence(png_file(struct.pack(">IIBBBBB", width, height, bits, colour, unknown, 0, interlaced)))


@settings(max_examples=120, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(254, 347), st.integers(0, 18), numbers, numbers), max_size=6), numbers)
def test_any_tiff_tags_give_a_picture_or_a_sentence(tags, rows):
    own = {256, 257, 258, 259, 262, 273, 277, 278, 279}
    picture_or_sentence(tiff_file(*{tag[0]: tag for tag in tags if tag[0] not in own}.values(), rows=rows))
    changed = bytearray(tiff_file())
    for tag, kind, count, value in tags:
        struct.pack_into("<HHLL", changed, 10 + 12 * (tag % 9), tag, kind, count, value)
    picture_or_sentence(bytes(changed))


@settings(max_examples=80, deadline=None, derandomize=True)
@given(numbers, numbers, st.integers(0, 255), st.integers(0, 4), st.binary(max_size=12))
def test_any_sizes_of_a_gif_jpeg_or_bmp_give_a_picture_or_a_sentence(width, height, flags, layers, noise):
    short = struct.pack("<HH", width % 65536, height % 65536)
    gif = bytearray(GIF)
    gif[6:10] = short
    gif[10] = flags
    picture_or_sentence(bytes(gif))
    frame = gif.index(b",", GIF_HEAD)
    gif[frame + 5 : frame + 9] = short[::-1]
    picture_or_sentence(bytes(gif))
    jpeg = bytearray(JPEG)
    at = jpeg.index(b"\xff\xc0") + 5
    jpeg[at : at + 5] = short[::-1] + bytes([layers])
    picture_or_sentence(bytes(jpeg) + noise)
    picture_or_sentence(bmp_in_runs(width % 2**31, height % 2**31, noise))


@pytest.mark.skipif(os.name == "nt", reason="no such names and links")
def test_names_that_could_break_a_sentence_do_not(tmp_path):
    names = ["a\nb.png", "a\rb.png", "\u202egnp.exe", "tab\t.png", "\x1b[31mred.png", "\u2028.png", "x" * 246 + ".png"]
    for name in (*names, os.fsdecode(b"caf\xe9.png"), "e\u0301 \u200d\U0001f600.png"):
        path = tmp_path / name
        path.write_bytes(b"no picture")
        with pytest.raises(PictureError) as caught:
            read(path)
        said = str(caught.value)
        assert len(said.splitlines()) == 1
        assert said.encode()  # no surrogates
        assert not {"\x1b", "\t", "\u202e"}.intersection(said)
        assert len(said) < 400
        path.write_bytes(png(NOISE[..., :3].copy()))
        assert read(path).name == said.split(" is a text file")[0]


@pytest.mark.skipif(os.name == "nt", reason="no such files")
def test_what_only_looks_like_a_file_gives_a_sentence(tmp_path):
    places = ["/proc/self/mem", "/proc/self/cmdline", "/dev/null", "/dev/fd", "/dev/stdin", "/proc/kmsg", "/", "."]
    for place in places:
        with pytest.raises(PictureError) as caught:
            read(tmp_path / place)
        assert len(str(caught.value).splitlines()) == 1
    sparse = tmp_path / "sparse.png"
    with sparse.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(PictureError, match=r"sparse\.png is larger than 256 MB"):
        read(sparse)


def test_a_file_that_changes_while_it_is_read_gives_a_sentence(tmp_path, monkeypatch):
    path = tmp_path / "it.png"
    path.write_bytes(png(NOISE[..., :3].copy()))
    really = picture.opened

    def gone(path):
        path.unlink()
        return really(path)

    def shorter(path):
        file = really(path)
        os.truncate(path, 40)
        return file

    for happens, said in ((shorter, "cut off or damaged"), (gone, "no longer there")):
        monkeypatch.setattr(picture, "opened", happens)
        with pytest.raises(PictureError, match=said):
            read(path)


@pytest.mark.skipif(os.name == "nt", reason="no such files")
def test_in_a_folder_every_bad_file_is_named_and_the_others_are_used(tmp_path):
    for i in range(3):
        (tmp_path / f"good {i}.png").write_bytes(png(NOISE[:20, :20, :3].copy()))
    bad = {"cut.png": png(NOISE[..., :3].copy())[:90], "text.jpg": b"hello"}
    bad |= {"empty.gif": b"", "line\nend.png": b"x", os.fsdecode(b"caf\xe9.png"): b"x", "z" * 240 + ".png": b"x"}
    for name, content in bad.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "inner.png").mkdir()
    (tmp_path / "inner.png" / "bomb.bmp").write_bytes(bmp_in_runs(8192, 8192, b"\1\1\0\0" * 8192))
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "loop.png").symlink_to("loop.png")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    data = finish(files.read(tmp_path))
    assert len(data.train) == 3
    assert len(data.skipped) == len(bad) + 4
    for one in data.skipped:
        assert len(one.reason.splitlines()) == 1
        assert errors.shown(one.path.name[:4]) in one.reason


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1), (2, 65535)])
def test_the_thinnest_pictures_become_a_data_set_or_are_named(shape, tmp_path):
    for i in range(2):
        (tmp_path / f"{i}.png").write_bytes(png(RNG.integers(0, 256, (*shape, 3), np.uint8)))
    data = finish(files.read(tmp_path))
    assert len(data.train) == 2
