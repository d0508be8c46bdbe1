"""The long views' slices: each asks for the next, and newer requests come between."""

import threading

import pytest

from vae_explorer.errors import UserError
from vae_explorer.session.records import Slice
from vae_explorer.session.threads.latest import Latest
from vae_explorer.session.views.view import LongView

TIMEOUT = 10_000  # milliseconds


class Request:
    """Gives its items one for each slice; an item that is an error is raised, None is time to yield."""

    def __init__(self, name, items, subject=None):
        self.name, self.items = name, items
        self.subject, self.version = subject or name, name


class Work:
    """What a slice is, at a gate."""

    def __init__(self):
        self.gate, self.begun, self.worked_on = threading.Event(), threading.Event(), []

    def __call__(self, kind, asked):
        self.begun.set()
        assert self.gate.wait(TIMEOUT / 1000)
        if kind != "long":
            self.worked_on.append(kind)
            return asked
        self.worked_on.append(asked.request.name)
        job = asked.job or iter(asked.request.items)
        item = next(job)
        if isinstance(item, Exception):
            raise item
        return Slice(asked.request, job, item, is_last=item == asked.request.items[-1])

    def wait(self):
        assert self.begun.wait(TIMEOUT / 1000)

    def run(self):
        self.gate.set()


@pytest.fixture
def work():
    return Work()


@pytest.fixture
def thread(qtbot, work):
    made = Latest("tested", work)
    made.told = []  # stays connected: to disconnect while a thread emits is a crash of PySide's
    made.answered.connect(lambda kind, _: made.told.append(kind))
    made.failed.connect(lambda kind, *_: made.told.append(kind))
    made.start()
    yield made
    work.run()
    made.stop()
    assert made.wait(TIMEOUT)


@pytest.fixture
def view(thread):
    made = LongView("long", thread)
    made.heard = []
    made.advanced.connect(made.heard.append)
    made.ended.connect(lambda: made.heard.append("ended"))
    made.failed.connect(lambda sentence: made.heard.append(sentence))
    return made


def hears(qtbot, view, *expected):
    qtbot.waitUntil(lambda: len(view.heard) >= len(expected), timeout=TIMEOUT)
    assert view.heard == list(expected)


def test_each_slice_asks_for_the_next_until_the_last(qtbot, view, work):
    request = Request("a", [1, None, 2, 3])
    work.run()
    view.want(request)
    assert view.is_busy
    hears(qtbot, view, 1, 2, 3, "ended")
    assert not view.is_busy
    assert work.worked_on == ["a"] * 4


def test_a_newer_request_takes_the_place_of_the_one_under_way(qtbot, view, work):
    view.want(Request("a", [1, 2, 3]))
    work.wait()
    view.want(Request("b", [4]))
    view.want(Request("c", [5, 6]))
    work.run()
    hears(qtbot, view, 5, 6, "ended")
    assert work.worked_on == ["a", "c", "c"]


def test_other_weights_wait_for_the_end_and_only_the_newest_are_taken(qtbot, view, work):
    view.want(Request("a", [1, 2], "run"))
    work.wait()
    for name in "bcd":
        view.want(Request(name, [name], "run"))
    work.run()
    hears(qtbot, view, 1, 2, "ended", "d", "ended")
    assert work.worked_on == ["a", "a", "d"]


def test_another_subject_comes_at_once_and_forgets_what_was_to_come_after(qtbot, view, work):
    view.want(Request("a", [1, 2]))
    work.wait()
    view.want(Request("b", [3], "a"))
    view.want(Request("c", [4]))
    work.run()
    hears(qtbot, view, 4, "ended")
    assert "b" not in work.worked_on


def test_what_is_under_way_or_was_told_last_is_not_asked_for_again(qtbot, view, work, thread):
    view.want(Request("a", [1, 2]))
    work.wait()
    view.want(Request("b", [3], "a"))
    view.want(Request("a", [1, 2]))  # so b is not wanted any more
    work.run()
    hears(qtbot, view, 1, 2, "ended")
    view.want(Request("a", [1, 2]))
    assert not view.is_busy
    view.want(Request("b", [3], "a"))
    hears(qtbot, view, 1, 2, "ended", 3, "ended")
    view.want(Request("a", [1, 2]))
    hears(qtbot, view, 1, 2, "ended", 3, "ended", 1, 2, "ended")


def test_what_was_told_in_part_is_asked_for_again(qtbot, view, work):
    work.run()
    view.want(Request("a", [1]))
    hears(qtbot, view, 1, "ended")
    view.want(Request("b", [2, UserError("b is broken")]))
    hears(qtbot, view, 1, "ended", 2, "b is broken")
    view.want(Request("a", [1]))
    hears(qtbot, view, 1, "ended", 2, "b is broken", 1, "ended")


def test_what_was_dropped_is_neither_told_nor_gone_on_with(qtbot, view, work, thread):
    view.want(Request("a", [1, 2, 3]))
    work.wait()
    view.want(Request("b", [4], "a"))
    view.drop()
    work.run()
    thread.ask("other", 0)
    qtbot.waitUntil(lambda: "other" in thread.told, timeout=TIMEOUT)
    assert view.heard == []
    assert work.worked_on == ["a", "other"]
    view.want(Request("c", [5]))
    hears(qtbot, view, 5, "ended")


def test_a_request_that_fails_is_told_and_the_next_one_works(qtbot, view, work):
    work.run()
    view.want(Request("a", [1, UserError("a is broken")]))
    hears(qtbot, view, 1, "a is broken")
    assert not view.is_busy
    view.want(Request("b", [2]))
    hears(qtbot, view, 1, "a is broken", 2, "ended")


def test_what_comes_after_one_that_fails_is_begun(qtbot, view, work):
    view.want(Request("a", [UserError("a is broken")]))
    work.wait()
    view.want(Request("b", [2], "a"))
    work.run()
    hears(qtbot, view, "a is broken", 2, "ended")


def test_an_old_request_that_fails_does_not_end_the_newer_one(qtbot, view, work):
    view.want(Request("a", [UserError("a is broken")]))
    work.wait()
    view.want(Request("b", [1, 2]))
    work.run()
    hears(qtbot, view, 1, 2, "ended")


def test_an_old_request_that_fails_after_it_was_dropped_is_not_told(qtbot, view, work, thread):
    view.want(Request("a", [UserError("a is broken")]))
    work.wait()
    view.drop()
    work.run()
    qtbot.waitUntil(lambda: bool(thread.told), timeout=TIMEOUT)
    assert view.heard == []


@pytest.mark.parametrize("then", ["other subject", "drop", "other weights"])
def test_whoever_hears_may_ask_for_something_else(qtbot, view, work, thread, then):
    other = Request("b", [9], "a" if then == "other weights" else "b")

    def on_advanced(item):
        if item == 2:
            view.drop() if then == "drop" else view.want(other)

    view.advanced.connect(on_advanced)
    view.want(Request("a", [1, 2]))
    work.run()
    if then == "drop":
        qtbot.waitUntil(lambda: 2 in view.heard, timeout=TIMEOUT)
        thread.ask("other", 0)
        qtbot.waitUntil(lambda: "other" in thread.told, timeout=TIMEOUT)
        assert view.heard == [1, 2]
    else:
        hears(qtbot, view, *([1, 2, 9, "ended"] if then == "other subject" else [1, 2, "ended", 9, "ended"]))


def test_other_requests_have_their_turn_between_two_slices(qtbot, view, work, thread):
    view.want(Request("a", list(range(1, 1000))))
    work.wait()
    thread.ask("other", 0)
    work.run()
    qtbot.waitUntil(lambda: "other" in work.worked_on, timeout=TIMEOUT)
    assert work.worked_on.index("other") == 1


def test_a_thread_that_is_to_stop_begins_no_further_slice(qtbot, view, work, thread):
    view.want(Request("a", [1, 2]))
    work.wait()
    thread.stop()
    thread.ask("long", Slice(Request("late", [1])))  # as the view does when it hears of a slice
    work.run()
    assert thread.wait(TIMEOUT)
    assert work.worked_on == ["a"]
