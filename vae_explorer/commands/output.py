"""What a command prints: one JSON object, or text to read."""

import json
from collections.abc import Mapping
from typing import Any


def show(result: Mapping[str, Any], *, as_json: bool, text: str) -> None:
    """Prints the one or the other."""
    if as_json or text:
        print(json.dumps(result, allow_nan=False) if as_json else text, flush=True)


def number(value: float | None, error: float | None = None) -> str:
    """Two decimals with a real minus, and ± the error where there is one; a dash where there is no figure."""
    if value is None:
        return "–"
    return f"{value:,.2f}".replace("-", "−") + ("" if error is None else f" ± {error:,.2f}")


def numbers(values: Any, sign: str = "") -> str:
    """Three decimals, in a row; with sign "+" also the positive ones have theirs."""
    return " ".join(f"{value:{sign}.3f}" for value in values).replace("-", "−")
