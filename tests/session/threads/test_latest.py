"""The thread that works on the newest request."""

import gc
import threading
import weakref

import pytest

from vae_explorer.errors import UserError
from vae_explorer.session.threads.latest import Latest, log

TIMEOUT = 10_000  # milliseconds


class Gated:
    """Work that waits at a gate, notes what it was given, and gives it back; a request that is an error is raised."""

    def __init__(self):
        self.gate, self.begun = threading.Event(), threading.Event()
        self.worked_on = []

    def __call__(self, kind, request):
        self.worked_on.append((kind, request))
        self.begun.set()
        assert self.gate.wait(TIMEOUT / 1000)
        if isinstance(request, Exception):
            raise request
        return request


@pytest.fixture
def work():
    return Gated()


@pytest.fixture
def latest(qtbot, work):
    made = Latest("tested", work, promised=("save",))
    made.answers, made.failures = [], []
    made.answered.connect(lambda kind, answer: made.answers.append((kind, answer)))
    made.failed.connect(lambda kind, sentence: made.failures.append((kind, sentence)))
    made.start()
    yield made
    work.gate.set()
    made.stop()
    assert made.wait(TIMEOUT)


@pytest.fixture
def busy(latest, work):
    """The thread is at its first request and waits at the gate."""
    latest.ask("picture", 0)
    assert work.begun.wait(TIMEOUT / 1000)
    return latest


def test_older_requests_are_dropped_before_they_are_computed(busy, work, qtbot):
    for position in range(1, 100):
        busy.ask("picture", position)
    work.gate.set()
    qtbot.waitUntil(lambda: ("picture", 99) in busy.answers, timeout=TIMEOUT)
    assert work.worked_on == [("picture", 0), ("picture", 99)]


def test_an_overtaken_answer_is_still_delivered(busy, work, qtbot):
    busy.ask("picture", 1)
    work.gate.set()
    qtbot.waitUntil(lambda: len(busy.answers) == 2, timeout=TIMEOUT)
    assert busy.answers == [("picture", 0), ("picture", 1)]


def test_the_last_position_is_always_answered_in_the_end(latest, work, qtbot):
    work.gate.set()
    for position in range(2000):
        latest.ask("picture", position)
        if position % 97 == 0:
            qtbot.wait(1)  # lets some of them through
    qtbot.waitUntil(lambda: latest.answers[-1:] == [("picture", 1999)], timeout=TIMEOUT)
    positions = [position for _, position in latest.answers]
    assert positions == sorted(set(positions))
    assert latest.answers == work.worked_on


def test_an_error_becomes_a_sentence_and_the_thread_lives_on(busy, work, qtbot):
    busy.ask("picture", UserError("z is too long:\n give four numbers"))
    work.gate.set()
    qtbot.waitUntil(lambda: busy.failures == [("picture", "z is too long: give four numbers")], timeout=TIMEOUT)
    busy.ask("picture", 2)
    qtbot.waitUntil(lambda: busy.answers == [("picture", 0), ("picture", 2)], timeout=TIMEOUT)


def test_an_error_does_not_keep_what_the_work_held(qtbot, monkeypatch):
    monkeypatch.setattr(log, "disabled", True)  # pytest keeps what is logged

    class Tensor:
        pass

    held = []

    def fail(kind, request):
        tensor = Tensor()
        held.append(weakref.ref(tensor))
        try:
            raise MemoryError("a")
        except MemoryError as error:
            raise UserError("b") from error

    thread, failures = Latest("failing", fail), []
    thread.failed.connect(lambda *failure: failures.append(failure))
    thread.start()
    thread.ask("picture", 0)
    qtbot.waitUntil(lambda: failures == [("picture", "b", 0)], timeout=TIMEOUT)
    thread.stop()
    assert thread.wait(TIMEOUT)
    gc.collect()
    assert held[0]() is None


def test_kinds_take_turns_however_often_one_of_them_asks(busy, work, qtbot):
    for position in range(1, 50):
        busy.ask("picture", position)
        if position == 2:
            busy.ask("samples", "a")
            busy.ask("evidence", "b")
    busy.answered.connect(lambda kind, _: kind == "picture" and busy.ask("picture", 50))
    work.gate.set()
    qtbot.waitUntil(lambda: ("evidence", "b") in busy.answers, timeout=TIMEOUT)
    assert [kind for kind, _ in work.worked_on[:4]] == ["picture", "picture", "samples", "evidence"]
    busy.answered.disconnect()


def test_requests_with_their_own_keys_do_not_replace_each_other(busy, work, qtbot):
    for name in "abc":
        busy.ask("read", name, key=name)
    busy.ask("read", "a again", key="a")
    work.gate.set()
    qtbot.waitUntil(lambda: len(busy.answers) == 4, timeout=TIMEOUT)
    assert [answer for _, answer in busy.answers] == [0, "a again", "b", "c"]


def test_a_stop_ends_it_after_the_answer_it_is_at(busy, work, qtbot):
    busy.ask("picture", 1)
    busy.stop()
    work.gate.set()
    assert busy.wait(TIMEOUT)
    qtbot.waitUntil(lambda: busy.answers == [("picture", 0)], timeout=TIMEOUT)
    assert work.worked_on == [("picture", 0)]


def test_a_stop_does_not_drop_what_was_promised(busy, work):
    busy.ask("picture", 1)
    busy.ask("save", "model", key="model")
    busy.stop()
    work.gate.set()
    assert busy.wait(TIMEOUT)
    assert work.worked_on == [("picture", 0), ("save", "model")]


def test_a_stop_ends_it_also_while_it_waits(latest):
    latest.stop()
    assert latest.wait(TIMEOUT)


def test_a_stop_before_the_start_ends_it_at_once(qtbot, work):
    thread = Latest("never", work)
    thread.stop()
    thread.start()
    assert thread.wait(TIMEOUT)
