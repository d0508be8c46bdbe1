"""The libraries that Qt needs on Linux; `python -m vae_explorer.system_libraries` prints the missing packages."""

import ctypes
import os
import sys

PACKAGES = {  # what Qt opens → the package of Debian and Ubuntu that brings it (tried on a bare Debian 12)
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libdbus-1.so.3": "libdbus-1-3",
}
X11_PACKAGES = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
}
WAYLAND_PACKAGES = {"libwayland-cursor.so.0": "libwayland-cursor0"}


def missing() -> list[str]:
    """Packages that bring what is not there; none elsewhere than on Linux."""
    if not sys.platform.startswith("linux"):
        return []
    return [
        package
        for library, package in {**PACKAGES, **X11_PACKAGES, **WAYLAND_PACKAGES}.items()
        if not _is_there(library)
    ]


def problem() -> str | None:
    """One sentence when Qt cannot start in this session, or None."""
    needed = dict(PACKAGES)
    if os.environ.get("QT_QPA_PLATFORM") != "offscreen":
        needed |= WAYLAND_PACKAGES if os.environ.get("WAYLAND_DISPLAY") else X11_PACKAGES
    if not sys.platform.startswith("linux"):
        return None
    packages = [package for library, package in needed.items() if not _is_there(library)]
    if not packages:
        return None
    return f"System libraries are missing: on Debian or Ubuntu run apt-get install -y {' '.join(packages)}"


def _is_there(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    print(" ".join(missing()))
