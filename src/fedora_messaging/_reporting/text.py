# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Text of objects of other people's classes, whose ``__str__`` may raise, return no string, or be very long.

Everything here returns, whatever the object does: an error that cannot be shown must not become another error
on its way into a log line. Foreign exceptions are shown only through these functions.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from types import TracebackType

__all__ = ["MOST", "name_of", "shown", "text_of", "traceback_of", "triple"]

#: The longest traceback, in characters.
MOST = 64_000

_name = type.__dict__["__name__"].__get__  # a metaclass may redefine ``cls.__name__``


def name_of(value: object) -> str:
    """Return the name of a value's class."""
    return str(_name(type(value)))


def text_of(value: object, limit: int | None = None, *, make: Callable[[], str] | None = None) -> str:
    """Return the text of a value, as an exact ``str``; a description of the error if it has none.

    Args:
        value: The value.
        limit: The most characters; None: no limit.
        make: Returns the text; None: ``str(value)``.
    """
    try:
        text = str.__str__(str(value) if make is None else make())  # no subclass of str, with its own methods
    except BaseException as error:  # it may raise SystemExit as well as anything else
        text = f"<a {name_of(value)} that cannot be shown: its text raises {name_of(error)}>"
    return text if limit is None else text[:limit]


def shown(error: object, limit: int | None = None) -> str:
    """``ClassName: text`` of an exception, or its class's name when it has no text."""
    text = text_of(error, limit)
    return f"{name_of(error)}: {text}" if text else name_of(error)


def triple(error: BaseException) -> tuple[type[BaseException], BaseException, TracebackType | None]:
    """Return an exception as ``sys.exc_info()`` does, even if its class redefines ``__traceback__``."""
    return type(error), error, BaseException.__dict__["__traceback__"].__get__(error)


def traceback_of(error: BaseException, limit: int = MOST) -> str:
    """Return the traceback of an exception, cut in the middle to ``limit`` characters."""
    try:
        text = "".join(traceback.format_exception(*triple(error)))
    except BaseException as broken:  # of the classes' own __cause__, __traceback__, __notes__ and so on
        text = f"{shown(error)}\n(its traceback cannot be shown: {name_of(broken)})"
    text = text.rstrip("\n")
    if len(text) > limit:
        text = f"{text[: limit // 2]}\n... ({len(text) - limit} characters more)\n{text[-(limit // 2) :]}"
    return text
