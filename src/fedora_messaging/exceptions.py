# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Every error this package raises."""

from __future__ import annotations

import builtins
import reprlib
from typing import Any

from ._reporting.text import name_of, shown, text_of

__all__ = [
    "BadDeclaration",
    "BaseException",
    "CallbackRaised",
    "ConfigurationException",
    "ConnectionException",
    "ConsumeException",
    "ConsumerCanceled",
    "Drop",
    "HaltConsumer",
    "Nack",
    "NoFreeChannels",
    "PermissionException",
    "PublishException",
    "PublishForbidden",
    "PublishReturned",
    "PublishTimeout",
    "ValidationError",
]


class BaseException(Exception):
    """The base class of every error this package raises."""

    def __str__(self) -> str:
        return text_of(self, make=super().__str__) or self._about()

    def _about(self) -> str:
        """Return the meaning of the error, for errors that are raised without a text."""
        return (type(self).__doc__ or type(self).__name__).strip().splitlines()[0]


class _Reasoned(BaseException):
    """An error with a reason and additional attributes.

    Args:
        reason: What happened, for people.
        kwargs: Become attributes of the error.
    """

    def __init__(self, reason: Any = None, **kwargs: Any) -> None:
        super().__init__(*(() if reason is None else (reason,)))
        self.reason = reason
        self.__dict__.update(kwargs)


class ConfigurationException(BaseException):
    """The configuration cannot be used.

    Args:
        message: The reason in one line, which names the file and the key.
    """

    def __init__(self, message: str = "the configuration cannot be used") -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return f"Configuration error: {text_of(self.message)}"


class ConnectionException(_Reasoned):
    """The connection to the broker failed."""


class NoFreeChannels(ConnectionException):
    """The connection has no channel left."""


class PermissionException(BaseException):
    """The broker refused access.

    Args:
        obj_type: What access was refused to ("queue", "exchange", "connection", ...), if it is known.
        description: Which one, if it is known.
        reason: The broker's reply.
    """

    def __init__(self, obj_type: str | None = None, description: Any = None, reason: Any = None) -> None:
        super().__init__(obj_type, description, reason)
        self.obj_type = obj_type
        self.description = description
        self.reason = reason

    def __str__(self) -> str:
        about = self._about().rstrip(".")
        what = " ".join(text_of(part) for part in (self.obj_type, self.description) if part is not None)
        reason = "" if self.reason is None else text_of(self.reason)
        return f"{about}{f' ({what})' if what else ''}{f': {reason}' if reason else ''}"


class BadDeclaration(PermissionException):
    """The broker refused a declaration."""


class PublishException(_Reasoned):
    """The message could not be published."""


class PublishReturned(PublishException):
    """The broker refused the message."""


class PublishForbidden(PublishReturned):
    """The broker does not permit publishing this message."""


class PublishTimeout(PublishException, ConnectionException):
    """The time to publish the message ran out."""


class ConsumeException(BaseException):
    """Base class of the errors that have to do with consuming."""


class Nack(ConsumeException):
    """A callback asks for the message to be put back into the queue."""


class Drop(ConsumeException):
    """A callback asks for the message to be dropped."""


class HaltConsumer(ConsumeException):
    """A callback asks for the consumer to stop.

    Args:
        exit_code: What the command line exits with.
        reason: Why, for people.
        requeue: Whether the message goes back into the queue; it is acknowledged otherwise.
        kwargs: Become attributes of the error.
    """

    def __init__(self, exit_code: int = 0, reason: Any = None, requeue: bool = False, **kwargs: Any) -> None:
        super().__init__(exit_code, reason, requeue)
        self.exit_code = exit_code
        self.reason = reason
        self.requeue = requeue
        self.__dict__.update(kwargs)

    def __str__(self) -> str:
        reason = "" if self.reason is None else text_of(self.reason)
        return reason or f"The consumer was asked to stop (exit code {text_of(self.exit_code)})"


class CallbackRaised(ConsumeException):
    """A callback raised what cannot be passed on as it is; that is the ``__cause__``.

    These are SystemExit, CancelledError, StopIteration and the like, which have a meaning of their own where
    they propagate, and exceptions whose classes do not let Python set their traceback.

    Args:
        error: What it raised.
    """

    def __init__(self, error: builtins.BaseException | None = None) -> None:
        super().__init__(*(() if error is None else (shown(error),)))
        if issubclass(type(error), builtins.BaseException):
            self.__cause__ = error


class ConsumerCanceled(ConsumeException, _Reasoned):
    """The broker cancelled the consumer."""


class ValidationError(BaseException):
    """The message does not keep to its schema, or is no message at all.

    ``raise ValidationError(error) from error`` keeps jsonschema's error as the cause.
    """

    @property
    def summary(self) -> str:
        """The first line of the error."""
        try:
            text = getattr(self.args[0] if self.args else None, "message", None)
        except Exception:  # of a property
            text = None
        return (text_of(text) if issubclass(type(text), str) else text_of(self)).split("\n", 1)[0]


class _Excerpts(reprlib.Repr):
    """Short representations of values of any size and depth."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 3
        self.maxstring = self.maxother = 120

    def repr_str(self, value: str, level: int) -> str:
        return super().repr_str(value[: self.maxstring + 1], level)

    def repr_bytes(self, value: bytes, level: int) -> str:
        return repr(value[: self.maxother])

    repr_bytearray = repr_bytes

    def repr_int(self, value: int, level: int) -> str:
        # Python refuses to convert very long integers.
        return super().repr_int(value, level) if value.bit_length() < 1000 else "<a very long integer>"

    def repr_instance(self, value: object, level: int) -> str:
        try:
            return super().repr_instance(value, level)
        except RecursionError:
            return f"<{type(value).__name__} nested too deep to show>"


_excerpts = _Excerpts()


def excerpt(value: object, limit: int = 300) -> str:
    """Shorten a value that a remote peer sent, for a log line.

    Args:
        value: Text is shown as it is, an error by the first line of its text, anything else by a
            short representation.
        limit: The most characters that are shown. Up to twelve more say that something was left out.

    Returns:
        One line: control characters, line separators and lone surrogates are escaped.
    """
    if issubclass(type(value), ValidationError):  # isinstance() asks the value's __class__, which may raise
        value = value.summary  # type: ignore[attr-defined]
    elif issubclass(type(value), Exception):
        value = text_of(value) or name_of(value)
    text = text_of(value, make=None if issubclass(type(value), str) else lambda: _excerpts.repr(value))
    short = text[:limit]
    if not short.isprintable():
        short = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in short)
    return short if len(text) <= limit and len(short) <= limit else f"{short[:limit]}... (more)"


#: The most bytes that are shown of a text from a peer, without the mark that something was left out.
_MOST_FROM_WIRE = 1_000


def from_wire(value: object) -> str:
    """Escape and shorten a text that a peer sent, for display.

    Invariant: all data of a peer (reply texts, names, reasons) passes through here before it is shown, so
        that no
    log line, error text, page or terminal gets it unescaped.

    Args:
        value: The text, or its bytes where it was not UTF-8.

    Returns:
        One line of 1 kB at most: control, format and other unprintable characters are escaped.
    """
    if isinstance(value, (bytes, bytearray)):
        value = value[: _MOST_FROM_WIRE + 1].decode("utf-8", "backslashreplace")
    text = excerpt(value, _MOST_FROM_WIRE)
    if text.isascii():
        return text
    data = text.encode()
    if len(data) <= _MOST_FROM_WIRE:
        return text
    return f"{data[:_MOST_FROM_WIRE].decode('utf-8', 'ignore')}... (more)"
