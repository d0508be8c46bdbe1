"""What keeps the process alive: exceptions stay out of Qt, and PySide does not lose references."""

import sys

import pytest
from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from vae_explorer.session.threads.guard import guarded


class Speaker(QObject):
    spoken = Signal()
    told = Signal(object)


@pytest.fixture
def caught(monkeypatch):
    """What reaches sys.excepthook."""
    errors = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, traceback: errors.append((kind, traceback is not None)))
    return errors


def exercise(times: int) -> None:
    speaker, label, timer = Speaker(), QLabel(), QTimer()
    for i in range(times):
        label.setText(str(i))
        speaker.spoken.emit()
        speaker.told.emit(i)
        timer.stop()


@pytest.mark.parametrize("constant", [None, True])
def test_qt_calls_do_not_lose_references(qtbot, constant):
    exercise(10)
    before = sys.getrefcount(constant)
    exercise(1000)
    assert abs(sys.getrefcount(constant) - before) < 50


def test_a_hundred_thousand_qt_calls_leave_the_process_alive(qtbot):
    speaker, label = Speaker(), QLabel()
    heard = 0

    def hear(_what):
        nonlocal heard
        heard += 1

    speaker.told.connect(hear)
    for i in range(100_000):
        label.setText("a" if i % 2 else "b")
        speaker.told.emit(i)
    assert heard == 100_000


@pytest.mark.parametrize("fault", [lambda: 1 // 0, lambda: int("a"), lambda: [][1], lambda: {}["a"]])
def test_an_exception_of_c_code_in_a_virtual_goes_to_the_hook_and_qt_gets_the_default(qtbot, caught, fault):
    class Faulty(QWidget):
        @guarded(default=True)
        def event(self, event: QEvent) -> bool:
            if event.type() == QEvent.Type.User:
                fault()
            return super().event(event)

        @guarded()
        def paintEvent(self, event: QPaintEvent) -> None:
            fault()

    widget = Faulty()
    qtbot.addWidget(widget)
    assert QApplication.sendEvent(widget, QEvent(QEvent.Type.User)) is True
    widget.grab()
    assert len(caught) >= 2
    assert {(issubclass(kind, Exception), has_traceback) for kind, has_traceback in caught} == {(True, True)}


def test_a_guarded_method_keeps_its_name_and_its_result():
    @guarded()
    def sizeHint(self):
        """Qt asks."""
        return self + 1

    assert (sizeHint.__name__, sizeHint.__doc__, sizeHint(1)) == ("sizeHint", "Qt asks.", 2)


def test_leaving_the_program_is_no_error():
    @guarded()
    def leave():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        leave()
