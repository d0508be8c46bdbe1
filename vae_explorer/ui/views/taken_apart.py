"""One sample taken apart: z = mu + sigma · eps, the dimensions that change the picture most first."""

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from vae_explorer.session.threads.guard import guarded
from vae_explorer.session.views.samples import Apart
from vae_explorer.ui.theme import SMALL, theme
from vae_explorer.ui.widgets.image_view import paint_message
from vae_explorer.ui.widgets.numbers import figure, mark, z_name

TIP = (
    "z = μ + σ · ε, a row for each dimension. Its bar shows how much the picture changes when only it moves "
    "from μ by σ · ε. Dimensions that change it most come first, inactive ones last."
)
COLUMNS = (("dimension", "text"), ("z", "z"), ("μ", "mu"), ("σ", "sigma"), ("ε", "eps"))  # heading, colour
SIGNS = ("", "=", "+", "·", "")  # right of each column's heading
NAME, NUMBER, BAR = 36, 46, 28  # widths in pixels, at 100 %
ROW = 1.3  # of the type's height


class TakenApart(QWidget):
    """As many dimensions as there is room for, and how many there are besides.

    Signals:
        pointed(object): the dimension under the mouse, None when there is none any more
    """

    pointed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("takenApart")
        self._apart: Apart | None = None
        self._message = ""
        self._lit: int | None = None
        self.setMouseTracking(True)
        self.setToolTip(TIP)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self._on_theme_changed)
        self.show_sample(None)

    def show_sample(self, apart: Apart | None, message: str = "") -> None:
        """A sample, or why there is none."""
        if apart is not self._apart or message != self._message:
            self._apart, self._message = apart, message
            self.setAccessibleName(self.title or "A sample taken apart")
            self.setAccessibleDescription(message or "; ".join(map(_said, self.rows())))
            self.update()

    def light(self, dimension: int | None) -> None:
        """Lights up the row of a dimension."""
        if dimension != self._lit:
            self._lit = dimension
            self.update()

    @property
    def title(self) -> str:
        """Which sample it is; empty where there is none."""
        if self._apart is None:
            return ""
        times = self._apart.samples.multiplier
        return f"Sample {self._apart.at + 1} taken apart" + ("" if times == 1 else f", σ × {times:g}")

    def rows(self) -> list[tuple[str, ...]]:
        """What is written: the dimension's name, z, mu, sigma and eps of each, from the first."""
        if self._apart is None:
            return []
        found, at = self._apart.samples, self._apart.at
        sigma = found.multiplier * found.sigma
        return [
            (
                z_name(int(j)),
                figure(found.z[at, j], 2, sign=True),
                figure(found.mu[j], 2, sign=True),
                figure(sigma[j], 2 if sigma[j] >= 0.095 or not sigma[j] else 3),  # 0.004 is not 0.00
                figure(found.eps[at, j], 2, sign=True),
            )
            for j in self._apart.order
        ]

    @property
    def remark(self) -> str:
        """What the last line says of the dimensions that there is no room for."""
        if self._apart is None:
            return ""
        hidden = self._apart.order[self._fitting() :]
        active = int(self._apart.is_active[hidden].sum())
        inactive = len(hidden) - active
        more = ", ".join([f"{active} more"] * bool(active) + [f"{inactive} inactive"] * bool(inactive))
        return "largest change first" + (f"; {more}" if more else "")

    @guarded(QSize())
    def sizeHint(self) -> QSize:
        return QSize(theme.pixels(NAME + 4 * NUMBER + BAR), theme.pixels(180))

    @guarded(QSize())
    def minimumSizeHint(self) -> QSize:
        return QSize(self.sizeHint().width(), theme.pixels(90))

    @guarded()
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        row = int((event.position().y() - self._top()) // self._row_height())
        is_row = self._apart is not None and 0 <= row < min(self._fitting(), len(self._apart.order))
        self.pointed.emit(int(self._apart.order[row]) if self._apart is not None and is_row else None)

    @guarded()
    def leaveEvent(self, event: QEvent) -> None:
        self.pointed.emit(None)

    def _on_theme_changed(self) -> None:
        self.updateGeometry()
        self.update()

    # layout

    def _row_height(self) -> float:
        return ROW * QFontMetricsF(theme.font(scale=SMALL)).height()

    def _top(self) -> float:
        """Where the first row begins: below the title and the headings."""
        return QFontMetricsF(theme.font(bold=True)).height() + self._row_height()

    def _fitting(self) -> int:
        """How many rows there is room for over the last line."""
        return max(0, int((self.height() - self._top()) / self._row_height()) - 1)

    # painting

    @guarded()
    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            if self._apart is None or self._message:
                paint_message(painter, [QRectF(self.rect())], self._message, over_picture=False)
                return
            self._paint_title(painter)
            painter.setFont(theme.font(scale=SMALL))
            height, top = self._row_height(), self._top()
            self._paint_headings(painter, top - height)
            rows, shown = self.rows(), self._fitting()
            largest = float(self._apart.changes.max()) or 1.0
            for line, (j, row) in enumerate(zip(self._apart.order[:shown], rows[:shown], strict=True)):
                place = QRectF(0, top + line * height, self.width(), height)
                if j == self._lit:
                    painter.fillRect(place, theme.colour("groove", 0.6))
                is_active = self._apart.is_active[j]
                for cell, text, (_, colour) in zip(self._cells(place), row, COLUMNS, strict=True):
                    shade = theme.colour(colour if is_active else "muted")
                    self._paint_cell(painter, cell, text, shade, is_left=cell.left() == 0)
                self._paint_bar(painter, place, float(self._apart.changes[j]) / largest)
            place = QRectF(0, top + min(shown, len(rows)) * height, self.width(), height)
            self._paint_cell(painter, place, self.remark, theme.colour("muted"), is_left=True)

    def _paint_title(self, painter: QPainter) -> None:
        bold = theme.font(bold=True)
        number, rest = self.title.split(" taken", 1)
        width = QFontMetricsF(bold).horizontalAdvance(number)
        place = QRectF(0, 0, self.width(), QFontMetricsF(bold).height())
        for font, text, colour, left in (
            (bold, number, "text", 0.0),
            (theme.font(), f" taken{rest}", "muted", width),
        ):
            painter.setFont(font)
            self._paint_cell(painter, place.adjusted(left, 0, 0, 0), text, theme.colour(colour), is_left=True)

    def _paint_headings(self, painter: QPainter, top: float) -> None:
        italic, plain = QFont(painter.font()), QFont(painter.font())
        italic.setItalic(True)
        cells = self._cells(QRectF(0, top, self.width(), self._row_height()))
        for cell, (text, colour), sign in zip(cells, COLUMNS, SIGNS, strict=True):
            is_name = cell.left() == 0
            painter.setFont(plain if is_name else italic)
            wide = cell.adjusted(0, 0, theme.pixels(28), 0) if is_name else cell
            self._paint_cell(painter, wide, text, theme.colour("muted" if is_name else colour), is_left=is_name)
            painter.setFont(plain)
            after = QRectF(cell.right(), cell.top(), theme.pixels(NUMBER) * 0.4, cell.height())
            painter.setPen(theme.colour("muted"))
            painter.drawText(after, Qt.AlignmentFlag.AlignCenter, sign)

    def _cells(self, row: QRectF) -> list[QRectF]:
        """The places of a row's five texts."""
        name, number = theme.pixels(NAME), theme.pixels(NUMBER)
        rights = [name, *(name + number * (column + 1) for column in range(4))]
        lefts = [0, *rights[:-1]]
        return [QRectF(left, row.top(), right - left, row.height()) for left, right in zip(lefts, rights, strict=True)]

    def _paint_bar(self, painter: QPainter, row: QRectF, share: float) -> None:
        room, height = theme.pixels(BAR - 8), theme.pixels(4)
        bar = QRectF(row.right() - room, row.center().y() - height / 2, max(1.0, share * room), height)
        painter.fillRect(bar, mark("z"))

    def _paint_cell(self, painter: QPainter, place: QRectF, text: str, colour: QColor, *, is_left: bool) -> None:
        painter.setPen(colour)
        side = Qt.AlignmentFlag.AlignLeft if is_left else Qt.AlignmentFlag.AlignRight
        elided = QFontMetricsF(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, place.width() + 1)
        painter.drawText(place, side | Qt.AlignmentFlag.AlignVCenter, elided)


def _said(row: tuple[str, ...]) -> str:
    name, z, mu, sigma, eps = row
    return f"{name} {z} = {mu} + {sigma} · {eps}"
