"""The display server dies, or destroys the window, while a run goes on: the run is on disk, and the end is quiet."""

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import qWarning

from vae_explorer import system_libraries
from vae_explorer.process import leave_display, qt_logged
from vae_explorer.training.run import unfinished

WAIT = 20_000  # milliseconds
LIMIT = 60  # seconds; torch has to be loaded
GONE = "The X11 connection broke (error 1). Did the X11 server die?"
TRAINS = """
import sys
from PySide6.QtCore import QTimer
from vae_explorer import app
from vae_explorer.training.config import TrainConfig
made = app.create
def create(*args, **options):
    window = made(*args, **options)
    training = window.session.training
    config = TrainConfig(data=sys.argv[1], hidden=16, z_dim=2, epochs=100_000, batch_size=16, device="cpu", threads=1)
    def say():
        if training.state == "running" and training.has_begun:
            training.progressed.disconnect(say)
            print(int(window.winId()), flush=True)
    training.progressed.connect(say)
    QTimer.singleShot(300, lambda: training.start(config))
    return window
app.create = create
sys.exit(app.run())
"""


@pytest.fixture
def data(tmp_path):
    file = tmp_path / "blobs.npz"
    np.savez(file, images=np.random.default_rng(3).integers(0, 256, (60, 8, 8), np.uint8))
    return file


@pytest.fixture
def server():
    """An X11 display of its own; its name is `name`."""
    if not shutil.which("Xvfb") or system_libraries.missing(system_libraries.X11):
        pytest.skip("needs Xvfb and the libraries of X11")
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", "1024x768x24"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        process.name = f":{process.stdout.readline().decode().strip()}"
        yield process
        process.kill()


@pytest.fixture
def training_window(server, data):
    """The program with a run that goes on, in that display; its window is `window`."""
    environment = {**os.environ, "DISPLAY": server.name, "QT_QPA_PLATFORM": "xcb"}
    command, pipes = [sys.executable, "-c", TRAINS, str(data)], subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdout=pipes, stderr=pipes, text=True) as process:
        process.window = int(process.stdout.readline())
        yield process
        process.kill()


def asked_of_the_server(name, verb, window):
    """Another client of the display asks for it."""
    xcb, handle = ctypes.CDLL("libxcb.so.1"), ctypes.c_void_p
    xcb.xcb_connect.restype = xcb.xcb_get_input_focus_reply.restype = handle
    connection = handle(xcb.xcb_connect(name.encode(), None))
    getattr(xcb, f"xcb_{verb}")(connection, ctypes.c_uint32(window))
    cookie = ctypes.c_uint(xcb.xcb_get_input_focus(connection))  # a question: what is asked just before the end is lost
    xcb.xcb_get_input_focus_reply(connection, cookie, None)
    xcb.xcb_disconnect(connection)


@pytest.mark.parametrize("end", ["the server is killed", "kill_client", "destroy_window"])
def test_whatever_the_display_does_the_run_is_saved_and_can_be_resumed(server, training_window, end):
    if end == "the server is killed":
        server.kill()
    else:
        asked_of_the_server(server.name, end, training_window.window)
    _, stderr = training_window.communicate(timeout=LIMIT)
    home = Path(os.environ["VAE_EXPLORER_HOME"])
    (run,) = unfinished(home / "runs")
    assert not run.lock_path.exists()
    assert run.has_model
    assert (home / "log" / "crash.txt").read_text() == ""
    if end == "the server is killed":
        assert training_window.returncode == 1
        assert stderr == f"The display has gone; the run is saved in {run.folder}\n"
        assert "Did the X11 server die?" in (home / "log" / "vae-explorer.log").read_text()
    else:  # as if the user had closed it
        assert (training_window.returncode, stderr) == (0, "")


class Left(BaseException):
    """In the place of the end of the process."""


@pytest.fixture
def left(monkeypatch):
    """The exit codes that the process would have ended with."""
    codes = []

    def leave(code):
        codes.append(code)
        raise Left

    monkeypatch.setattr("os._exit", leave)
    return codes


class Closable:
    """A window or a log, as far as leaving needs one."""

    def __init__(self, session=None):
        self.session, self.is_closed = session, False

    def close(self):
        self.is_closed = True


@pytest.mark.parametrize("state", ["running", "paused"])
def test_a_run_is_saved_before_the_process_leaves_a_display_that_has_gone(
    session, data, left, capfd, monkeypatch, qtbot, state
):
    from vae_explorer.training.config import TrainConfig

    training, told, log = session.training, [], Closable()
    config = TrainConfig(
        data=str(data), hidden=16, z_dim=2, epochs=100_000, batch_size=16, device="cpu", threads=1, precision="float32"
    )
    training.start(config)
    qtbot.waitUntil(lambda: training.state == "running" and training.has_begun, timeout=WAIT)
    if state == "paused":
        training.pause()
    training.state_changed.connect(lambda: told.append(training.state))
    monkeypatch.setattr("vae_explorer.display.problem", lambda: "the display :5 does not answer")
    monkeypatch.setattr("sys.__stderr__", sys.stderr)
    with pytest.raises(Left):
        leave_display(Closable(session), log)
    assert left == [1]
    assert log.is_closed
    assert told == []  # nothing may be painted any more
    folder = training.run.folder
    assert capfd.readouterr().err == f"The display has gone; the run is saved in {folder}\n"
    assert [run.folder for run in unfinished(folder.parent)] == [folder]


def test_only_a_broken_connection_makes_it_leave(caplog, qtbot):
    left = []
    with qt_logged() as messages:
        messages.leave = lambda: left.append(True)
        qWarning("QXcbConnection: XCB error: 3 (BadWindow)")
        assert left == []
        qWarning(GONE)
        assert left == [True]
        qWarning("The Wayland connection broke. Did the Wayland compositor die?")
        assert left == [True, True]
    assert GONE in caplog.text
