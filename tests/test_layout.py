"""Everything has its room: a smaller benchmarks/layout.py, and whether it would notice."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel, QPushButton, QScrollArea, QWidget

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
TIMEOUT = 240  # seconds


@pytest.fixture(scope="module")
def layout():
    """The benchmark as a module."""
    sys.path.insert(0, str(BENCHMARKS))
    try:
        spec = importlib.util.spec_from_file_location("layout", BENCHMARKS / "layout.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules["layout"] = module  # a dataclass looks its module up
        spec.loader.exec_module(module)
        yield module
    finally:
        sys.path.remove(str(BENCHMARKS))
        sys.modules.pop("layout", None)


def test_nothing_overlaps_is_cut_or_out_of_sight():
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "layout.py"), "--quick", "--json"],
        capture_output=True, text=True, timeout=TIMEOUT, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )  # fmt: skip
    assert done.stdout, done.stderr
    table = json.loads(done.stdout)
    figures = {one["name"]: one["value"] for one in table["figures"]}
    assert figures["layouts"] > 60
    assert figures["faults"] == 0, "\n".join(table["notes"])
    assert done.returncode == 0


@pytest.fixture
def frame(qtbot):
    made = QWidget()
    made.resize(300, 200)
    qtbot.addWidget(made)
    made.show()
    return made


def put(widget, *geometry):
    widget.setGeometry(*geometry)
    widget.show()
    return widget


def test_it_notices_widgets_that_lie_over_each_other(layout, frame):
    one = put(QPushButton("one", frame), 0, 0, 100, 40)
    other = put(QPushButton("other", frame), 0, 50, 100, 40)
    assert layout.faults(frame) == []
    other.move(50, 10)
    assert any("overlap" in fault for fault in layout.faults(frame))
    one.hide()
    assert layout.faults(frame) == []


def test_it_notices_a_button_and_a_label_that_are_cut(layout, frame):
    button = put(QPushButton("A long text", frame), 0, 0, 200, 40)
    label = put(QLabel("Another long text", frame), 0, 50, 200, 40)
    assert layout.faults(frame) == []
    button.resize(20, 40)
    label.resize(20, 40)
    assert len(layout.faults(frame)) == 2
    button.setGeometry(200, 0, 200, 40)
    label.resize(200, 40)
    assert len(layout.faults(frame)) == 1  # it sticks out of the window
    button.hide()
    inner = put(QWidget(frame), 0, 100, 100, 50)
    put(QPushButton("A long text", inner), 50, 0, 200, 40)
    assert any("is cut by" in fault for fault in layout.faults(frame))


def test_it_notices_content_that_is_wider_than_its_viewport_but_not_what_can_be_scrolled_to(layout, frame):
    area = QScrollArea(frame)
    content = QWidget()
    content.resize(100, 900)
    area.setWidget(content)
    put(area, 0, 0, 120, 150)
    put(QPushButton("below", content), 0, 800, 90, 40)
    assert layout.faults(frame) == []
    frame.resize(1200, 200)  # a narrower window may scroll sideways
    content.resize(400, 900)
    assert any("wider than its viewport" in fault for fault in layout.faults(frame))
