# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Text for objects of other people's classes, whose ``__str__`` may raise, return no string, or say a lot.

Everything here returns, whatever the object does: an error that cannot be shown must not become another
error on its way into a log line. What is shown of a foreign exception anywhere in this package is made here.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from types import TracebackType

__all__ = ["MOST", "name_of", "shown", "text_of", "traceback_of", "triple"]

#: Of a traceback, in characters.
MOST = 64_000

_name = type.__dict__["__name__"].__get__  # a metaclass may make something else of ``cls.__name__``


def name_of(value: object) -> str:
    """The name of a value's class."""
    return str(_name(type(value)))


def text_of(value: object, limit: int | None = None, *, make: Callable[[], str] | None = None) -> str:
    """The text of a value, as an exact ``str``; what is wrong with it when it has none.

    Args:
        value: The value.
        limit: The most characters; None: all.
        make: What gives the text; None: ``str(value)``.
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
    """What ``sys.exc_info()`` is for an exception, whatever its class makes of ``__traceback__``."""
    return type(error), error, BaseException.__dict__["__traceback__"].__get__(error)


def traceback_of(error: BaseException, limit: int = MOST) -> str:
    """The traceback of an exception, cut to ``limit`` characters: its beginning and its end are kept."""
    try:
        text = "".join(traceback.format_exception(*triple(error)))
    except BaseException as broken:  # of the classes' own __cause__, __traceback__, __notes__ and so on
        text = f"{shown(error)}\n(its traceback cannot be shown: {name_of(broken)})"
    text = text.rstrip("\n")
    if len(text) > limit:
        text = f"{text[: limit // 2]}\n... ({len(text) - limit} characters more)\n{text[-(limit // 2) :]}"
    return text
