"""What screen readers are told of widgets that paint themselves: a picture, and a grid as a list of pictures.

Qt asks a factory for the interface of a widget the first time that somebody reads it, keeps it, and deletes it with the
widget. The items of a list are no widgets: they are registered here, and deleted with their list.
"""

from typing import Any

from PySide6.QtCore import QObject, QPoint, QPointF, QRect, QRectF
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QAccessibleEvent, QAccessibleInterface
from PySide6.QtWidgets import QAccessibleWidget, QWidget
from shiboken6 import isValid

from vae_explorer.session.threads.guard import guarded

Nullable = Any  # an interface, or None, which Qt takes though PySide's types do not say so
_interfaces: dict[type[QWidget], type[QAccessibleWidget]] = {}


class PictureList(QWidget):
    """A widget that is a list of pictures to those who cannot see it."""

    def item_count(self) -> int:
        raise NotImplementedError

    def item_name(self, index: int) -> str:
        """Such as "sample 6 of 16"."""
        raise NotImplementedError

    def item_is_selected(self, index: int) -> bool:
        raise NotImplementedError

    def item_in_frame(self) -> int:
        """The one that the keys act on."""
        raise NotImplementedError

    def tile_rect(self, index: int) -> QRectF:
        """Where it is in the widget."""
        raise NotImplementedError

    def index_at(self, position: QPointF) -> int:
        """Which is there in the widget, -1 for none."""
        raise NotImplementedError


def describe(kind: type[QWidget], interface: type[QAccessibleWidget]) -> None:
    """Widgets of this class, and of those made from it, are read by this interface."""
    if not _interfaces:
        QAccessible.installFactory(_made)
    _interfaces[kind] = interface


def announce(widget: QWidget, text: str) -> None:
    """Says something when the reader has ended its sentence."""
    if QAccessible.isActive():
        event = QAccessibleAnnouncementEvent(widget, text)
        event.setPoliteness(QAccessible.AnnouncementPoliteness.Polite)
        QAccessible.updateAccessibility(event)


def tell_item(widget: QWidget, what: QAccessible.Event, index: int) -> None:
    """The focus or the selection of a list has gone to one of its pictures."""
    if QAccessible.isActive():
        event = QAccessibleEvent(widget, what)
        event.setChild(index)
        QAccessible.updateAccessibility(event)


def _made(_key: str, thing: QObject) -> QAccessibleInterface | None:
    found = next((_interfaces[kind] for kind in type(thing).__mro__ if kind in _interfaces), None)
    return found(thing) if found else None  # type: ignore[call-overload]


class PictureInterface(QAccessibleWidget):
    """A picture: its size, where nothing else is said of it."""

    def __init__(self, view: QWidget):
        super().__init__(view, QAccessible.Role.Graphic)
        self._view = view

    @guarded("")
    def text(self, kind: QAccessible.Text) -> str:
        said = super().text(kind)
        return said or (self._view.size_text() if kind == QAccessible.Text.Description else "")  # type: ignore[attr-defined]


class ListInterface(QAccessibleWidget):
    """A list of pictures; its children are made when they are asked for."""

    def __init__(self, grid: PictureList):
        super().__init__(grid, QAccessible.Role.List)
        self._grid = grid
        self._items: dict[int, ItemInterface] = {}
        self._ids: list[int] = []
        grid.destroyed.connect(self._end)

    @guarded(0)
    def childCount(self) -> int:
        return self._grid.item_count()

    @guarded()
    def child(self, index: int) -> Nullable:
        if not 0 <= index < self.childCount():
            return None
        if index not in self._items:
            self._items[index] = ItemInterface(self._grid, index)
            self._ids.append(QAccessible.registerAccessibleInterface(self._items[index]))
        return self._items[index]

    @guarded(-1)
    def indexOfChild(self, child: QAccessibleInterface) -> int:
        return next((index for index, item in self._items.items() if item is child), -1)

    @guarded()
    def childAt(self, x: int, y: int) -> Nullable:
        return self.child(self._grid.index_at(QPointF(self._grid.mapFromGlobal(QPoint(x, y)))))

    @guarded()
    def focusChild(self) -> Nullable:
        return self.child(self._grid.item_in_frame()) if self._grid.hasFocus() else None

    def _end(self) -> None:
        for number in self._ids:
            QAccessible.deleteAccessibleInterface(number)
        self._ids.clear()


class ItemInterface(QAccessibleInterface):
    """One picture of a list: "sample 6 of 16"."""

    def __init__(self, grid: PictureList, index: int):
        super().__init__()
        self._grid, self._index = grid, index

    @guarded(False)
    def isValid(self) -> bool:
        return isValid(self._grid) and self._index < self._grid.item_count()

    @guarded()
    def object(self) -> Nullable:
        return None

    @guarded()
    def window(self) -> Nullable:
        return None

    @guarded()
    def parent(self) -> Nullable:
        return QAccessible.queryAccessibleInterface(self._grid) if isValid(self._grid) else None

    @guarded()
    def child(self, _index: int) -> Nullable:
        return None

    @guarded(0)
    def childCount(self) -> int:
        return 0

    @guarded()
    def childAt(self, _x: int, _y: int) -> Nullable:
        return None

    @guarded(-1)
    def indexOfChild(self, _child: QAccessibleInterface) -> int:
        return -1

    @guarded(QRect())
    def rect(self) -> QRect:
        if not self.isValid():
            return QRect()
        tile = self._grid.tile_rect(self._index).toAlignedRect()
        return QRect(self._grid.mapToGlobal(tile.topLeft()), tile.size())

    @guarded(QAccessible.Role.ListItem)
    def role(self) -> QAccessible.Role:
        return QAccessible.Role.ListItem

    @guarded(QAccessible.State())
    def state(self) -> QAccessible.State:
        state = QAccessible.State()
        if not self.isValid():
            state.invalid = True
            return state
        state.selectable = state.focusable = True
        state.selected = self._grid.item_is_selected(self._index)
        state.focused = self._grid.hasFocus() and self._grid.item_in_frame() == self._index
        return state

    @guarded("")
    def text(self, kind: QAccessible.Text) -> str:
        return self._grid.item_name(self._index) if kind == QAccessible.Text.Name and self.isValid() else ""

    @guarded()
    def setText(self, _kind: QAccessible.Text, _text: str) -> None:
        """Nothing can be written there."""
