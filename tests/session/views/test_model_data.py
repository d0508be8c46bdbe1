"""A run that is opened again finds the images of its data when somebody needs them, or says where it looked."""

from pathlib import Path

import numpy as np
import pytest

from vae_explorer.core.progress import finish
from vae_explorer.data import catalog
from vae_explorer.session.views.model_data import MODEL_DATA
from vae_explorer.training.run import Run
from vae_explorer.training.trainer import Trainer

TIMEOUT = 20_000  # milliseconds


@pytest.fixture
def run(tmp_path, config):
    """A run that has come to its end."""
    made = Run.create(tmp_path / "mine", config)
    finish(Trainer(made).work())
    return made


@pytest.fixture
def interrupted(tmp_path, config):
    """A run that was stopped after its second epoch."""
    trainer = Trainer(Run.create(tmp_path / "stopped", config))
    work = trainer.work()
    assert any(getattr(progress, "epoch", 0) == 2 for progress in work)
    work.close()
    return trainer.run


@pytest.fixture
def reopened(session, qtbot):
    """Opens a run's folder or one of its files, without an image."""

    def open_it(path):
        with qtbot.waitSignal(session.model.changed, timeout=TIMEOUT):
            session.open([path])
        assert session.model.current.data is None
        assert session.image.images == ()
        return session

    return open_it


@pytest.fixture
def said(session):
    heard = []
    session.failed.connect(heard.append)
    return heard


@pytest.mark.parametrize("which", ["run", "interrupted"])
@pytest.mark.parametrize("file", ["", "model.vae.safetensors", "best.vae.safetensors"])
def test_another_image_of_its_data_is_read_from_where_the_run_says(reopened, request, which, file, config, said, qtbot):
    folder = request.getfixturevalue(which).folder
    session = reopened(folder / file)
    session.image.open_test_image()
    assert session.jobs.running[MODEL_DATA].title.startswith("Reading the images of ")
    qtbot.waitUntil(lambda: session.image.posterior is not None, timeout=TIMEOUT)
    validation = finish(catalog.load(config.data)).part("validation", config.seed)
    pixels = session.image.pictures[session.image.image].pixels.transpose(2, 0, 1)
    assert any(np.array_equal(pixels, image) for image in validation.images)
    session.image.open_test_image()  # they are there
    assert MODEL_DATA not in session.jobs.running
    qtbot.waitUntil(lambda: len(session.image.images) == 2, timeout=TIMEOUT)
    assert said == []


def test_a_view_that_needs_them_reads_them_when_it_is_watched(reopened, interrupted, qtbot):
    session = reopened(interrupted.folder)
    assert session.jobs.running == {}
    session.aggregate.set_watched(True)
    assert session.aggregate.reason == ""
    qtbot.waitUntil(lambda: session.aggregate.shown is not None, timeout=TIMEOUT)
    assert session.aggregate.shown.images == 6
    assert session.image.images == ()  # nobody has asked for one


def test_images_that_have_gone_are_one_sentence_that_says_where_they_were_looked_for(
    reopened, interrupted, config, said, qtbot
):
    place = Path(config.data)
    aside = place.rename(place.with_name("aside.npz"))
    session = reopened(interrupted.folder)
    session.aggregate.set_watched(True)
    qtbot.waitUntil(lambda: session.aggregate.reason != "", timeout=TIMEOUT)
    assert (
        session.aggregate.reason == f"The images of stopped were not found at {place}: put them there and press Ctrl+I"
    )
    qtbot.waitUntil(lambda: not session.jobs.is_active, timeout=TIMEOUT)
    assert said == []  # the view says it
    session.image.open_test_image()
    qtbot.waitUntil(lambda: said == [session.aggregate.reason], timeout=TIMEOUT)
    aside.rename(place)
    session.image.open_test_image()
    qtbot.waitUntil(lambda: session.image.posterior is not None, timeout=TIMEOUT)
    assert session.aggregate.reason == ""


def test_other_images_in_their_place_are_not_taken_for_them(reopened, run, config, said, qtbot):
    with np.load(config.data) as file:
        np.savez(config.data, images=file["images"][:40])
    session = reopened(run.folder)
    session.image.open_test_image()
    qtbot.waitUntil(lambda: len(said) == 1, timeout=TIMEOUT)
    assert said == [f"{config.data} no longer has the images that mine was trained on"]
    assert session.model.current.data is None


def test_nothing_is_downloaded_that_nobody_has_asked_for(reopened, run, said, qtbot, monkeypatch):
    (run.folder / "config.json").write_text(run.config.model_copy(update={"data": "fashion-mnist"}).model_dump_json())
    monkeypatch.setattr(catalog, "where", lambda name: None)
    monkeypatch.setattr(catalog, "load", lambda name: pytest.fail("it is being loaded"))
    reopened(run.folder).image.open_test_image()
    qtbot.waitUntil(lambda: len(said) == 1, timeout=TIMEOUT)
    assert said[0] == (
        "The images of mine, fashion-mnist, are not on this computer: "
        "vae-explorer data fetch fashion-mnist downloads them"
    )


def test_reading_them_can_be_cancelled_and_begun_again(reopened, interrupted, qtbot, monkeypatch):
    load, stuck = catalog.load, []

    def slow(data, reading):
        while stuck:
            yield catalog_progress
        return (yield from load(data, reading))

    catalog_progress = next(load(interrupted.config.data))
    stuck.append(True)
    monkeypatch.setattr(catalog, "load", slow)
    session = reopened(interrupted.folder)
    session.aggregate.set_watched(True)
    qtbot.waitUntil(lambda: session.jobs.progress_of(MODEL_DATA) is not None, timeout=TIMEOUT)
    session.jobs.cancel(MODEL_DATA)
    assert "Ctrl+I" in session.aggregate.reason
    session.latent.refreshed.emit()  # whatever else happens: it does not begin by itself
    assert session.jobs.running == {}
    stuck.clear()
    session.image.open_test_image()
    qtbot.waitUntil(
        lambda: session.aggregate.shown is not None and session.image.posterior is not None, timeout=TIMEOUT
    )


def test_a_model_that_does_not_say_where_its_images_are_says_so(reopened, make_model, said):
    session = reopened(make_model("lone", data="somewhere else"))
    session.image.open_test_image()
    assert said == ["lone does not say where the images are that it was trained on: open its run's folder"]
    assert session.jobs.running == {}
