# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Every error this package raises."""

from __future__ import annotations

import builtins
import math
from typing import Any

from ._reporting.passwords import redacted
from ._reporting.representation import short_repr
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
    "PublishBacklog",
    "PublishException",
    "PublishForbidden",
    "PublishManyError",
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
        obj_type: What kind of object access was refused to ("queue", "exchange", "connection", ...), if
            known.
        description: The name of the object, if known.
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


class PublishBacklog(PublishException):
    """Too many messages are waiting to be published; this one was not sent."""


class PublishManyError(PublishException):
    """Not all of many messages were published.

    Args:
        reason: What happened, for people.
        confirmed: How many the broker has confirmed.
        failed: The messages that failed, each with its error.
        unsent: The messages that were taken from the iterable but not sent. The rest of the iterable was not
            read.
    """

    def __init__(
        self,
        reason: Any = None,
        confirmed: int = 0,
        failed: list[tuple[Any, Exception]] | None = None,
        unsent: list[Any] | None = None,
    ) -> None:
        super().__init__(reason)
        self.confirmed = confirmed
        self.failed = [] if failed is None else failed
        self.unsent = [] if unsent is None else unsent


class ConsumeException(BaseException):
    """The base class of errors about consuming."""


class Nack(ConsumeException):
    """A callback asks for the message to be put back into the queue.

    Args:
        args: Why, for people.
        delay: Seconds until the message is tried again this time. None means the delay of the failure policy.

    Raises:
        ValueError: ``delay`` is not a number of at least 0.
    """

    def __init__(self, *args: object, delay: float | None = None) -> None:
        super().__init__(*args)
        if delay is not None and not is_delay(delay):
            raise ValueError(
                f"delay must be None or a number of seconds, 0 at least, not {excerpt(delay, 60)}"
            )
        self.delay = delay


class Drop(ConsumeException):
    """A callback asks for the message to be dropped."""


class HaltConsumer(ConsumeException):
    """A callback asks for the consumer to stop.

    Args:
        exit_code: The exit code of the command line.
        reason: Why, for people.
        requeue: Whether the message is returned to the queue. Otherwise it is acknowledged.
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
    """A callback raised an exception that cannot be passed on; it is the ``__cause__``.

    This is the case for exceptions that have a special meaning where they propagate, such as SystemExit,
    CancelledError and StopIteration, and for classes that do not let Python set the traceback.

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
    """The message does not match its schema, or is not a message at all.

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


def is_delay(value: object) -> bool:
    """Whether a value is a number of seconds that can be waited for: 0 at least, and finite as a float."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return 0 <= float(value) < math.inf
    except OverflowError:  # a whole number that no float can be
        return False


def excerpt(value: object, limit: int = 300) -> str:
    """Shorten a value that a remote peer sent, for a log line.

    Args:
        value: Text is shown as it is, an error by the first line of its text without the passwords of URLs,
            anything else by a short representation.
        limit: The most characters that are shown. Up to twelve more say that something was left out.

    Returns:
        One line: control characters, line separators and lone surrogates are escaped.
    """
    if issubclass(type(value), ValidationError):  # isinstance() asks the value's __class__, which may raise
        value = redacted(value.summary)  # type: ignore[attr-defined]
    elif issubclass(type(value), Exception):
        value = redacted(text_of(value)) or name_of(value)
    text = text_of(value, make=None if issubclass(type(value), str) else lambda: short_repr(value))
    short = text[:limit]
    if not short.isprintable():
        short = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in short)
    return short if len(text) <= limit and len(short) <= limit else f"{short[:limit]}... (more)"


#: The most bytes that are shown of a text from a peer, without the mark that something was left out.
_MOST_FROM_WIRE = 1_000


def from_wire(value: object) -> str:
    """Escape and shorten a text that a peer sent, for display.

    Invariant: all data of a peer (reply texts, names, reasons) passes through here before it is shown, so
    that no log line, error text, page or terminal gets it unescaped.

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
