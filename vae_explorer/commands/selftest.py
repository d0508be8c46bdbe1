"""vae-explorer selftest: a model's numbers and samples against independent computations."""

from dataclasses import asdict
from math import isfinite
from typing import TYPE_CHECKING, Any

from vae_explorer.commands.output import show
from vae_explorer.commands.usage import Json, Model
from vae_explorer.errors import UserError

if TYPE_CHECKING:
    from vae_explorer.training.self_test import Check


def selftest(model: Model = "mnist", /, *, json: Json = False) -> None:
    """Check a model's numbers and samples against independent computations.

    Integration over a grid needs a z of two dimensions: it is done with mnist-2d where the model has not.
    """
    import torch

    from vae_explorer.commands.drive import drive
    from vae_explorer.training.self_test import self_test as job

    torch.set_num_threads(1)  # of small parts; where another program works too, more took three times as long
    checks = drive(job(model))
    failed = [check.name for check in checks if not check.passed]
    result = {"passed": not failed, "checks": [_record(check) for check in checks]}
    show(result, as_json=json, text="\n".join(map(_text, checks)))
    if failed:
        raise UserError(f"{len(failed)} of {len(checks)} checks of {model} failed: {'; '.join(failed)}")


def _record(check: "Check") -> dict[str, Any]:
    values = asdict(check) | {"passed": check.passed}
    return {key: None if isinstance(value, float) and not isfinite(value) else value for key, value in values.items()}


def _text(check: "Check") -> str:
    unit = f" {check.unit}" if check.unit else ""
    limit = f"{'the first may be larger' if check.at_most else 'they may differ'} by {check.tolerance:.2g}"
    return (
        f"{'ok    ' if check.passed else 'NOT OK'}  {check.name}\n"
        f"        {check.left} {_figure(check.left_value)}, {check.right} {_figure(check.right_value)}{unit}; "
        f"{limit}\n"
        f"        {check.note}"
    )


def _figure(value: float) -> str:
    return f"{value:.6g}".replace("-", "−")
