"""A run that goes on to more epochs, or with its images in another place."""

import numpy as np
import pytest

from vae_explorer.core.progress import finish
from vae_explorer.training import loop
from vae_explorer.training.loop import TrainingProgress
from vae_explorer.training.run import Run, RunError
from vae_explorer.training.trainer import Trainer

pytestmark = pytest.mark.usefixtures("an_item_after_every_step")


def stop_at(trainer, step):
    """Makes a run up to this step; five make an epoch."""
    work = trainer.work()
    assert any(isinstance(item, TrainingProgress) and item.done == step for item in work)
    work.close()
    return trainer.run


def without_speed(run):
    return [{key: value for key, value in report.items() if key != "images_per_second"} for report in run.metrics()]


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("stop", [None, 3, 10, 14])
def test_a_run_that_is_given_more_epochs_ends_as_if_it_had_been_as_long_from_the_start(start, stop):
    whole, shorter = start("whole", epochs=5), start("shorter", epochs=3)
    finish(whole.work())
    if stop:
        stop_at(shorter, stop)
    else:
        finish(shorter.work())
    longer = Trainer(Run.open(shorter.run.folder).changed(epochs=5))
    stop_at(longer, 17)  # and stopped again
    assert Run.open(shorter.run.folder).is_resumable
    info = finish(Trainer(Run.open(shorter.run.folder)).work())
    assert (info.epochs, info.steps) == (5, 25)
    assert without_speed(shorter.run) == without_speed(whole.run)
    said = [{**one.train_config, "data": ""} for one in (info, whole.training.info)]
    assert said[0] == said[1]
    for name in ("model.vae.safetensors", "best.vae.safetensors"):
        tensors = [(run.folder / name).read_bytes()[-4000:] for run in (whole.run, shorter.run)]
        assert tensors[0] == tensors[1]


def test_a_cosine_that_is_given_more_epochs_follows_its_new_length_from_there(config):
    config = config.model_copy(update={"schedule": "cosine"})
    short, long = (loop.Steps(160, config.model_copy(update={"epochs": epochs})) for epochs in (3, 6))
    assert short.learning_rate(15) == pytest.approx(0.0)
    assert long.learning_rate(15) == pytest.approx(config.learning_rate / 2)


@pytest.mark.parametrize("epochs", [1, 2, 3])
def test_epochs_that_are_done_already_are_refused(start, epochs):
    run = start().run
    finish(Trainer(run).work())
    with pytest.raises(RunError, match="has already been trained for 3 epochs: choose more"):
        run.changed(epochs=epochs)


@pytest.fixture
def elbos(monkeypatch):
    """Validations find these ELBOs."""

    def elbos(*values):
        found = iter(values)

        def validate(*_arguments):
            yield from ()
            return loop.Metrics(next(found), (0.0, 0.0))

        monkeypatch.setattr(loop, "_validate", validate)

    return elbos


@pytest.mark.parametrize("epochs", [3, 9])  # patience ends with the last epoch, or before
def test_a_run_that_stopped_early_has_its_whole_patience_again_also_when_it_is_resumed_once_more(start, elbos, epochs):
    elbos(-5.0, -6.0, -7.0, -8.0, -4.0, -9.0, -9.0)
    run = start(epochs=epochs, patience=2).run
    assert finish(Trainer(run).work()).epochs == 1  # after three
    assert finish(Trainer(Run.open(run.folder)).work()).epochs == 1  # out of patience as before
    stop_at(Trainer(Run.open(run.folder).changed(epochs=12)), 20)
    info = finish(Trainer(Run.open(run.folder)).work())
    assert info.epochs == 5
    assert Run.open(run.folder).is_finished
    assert [report["epochs"] for report in run.metrics() if "epochs" in report] == [12]
    assert Run.open(run.folder).epochs_done == 7


def test_a_run_that_did_not_stop_early_goes_on_with_the_patience_that_it_had_left(start, elbos):
    elbos(-5.0, -6.0, -7.0)
    run = start(epochs=2, patience=2).run
    assert finish(Trainer(run).work()).epochs == 2
    finish(Trainer(Run.open(run.folder).changed(epochs=9)).work())
    assert Run.open(run.folder).epochs_done == 3


def test_nothing_is_written_before_the_images_are_known_to_be_the_runs(start, bars, tmp_path):
    run = start().run
    finish(Trainer(run).work())
    before = files(run.folder)
    np.savez(tmp_path / "other.npz", images=bars[::-1, 0])
    changed = Run.open(run.folder).changed(data=str(tmp_path / "other.npz"), epochs=9)
    assert files(run.folder) == before
    with pytest.raises(RunError, match=r"other\.npz does not contain the images that this run was trained on"):
        finish(Trainer(changed).work())
    assert files(run.folder) == before


def test_images_that_have_moved_are_found_and_remembered(start, tmp_path):
    whole = start("whole")
    finish(whole.work())
    run = stop_at(start("moved"), 7)
    (tmp_path / "elsewhere").mkdir()
    moved = (tmp_path / "bars.npz").rename(tmp_path / "elsewhere" / "bars.npz")
    finish(Trainer(Run.open(run.folder).changed(data=str(moved))).work())
    assert Run.open(run.folder).config.data == str(moved)
    assert run.model_path.read_bytes() == whole.run.model_path.read_bytes()


def test_another_program_that_has_changed_the_run_meanwhile_is_noticed(start):
    run = stop_at(start(), 7)
    one, other = (Run.open(run.folder).changed(epochs=epochs) for epochs in (5, 6))
    with one.locked():
        one.adopt()
    with pytest.raises(RunError, match="now holds another run"), other.locked():
        pass
