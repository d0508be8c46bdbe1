"""Wherever an error comes from, the window lives on and says so once, and the log has the details."""

import ast
import contextlib
import errno
import inspect
import logging
import os
import re
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QObject, Qt, QTimer, Signal, SignalInstance
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QWidget
from test_architecture import qt_classes, qt_names

from vae_explorer import app, cli, errors, paths
from vae_explorer.core.progress import Progress
from vae_explorer.errors import UserError
from vae_explorer.session import answers, training
from vae_explorer.session.generator_thread import GeneratorThread
from vae_explorer.session.records import Source
from vae_explorer.training.config import TrainConfig
from vae_explorer.ui.main_window import MainWindow

WAIT = 20_000  # milliseconds: torch may have to be loaded
FAULT = "Something went wrong inside the program"


@pytest.fixture
def log():
    """The log of a process that has one, and its text."""
    with errors.logged() as kept:
        kept.text = lambda: paths.log_file().read_text("utf-8") if paths.log_file().exists() else ""
        yield kept


@pytest.fixture
def window(qtbot, log, tiny_model, monkeypatch):
    """The window as the program runs it, on the tiny model; closed as a user would close it."""
    monkeypatch.setattr(app, "FIRST_MODEL", str(tiny_model))
    made = app.create()
    app.Faults(made, log)
    made.resize(1440, 900)
    made.show()
    shown = made.session.picture, made.session.posterior_samples
    qtbot.waitUntil(lambda: all(one.shown is not None for one in shown), timeout=WAIT)
    yield made
    made.close()
    qtbot.waitUntil(lambda: made.session.is_closed and not made.isVisible(), timeout=WAIT)
    made.deleteLater()


@pytest.fixture
def said(window):
    """What the banner says."""
    return window.errors.text.text


@pytest.fixture
def works(window, qtbot):
    """Moves a slider, and waits for the picture that follows it."""

    def move():
        z = window.session.latent.z + np.float32(0.25)
        window.session.latent.set_z(z)
        qtbot.waitUntil(lambda: np.array_equal(window.session.picture.shown.z, z), timeout=WAIT)
        assert window.isVisible()

    return move


# virtuals


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
    known = {"self": owner, "session": session, "views": session._views_thread, "thread": session._picture_thread}
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
def test_what_fails_beside_the_window_is_told_in_it(window, qtbot, log, said, works, where):
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
        picture = window.session._picture_thread
        (member,) = (member for name, member in guarded_overrides() if name == "Latest.run")
        other = type(picture)("other", answers.answer, window)
        with broken_virtual(member, where), qtbot.waitSignal(other.finished, timeout=WAIT):
            other.start()
    else:
        Faulty()
    qtbot.waitUntil(lambda: f"KeyError: '{where}'" in said(), timeout=WAIT)
    assert f"KeyError: '{where}'" in log.text()
    works()


# requests


SPOILT = {  # what is asked for, and where its failure is seen
    "open_model": (lambda w: w.session.model.open("other"), lambda w: w.errors.text.text()),
    "save_model": (lambda w: w.session.model.save(paths.runs() / "x"), lambda w: w.errors.text.text()),
    "read_pictures": (lambda w: w.session.image.open([Source("a", b"")]), lambda w: w.errors.text.text()),
    "encode": (lambda w: w.session.image.step(1), lambda w: w.image.x_view._message),
    "decode": (lambda w: w.session.latent.random(), lambda w: w.picture.view._message),
    "sample_posterior": (
        lambda w: (w.session.image.step(-1), w.session.posterior_samples.resample()),
        lambda w: w.posterior_samples.grid._message,
    ),
    "sample_prior": (lambda w: w.tabs.setCurrentIndex(1), lambda w: w.prior_samples.grid._message),
    "reconstruct": (lambda w: w.session._views_thread.ask("reconstruct", None), lambda w: w.errors.text.text()),
}


@pytest.mark.parametrize("error", [UserError("x is broken: mend it"), KeyError("x")])
def test_every_request_may_fail_and_a_good_one_follows(window, qtbot, log, works, tmp_path, monkeypatch, error):
    session, sentence = window.session, (FAULT if isinstance(error, KeyError) else str(error))
    assert set(SPOILT) == set(answers.ANSWERS)

    def fail(_request):
        raise error

    for kind, (ask, seen) in SPOILT.items():
        window.errors.show_sentence(f"before {kind}")
        with monkeypatch.context() as change:
            change.setitem(answers.ANSWERS, kind, fail)
            ask(window)
            qtbot.waitUntil(lambda seen=seen: sentence in (seen(window) or ""), timeout=WAIT)
        assert f"{kind} failed" in log.text()
        assert (session.model.is_opening, session.image.is_reading) == (False, False)
    works()
    strip = len(session.image.images)
    pixels = tmp_path / "bar.png"
    Image.fromarray(np.eye(28, dtype=np.uint8) * 255).save(pixels)
    session.image.open([Source("bar.png", pixels)])
    qtbot.waitUntil(
        lambda: len(session.image.images) == strip + 1 and session.image.posterior is not None, timeout=WAIT
    )
    with qtbot.waitSignal(session.prior_samples.sampled, timeout=WAIT):
        session.prior_samples.set_count(3)
    with qtbot.waitSignal(session.posterior_samples.sampled, timeout=WAIT):
        window.tabs.setCurrentIndex(0)
    for message in (window.picture.view, window.posterior_samples.grid, window.prior_samples.grid, window.image.x_view):
        assert not message._message
    with qtbot.waitSignal(session.model.saved, timeout=WAIT):
        session.model.save(tmp_path / "copy.vae.safetensors")


def test_a_picture_that_fails_under_a_moving_slider_is_said_once(window, qtbot, log, works, monkeypatch):
    told, failed = [], []
    window.session.failed.connect(told.append)
    window.session.picture.failed.connect(failed.append)
    with monkeypatch.context() as change:
        change.setitem(answers.ANSWERS, "decode", lambda _request: {}["weights"])
        for step in range(60):
            window.session.latent.set_value(0, step / 60)
            qtbot.waitUntil(lambda step=step: len(failed) > step, timeout=WAIT)
    assert told == []  # it stands over the picture
    log.close()
    assert log.text().count("Traceback") == 1
    assert "again, 59 times" in log.text()
    works()
    assert not window.picture.view._message


# jobs and training


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
        jobs.start("Reading x", make)
    assert told == ["x is broken"]
    assert (jobs.title, jobs.is_active) == ("", False)
    with qtbot.waitSignal(jobs.succeeded, timeout=WAIT) as done:
        jobs.start("Reading y", job("", None, []))
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


# the banner and the log in the window


def test_a_sentence_of_any_length_leaves_room_for_the_window(window):
    window.errors.show_sentence("x" * 10_000)
    QApplication.processEvents()
    assert window.errors.height() < 200
    assert len(window.errors.text.toolTip()) == 4000


def test_what_is_said_is_in_the_log_and_can_be_said_again_later(window, log, monkeypatch):
    now = 100.0
    monkeypatch.setattr(errors.time, "monotonic", lambda: now)
    moments = ((100, True), (101, True), (102.5, False), (104, False), (107, True))  # by hand it is tried once more
    for now, is_said in moments:  # noqa: B007 - the clock
        window.session.failed.emit("a.png is no image")
        assert window.errors.isVisible() == is_said
        window.errors.hide_sentence()
    assert "shown: a.png is no image" in log.text()


def test_the_log_is_opened_and_where_it_is_not_there_or_nothing_opens_it_the_window_says_so(
    window, log, said, monkeypatch
):
    opened, opens = [], True
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()) or opens)
    logging.getLogger("tests").error("something")
    window.show_log()
    assert (opened, said()) == ([str(paths.log_file())], "")
    opens = False
    window.show_log()
    assert said() == f"No program of this machine opens the log: it is {paths.log_file()}"
    log.close()
    paths.log_file().unlink()
    window.show_log()
    assert said().startswith(f"There is no log: {paths.log_file()} ")


# the process


PROGRAM = """
import os, sys, threading, time, warnings
from PySide6.QtCore import QTimer, qWarning
from vae_explorer import app, cli

app.Opening._open = lambda self: None  # no torch
create = app.create

def spoilt(*arguments, **options):
    window = create(*arguments, **options)
    spoil(window)
    return window

app.create = spoilt
"""


def program(body, home):
    """The window's process with something done to it, `spoil(window)`; gives its exit code and stderr."""
    script = f"{PROGRAM}\n{textwrap.dedent(body)}\nsys.exit(cli.run([]))\n"
    environment = {**os.environ, "VAE_EXPLORER_HOME": str(home), "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, timeout=120)
    assert done.stdout == ""
    return done.returncode, done.stderr


def test_a_process_is_quiet_on_stderr_whatever_fails_in_it(tmp_path):
    body = """
    class Faulty:
        def __del__(self):
            {}['in __del__']

    def spoil(window):
        told = []
        def tell(sentence):
            told.append(sentence)
            if len(told) == 3:
                window.close()
        window.session.failed.connect(tell)
        QTimer.singleShot(0, lambda: {}['in a timer'])
        QTimer.singleShot(0, threading.Thread(target=lambda: {}['in a thread']).start)
        QTimer.singleShot(0, lambda: Faulty() and None)
        warnings.filterwarnings('default', 'be warned')
        warnings.warn('be warned')
        qWarning('Qt warns')
    """
    assert program(body, tmp_path) == (0, "")
    text = (tmp_path / "log" / "vae-explorer.log").read_text()
    for what in ("'in a timer'", "'in a thread'", "'in __del__'", "be warned", "WARNING qt: Qt warns"):
        assert what in text


def test_without_a_folder_to_write_in_the_window_works_and_says_so(tmp_path):
    (tmp_path / "file").touch()
    body = """
    def spoil(window):
        def tell(sentence):
            assert sentence.startswith('The log '), sentence
            assert window.isVisible()
            window.close()
        window.session.failed.connect(tell)
        QTimer.singleShot(0, lambda: app.log.warning('something'))
    """
    assert program(body, tmp_path / "file" / "home") == (0, "")


@pytest.mark.parametrize("error", ["UserError('it is broken: mend it')", "KeyError('x')"])
def test_a_window_that_cannot_be_made_is_one_sentence_and_code_1(tmp_path, error):
    body = f"""
    from vae_explorer.errors import UserError
    def fail(*_):
        raise {error}
    app.MainWindow._restore = fail
    """
    log = tmp_path / "log" / "vae-explorer.log"
    fault = f"{FAULT} (KeyError: 'x'); {log} has the details"
    assert program(body, tmp_path) == (1, ("it is broken: mend it" if "UserError" in error else fault) + "\n")
    assert "Traceback" in log.read_text()


@pytest.mark.skipif(os.name == "nt", reason="dies in another way there")
def test_a_crash_leaves_its_place_and_the_next_start_has_it_in_the_log(tmp_path):
    crash = """
    import faulthandler
    def spoil(window):
        QTimer.singleShot(0, faulthandler._sigsegv)
    """
    code, said = program(crash, tmp_path)
    assert (code < 0, said) == (True, "")
    assert "Segmentation fault" in (tmp_path / "log" / "crash.txt").read_text()
    assert program("def spoil(window): QTimer.singleShot(0, window.close)", tmp_path) == (0, "")
    text = (tmp_path / "log" / "vae-explorer.log").read_text()
    assert "the program crashed the last time" in text
    assert "Segmentation fault" in text
    assert (tmp_path / "log" / "crash.txt").read_text() == ""


# the command line


CALLS = {  # what each command needs, and a part of it that may break
    "train": (["drawn-digits", "--out", "run"], "vae_explorer.data.catalog.load"),
    "evaluate": (["mnist", "drawn-digits"], "vae_explorer.training.model_file.load"),
    "encode": (["mnist", "a.png"], "vae_explorer.training.model_file.load"),
    "decode": (["mnist", "--z", "1,2", "--out", "x.png"], "vae_explorer.training.model_file.load"),
    "sample": (["mnist", "--out", "x.png"], "vae_explorer.training.model_file.load"),
    "data list": ([], "vae_explorer.data.catalog.available"),
    "data info": (["mnist"], "vae_explorer.data.catalog.load"),
    "data fetch": (["mnist"], "vae_explorer.data.catalog.fetch"),
    "doctor": ([], "vae_explorer.training.device.choose"),
    "": ([], "vae_explorer.app.run"),
}


@pytest.mark.parametrize("command", CALLS)
def test_every_command_may_fail_with_one_line_and_its_exit_code(command, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    arguments, part = CALLS[command]
    log = paths.log_file()
    for error, code, sentence in (
        (UserError("it is\nbroken: mend it"), 1, "it is broken: mend it"),
        (OSError(errno.ENOSPC, "No space", "x"), 1, " is full: make room "),
        (KeyError("x"), 1, f"{FAULT} (KeyError: 'x'); {log} has the details"),
        (MemoryError(), 1, "There is not enough memory for "),
        (KeyboardInterrupt(), 130, None),
    ):

        def fail(*_arguments, error=error, **_options):
            raise error

        monkeypatch.setattr(part, fail)
        assert cli.run([*command.split(), *arguments]) == code
        out, said = capsys.readouterr()
        assert out == ""
        assert said.count("\n") == 1 or (sentence is None and not said), said
        assert sentence is None or sentence in said
    assert log.read_text().count("Traceback") >= 4


def test_every_command_is_walked():
    assert {name.split(" ")[0] for name in CALLS} == {*cli.COMMANDS, ""}
