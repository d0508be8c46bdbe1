"""What a command gives out: one JSON object or text to read, and pictures."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from vae_explorer.errors import UserError


def show(result: Mapping[str, Any], *, as_json: bool, text: str) -> None:
    """Prints the one or the other."""
    if as_json or text:
        print(json.dumps(result, allow_nan=False) if as_json else text, flush=True)


def write_picture(path: Path, pixels: UInt8[np.ndarray, "h w c"]) -> None:
    """A PNG in place of what was there. Raises ValueError with a sentence that names this file."""
    from vae_explorer.data import picture
    from vae_explorer.storage import atomic

    if not path.parent.is_dir():
        raise UserError(f"There is no folder {path.parent} to write {path.name} in: make it first")
    try:
        atomic.write(path, picture.png(pixels))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UserError(f"{path} could not be written ({reason}): choose another folder, or make room") from error


def number(value: float | None) -> str:
    """Two decimals with a real minus; a dash where there is no figure."""
    return "–" if value is None else f"{value:,.2f}".replace("-", "−")


def numbers(values: Any, sign: str = "") -> str:
    """Three decimals, in a row; with sign "+" also the positive ones have theirs."""
    return " ".join(f"{value:{sign}.3f}" for value in values).replace("-", "−")
