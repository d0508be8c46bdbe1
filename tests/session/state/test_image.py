"""Bringing images in, choosing, removing, switching, and their posterior."""

import json
import threading

import numpy as np
import pytest
import torch
from PIL import Image

from vae_explorer import cli
from vae_explorer.core.evidence import bounds
from vae_explorer.data.preprocess import prepare
from vae_explorer.session.records import Origin, Snapshot
from vae_explorer.session.state.image import MAX_IMAGES
from vae_explorer.session.state.workspace import Workspace
from vae_explorer.training import model_file

TIMEOUT = 30_000  # milliseconds


@pytest.fixture
def image(opened):
    return opened.image


@pytest.fixture
def history(opened):
    return opened.model.current.undo


@pytest.fixture
def refusals(image):
    heard = []
    image.refused.connect(heard.append)
    return heard


def put_in_training(session):
    """A run's first snapshot, with the opened model's weights."""
    opened = session.model.current.snapshot
    snapshot = Snapshot.of(Workspace.new_lineage(), 1, opened.model, opened.info)
    session.model.take_snapshot(snapshot, "a run", None, None)


@pytest.fixture
def held_encoder(opened, answering):
    """Encoding waits while the gate is closed, and says when it has begun."""
    gate, begun, encode = threading.Event(), threading.Event(), answering["encode"]

    def held(request):
        begun.set()
        assert gate.wait(TIMEOUT / 1000)
        return encode(request)

    answering["encode"] = held
    held.gate, held.begun = gate, begun
    gate.set()
    yield held
    gate.set()


def test_several_images_come_in_at_once_and_the_first_is_chosen(image, bring, strokes, refusals):
    examples = image.images
    brought = bring(*strokes[:3])
    assert image.images == (*brought, *examples)
    assert [image.pictures[number].name for number in brought] == ["stroke0.png", "stroke1.png", "stroke2.png"]
    assert image.image == brought[0]
    assert len({image.thumbnails[number].shape for number in image.images}) == 1
    assert refusals == []


def test_of_several_those_that_can_be_used_are_and_one_sentence_tells_of_the_others(bring, strokes, refusals, tmp_path):
    strokes[2].write_bytes(b"no picture")
    strokes[4].write_bytes(b"")
    assert len(bring(*strokes)) == 5
    (sentence,) = refusals
    assert sentence.startswith("5 of 7 used: stroke2.png is a text file, not a picture")
    assert "stroke4.png is empty" in sentence


def test_a_single_image_that_cannot_be_used_gets_its_own_sentence_and_changes_nothing(image, qtbot, tmp_path, history):
    before = (image.images, image.image, history.count())
    with qtbot.waitSignal(image.refused, timeout=TIMEOUT) as refused:
        image.open([Origin("gone.png", tmp_path / "gone.png")])
    assert refused.args == ["gone.png is no longer there; it was moved or deleted"]
    assert (image.images, image.image, history.count()) == before
    assert not image.is_reading


def test_more_reasons_than_a_sentence_holds_are_counted(image, qtbot, tmp_path):
    with qtbot.waitSignal(image.refused, timeout=TIMEOUT) as refused:
        image.open([Origin(f"{i}.png", b"") for i in range(9)])
    assert refused.args[0].startswith("0 of 9 used: 0.png is empty")
    assert refused.args[0].endswith("; and 6 more")


def test_the_strip_is_bounded(image, bring, strokes, refusals):
    bring(*[strokes[0]] * (MAX_IMAGES + 5))
    assert len(image.images) == MAX_IMAGES
    assert f"the strip holds {MAX_IMAGES}" in refusals[0]
    assert refusals[0].startswith(f"{MAX_IMAGES - 6} of {MAX_IMAGES + 5} used: ")


def test_bringing_choosing_and_removing_are_undone_one_by_one(opened, image, bring, strokes, history, settled):
    latent = opened.latent
    latent.set_z(np.array([1, -2, 3, -4], np.float32))
    start = (image.images, image.image, latent.z.tobytes())
    _, second = bring(*strokes[:2])
    brought = (image.images, image.image, latent.z.tobytes())
    image.choose(second)
    settled()
    chosen = (image.images, image.image, latent.z.tobytes())
    assert latent.z.tobytes() == image.posterior.mu.tobytes()
    image.remove(second)
    settled()
    removed = (image.images, image.image, latent.z.tobytes())
    assert second not in image.images
    assert image.image == start[0][0]  # what stood behind it

    for expected in (chosen, brought, start):
        history.undo()
        settled()
        assert (image.images, image.image, latent.z.tobytes()) == expected
    for expected in (brought, chosen, removed):
        history.redo()
        settled()
        assert (image.images, image.image, latent.z.tobytes()) == expected


def test_removing_another_image_keeps_the_chosen_one(image, history):
    image.remove(image.images[3])
    assert (len(image.images), image.image) == (5, image.images[0])


def test_an_emptied_strip_stays_empty_and_undo_fills_it(opened, image, history, settled):
    images = image.images
    for number in images:
        image.remove(number)
    assert (image.images, image.image, image.posterior) == ((), None, None)
    opened.model.changed.emit()  # as when it is shown again
    assert image.images == ()
    while history.canUndo():
        history.undo()
    settled()
    assert image.images == images


def test_steps_stop_at_the_ends_of_the_strip(image):
    image.step(-1)
    assert image.image == image.images[0]
    for _ in range(20):
        image.step(1)
    assert image.image == image.images[-1]


def test_a_step_of_the_preparation_is_switched_and_undone(opened, image, history, settled):
    binary, z = image.posterior, opened.latent.z
    image.set_switch("binarise", False)
    settled()
    grey = image.posterior
    assert not grey.is_likelihood
    prepared = prepare(image.pictures[image.image], opened.model.snapshot.info.preparation)
    assert np.array_equal(grey.x, prepared.grey.astype(np.float32) / 255)
    assert not np.array_equal(grey.mu, binary.mu)
    history.undo()
    settled()
    assert image.posterior.is_likelihood
    assert np.array_equal(image.posterior.mu, binary.mu)
    assert np.array_equal(opened.latent.z, z)
    history.redo()
    settled()
    assert np.array_equal(image.posterior.mu, grey.mu)


def test_a_switch_belongs_to_its_image(image, settled):
    image.set_switch("binarise", False)
    image.step(1)
    settled()
    assert image.posterior.is_likelihood
    image.step(-1)
    settled()
    assert not image.posterior.is_likelihood


def test_the_old_posterior_stays_in_sight_until_the_switched_one_is_there(image, held_encoder, settled):
    before = image.posterior
    held_encoder.gate.clear()
    image.set_switch("binarise", False)
    assert image.posterior is before
    held_encoder.gate.set()
    settled()
    assert not image.posterior.is_likelihood


def test_an_answer_from_before_a_switch_does_not_stay(opened, image, held_encoder, settled):
    second, third = image.images[1:3]
    held_encoder.gate.clear()
    image.choose(third)
    assert held_encoder.begun.wait(TIMEOUT / 1000)
    image.set_switch("binarise", False)
    image.choose(second)  # its request takes the place of the switched one's
    held_encoder.gate.set()
    settled()
    assert opened.model.current.encoded[third].is_likelihood
    image.choose(third)
    settled()
    assert not image.posterior.is_likelihood


def test_images_brought_while_another_model_opens_come_into_its_strip(opened, image, strokes, qtbot, tiny_model):
    before = opened.model.current
    opened.model.open(str(tiny_model))
    image.open([Origin("stroke", strokes[0])])
    qtbot.waitUntil(lambda: opened.model.current is not before and len(image.images) == 7, timeout=TIMEOUT)
    assert image.pictures[image.image].name == "stroke"
    opened.model.current.undo.undo()
    assert [image.pictures[number].name[:5] for number in image.images] == ["mnist"] * 6


def test_images_dropped_with_a_model_go_with_it_while_a_run_is_shown(opened, image, strokes, qtbot, tiny_model):
    put_in_training(opened)
    opened.model.open(str(tiny_model))
    image.open([Origin("stroke", strokes[0])])
    qtbot.waitUntil(lambda: not opened.model.shows_trained and len(image.images) == 7, timeout=TIMEOUT)
    assert image.pictures[image.image].name == "stroke"
    assert opened.model.trained.images == ()


def test_images_brought_before_the_first_model_wait_for_it(session, strokes, qtbot, tiny_model, settled):
    session.model.open(str(tiny_model))
    session.image.open([Origin("stroke", strokes[0])])
    assert session.image.is_reading
    settled()
    qtbot.waitUntil(lambda: not session.image.is_reading, timeout=TIMEOUT)
    assert session.image.pictures[session.image.image].name == "stroke"


def test_images_brought_without_any_model_are_refused_in_a_sentence(session, strokes, qtbot):
    with qtbot.waitSignal(session.failed, timeout=TIMEOUT) as failed:
        session.image.open([Origin("stroke", strokes[0])])
    assert failed.args == ["There is no model to encode images with: open one first"]
    assert not session.image.is_reading


def test_what_the_user_brought_goes_along_to_the_next_model_unless_it_was_removed(
    opened, image, bring, strokes, tiny_model, qtbot, settled, tmp_path
):
    first, second, third = bring(*strokes[:3])
    image.remove(second)
    model, info = model_file.load(tiny_model)
    other = tmp_path / "other.vae.safetensors"
    model_file.save(other, model, info.model_copy(update={"data": "my photos"}))  # a model without test images
    before = opened.model.current
    opened.model.open(str(other))
    qtbot.waitUntil(lambda: opened.model.current is not before, timeout=TIMEOUT)
    settled()
    assert image.images == (first, third)
    assert image.image == first


def test_the_chosen_image_stays_chosen_in_the_next_model(opened, image, bring, strokes, tiny_model, qtbot):
    _, second = bring(*strokes[:2])
    image.choose(second)
    before = opened.model.current
    opened.model.open(str(tiny_model))
    qtbot.waitUntil(lambda: opened.model.current is not before, timeout=TIMEOUT)
    assert (image.images.index(second), image.image) == (1, second)


def test_an_example_that_was_chosen_gives_way_to_the_first_of_the_next_model(opened, image, tiny_model, qtbot):
    image.step(1)
    before = opened.model.current
    opened.model.open(str(tiny_model))
    qtbot.waitUntil(lambda: opened.model.current is not before, timeout=TIMEOUT)
    assert image.image == image.images[0]


def test_pictures_that_nothing_can_bring_back_are_given_back(opened, image, bring, strokes, history, qtbot, tiny_model):
    examples = image.images
    (gone,) = bring(strokes[0])
    history.undo()
    assert set(image.pictures) == {*examples, gone}  # a redo would show it
    (kept,) = bring(strokes[1])
    image.remove(kept)
    assert set(image.pictures) == set(image.thumbnails) == {*examples, kept}  # an undo would show it
    assert gone not in opened.model.current.encoded
    history.undo()
    before = opened.model.current
    opened.model.open(str(tiny_model))
    qtbot.waitUntil(lambda: opened.model.current is not before, timeout=TIMEOUT)
    assert kept in image.images
    assert set(image.pictures) == {*before.images, *image.images}
    opened.model.close(before.lineage)
    assert set(image.pictures) == set(image.thumbnails) == set(image.images)  # the old examples went with their model


def test_pictures_of_the_other_model_are_kept(opened, image, bring, strokes):
    bring(*strokes[:2])
    before = image.images
    put_in_training(opened)
    assert set(image.pictures) == set(before)
    opened.model.show(opened.model.opened.lineage)
    assert image.images == before


def test_a_test_image_can_be_called_up(opened, image, qtbot):
    image.open_test_image()
    qtbot.waitUntil(lambda: len(image.images) == 7, timeout=TIMEOUT)
    picture = image.pictures[image.image]
    assert picture.name.startswith("mnist test image ")
    assert picture.pixels.shape == (28, 28, 1)
    assert picture.pixels.flags.c_contiguous


def test_the_posterior_is_that_of_the_science_layer(image, bring, strokes, tiny_model):
    bring(strokes[1])
    model, info = model_file.load(tiny_model)
    x = prepare(image.pictures[image.image], info.preparation).x
    (bound,) = bounds(model, torch.from_numpy(x)[None])
    found = image.posterior
    assert np.array_equal(found.x, x)
    assert np.array_equal(found.mu, bound.mu)
    assert np.array_equal(found.sigma, bound.sigma)
    assert (found.elbo, found.kl, found.reconstruction) == (bound.elbo, bound.kl, bound.reconstruction)
    assert found.elbo == found.reconstruction - found.kl
    with torch.inference_mode():
        mean = model.decode(torch.from_numpy(bound.mu)[None]).mean[0].numpy()
    assert np.allclose(found.reconstruction_image, mean, atol=1e-6)


@pytest.mark.parametrize("name", ["grey.png", "photo.jpg", "dark_on_light.png"])
def test_window_and_command_line_agree(image, bring, tiny_model, tmp_path, capsys, name):
    rng = np.random.default_rng(5)
    pixels = rng.integers(0, 256, (28, 28), np.uint8)
    if name == "photo.jpg":
        pixels = np.kron(rng.integers(0, 256, (6, 9, 3), np.uint8), np.ones((20, 20, 1), np.uint8))
    elif name == "dark_on_light.png":
        pixels = np.full((90, 70), 240, np.uint8)
        pixels[20:70, 30:38] = 15
    file = tmp_path / name
    Image.fromarray(pixels).save(file)
    bring(file)
    assert cli.run(["encode", str(tiny_model), str(file), "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["images"]
    assert np.allclose(told["mu"], image.posterior.mu, rtol=0, atol=1e-5)
    assert np.allclose(told["sigma"], image.posterior.sigma, rtol=0, atol=1e-5)
    assert told["elbo"] == pytest.approx(image.posterior.elbo, abs=1e-5)
