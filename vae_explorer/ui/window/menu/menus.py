"""Menus behind one button, and their two kinds of key."""

import sys
from collections.abc import Callable, Iterator, Sequence

from PySide6.QtCore import QKeyCombination, QObject, QPoint, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QMainWindow, QMenu, QWidget

from vae_explorer.ui.window.menu.alt_key import AltKey

Key = QKeySequence.StandardKey | str
NATIVE = QKeySequence.SequenceFormat.NativeText
ON_MAC = sys.platform == "darwin"


class Menus(QObject):
    """Menus behind ☰ and Alt; on macOS in the system's menu bar as well. A QObject, so that a slot knows its sender.

    A shortcut acts wherever the focus is. What a field needs for its text (letters, Space, Ctrl+Del, Esc) is a *plain*
    key: the control in focus has it first, and only what it lets through comes to `press`.
    """

    def __init__(self, window: QMainWindow):
        super().__init__(window)
        self._window = window
        self._menus: list[QMenu] = []
        self._does: dict[QAction, Callable[[], object]] = {}
        self._plain: dict[str, QAction] = {}
        self._behind_button = QMenu("Menu", window)
        self._alt = AltKey(window)
        self._alt.alone.connect(self.open)

    def button_menu(self) -> QMenu:
        """All menus in one, for ☰."""
        return self._behind_button

    def press(self, event: QKeyEvent) -> bool:
        """Does what a plain key that reached the window is for; says whether it is for anything."""
        if event.key() == Qt.Key.Key_Alt and not ON_MAC:
            self._alt.press()
            return False
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        action = self._plain.get(QKeySequence(QKeyCombination(modifiers, Qt.Key(event.key()))).toString())
        if action is None and not event.text().isalpha():  # "?" is with Shift on one keyboard, without on another
            action = self._plain.get(event.text())
        if action is None or not action.isEnabled():
            return False
        action.trigger()
        return True

    def open(self) -> None:
        """Opens the menus below ☰, the first of them chosen."""
        self._open_at(self._menus[0])

    def key_groups(self) -> Iterator[tuple[str, list[tuple[str, str]]]]:
        """Each menu's name with its keys and what they do."""
        for menu in self._menus:
            yield _words(menu.title()), list(self._keys_of(menu))

    def _keys_of(self, menu: QMenu) -> Iterator[tuple[str, str]]:
        for action in menu.actions():
            submenu = action.menu()
            if isinstance(submenu, QMenu):
                yield from self._keys_of(submenu)
                continue
            names = [key.toString(NATIVE) for key in action.shortcuts()]
            names += [QKeySequence(key).toString(NATIVE) for key, one in self._plain.items() if one is action]
            if names:
                yield ", ".join(names), _words(action.text())

    def _add_menu(self, title: str) -> QMenu:
        menu = QMenu(title, self._window)
        self._menus.append(menu)
        self._behind_button.addMenu(menu)
        if ON_MAC:
            self._window.menuBar().addMenu(menu)
        else:
            opener = QShortcut(QKeySequence.mnemonic(title), self._window)
            opener.setProperty("menu", len(self._menus) - 1)
            opener.activated.connect(self._on_opener)
        return menu

    def _add(
        self,
        menu: QMenu,
        text: str,
        does: Callable[[], object] | None,
        *keys: Key,
        plain: str = "",
        data: object = None,
    ) -> QAction:
        action = QAction(f"{text}\t{QKeySequence(plain).toString(NATIVE)}" if plain else text, self._window)
        action.setShortcuts(sequences(*keys))
        action.setData(data)
        if plain:
            self._plain[QKeySequence(plain).toString()] = action
        if does:
            self._does[action] = does
            action.triggered.connect(self._on_triggered)
        menu.addAction(action)
        self._window.addAction(action)  # a shortcut works only in what is in sight, and a menu is not
        return action

    def _add_switch(
        self, menu: QMenu, text: str, does: Callable[[bool], object], key: str, *, on: bool = False
    ) -> QAction:
        """One that is on or off."""
        action = self._add(menu, text, None, key)
        action.setCheckable(True)
        action.setChecked(on)
        action.toggled.connect(does)
        return action

    def _refill(self, menu: QMenu, entries: Sequence[tuple[str, Callable[[], object]]], empty: str) -> None:
        """Replaces all entries of a menu."""
        for gone in menu.actions():
            self._does.pop(gone, None)
        menu.clear()
        for text, does in entries:
            action = menu.addAction(text)
            self._does[action] = does
            action.triggered.connect(self._on_triggered)
        if not entries:
            menu.addAction(empty).setEnabled(False)

    def _on_triggered(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self._does[action]()

    def _on_opener(self) -> None:
        """Alt and a menu's letter, as a menu bar has them."""
        self._open_at(self._menus[self.sender().property("menu")])

    def _open_at(self, menu: QMenu) -> None:
        button = self._window.findChild(QWidget, "menuButton")
        place = button.mapToGlobal(button.rect().bottomLeft()) if button else self._window.mapToGlobal(QPoint())
        self._behind_button.popup(place)
        self._behind_button.setActiveAction(menu.menuAction())


def sequences(*keys: Key) -> list[QKeySequence]:
    """Each once; a standard key that this system does not have is left out."""
    found = [QKeySequence(key) for key in keys]
    return [key for at, key in enumerate(found) if not key.isEmpty() and key not in found[:at]]


def _words(text: str) -> str:
    """Of a menu's entry: without the sign before its letter, and without its key."""
    return text.partition("\t")[0].replace("&", "").rstrip("…")
