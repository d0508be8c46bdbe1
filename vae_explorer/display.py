"""Whether a window can be shown: asked before Qt is, since Qt ends the process where there is no display."""

import ctypes
import os
import socket
import sys
from pathlib import Path

from vae_explorer import system_libraries

OWN_DISPLAY = ("xcb", "wayland")  # Qt's platforms that need a server; offscreen, for example, needs none


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
    xcb = ctypes.CDLL("libxcb.so.1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(name.encode(), None)
    try:
        if xcb.xcb_connection_has_error(connection):
            return f"The display {name} does not answer: check DISPLAY, or start an X server there"
        return None
    finally:
        xcb.xcb_disconnect(connection)
