"""Whether the program that a drag or the clipboard comes from responds at all. Qt asks it and waits: for five seconds
where it hangs, and nothing can stop it. So a probe of our own comes first, which waits for a moment only: longer
where the display is far away."""

import ctypes
import functools
import select
import time
import weakref

from PySide6.QtGui import QClipboard, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QWidget

PATIENCE = 0.06  # seconds: a program that is not busy needs one of their hundredths
WAYS = 4  # to the display and back: it asks the other program, which asks it in turn

_ERROR, _SELECTION_NOTIFY = 0, 31
_INPUT_ONLY = 2


class _Cookie(ctypes.Structure):
    _fields_ = (("sequence", ctypes.c_uint),)


class _Atom(ctypes.Structure):
    _fields_ = (("header", ctypes.c_uint32 * 2), ("atom", ctypes.c_uint32))


class SelectionProbe:
    """A probe of a window of ours to the owner of a selection of X11, for one of its formats; any answer will do. A
    probe to nobody counts as answered."""

    @staticmethod
    def about(origin: QDropEvent | QClipboard, window: QWidget) -> "SelectionProbe":
        """To the other program that drags something over a window, or that has filled the clipboard; to nobody where it
        is our own, which could not answer meanwhile, and where the display is not X11."""
        selection, format_ = "CLIPBOARD", "TARGETS"
        if isinstance(origin, QClipboard):
            is_own = origin.ownsClipboard()
        else:
            is_own, selection = origin.source() is not None, "XdndSelection"
            if origin.mimeData().hasFormat("text/uri-list"):  # what Qt is asked for first
                format_ = "text/uri-list"
        if is_own or QGuiApplication.platformName() != "xcb":
            return SelectionProbe()
        return SelectionProbe(selection, format_, window.winId())

    def __init__(self, selection: str = "", format_: str = "", window: int = 0) -> None:
        self._is_answered = not selection
        if self._is_answered:
            return
        self._xcb = _library()
        self._connection = self._xcb.xcb_connect(None, None)
        weakref.finalize(self, self._xcb.xcb_disconnect, self._connection)  # ends the probe too
        if self._xcb.xcb_connection_has_error(self._connection):
            self._is_answered = True
            return
        own = self._xcb.xcb_generate_id(self._connection)  # inside the window: Qt hands what it drags to nobody else
        self._xcb.xcb_create_window(self._connection, 0, own, window, -1, -1, 1, 1, 0, _INPUT_ONLY, 0, 0, None)
        start = time.monotonic()
        owned, target = self._atom(selection), self._atom(format_)
        self._patience = PATIENCE + WAYS * (time.monotonic() - start) / 2
        self._xcb.xcb_convert_selection(self._connection, own, owned, target, target, 0)
        self._xcb.xcb_flush(self._connection)

    def is_answered(self) -> bool:
        """Whether the answer is there, or comes in a moment. Where nobody owns the selection, X11 itself answers."""
        if self._is_answered:
            return True
        ready = select.poll()
        ready.register(self._xcb.xcb_get_file_descriptor(self._connection), select.POLLIN)
        end = time.monotonic() + self._patience
        while not self._is_answered:
            while event := self._xcb.xcb_poll_for_event(self._connection):
                self._is_answered |= event[0] & 0x7F in (_SELECTION_NOTIFY, _ERROR)  # then Qt has to find out
                _free(event)
            self._is_answered |= bool(self._xcb.xcb_connection_has_error(self._connection))
            left = end - time.monotonic()
            if self._is_answered or left <= 0:
                break
            ready.poll(1000 * left)
        return self._is_answered

    def _atom(self, name: str) -> int:
        text = name.encode("utf-8", "replace")[:255]
        reply = self._xcb.xcb_intern_atom_reply(
            self._connection, self._xcb.xcb_intern_atom(self._connection, 0, len(text), text), None
        )
        if not reply:
            return 0
        atom = int(reply.contents.atom)
        _free(reply)
        return atom


def _free(pointer: object) -> None:
    free = ctypes.CDLL(None).free
    free.argtypes = [ctypes.c_void_p]
    free(pointer)


@functools.cache
def _library() -> ctypes.CDLL:
    xcb = ctypes.CDLL("libxcb.so.1")  # Qt has it loaded
    handle, u8, u16, u32 = ctypes.c_void_p, ctypes.c_uint8, ctypes.c_uint16, ctypes.c_uint32
    i16 = ctypes.c_int16
    for name, result, arguments in (
        ("connect", handle, [ctypes.c_char_p, handle]),
        ("disconnect", None, [handle]),
        ("connection_has_error", ctypes.c_int, [handle]),
        ("generate_id", u32, [handle]),
        ("create_window", _Cookie, [handle, u8, u32, u32, *[i16] * 2, *[u16] * 4, u32, u32, handle]),
        ("intern_atom", _Cookie, [handle, u8, u16, ctypes.c_char_p]),
        ("intern_atom_reply", ctypes.POINTER(_Atom), [handle, _Cookie, handle]),
        ("convert_selection", _Cookie, [handle, *[u32] * 5]),
        ("flush", ctypes.c_int, [handle]),
        ("get_file_descriptor", ctypes.c_int, [handle]),
        ("poll_for_event", ctypes.POINTER(u8), [handle]),
    ):
        function = getattr(xcb, f"xcb_{name}")
        function.restype, function.argtypes = result, arguments
    return xcb
