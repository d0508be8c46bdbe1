"""Bad images through the window: one sentence, the good ones encoded, and the event loop never held."""

import io
import os
import struct
import time
import zlib

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QTimer
from PySide6.QtWidgets import QLabel, QWidget

from vae_explorer.export.picture import png

WAIT = 20_000  # milliseconds
MAX_GAP = 1.5  # seconds: on a busy machine; the worst of these files takes longer where nothing bounds it

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no such names and links")


@pytest.fixture
def longest_gap(qtbot):
    """The longest time in seconds, until it is asked for, in which a timer of 10 ms was not heard."""
    heard = [time.monotonic()]
    timer = QTimer(interval=10)
    timer.timeout.connect(lambda: heard.append(time.monotonic()))
    timer.start()

    def longest():
        timer.stop()
        return float(np.diff([*heard, time.monotonic()]).max())

    yield longest
    timer.stop()


def png_file(width, height, before=b"", pixels=b"\0" * 99):
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), *before, (b"IDAT", zlib.compress(pixels)), (b"IEND", b"")]
    parts = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def bmp_in_runs():
    head = struct.pack("<IiiHHIIiiII", 40, 8192, 8192, 1, 8, 1, 0, 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", 0, 0, 0, 1078) + head + bytes(1024) + b"\1\1\0\0" * 8192


@pytest.fixture
def bad(tmp_path):
    """Paths of 25 files of every bad kind."""
    folder = tmp_path / "bad"
    folder.mkdir()
    colour = Image.fromarray(np.random.default_rng(1).integers(0, 256, (60, 60, 3), np.uint8))
    whole = {}
    for form in ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF"):
        file = io.BytesIO()
        colour.save(file, form)
        whole[form] = file.getvalue()
    contents = {f"cut.{form.lower()}": content[: len(content) // 2] for form, content in whole.items()}
    contents |= {
        "empty.png": b"",
        "text.png": b"hello",
        "page.jpg": b"<svg/>",
        "magic.png": whole["PNG"][:8],
        "bomb.png": png_file(60_000, 60_000),
        "wide.png": png_file(2**31 - 1, 1),
        "nothing.png": png_file(0, 0),
        "profile.png": png_file(8, 8, [(b"iCCP", b"a\0\0" + zlib.compress(bytes(30 << 20)))]),
        "runs.bmp": bmp_in_runs(),
        "scans.jpg": whole["JPEG"][:-2] + whole["JPEG"][whole["JPEG"].index(b"\xff\xda") : -2] * 3000 + b"\xff\xd9",
        "line\nend.png": b"x",
        os.fsdecode(b"caf\xe9.png"): b"x",
        "\u202egnp.png": b"x",
        "x" * 246 + ".png": b"x",
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    os.mkfifo(folder / "pipe.png")
    (folder / "loop.png").symlink_to("loop.png")
    (folder / "zero.png").symlink_to("/dev/zero")
    paths = [folder / name for name in (*contents, "pipe.png", "loop.png", "zero.png", "gone.png", "y" * 300 + ".png")]
    assert len(paths) == 25
    return paths


def listed(paths):
    mime = QMimeData()
    mime.setData("text/uri-list", b"\r\n".join(path.as_uri().encode() for path in paths))
    return mime


def test_of_25_bad_images_at_once_there_is_one_sentence_and_the_good_ones_are_encoded(
    window, model, drop, bad, files, encoded, said, qtbot, longest_gap
):
    drop(listed([*bad[:12], files[0], *bad[12:], files[1]]))
    posterior = encoded("image 0.png")
    qtbot.waitUntil(lambda: said() != "", timeout=WAIT)
    assert longest_gap() < MAX_GAP
    assert said().startswith("2 of 27 used: cut.png is cut off or damaged")
    assert said().endswith("; and 22 more")
    assert said().isprintable()
    assert len(window.session.image.images) == 2
    assert np.isfinite(posterior.mu).all()


def test_each_bad_image_gets_its_own_sentence(window, model, drop, bad, said, qtbot, longest_gap):
    for path in bad[-8:]:
        window.errors.hide_sentence()
        drop(listed([path]))
        qtbot.waitUntil(lambda: said() != "", timeout=WAIT)
        assert said().isprintable()
        assert 20 < len(said()) < 500
    assert window.session.image.images == ()
    assert longest_gap() < MAX_GAP


def test_a_folder_with_the_name_of_a_picture_is_read_as_a_folder(window, model, drop, bad, images, said, qtbot):
    folder = bad[0].parent.rename(bad[0].parent.with_name("folder.png"))
    for i, pixels in enumerate(images):
        (folder / f"good {i}.png").write_bytes(png(pixels))
    with qtbot.waitSignal(window.session.data.described, timeout=WAIT) as described:
        drop(listed([folder]))
    summary = described.args[0]
    assert (summary.images, len(summary.skipped)) == (4, 23)  # two of the 25 are not there
    assert said() == ""
    told = [line.text() for line in window.training.findChild(QWidget, "dataSheet").findChildren(QLabel)]
    assert "23 files were left out" in told
    assert all(line.isprintable() for line in told)


def test_a_path_that_no_file_system_takes_gets_a_sentence(window, model, tmp_path, said, qtbot):
    window.open_paths([tmp_path / "a\0b.png"])
    qtbot.waitUntil(lambda: said() != "", timeout=WAIT)
    assert said().endswith("cannot be read: the path is not valid")
