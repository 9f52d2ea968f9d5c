# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The thread that publishes many messages and waits: it draws, encodes, hands over, and reports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from ..exceptions import ConnectionException, excerpt
from ..message import Message
from ..signals import pre_publish_signal
from .many_drawing import Drawing
from .reactor_thread import reactor_thread, wait

__all__ = ["publish_all"]


def publish_all(
    messages: Iterable[Message], drawing: Drawing, progress: Callable[[int], object] | None
) -> int:
    """Publish all messages of an iterable.

    Args:
        messages: The messages.
        drawing: Checks them, and has what publishes them.
        progress: Called with the number of messages that are confirmed, now and then.

    Returns:
        How many messages were confirmed, or taken by a test.

    Raises:
        PublishManyError: Not all were. It is also the cause of what ends the call before its time:
            KeyboardInterrupt, or what ``progress`` raised.
        ValueError: The messages cannot be iterated over.
    """
    try:
        drawn = iter(messages)
    except TypeError:
        raise ValueError(f"messages must be an iterable of messages, not {excerpt(messages, 60)}") from None
    run = drawing.run
    try:
        more = True
        while more and drawing.goes_on:
            more = _draw(drawn, drawing)
            if drawing.batch and not run.is_over():
                _call(drawing, run.feed, drawing.hand_over())
            _report(drawing, progress)
        _call(drawing, run.finish)
        _report(drawing, progress)
    except BaseException as error:  # KeyboardInterrupt, for one
        with suppress(ConnectionException):
            wait(reactor_thread.call(run.give_up), None)
        drawing.explain(error)
        raise
    return drawing.result()


def _draw(messages: Iterator[Message], drawing: Drawing) -> bool:
    """Draw and encode a batch; returns whether there may be more."""
    while not drawing.is_full and drawing.goes_on:
        try:
            message = next(messages)
        except StopIteration:
            return False
        except Exception as error:
            drawing.reason = error
            return False
        if drawing.is_taken(message) or (pre_publish_signal.receivers and not drawing.announce(message)):
            continue
        drawing.add(message)
    return True


def _call(drawing: Drawing, call: Callable[..., Any], *arguments: Any) -> None:
    try:
        wait(reactor_thread.call(call, *arguments), None)
    except Exception as error:
        drawing.failed(error)


def _report(drawing: Drawing, progress: Callable[[int], object] | None) -> None:
    drawing.tell()
    if progress is not None:
        progress(drawing.confirmed)
