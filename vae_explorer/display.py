"""Whether a window can be shown: asked before Qt is, since Qt ends the process where there is no display."""

import ctypes
import ctypes.util
import os
import socket
import sys
from pathlib import Path

NO_LIBRARY = "libxcb is missing: on Debian or Ubuntu install it with apt-get install libxcb1"


def problem() -> str | None:
    """One sentence that says why no window can be shown here, or None."""
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM") in ("offscreen", "minimal", "vnc"):
        return None
    wayland, x11 = os.environ.get("WAYLAND_DISPLAY"), os.environ.get("DISPLAY")
    if wayland and _wayland_answers(wayland):
        return None
    if x11:
        return _x11_problem(x11)
    if wayland:
        return f"The Wayland display {wayland} does not answer: check WAYLAND_DISPLAY, or unset it"
    return (
        "There is no display: start vae-explorer in a desktop session, "
        "or render the window into a picture with --screenshot OUT.png"
    )


def _wayland_answers(name: str) -> bool:
    address = Path(os.environ.get("XDG_RUNTIME_DIR", "/run/user/0")) / name  # an absolute name replaces the folder
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(address))
        except OSError:
            return False
    return True


def _x11_problem(name: str) -> str | None:
    library = ctypes.util.find_library("xcb")
    try:
        xcb = ctypes.CDLL(library or "libxcb.so.1")
    except OSError:
        return NO_LIBRARY
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(name.encode(), None)
    try:
        if xcb.xcb_connection_has_error(connection):
            return f"The display {name} does not answer: check DISPLAY, or start an X server there"
        return None
    finally:
        xcb.xcb_disconnect(connection)
