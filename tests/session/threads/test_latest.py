"""The thread that works on the newest request of each place."""

import gc
import threading
import weakref
from dataclasses import dataclass

import pytest

from vae_explorer.errors import UserError
from vae_explorer.session.threads import latest as module
from vae_explorer.session.threads.latest import Latest, Place, log

TIMEOUT = 30_000  # milliseconds


@dataclass(frozen=True)
class Picture:
    of: object


@dataclass(frozen=True)
class Samples:
    of: object


@dataclass(frozen=True)
class Save:
    of: object


@dataclass(frozen=True, eq=False)
class Long:
    items: list


class Gated:
    """Work that waits at a gate, notes what it was given, and gives it back; a request about an error raises it."""

    def __init__(self):
        self.gate, self.begun = threading.Event(), threading.Event()
        self.worked_on, self.closed = [], []

    def __call__(self, request):
        self.begun.set()
        assert self.gate.wait(TIMEOUT / 1000)
        if isinstance(request, Long):
            return self._long(request)
        self.worked_on.append(request)
        if isinstance(request.of, Exception):
            raise request.of
        return request.of

    def _long(self, request):
        try:
            for item in request.items:
                self.worked_on.append(item)
                assert self.gate.wait(TIMEOUT / 1000)
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            self.closed.append(request)


@pytest.fixture
def work():
    return Gated()


@pytest.fixture
def latest(qtbot, work):
    made = Latest("tested", work, promised=(Save,))
    made.answers, made.failures, made.ends = [], [], []
    made.start()
    yield made
    work.gate.set()
    made.stop()
    assert made.wait(TIMEOUT)


@pytest.fixture
def ask(latest):
    def ask_it(request, **options):
        options.setdefault("ended", lambda: latest.ends.append(request))
        latest.ask(request, latest.answers.append, latest.failures.append, **options)

    return ask_it


@pytest.fixture
def busy(ask, latest, work):
    """The thread is at its first request and waits at the gate."""
    ask(Picture(0))
    assert work.begun.wait(TIMEOUT / 1000)
    return latest


@pytest.fixture
def one_item_a_slice(monkeypatch):
    monkeypatch.setattr(module, "SLICE", -1)


def test_older_requests_are_dropped_before_they_are_computed(busy, ask, work, qtbot):
    for position in range(1, 100):
        ask(Picture(position))
    work.gate.set()
    qtbot.waitUntil(lambda: 99 in busy.answers, timeout=TIMEOUT)
    assert work.worked_on == [Picture(0), Picture(99)]


def test_an_overtaken_answer_is_still_delivered(busy, ask, work, qtbot):
    ask(Picture(1))
    work.gate.set()
    qtbot.waitUntil(lambda: len(busy.answers) == 2, timeout=TIMEOUT)
    assert busy.answers == [0, 1]


def test_the_last_position_is_always_answered_in_the_end(latest, ask, work, qtbot):
    work.gate.set()
    for position in range(2000):
        ask(Picture(position))
        if position % 97 == 0:
            qtbot.wait(1)  # lets some of them through
    qtbot.waitUntil(lambda: latest.answers[-1:] == [1999], timeout=TIMEOUT)
    assert latest.answers == sorted(set(latest.answers))
    assert latest.answers == [request.of for request in work.worked_on]


def test_an_error_becomes_a_sentence_and_the_thread_lives_on(busy, ask, work, qtbot):
    ask(Picture(UserError("z is too long:\n give four numbers")))
    work.gate.set()
    qtbot.waitUntil(lambda: busy.failures == ["z is too long: give four numbers"], timeout=TIMEOUT)
    ask(Picture(2))
    qtbot.waitUntil(lambda: busy.answers == [0, 2], timeout=TIMEOUT)


def test_a_thread_that_has_nothing_to_do_keeps_no_request(latest, work, qtbot):
    work.gate.set()
    request = Long([1])
    kept = weakref.ref(request)
    latest.ask(request, latest.answers.append, latest.failures.append)
    del request
    qtbot.waitUntil(lambda: latest.answers == [1] and bool(work.closed), timeout=TIMEOUT)
    work.closed.clear()
    qtbot.waitUntil(lambda: kept() is None, timeout=TIMEOUT)


def test_an_error_does_not_keep_what_the_work_held(qtbot, monkeypatch):
    monkeypatch.setattr(log, "disabled", True)  # pytest keeps what is logged

    class Tensor:
        pass

    held = []

    def fail(request):
        tensor = Tensor()
        held.append(weakref.ref(tensor))
        try:
            raise MemoryError("a")
        except MemoryError as error:
            raise UserError("b") from error

    thread, failures = Latest("failing", fail), []
    thread.start()
    thread.ask(Picture(0), print, failures.append)
    qtbot.waitUntil(lambda: failures == ["b"], timeout=TIMEOUT)
    thread.stop()
    assert thread.wait(TIMEOUT)
    gc.collect()
    assert held[0]() is None


def test_types_of_request_take_turns_however_often_one_of_them_asks(busy, ask, work, qtbot):
    for position in range(1, 50):
        ask(Picture(position))
        if position == 2:
            ask(Samples("a"))
            ask(Save("b"))
    work.gate.set()
    qtbot.waitUntil(lambda: "b" in busy.answers, timeout=TIMEOUT)
    assert work.worked_on == [Picture(0), Picture(49), Samples("a"), Save("b")]


def test_requests_of_two_models_do_not_replace_each_other(busy, ask, work, qtbot):
    for lineage in (1, 2):
        ask(Picture(lineage), place=Place(Picture, lineage))
    ask(Picture("1 again"), place=Place(Picture, 1))
    work.gate.set()
    qtbot.waitUntil(lambda: len(busy.answers) == 3, timeout=TIMEOUT)
    assert busy.answers == [0, "1 again", 2]


def test_a_long_answer_gives_its_items_and_then_ends(latest, ask, work, qtbot, one_item_a_slice):
    request = Long([1, None, 2, 3])
    work.gate.set()
    ask(request)
    qtbot.waitUntil(lambda: latest.ends == [request], timeout=TIMEOUT)
    assert latest.answers[-1] == 3
    assert latest.answers == sorted(latest.answers)
    assert work.closed == [request]


def test_a_window_that_is_slow_to_show_an_item_hears_of_the_newest_one_next(latest, ask, work, qtbot, one_item_a_slice):
    request, heard = Long(list(range(1, 1000))), []
    work.gate.set()

    def show(item):
        heard.append(item)
        while item == heard[0] and len(work.worked_on) < 999:  # the first takes as long as all that follow
            pass

    latest.ask(request, show, print, ended=lambda: latest.ends.append(request))
    qtbot.waitUntil(lambda: latest.ends == [request], timeout=TIMEOUT)
    assert heard[-1] == 999
    assert len(heard) < 10


def test_other_requests_have_their_turn_between_two_slices(busy, ask, work, qtbot, one_item_a_slice):
    ask(Long(list(range(1, 1000))))
    ask(Picture("other"))
    work.gate.set()
    qtbot.waitUntil(lambda: "other" in busy.answers, timeout=TIMEOUT)
    assert work.worked_on.index(Picture("other")) <= 2


def test_a_newer_request_takes_the_place_of_a_long_one_under_way(latest, ask, work, qtbot, one_item_a_slice):
    first, second = Long([1, 2, 3]), Long([4, 5])
    ask(first)
    assert work.begun.wait(TIMEOUT / 1000)
    ask(second)
    work.gate.set()
    qtbot.waitUntil(lambda: latest.ends == [second], timeout=TIMEOUT)
    assert work.worked_on in ([1, 4, 5], [4, 5])
    assert work.closed == [first, second][-len(work.closed) :]


@pytest.mark.parametrize("drop", [{"what": Long}, {"lineage": 7}, {"what": Long, "lineage": 7}])
def test_what_is_dropped_is_neither_told_nor_continued(latest, ask, work, qtbot, one_item_a_slice, drop):
    ask(Long([1, 2, 3]), place=Place(Long, 7))
    assert work.begun.wait(TIMEOUT / 1000)
    ask(Samples("waits"), place=Place(Samples, 8))
    latest.drop(**drop)
    work.gate.set()
    qtbot.waitUntil(lambda: "waits" in latest.answers, timeout=TIMEOUT)
    assert latest.answers == ["waits"]
    assert len(latest.ends) == 1


def test_what_waits_in_another_place_is_not_dropped(busy, ask, work, qtbot):
    ask(Samples("a"), place=Place(Samples, 1))
    ask(Samples("b"), place=Place(Samples, 2))
    busy.drop(what=Samples, lineage=1)
    work.gate.set()
    qtbot.waitUntil(lambda: "b" in busy.answers, timeout=TIMEOUT)
    assert "a" not in busy.answers


def test_a_long_answer_that_fails_is_one_sentence(latest, ask, work, qtbot, one_item_a_slice):
    work.gate.set()
    ask(Long([1, UserError("a is broken")]))
    qtbot.waitUntil(lambda: latest.failures == ["a is broken"], timeout=TIMEOUT)
    assert (latest.answers, latest.ends) == ([1], [])


def test_a_stop_ends_it_after_the_answer_it_is_at(busy, ask, work, qtbot):
    ask(Picture(1))
    busy.stop()
    work.gate.set()
    assert busy.wait(TIMEOUT)
    qtbot.waitUntil(lambda: busy.answers == [0], timeout=TIMEOUT)
    assert work.worked_on == [Picture(0)]


def test_a_stop_begins_no_further_slice(latest, ask, work, one_item_a_slice):
    request = Long([1, 2])
    ask(request)
    assert work.begun.wait(TIMEOUT / 1000)
    latest.stop()
    ask(Long([3]))
    work.gate.set()
    assert latest.wait(TIMEOUT)
    assert (work.worked_on, work.closed) == ([1], [request])


def test_a_stop_does_not_drop_what_was_promised(busy, ask, work):
    ask(Picture(1))
    ask(Save("model"))
    busy.stop()
    work.gate.set()
    assert busy.wait(TIMEOUT)
    assert work.worked_on == [Picture(0), Save("model")]


def test_a_stop_ends_it_also_while_it_waits(latest):
    latest.stop()
    assert latest.wait(TIMEOUT)


def test_a_stop_before_the_start_ends_it_at_once(qtbot, work):
    thread = Latest("never", work)
    thread.stop()
    thread.start()
    assert thread.wait(TIMEOUT)
