"""Where things lie: the program's resources, and the user's runs, data sets, cache and log."""

import os
from functools import cache
from pathlib import Path

from platformdirs import PlatformDirs

HOME_VARIABLE = "VAE_EXPLORER_HOME"  # one folder for everything, in place of the system's own
MODEL_SUFFIX = ".vae.safetensors"  # of the files that hold a model


@cache
def resources() -> Path:
    """Icon, font, bundled models and example images: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parent
    inside = package / "resources"
    return inside if inside.is_dir() else package.parent / "resources"


def bundled_models() -> dict[str, Path]:
    """The models that come with the program, by name, in the names' order."""
    folder = resources() / "models"
    return dict(sorted((path.name.removesuffix(MODEL_SUFFIX), path) for path in folder.glob(f"*{MODEL_SUFFIX}")))


class FolderError(OSError):
    """A folder of the user's cannot be had: one sentence."""


def runs() -> Path:
    """One folder for each training run."""
    return _made(_user_folder("user_data_dir") / "runs")


def data_sets() -> Path:
    """Downloaded data sets, a folder each."""
    return _made(_user_folder("user_data_dir") / "data")


def cache_folder() -> Path:
    """What can be made again."""
    return _made(_user_folder("user_cache_dir") / "cache")


def log_file() -> Path:
    """The newest log; whoever writes it makes its folder."""
    return _user_folder("user_log_dir") / "log" / "vae-explorer.log"


def settings_file() -> Path:
    """Window geometry and recent files; Qt makes its folder."""
    return _user_folder("user_config_dir") / "settings.ini"


def _user_folder(kind: str) -> Path:
    home = os.environ.get(HOME_VARIABLE)
    if home:
        return Path(os.path.expanduser(home))  # a home that is not known stays a name
    return Path(getattr(PlatformDirs("vae-explorer", appauthor=False), kind))


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        why = (getattr(error, "strerror", None) or str(error)).lower()
        raise FolderError(
            f"The folder {folder} cannot be created ({why}): set {HOME_VARIABLE} to a folder that can be written"
        ) from error
    return folder
