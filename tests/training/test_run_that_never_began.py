"""A run that comes to no model leaves nothing behind, and promises none."""

import os

import numpy as np
import pytest

from vae_explorer.core.progress import finish
from vae_explorer.training import model_file
from vae_explorer.training.run import Run
from vae_explorer.training.trainer import Trainer


@pytest.fixture
def spoiled(config, bars, tmp_path):
    """What keeps a run of this config from beginning."""
    np.savez(tmp_path / "two.npz", images=bars[:2, 0])
    (tmp_path / "bad.npz").write_bytes(b"PK nothing")
    return {
        "bad images": {"data": str(tmp_path / "bad.npz")},
        "no images": {"data": str(tmp_path / "gone")},
        "too few": {"data": str(tmp_path / "two.npz")},
        "too few for validation": {"validation_images": 180},
        "no device": {"device": "mps"},
        "too large": {"hidden": 8192},
    }


@pytest.mark.parametrize(
    "why", ["bad images", "no images", "too few", "too few for validation", "no device", "too large"]
)
def test_it_leaves_no_folder_and_an_empty_one_as_it_was(config, tmp_path, spoiled, why, monkeypatch):
    monkeypatch.setattr(model_file, "MAX_FILE", model_file.MAX_HEADER + 100_000)
    config = config.model_copy(update=spoiled[why])
    (tmp_path / "empty").mkdir()
    before = sorted(path.name for path in tmp_path.iterdir())
    for folder in (tmp_path / "empty", tmp_path / "a" / "new"):
        with pytest.raises(ValueError, match=r"^(?!.*kept)"):
            finish(Trainer(Run.create(folder, config)).work())
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert not list((tmp_path / "empty").iterdir())


def test_one_that_is_stopped_while_its_images_are_loaded_leaves_no_folder(start):
    stopped = start()
    work = stopped.work()
    next(work)
    assert stopped.run.folder.exists()
    work.close()
    assert not stopped.run.folder.exists()


def test_the_files_of_others_in_its_folder_stay(config, spoiled, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").touch()
    with pytest.raises(ValueError, match="bad"):
        finish(Trainer(Run.create(tmp_path / "mine", config.model_copy(update=spoiled["bad images"]))).work())
    assert os.listdir(tmp_path / "mine") == ["notes.txt"]


def test_a_run_that_was_begun_by_another_program_is_never_deleted(start, tmp_path):
    folder = start().run.folder  # as after a kill
    (tmp_path / "bars.npz").rename(tmp_path / "moved.npz")
    with pytest.raises(ValueError, match="There is no data set or file"):
        finish(Trainer(Run.open(folder)).work())
    assert Run.open(folder)


def test_where_there_is_no_model_none_is_said_to_be_kept(start, monkeypatch):
    def full(*_arguments):
        raise MemoryError

    monkeypatch.setattr("vae_explorer.training.loop.negative_elbo", full)
    work = start()
    with pytest.raises(RuntimeError, match=r"close other programs and start again, or begin .* size of 2$"):
        finish(work.work())
    assert not work.run.folder.exists()
