"""Keeps Python exceptions inside: out of Qt's own code, and out of what travels between threads."""

import functools
import sys
from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


def sentence(error: Exception) -> str:
    """One line for the user. It travels in place of the exception, whose frames would keep tensors alive."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__


def guarded(default: object = None) -> Callable[[F], F]:
    """For methods that override Qt's: an exception goes to sys.excepthook, and Qt gets the default.

    On Python 3.11 an exception that leaves an overridden virtual can be a segmentation fault.
    """

    def decorate(method: F) -> F:
        @functools.wraps(method)
        def call(*args: Any) -> Any:
            try:
                return method(*args)
            except Exception as error:
                sys.excepthook(type(error), error, error.__traceback__)
                return default

        return call  # type: ignore[return-value]

    return decorate
