# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The task that publishes many messages and awaits: it draws, encodes, hands over, and reports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from .._reporting.signals import tell_in_pool
from ..exceptions import ConnectionException, excerpt
from ..message import Message
from ..signals import pre_publish_signal
from .event_loop import EventLoop
from .many_drawing import Drawing

__all__ = ["publish_all"]

#: How long messages are drawn until other tasks get their turn, in seconds.
_TURN = 0.01


async def publish_all(
    messages: Iterable[Message] | AsyncIterable[Message],
    drawing: Drawing,
    loop: EventLoop,
    progress: Callable[[int], object] | None,
) -> int:
    """Publish all messages of an iterable.

    Args:
        messages: The messages.
        drawing: Checks them, and has what publishes them.
        loop: The event loop of the task.
        progress: Called with the number of messages that are confirmed, now and then.

    Returns:
        How many messages were confirmed, or taken by a test.

    Raises:
        PublishManyError: Not all were. It is also the cause of what ends the call before its time:
            CancelledError, or what ``progress`` raised.
        ValueError: The messages cannot be iterated over.
    """
    call = _Call(messages, drawing, loop, progress)
    try:
        await call.draw()
        await call.finish()
    except GeneratorExit:  # nothing can be awaited any more
        loop.begin(drawing.run.give_up)
        raise
    except BaseException as error:
        with suppress(ConnectionException, asyncio.CancelledError):
            await loop.call(drawing.run.give_up).future
        drawing.explain(error)
        raise
    return drawing.result()


class _Call:
    """One call.

    What was drawn is handed over when it fills a batch, and as soon as the task waits for the next message.
    One batch is handed over at a time: until there is room for another, what is drawn waits.
    """

    def __init__(
        self, messages: Any, drawing: Drawing, loop: EventLoop, progress: Callable[[int], object] | None
    ) -> None:
        self._plain: Iterator[Message] | None = None
        self._slow: AsyncIterator[Message]
        try:
            if hasattr(type(messages), "__aiter__"):
                self._slow = aiter(messages)
            else:
                self._plain = iter(messages)
        except TypeError:
            raise ValueError(
                "messages must be an iterable or an asynchronous iterable of messages, not "
                + excerpt(messages, 60)
            ) from None
        self._drawing = drawing
        self._loop = loop
        self._progress = progress
        self._feeding: asyncio.Future[None] | None = None
        self._flush_due = False
        self._news = False

    async def draw(self) -> None:
        """Draw messages until there are no more, or none are to be drawn any more."""
        drawing, plain, now = self._drawing, self._plain, self._loop.loop.time
        until = now() + _TURN
        while drawing.goes_on:
            try:
                message = await anext(self._slow) if plain is None else next(plain)
            except (StopIteration, StopAsyncIteration):
                return
            except Exception as error:
                drawing.reason = error
                return
            if not drawing.is_taken(message) and (
                not pre_publish_signal.receivers or await asyncio.to_thread(drawing.announce, message)
            ):
                drawing.add(message)
            while drawing.is_full and drawing.goes_on:
                await self._hand_over()
            if self._feeding is None and not self._flush_due:
                self._flush_due = True
                self._loop.loop.call_soon(self._flush)
            if self._news:
                await self._report()
            if now() > until:
                await asyncio.sleep(0)
                until = now() + _TURN

    async def finish(self) -> None:
        """Hand over what is left, and wait until nothing is on its way any more."""
        drawing = self._drawing
        while self._feeding is not None or (drawing.batch and not drawing.run.is_over()):
            await self._hand_over()
        try:
            await self._loop.call(drawing.run.finish).future
        except Exception as error:
            drawing.failed(error)
        await self._report()

    async def _hand_over(self) -> None:
        """Hand over what was drawn, or wait until there is room for it."""
        if self._feeding is None:
            self._flush()
        else:
            await asyncio.wait([self._feeding])

    def _flush(self) -> None:
        self._flush_due = False
        drawing = self._drawing
        if self._feeding is None and drawing.batch and not drawing.run.is_over():
            try:
                feeding = self._loop.call(drawing.run.feed, drawing.hand_over()).future
            except Exception as error:
                drawing.failed(error)
                return
            self._feeding = feeding
            feeding.add_done_callback(self._fed)

    def _fed(self, feeding: asyncio.Future[None]) -> None:
        self._feeding = None
        self._news = True
        error = None if feeding.cancelled() else feeding.exception()
        if isinstance(error, Exception):
            self._drawing.failed(error)
        else:
            self._flush()

    async def _report(self) -> None:
        self._news = False
        if self._drawing.run.outcomes:
            await asyncio.to_thread(self._drawing.tell, tell_in_pool)
        if self._progress is not None:
            self._progress(self._drawing.confirmed)
