"""What a drop or a paste brings: paths, pictures as bytes, or the sentence that says why neither.

What programs really send was measured: see `read` for the order in which it is looked at. Nothing is fetched, nothing
is opened, and one picture format is asked for, since a slow program holds the window up for each.
"""

import base64
import binascii
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path, PurePath
from typing import Literal
from urllib.parse import unquote_to_bytes

from PySide6.QtCore import QMimeData

Kind = Literal["images", "model", "data", "mixed"]

MEBIBYTE = 2**20
MAX_PICTURE = 64 * MEBIBYTE  # bytes
MAX_TEXT = MAX_PICTURE // 3 * 4 + MEBIBYTE  # bytes: base64 writes 3 bytes with 4 characters
MAX_ESCAPED = 4 * MEBIBYTE  # bytes of an address with %41: taking them apart needs thirty times their memory
MAX_ADDRESSES = 10_000
MAX_IMG_TAGS = 16

SAVE_IT = "save the picture first, or drag the picture itself"
WANTED = "drop an image, a model file, or a folder of images"

# What data/picture.py opens; it cannot be asked, since that would load Pillow before the window stands.
PICTURE_SUFFIXES = frozenset(
    (".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".bmp", ".webp", ".tif", ".tiff")
)
DATA_SUFFIXES = frozenset((".npz", ".npy", ".zip"))
MODEL_SUFFIX = ".safetensors"
IDX_NAME = re.compile(r"idx[13]-ubyte(\.gz)?$", re.IGNORECASE)

# In the order in which they are asked for: lossless first.
PICTURE_FORMATS = (
    "image/png", "image/webp", "image/jpeg", "image/jpg", "image/pjpeg", "image/tiff", "image/bmp", "image/x-bmp",
    "image/x-ms-bmp", "image/gif", 'application/x-qt-windows-mime;value="png"',
    'application/x-qt-windows-mime;value="jfif"', "application/octet-stream",
)  # fmt: skip

_MAGIC = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), ".png"),
    (re.compile(rb"\xff\xd8\xff"), ".jpg"),
    (re.compile(rb"GIF8[79]a"), ".gif"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), ".webp"),
    (re.compile(rb"II\*\0|MM\0\*"), ".tif"),
    (re.compile(rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0", re.DOTALL), ".bmp"),  # the size of a known header
)

_IMG = re.compile(rb"<img\b", re.IGNORECASE)
# A > may stand in a quoted value. The + after the repetitions: nothing is tried twice.
_IMG_TAG = re.compile(rb"""<img\b(?:"[^"]*"|'[^']*'|[^>"']++)*+>""", re.IGNORECASE)


@dataclass(frozen=True)
class Dropped:
    """What can be used of a drop. A refusal beside paths says what was left out."""

    paths: tuple[Path, ...] = ()
    blobs: tuple[tuple[str, bytes], ...] = ()  # a name for the window, the bytes of a picture file
    refusal: str | None = None


class DropError(ValueError):
    """One plain sentence: why this part of a drop cannot be used."""


@dataclass
class _Found:
    """Addresses, sorted."""

    paths: list[Path] = field(default_factory=list)
    data_urls: list[bytes] = field(default_factory=list)
    web: list[bytes] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)


def read(mime: QMimeData) -> Dropped:
    """What can be used, from the first of these that holds anything: local files of the list of addresses; a picture
    format; a data: address; an <img> of the HTML with a data: or file: address; text that is a path. A web address is
    refused."""
    try:
        return _read(mime)
    except DropError as error:
        return Dropped(refusal=str(error))


def kind(mime: QMimeData) -> Kind | None:
    """A guess from formats and names alone, cheap enough for something that only hangs over the window."""
    return _kind(mime, _in_sight(mime))


def kind_of(path: PurePath) -> Literal["images", "model", "data"]:
    """A guess from a name alone: no suffix is a folder, an unknown one is tried as an image."""
    suffix = path.suffix.lower()
    if suffix == MODEL_SUFFIX:
        return "model"
    return "data" if not suffix or _is_data_file(path) else "images"


def promise(mime: QMimeData) -> str:
    """What a drop would do, in one line."""
    found = _in_sight(mime)
    paths = found.paths
    first = _shown(paths[0].name) if len(paths) == 1 else ""
    match _kind(mime, found):
        case "images" if first and paths[0].suffix.lower() not in PICTURE_SUFFIXES:
            return f"Drop to try {first} as an image"
        case "images":
            return f"Drop to encode {first or (f'{len(paths):,} images' if paths else 'this image')}"
        case "model":
            return f"Drop to open the model {first}" if first else f"Drop to open {len(paths)} models"
        case "data":
            folder = "the folder " if first and not _is_data_file(paths[0]) else ""
            return f"Drop to train on {folder}{first or f'these {len(paths)} files'}"
        case "mixed":
            kinds = [kind_of(path) for path in paths]
            words = (("images", "image", "images"), ("model", "model", "models"), ("data", "data set", "data sets"))
            counts = [(kinds.count(each), one, many) for each, one, many in words if each in kinds]
            parts = [f"{count} {one if count == 1 else many}" for count, one, many in counts]
            return f"Drop to open {', '.join(parts[:-1])} and {parts[-1]}"
    if found.web:
        return f"A web address cannot be dropped: {SAVE_IT}"
    if mime.hasFormat("text/html") or mime.hasFormat("text/plain"):
        return "Drop to look for an image in this text"
    return f"This cannot be used: {WANTED}"


def _kind(mime: QMimeData, found: _Found) -> Kind | None:
    kinds = {kind_of(path) for path in found.paths}
    if len(kinds) > 1:
        return "mixed"
    return kinds.pop() if kinds else "images" if found.data_urls or _picture_formats(mime) else None


def _in_sight(mime: QMimeData) -> _Found:
    """The addresses of a drop that still hangs over the window; of the text only where there is nothing better."""
    try:
        found = _sorted(_lines(mime, "text/uri-list"))
        if mime.hasFormat("text/uri-list") or _picture_formats(mime):
            return found
        return _sorted(_lines(mime, "text/plain"))
    except DropError:
        return _Found()


def _is_data_file(path: PurePath) -> bool:
    return path.suffix.lower() in DATA_SUFFIXES or bool(IDX_NAME.search(path.name))


def _read(mime: QMimeData) -> Dropped:
    listed = _sorted(_lines(mime, "text/uri-list"))
    formats = _picture_formats(mime)
    # Firefox on Windows writes a .bmp for the drop and takes it away again, so the picture itself is safer.
    passing = len(listed.paths) == 1 and listed.paths[0].suffix.lower() == ".bmp"
    if listed.paths and not (passing and formats):
        return _with_paths(listed)
    if blob := _picture(mime, formats, listed.web):
        return Dropped(blobs=(blob,))
    unused = _Found()
    for found in _places(mime, listed):
        if found.data_urls:
            return Dropped(blobs=(_data_url(found.data_urls[0]),))
        if found.paths:
            return _with_paths(found)
        unused.web += found.web
        unused.refusals += found.refusals
    if unused.refusals:
        raise DropError(unused.refusals[0])
    if unused.web:
        raise DropError(f"{_shown(unused.web[0])} is a web address, and nothing is fetched: {SAVE_IT}")
    brought = [_shown(each) for each in mime.formats()]
    raise DropError(f"Nothing here can be used ({', '.join(brought[:4]) or 'it was empty'}): {WANTED}")


def _places(mime: QMimeData, listed: _Found) -> Iterator[_Found]:
    """Where addresses may stand; each text is asked for only when what comes before it held nothing."""
    yield listed
    yield _sorted(_image_sources(mime))
    yield _sorted(_lines(mime, "text/plain"))


def _with_paths(found: _Found) -> Dropped:
    refusals = found.refusals + [f"{_shown(url)} is a web address: {SAVE_IT}" for url in found.web]
    every = len(refusals) + len(found.paths)
    refusal = f"{len(refusals)} of {every} left out: {refusals[0]}" if refusals else None
    return Dropped(paths=tuple(dict.fromkeys(found.paths)), refusal=refusal)


def _picture_formats(mime: QMimeData) -> list[str]:
    """The picture formats of a drop under their own names, best first."""
    own = {name.lower(): name for name in mime.formats()}
    return [own[name] for name in PICTURE_FORMATS if name in own]


def _picture(mime: QMimeData, formats: list[str], web: list[bytes]) -> tuple[str, bytes] | None:
    """The first format that really holds a picture; Firefox names some that are empty."""
    for name in formats:
        data = mime.data(name)
        if data.size() > MAX_PICTURE:
            raise DropError(_too_large("The picture", data.size(), MAX_PICTURE))
        content = bytes(data.data())
        if suffix := _suffix_of(content):
            return _picture_name(web, suffix), content
    return None


def _picture_name(web: list[bytes], suffix: str) -> str:
    """The name in the address that the picture came with, when it is one of a picture."""
    last = web[0][:2000].partition(b"?")[0].rpartition(b"/")[2] if web else b""
    name = PurePath(_shown(unquote_to_bytes(last))).name
    return name if PurePath(name).suffix.lower() in PICTURE_SUFFIXES else f"picture{suffix}"


def _suffix_of(content: bytes) -> str | None:
    return next((suffix for magic, suffix in _MAGIC if magic.match(content)), None)


def _data_url(url: bytes) -> tuple[str, bytes]:
    """The picture in data:image/png;base64,… (RFC 2397)."""
    head, comma, payload = url[5:].partition(b",")
    if not comma:
        raise DropError(f"The data: address is cut short; {SAVE_IT}")
    if b"%" in payload:
        if len(payload) > MAX_ESCAPED:
            raise DropError(_too_large("The escaped data: address", len(payload), MAX_ESCAPED))
        payload = unquote_to_bytes(payload)
    if head.rstrip().lower().endswith(b";base64"):
        payload = payload.translate(None, b" \t\r\n")
        try:
            payload = base64.b64decode(payload + b"=" * (-len(payload) % 4), validate=True)
        except binascii.Error:
            raise DropError(f"The data: address is damaged, it is not base64; {SAVE_IT}") from None
    if len(payload) > MAX_PICTURE:
        raise DropError(_too_large("The picture", len(payload), MAX_PICTURE))
    suffix = _suffix_of(payload)
    if suffix is None:
        what = _shown(head.partition(b";")[0]) or "text/plain"
        raise DropError(f"The data: address holds {what} and no picture that can be read; {SAVE_IT}")
    return f"picture{suffix}", payload


def _sorted(addresses: Iterable[bytes]) -> _Found:
    found = _Found()
    for count, address in enumerate(addresses):
        if count == MAX_ADDRESSES:
            raise DropError(f"More than {MAX_ADDRESSES:,} files at once; drop the folder that holds them")
        scheme = address[:8].partition(b":")[0].lower()
        try:
            if scheme == b"file":
                found.paths.append(_local_path(address))
            elif scheme == b"data":
                found.data_urls.append(address)
            elif scheme in (b"http", b"https", b"ftp", b"ftps", b"blob"):
                found.web.append(address)
            elif path := _plain_path(address):
                found.paths.append(path)
        except DropError as refusal:
            found.refusals.append(str(refusal))
    return found


def _local_path(url: bytes) -> Path:
    """file:///a%20b, file:/a and file://localhost/a; every other host would be a network path on Windows."""
    rest = url[5:]
    if rest.startswith(b"//"):
        host, slash, rest = rest[2:].partition(b"/")
        rest = slash + rest
        if host.lower() not in (b"", b"localhost"):
            raise DropError(f"{_shown(url)} lies on another computer ({_shown(host)}); copy it to this one first")
    content = unquote_to_bytes(rest)
    if b"\0" in content or not content.startswith(b"/") or content == b"/":
        raise DropError(f"{_shown(url)} is not the address of a file; {WANTED}")
    if content[1:2] in (b"/", b"\\"):
        raise DropError(f"{_shown(url)} lies on another computer; copy it to this one first")
    if os.name == "nt" and re.match(rb"/[A-Za-z]:", content):
        content = content[1:]
    return Path(os.fsdecode(content))


def _plain_path(text: bytes) -> Path | None:
    """A path as text, in quotes or not; None for any other text."""
    if len(text) > 1 and text[:1] == text[-1:] and text[:1] in (b'"', b"'"):
        text = text[1:-1]
    absolute = re.match(rb"[A-Za-z]:[\\/]" if os.name == "nt" else rb"/[^/]|~/", text)
    if not absolute or b"\0" in text or len(text) > 4096:
        return None
    path = Path(os.fsdecode(text))
    return path.expanduser() if text.startswith(b"~") else path


def _lines(mime: QMimeData, name: str) -> Iterator[bytes]:
    """The lines of a list of addresses (RFC 2483), without its comments."""
    for line in _text(mime, name).splitlines():
        line = line.strip()
        if line and not line.startswith(b"#"):
            yield line


def _text(mime: QMimeData, name: str) -> bytes:
    """A text format as UTF-8 without a byte order mark; some programs send UTF-16."""
    if not mime.hasFormat(name):
        return b""
    data = mime.data(name)
    if data.size() > MAX_TEXT:
        raise DropError(_too_large("The text", data.size(), MAX_TEXT))
    content = bytes(data.data())
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        content = content.decode("utf-16", "replace").encode("utf-8", "replace")
    elif content[1:2] == b"\0":
        content = content.decode("utf-16-le", "replace").encode("utf-8", "replace")
    return content.removeprefix(b"\xef\xbb\xbf").rstrip(b"\0")


class _Images(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.sources += [value for name, value in attrs if name == "src" and value]


def _image_sources(mime: QMimeData) -> Iterator[bytes]:
    """The addresses of the first images in the HTML. The parser sees one whole tag at a time: pages that are broken on
    purpose cost it time that grows with the square of their length."""
    html = _text(mime, "text/html")
    position = 0
    for _ in range(MAX_IMG_TAGS):
        start = _IMG.search(html, position)
        if start is None:
            return
        tag = _IMG_TAG.match(html, start.start())
        position = (tag or start).end()
        parser = _Images()
        parser.feed(tag[0].decode("utf-8", "replace") if tag else "")
        for source in parser.sources:
            if ":" in source[:8]:  # what has no scheme belongs to the page, on the web or nowhere
                yield source.strip().encode("utf-8", "replace")


def _too_large(what: str, size: int, limit: int) -> str:
    sizes = f"{-(-size // MEBIBYTE)} MB, more than the {limit // MEBIBYTE} MB"
    return f"{what} is {sizes} that can be dropped; make it smaller"


def _shown(text: str | bytes) -> str:
    """A name or an address in a sentence: one line, not too long, without signs that cannot be shown."""
    if isinstance(text, str):
        text = os.fsencode(text) if os.name != "nt" else text.encode("utf-8", "replace")
    short = text if len(text) <= 400 else text[:200] + text[-200:]
    clean = "".join(
        sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in short.decode("utf-8", "replace")
    )
    return clean if len(clean) <= 60 else f"{clean[:36]}…{clean[-23:]}"
