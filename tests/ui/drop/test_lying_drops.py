"""Drops that lie: refused in a sentence, at once, and nothing is fetched."""

import base64
import os
import socket
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QByteArray, QMimeData
from PySide6.QtGui import QGuiApplication

from vae_explorer.ui.drop import offer
from vae_explorer.ui.drop.offer import PICTURE_FORMATS, addresses, promise, read

MEBIBYTE = 2**20
SOON = 3.0  # seconds: on a quiet machine each takes less than 0.07
WAIT = 30_000  # milliseconds
PNG = base64.b64decode(b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAG7buVgAAAABJRU5ErkJggg==")
TEXTS = ("text/uri-list", "text/html", "text/plain")
ON_POSIX = pytest.mark.skipif(os.name == "nt", reason="paths of Linux and macOS")


class Lie(QMimeData):
    """Offers formats, and hands over what it likes when it likes."""

    def __init__(self, brought, *, formats=None, delay=lambda: None):
        super().__init__()
        self.brought, self.listed, self.delay = brought, formats or list(brought), delay
        self.asked = []

    def formats(self):
        return self.listed

    def hasFormat(self, name):
        return True

    def retrieveData(self, name, wanted):
        self.asked.append(name)
        self.delay()
        answer = self.brought.get(name)
        return QByteArray(answer) if isinstance(answer, bytes) else answer


def listed(*lines):
    return {"text/uri-list": b"\r\n".join(lines)}


def data_url(payload):
    return b"data:image/png;base64," + payload


def is_one_short_line(sentence):
    return sentence.isprintable() and len(sentence) < 300


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    def refuse(*args):
        raise AssertionError(f"a drop reaches for the network: {args}")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    for name in ("getaddrinfo", "gethostbyname", "create_connection"):
        monkeypatch.setattr(socket, name, refuse)


@pytest.fixture
def clock(monkeypatch):
    """The clock of the drop, moved by hand: a program that takes its time costs the tests none."""

    class Clock:
        now = 0.0

        def monotonic(self):
            return self.now

    made = Clock()
    monkeypatch.setattr(offer, "time", made)
    return made


# --- addresses ------------------------------------------------------------------------------------------------------

ELSEWHERE = [
    b"file://otherhost/share/a.png", b"FILE://otherhost/share/a.png", b"file://otherhost", b"file:////otherhost/a.png",
    b"file://///otherhost/a.png", b"file:///%2fotherhost/a.png", b"file:///\\otherhost\\a.png",
    b"file:/\\\\host\\a.png",
    b"file://localhost.evil.org/a.png", b"file://localhost:80/a.png", b"file://localhost@otherhost/a.png",
    b"file://LOCALHOST%2eevil/a.png", b"file://\xe2\x84\x93ocalhost/a.png", "file://örtchen.例え/a.png".encode(),
    b"file://xn--rtchen-wxa/a.png", b"file://127.0.0.1/a.png", b"file://[::1]/a.png", b"file://./a.png",
    b"smb://nas/a.png", b"sftp://me@host/a.png", b"dav://host/a.png", b"trash:///a.png", b"mtp://phone/DCIM/a.png",
    b"http://example.org/a.png", b"https://example.org/a.png", b"HTTPS://example.org/a.png", b"ftp://example.org/a.png",
    b"blob:https://example.org/1-2-3", b"ws://example.org", b"view-source:http://example.org",
    b"javascript:alert(1)", b"about:blank", b"chrome://settings", b"mailto:me@example.org", b"content://media/1",
]  # fmt: skip
NOWHERE = [
    b"file:", b"file:/", b"file://", b"file:///", b"file:a.png", b"file:../a.png", b"file:///a%00.png", b"file:///%00",
    b"a.png", b"./a.png", b"../a.png", b"//otherhost/a.png", b"\\\\otherhost\\a.png", b"~root/a.png", b"~", b"/",
    b"file:///" + b"a" * 100_000, b"file:///" + b"%41" * 100_000, b"/" + b"a" * 100_000, b"\xfd", b"://", b":",
]  # fmt: skip


@pytest.mark.parametrize("address", ELSEWHERE + NOWHERE, ids=lambda address: ascii(address[:40]))
def test_what_is_no_file_of_this_computer_is_refused_in_a_sentence_that_names_it(address):
    refused = read(Lie(listed(address)))
    assert (refused.paths, refused.blobs) == ((), ())
    assert is_one_short_line(refused.refusal)
    assert addresses.shown(address)[:8] in refused.refusal
    assert promise(Lie(listed(address))).kind is None


@pytest.mark.parametrize("address", ELSEWHERE, ids=lambda address: ascii(address[:40]))
def test_what_lies_elsewhere_is_refused_from_every_text(address):
    for text in ({"text/plain": address}, {"text/html": b'<img src="%s">' % address}):
        refused = read(Lie(text))
        assert (refused.paths, refused.blobs) == ((), ())
        assert is_one_short_line(refused.refusal)


@ON_POSIX
@pytest.mark.parametrize(
    ("address", "path"),
    [
        (b"file:///C:/a.png", b"/C:/a.png"),
        (b"FiLe://LocalHost/a.png", b"/a.png"),
        (b"  file:///a b.png  ", b"/a b.png"),
        (b"file:///a/%2e%2e/%2E%2E/b.png", b"/a/../../b.png"),
        (b"file:///a%0D%0Ahttp:%2F%2Fhost.png", b"/a\r\nhttp://host.png"),
        (b"file:///%C0%AFetc%C0%AFpasswd", b"/\xc0\xafetc\xc0\xafpasswd"),  # overlong: no slash
        (b"file:///%%%zz%4", b"/%%%zz%4"),
        (b"file:///a?b#c.png", b"/a?b#c.png"),
        (b"file:///proc/self/mem", b"/proc/self/mem"),
        (b"file:///dev/zero", b"/dev/zero"),
        (b"/dev/zero", b"/dev/zero"),
    ],
)
def test_other_addresses_are_paths_of_this_computer_and_nothing_else(address, path):
    assert read(Lie(listed(address))) == offer.Dropped(paths=(Path(os.fsdecode(path)),))


@ON_POSIX
@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r", b"\n\r\n", b"\r\n# a comment\r\n\r\n"])
def test_lines_may_end_in_any_way(end):
    text = end.join((b"# first", b"file:///a.png", b"file:///b.png", b""))
    assert read(Lie({"text/uri-list": text})).paths == (Path("/a.png"), Path("/b.png"))


@pytest.mark.parametrize("text", [b"", b"\r\n" * 20, b"# only\r\n# comments\r\n", b"\0", b"\xff\xfe", b"\xef\xbb\xbf"])
def test_lists_without_an_address_say_that_nothing_can_be_used(text):
    assert "Nothing here can be used (text/uri-list)" in read(Lie({"text/uri-list": text})).refusal


@ON_POSIX
def test_a_picture_without_a_file_among_files_is_named_as_left_out():
    dropped = read(Lie(listed(b"file:///a.png", data_url(base64.b64encode(PNG)), b"trash:///b.png")))
    assert dropped.paths == (Path("/a.png"),)
    assert dropped.refusal.startswith("2 of 3 left out: trash:///b.png is not a file on this computer")


# --- size -----------------------------------------------------------------------------------------------------------


def huge(kind_of_lie):
    repeated = {
        "newlines": b"\n", "comments": b"#\n", "files": b"file:///a.png\n", "web": b"http://a\n", "path": b"a/",
        "brackets": b"<", "tags": b"<img ", "open quotes": b"<img '", "quotes": b'"', "attributes": b"a=1 ",
        "equal signs": b"a=", "spaces": b" ", "signs": b"&amp;", "sixteen tags": b"<img " + b"a=1 " * 100_000 + b">",
        "escapes": b"%41",
    }[kind_of_lie]  # fmt: skip
    return repeated * (offer.MAX_TEXT // len(repeated) - 1000 // len(repeated))


@pytest.mark.parametrize("start", [b"", b"file:///", b"data:image/png,", b"<img src='", b'<img alt="" ', b"<img "])
@pytest.mark.parametrize(
    "kind_of_lie",
    ["newlines", "comments", "files", "web", "path", "brackets", "tags", "open quotes", "quotes", "attributes",
     "equal signs", "spaces", "signs", "sixteen tags", "escapes"],
)  # fmt: skip
def test_as_much_text_as_is_read_costs_no_time_whatever_is_in_it(start, kind_of_lie):
    text = start + huge(kind_of_lie) + (b"'>" if b"'" in start else b">")
    for name in TEXTS[: 2 if start.startswith(b"<") else 3]:
        mime = Lie({name: QByteArray(text)})
        begun = time.perf_counter()
        dropped = read(mime)
        assert time.perf_counter() - begun < SOON
        assert dropped.refusal is None or len(dropped.refusal) < 300
        promise(mime)
        assert time.perf_counter() - begun < 2 * SOON


@pytest.mark.parametrize("name", TEXTS)
def test_a_data_address_of_two_hundred_megabytes_is_refused_before_it_is_copied(name):
    mime = Lie({name: QByteArray(200 * MEBIBYTE, ord("A"))})
    begun = time.perf_counter()
    refusal = "The text is 200 MB, more than the 8 MB that can be dropped; save it as a file and drop that"
    assert read(mime).refusal == refusal
    assert promise(mime).kind is None
    assert time.perf_counter() - begun < SOON


def test_a_picture_of_six_megabytes_may_still_be_written_out_in_its_address():
    big = PNG + bytes(5 * MEBIBYTE)
    url = data_url(base64.b64encode(big))
    begun = time.perf_counter()
    assert read(Lie({"text/uri-list": url})).blobs == (("picture.png", big),)
    assert read(Lie({"text/html": b'<img src="' + url + b'">'})).blobs == (("picture.png", big),)
    assert time.perf_counter() - begun < 2 * SOON


def test_garbage_of_any_size_under_a_picture_format_is_never_copied():
    mime = Lie({"image/png": QByteArray(200 * MEBIBYTE, ord("A")), "application/octet-stream": QByteArray(PNG)})
    begun = time.perf_counter()
    assert read(mime).blobs == (("picture.png", PNG),)
    assert time.perf_counter() - begun < SOON


def test_ten_thousand_formats_with_impossible_names_are_one_sentence():
    names = [f"x/\0\n{i}" + "y" * 1000 for i in range(10_000)]
    begun = time.perf_counter()
    refusal = read(Lie({}, formats=names)).refusal
    assert "Nothing here can be used" in refusal
    assert is_one_short_line(refusal)
    assert time.perf_counter() - begun < SOON


# --- promises that are not kept -------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [None, b"", QByteArray(), 7, [], {}, object(), "text", PNG[:7], PNG[1:]])
def test_a_format_that_is_listed_and_holds_nothing_of_use_is_passed_over(answer):
    formats = [*PICTURE_FORMATS, *TEXTS]
    refused = read(Lie(dict.fromkeys(formats, answer), formats=formats))
    assert (refused.paths, refused.blobs) == ((), ())
    assert is_one_short_line(refused.refusal)


@pytest.mark.parametrize("answer", [b"", b"garbage"])
def test_a_program_that_takes_its_time_for_nothing_is_asked_for_nothing_more(clock, answer):
    def wait():
        clock.now += 5

    mime = Lie(dict.fromkeys((*PICTURE_FORMATS, *TEXTS), answer), delay=wait)
    assert read(mime).refusal == offer.SILENT
    assert len(mime.asked) == 1


def test_a_program_that_never_answers_costs_the_overlay_one_question(clock):
    def wait():
        clock.now += 5

    mime = Lie(dict.fromkeys((*TEXTS, *PICTURE_FORMATS)), delay=wait)
    assert offer.SILENT in promise(mime).sentence
    assert mime.asked == ["text/uri-list"]


def test_a_clipboard_that_does_not_even_name_its_formats_is_asked_for_nothing_more(clock):
    class Silent(Lie):
        def formats(self):
            clock.now += 5
            return []

    mime = Silent({"text/uri-list": b"file:///a.png"})
    assert read(mime).refusal == offer.SILENT
    assert mime.asked == []


def test_a_slow_program_that_keeps_its_promise_is_believed(clock):
    def wait():
        clock.now += 3

    assert read(Lie({"image/png": QByteArray(PNG)}, delay=wait)).blobs == (("picture.png", PNG),)


GARBAGE = st.one_of(
    st.none(),
    st.binary(max_size=60),
    st.lists(
        st.sampled_from(
            [b"file:", b"//", b"/", b"host", b"%", b"00", b"data:", b",", b";base64", b"<img src=", b">", b'"', b"\n",
             b"\r", b"\xff\xfe", b"#", b":", b"\0", b"~", b"http://", b"&#0;", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"]
        )
    ).map(b"".join),
)  # fmt: skip


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.dictionaries(st.sampled_from([*PICTURE_FORMATS, *TEXTS, "x/\0\n", ""]), GARBAGE))
def test_garbage_under_every_format_is_used_or_refused_in_one_line(brought):
    mime = Lie(brought)
    dropped = read(mime)
    assert dropped.paths or dropped.blobs or dropped.refusal
    assert all(path.is_absolute() for path in dropped.paths)
    assert all(addresses.suffix_of(content) for _, content in dropped.blobs)
    if dropped.refusal:
        assert is_one_short_line(dropped.refusal)
    sentence = promise(mime).sentence
    assert is_one_short_line(sentence)


# --- through the window ---------------------------------------------------------------------------------------------

LIES = {
    "another host": (listed(b"file://otherhost/share/a.png"), "is on another computer (otherhost)"),
    "a network path": (listed(b"file:////otherhost/share/a.png"), "is on another computer"),
    "a web address": (listed(b"https://example.org/a.png"), "is a web address, and nothing is fetched"),
    "a share": (listed(b"smb://nas/a.png"), "is not a file on this computer"),
    "a script": (listed(b"javascript:alert(1)"), "is not a file on this computer"),
    "a relative path": (listed(b"../a.png"), "is not the address of a file"),
    "200 MB in an address": (listed(b"data:image/png;base64," + b"A" * (200 * MEBIBYTE)), "201 MB, more than the"),
    "an address cut short": (listed(b"data:image/png;base64"), "is cut short"),
    "an address that is damaged": (listed(b"data:image/png;base64,!!!!"), "is damaged"),
    "a promise that is not kept": (dict.fromkeys((*TEXTS, *PICTURE_FORMATS)), "Nothing here can be used"),
    "garbage": (dict.fromkeys((*TEXTS[1:], *PICTURE_FORMATS), bytes(range(1, 255))), "Nothing here can be used"),
    "too many files": (listed(*[b"file:///a.png"] * 20_000), "More than 2,000 files at once"),
    "nothing": ({}, "it was empty"),
}


@pytest.fixture
def unchanged(window, model, qtbot):
    """Tells what the window shows that no refused drop may change."""
    image, latent = window.session.image, window.session.latent
    qtbot.waitUntil(lambda: window.session.decoded.shown is not None, timeout=WAIT)

    def state():
        shown = window.session.model.current
        return image.images, image.image, image.is_reading, shown, tuple(latent.z), shown.undo.count()

    return state


def test_every_lying_drop_ends_in_a_sentence_and_changes_nothing(window, drop, said, unchanged):
    before = unchanged()
    for brought, wanted in LIES.values():
        mime = Lie({name: None if data is None else QByteArray(data) for name, data in brought.items()})
        window.step_back()
        begun = time.perf_counter()
        drop(mime)
        assert time.perf_counter() - begun < SOON
        assert wanted in said()
        assert window.errors.isVisible()
        assert not window.drops.overlay.isVisible()
        assert unchanged() == before


def test_a_lying_clipboard_ends_in_a_sentence_and_changes_nothing(window, said, unchanged):
    before = unchanged()
    mime = QMimeData()
    mime.setData("text/uri-list", b"file://otherhost/a.png")
    QGuiApplication.clipboard().setMimeData(mime)
    window.paste()
    assert "is on another computer" in said()
    assert unchanged() == before


@ON_POSIX
@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        (b"file:///dev/zero", "zero"),
        (b"file:///dev/zero/a.png", "a.png"),
        (b"file:///C:/a.png", "a.png is no longer there"),
        (b"file:///a%0D%0Ab.png", "no longer there"),
        (b"file:///" + b"a" * 4000 + b".png", "cannot be read"),
    ],
)
def test_a_path_that_is_no_file_is_refused_by_who_reads_it(window, drop, said, unchanged, qtbot, address, wanted):
    before = unchanged()
    drop(Lie(listed(address)))
    qtbot.waitUntil(lambda: said() != "", timeout=WAIT)
    assert wanted in said()
    assert "\n" not in said()
    qtbot.waitUntil(lambda: not window.session.image.is_reading, timeout=WAIT)
    assert unchanged() == before
