# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``mock_sends``: expects messages to be published by a piece of code, and checks them afterwards."""

from __future__ import annotations

import copy
import difflib
import functools
import inspect
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, TypeVar

from .._amqp.messages import PublishSettings, prepare
from .._client.interception import interception
from .._message.headers import SENT_AT
from ..message import Message

__all__ = ["mock_sends"]

_F = TypeVar("_F", bound=Callable[..., Any])


class mock_sends:
    """Assert that exactly these messages are published, without sending them.

    It can be used as a context manager, which returns a list with copies of the messages sent so far, and as
    a decorator for functions and coroutine functions. It can be used several times. It applies to
    :func:`~fedora_messaging.api.publish`, :func:`~fedora_messaging.api.twisted_publish` and every
    :class:`~fedora_messaging.api.Client`, in any thread. No connection is made and no signal is sent. If
    several are nested, the inner one receives the messages.

    >>> from fedora_messaging import api
    >>> with mock_sends(api.Message(topic="t", body={"a": 1})) as sent:
    ...     api.publish(api.Message(topic="t", body={"a": 1}))
    >>> sent[0].body
    {'a': 1}

    Args:
        expected: The expected messages, in order. Give a message to compare with, or a class that the message
            must belong to. Without arguments, nothing may be published.

    Raises:
        AssertionError: On leaving the block: more, fewer or other messages were published. The error shows
            the difference. An exception raised in the block passes through.
        jsonschema.ValidationError: On leaving the block: a message that was published is not valid.
        ValidationError: On leaving the block: a message that was published cannot be sent because of a header
            or its size.
    """

    def __init__(self, *expected: Message | type[Message]) -> None:
        self.expected = expected
        self._entered: list[list[Message]] = []
        self._lock = threading.Lock()

    def __enter__(self) -> list[Message]:
        sent: list[Message] = []

        def take(message: Message) -> None:
            kept = _copied(message)
            with self._lock:
                sent.append(kept)

        self._entered.append(sent)
        interception.takers.append(take)
        return sent

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        interception.takers.pop()
        sent = self._entered.pop()
        if error is None:
            self._check(sent)

    def __call__(self, function: _F) -> _F:
        wrapped: Any
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def wrapped(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return await function(*args, **kwargs)

        else:

            @functools.wraps(function)
            def wrapped(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return function(*args, **kwargs)

        return wrapped  # type: ignore[no-any-return]

    def _check(self, sent: list[Message]) -> None:
        if len(sent) != len(self.expected):
            raise AssertionError(
                f"Expected {len(self.expected)} messages to be sent, but {len(sent)} were sent"
                + "".join(f"\nsent: {each!r}" for each in sent)
                + _difference([_line(each) for each in self.expected], [_line(each) for each in sent])
            )
        for number, (wanted, message) in enumerate(zip(self.expected, sent, strict=True), 1):
            if isinstance(wanted, type):
                if not isinstance(message, wanted):
                    raise AssertionError(
                        f"Message {number} of {len(sent)} was to be a {wanted.__name__}, but is {message!r}"
                    )
            elif wanted != message:
                raise AssertionError(
                    f"Message {number} of {len(sent)} is not the expected one."
                    + _difference(_lines(wanted), _lines(message))
                )
            message.validate()
            prepare(message, None, PublishSettings())


def _copied(message: Any) -> Any:
    """Copy a message; attributes that cannot be copied are shared."""
    try:
        return copy.deepcopy(message)
    except Exception:  # a class may hold a lock, a file, a connection
        kept = copy.copy(message)
        for name, value in vars(message).items():
            with suppress(Exception):
                vars(kept)[name] = copy.deepcopy(value)
        return kept


def _line(message: Any) -> str:
    """Show a message, or a class, in one line that is the same for equal messages."""
    if isinstance(message, type):
        return message.__name__
    return f"{type(message).__name__}(topic={message.topic!r}, body={message.body!r})"


def _lines(message: Message) -> list[str]:
    """Show the parts of a message that are compared, and its class."""
    kept = [line for line in str(message).splitlines() if not line.startswith("Id: ") and SENT_AT not in line]
    return [f"Class: {type(message).__name__}", *kept]


def _difference(expected: list[str], sent: list[str]) -> str:
    lines = list(difflib.unified_diff(expected, sent, "expected", "sent", lineterm="", n=10))
    return "\n" + "\n".join(lines or [*expected, "(they look the same, and are not equal)"])
