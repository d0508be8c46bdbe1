"""Requests, jobs and runs that fail: each is one sentence, and the next one works."""

import errno
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vae_explorer import errors, paths
from vae_explorer.core.progress import Progress
from vae_explorer.errors import UserError
from vae_explorer.export.command import Command, NamedImage
from vae_explorer.session import training
from vae_explorer.session.records import Origin
from vae_explorer.session.threads.generator_thread import GeneratorThread
from vae_explorer.session.training import ReconstructRequest
from vae_explorer.session.views.evidence import MapRequest
from vae_explorer.training.config import TrainConfig

WAIT = 20_000  # milliseconds: torch may have to be loaded
FAULT = "Something went wrong inside the program"


SPOILT = {  # what is asked for, and where its failure is seen
    "open_model": (lambda w: w.session.model.open("other"), lambda w: w.errors.text.text()),
    "save_model": (lambda w: w.session.model.save(paths.runs() / "x"), lambda w: w.errors.text.text()),
    "draw": (lambda w: w.session.latent.random(), lambda w: w.decoded.row._message),
    "write_file": (lambda w: w.session.take_away.write(paths.runs() / "x.svg", b""), lambda w: w.errors.text.text()),
    "write_named_image": (
        lambda w: w.session.take_away.hand_over(Command((), NamedImage(Path("x"), None, None)), print),
        lambda w: w.errors.text.text(),
    ),
    "pictures": (lambda w: w.session.image.open([Origin("a", b"")]), lambda w: w.errors.text.text()),
    "encode": (lambda w: w.session.image.step(1), lambda w: w.image.x_view._message),
    "decode": (lambda w: w.session.latent.random(), lambda w: w.decoded.view._message),
    "sample_posterior": (
        lambda w: (w.session.image.step(-1), w.session.posterior_samples.resample()),
        lambda w: w.drawer.views["posterior_samples"].grid._message,
    ),
    "take_apart": (
        lambda w: (w.session.posterior_samples.take_apart(1), w.session.posterior_samples.take_apart(2)),
        lambda w: w.drawer.views["posterior_samples"].apart.accessibleDescription(),
    ),
    "sample_prior": (
        lambda w: w.drawer.bar.setCurrentIndex(1),
        lambda w: w.drawer.views["prior_samples"].grid._message,
    ),
    "evidence": (
        lambda w: (w.drawer.bar.setCurrentIndex(2), w.session.evidence.redraw()),
        lambda w: w.drawer.views["evidence"].waterfall._message,
    ),
    "posterior_map": (
        lambda w: w.session.context.thread.ask(
            MapRequest(None, None), print, lambda told: w.errors.show_sentence(f"map: {told}")
        ),
        lambda w: w.errors.text.text(),
    ),
    "data_posteriors": (lambda w: w.drawer.bar.setCurrentIndex(4), lambda w: w.drawer.views["typical"].grid._message),
    "aggregate": (lambda w: w.drawer.bar.setCurrentIndex(3), lambda w: w.drawer.views["aggregate"].plot._message),
    "compared_samples": (
        lambda w: (w.drawer.bar.setCurrentIndex(0), w.drawer.bar.setCurrentIndex(3)),
        lambda w: w.drawer.views["aggregate"].grids["prior"]._message,
    ),
    "curves": (lambda w: w.session.training._read_curves(None), lambda w: w.errors.text.text()),
    "reconstruct": (
        lambda w: w.session.context.thread.ask(
            ReconstructRequest(None, None), print, w.session.training._on_reconstruct_failed
        ),
        lambda w: w.errors.text.text(),
    ),
}


@pytest.mark.parametrize("error", [UserError("x is broken: mend it"), KeyError("x")])
def test_every_request_may_fail_and_a_good_one_follows(
    window, qtbot, log, works, tmp_path, answering, monkeypatch, error
):
    session, sentence = window.session, (FAULT if isinstance(error, KeyError) else str(error))
    assert set(SPOILT) == set(answering)

    def fail(_request):
        raise error

    for kind, (ask, seen) in SPOILT.items():
        window.errors.show_sentence(f"before {kind}")
        window.errors._repeats = errors.Repeats()  # it hears the same sentence from each
        print("KIND", kind)
        with monkeypatch.context() as change:
            change.setitem(answering, kind, fail)
            ask(window)
            qtbot.waitUntil(lambda seen=seen: sentence in (seen(window) or ""), timeout=WAIT)
        assert "Request failed" in log.text()
        assert (session.model.is_opening, session.image.is_reading) == (False, False)
    works()
    strip = len(session.image.images)
    pixels = tmp_path / "bar.png"
    Image.fromarray(np.eye(28, dtype=np.uint8) * 255).save(pixels)
    session.image.open([Origin("bar.png", pixels)])
    qtbot.waitUntil(
        lambda: len(session.image.images) == strip + 1 and session.image.posterior is not None, timeout=WAIT
    )
    tabs = window.drawer
    for tab, message in (
        (2, tabs.views["evidence"].waterfall),
        (3, tabs.views["aggregate"].plot),
        (3, tabs.views["aggregate"].grids["mixture"]),
        (4, tabs.views["typical"].grid),
    ):
        tabs.bar.setCurrentIndex(tab)
        qtbot.waitUntil(lambda message=message: not message._message, timeout=WAIT)
    tabs.bar.setCurrentIndex(1)
    with qtbot.waitSignal(session.prior_samples.sampled, timeout=WAIT):
        session.prior_samples.set_count(3)
    with qtbot.waitSignal(session.posterior_samples.sampled, timeout=WAIT):
        tabs.bar.setCurrentIndex(0)
    for message in (
        window.decoded.view,
        tabs.views["posterior_samples"].grid,
        tabs.views["prior_samples"].grid,
        window.image.x_view,
    ):
        assert not message._message
    with qtbot.waitSignal(session.model.saved, timeout=WAIT):
        session.model.save(tmp_path / "copy.vae.safetensors")


def test_a_picture_that_fails_under_a_moving_slider_is_said_once(window, qtbot, log, works, answering, monkeypatch):
    told, failed = [], []
    window.session.failed.connect(told.append)
    window.session.decoded.failed.connect(failed.append)
    with monkeypatch.context() as change:
        change.setitem(answering, "decode", lambda _request: {}["weights"])
        for step in range(60):
            window.session.latent.set_value(0, step / 60)
            qtbot.waitUntil(lambda step=step: len(failed) > step, timeout=WAIT)
    assert told == []  # it stands over the picture
    log.close()
    assert log.text().count("Traceback") == 1
    assert "again, 59 times" in log.text()
    works()
    assert not window.decoded.view._message


def job(at, error, closed):
    """A job of three steps that fails where it is told."""

    def run():
        try:
            for step in range(3):
                if step == {"first": 0, "middle": 1}.get(at):
                    raise error
                yield Progress(step, 3, "steps")
            return "done"
        finally:
            closed.append(at)
            if at == "close":
                raise error

    return run


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space", "x.npz"), KeyError("x"), MemoryError()])
@pytest.mark.parametrize("at", ["make", "first", "middle", "close", "snapshot"])
def test_a_job_may_fail_anywhere_is_closed_first_and_another_follows(qtbot, log, at, error):
    closed, heard = [], []

    def make():
        if at == "make":
            raise error
        return job(at, error, closed)()

    def fail():
        raise error

    thread = GeneratorThread(make, snapshot=fail if at == "snapshot" else None)
    thread.failed.connect(lambda sentence: heard.append((sentence, list(closed))))
    for fine in (thread.succeeded, thread.stopped):
        fine.connect(lambda *_: heard.append("fine"))
    with qtbot.waitSignal(thread.finished, timeout=WAIT):
        thread.start()
    assert heard == [(errors.sentence(error), [] if at == "make" else [at])]
    assert "a job failed" in log.text()


@pytest.mark.parametrize("at", ["make", "first", "middle", "close"])
def test_after_a_job_that_failed_the_next_one_runs(qtbot, session, at):
    told, jobs = [], session.jobs
    session.failed.connect(told.append)

    def make():
        if at == "make":
            raise UserError("x is broken")
        return job(at, UserError("x is broken"), [])()

    with qtbot.waitSignal(jobs.finished, timeout=WAIT):
        jobs.start("data", "Reading x", make)
    assert told == ["x is broken"]
    assert (jobs.running, jobs.is_active) == ({}, False)
    with qtbot.waitSignal(jobs.succeeded, timeout=WAIT) as done:
        jobs.start("data", "Reading y", job("", None, []))
    assert done.args == ["done"]
    qtbot.waitUntil(lambda: not jobs.is_active, timeout=WAIT)


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "blobs.npz"
    np.savez(file, images=np.random.default_rng(3).integers(0, 256, (60, 8, 8), np.uint8))
    return TrainConfig(
        data=str(file), hidden=16, z_dim=2, epochs=1, batch_size=16, device="cpu", threads=1, precision="float32"
    )


@pytest.mark.parametrize("where", ["start", "snapshot", "_on_snapshot_taken", "_on_progressed"])
def test_after_a_run_that_failed_the_next_one_trains(qtbot, session, log, config, monkeypatch, where):
    told = []
    session.failed.connect(told.append)

    def fail(*_arguments):
        raise KeyError(where)

    with monkeypatch.context() as change:
        change.setattr(training._Work if where in ("start", "snapshot") else training.TrainingSession, where, fail)
        with qtbot.waitSignal(session.training.finished, timeout=WAIT):
            session.training.start(config)
    assert f"KeyError: '{where}'" in log.text()
    if where in ("start", "snapshot"):
        assert session.training.state == "failed"
        assert told == [f"{FAULT} (KeyError: '{where}'); {errors.IN_THE_WINDOW}"]
    assert not session.training.is_active
    with qtbot.waitSignal(session.training.finished, timeout=WAIT):
        session.training.start(config)
    assert session.training.state == "finished"
    qtbot.waitUntil(lambda: session.training.reconstructions is not None, timeout=WAIT)
