"""What a file is, told by its first bytes and its name, and what can be done with it."""

import re
from pathlib import PurePath

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


def is_bystander(name: PurePath | str) -> bool:
    """Whether a file of this name, or path below a folder, is there for people or programs and never for its pixels:
    nobody misses it among the pictures of a folder."""
    path = PurePath(name)
    return bool(
        _BYSTANDERS.fullmatch(path.name)
        or _BYSTANDING_SUFFIXES.fullmatch(path.suffix)
        or any(part.lower() in _BYSTANDING_FOLDERS for part in path.parts[:-1])
    )
