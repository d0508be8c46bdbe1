"""The watch over what tests leave behind sees each kind of it, and says who started it."""

import subprocess
import sys
import threading

from PySide6.QtCore import QThread, QTimer
from PySide6.QtWidgets import QWidget


class Gated(QThread):
    def __init__(self):
        super().__init__()
        self.gate = threading.Event()

    def run(self):
        self.gate.wait(10)


def test_a_thread_is_named_until_it_has_ended(qtbot, left_running):
    thread = Gated()
    thread.start()
    assert [line.startswith("QThread Gated, started by test_conftest.py:") for line in left_running()] == [True]
    thread.gate.set()
    assert thread.wait(10_000)
    assert left_running() == []


def test_a_timer_is_named_until_it_is_stopped(qtbot, left_running):
    timer = QTimer(interval=60_000)
    timer.start()
    (line,) = left_running()
    assert line.startswith("QTimer of 60000 ms, started by test_conftest.py:")
    assert "in test_a_timer_is_named" in line
    timer.stop()
    assert left_running() == []


def test_a_window_is_named_while_it_is_visible(qtbot, left_running):
    window = QWidget(objectName="forgotten")
    window.show()
    assert left_running() == ["visible window forgotten"]
    window.hide()
    assert left_running() == []


def test_a_child_process_is_named_until_it_has_ended(left_running):
    with subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE) as child:
        (line,) = left_running()
        assert line.startswith(f"process {child.pid} ")
        assert "started by test_conftest.py:" in line
        child.communicate(b"\n", timeout=20)
    assert left_running() == []
