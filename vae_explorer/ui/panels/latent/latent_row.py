"""One dimension of z: name, slider, and its figures, painted in columns."""

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QEnterEvent, QFontMetrics, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QMenu, QSizePolicy, QWidget

from vae_explorer.session.session import Session
from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.panels.latent.columns import FIGURES, MIN_WIDTH, Columns
from vae_explorer.ui.panels.latent.latent_slider import LatentSlider
from vae_explorer.ui.theme import theme
from vae_explorer.ui.widgets.numbers import deviation, figure, z_name

HEIGHT = 28  # pixels at 100 %
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class LatentRow(QWidget):
    """z_j · slider · z · mu ± sigma · KL here · average KL. Everything but the slider is painted, since there may be
    512 rows, and only what has changed is painted again.

    Signals:
        focused(): its slider has got the focus.
        next_asked(int): the user wants the row above (−1) or below (+1).
        edit_asked(str): the user wants to type z; what was typed already.
    """

    focused = Signal()
    next_asked = Signal(int)
    edit_asked = Signal(str)

    def __init__(self, j: int, session: Session, columns: Columns, parent: QWidget | None = None):
        super().__init__(parent)
        self.j = j
        self._latent, self._image, self._model, self._columns = session.latent, session.image, session.model, columns
        self._z = 0.0
        self._z_place = QRect()
        self._mu: float | None = None
        self._sigma: float | None = None
        self._here: float | None = None
        self._mean: float | None = None
        self._is_lit = self._is_typed_in = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)  # the pointer over the figure of z is another
        self.slider = LatentSlider(f"z {j}", self)
        self.slider.setObjectName(f"latentSlider_{j}")
        self.slider.gripped.connect(self._latent.grip)
        self.slider.moved.connect(self._on_moved)
        self.slider.released.connect(self._on_released)
        self.slider.taken_back.connect(session.undo.undo)
        self.slider.next_asked.connect(self.next_asked)
        self.slider.edit_asked.connect(self.edit_asked)
        self.slider.lock_asked.connect(self._on_lock_asked)
        self.slider.menu_asked.connect(self._on_menu_asked)
        self.slider.focus_changed.connect(self._on_focus_changed)

    # what it shows

    def set_z(self, value: float) -> None:
        """z_j has moved."""
        self._z = value
        self.slider.set_value(value)
        self.update(self._z_place)

    def set_figures(self, mu: float | None, sigma: float | None, here: float | None, mean: float | None) -> None:
        """mu and sigma of the chosen image, its KL, and what the rows are sorted by: the average KL over the data, or
        the variance of mu. None: there is no image, or the model has no such thing."""
        if (mu, sigma, here, mean) != (self._mu, self._sigma, self._here, self._mean):
            if (mu, sigma, here) != (self._mu, self._sigma, self._here):
                self.slider.set_posterior(mu, sigma, here)
            self._mu, self._sigma, self._here, self._mean = mu, sigma, here, mean
            self.update()

    def set_lit(self, lit: bool) -> None:
        """Whether somebody points at this dimension, here or in a plot."""
        if lit != self._is_lit:
            self._is_lit = lit
            self.update()

    def set_typed_in(self, typed_in: bool) -> None:
        """Whether its z is typed now: it is pointed at, and its figure makes room for the field."""
        self._is_typed_in = typed_in
        self.update()
        if typed_in:
            self._latent.point_at(self.j)

    def texts(self) -> dict[str, str]:
        """The figures as they are written, by their column."""
        return {
            "z": figure(self._z, 2, sign=True),
            "mu": "–" if self._mu is None else figure(self._mu, 2, sign=True),
            "sigma": "" if self._sigma is None else f"± {deviation(self._sigma)}",
            "here": "–" if self._here is None else figure(self._here, 1),
            "mean": "–" if self._mean is None else figure(self._mean, 1 if "here" in self._columns.kinds else 2),
        }

    def place(self, column: str) -> QRect:
        """Of a column in this row, in pixels; empty where it does not fit."""
        return self._columns.places(self.width(), self.height()).get(column, QRect())

    # gestures

    def set_by_typing(self, value: float) -> bool:
        """Sets z_j to what the user has typed: one entry in the history. False: z cannot be this large."""
        self._latent.grip()
        could = self._latent.set_value(self.j, value)
        self._latent.release(f"Set {z_name(self.j)}")
        return could

    def _move(self, value: float) -> None:
        self._latent.grip()
        self._latent.set_value(self.j, value)
        self._latent.release(f"Move {z_name(self.j)}")

    def _on_moved(self, value: float) -> None:
        self._latent.set_value(self.j, value)

    def _on_released(self) -> None:
        self._latent.release(f"Move {z_name(self.j)}")

    def _on_lock_asked(self) -> None:
        self._latent.set_locked(self.j, not self._latent.locked[self.j])

    def _on_menu_asked(self, place: QPoint) -> None:
        posterior, card = self._image.posterior, self._model.card
        menu = QMenu(self)
        lock = menu.addAction(f"Lock {z_name(self.j)}\tL")
        lock.setCheckable(True)
        lock.setChecked(self.slider.locked)
        reset = menu.addAction("Reset to 0\tHome")
        to_mu = menu.addAction(f"To {card.mu if card else 'μ'}\tEnd")
        to_mu.setEnabled(posterior is not None)
        edit = menu.addAction("Type a value…\tEnter")
        edit.setEnabled(not self.slider.locked)
        chosen = menu.exec(place)
        menu.deleteLater()
        if chosen is lock:
            self._on_lock_asked()
        elif chosen is reset:
            self._move(0.0)
        elif chosen is to_mu and posterior is not None:
            self._move(float(posterior.mu[self.j]))
        elif chosen is edit:
            self.edit_asked.emit("")

    def _on_focus_changed(self, has_focus: bool) -> None:
        self.update()
        if has_focus:
            self.focused.emit()

    @guarded()
    def enterEvent(self, event: QEnterEvent) -> None:
        self._latent.point_at(self.j)

    @guarded()
    def leaveEvent(self, event: QEvent) -> None:
        self._latent.point_at(None)

    @guarded()
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        can_type = not self.slider.locked and self.place("z").contains(event.position().toPoint())
        self.setCursor(Qt.CursorShape.IBeamCursor if can_type else Qt.CursorShape.ArrowCursor)

    @guarded()
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.slider.setFocus(Qt.FocusReason.MouseFocusReason)
        if event.button() == Qt.MouseButton.LeftButton and self.place("z").contains(event.position().toPoint()):
            self.edit_asked.emit("")

    # size and painting

    @guarded(QSize())
    def sizeHint(self) -> QSize:
        return QSize(theme.pixels(MIN_WIDTH + sum(FIGURES.values())), theme.pixels(HEIGHT))

    @guarded(QSize())
    def minimumSizeHint(self) -> QSize:
        return QSize(theme.pixels(MIN_WIDTH), theme.pixels(HEIGHT))

    @guarded()
    def resizeEvent(self, event: QResizeEvent) -> None:
        self.fit()

    def fit(self) -> None:
        """Puts the slider into its column."""
        self.slider.setGeometry(self.place("slider"))
        self._z_place = self.place("z")

    @guarded()
    def paintEvent(self, event: QPaintEvent) -> None:
        px, dirty = theme.pixels, event.region()
        muted, focused = self.slider.locked, self.slider.hasFocus()
        places, texts = self._columns.places(self.width(), self.height()), self.texts()
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            if self._is_lit or focused or self._is_typed_in:
                painter.setBrush(tint())
                painter.drawRoundedRect(self.rect(), px(4), px(4))
            if (focused and not self.slider.locked) or self._is_typed_in:  # here can be typed
                painter.setPen(QPen(theme.colour("muted"), 1))
                painter.setBrush(theme.colour("field"))
                painter.drawRoundedRect(QRectF(field_in(places["z"])).adjusted(0.5, 0.5, -0.5, -0.5), px(4), px(4))
            if dirty.intersects(places["name"]):
                _paint_name(painter, places["name"].adjusted(px(4), 0, 0, 0), self.j, muted=muted)
            painter.setFont(theme.font())

            def write(column: str, place: QRect, align: Qt.AlignmentFlag, colour: str) -> None:
                if dirty.intersects(place):
                    painter.setPen(theme.colour(colour))
                    painter.drawText(place, align, texts[column])

            if not self._is_typed_in:
                write("z", places["z"].adjusted(0, 0, -px(8), 0), _RIGHT, "muted" if muted else "z")
            for column, colour in (("mu", "mu"), ("here", "kl"), ("mean", "muted")):
                if column in places:
                    write(column, places[column], _RIGHT, "muted" if texts[column] == "–" else colour)
            if "sigma" in places:  # from the left: the points of all figures are below each other
                write("sigma", places["sigma"].adjusted(px(6), 0, 0, 0), _LEFT, "sigma")


def tint() -> QColor:
    """Of the row that is pointed at: so little that all figures keep a contrast of 4.5 : 1 with it."""
    return theme.colour("hover", 0.5)


def field_in(place: QRect) -> QRect:
    """Where the figure of z is typed in its column."""
    return place.adjusted(theme.pixels(4), theme.pixels(2), 0, -theme.pixels(2))


def _paint_name(painter: QPainter, place: QRect, j: int, *, muted: bool) -> None:
    painter.setPen(theme.colour("muted" if muted else "text"))
    italic, small = theme.font(italic=True), theme.font(scale=0.72)
    painter.setFont(italic)
    metrics = QFontMetrics(italic)
    baseline = place.center().y() + metrics.capHeight() // 2
    painter.drawText(place.left(), baseline, "z")
    painter.setFont(small)
    painter.drawText(place.left() + metrics.horizontalAdvance("z"), baseline + theme.pixels(3), str(j))
