"""vae-explorer doctor: what is here, and what is missing."""

import platform
from importlib import metadata
from typing import Any

from vae_explorer.commands.output import show
from vae_explorer.commands.usage import Json
from vae_explorer.errors import UserError

LIBRARIES = ("vae-explorer", "torch", "numpy", "PySide6-Essentials", "pyqtgraph", "Pillow", "safetensors", "pydantic")


def doctor(*, json: Json = False) -> None:
    """Show what is installed, what is missing and how to install it."""
    from vae_explorer import display, paths

    missing: list[str] = []
    versions = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            missing.append(f"{name} is not installed: pip install {name}")

    device, cores = None, None
    try:
        from vae_explorer.training import device as devices

        device, cores = devices.choose("auto").type, devices.cores()
    except ImportError as error:
        missing.append(f"torch cannot be loaded ({error}): pip install torch")
    no_qt, no_display = display.qt_problem(), display.problem()
    if no_qt:
        missing.append(no_qt)
    if not (paths.resources() / "models").is_dir():
        missing.append(f"The bundled models are missing from {paths.resources()}: reinstall the program")
    folders: dict[str, str] = {}
    for name, folder in (("runs", paths.runs), ("data", paths.data_sets), ("cache", paths.cache_folder)):
        try:
            folders[name] = str(folder())
        except OSError as error:
            missing.append(str(error))

    result: dict[str, Any] = {
        "versions": versions,
        "device": device,
        "cores": cores,
        "display": no_display is None,
        "folders": {**folders, "resources": str(paths.resources())},
        "missing": [*missing, no_display] if no_display else missing,
    }
    lines = [f"{name:<20} {version}" for name, version in versions.items()]
    lines += [f"{'device':<20} {device or 'none'}, {cores or '?'} processor cores"]
    lines += [f"{'display':<20} {'none' if no_display else 'available'}"]
    lines += [f"{name:<20} {folder}" for name, folder in result["folders"].items()]
    lines += ["", *(result["missing"] or ["Nothing is missing."])]
    show(result, as_json=json, text="\n".join(lines))
    if missing:  # without a display all commands still work
        raise UserError(missing[0])
