"""What a view wants, what it gets, and what it shows meanwhile."""

import threading
from dataclasses import dataclass, field
from operator import attrgetter
from types import SimpleNamespace

import pytest

from vae_explorer.errors import UserError
from vae_explorer.session.records import Key
from vae_explorer.session.threads import latest as module
from vae_explorer.session.threads.latest import Latest
from vae_explorer.session.views.view import View

TIMEOUT = 30_000  # milliseconds


@dataclass(frozen=True, eq=False)
class Request:
    """Gives its items one for each slice; an item that is an error is raised, None is time to yield."""

    about: str
    items: list
    settings: object = None
    weights: object = None

    @property
    def key(self):
        return Key(self.about, self.settings, self.weights)


class Work:
    """Hands out items, at a gate."""

    def __init__(self):
        self.gate, self.begun, self.worked_on = threading.Event(), threading.Event(), []

    def __call__(self, request):
        self.begun.set()
        return self._items(request)

    def _items(self, request):
        for item in request.items:
            assert self.gate.wait(TIMEOUT / 1000)
            self.worked_on.append(item)
            if isinstance(item, Exception):
                raise item
            yield item

    def wait(self):
        assert self.begun.wait(TIMEOUT / 1000)

    def run(self):
        self.gate.set()


@dataclass(eq=False)
class Workspace:
    """As much of one as a view needs."""

    lineage: int
    about: str = "a"
    answers: dict = field(default_factory=dict)


@pytest.fixture
def work(monkeypatch):
    monkeypatch.setattr(module, "SLICE", -1)
    return Work()


@pytest.fixture
def thread(qtbot, work):
    made = Latest("tested", work)
    made.start()
    yield made
    work.run()
    made.stop()
    assert made.wait(TIMEOUT)


@pytest.fixture
def models():
    """Two models, the first of them shown."""
    made = SimpleNamespace(a=Workspace(1), b=Workspace(2, "b"))
    made.current, made.shown = made.a, 1
    return made


@pytest.fixture
def show(models):
    def show_it(workspace):
        models.current, models.shown = workspace, workspace.lineage

    return show_it


@pytest.fixture
def view(thread, models):
    made = View(models, thread, attrgetter("about"), "It could not be done")
    made.heard = []
    made.changed.connect(lambda: made.heard.append(made.failure or made.value))
    made.ended.connect(lambda: made.heard.append("ended"))
    return made


@pytest.fixture
def want(view, models):
    """The first model shows something, and wants it."""

    def want_it(about, *rest, **options):
        models.a.about = about
        view.want(Request(about, *rest, **options))

    return want_it


def ends(qtbot, view, *expected):
    qtbot.waitUntil(lambda: len(view.heard) >= len(expected), timeout=TIMEOUT)
    assert view.heard == list(expected)


def test_it_shows_each_item_and_then_the_end(qtbot, view, work, want):
    work.run()
    want("a", [1])
    assert view.is_busy
    ends(qtbot, view, 1, "ended")
    assert (view.value, view.is_busy) == (1, False)


def test_an_overtaken_answer_does_not_replace_the_one_that_is_wanted_again(qtbot, view, work, want, thread):
    work.run()
    want("a", [1], "settings")
    ends(qtbot, view, 1, "ended")
    work.gate.clear()
    work.begun.clear()
    want("a", [2], "other settings")
    work.wait()
    want("a", [1], "settings")
    work.run()
    want("b", [3])
    qtbot.waitUntil(lambda: view.value == 3, timeout=TIMEOUT)
    assert 2 not in view.heard


def test_the_same_key_again_asks_for_nothing(qtbot, view, work, want):
    want("a", [1])
    want("a", [1])
    work.run()
    ends(qtbot, view, 1, "ended")
    want("a", [1])
    assert not view.is_busy
    assert work.worked_on == [1]


@pytest.mark.parametrize("other", [("b", [4]), ("a", [4], "other settings")])
def test_another_subject_or_other_settings_take_the_place_of_what_is_under_way(qtbot, view, work, want, other):
    want("a", [1, 2, 3])
    work.wait()
    want(*other)
    work.run()
    qtbot.waitUntil(lambda: view.heard[-1:] == ["ended"], timeout=TIMEOUT)
    assert view.value == 4
    assert 3 not in work.worked_on


def test_other_weights_wait_for_the_end_and_only_the_newest_are_taken(qtbot, view, work, want):
    want("a", [1], weights=1)
    work.wait()
    for number in (2, 3, 4):
        want("a", [number], weights=number)
    work.run()
    ends(qtbot, view, 1, "ended", 4, "ended")
    assert work.worked_on == [1, 4]


def test_what_is_shown_of_older_weights_or_settings_is_late_and_not_wrong(qtbot, view, work, want):
    work.run()
    want("a", [1], "settings", 1)
    ends(qtbot, view, 1, "ended")
    work.gate.clear()
    want("a", [2], "settings", 2)
    assert (view.value, view.is_busy) == (1, True)
    want("a", [3], "other settings", 2)
    assert view.value == 1
    want("b", [4])
    assert view.value is None


def test_a_late_item_of_another_subject_is_not_shown(qtbot, view, work, want):
    want("a", [1, 2])
    work.wait()
    want("b", [3])
    work.run()
    qtbot.waitUntil(lambda: view.heard[-1:] == ["ended"], timeout=TIMEOUT)
    assert view.heard == [3, "ended"]


def test_without_a_request_nothing_more_is_computed_and_what_is_there_stays(qtbot, view, work, want, models):
    work.run()
    want("a", [1])
    ends(qtbot, view, 1, "ended")
    view.want(None)
    assert view.value == 1
    want("a", [1])
    assert not view.is_busy  # it was complete
    models.a.about = "b"
    assert view.value is None


def test_what_was_dropped_is_not_told(qtbot, view, work, want, models, thread):
    want("a", [1, 2, 3])
    work.wait()
    view.want(None)
    work.run()
    want("b", [4])
    ends(qtbot, view, 4, "ended")
    assert {2, 3}.isdisjoint(work.worked_on)


def test_a_failure_is_shown_for_just_what_failed_and_is_not_tried_again(qtbot, view, work, want):
    work.run()
    want("a", [UserError("too little memory")])
    ends(qtbot, view, "It could not be done: too little memory")
    want("a", [1])
    assert (view.is_busy, view.failure) == (False, "It could not be done: too little memory")
    want("a", [2], "other settings")
    assert view.failure == ""
    ends(qtbot, view, "It could not be done: too little memory", 2, "ended")


def test_whoever_comes_back_after_a_failure_tries_again(qtbot, view, work, want, models):
    work.run()
    want("a", [UserError("too little memory")])
    ends(qtbot, view, "It could not be done: too little memory")
    view.want(None)
    assert view.failure == ""
    want("a", [1])
    qtbot.waitUntil(lambda: view.value == 1, timeout=TIMEOUT)


def test_what_comes_after_one_that_fails_is_begun(qtbot, view, work, want):
    want("a", [UserError("broken")], weights=1)
    work.wait()
    want("a", [2], weights=2)
    work.run()
    qtbot.waitUntil(lambda: view.value == 2, timeout=TIMEOUT)
    assert view.failure == ""


def test_an_old_request_that_fails_does_not_end_the_newer_one(qtbot, view, work, want):
    want("a", [UserError("broken")])
    work.wait()
    want("b", [1])
    work.run()
    ends(qtbot, view, 1, "ended")


def test_each_model_keeps_its_answer_so_that_going_back_computes_nothing(qtbot, view, work, models, show):
    work.run()
    one, other = Request("a", [1]), Request("b", [2])
    view.want(one)
    ends(qtbot, view, 1, "ended")
    show(models.b)
    assert view.value is None
    view.want(other)
    ends(qtbot, view, 1, "ended", 2, "ended")
    show(models.a)
    view.want(one)
    assert (view.value, view.is_busy) == (1, False)
    show(models.b)
    view.want(other)
    assert (view.value, view.is_busy) == (2, False)
    assert work.worked_on == [1, 2]


def test_two_models_can_be_asked_at_once(qtbot, view, work, models, show):
    view.want(Request("a", [1]))
    work.wait()
    show(models.b)
    view.want(Request("b", [2]))
    work.run()
    ends(qtbot, view, 2, "ended")  # only of the shown one
    qtbot.waitUntil(lambda: 1 in work.worked_on, timeout=TIMEOUT)
    show(models.a)
    view.want(Request("a", [1]))
    qtbot.waitUntil(lambda: not view.is_busy, timeout=TIMEOUT)
    assert (view.value, work.worked_on.count(1)) == (1, 1)


@pytest.mark.parametrize("then", ["another subject", "nothing", "other weights"])
def test_whoever_hears_may_ask_for_something_else(qtbot, view, work, want, models, then):
    def on_changed():
        if view.value == 2:
            if then == "nothing":
                view.want(None)
            else:
                want(*(("b", [9]) if then == "another subject" else ("a", [9], None, 1)))

    view.changed.connect(on_changed)
    want("a", [2])
    work.run()
    if then == "nothing":
        qtbot.waitUntil(lambda: 2 in view.heard, timeout=TIMEOUT)
        assert not view.is_busy
    else:
        qtbot.waitUntil(lambda: view.value == 9, timeout=TIMEOUT)
