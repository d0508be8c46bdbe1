"""Opening, saving and showing models, and what comes to the latent point and the picture from it."""

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch

from vae_explorer.errors import UserError
from vae_explorer.session.records import Snapshot
from vae_explorer.session.state.workspace import Workspace
from vae_explorer.session.views.decoded import DecodeRequest
from vae_explorer.training import model_file

TIMEOUT = 30_000  # milliseconds


def decoded(path, z, mode="mean"):
    """What the model in the file makes of z."""
    model, _ = model_file.load(path)
    with torch.inference_mode():
        likelihood = model.decode(torch.from_numpy(z)[None])
        return (likelihood.mean if mode == "mean" else likelihood.std).numpy()


def put_in_training(session, number=1, lineage=None, statistics=None):
    """A snapshot of a run, with the opened model's weights."""
    opened = session.model.opened.snapshot
    info = opened.info.model_copy(update={"statistics": statistics, "kl_per_dimension": [4.0, 3.0, 2.0, 1.0]})
    snapshot = Snapshot.of(lineage or Workspace.new_lineage(), number, opened.model, info)
    session.model.take_snapshot(snapshot, "a run", None, None)
    return snapshot


def test_an_opened_model_shows_its_first_example_at_mu(opened, tiny_model):
    assert opened.model.current.name == "tiny"
    assert opened.image.pictures[opened.image.image].name.startswith("mnist test image 0")
    assert len(opened.image.images) == 6
    assert np.array_equal(opened.latent.z, opened.image.posterior.mu)
    assert np.allclose(opened.decoded.shown.images, decoded(tiny_model, opened.latent.z), atol=1e-6)
    assert opened.model.current.order.tolist() == [1, 3, 0, 2]
    assert opened.model.card.inactive.tolist() == [False, False, True, False]


def test_a_bundled_model_opens_by_its_name(session, settled):
    session.model.open("mnist")
    assert session.model.is_opening
    settled()
    assert session.model.current.name == "mnist"
    assert not session.model.is_opening


@pytest.mark.parametrize("name", ["nothing.vae.safetensors", "mnits", "noise.vae.safetensors"])
def test_a_model_that_cannot_be_opened_is_one_sentence_and_the_old_one_stays(opened, qtbot, tmp_path, name):
    (tmp_path / "noise.vae.safetensors").write_bytes(bytes(range(256)))
    before = opened.model.current
    with qtbot.waitSignal(opened.failed, timeout=TIMEOUT) as failed:
        opened.model.open(str(tmp_path / name) if name.startswith("noise") else name)
    assert name in failed.args[0]
    assert "\n" not in failed.args[0]
    assert opened.model.current is before
    assert not opened.model.is_opening


def test_a_data_name_that_is_a_path_finds_no_test_images(session, qtbot, tmp_path, tiny_model):
    model, info = model_file.load(tiny_model)
    path = tmp_path / "odd.vae.safetensors"
    model_file.save(path, model, info.model_copy(update={"data": "../../models/../\0x"}))
    with qtbot.waitSignal(session.decoded.decoded, timeout=TIMEOUT):
        session.model.open(str(path))
    assert session.model.current.data is None
    assert session.image.images == ()


def test_a_saved_model_is_the_shown_one(opened, qtbot, tmp_path, tiny_model):
    path = tmp_path / "copy.vae.safetensors"
    with qtbot.waitSignal(opened.model.saved, timeout=TIMEOUT) as saved:
        opened.model.save(path)
    assert saved.args == [path]
    assert path.read_bytes() == tiny_model.read_bytes()


def test_a_model_that_cannot_be_saved_is_one_sentence_that_names_the_file(opened, qtbot, tmp_path):
    path = tmp_path / "gone" / "copy.vae.safetensors"
    with qtbot.waitSignal(opened.failed, timeout=TIMEOUT) as failed:
        opened.model.save(path)
    assert failed.args[0].startswith(f"{path} could not be written")


def test_a_model_is_still_saved_when_the_session_closes_at_once(session, qtbot, tmp_path, tiny_model, settled):
    session.model.open(str(tiny_model))
    settled()
    session.model.save(tmp_path / "copy.vae.safetensors")
    session.close()
    qtbot.waitUntil(lambda: session.is_closed, timeout=TIMEOUT)
    assert (tmp_path / "copy.vae.safetensors").read_bytes() == tiny_model.read_bytes()


def test_two_models_keep_their_z_history_and_encoded_images(opened, settled):
    opened.latent.set_z(np.array([1, 2, 3, 4], np.float32))
    settled()
    first = opened.model.current
    put_in_training(opened)
    assert opened.model.shows_trained
    assert opened.undo.activeStack() is opened.model.current.undo
    assert not opened.undo.canUndo()
    assert opened.latent.z.tolist() == [0, 0, 0, 0]
    opened.latent.to_zero()
    opened.latent.set_z(np.array([5, 6, 7, 8], np.float32))

    opened.model.show(opened.model.opened.lineage)
    settled()
    assert opened.model.current is first
    assert opened.latent.z.tolist() == [1, 2, 3, 4]
    assert opened.image.posterior.lineage == first.lineage
    opened.undo.activeStack().undo()
    assert np.array_equal(opened.latent.z, opened.image.posterior.mu)
    opened.model.show(opened.model.trained.lineage)
    assert opened.latent.z.tolist() == [5, 6, 7, 8]
    opened.undo.activeStack().undo()
    assert opened.latent.z.tolist() == [0, 0, 0, 0]


def test_back_from_the_trained_model_shows_the_opened_one(opened, settled):
    put_in_training(opened)
    opened.model.drop_trained()
    assert not opened.model.shows_trained
    assert opened.model.trained is None
    settled()


def test_without_any_model_left_the_strip_is_told_to_be_empty(opened, qtbot):
    put_in_training(opened)
    opened.model.close(opened.model.opened.lineage)
    with qtbot.waitSignal(opened.image.images_changed, timeout=TIMEOUT):
        opened.model.drop_trained()
    assert (opened.image.images, opened.image.posterior) == ((), None)
    assert len(opened.latent.z) == 0


def test_newer_weights_reorder_nothing_until_the_run_has_its_statistics(opened, qtbot):
    statistics = opened.model.snapshot.info.statistics
    snapshot = put_in_training(opened)
    assert opened.model.current.order.tolist() == [0, 1, 2, 3]
    with qtbot.waitSignal(opened.model.updated, timeout=TIMEOUT):
        put_in_training(opened, number=2, lineage=snapshot.lineage)
    assert opened.model.current.order.tolist() == [0, 1, 2, 3]
    with qtbot.waitSignal(opened.model.changed, timeout=TIMEOUT):
        put_in_training(opened, number=3, lineage=snapshot.lineage, statistics=statistics)
    assert opened.model.current.order.tolist() == [1, 3, 0, 2]


@pytest.fixture
def held_decoder(answering):
    """Decoding waits at a gate, and says when it has begun."""
    gate, begun, decode = threading.Event(), threading.Event(), answering["decode"]

    def held(request):
        begun.set()
        assert gate.wait(TIMEOUT / 1000)
        return decode(request)

    answering["decode"] = held
    held.gate, held.begun = gate, begun
    yield held
    gate.set()


def test_a_picture_of_another_model_is_not_shown(opened, held_decoder, qtbot, tiny_model, settled):
    shown, before = [], opened.model.current.lineage
    opened.latent.set_z(np.full(4, 9, np.float32))
    assert held_decoder.begun.wait(TIMEOUT / 1000)
    opened.model.open(str(tiny_model))
    qtbot.waitUntil(lambda: opened.model.current.lineage != before, timeout=TIMEOUT)
    opened.decoded.decoded.connect(lambda: shown.append(opened.decoded.shown))
    held_decoder.gate.set()
    settled()
    assert shown
    assert {picture.lineage for picture in shown} == {opened.model.current.lineage}


def test_a_failure_of_another_model_is_not_said_over_the_picture(opened, answering, qtbot):
    shown, decode, failures, gate = opened.model.shown, answering["decode"], [], threading.Event()
    opened.decoded.failed.connect(failures.append)

    def fail(request):
        if request.snapshot.lineage == shown:
            return decode(request)
        assert gate.wait(TIMEOUT / 1000)
        raise UserError("the decoder is broken")

    answering["decode"] = fail
    trained = put_in_training(opened).lineage
    opened.model.show(shown)
    opened.latent.set_value(0, 2.0)
    gate.set()
    qtbot.waitUntil(lambda: opened.decoded.shown.z[0] == 2.0, timeout=TIMEOUT)  # it was asked for later
    assert not failures
    opened.model.show(trained)
    qtbot.waitUntil(lambda: len(failures) > 0, timeout=TIMEOUT)


def test_a_late_picture_of_the_same_run_is_shown_and_then_the_newest(opened, held_decoder, qtbot):
    held_decoder.gate.set()
    snapshot = put_in_training(opened)
    qtbot.waitUntil(lambda: opened.decoded.shown is not None, timeout=TIMEOUT)
    held_decoder.gate.clear()
    held_decoder.begun.clear()
    opened.latent.set_value(0, 1.0)
    assert held_decoder.begun.wait(TIMEOUT / 1000)
    numbers = []
    opened.decoded.decoded.connect(lambda: numbers.append(opened.decoded.shown.number))
    for number in range(2, 6):
        put_in_training(opened, number=number, lineage=snapshot.lineage)
    held_decoder.gate.set()
    qtbot.waitUntil(lambda: 5 in numbers, timeout=TIMEOUT)
    assert numbers == [1, 5]


def test_answers_about_another_lineage_change_nothing(opened, settled):
    settled()
    encoded, samples = opened.image.posterior, opened.posterior_samples.shown
    opened.image._on_encoded(replace(encoded, lineage=999_999))
    request = DecodeRequest(opened.model.snapshot, opened.latent.z, opened.decoded.settings)
    opened.decoded._on_decoded(request, replace(opened.decoded.shown, lineage=999_999))
    assert opened.image.posterior is encoded
    assert opened.posterior_samples.shown is samples
    assert opened.decoded.shown.lineage == opened.model.current.lineage


def test_the_picture_can_be_the_mean_the_sigma_or_draws(opened, qtbot, tiny_model):
    picture, z = opened.decoded, opened.latent.z

    def show(verb, *arguments):
        with qtbot.waitSignal(picture.decoded, timeout=TIMEOUT):
            verb(*arguments)
        return picture.shown.images

    sigma = show(picture.set_mode, "sigma")
    assert np.allclose(sigma, decoded(tiny_model, z, "std"), atol=1e-6)
    first = show(picture.draw_again)
    assert picture.mode == "draw"
    assert set(np.unique(first)) <= {0, 1}
    assert not np.array_equal(show(picture.draw_again), first)
    sixteen = show(picture.set_sixteen, True)
    assert sixteen.shape == (16, 1, 28, 28)
    assert not np.array_equal(sixteen[0], sixteen[1])
    mean = show(picture.set_mode, "mean")
    assert np.allclose(mean, decoded(tiny_model, z), atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "ask", "noun", "start"),
    [
        ("decode", lambda s: s.latent.set_value(0, 2.0), "decoded", "The picture could not be decoded: "),
        ("encode", lambda s: s.image.step(1), "image", "The image could not be encoded: "),
        ("pictures", lambda s: s.image.open_test_image(), "image", "The image could not be read: "),
    ],
)
def test_a_request_that_fails_is_one_sentence_and_the_thread_lives_on(
    opened, qtbot, monkeypatch, answering, settled, kind, ask, noun, start
):
    def fail(request):
        raise UserError("too\nlittle memory")

    with monkeypatch.context() as patch:
        patch.setitem(answering, kind, fail)
        told = "refused" if kind == "pictures" else "failed"  # that says of the chosen image that it has no mu
        with qtbot.waitSignal(getattr(getattr(opened, noun), told), timeout=TIMEOUT) as failed:
            ask(opened)
    assert failed.args[0].startswith(start)
    assert failed.args[0].endswith("too little memory")
    assert not opened.image.is_reading
    opened.latent.set_value(1, -1.0)
    opened.image.step(-1) if kind == "encode" else opened.posterior_samples.set_multiplier(2.0)
    settled()
