"""Models by name or path: the bundled ones, and files."""

import difflib
import os
from pathlib import Path

from vae_explorer import paths
from vae_explorer.errors import shown
from vae_explorer.paths import MODEL_SUFFIX
from vae_explorer.training.model_file import ModelFileError
from vae_explorer.training.run import is_run


def find(model: str) -> Path:
    """The file of a bundled model's name, of a path, or of a run's folder. Raises ModelFileError."""
    path = Path(model)
    if path.is_file():
        return path
    if path.is_dir() and (path / f"model{MODEL_SUFFIX}").is_file():
        return path / f"model{MODEL_SUFFIX}"
    names = paths.bundled_models()
    if model in names:
        return names[model]
    near = difflib.get_close_matches(model, names, n=1)
    hint = f"did you mean {near[0]}?" if near else f"give a file, or one of {', '.join(names) or 'none'}"
    raise ModelFileError(f"There is no model '{shown(model)}': {hint}")


def name_of(path: Path) -> str:
    """What a model is called: a run's by the run's folder, with "· best" for its best, another by its file."""
    path = Path(os.path.abspath(path))  # links keep their names, "." has one
    name = path.name.removesuffix(MODEL_SUFFIX)
    if name in ("model", "best") and name != path.name and is_run(path.parent):
        return path.parent.name + (" · best" if name == "best" else "")
    return name
