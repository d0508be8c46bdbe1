"""A run in the session: its states, its snapshots, and what stays of it."""

import threading
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from vae_explorer import paths
from vae_explorer.core.progress import Progress, finish
from vae_explorer.data import catalog
from vae_explorer.session.curves import Curves, read_curves
from vae_explorer.session.records import Origin
from vae_explorer.training import model_file
from vae_explorer.training.run import Run
from vae_explorer.training.trainer import Trainer

TIMEOUT = 20_000  # milliseconds


@pytest.fixture
def training(session):
    session.training.states = []
    session.training.state_changed.connect(lambda: session.training.states.append(session.training.state))
    return session.training


@pytest.fixture
def ended(training, qtbot):
    """Waits until there is no thread any more, and gives the states that it went through."""

    def wait():
        qtbot.waitUntil(lambda: not training.is_active, timeout=TIMEOUT)
        return [a for a, b in pairwise([*training.states, None]) if a != b]

    return wait


@pytest.fixture
def long(config):
    """A run that does not end by itself while a test lasts."""
    return config.model_copy(update={"epochs": 100_000})


@pytest.fixture
def going_on(session, training, long, qtbot):
    """Starts the long run and waits until its snapshots are shown."""
    training.start(long)
    qtbot.waitUntil(lambda: training.state == "running" and session.model.shows_trained, timeout=TIMEOUT)
    return training


def only_run():
    (folder,) = paths.runs().iterdir()
    return Run.open(folder)


def test_a_run_goes_from_its_images_to_its_test_figures(session, training, config, ended, qtbot):
    assert training.resumable() == []
    training.start(config)
    assert training.is_active
    assert ended() == ["loading", "running", "finished"]
    assert session.model.shows_trained
    info = session.model.current.snapshot.info
    assert info.test is not None
    assert info.statistics is not None
    assert training.facts.image_shape == (1, 8, 8)
    assert (training.facts.train_images, training.facts.validation_images) == (48, 6)
    assert training.curves.epochs[-1] == 3
    assert training.curves.validation_epochs == [1, 2, 3]
    assert len(training.curves.epochs) == len(training.curves.train["elbo"]) == 3 * 3
    assert len(training.kl_per_dimension) == 2
    assert only_run().is_finished
    assert training.resumable() == []
    _, saved = model_file.load(only_run().model_path)
    assert saved == info


def test_its_validation_images_are_encoded_and_reconstructed(session, training, config, ended, settled, qtbot):
    training.start(config)
    ended()
    settled()
    assert [session.image.pictures[number].name for number in session.image.images] == [
        f"validation image {i}" for i in range(6)
    ]
    qtbot.waitUntil(lambda: training.reconstructions is not None, timeout=TIMEOUT)
    validation = finish(catalog.load(config.data)).part("validation", config.seed)
    assert np.allclose(training.reconstructions.x * 255, validation.images)
    assert training.reconstructions.images.shape == training.reconstructions.x.shape
    chosen = session.image.pictures[session.image.image]
    assert np.array_equal(chosen.pixels.transpose(2, 0, 1), validation.images[0])


def test_snapshots_follow_each_other_and_the_opened_model_stays(opened, going_on, qtbot):
    before = opened.model.opened
    numbers = set()
    opened.model.updated.connect(lambda: numbers.add(opened.model.snapshot.number))
    qtbot.waitUntil(lambda: len(numbers) >= 2, timeout=TIMEOUT)
    assert len({w.lineage for w in opened.model.workspaces.values()}) == 2
    assert opened.model.opened is before


def test_a_second_run_has_to_wait(going_on, config):
    before = going_on.config
    going_on.start(config)
    assert going_on.config is before
    assert len(list(paths.runs().iterdir())) == 1
    assert going_on.resumable() == []


def test_a_paused_run_rests_and_goes_on(going_on, qtbot):
    going_on.pause()
    assert going_on.state == "paused"
    qtbot.wait(100)  # the step it is at
    rested_at = going_on.progress.done
    qtbot.wait(100)
    assert going_on.progress.done == rested_at
    going_on.resume()
    assert going_on.state == "running"
    qtbot.waitUntil(lambda: going_on.progress.done > rested_at, timeout=TIMEOUT)


def test_a_stopped_run_is_on_disk_and_goes_on_to_its_end(session, training, config, going_on, ended, qtbot):
    qtbot.waitUntil(lambda: len(training.curves.validation_epochs) > 0, timeout=TIMEOUT)
    training.stop()
    assert training.state == "stopping"
    assert ended()[-1] == "stopped"
    (run,) = training.resumable()
    done = training.progress.done
    assert run.state_path.exists()
    assert run.model_path.exists()
    assert not run.lock_path.exists()
    short = run.config.model_copy(update={"epochs": int(training.curves.epochs[-1]) + 3})
    (run.folder / "config.json").write_text(short.model_dump_json())

    training.states.clear()
    before = list(training.curves.epochs)
    training.resume_run(Run.open(run.folder))
    qtbot.waitUntil(lambda: training.curves.epochs[: len(before)] == before, timeout=TIMEOUT)
    assert ended() == ["loading", "running", "finished"]
    assert training.progress is not None
    assert training.curves.epochs[: len(before)] == before
    assert training.curves.epochs == sorted(set(training.curves.epochs))
    assert training.curves.epochs[-1] == short.epochs
    assert training.curves.validation_epochs[-1] == short.epochs
    assert only_run().is_finished
    assert session.model.current.snapshot.info.steps == 3 * short.epochs > done


def test_a_resumed_run_is_the_same_one_with_its_z_and_its_history(session, training, going_on, ended, settled, qtbot):
    training.stop()
    ended()
    session.latent.set_z(np.array([1, -2], np.float32))
    session.latent.set_locked(1, True)
    before, images = session.model.current, session.image.images
    lineage, number = before.lineage, before.snapshot.number
    (run,) = training.resumable()
    assert before.name == run.folder.name

    training.resume_run(run)
    qtbot.waitUntil(lambda: before.snapshot.number > number + 1, timeout=TIMEOUT)
    assert session.model.current is before
    assert (before.lineage, session.image.images) == (lineage, images)
    assert session.latent.z.tolist() == [1, -2]
    assert session.latent.locked.tolist() == [False, True]
    assert before.undo.count() == 2


def test_resuming_shows_the_run_also_from_the_opened_model(opened, training, going_on, ended, qtbot):
    training.stop()
    ended()
    opened.model.show(opened.model.opened.lineage)
    training.resume_run(training.resumable()[0])
    qtbot.waitUntil(lambda: opened.model.shows_trained, timeout=TIMEOUT)


def test_a_run_whose_model_was_given_up_is_resumed_as_a_new_one(session, training, going_on, ended, qtbot):
    training.stop()
    ended()
    lineage = session.model.current.lineage
    session.model.drop_trained()
    training.resume_run(training.resumable()[0])
    qtbot.waitUntil(lambda: session.model.current is not None, timeout=TIMEOUT)
    assert session.model.current.lineage != lineage


def test_curves_of_a_run_that_nobody_wants_any_more_are_not_taken(session, training, config, going_on, ended, qtbot):
    qtbot.waitUntil(lambda: len(training.curves.validation_epochs) > 0, timeout=TIMEOUT)
    training.stop()
    ended()
    (run,) = training.resumable()
    training.resume_run(run)
    assert training.is_reading_curves
    late = read_curves(run)
    training._take_curves(replace(late, run=Run.open(run.folder)))  # of the same folder, asked before
    assert training.is_reading_curves
    qtbot.waitUntil(lambda: not training.is_reading_curves, timeout=TIMEOUT)
    assert training.curves.epochs[: len(late.curves.epochs)] == late.curves.epochs
    early = Curves()
    early.add(late.curves.epochs[0] / 2, {"elbo": 0, "reconstruction": 0, "kl": 0}, None)
    training._take_curves(replace(late, curves=early))  # an answer is taken once
    assert training.curves.epochs[: len(late.curves.epochs)] == late.curves.epochs


def test_reports_of_a_run_that_goes_on_follow_those_on_disk():
    disk, live = Curves(), Curves()
    for epoch in (0.5, 1.0, 1.5, 2.0):
        disk.add(epoch, {"elbo": -epoch, "reconstruction": 0, "kl": 0}, None)
    disk.add(1, None, {"elbo": -1, "reconstruction": 0, "kl": 0})
    for epoch in (1.5, 2.5):
        live.add(epoch, {"elbo": -10 * epoch, "reconstruction": 0, "kl": 0}, None)
    assert disk.followed_by(Curves()) == disk
    both = disk.followed_by(live)
    assert both.epochs == [0.5, 1.0, 1.5, 2.5]
    assert both.train["elbo"] == [-0.5, -1.0, -15.0, -25.0]
    assert (both.validation_epochs, both.validation["elbo"]) == ([1], [-1])
    live.add(2, None, {"elbo": -2, "reconstruction": 0, "kl": 0})
    assert disk.followed_by(live).validation["elbo"] == [-1, -2]


def test_reports_that_a_killed_run_makes_again_take_the_place_of_the_old_ones():
    curves = Curves()
    for epoch in (0.5, 1.0, 1.5, 2.0):
        report = {"elbo": -epoch, "reconstruction": -epoch, "kl": 0.0}
        curves.add(epoch, report, report if epoch % 1 == 0 else None)
    curves.add(1.5, {"elbo": 7.0, "reconstruction": 8.0, "kl": 1.0}, None)
    assert curves.epochs == [0.5, 1.0, 1.5]
    assert curves.train == {"elbo": [-0.5, -1.0, 7.0], "reconstruction": [-0.5, -1.0, 8.0], "kl": [0.0, 0.0, 1.0]}
    curves.add(2.0, report, {"elbo": 9.0, "reconstruction": 9.0, "kl": 0.0})
    assert curves.validation_epochs == [1.0, 2.0]
    assert curves.validation["elbo"] == [-1.0, 9.0]


@pytest.mark.parametrize("content", [None, b"not an archive"])
def test_images_that_cannot_be_used_are_one_sentence_and_the_opened_model_stays(
    opened, training, config, ended, tmp_path, content
):
    file = tmp_path / "bad.npz"
    if content:
        file.write_bytes(content)
    before, sentences = opened.model.current, []
    opened.failed.connect(sentences.append)
    training.start(config.model_copy(update={"data": str(file)}))
    assert ended() == ["loading", "failed"]
    (sentence,) = sentences
    assert "bad.npz" in sentence
    assert "\n" not in sentence
    assert opened.model.current is before
    assert opened.model.trained is None
    training.start(config)  # the next one is free to go
    assert ended()[-1] == "finished"


def test_a_run_that_breaks_is_one_sentence_and_its_last_model_stays(session, going_on, ended, qtbot):
    sentences = []
    session.failed.connect(sentences.append)
    going_on.pause()
    qtbot.wait(100)  # the step it is at
    metrics = only_run().metrics_path
    metrics.unlink()
    metrics.mkdir()
    going_on.resume()
    assert ended()[-1] == "failed"
    assert len(sentences) == 1
    assert sentences[0].startswith(f"The run's folder {metrics.parent} can no longer be written (Is a directory)")
    assert session.model.shows_trained
    assert not only_run().lock_path.exists()


def test_moving_sliders_while_training_changes_no_weight(session, training, config, ended, tmp_path):
    config = config.model_copy(update={"epochs": 30})
    alone = Run.create(tmp_path / "alone", config)
    finish(Trainer(alone).work())
    rng = np.random.default_rng(0)

    def play():
        if session.model.current:
            session.latent.set_z(rng.standard_normal(2).astype(np.float32))
            session.decoded.draw_again()
            session.posterior_samples.resample()
            session.prior_samples.resample()

    session.prior_samples.set_watched(True)
    training.progressed.connect(play)
    session.decoded.decoded.connect(play)
    training.start(config)
    assert ended()[-1] == "finished"
    session.decoded.decoded.disconnect(play)
    together, _ = model_file.load(only_run().model_path)
    expected, _ = model_file.load(alone.model_path)
    for name, tensor in expected.state_dict().items():
        assert together.state_dict()[name].numpy().tobytes() == tensor.numpy().tobytes(), name


@pytest.mark.parametrize("paused", [False, True])
def test_closing_ends_every_thread_and_keeps_the_run(session, training, going_on, qtbot, paused):
    closed = []
    session.closed.connect(lambda: closed.append(True))
    if paused:
        training.pause()
    with qtbot.waitSignal(session.closed, timeout=TIMEOUT):
        session.close()
    session.close()
    qtbot.wait(1)
    assert session.is_closed
    assert closed == [True]
    assert training.state == "stopped"
    (run,) = training.resumable()
    model_file.load(run.model_path)


def test_closing_while_images_are_read_and_a_job_runs_ends_every_thread(session, tiny_model, strokes, qtbot, settled):
    session.model.open(str(tiny_model))
    settled()
    closed = threading.Event()

    def job():
        try:
            while True:
                yield Progress(0, None, "images")
        finally:
            closed.set()

    session.jobs.start("data", "Reading photos", job)
    qtbot.waitUntil(lambda: session.jobs.progress_of("data") is not None, timeout=TIMEOUT)
    session.image.open([Origin(path.name, path) for path in strokes * 10])
    session.latent.random()
    with qtbot.waitSignal(session.closed, timeout=TIMEOUT):
        session.close()
    assert closed.is_set()
    assert session.is_closed


def test_closing_a_session_that_does_nothing_closes_it_once(session, qtbot):
    closed = []
    session.closed.connect(lambda: closed.append(True))
    for _ in range(3):
        session.close()
    qtbot.waitUntil(lambda: session.is_closed and bool(closed), timeout=TIMEOUT)
    qtbot.wait(1)
    assert closed == [True]
