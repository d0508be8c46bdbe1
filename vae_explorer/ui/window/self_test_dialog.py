"""Help → Self-test: each number and the same number computed independently, for a class to see."""

from math import floor, log10

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from vae_explorer.session.jobs.self_test import SelfTestSession
from vae_explorer.ui.theme import UNIT, theme
from vae_explorer.ui.widgets.numbers import figure
from vae_explorer.ui.widgets.panel import button, label, row

EXPLANATION = (
    "Each row compares a number that this program computes with the same number computed independently. They must "
    "agree within the tolerance, which follows from the number of draws."
)
BAR_STEPS = 1000  # of the progress bar


class SelfTestDialog(QDialog):
    """A line for each check: what it is, both numbers, the tolerance, and whether they agree."""

    def __init__(self, tests: SelfTestSession, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("selfTest")
        self.setWindowTitle("Self-test")
        self._tests = tests
        self._shown: object = None  # the checks whose lines are there
        self.explanation = label(EXPLANATION, role="muted", wrap=True)
        self.sentence = label(wrap=True, name="selfTestSentence")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the self-test")
        self._lines = QWidget()
        self._grid = QGridLayout(self._lines)
        self._grid.setContentsMargins(0, UNIT, 0, UNIT)
        self._grid.setHorizontalSpacing(4 * UNIT)
        self._grid.setVerticalSpacing(2 * UNIT)
        self.again = button("Test again", self._on_again, "Run all checks again", role="primary")
        self.again.setObjectName("selfTestAgain")
        self.shut = button("Close", self.close, "Close, and cancel the test if it is running (Esc)")
        body = QVBoxLayout(self)
        body.setContentsMargins(5 * UNIT, 4 * UNIT, 5 * UNIT, 4 * UNIT)
        body.setSpacing(2 * UNIT)
        body.addWidget(self.explanation)
        body.addWidget(self.sentence)
        body.addWidget(self.bar)
        body.addWidget(self._lines)
        body.addStretch(1)
        buttons = row(self.again, self.shut)
        buttons.insertStretch(0)
        body.addLayout(buttons)
        self._tests.changed.connect(self._on_changed)
        self.finished.connect(self._tests.cancel)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def _on_again(self) -> None:
        if self._tests.is_running:
            self._tests.cancel()
        else:
            self._tests.start()

    def _on_changed(self) -> None:
        tests, progress = self._tests, self._tests.progress
        self.again.setText("Cancel" if tests.is_running else "Test again")
        self.bar.setVisible(tests.is_running)
        known = progress is not None and progress.fraction is not None
        self.bar.setRange(0, BAR_STEPS if known else 0)
        if progress is not None:
            self.bar.setValue(round(BAR_STEPS * (progress.fraction or 0)))
            self.sentence.setText(f"{progress.done:,} of {progress.total:,} {progress.what}")
        elif tests.is_running:
            self.sentence.setText("Loading the models…")
        elif tests.checks:
            failed = sum(not check.passed for check in tests.checks)
            self.sentence.setText(
                f"{failed} of {len(tests.checks)} checks failed: do not trust this program's numbers on this machine."
                if failed
                else f"All {len(tests.checks)} checks passed."
            )
        else:
            self.sentence.setText("Not finished.")
        if tests.checks is not self._shown:
            self._show_checks()

    def _show_checks(self) -> None:
        self._shown = self._tests.checks
        while item := self._grid.takeAt(0):
            if text := item.widget():
                text.hide()
                text.deleteLater()
        for line, check in enumerate(self._tests.checks):
            colours = theme.colours
            verdict = label(
                f"<span style='color:{colours.sigma}'>✓</span>"
                if check.passed
                else f"<span style='color:{colours.gap}'>✗ failed</span>"
            )
            verdict.setAccessibleName("ok" if check.passed else "failed")
            unit = f" {check.unit}" if check.unit else ""
            digits = 4
            if check.tolerance > 0:  # and a number: then those that decide
                digits = min(max(1 - floor(log10(check.tolerance)), 0), 8)
            within = f"{'+' if check.at_most else '±'} {check.tolerance:.2g}"
            texts = (
                label(f"<b>{check.name}</b><br><span style='color:{colours.muted}'>{check.note}</span>", wrap=True),
                _number(check.left, figure(check.left_value, digits) + unit),
                _number(check.right, figure(check.right_value, digits) + unit),
                label(f"<span style='color:{colours.muted}'>tolerance</span><br>{within}"),
                verdict,
            )
            for column, text in enumerate(texts):
                self._grid.addWidget(text, line, column, Qt.AlignmentFlag.AlignTop)
        self._grid.setColumnStretch(0, 1)

    def _on_theme_changed(self) -> None:
        self.resize(theme.pixels(860), theme.pixels(430))
        self._shown = None  # its colours have changed
        self._on_changed()


def _number(name: str, value: str) -> QLabel:
    text = label(f"<span style='color:{theme.colours.muted}'>{name}</span><br>{value}")
    text.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
    return text
