"""Everything that is painted can be taken away: copied, saved, as numbers, as the command that makes the same."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from PySide6.QtCore import QBuffer, QByteArray, QEvent, QMimeData, QObject, QPoint, QRectF, QSize
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QImage, QPainter
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from vae_explorer.errors import UserError
from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.theme import theme
from vae_explorer.ui.widgets.accessible import announce
from vae_explorer.ui.widgets.image_grid import ImageGrid
from vae_explorer.ui.widgets.image_view import ImageView

SHARPNESS = 2  # pixels of a plot's PNG for one of the screen
PICTURES = "Pictures (*.png *.jpg)"
SUFFIXES = (".png", ".jpg", ".jpeg")


class Away(Protocol):
    """What this asks of the session: its noun `take_away`."""

    @property
    def folder(self) -> Path: ...
    @property
    def told(self) -> Any: ...
    @property
    def failed(self) -> Any: ...
    def name(self, what: str, *, of_image: bool = True) -> str: ...
    def write(self, path: Path, content: Any) -> None: ...
    def sheet(self, pixels: Any, columns: int) -> Any: ...
    def png(self, sheet: Any) -> bytes: ...
    def csv_of_pixels(self, images: Any) -> str: ...
    def hand_over(self, made: Any, done: Callable[[str], object]) -> None: ...


@dataclass(frozen=True)
class Taken:
    """What is on offer of a painted widget; its callables are only asked when something is taken.

    Pictures give their own pixels, and plots what they paint, as PNG and SVG."""

    what: str  # the last part of its name, such as "posterior samples"
    data: Callable[[], str] | None = None  # CSV; without one a picture's pixels are its data
    command: Callable[[], object] | None = None  # raises UserError where there is none
    of_image: bool = True  # its name begins with the image's


def offer(widget: QWidget, away: Away, taken: Taken | Callable[[], Taken]) -> "Offer":
    """Puts a menu on a painted widget: by right-click, by the key for it, and in the ⋯ of the panel around it."""
    return Offer(widget, away, taken)


def offers_in(container: QWidget) -> list["Offer"]:
    """What a panel or a view has on offer now: of its visible widgets, in their order on the screen."""
    found = [made for made in container.findChildren(Offer) if made.widget.isVisible()]

    def place(made: Offer) -> tuple[int, int]:
        at = made.widget.mapTo(container, QPoint(0, 0))
        return at.y(), at.x()

    return sorted(found, key=place)


class MoreMenu(QMenu):
    """The menu behind the ⋯ of a panel or a view: all that it has on offer when the menu opens. Where nothing else in
    the container answers a right-click or the key for menus, it does."""

    def __init__(self, container: QWidget):
        super().__init__(container)
        self._container = self._button = container
        self.aboutToShow.connect(self._fill)
        container.installEventFilter(self)

    def set_button(self, button: QWidget) -> None:
        """It opens below this."""
        self._button = button

    def open(self) -> None:
        """Below its button."""
        self.popup(self._button.mapToGlobal(self._button.rect().bottomLeft()))

    def _fill(self) -> None:
        self.clear()
        found = offers_in(self._container)
        for made in found:
            menu = self if len(found) == 1 else self.addMenu(made.title.replace("&", "&&"))
            made.fill(menu)
        if not found:
            self.addAction("There is nothing to take away yet").setEnabled(False)

    @guarded(False)
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() != QEvent.Type.ContextMenu:
            return False
        asked = cast(QContextMenuEvent, event)
        if asked.reason() == QContextMenuEvent.Reason.Keyboard:
            self.open()
        else:
            self.popup(asked.globalPos())
        return True


class Offer(QObject):
    """The menu of one painted widget, which owns it."""

    def __init__(self, widget: QWidget, away: Away, taken: Taken | Callable[[], Taken]):
        super().__init__(widget)
        self.widget, self._away, self._taken = widget, away, taken
        widget.installEventFilter(self)

    @property
    def taken(self) -> Taken:
        """What is on offer now."""
        return self._taken if isinstance(self._taken, Taken) else self._taken()

    @property
    def title(self) -> str:
        """What is on offer, as the title of a menu."""
        what = self.taken.what
        return what[:1].upper() + what[1:] if what[1:2].isalpha() else what  # x and q(z) are symbols

    @property
    def name(self) -> str:
        """image – model – what."""
        return self._away.name(self.taken.what, of_image=self.taken.of_image)

    def image(self) -> QImage:
        """As it is copied."""
        return QImage.fromData(self._png())

    def fill(self, menu: QMenu) -> None:
        """Adds what can be done with it."""
        picture = self._picture
        is_there = not picture.is_empty if picture is not None else True
        verbs = [("Copy", self.copy), ("Save picture…" if picture else "Save PNG…", self.save)]
        if picture is None:
            verbs.append(("Save SVG…", self.save_svg))
        if picture is not None or self.taken.data:
            verbs.append(("Copy data", self.copy_data))
        if self.taken.command:
            verbs.append(("Copy as command", self.copy_command))
        for text, does in verbs:
            action = menu.addAction(text)
            action.triggered.connect(does)
            action.setEnabled(is_there)

    def copy(self) -> None:
        """Puts the picture on the clipboard, as PNG too: so that it can be pasted back as an image."""
        content = self._png()
        mime = QMimeData()
        mime.setData("image/png", content)
        mime.setImageData(QImage.fromData(content))
        self._to_clipboard(mime, self.name)

    def save(self) -> None:
        """Asks where, and writes a PNG; of a picture also a JPEG."""
        picture = self._picture
        kind, suffixes = (PICTURES, SUFFIXES) if picture else ("PNG (*.png)", (".png",))
        if path := self._ask_where(kind, suffixes):
            self._away.write(path, self._sheet() if picture else self._png())

    def save_svg(self) -> None:
        """Asks where, and writes what the plot paints, as lines and text."""
        if path := self._ask_where("SVG (*.svg)", (".svg",)):
            self._away.write(path, svg(self.widget, self.name))

    def copy_data(self) -> None:
        """The numbers as CSV: what is on offer as data, else the pixels."""
        data, picture = self.taken.data, self._picture
        text = data() if data else self._away.csv_of_pixels(picture.numbers()) if picture else ""
        if not text:
            self._away.failed.emit(f"There are no data of {self.taken.what} yet")
            return
        self._copy_text(text, f"data of {self.name}")

    def copy_command(self) -> None:
        """The line that makes the same, once the image that it names is there."""
        command = self.taken.command
        try:
            if command:
                self._away.hand_over(command(), self._copy_line)
        except UserError as error:
            self._away.failed.emit(str(error))

    def _copy_line(self, line: str) -> None:
        self._copy_text(line, f"command of {self.name}")

    def _copy_text(self, text: str, name: str) -> None:
        mime = QMimeData()
        mime.setText(text)
        self._to_clipboard(mime, name)

    def _to_clipboard(self, mime: QMimeData, name: str) -> None:
        QGuiApplication.clipboard().setMimeData(mime)
        said = f"Copied: {name}"
        self._away.told.emit(said)
        announce(self.widget, said)

    @property
    def _picture(self) -> ImageView | ImageGrid | None:
        return self.widget if isinstance(self.widget, ImageView | ImageGrid) else None

    def _sheet(self) -> Any:
        picture = cast("ImageView | ImageGrid", self._picture)
        return self._away.sheet(picture.pixels(), picture.columns)

    def _png(self) -> bytes:
        return self._away.png(self._sheet()) if self._picture is not None else png(self.widget)

    def _ask_where(self, kind: str, suffixes: tuple[str, ...]) -> Path | None:
        first = self._away.folder / f"{self.name}{suffixes[0]}"
        given, _ = QFileDialog.getSaveFileName(self.widget, f"Save {self.taken.what}", str(first), kind)
        if not given:
            return None
        return Path(given) if given.lower().endswith(suffixes) else Path(f"{given}{suffixes[0]}")

    @guarded(False)
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() != QEvent.Type.ContextMenu:
            return False
        asked = cast(QContextMenuEvent, event)
        menu = QMenu(self.widget)
        self.fill(menu)
        at = asked.globalPos()
        if asked.reason() == QContextMenuEvent.Reason.Keyboard:
            at = self.widget.mapToGlobal(self.widget.rect().center())
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(at)
        return True


def png(widget: QWidget) -> bytes:
    """What a widget paints, as a PNG at twice its size."""
    image = QImage(widget.size() * SHARPNESS, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(SHARPNESS)
    image.fill(theme.colour("panel"))
    widget.render(image, QPoint())
    content = QByteArray()
    buffer = QBuffer(content)
    if not (buffer.open(QBuffer.OpenModeFlag.WriteOnly) and image.save(buffer, "PNG")):  # type: ignore[call-overload]
        raise UserError("The plot could not be converted to PNG: make the window smaller")
    return bytes(content.data())


def svg(widget: QWidget, title: str) -> bytes:
    """What a widget paints, as an SVG."""
    from PySide6.QtSvg import QSvgGenerator

    content = QByteArray()
    buffer = QBuffer(content)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setSize(QSize(widget.width(), widget.height()))
    generator.setViewBox(QRectF(widget.rect()))
    generator.setTitle(title)
    with QPainter(generator) as painter:
        painter.fillRect(widget.rect(), theme.colour("panel"))
        widget.render(painter, QPoint())
    return bytes(content.data())
