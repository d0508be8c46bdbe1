"""What drags from real programs bring, and what hostile ones would."""

import base64
import io
import os
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PySide6.QtCore import QByteArray, QMimeData, QUrl

from vae_explorer.data import picture
from vae_explorer.data.codecs import decoding
from vae_explorer.ui.drop import offer
from vae_explorer.ui.drop.offer import Dropped, Promise, promise, read

PNG = base64.b64decode(b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAG7buVgAAAABJRU5ErkJggg==")
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(20)
WEB = b"https://example.org/pictures/cat.png?size=2"
ON_POSIX = pytest.mark.skipif(os.name == "nt", reason="paths of Linux and macOS")


class Drag(QMimeData):
    """A drag as the system hands it on: raw bytes, where a QMimeData of our own would tidy up the addresses. It notes
    what it is asked for."""

    def __init__(self, formats: dict[str, bytes]) -> None:
        super().__init__()
        self.brought = formats
        self.asked: list[str] = []

    def formats(self):
        return list(self.brought)

    def hasFormat(self, name):
        return name in self.brought

    def retrieveData(self, name, wanted):
        self.asked.append(name)
        return QByteArray(self.brought[name]) if name in self.brought else None


def uris(*lines: bytes) -> dict[str, bytes]:
    return {"text/uri-list": b"\r\n".join(lines) + b"\r\n"}


def data_url(content: bytes = PNG, kind_of_data: bytes = b"image/png") -> bytes:
    return b"data:" + kind_of_data + b";base64," + base64.b64encode(content)


# --- what the real programs bring -----------------------------------------------------------------------------------


@ON_POSIX
def test_files_from_a_file_manager_are_paths_in_their_order():
    mime = Drag(
        {**uris(b"file:///home/me/b.png", b"file:///home/me/a.png"), "text/plain": b"/home/me/b.png\n/home/me/a.png"}
    )
    assert read(mime) == Dropped(paths=(Path("/home/me/b.png"), Path("/home/me/a.png")))
    assert "text/plain" not in mime.asked


def test_qt_s_own_addresses_are_understood(tmp_path):
    path = tmp_path / "drei übergroße 3 #1 %.png"
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    assert read(mime).paths == (path,)


def test_a_picture_dragged_from_chromium_is_its_bytes_under_its_own_name():
    html = b"\xef\xbb\xbf<img src='https://example.org/pictures/cat.png'>"
    mime = Drag({**uris(WEB), "text/html": html, "application/octet-stream": PNG})
    assert read(mime) == Dropped(blobs=(("cat.png", PNG),))
    assert "text/html" not in mime.asked


def test_a_picture_dragged_from_firefox_is_asked_for_once():
    formats = {
        **uris(WEB),
        "text/html": b"<img>",
        "image/jpeg": JPEG,
        "image/jpg": b"",
        "image/gif": b"",
        "image/png": PNG,
    }
    mime = Drag(formats)
    assert read(mime) == Dropped(blobs=(("cat.png", PNG),))
    assert [name for name in mime.asked if name.startswith("image/")] == ["image/png"]


def test_empty_formats_are_passed_over():
    mime = Drag({"image/png": b"", "image/jpg": b"", "image/gif": b"", "image/jpeg": JPEG})
    assert read(mime) == Dropped(blobs=(("picture.jpg", JPEG),))


def test_the_bmp_that_firefox_takes_away_again_on_windows_is_not_relied_on():
    both = {**uris(b"file:///C:/Temp/cat.bmp"), "image/png": PNG}
    assert read(Drag(both)) == Dropped(blobs=(("picture.png", PNG),))
    assert len(read(Drag(uris(b"file:///C:/Temp/cat.bmp"))).paths) == 1


@ON_POSIX
def test_a_file_is_preferred_to_its_picture():
    assert read(Drag({**uris(b"file:///a/cat.jpg"), "image/png": PNG})).paths == (Path("/a/cat.jpg"),)


def test_a_pasted_picture_needs_no_address():
    assert read(Drag({"image/png": PNG})) == Dropped(blobs=(("picture.png", PNG),))


@pytest.mark.parametrize("name", ["text/uri-list", "text/plain"])
@pytest.mark.parametrize(
    "url",
    [
        data_url(),
        data_url().replace(b"data:", b"DATA:"),
        b"data:image/png," + quote(PNG).encode(),
        data_url().rstrip(b"="),
    ],
)
def test_a_picture_written_out_in_its_address_is_read(name, url):
    assert read(Drag({name: url})) == Dropped(blobs=(("picture.png", PNG),))


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf", b"<meta http-equiv='content-type'><p>one > two</p>"])
@pytest.mark.parametrize("tag", [b'<img src="%s">', b"<IMG alt='a > b' SRC='%s'/>", b'<img alt="a > b" src="%s">'])
def test_a_picture_written_out_in_the_html_is_read(start, tag):
    html = start + b'<a href="https://example.org">' + tag % data_url() + b"</a>"
    assert read(Drag({**uris(WEB), "text/html": html})) == Dropped(blobs=(("picture.png", PNG),))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_html_in_sixteen_bits_is_read(encoding):
    bom = "\ufeff" if encoding == "utf-16-be" else ""
    html = (bom + f'<img src="{data_url().decode()}">').encode(encoding)
    assert read(Drag({"text/html": html})).blobs == (("picture.png", PNG),)


@ON_POSIX
def test_an_image_of_the_html_may_lie_on_this_machine():
    mime = Drag({"text/html": b'<img src="file:///home/me/a%20b.png">'})
    assert read(mime).paths == (Path("/home/me/a b.png"),)


def test_an_address_inside_a_web_page_is_no_path():
    assert read(Drag({"text/html": b'<img src="/pictures/cat.png">'})).paths == ()


@ON_POSIX
@pytest.mark.parametrize(
    "text", [b"/home/me/three.png", b'"/home/me/three.png"', b"'/home/me/three.png'\n", b"file:///home/me/three.png"]
)
def test_text_that_is_a_path_is_one(text):
    assert read(Drag({"text/plain": text})).paths == (Path("/home/me/three.png"),)


@ON_POSIX
def test_a_tilde_is_the_user_s_home(monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    assert read(Drag({"text/plain": b"~/three.png"})).paths == (Path("/home/somebody/three.png"),)


def test_a_web_address_is_refused_with_what_to_do():
    for mime in (Drag(uris(WEB)), Drag({"text/plain": WEB}), Drag({"text/html": b'<img src="%s">' % WEB})):
        refused = read(mime)
        assert (refused.paths, refused.blobs) == ((), ())
        assert "example.org" in refused.refusal
        assert "save the picture first, or drag the picture itself" in refused.refusal


@ON_POSIX
def test_a_mixed_drop_uses_what_it_can_and_says_what_was_left_out():
    dropped = read(Drag(uris(b"file:///a.png", WEB, b"file:///b.png", b"file://nas/c.png", b"file:///a.png")))
    assert dropped.paths == (Path("/a.png"), Path("/b.png"))
    assert dropped.refusal.startswith("2 of 5 left out: ")


@ON_POSIX
@pytest.mark.parametrize(
    ("url", "path"),
    [
        (b"file:/a.png", "/a.png"),
        (b"file://localhost/a.png", "/a.png"),
        (b"FILE://LOCALHOST/a.png", "/a.png"),
        (b"file:///a%0Ab.png", "/a\nb.png"),
        (b"file:///caf%C3%A9.png", "/café.png"),
        (b"file:///%FF%FE.png", os.fsdecode(b"/\xff\xfe.png")),
        (b"file:///a+b%2.png", "/a+b%2.png"),
        (b"file:///caf\xc3\xa9.png", "/café.png"),
    ],
)
def test_names_come_through_letter_by_letter(url, path):
    assert read(Drag(uris(b"# a comment", url))).paths == (Path(path),)


# --- hostile ones ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        b"file://otherhost/share/a.png",
        b"file:////otherhost/share/a.png",
        b"file:///%2Fotherhost/a.png",
        b"file:///%5C%5Cotherhost%5Ca.png",
        b"file://localhost//otherhost/a.png",
        b"file://127.0.0.1/a.png",
        b"file://me@localhost/a.png",
        b"file:///a%00.png",
        b"file:a.png",
        b"file://",
        b"file:///",
        b"file:",
    ],
)
def test_addresses_of_other_computers_or_of_nothing_are_refused(url):
    for formats in (uris(url), {"text/plain": url}, {"text/html": b'<img src="%s">' % url}):
        refused = read(Drag(formats))
        assert (refused.paths, refused.blobs) == ((), ())
        assert refused.refusal


@pytest.mark.parametrize(
    "text", [b"\\\\otherhost\\share\\a.png", b"//otherhost/a.png", b"/a\0b.png", b"hello", b"a/b.png", b"", b"/"]
)
def test_other_text_is_no_path(text):
    refused = read(Drag({"text/plain": text}))
    assert refused.paths == ()
    assert "drop an image, a model, or a folder or file of images" in refused.refusal


def test_a_picture_over_the_limit_is_refused_with_both_sizes(monkeypatch):
    monkeypatch.setattr(offer, "MAX_PICTURE", 2**20)
    monkeypatch.setattr(offer, "MAX_TEXT", 2**20)
    big = PNG + bytes(2**20)
    for what, formats in (
        ("picture", {"image/png": big}),
        ("picture", {"application/octet-stream": big}),
        ("text", uris(data_url(big))),
    ):
        refusal = read(Drag(formats)).refusal
        assert refusal == (
            f"The {what} is 2 MB, more than the 1 MB that can be dropped; save it as a file and drop that"
        )


@pytest.mark.parametrize(
    "url",
    [
        b"data:image/png;base64,!!!!", b"data:image/png;base64,A", b"data:image/png;base64", b"data:,", b"data:",
        b"data:text/html,<script>", b"data:image/svg+xml,<svg/>", b"data:image/png;base64,%",
        b"data:image/png," + b"%41" * (2 * 2**20),
    ],
)  # fmt: skip
def test_damaged_and_foreign_data_addresses_get_one_sentence(url):
    refused = read(Drag(uris(url)))
    assert refused.blobs == ()
    assert "data: address" in refused.refusal
    assert "\n" not in refused.refusal


def test_bytes_that_are_no_picture_are_not_taken_for_one():
    for name in ("application/octet-stream", "image/png", "image/jpeg"):
        refused = read(Drag({name: b"#!/bin/sh\nrm -rf ~"}))
        assert refused.blobs == ()
        assert name in refused.refusal


def test_names_in_sentences_are_short_and_on_one_line():
    refused = read(Drag(uris(b"https://example.org/\x1b[31m" + b"%0A" * 5000)))
    assert len(refused.refusal) < 200
    assert refused.refusal.isprintable()


def test_more_files_than_anybody_drops_are_refused_quickly():
    refused = read(Drag(uris(*[b"file:///a.png"] * 200_000)))
    assert refused == Dropped(refusal="More than 2,000 files at once; drop the folder that holds them")


@pytest.mark.parametrize(
    "piece", [b"<img ", b"<img src=", b"<img a='", b"<!--", b"<![CDATA[", b"<img <", b"<img>", b'<img "', b"&#"]
)
def test_html_that_is_broken_on_purpose_costs_no_time(piece):
    start = time.perf_counter()
    read(Drag({"text/html": piece * (2**20 // len(piece))}))
    read(Drag({"text/html": b"<img " + piece * (2**18 // len(piece)) + b">"}))
    assert time.perf_counter() - start < 5


PIECES = [b"file://", b"/", b"%", b"data:", b",", b";base64", b"<img src=", b'"', b"\n", b"\xff", b"#", b":", b"\0"]
FORMATS = ["text/uri-list", "text/plain", "text/html", "image/png", "image/gif", "application/octet-stream", "x/y"]
GARBAGE = st.one_of(st.binary(max_size=300), st.lists(st.sampled_from(PIECES)).map(b"".join))


@settings(max_examples=150)
@given(st.dictionaries(st.sampled_from(FORMATS), GARBAGE))
def test_garbage_is_used_or_refused_in_one_line_and_never_an_error(formats):
    mime = Drag(formats)
    dropped = read(mime)
    assert dropped.paths or dropped.blobs or dropped.refusal
    assert all(path.is_absolute() or os.name == "nt" for path in dropped.paths)
    if dropped.refusal:
        assert dropped.refusal.isprintable()
    assert promise(mime).kind in ("image", "model", "run", "data", "mixed", None)
    assert promise(mime).sentence.isprintable()


def test_an_empty_drop_says_so():
    assert "it was empty" in read(QMimeData()).refusal


# --- what the overlay promises --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "expected", "line"),
    [
        (["three.jpg"], "image", "Drop to encode three.jpg"),
        (["1.png", "2.JPG", "3.webp"], "image", "Drop to encode 3 images"),
        (["odd.xyz"], "image", "Drop to try odd.xyz as an image"),
        (["odd"], "image", "Drop to try odd as an image"),
        (["mnist.vae.safetensors"], "model", "Drop to open the model mnist.vae.safetensors"),
        (["a.safetensors", "b.safetensors"], "model", "Drop to open the model a.safetensors (only one at a time)"),
        (["digits/"], "data", "Drop to train on the folder digits"),
        (["holiday.2024/"], "data", "Drop to train on the folder holiday.2024"),
        (["cats.png/"], "data", "Drop to train on the folder cats.png"),
        (["weights.safetensors/"], "data", "Drop to train on the folder weights.safetensors"),
        (["faces.npz"], "data", "Drop to train on faces.npz"),
        (["faces.ZIP"], "data", "Drop to train on faces.ZIP"),
        (["train-images-idx3-ubyte"], "data", "Drop to train on train-images-idx3-ubyte"),
        (["a.npz", "b.npz"], "data", "Drop to train on a.npz (only one at a time)"),
        (["a.png", "b.png", "m.safetensors"], "mixed", "Drop to open 2 images and 1 model"),
        (["a.png", "m.safetensors", "d.npz"], "mixed", "Drop to open 1 image, 1 model and 1 data set"),
        (["a.png", "d.npz", "e/"], "mixed", "Drop to open 1 image and 1 data set (only one at a time)"),
    ],
)
def test_the_overlay_says_what_a_drop_would_do(tmp_path, names, expected, line):
    """Folders are those whose names end with a slash."""
    for name in names:
        (tmp_path / name).mkdir() if name.endswith("/") else (tmp_path / name).touch()
    mime = Drag(uris(*[(tmp_path / name).as_uri().encode() for name in names]))
    assert promise(mime) == Promise(line, expected)


def test_the_overlay_asks_for_no_picture():
    mime = Drag({**uris(WEB), "text/html": b"<img>", "image/png": PNG, "application/octet-stream": PNG})
    assert promise(mime) == Promise("Drop to encode this image", "image")
    assert mime.asked == ["text/uri-list"]


def test_the_overlay_warns_of_what_cannot_be_used_before_the_drop():
    save_it = "save the picture first, or drag the picture itself"
    assert promise(Drag(uris(WEB))) == Promise(f"A web address cannot be dropped: {save_it}")
    assert promise(Drag({"x/y": b"1"})).sentence.startswith("This cannot be used: drop an image")
    assert promise(Drag(uris(b"smb://nas/a.png"))).sentence.startswith("This cannot be used. smb://nas/a.png")


def test_the_overlay_asks_for_no_text():
    mime = Drag({"text/html": b"<img>", "text/plain": b"hello"})
    assert promise(mime) == Promise("Drop to look for an image in this text")
    assert mime.asked == []


def test_the_picture_suffixes_are_those_that_the_program_opens():
    assert offer.PICTURE_SUFFIXES == picture.KNOWN_SUFFIXES


@pytest.mark.parametrize("format_", [*decoding.FORMATS, "PPM"])
def test_every_format_that_the_program_opens_is_known_by_its_first_bytes(format_):
    file = io.BytesIO()
    Image.new("RGB", (5, 4)).save(file, format_)
    (name, content), *others = read(Drag({"application/octet-stream": file.getvalue()})).blobs
    assert (content, others) == (file.getvalue(), [])
    assert Path(name).suffix in offer.PICTURE_SUFFIXES
