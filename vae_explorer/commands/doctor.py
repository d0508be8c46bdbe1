"""vae-explorer doctor: what is here, and what is missing."""

import platform
from importlib import metadata
from typing import Any

from vae_explorer.commands.output import Json, show

LIBRARIES = ("vae-explorer", "torch", "numpy", "PySide6-Essentials", "pyqtgraph", "Pillow", "safetensors", "pydantic")


def doctor(*, json: Json = False) -> int:
    """Say which versions, device, display and folders are used, and what is missing and how to get it."""
    from vae_explorer import display, paths
    from vae_explorer.cli import DONE, FAILED

    missing: list[str] = []
    versions = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            missing.append(f"{name} is not installed: pip install {name}")

    device = None
    try:
        from vae_explorer.training import device as devices

        device = devices.choose("auto").type
        cores = devices.cores()
    except ImportError as error:
        cores = None
        missing.append(f"torch does not load ({error}): pip install torch")
    no_display = display.problem()
    if no_display:
        missing.append(no_display)
    if not (paths.resources() / "models").is_dir():
        missing.append(f"the bundled models are missing from {paths.resources()}: install the program again")
    folders: dict[str, str] = {}
    for name, folder in (("runs", paths.runs), ("data", paths.data_sets), ("cache", paths.cache_folder)):
        try:
            folders[name] = str(folder())
        except OSError as error:
            missing.append(f"the folder for {name} cannot be made ({error.strerror}): set {paths.HOME_VARIABLE}")

    result: dict[str, Any] = {
        "versions": versions,
        "device": device,
        "cores": cores,
        "display": no_display is None,
        "folders": {**folders, "resources": str(paths.resources())},
        "missing": missing,
    }
    lines = [f"{name:<20} {version}" for name, version in versions.items()]
    lines += [f"{'device':<20} {device}, {cores} processor cores"]
    lines += [f"{name:<20} {folder}" for name, folder in result["folders"].items()]
    lines += ["", *missing] if missing else ["", "Nothing is missing."]
    show(result, as_json=json, text="\n".join(lines))
    return FAILED if missing else DONE
