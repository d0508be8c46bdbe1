"""Files given out: their names, and that they are written whole."""

import re
from collections.abc import Iterable
from pathlib import Path

from vae_explorer.errors import UserError
from vae_explorer.storage import atomic

SEPARATOR = " – "  # between the parts of a name
MAX_BYTES = 200  # of a name without its suffix: file systems take 255
REPLACED = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f-\x9f\ud800-\udfff]+')  # some file system takes none of these
RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)", re.IGNORECASE)  # devices on Windows


class ExportError(UserError):
    """Why a file cannot be written, in one sentence."""


def file_name(parts: Iterable[str]) -> str:
    """A name that every file system takes, without a suffix, such as "seven – mnist – reconstruction"."""
    cleaned = (REPLACED.sub("_", part).strip(" .") for part in parts)
    name = SEPARATOR.join(part for part in cleaned if part).encode()[:MAX_BYTES].decode(errors="ignore").strip(" .")
    return f"_{name}" if not name or RESERVED.match(name) else name


def write(path: Path, content: bytes) -> None:
    """Puts a file in place of what was there: whole, or the old one stays. Raises ExportError with a sentence that
    names the file."""
    if not path.parent.is_dir():
        raise ExportError(f"There is no folder {path.parent} to write {path.name} in: create it first")
    try:
        atomic.write(path, content)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ExportError(f"{path} could not be written ({reason}): choose another folder, or free space") from error
