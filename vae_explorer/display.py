"""Whether a window can be shown: asked before Qt is, since Qt ends the process where there is no display."""

import atexit
import ctypes
import functools
import os
import socket
import sys
import weakref
from pathlib import Path

from vae_explorer import system_libraries

OWN_DISPLAY = ("xcb", "wayland")  # Qt's platforms that need a server; offscreen, for example, needs none

_EVENT_MASK, _STRUCTURE_NOTIFY, _DESTROY_NOTIFY = 1 << 11, 1 << 17, 17  # as X11 has them


class _Event(ctypes.Structure):
    """As far as an event about a window that is gone has anything to say."""

    _fields_ = (("kind", ctypes.c_uint8), ("", ctypes.c_uint8 * 7), ("window", ctypes.c_uint32))


def problem() -> str | None:
    """One sentence that says why no window can be shown here, or None."""
    platform = os.environ.get("QT_QPA_PLATFORM", "").partition(":")[0].partition("-")[0]
    if not sys.platform.startswith("linux") or (platform and platform not in OWN_DISPLAY):
        return None
    wayland, x11 = os.environ.get("WAYLAND_DISPLAY"), os.environ.get("DISPLAY")
    if wayland and platform != "xcb" and _wayland_answers(wayland):
        return None
    if x11 and platform != "wayland":
        return _x11_problem(x11)
    if wayland:
        return f"The Wayland display {wayland} does not answer: check WAYLAND_DISPLAY, or unset it"
    return (
        "There is no display: start vae-explorer in a desktop session, "
        "or render the window into a picture with --screenshot OUT.png"
    )


def qt_problem() -> str | None:
    """One sentence that says why Qt cannot be loaded, or None; loads it."""
    try:
        import PySide6.QtWidgets  # noqa: F401
    except ModuleNotFoundError:
        return "Qt is not installed: pip install PySide6-Essentials"
    except ImportError as error:  # a library of the system that it needs
        packages = " ".join(system_libraries.missing(system_libraries.QT))
        return f"Qt does not load ({error})" + (f": on Debian or Ubuntu apt-get install {packages}" if packages else "")
    return None


class WindowWatch:
    """Notices that a window of X11 is destroyed, by whomever. It has a connection of its own: in Qt's, every movement
    of the mouse would have to go through Python."""

    def __init__(self, window: int):
        self._xcb, self._window = _xcb(), window
        self._connection = self._xcb.xcb_connect(None, None)
        weakref.finalize(self, self._xcb.xcb_disconnect, self._connection)
        events = ctypes.c_uint32(_STRUCTURE_NOTIFY)
        self._xcb.xcb_change_window_attributes(self._connection, window, _EVENT_MASK, ctypes.byref(events))
        self._xcb.xcb_flush(self._connection)

    def fileno(self) -> int:
        """Can be read when there is something new."""
        return int(self._xcb.xcb_get_file_descriptor(self._connection))

    @property
    def is_broken(self) -> bool:
        """Whether the display no longer answers."""
        return bool(self._xcb.xcb_connection_has_error(self._connection))

    def is_destroyed(self) -> bool:
        """Whether that is among what is new."""
        destroyed = False
        while event := self._xcb.xcb_poll_for_event(self._connection):
            destroyed |= event.contents.kind & 0x7F == _DESTROY_NOTIFY and event.contents.window == self._window
            _free(event)
        return destroyed


def _wayland_answers(name: str) -> bool:
    folder = Path(os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}"))
    address = folder / name  # an absolute name replaces the folder
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(address))
        except OSError:
            return False
    return True


def _x11_problem(name: str) -> str | None:
    packages = system_libraries.missing(system_libraries.X11)
    if packages:
        return f"Libraries of X11 are missing: on Debian or Ubuntu apt-get install {' '.join(packages)}"
    xcb = _xcb()
    connection = xcb.xcb_connect(name.encode(), None)
    if xcb.xcb_connection_has_error(connection):
        xcb.xcb_disconnect(connection)
        return f"The display {name} does not answer: check DISPLAY, or start an X server there"
    # It stays open: a server whose last client leaves begins anew, and does not answer Qt meanwhile (Xserver(1)).
    atexit.register(xcb.xcb_disconnect, connection)
    return None


@functools.cache
def _xcb() -> ctypes.CDLL:
    xcb = ctypes.CDLL("libxcb.so.1")
    handle, u32 = ctypes.c_void_p, ctypes.c_uint32
    for name, result, arguments in (
        ("connect", handle, [ctypes.c_char_p, handle]),
        ("disconnect", None, [handle]),
        ("connection_has_error", ctypes.c_int, [handle]),
        ("change_window_attributes", ctypes.c_uint, [handle, u32, u32, handle]),
        ("flush", ctypes.c_int, [handle]),
        ("get_file_descriptor", ctypes.c_int, [handle]),
        ("poll_for_event", ctypes.POINTER(_Event), [handle]),
    ):
        function = getattr(xcb, f"xcb_{name}")
        function.restype, function.argtypes = result, arguments
    return xcb


def _free(pointer: object) -> None:
    free = ctypes.CDLL(None).free
    free.argtypes = [ctypes.c_void_p]
    free(pointer)
