"""What a command prints: one JSON object, or text to read."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

from cyclopts import Parameter

Json = Annotated[bool, Parameter(help="print one JSON object", negative=())]


def show(result: Mapping[str, Any], *, as_json: bool, text: str) -> None:
    """Prints the one or the other."""
    print(json.dumps(result, allow_nan=False) if as_json else text)


def number(value: float | None, unit: str = "") -> str:
    """Two decimals with a real minus; a dash where there is no figure."""
    if value is None:
        return "–"
    return f"{value:,.2f}".replace("-", "−") + unit


def numbers(values: Any) -> str:
    """Signed, with three decimals, in a row."""
    return " ".join(f"{value:+.3f}" for value in values).replace("-", "−")
