"""Keeps Python exceptions out of Qt's own code."""

import functools
import sys
from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


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
