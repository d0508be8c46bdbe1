"""Text whose words change and whose room does not."""

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QResizeEvent, QTextLayout, QTextOption
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from vae_explorer.session.threads.guard import guarded

BREAK = "\u2028"  # Qt's own sign for a new line in a paragraph


class Lines(QLabel):
    """Plain text in a fixed number of lines. What does not fit is elided; the tooltip has all of it, and the tip."""

    def __init__(
        self, text: str = "", lines: int = 1, *, role: str = "caption", name: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.whole, self._lines, self._tip = text, lines, ""
        self.setObjectName(name)
        self.setProperty("role", role)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.say(text)

    def say(self, text: str, *, role: str = "", tip: str | None = None) -> None:
        """Another text, of another role of the style sheet and with another tip where they are given."""
        if role and role != self.property("role"):
            self.setProperty("role", role)
            self.style().unpolish(self)
            self.style().polish(self)
        self._tip = self._tip if tip is None else tip
        self.whole = text
        self.setAccessibleName(text)
        self._fit()

    @guarded(QSize())
    def sizeHint(self) -> QSize:
        self.ensurePolished()  # the style sheet decides how high a line is
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self.whole) + 1, self._lines * metrics.lineSpacing())

    @guarded(QSize())
    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.sizeHint().height())

    @guarded()
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()

    @guarded()
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()

    def _fit(self) -> None:
        lines = self._broken()
        self.setText("\n".join(lines))
        is_cut = "".join(lines) != self.whole.replace("\n", "")
        self.setToolTip("\n".join(filter(None, (self.whole if is_cut else "", self._tip))))

    def _broken(self) -> list[str]:
        """The text in lines of this width; the last one that there is room for is elided."""
        metrics, rest = self.fontMetrics(), self.whole.replace("\n", BREAK)
        found: list[str] = []
        while rest and len(found) < self._lines - 1:
            layout = QTextLayout(rest, self.font())
            option = QTextOption()
            option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
            layout.setTextOption(option)
            layout.beginLayout()
            line = layout.createLine()
            line.setLineWidth(max(1, self.width()))
            layout.endLayout()
            found.append(rest[: line.textLength()].rstrip(BREAK))
            rest = rest[line.textLength() :]
        return [*found, metrics.elidedText(rest, Qt.TextElideMode.ElideRight, self.width())] if rest else found
