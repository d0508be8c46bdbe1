"""What a file is, told by its first bytes and then by its name."""

import codecs
import os
import re
from pathlib import PurePath
from typing import Literal

from vae_explorer.data.formats.kinds import KINDS, Kind

START = 1024  # bytes of a file that tell what it is
SURE = 4  # bytes of a magic that no text begins with by chance

_KINDS = {kind.key: kind for kind in KINDS}
_SUFFIXES = {suffix: kind.key for kind in KINDS for suffix in kind.suffixes.split()}
_MAGIC = [(*(magic if isinstance(magic, tuple) else (0, magic)), kind.key) for kind in KINDS for magic in kind.magic]
_BRANDS = {  # of a file in boxes, ISO/IEC 14496-12
    "heic": "heic heix heim heis hevc hevx mif1 msf1", "avif": "avif avis", "raw": "crx ",
    "audio": "M4A  M4B ",
}  # fmt: skip

# Of several kinds that begin alike, the name tells which one it is.
_WITHIN = {
    "tiff": {"raw"}, "zip": {"npz", "word", "excel", "powerpoint", "office", "torch"}, "gzip": {"tar", "nifti", "svg"},
    "office": {"word", "excel", "powerpoint"}, "hdf5": {"mat"}, "text": {"csv", "tsv", "jsonl", "python", "notebook",
    "markdown", "html", "xml", "svg", "shortcut", "xbitmap"}, "json": {"jsonl", "notebook"}, "pickle": {"torch"},
}  # fmt: skip
_NAMES = (
    (re.compile(r".*idx[1-4][-.]ubyte(\.gz)?"), "idx"),
    (re.compile(r"(data_batch_[1-5]|test_batch|train|test|(train|test|unlabeled)_x)\.bin"), "cifar"),
    (re.compile(r".*\.tfrecords?-\d+-of-\d+"), "tfrecord"),
)
_PACKED = ("gzip", "bzip2", "xz")


_BYSTANDERS = re.compile(
    r"\..*|readme|licen[cs]e|copying|authors|notice|changelog|citation|manifest|makefile|dockerfile"
    r"|(eh)?thumbs\.db|icon\r|labels?|classes|wnids|words|data|sha256sums?|md5sums?",
    re.IGNORECASE,
)
_BYSTANDING_SUFFIXES = re.compile(
    r"\.(md|rst|txt|jsonl?|ya?ml|toml|xml|html?|[ct]sv|log|ini|cfg|py|ipynb|sh|sha256|md5|lock|bib|names|url|lnk|aae|thm|xmp)",
    re.IGNORECASE,
)
_BYSTANDING_FOLDERS = frozenset(("__macosx", "__pycache__", "$recycle.bin", "system volume information", "@eadir"))


def recognised(start: bytes, name: str) -> Kind | None:
    """What a file is that begins like this and has this name; None where neither tells."""
    content, named = _by_content(start), _by_name(name)
    return _KINDS.get(named if not content or named in _WITHIN.get(content, ()) else content)


def named(name: str) -> Kind | None:
    """What a file of this name says that it is."""
    return _KINDS.get(_by_name(name))


def not_read(start: bytes, name: str, wanted: Literal["picture", "data"]) -> str:
    """What a sentence says after the name of a file that cannot be opened as this: what it is, and what to do."""
    kind = recognised(start, name)
    noun = "picture" if wanted == "picture" else "data set"
    if not start:
        return "is empty; save or download it again"
    if kind is None:
        return f"is not a {noun} of a known kind; choose another file"
    if kind.magic and not _by_content(start):
        return f"is named like {kind.title}, but is damaged or something else; save or download it again"
    if kind.read_as == wanted == "picture":
        return f"is {kind.title} that is cut off or damaged; save or download it again"
    if kind.read_as == "picture":
        return f"is {kind.title}, not a data set; choose the folder or the ZIP of all pictures"
    if kind.read_as == wanted == "data":
        return f"is {kind.title} without images that can be read; {kind.remedy}"
    if kind.read_as == "data":
        return f"is {kind.title}, not a picture; open it as a data set: {kind.remedy}"
    line = f", or in Python: {kind.python}" if kind.python else ""
    return f"is {kind.title}, not a {noun} that can be read; {kind.remedy}{line}"


def is_bystander(*parts: str) -> bool:
    """Whether a file of this name, the last of its path below a folder, is there for people or programs and never for
    its pixels: nobody misses it among the pictures of a folder."""
    *folders, name = parts
    return bool(
        _BYSTANDERS.fullmatch(name)
        or _BYSTANDING_SUFFIXES.fullmatch(os.path.splitext(name)[1])
        or any(folder.lower() in _BYSTANDING_FOLDERS for folder in folders)
    )


def _by_name(name: str) -> str:
    file = PurePath(name).name.lower()
    for pattern, key in _NAMES:
        if pattern.fullmatch(file):
            return key
    *_, inner, outer = "", "", *(_SUFFIXES.get(suffix[1:], "") for suffix in PurePath(file).suffixes)
    return inner if outer in _PACKED and inner in ("tar", "nifti") else outer


def _by_content(start: bytes) -> str:
    if start[4:8] == b"ftyp":
        brand = start[8:12].decode("latin-1")
        return next((key for key, brands in _BRANDS.items() if brand in brands), "video")
    text = _text(start)
    for at, magic, key in _MAGIC:
        if start.startswith(magic, at) and (not text or len(magic) >= SURE):
            return _in_zip(start) if key == "zip" else "raw" if key == "tiff" and start[8:10] == b"CR" else key
    if re.match(rb"P[1-7]\s", start):
        return "pnm"
    if re.match(rb"\0\0[\x08\x09\x0b-\x0e][\1-\4]", start):
        return "idx"
    if re.match(rb"\x80[\2-\5]", start):
        return "pickle"
    if start[8:9] == b"{" and start[4:8] == bytes(4):  # the length of its header, below 4 GB
        return "safetensors"
    return _in_text(text) if text else ""


def _in_zip(start: bytes) -> str:
    """By the name of its first member (APPNOTE 4.3.7), and by names that stand near it."""
    length = int.from_bytes(start[26:28], "little")
    first = start[30 : 30 + length]
    if first.endswith(b".npy"):
        return "npz"
    if first.endswith(b"/data.pkl"):
        return "torch"
    if first == b"mimetype":
        return "office"
    if first == b"[Content_Types].xml" or first.startswith((b"_rels/", b"docProps/")):
        return next(
            (key for key, at in (("word", b"word/"), ("excel", b"xl/"), ("powerpoint", b"ppt/")) if at in start),
            "office",
        )
    return "zip"


def _text(start: bytes) -> str:
    """The text that a file begins with; "" where it is none."""
    code = "utf-16" if start.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    text = codecs.getincrementaldecoder(code)("replace").decode(start)  # a letter that is cut at the end is left out
    return "" if re.search(r"[\0-\x08\x0e-\x1a\ufffd]", text) else text


def _in_text(text: str) -> str:
    begin = text.lstrip().lower()
    if begin.startswith("<") and "<svg" in begin:
        return "svg"
    if begin.startswith(("<!doctype html", "<html")):
        return "html"
    if begin.startswith("<?xml"):
        return "xml"
    if re.match(r"\{\s*[\"}]|\[\s*[\[{\"\d]", begin):
        return "json"
    lines = [line for line in text.splitlines() if line.strip()]
    lines = lines[: max(2, len(lines) - 1)]  # the last may be cut
    for key, mark in (("csv", ","), ("csv", ";"), ("tsv", "\t")):
        if len(lines) > 1 and len({line.count(mark) for line in lines}) == 1 and mark in lines[0]:
            return key
    return "numpy text" if re.fullmatch(r"[-+.\deE\s]+", text) and re.search(r"\d\s+[-.\d]", text) else "text"
