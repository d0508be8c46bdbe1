"""Addresses in a drop: which are files of this machine, which are pictures written out, which are elsewhere.

They come from anywhere: whatever takes longer the longer they are has a limit, and nothing is fetched or opened.
"""

import base64
import binascii
import html
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote_to_bytes

from vae_explorer import errors

MAX_ADDRESSES = 2_000  # the strip holds 100 images, and each is looked for while the window waits
MAX_PATH = 4096  # bytes: no system takes a longer one
MAX_ESCAPES = 100_000  # characters written as %41 or &#65; in one address: each costs a quarter of a microsecond
MAX_IMG_TAGS = 16
MAX_BROKEN_TAGS = 3  # each may have been read to the end of the page
MAX_ATTRIBUTES = 100  # of one tag

SHORT = 60  # characters of a name

SAVE_IT = "save the picture first, or drag the picture itself"
WANTED = "drop an image, a model, or a folder or file of images"

_WEB = (b"http", b"https", b"ftp", b"ftps", b"blob")
_MAGIC = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), ".png"),
    (re.compile(rb"\xff\xd8\xff"), ".jpg"),
    (re.compile(rb"GIF8[79]a"), ".gif"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), ".webp"),
    (re.compile(rb"II\*\0|MM\0\*"), ".tif"),
    (re.compile(rb".{4}ftypavi[fs]", re.DOTALL), ".avif"),
    (re.compile(rb".{4}ftyp(?:hei[cxms]|mif1)", re.DOTALL), ".heic"),
    (re.compile(rb"P[1-6]\s"), ".pnm"),
    (re.compile(rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0", re.DOTALL), ".bmp"),  # the size of a known header
)
_SCHEME = re.compile(rb"([A-Za-z][A-Za-z0-9+.-]{1,30}):")  # one letter is a drive of Windows
# A > may occur in a quoted value. The + after the repetitions: nothing is tried twice.
_REST_OF_TAG = re.compile(rb"""\b(?:"[^"]*+"|'[^']*+'|[^>"']++){0,%d}+>""" % (2 * MAX_ATTRIBUTES))
_ATTRIBUTE = re.compile(
    rb"""[ \t\r\n\f=>"'/]{0,999}+([^ \t\r\n\f=>"'/]{1,999}+)"""  # a name behind anything that is none
    rb"""(?:\s{0,999}+=\s{0,999}+(?:"([^"]*+)"|'([^']*+)'|([^ \t\r\n\f>"']++)))?+"""
)


@dataclass
class Addresses:
    """Addresses, sorted."""

    paths: list[Path] = field(default_factory=list)
    data_urls: list[bytes] = field(default_factory=list)
    web: list[bytes] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)  # a sentence for each other one


class DropError(ValueError):
    """One plain sentence: why this part of a drop cannot be used."""


def lines(text: bytes) -> Iterator[bytes]:
    """The lines of a list of addresses (RFC 2483), without its comments."""
    every = text.replace(b"\r", b"\n").split(b"\n", 3 * MAX_ADDRESSES)  # \r\n makes two of each
    for count, line in enumerate(filter(None, every)):
        if count == MAX_ADDRESSES or len(every) > 3 * MAX_ADDRESSES:
            raise DropError(f"More than {MAX_ADDRESSES:,} files at once; drop the folder that holds them")
        line = line.strip()
        if line and not line.startswith(b"#"):
            yield line


def image_sources(page: bytes) -> Iterator[bytes]:
    """The addresses of the first images in an HTML page, as written there, scheme included."""
    position = broken = 0
    lower = page.lower()
    for _ in range(MAX_IMG_TAGS):
        position = lower.find(b"<img", position)
        if position < 0 or broken == MAX_BROKEN_TAGS:
            return
        position += 4
        tag = _REST_OF_TAG.match(page, position)
        broken += tag is None
        position = tag.end() if tag else position
        source = _source(tag[0]) if tag else b""
        if _SCHEME.match(source):  # what has no scheme belongs to the page, on the web or nowhere
            yield source


def _source(attributes: bytes) -> bytes:
    """The value of src; characters written as &amp; are decoded."""
    end = 0
    for _ in range(MAX_ATTRIBUTES):
        match = _ATTRIBUTE.match(attributes, end)
        if match is None:
            break
        end = match.end()
        if match[1].lower() == b"src":
            value = (match[2] or match[3] or match[4] or b"").strip()
            if 0 < value.count(b"&") <= MAX_ESCAPES:
                value = html.unescape(value.decode("utf-8", "replace")).encode("utf-8", "replace")
            return value
    return b""


def sort(addresses: Iterable[bytes], *, prose: bool = False) -> Addresses:
    """Each into its place. In prose, what is neither address nor path is nothing; in a list it is refused."""
    found = Addresses()
    for address in addresses:
        scheme = match[1].lower() if (match := _SCHEME.match(address)) else b""
        try:
            if scheme == b"file":
                found.paths.append(_local_path(address))
            elif scheme == b"data":
                found.data_urls.append(address)
            elif scheme in _WEB:
                found.web.append(address)
            elif path := _plain_path(address):
                found.paths.append(path)
            elif scheme and (not prose or address[len(scheme) :].startswith(b"://")):
                raise DropError(f"{shown(address)} is not a file on this computer; copy or save it there first")
            elif not prose:
                raise DropError(f"{shown(address)} is not the address of a file; {WANTED}")
        except DropError as refusal:
            found.refusals.append(str(refusal))
    return found


def picture_in(url: bytes) -> tuple[str, bytes]:
    """The picture in data:image/png;base64,… (RFC 2397): a name for it, and its bytes."""
    head, comma, payload = url[5:].partition(b",")
    if not comma:
        raise DropError(f"The data: address is cut short; {SAVE_IT}")
    if escapes := payload.count(b"%"):
        if escapes > MAX_ESCAPES:
            raise DropError(f"The data: address has more than {MAX_ESCAPES:,} escaped characters; {SAVE_IT}")
        payload = unquote_to_bytes(payload)
    if head[-20:].rstrip().lower().endswith(b";base64"):
        payload = payload.translate(None, b" \t\r\n")
        try:
            payload = base64.b64decode(payload + b"=" * (-len(payload) % 4), validate=True)
        except binascii.Error:
            raise DropError(f"The data: address is damaged, it is not base64; {SAVE_IT}") from None
    suffix = suffix_of(payload)
    if suffix is None:
        what = shown(head.partition(b";")[0]) or "text/plain"
        raise DropError(f"The data: address holds {what} and no picture that can be read; {SAVE_IT}")
    return f"picture{suffix}", payload


def suffix_of(content: bytes) -> str | None:
    """The suffix of a picture file's name by its first bytes; None for anything else."""
    return next((suffix for magic, suffix in _MAGIC if magic.match(content)), None)


def shown(text: str | bytes) -> str:
    """A name or an address in a sentence that may hold several."""
    return errors.shown(text, SHORT)


def _local_path(url: bytes) -> Path:
    """file:///a%20b, file:/a and file://localhost/a; every other host would be a network path on Windows."""
    rest = url[5:]
    if rest.startswith(b"//"):
        host, slash, rest = rest[2:].partition(b"/")
        rest = slash + rest
        if host.lower() not in (b"", b"localhost"):
            raise DropError(f"{shown(url)} is on another computer ({shown(host)}); copy it to this one first")
    if len(rest) > 3 * MAX_PATH:  # %41 is one character
        raise DropError(f"{shown(url)} is too long for the address of a file; {WANTED}")
    content = unquote_to_bytes(rest)
    if b"\0" in content or not content.startswith(b"/") or content == b"/":
        raise DropError(f"{shown(url)} is not the address of a file; {WANTED}")
    if content[1:2] in (b"/", b"\\"):
        raise DropError(f"{shown(url)} is on another computer; copy it to this one first")
    if os.name == "nt" and re.match(rb"/[A-Za-z]:", content):
        content = content[1:]
    return Path(os.fsdecode(content))


def _plain_path(text: bytes) -> Path | None:
    """A path as text, in quotes or not; None for any other text."""
    if len(text) > MAX_PATH:
        return None
    if len(text) > 1 and text[:1] == text[-1:] and text[:1] in (b'"', b"'"):
        text = text[1:-1]
    absolute = re.match(rb"[A-Za-z]:[\\/]" if os.name == "nt" else rb"/[^/]|~/", text)
    if not absolute or b"\0" in text:
        return None
    path = Path(os.fsdecode(text))
    return path.expanduser() if text.startswith(b"~") else path
