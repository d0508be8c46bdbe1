"""What is read from and written to files: models, pictures, the curves of a run."""

from contextlib import suppress
from pathlib import Path

import numpy as np

from vae_explorer.data import bundled
from vae_explorer.data.image_set import ImageSet
from vae_explorer.data.picture import Picture
from vae_explorer.data.preprocess import prepare
from vae_explorer.export import file, picture
from vae_explorer.export.command import NamedImage
from vae_explorer.export.file import ExportError
from vae_explorer.paths import bundled_models
from vae_explorer.session.answers.answer import answer
from vae_explorer.session.curves import CurvesRequest, ReadCurves, read_curves
from vae_explorer.session.pictures import ReadPictures, ReadRequest, read_pictures
from vae_explorer.session.state.model import EXAMPLES, OpenedModel, OpenRequest, SaveRequest, origins_of
from vae_explorer.session.views.take_away import WriteRequest
from vae_explorer.training import model_file, models
from vae_explorer.training.model_file import ModelFileError, ModelInfo
from vae_explorer.training.run import Run, RunError, is_run


@answer.register
def open_model(request: OpenRequest) -> OpenedModel:
    """A bundled model by its name, a file, or the newest model of a run's folder."""
    path = models.find(request.name_or_path)
    content = model_file.read(path)
    is_bundled = path == bundled_models().get(request.name_or_path)
    data = _data_of(content.info)
    examples = origins_of(data, range(min(EXAMPLES, len(data)))) if data else ()
    return OpenedModel(
        name=request.name_or_path if is_bundled else models.name_of(Path(request.name_or_path)),
        model=content.model,
        info=content.info,
        posteriors=content.posteriors,
        data=data,
        examples=read_pictures(ReadRequest(examples)),
        source=request.name_or_path if is_bundled else str(path),
        data_source=_source_of(path),
    )


@answer.register
def save_model(request: SaveRequest) -> object:
    """Writes a model file; gives its path. Raises ModelFileError."""
    path, snapshot = request.path, request.snapshot
    if snapshot.info is None:
        raise ModelFileError("This model was not made by this program, so it cannot be saved as one of its files")
    try:
        model_file.save(path, snapshot.model, snapshot.info, snapshot.posteriors)  # type: ignore[arg-type]
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ModelFileError(f"{path} could not be written ({reason}): choose another folder, or free space") from error
    return path


@answer.register
def write_file(request: WriteRequest) -> object:
    """Writes a file; gives its path. Raises ExportError."""
    path, content = request.path, request.content
    if isinstance(content, bytes):
        file.write(path, content)
    else:
        picture.write(path, content.pixels, columns=content.columns, gap=content.gap, zoom=content.zoom)
    return path


@answer.register
def write_named_image(request: NamedImage) -> object:
    """Writes x as a picture that a command prepares to the same x; gives its path. Raises ExportError."""
    pixels = picture.levels(request.x[None])[0]
    again = prepare(Picture(request.path.name, pixels, "PNG", pixels.shape[1::-1]), request.preparation)
    if not np.array_equal(again.x, request.x):
        raise ExportError("No command prepares the image in this way: set the switches below it back")
    file.write(request.path, picture.png(pixels))
    return request.path


@answer.register
def pictures(request: ReadRequest) -> ReadPictures:
    return read_pictures(request)


@answer.register
def curves(request: CurvesRequest) -> ReadCurves:
    return read_curves(request.run)


def _source_of(path: Path) -> str:
    """Where the images of its data can be read; only a run's config says it, a model file has their name alone."""
    if is_run(path.parent):
        with suppress(RunError):
            return Run.open(path.parent).config.data
    return ""


def _data_of(info: ModelInfo) -> ImageSet | None:
    found = bundled.tests_of(info.data)
    return found if found and found.image_shape == info.config.image_shape else None  # other data may have that name
