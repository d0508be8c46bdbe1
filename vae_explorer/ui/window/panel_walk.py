"""F6 and Shift+F6: from panel to panel."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget


def walk(panels: Sequence[QWidget], by: int) -> None:
    """Puts the focus into the next panel (1) or the one before (−1) of those in sight, where it was there last; round
    at the ends. Panels with nothing to focus are passed over."""
    stops = [(panel, stop) for panel in panels if panel.isVisible() and (stop := _stop(panel))]
    if not stops:
        return
    focused = QApplication.focusWidget()
    at = next((i for i, (panel, _) in enumerate(stops) if focused is not None and panel.isAncestorOf(focused)), None)
    start = (-1 if by > 0 else 0) if at is None else at
    stops[(start + by) % len(stops)][1].setFocus(Qt.FocusReason.TabFocusReason)


def _stop(panel: QWidget) -> QWidget | None:
    last = panel.focusWidget()
    if last is not None and _takes_focus(last):
        return last
    part: QWidget | None = panel.nextInFocusChain()
    while part is not None and part is not panel:
        if panel.isAncestorOf(part) and _takes_focus(part):
            return part
        part = part.nextInFocusChain()
    return None


def _takes_focus(part: QWidget) -> bool:
    return part.isVisible() and part.isEnabled() and bool(part.focusPolicy() & Qt.FocusPolicy.TabFocus)
