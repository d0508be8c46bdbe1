"""A program that hangs does not take the window along: it is asked first, for a moment."""

import os
import shutil
import subprocess
import sys

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget

from vae_explorer import system_libraries
from vae_explorer.ui.drop import offer
from vae_explorer.ui.drop import target as drop_target
from vae_explorer.ui.drop.x11_selection import SelectionProbe

LIMIT = 60  # seconds

OWNER = """
import sys
from PySide6.QtWidgets import QApplication
app = QApplication([])
app.clipboard().setText("held back")
app.processEvents()
print("there", flush=True)
sys.stdin.readline()  # hangs: nobody is answered
print("awake", flush=True)
app.exec()
"""

ASKER = """
import subprocess, sys, time
from PySide6.QtWidgets import QApplication, QWidget
from vae_explorer.ui.drop.x11_selection import SelectionProbe
owner = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
try:
    owner.stdout.readline()
    app, window = QApplication([]), QWidget()
    probe = SelectionProbe.about(app.clipboard(), window)
    begun = time.monotonic()
    print(probe.is_answered(), time.monotonic() - begun)
    owner.stdin.write("\\n")
    owner.stdin.flush()
    owner.stdout.readline()
    while not probe.is_answered(): pass
    print(probe.is_answered())
finally:
    owner.kill()
    owner.wait()
app.clipboard().setText("our own")
print(SelectionProbe.about(app.clipboard(), window).is_answered())
"""


@pytest.fixture
def display():
    """The name of an X11 display of its own."""
    if not shutil.which("Xvfb") or system_libraries.missing(system_libraries.X11):
        pytest.skip("needs Xvfb and the libraries of X11")
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", "1", "-screen", "0", "320x240x24"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    with server, server.stdout:
        yield f":{server.stdout.readline().decode().strip()}"
        server.terminate()


def test_a_program_that_hangs_is_noticed_and_one_that_was_only_busy_too(display):
    done = subprocess.run(
        [sys.executable, "-c", ASKER, OWNER],
        env={**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=True,
    )
    hanging, awake, own = done.stdout.splitlines()
    assert hanging.startswith("False ")
    assert float(hanging.split()[1]) < 3  # Qt waits for five
    assert (awake, own) == ("True", "True")


def test_where_there_is_no_x11_nobody_is_asked(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    assert SelectionProbe.about(QGuiApplication.clipboard(), window).is_answered()


@pytest.fixture
def hanging(monkeypatch):
    """Drags and clipboards come from a program that does not answer. Tells what it was asked for all the same."""

    class Hanging(QMimeData):
        def __init__(self):
            super().__init__()
            self.asked = []

        def formats(self):
            return ["text/uri-list", "image/png"]

        def hasFormat(self, name):
            return name in self.formats()

        def retrieveData(self, name, wanted):
            self.asked.append(name)

    class NeverAnswered:
        about = staticmethod(lambda origin, window: NeverAnswered())
        is_answered = staticmethod(lambda: False)

    monkeypatch.setattr(drop_target, "SelectionProbe", NeverAnswered)
    return Hanging()


def test_a_drag_from_a_program_that_hangs_is_refused_without_asking_it(window, said, hanging):
    place, copy = QPointF(50, 50), Qt.DropAction.CopyAction
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(window, QDragEnterEvent(place.toPoint(), copy, hanging, buttons, keys))
    assert window.drops.overlay.accessibleDescription() == offer.SILENT
    QApplication.sendEvent(window, QDropEvent(place, copy, hanging, buttons, keys))
    assert said() == offer.SILENT
    assert not window.drops.overlay.isVisible()
    assert hanging.asked == []


def test_pasting_from_a_program_that_hangs_is_refused_without_asking_it(window, said, hanging):
    window.paste()
    assert said() == offer.SILENT
