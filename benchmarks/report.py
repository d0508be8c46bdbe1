"""What every benchmark says: its figures beside its aims, as a table or as one JSON object."""

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version


@dataclass(frozen=True)
class Figure:
    """One line of the table. An aim is a bound, "<=" or ">=" and a number in the same unit."""

    name: str
    value: float
    unit: str
    aim: tuple[str, float] | None = None

    @property
    def is_met(self) -> bool | None:
        if self.aim is None:
            return None
        sign, bound = self.aim
        return self.value <= bound if sign == "<=" else self.value >= bound


def options(docstring: str | None) -> argparse.ArgumentParser:
    """The two flags that every benchmark has; a script adds its own."""
    parser = argparse.ArgumentParser(description=docstring, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="under a minute, with more noise")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def show(title: str, figures: Sequence[Figure], notes: Sequence[str] = (), *, as_json: bool) -> None:
    """Prints the figures, what they were measured on, and notes: sentences that a reader needs to judge them."""
    if as_json:
        rows = [{**asdict(figure), "is_met": figure.is_met} for figure in figures]
        print(json.dumps({"benchmark": title, "machine": machine(), "figures": rows, "notes": list(notes)}))
        return
    width = max(len(figure.name) for figure in figures)
    print(title)
    for figure in figures:
        line = f"  {figure.name:<{width}}  {_number(figure.value):>9} {figure.unit:<9}"
        if figure.aim:
            sign, bound = figure.aim
            line += f"  aim {'≤' if sign == '<=' else '≥'} {bound:g}: {'met' if figure.is_met else 'missed'}"
        print(line.rstrip())
    for note in (*notes, machine()):
        print(f"  {note}")


def progress(text: str) -> None:
    """One line on a terminal, written over and over; nothing where stderr is a file."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="" if text else "\r", file=sys.stderr, flush=True)


def machine() -> str:
    """The machine and the libraries, and how busy it is: a figure from a busy machine says little."""
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores{load}; Python {platform.python_version()}, "
        f"torch {version('torch')}, PySide6 {version('PySide6-Essentials')}"
    )


def _number(value: float) -> str:
    """Three digits that count, and all those before the point."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
