"""Typing z in the place of its figure: one field that goes from row to row."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget

from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.panels.latent.latent_row import LatentRow, field_in
from vae_explorer.ui.panels.latent.value_field import ValueField
from vae_explorer.ui.widgets.numbers import number

TOO_LARGE = "z cannot be as large as this."


class TypingInPlace(QObject):
    """Enter sets z, Esc leaves it as it is, Tab and the arrows set it and go on to the next row. What cannot be taken
    stays in the field with the reason; where the field is left so, z keeps its value."""

    def __init__(
        self,
        content: QWidget,
        neighbour: Callable[[LatentRow, int], LatentRow | None],
        show: Callable[[LatentRow], None],
        parent: QObject,
    ):
        """neighbour: the row above (−1) or below (+1); show: scrolls a row into sight."""
        super().__init__(parent)
        self._neighbour, self._show = neighbour, show
        self.line: LatentRow | None = None  # the row whose z is typed
        self.field = ValueField(content)
        self.field.typed.connect(self._on_typed)
        self.field.left.connect(self._on_left)
        self.field.cancelled.connect(self._on_cancelled)

    def start(self, line: LatentRow, typed: str = "") -> None:
        """Opens the field over the figure of this row, with what was typed already; not over a locked one."""
        if line.slider.locked:
            return
        self.close()
        self.line = line
        self._show(line)
        line.installEventFilter(self)
        line.set_typed_in(True)
        self._place()
        self.field.open(f"z {line.j}", format(line.slider.value, ".4g").replace("-", "−"), typed)

    def close(self) -> None:
        """Hides the field; what is typed is lost."""
        line, self.line = self.line, None
        if line is not None:
            line.removeEventFilter(self)
            line.set_typed_in(False)
            self.field.hide()

    def _on_typed(self, by: int) -> None:
        line = self.line
        if line is None or not self._take(line):
            return
        following = self._neighbour(line, by) if by else None
        while following is not None and following.slider.locked:
            following = self._neighbour(following, by)
        if following is not None:
            self.start(following)
        else:
            self.close()
            line.slider.setFocus()

    def _take(self, line: LatentRow) -> bool:
        """Sets z to what was typed; False where that cannot be, and says why."""
        if self.field.isModified():  # what was only looked at keeps the digits that are not shown
            try:
                value = number(self.field.text())
            except ValueError as error:
                self.field.refuse(str(error))
                return False
            if not line.set_by_typing(value):
                self.field.refuse(TOO_LARGE)
                return False
        return True

    def _on_left(self) -> None:
        if self.line is not None:
            self._take(self.line)
            self.close()

    def _on_cancelled(self) -> None:
        line = self.line
        self.close()
        if line is not None:
            line.slider.setFocus()

    def _place(self) -> None:
        if self.line is not None:
            self.field.setGeometry(field_in(self.line.place("z")).translated(self.line.pos()))

    @guarded(False)
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move):
            self._place()
        return False
