"""Help → Self-test: a line for each check, progress, Cancel and Escape."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from vae_explorer.core.progress import Progress
from vae_explorer.training import self_test as module
from vae_explorer.training.self_test import Check
from vae_explorer.ui.theme import theme
from vae_explorer.ui.window.self_test_dialog import SelfTestDialog

WAIT = 30_000  # milliseconds
GOOD = Check("KL", "closed form", 21.26286, "Monte Carlo", 21.26204, "nats", 0.021, "over 100 images")
BAD = Check("log p(x)", "sampling", -38.382, "grid", -39.5, "nats", 0.074)
BOUND = Check("ELBO", "ELBO", -45.79, "log p(x)", -44.5, "nats", 0.0001, at_most=True)


@pytest.fixture
def found(monkeypatch):
    """What the next test finds."""

    def find(*checks):
        def test():
            yield Progress(3, 10, "images")
            return list(checks)

        monkeypatch.setattr(module, "self_test", test)

    return find


@pytest.fixture
def endless(monkeypatch):
    def test():
        while True:
            yield Progress(3, 10, "images")

    monkeypatch.setattr(module, "self_test", test)


@pytest.fixture
def dialog(session, put_on, qtbot):
    yield put_on(SelfTestDialog(session.self_test), 860, 430)
    session.self_test.cancel()
    qtbot.waitUntil(lambda: not session.jobs.is_active, timeout=WAIT)


@pytest.fixture
def ended(session, qtbot):
    def wait():
        qtbot.waitUntil(lambda: not session.jobs.is_active and not session.self_test.is_running, timeout=WAIT)

    return wait


def lines(dialog):
    """Texts of the lines in sight, one list for each."""
    grid = dialog._grid
    items = [(grid.getItemPosition(i)[:2], grid.itemAt(i).widget()) for i in range(grid.count())]
    rows = sorted({row for (row, _), _ in items})
    return [[widget.text() for (row, _), widget in sorted(items, key=lambda one: one[0]) if row == at] for at in rows]


def test_each_check_is_a_line_with_both_numbers_and_the_tolerance(dialog, session, found, ended):
    found(GOOD, BOUND)
    session.self_test.start()
    ended()
    assert dialog.sentence.text() == "All 2 checks passed."
    first, second = lines(dialog)
    assert "over 100 images" in first[0]
    assert "21.263 nats" in first[1]
    assert "21.262 nats" in first[2]
    assert "± 0.021" in first[3]
    assert "+ 0.0001" in second[3]
    assert "✓" in second[4]
    assert not dialog.bar.isVisible()


def test_a_check_that_fails_is_said_in_words_and_the_program_is_not_to_be_trusted(dialog, session, found, ended):
    found(GOOD, BAD)
    session.self_test.start()
    ended()
    assert dialog.sentence.text() == ("1 of 2 checks failed: do not trust this program's numbers on this machine.")
    assert "failed" in lines(dialog)[1][4]
    assert "−38.382" in lines(dialog)[1][1]


def test_progress_is_shown_and_the_button_cancels(dialog, session, endless, ended, qtbot):
    qtbot.mouseClick(dialog.again, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.sentence.text() == "3 of 10 images", timeout=WAIT)
    assert dialog.bar.isVisible()
    assert dialog.bar.value() == 0.3 * dialog.bar.maximum()
    assert dialog.again.text() == "Cancel"
    qtbot.mouseClick(dialog.again, Qt.MouseButton.LeftButton)
    ended()
    assert (dialog.sentence.text(), dialog.again.text()) == ("Not finished.", "Test again")
    assert lines(dialog) == []


def test_escape_closes_it_and_cancels_the_test(dialog, session, endless, ended, qtbot):
    session.self_test.start()
    qtbot.waitUntil(lambda: session.self_test.progress is not None, timeout=WAIT)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    ended()


@pytest.mark.parametrize(("scheme", "scale"), [("Light", 150), ("Dark", 100)])
def test_another_look_leaves_one_set_of_lines_none_cut(dialog, session, found, ended, qtbot, scheme, scale):
    found(GOOD, BOUND, BAD)
    session.self_test.start()
    ended()
    theme.set_scheme(Qt.ColorScheme[scheme])
    theme.set_scale(scale)
    dialog.grab()

    def in_sight():
        return [text for text in dialog._lines.findChildren(QLabel) if text.isVisible()]

    qtbot.waitUntil(lambda: len(in_sight()) == 3 * 5, timeout=WAIT)
    assert dialog.minimumSizeHint().width() <= dialog.width()
    assert dialog.minimumSizeHint().height() <= dialog.height()


def test_the_key_of_the_menu_opens_it_and_starts_the_test(window, found, qtbot):
    found(GOOD)
    qtbot.keyClick(window, Qt.Key.Key_F9)
    qtbot.waitUntil(lambda: bool(window.session.self_test.checks), timeout=WAIT)
    assert window.self_test.isVisible()
    qtbot.keyClick(window.self_test, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not window.session.jobs.is_active, timeout=WAIT)
