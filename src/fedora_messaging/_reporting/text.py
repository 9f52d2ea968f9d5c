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

from .passwords import redacted

__all__ = ["MOST", "escaped", "name_of", "shown", "text_of", "traceback_of", "triple"]

#: The longest traceback, in characters.
MOST = 64_000

#: How many exceptions of a chain, or of groups, are looked at.
_MOST_CHAINED = 100

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
    """``ClassName: text`` of an exception, or its class's name when it has no text.

    The passwords of URLs are hidden.

    Args:
        error: The exception.
        limit: The most characters of its text; None: no limit.
    """
    text = redacted(text_of(error))[:limit]
    return f"{name_of(error)}: {text}" if text else name_of(error)


def triple(error: BaseException) -> tuple[type[BaseException], BaseException, TracebackType | None]:
    """Return an exception as ``sys.exc_info()`` does, even if its class redefines ``__traceback__``."""
    return type(error), error, BaseException.__dict__["__traceback__"].__get__(error)


def traceback_of(error: BaseException, limit: int = MOST) -> str:
    """Return the traceback of an exception, cut in the middle to ``limit`` characters.

    The passwords of URLs are hidden.
    The text of an exception may repeat what a peer sent. So control characters are escaped, and where such a
    text has lines of its own, the whole traceback is indented: none can pass for a log line.
    """
    try:
        text = "".join(traceback.format_exception(*triple(error)))
    except BaseException as broken:  # of the classes' own __cause__, __traceback__, __notes__ and so on
        text = f"{shown(error)}\n(its traceback cannot be shown: {name_of(broken)})"
    text = redacted(text.rstrip("\n"))
    if len(text) > limit:
        text = f"{text[: limit // 2]}\n... ({len(text) - limit} characters more)\n{text[-(limit // 2) :]}"
    if any(map(_has_lines, _chain(error))):
        text = "".join(f"    {line}" for line in text.splitlines(keepends=True))
    return escaped(text)


def escaped(text: str) -> str:
    """Return text with all that is not printable escaped, but for line feeds and tabs."""
    if text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return "".join(
        char if char in "\n\t" or char.isprintable() else char.encode("unicode_escape").decode()
        for char in text
    )


def _has_lines(error: BaseException) -> bool:
    """Whether what an exception says of itself makes lines of a traceback of its own."""
    try:
        if BaseException.__getattribute__(error, "__dict__").get("__notes__"):
            return True
    except BaseException:  # a class may have replaced __dict__
        return True
    return len(f"{name_of(error)}: {text_of(error)}".splitlines()) > 1


def _chain(error: BaseException) -> list[BaseException]:
    """Return an exception with those that its traceback shows as well, as far as they can be found."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting and len(found) < _MOST_CHAINED:
        each = waiting.pop()
        if not isinstance(each, BaseException) or any(each is other for other in found):
            continue
        found.append(each)
        waiting += [BaseException.__dict__[name].__get__(each) for name in ("__cause__", "__context__")]
        try:
            waiting += getattr(each, "exceptions", ())
        except BaseException:
            continue
    return found
