"""What the commands take in common, with its limits, and what is said to a call that has no meaning."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from vae_explorer.errors import UserError

if TYPE_CHECKING:
    from vae_explorer.core.card import Ability, ModelCard


class WrongUsage(ValueError):  # noqa: N818 - what the user did, not what broke
    """The command was called in a way that has no meaning; the text says which way has."""


@dataclass(frozen=True)
class Between:
    """A validator: the text goes on after the flag's name."""

    low: float
    high: float

    def __call__(self, _type: Any, value: float | None) -> None:
        if value is None or self.low <= value <= self.high:
            return
        limit = f"at most {self.high:,}" if value > self.high else f"at least {self.low:,}"
        raise ValueError(f"must be {limit}, got {value}")


def picture_file(_type: Any, path: Path | None) -> None:
    """A validator, so that a picture of no known format is refused before the work; the text as above."""
    from vae_explorer.export.picture import CHOOSE, SUFFIXES

    if path is not None and path.suffix.lower() not in SUFFIXES:
        raise ValueError(f"must end in {CHOOSE}, got {path.name}")


def require(card: "ModelCard", ability: "Ability", flags: str) -> None:
    """Raises UserError with why the model cannot do what these flags ask for."""
    if not card.can(ability):
        raise UserError(f"{card.why_not(ability).removesuffix('.')}; omit {flags}")


MAX_SEED = 2**31 - 1
MAX_PICTURES = 10_000
MAX_IMPORTANCE_SAMPLES = 1_000_000  # per image: 16 MB

Model = Annotated[str, Parameter(help="a model file, a run's folder, or a bundled model's name")]
Data = Annotated[str, Parameter(help="a data set's name, a folder, an archive, or a file of images")]
ImportanceSamples = Annotated[
    int | None,
    Parameter(help="number of draws of z per image to estimate log p(x)", validator=Between(1, MAX_IMPORTANCE_SAMPLES)),
]
Seed = Annotated[int, Parameter(help="seed of all random draws", validator=Between(0, MAX_SEED))]
Draw = Annotated[bool, Parameter(help="draw x from p(x|z) instead of taking its mean", negative=())]
Json = Annotated[bool, Parameter(help="print one JSON object", negative=())]
