"""What a drop or a paste brings: paths, pictures as bytes, or the sentence that says why neither.

What programs really send was measured: see `read` for the order in which it is looked at. Nothing is fetched, nothing
is opened. The window cannot answer while another program is asked for what it offers, so little is asked for.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Literal
from urllib.parse import unquote_to_bytes

from PySide6.QtCore import QByteArray, QMimeData

from vae_explorer.session.opening import Kind, is_data_file, to_open
from vae_explorer.ui.drop import addresses
from vae_explorer.ui.drop.addresses import SAVE_IT, WANTED, Addresses, DropError, shown

MEBIBYTE = 2**20
MAX_PICTURE = 64 * MEBIBYTE  # bytes: more than programs send, copied in 30 ms
MAX_TEXT = 8 * MEBIBYTE  # bytes of addresses or HTML: 6 MB of a picture written out, read in 50 ms
PATIENCE = 1.0  # seconds: a program that took longer to offer nothing of use is asked for nothing more

SILENT = f"The program that this comes from is not responding; try again, or {SAVE_IT}"

# What data/picture.py opens; it cannot be asked, since that would load Pillow before the window is up.
PICTURE_SUFFIXES = frozenset(
    (
        *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".bmp", ".dib", ".webp", ".tif", ".tiff", ".avif"),
        *(".pbm", ".pgm", ".ppm", ".pnm", ".heic", ".heif", ".hif"),
    )
)

# In the order in which they are asked for: lossless first.
PICTURE_FORMATS = (
    "image/png", "image/webp", "image/jpeg", "image/jpg", "image/pjpeg", "image/tiff", "image/bmp", "image/x-bmp",
    "image/x-ms-bmp", "image/gif", "image/avif", 'application/x-qt-windows-mime;value="png"',
    'application/x-qt-windows-mime;value="jfif"', "application/octet-stream",
)  # fmt: skip


@dataclass(frozen=True)
class Dropped:
    """What can be used of a drop. With paths, the refusal says what was left out."""

    paths: tuple[Path, ...] = ()
    blobs: tuple[tuple[str, bytes], ...] = ()  # a name for the window, the bytes of a picture file
    refusal: str | None = None


@dataclass(frozen=True)
class Promise:
    """What a drop would do, in one line; no kind: it cannot be used, or only looking can tell."""

    sentence: str
    kind: Kind | Literal["mixed"] | None = None


class _Offer:
    """What another program offers. Each question may block the window, on X11 for five seconds without an answer."""

    def __init__(self, mime: QMimeData) -> None:
        self._mime = mime
        start = time.monotonic()
        self.formats = mime.formats()  # of a clipboard, its program is asked
        self._waited = time.monotonic() - start  # seconds
        if self._waited > PATIENCE and not self.formats:
            raise DropError(SILENT)

    def pictures(self) -> list[str]:
        """The picture formats under their own names, best first."""
        own = {name.lower(): name for name in self.formats}
        return [own[name] for name in PICTURE_FORMATS if name in own]

    def picture(self, name: str) -> tuple[str, bytes] | None:
        """A suffix and the bytes, if this format really holds a picture; Firefox names some that are empty."""
        data = self._ask(name)
        suffix = addresses.suffix_of(bytes(data.left(32).data()))
        if suffix is None:
            return None
        if data.size() > MAX_PICTURE:
            raise DropError(_too_large("The picture", data.size(), MAX_PICTURE))
        return suffix, bytes(data.data())

    def text(self, name: str) -> bytes:
        """A text format as UTF-8 without a byte order mark; some programs send UTF-16."""
        if name not in self.formats:
            return b""
        data = self._ask(name)
        if data.size() > MAX_TEXT:
            raise DropError(_too_large("The text", data.size(), MAX_TEXT))
        content = bytes(data.data())
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            content = content.decode("utf-16", "replace").encode("utf-8", "replace")
        elif content[1:2] == b"\0":
            content = content.decode("utf-16-le", "replace").encode("utf-8", "replace")
        return content.removeprefix(b"\xef\xbb\xbf").rstrip(b"\0")

    def _ask(self, name: str) -> QByteArray:
        if self._waited > PATIENCE:
            raise DropError(SILENT)
        start = time.monotonic()
        data = self._mime.data(name)  # shared, not copied
        self._waited += time.monotonic() - start
        if self._waited > PATIENCE and data.isEmpty():
            raise DropError(SILENT)
        return data


def read(mime: QMimeData) -> Dropped:
    """What can be used, from the first of these that holds anything: local files of the list of addresses; a picture
    format; a data: address; an <img> of the HTML with a data: or file: address; text that is a path. A web address is
    refused."""
    try:
        return _read(_Offer(mime))
    except DropError as error:
        return Dropped(refusal=str(error))


def promise(mime: QMimeData) -> Promise:
    """What a drop of what hovers over the window would do, from formats, names and which of them are folders: the list
    of addresses is asked for once."""
    try:
        offer = _Offer(mime)
        found = addresses.sort(addresses.lines(offer.text("text/uri-list")))
    except DropError as error:
        return Promise(f"This cannot be used. {error}")
    if found.paths:
        return _promise_of(found.paths)
    if found.data_urls or offer.pictures():
        return Promise("Drop to encode this image", "image")
    if found.web:
        return Promise(f"A web address cannot be dropped: {SAVE_IT}")
    if found.refusals:
        return Promise(f"This cannot be used. {found.refusals[0]}")
    if "text/html" in offer.formats or "text/plain" in offer.formats:
        return Promise("Drop to look for an image in this text")
    return Promise(f"This cannot be used: {WANTED}")


def _promise_of(paths: list[Path]) -> Promise:
    found = to_open(paths)
    model = found.model or found.run
    images = len(found.images)
    only = " (only one at a time)" if found.left_out else ""
    if bool(images) + bool(model) + bool(found.data) > 1:
        parts = [f"{images:,} image{'s' if images > 1 else ''}"] if images else []
        parts += ["1 run" if found.run else "1 model"] if model else []
        parts += ["1 data set"] if found.data else []
        return Promise(f"Drop to open {', '.join(parts[:-1])} and {parts[-1]}{only}", "mixed")
    if model:
        kind: Kind = "run" if found.run else "model"
        return Promise(f"Drop to open the {kind} {shown(model.name)}{only}", kind)
    if found.data:
        folder = "" if is_data_file(found.data) else "the folder "
        return Promise(f"Drop to train on {folder}{shown(found.data.name)}{only}", "data")
    if images > 1:
        return Promise(f"Drop to encode {images:,} images", "image")
    verb = "encode" if paths[0].suffix.lower() in PICTURE_SUFFIXES else "try"
    return Promise(f"Drop to {verb} {shown(paths[0].name)}{'' if verb == 'encode' else ' as an image'}", "image")


def _read(offer: _Offer) -> Dropped:
    listed = addresses.sort(addresses.lines(offer.text("text/uri-list")))
    formats = offer.pictures()
    # Firefox on Windows writes a .bmp for the drop and takes it away again, so the picture itself is safer.
    passing = len(listed.paths) == 1 and listed.paths[0].suffix.lower() == ".bmp"
    if listed.paths and not (passing and formats):
        return _with_paths(listed)
    for name in formats:
        if picture := offer.picture(name):
            suffix, content = picture
            return Dropped(blobs=((_picture_name(listed.web, suffix), content),))
    unused = Addresses()
    for found in _places(offer, listed):
        if found.data_urls:
            return Dropped(blobs=(addresses.picture_in(found.data_urls[0]),))
        if found.paths:
            return _with_paths(found)
        unused.web += found.web
        unused.refusals += found.refusals
    if unused.refusals:
        raise DropError(unused.refusals[0])
    if unused.web:
        raise DropError(f"{shown(unused.web[0])} is a web address, and nothing is fetched: {SAVE_IT}")
    brought = [shown(each) for each in offer.formats[:3]]
    raise DropError(f"Nothing here can be used ({', '.join(brought) or 'it was empty'}): {WANTED}")


def _places(offer: _Offer, listed: Addresses) -> Iterator[Addresses]:
    """Where addresses may be; each text is asked for only when what comes before it held nothing."""
    yield listed
    yield addresses.sort(addresses.image_sources(offer.text("text/html")))
    yield addresses.sort(addresses.lines(offer.text("text/plain")), prose=True)


def _with_paths(found: Addresses) -> Dropped:
    refusals = found.refusals + [f"{shown(url)} is a web address: {SAVE_IT}" for url in found.web]
    refusals += [f"{shown(url)} is a picture without a file: drop it on its own" for url in found.data_urls]
    every = len(refusals) + len(found.paths)
    refusal = f"{len(refusals)} of {every} left out: {refusals[0]}" if refusals else None
    return Dropped(paths=tuple(dict.fromkeys(found.paths)), refusal=refusal)


def _picture_name(web: list[bytes], suffix: str) -> str:
    """The name in the address that the picture came with, when it is one of a picture."""
    last = web[0][:2000].partition(b"?")[0].rpartition(b"/")[2] if web else b""
    name = PurePath(shown(unquote_to_bytes(last))).name
    return name if PurePath(name).suffix.lower() in PICTURE_SUFFIXES else f"picture{suffix}"


def _too_large(what: str, size: int, limit: int) -> str:
    sizes = f"{-(-size // MEBIBYTE)} MB, more than the {limit // MEBIBYTE} MB"
    return f"{what} is {sizes} that can be dropped; save it as a file and drop that"
