"""Two models in the window: what was computed of each is there when it is shown again."""

import time

import numpy as np

TIMEOUT = 30_000  # milliseconds
MOVES, DECODE_SECONDS, BETWEEN_MOVES = 150, 0.03, 0.01


def watch_everything(session):
    for noun in (session.prior_samples, session.evidence, session.aggregate, session.typical):
        noun.set_watched(True)


def rests(session, at_rest):
    """Whether everything that is watched is there."""
    nouns = (session.posterior_samples, session.prior_samples, session.evidence, session.aggregate)
    is_there = session.image.posterior and session.decoded.shown and session.prior_samples.shown
    return bool(
        is_there
        and session.evidence.shown
        and session.evidence.shown.is_whole
        and session.aggregate.samples
        and len(session.aggregate.samples.z) == 4
        and session.typical.neighbours
        and all(at_rest(noun) for noun in (*nouns, session.data_posteriors))
    )


def test_switching_between_two_models_computes_nothing(
    session, open_model, tiny_model, stored_model, take_snapshot, held, at_rest, qtbot
):
    watch_everything(session)
    open_model(tiny_model)
    opened = session.model.opened
    qtbot.waitUntil(lambda: rests(session, at_rest), timeout=TIMEOUT)
    take_snapshot(stored_model, data=opened.data.take(slice(0, 40)), is_last=True)
    trained = session.model.trained
    session.image.open_test_image()
    qtbot.waitUntil(lambda: rests(session, at_rest), timeout=TIMEOUT)

    def seen():
        views = session.evidence.shown, session.aggregate.shown, session.aggregate.samples
        samples = session.posterior_samples.shown, session.prior_samples.shown, session.data_posteriors.shown
        return (session.image.posterior, session.decoded.shown, *views, *samples)

    of_trained = seen()
    session.model.show(opened.lineage)
    qtbot.waitUntil(lambda: rests(session, at_rest), timeout=TIMEOUT)
    of_opened = seen()
    held.worked_on.clear()
    for _ in range(3):
        for workspace, expected in ((trained, of_trained), (opened, of_opened)):
            session.model.show(workspace.lineage)
            assert all(one is other for one, other in zip(seen(), expected, strict=True))
    qtbot.wait(50)  # whatever was asked for would have begun
    assert held.worked_on == []


def test_a_picture_is_decoded_for_each_of_two_models(
    session, open_model, tiny_model, stored_model, take_snapshot, held, qtbot
):
    open_model(tiny_model)
    take_snapshot(stored_model, is_last=True)
    opened, trained = session.model.opened, session.model.trained
    qtbot.waitUntil(lambda: session.decoded.shown is not None, timeout=TIMEOUT)
    held.hold("decode")
    session.latent.set_value(0, 2.0)
    qtbot.waitUntil(held.begun.is_set, timeout=TIMEOUT)
    session.latent.set_value(0, 3.0)  # waits
    session.model.show(opened.lineage)
    session.latent.set_value(0, 4.0)  # of another model: it does not push the other out
    held.release()
    qtbot.waitUntil(lambda: session.decoded.shown.z[0] == 4, timeout=TIMEOUT)
    session.model.show(trained.lineage)
    assert session.decoded.shown.z[0] == 3


def test_a_picture_under_a_moving_slider_is_never_starved(session, open_model, tiny_model, answering, qtbot):
    """150 moves, 10 ms apart, with a decoder of 30 ms: to drop what is overtaken would show one picture."""
    decode = answering["decode"]

    def slow(request):
        time.sleep(DECODE_SECONDS)
        return decode(request)

    open_model(tiny_model)
    qtbot.waitUntil(lambda: session.decoded.shown is not None and not session.decoded._asked, timeout=TIMEOUT)
    answering["decode"] = slow
    shown = []
    session.decoded.decoded.connect(lambda: shown.append(float(session.decoded.shown.z[0])))
    for step in range(MOVES):
        session.latent.set_value(0, step / MOVES)
        qtbot.wait(int(BETWEEN_MOVES * 1000))
    last = np.float32((MOVES - 1) / MOVES)
    qtbot.waitUntil(lambda: shown[-1:] == [last], timeout=TIMEOUT)
    assert len(shown) > MOVES / 10
    assert shown == sorted(shown)
