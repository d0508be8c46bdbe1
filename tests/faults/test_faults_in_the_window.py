"""Virtuals, slots and threads that fail: the window lives on and says so once, and the log has the details."""

import ast
import contextlib
import inspect
import logging
import re
import threading

import pytest
from PySide6.QtCore import QObject, Qt, QTimer, Signal, SignalInstance
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QWidget
from test_architecture import qt_classes, qt_names

from vae_explorer import errors, paths
from vae_explorer.session import training
from vae_explorer.session.answers import answers
from vae_explorer.ui.window.main_window import MainWindow

WAIT = 20_000  # milliseconds: torch may have to be loaded
FAULT = "Something went wrong inside the program"


def guarded_overrides():
    """Every method that Qt calls, with the function inside its guard."""
    for kind in qt_classes():
        for name, member in vars(kind).items():
            if inspect.isfunction(member) and name in qt_names(kind):
                yield f"{kind.__qualname__}.{name}", member


def broken(place, parameters="*_arguments"):
    """A function that raises a KeyError of its own, at a place of its own."""
    made = {}
    exec(compile(f"def f({parameters}): raise KeyError({place!r})", place, "exec"), made)
    return made["f"]


@contextlib.contextmanager
def broken_virtual(member, place):
    """The body of a guarded method raises meanwhile."""
    (cell,) = (cell for cell in member.__closure__ if cell.cell_contents is member.__wrapped__)
    cell.cell_contents = broken(place)
    try:
        yield
    finally:
        cell.cell_contents = member.__wrapped__


def test_every_virtual_catches_whatever_its_body_raises(log):
    heard = []
    log.tell = heard.append
    overrides = dict(guarded_overrides())
    for name, member in overrides.items():
        with broken_virtual(member, f"in {name}"):
            member(None, None)
        assert f"KeyError: 'in {name}'" in log.text()
    assert len(overrides) > 40


def test_a_window_all_of_whose_virtuals_fail_lives_says_so_once_and_recovers(window, qtbot, log, said, works):
    with contextlib.ExitStack() as stack:
        names = []
        for name, member in guarded_overrides():
            if not name.endswith((".run", ".closeEvent")):  # of threads that are at work
                stack.enter_context(broken_virtual(member, f"in {name}"))
                names.append(name)
        of_ours = [widget for widget in window.findChildren(QWidget) if type(widget) in qt_classes()]
        for side in (1300, 1100, 1440):
            window.resize(side, side * 5 // 8)
            window.grab()
            for widget in of_ours:
                widget.updateGeometry()
                if widget.isVisible():
                    qtbot.mouseMove(widget)
                    qtbot.mouseClick(widget, Qt.MouseButton.RightButton)
                    qtbot.keyClick(widget, Qt.Key.Key_Right)
        qtbot.waitUntil(lambda: FAULT in said(), timeout=WAIT)
        window.errors.hide_sentence()
        window.grab()
        QApplication.processEvents()
        assert not window.errors.isVisible()  # what goes on is not said again
    assert len(set(re.findall(r"KeyError: 'in ([\w.]+)'\n", log.text()))) > 8
    assert log.text().count("Traceback") <= len(names)
    works()
    window.grab()


# slots


def slots(kind):
    """(the sender's signal, our method) of what a class connects to its own methods, as it is written."""
    for node in ast.walk(ast.parse(inspect.getsource(inspect.getmodule(kind)))):
        if isinstance(node, ast.ClassDef) and node.name == kind.__name__:
            for call in ast.walk(node):
                is_connect = isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "connect" and call.args
                if is_connect and (slot := re.fullmatch(r"self\.(\w+)", ast.unparse(call.args[0]))):
                    yield ast.unparse(call.func.value), slot[1]


def fire(owner, expression, session):
    """Emits the signal with arguments of its types, where it can be had from here."""
    nouns = {name: getattr(session, name) for name in ("model", "latent", "image", "jobs", "training")}
    known = {"self": owner, "session": session, "context": session.context}
    try:
        signal = eval(expression, {**vars(inspect.getmodule(type(owner))), **nouns, **known})
    except (NameError, AttributeError):
        return
    if isinstance(signal, SignalInstance):
        values = {"bool": False, "int": 0, "double": 0.0, "QString": ""}
        signal.emit(*(values.get(kind) for kind in re.search(r"\((.*?)\)", str(signal))[1].split(",") if kind))


def stand_in(method, count):
    """Another signal that is connected to it."""
    probe = type("Probe", (QObject,), {"fired": Signal(*[object] * count)})()
    probe.fired.connect(method)
    probe.fired.emit(*[None] * count)


def test_every_slot_may_fail_and_the_window_says_so_and_lives(window, qtbot, log, said, works, monkeypatch):
    monkeypatch.setattr(MainWindow, "save_model", lambda self: None)  # asks, and waits for an answer
    owners = {}
    for owner in (window, *window.findChildren(QObject)):
        owners.setdefault(type(owner), owner)
    walked, stood_in = [], 0
    for kind in qt_classes():
        owner = owners.get(kind)
        for expression, name in slots(kind) if owner else ():
            function, place = getattr(kind, name), f"{kind.__name__}.{name}"
            if place in walked or not inspect.isfunction(function) or function.__closure__:
                continue
            parameters = function.__code__.co_varnames[: function.__code__.co_argcount]
            told = []
            window.session.failed.connect(told.append)
            with monkeypatch.context() as change:
                change.setattr(function, "__code__", broken(place, ", ".join(parameters)).__code__)
                fire(owner, expression, window.session)
                if f"KeyError: '{place}'" not in log.text():
                    stand_in(getattr(owner, name), len(parameters) - 1)
                    stood_in += 1
                assert f"KeyError: '{place}'" in log.text()
                qtbot.waitUntil(lambda told=told, place=place: any(place in one for one in told), timeout=WAIT)
            window.session.failed.disconnect(told.append)
            walked.append(place)
    assert len(walked) > 50
    assert stood_in < len(walked) / 3  # those of local variables
    assert FAULT in said()
    works()


def test_an_error_while_an_error_is_shown_ends(window, qtbot, log, monkeypatch, works):
    monkeypatch.setattr(type(window.errors), "show_sentence", None)
    window.session.failed.connect(lambda _sentence: {}["in the slot of failed"])
    QTimer.singleShot(0, lambda: {}["first"])
    qtbot.waitUntil(lambda: "in the slot of failed" in log.text(), timeout=WAIT)
    works()
    assert log.text().count("KeyError: 'in the slot of failed'") == 1


def test_a_fault_sixty_times_a_second_is_said_once_and_logged_once(window, qtbot, log, said):
    told, times = [], [0]
    window.session.failed.connect(told.append)
    timer = QTimer(window, interval=0)

    def fail():
        times[0] += 1
        [][times[0]]

    timer.timeout.connect(fail)
    timer.start()
    qtbot.waitUntil(lambda: times[0] > 200, timeout=WAIT)
    timer.stop()
    assert told == [f"{FAULT} (IndexError: list index out of range); {errors.IN_THE_WINDOW}"]
    assert said() == told[0]
    log.close()
    assert log.text().count("Traceback") == 1
    assert f"again, {times[0] - 1} times" in log.text()


@pytest.mark.parametrize("where", ["a thread", "a QThread", "__del__"])
def test_an_error_outside_the_window_is_shown_in_it(window, qtbot, log, said, works, where):
    class Faulty(training.QObject):
        def __del__(self):
            {}["__del__"]

    def fail():
        {}[where]

    if where == "a thread":
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
    elif where == "a QThread":
        picture = window.session._decoding_thread
        (member,) = (member for name, member in guarded_overrides() if name == "Latest.run")
        other = type(picture)("other", answers.answer, window)
        with broken_virtual(member, where), qtbot.waitSignal(other.finished, timeout=WAIT):
            other.start()
    else:
        Faulty()
    qtbot.waitUntil(lambda: f"KeyError: '{where}'" in said(), timeout=WAIT)
    assert f"KeyError: '{where}'" in log.text()
    works()


def test_a_sentence_of_any_length_leaves_room_for_the_window(window):
    window.errors.show_sentence("x" * 10_000)
    QApplication.processEvents()
    assert window.errors.height() < 200
    assert len(window.errors.text.toolTip().replace("\n", "")) == 4000


def test_what_is_said_is_in_the_log_and_can_be_said_again_later(window, log, monkeypatch):
    now = 100.0
    monkeypatch.setattr(errors.time, "monotonic", lambda: now)
    moments = ((100, True), (101, True), (102.5, False), (104, False), (107, True))  # by hand it is tried once more
    for now, is_said in moments:  # noqa: B007 - the clock
        window.session.failed.emit("a.png is no image")
        assert window.errors.isVisible() == is_said
        window.errors.hide_sentence()
    assert "shown: a.png is no image" in log.text()


def test_the_log_is_opened_or_the_window_says_why_not(window, log, said, monkeypatch):
    opened, opens = [], True
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()) or opens)
    logging.getLogger("tests").error("something")
    window.show_log()
    assert (opened, said()) == ([str(paths.log_file())], "")
    opens = False
    window.show_log()
    assert said() == f"No application can open the log file {paths.log_file()}"
    log.close()
    paths.log_file().unlink()
    window.show_log()
    assert said().startswith(f"No log yet. It will be written to {paths.log_file()}")
