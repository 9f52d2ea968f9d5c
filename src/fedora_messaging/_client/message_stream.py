# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Messages that a task asks for one after another, instead of a callback that is called with each."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .._core.spans import CallbackTracer
from ..exceptions import Drop, HaltConsumer, Nack
from ..message import Message
from .async_consuming import Consuming
from .event_loop import EventLoop

if TYPE_CHECKING:
    from .current_service import CurrentService

__all__ = ["MessageStream"]

#: The outcome of a message: None: acknowledged; else what a callback would have raised.
_Outcome = asyncio.Future["Exception | None"]


class MessageStream:
    """A stream of messages: an asynchronous iterator, to be used inside its ``async with`` block.

    >>> async def main(client):
    ...     async with client.messages() as stream:
    ...         async for message in stream:  # acknowledged when the next is asked for
    ...             print(message)

    Made by :meth:`fedora_messaging.asyncio.Client.messages`. Entering the block returns when all queues are
    consumed. When it is left (``break``, an exception, a cancellation), the message that was not finished
    and those that wait go back to their queues, and the consumers end in order; cancelling that ends them at
    once. After the loss of a connection the consumers come back by themselves, and a message that was not
    acknowledged before comes again.

    The iterator raises the errors that end a consumer, such as BadDeclaration, PermissionException and
    ConsumerCanceled. It ends when the client is closed. It may be used by one task at a time, on one event
    loop.

    Raises:
        RuntimeError: On use outside of the block, from another event loop, or while another task waits for
            the next message.
    """

    def __init__(self, current: CurrentService, bindings: Any, queues: Any) -> None:
        self._current = current
        self._options = {"bindings": bindings, "queues": queues}
        self._loop: EventLoop | None = None
        self._consuming: Consuming | None = None
        self._ending: asyncio.Future[None] | None = None
        #: Messages with their outcomes, and the spans in which they are processed.
        self._arrived: deque[tuple[Message, _Outcome, object]] = deque()
        #: Leaves the span that this task has entered.
        self._leave_span: Callable[[], None] | None = None
        self._outcome: _Outcome | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._closed = False

    async def __aenter__(self) -> MessageStream:
        if self._loop is not None:
            raise RuntimeError("a stream of messages can be entered only once: make another")
        self._loop = EventLoop.running()
        consuming = Consuming(self._loop, self._current, self._take, concurrency=1, **self._options)
        starting = asyncio.ensure_future(consuming.start())
        try:
            await asyncio.shield(starting)
        except BaseException:
            self._release()  # of a queue that is consumed before the others; before its consumer ends
            starting.cancel()
            await asyncio.wait([starting])
            raise
        self._consuming = consuming
        self._ending = asyncio.ensure_future(consuming.end())
        self._ending.add_done_callback(self._ended)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._leave()
        self._release()
        consuming, ending = self._consuming, self._ending
        if consuming is not None and ending is not None and not ending.done():
            await consuming.stop()
            await asyncio.wait([ending])

    def __aiter__(self) -> MessageStream:
        return self

    async def __anext__(self) -> Message:
        loop = self._entered()
        if self._waiter is not None:
            raise RuntimeError("another task waits for the next message of this stream")
        self._leave()
        self._settle(None)
        while True:
            while self._arrived:
                message, outcome, span = self._arrived.popleft()
                if not outcome.done():  # else its consumer has ended meanwhile
                    self._outcome = outcome
                    self._enter(span)
                    return message
            if self._closed or self._ending is None:
                raise StopAsyncIteration
            if self._ending.done():
                await self._ending  # which raises what has ended it
                raise StopAsyncIteration
            self._waiter = loop.loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None

    async def ack(self) -> None:
        """Acknowledge the current message now, and not only when the next one is requested.

        Raises:
            RuntimeError: There is no current message, or it was already acknowledged, returned or dropped.
        """
        self._decide(None)

    async def nack(self, delay: float | None = None) -> None:
        """Return the current message to its queue, like a callback that raises ``Nack``.

        Args:
            delay: Seconds until it is tried again; None: as the failure policy says.

        Raises:
            RuntimeError: There is no current message, or it was already acknowledged, returned or dropped.
            ValueError: ``delay`` is not a number of at least 0.
        """
        self._decide(Nack(delay=delay))

    async def drop(self) -> None:
        """Drop the current message, like a callback that raises ``Drop``.

        Raises:
            RuntimeError: There is no current message, or it was already acknowledged, returned or dropped.
        """
        self._decide(Drop())

    async def _take(self, message: Message) -> None:
        """The callback of the consumers; it ends when the message is finished."""
        if self._closed or self._loop is None:
            raise _left()
        outcome: _Outcome = self._loop.loop.create_future()
        tracer = self._tracer
        self._arrived.append((message, outcome, None if tracer is None else tracer.present()))
        self._wake()
        error = await outcome
        if error is not None:
            raise error

    @property
    def _tracer(self) -> CallbackTracer | None:
        service = self._current.service
        return None if service is None else service.tracing

    def _enter(self, span: object) -> None:
        """Have what the task does with the message belong to its span."""
        if self._tracer is not None and span is not None:
            self._leave_span = self._tracer.enter(span)

    def _leave(self) -> None:
        leave, self._leave_span = self._leave_span, None
        if leave is not None:
            leave()

    def _decide(self, error: Exception | None) -> None:
        self._entered()
        if self._outcome is None:
            raise RuntimeError("there is no message to settle: none was asked for, or it is settled already")
        self._settle(error)

    def _settle(self, error: Exception | None) -> None:
        outcome, self._outcome = self._outcome, None
        if outcome is not None and not outcome.done():
            outcome.set_result(error)

    def _release(self) -> None:
        """Put back what is not finished, and whatever comes from now on."""
        self._closed = True
        self._settle(_left())
        while self._arrived:
            _, outcome, _ = self._arrived.popleft()
            if not outcome.done():
                outcome.set_result(_left())
        self._wake()

    def _entered(self) -> EventLoop:
        loop = self._loop
        if loop is None or self._consuming is None:
            raise RuntimeError("enter the stream of messages first: async with client.messages() as stream")
        if loop is not EventLoop.running():
            raise RuntimeError("this stream of messages belongs to another event loop")
        return loop

    def _ended(self, ending: asyncio.Future[None]) -> None:
        if not ending.cancelled():
            ending.exception()  # raised when the next message is asked for
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _left() -> HaltConsumer:
    """Return what puts a message back and ends its consumer."""
    return HaltConsumer(0, "the stream of messages was left", requeue=True)
