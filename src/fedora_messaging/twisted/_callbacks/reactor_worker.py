# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Callbacks on the reactor: coroutines, functions that return Deferreds, any for who embeds the service."""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from typing import Any

from twisted.internet.defer import Deferred

from ..._core.delivery import Delivery, ends_consumer
from ...message import Message
from .awaiting import (
    Ended,
    is_awaitable,
    outcome_of,
    run_in_task,
    running_loop,
    start_awaitable,
    wait_in_task,
    wrapped,
)
from .thread_worker import Decode, Finished, Waiting, invalid, raised

__all__ = ["ReactorWorker"]

#: How many callbacks may run on the reactor before other events get their turn.
_BURST = 50


class ReactorWorker:
    """Calls a callback on the reactor; it returns a value, or anything awaitable.

    Under the asyncio reactor one asyncio task runs the callbacks of a burst one after the other, each in a
    context of its own; a task for each message costs four times as much.

    Args:
        callback: Called with each message, when all before it have finished.
        decode: Makes the message.
        finished: Called with the outcomes.
        call_later: ``clock.callLater``.
        started: Called before each callback, when given; it must not raise.
        from_thread: ``reactor.callFromThread``; None: the global reactor's.
    """

    def __init__(
        self,
        callback: Callable[[Message], Any],
        decode: Decode,
        finished: Finished,
        call_later: Callable[..., Any],
        started: Callable[[Delivery], None] | None = None,
        from_thread: Callable[..., Any] | None = None,
    ) -> None:
        self._callback = callback
        self._decode = decode
        self._finished = finished
        self._call_later = call_later
        self._started = started
        self._from_thread = from_thread
        self._waiting = Waiting()
        self._tickets: deque[int] = deque()
        self._done: list[tuple[Delivery, Exception | None]] = []
        self._turn_due = False
        self._halted = False
        self._bursting = False
        self._task: asyncio.Task[None] | None = None  # a reference, which the loop does not keep
        self.running: Delivery | None = None

    def put(self, delivery: Delivery) -> None:
        """See :class:`Worker`."""
        self._tickets.append(self._waiting.add(delivery))
        self._turn_soon()

    def take_back(self, before: float | None = None) -> list[Delivery]:
        """See :class:`Worker`."""
        return self._waiting.take_back(before)

    @property
    def oldest(self) -> float | None:
        """See :class:`Worker`."""
        return self._waiting.oldest

    def stop(self) -> None:
        """See :class:`Worker`."""

    def _turn_soon(self) -> None:
        if not self._turn_due:
            self._turn_due = True
            self._call_later(0, self._turn)

    @property
    def _may_go_on(self) -> bool:
        return bool(self._tickets) and self.running is None and not self._halted

    def _turn(self) -> None:
        self._turn_due = False
        if self._bursting:
            return  # the burst looks for more when it has finished
        loop = running_loop()
        if loop is not None and self._may_go_on:
            self._bursting = True
            # An eager task (Python 3.12) may have run to its end when it comes back.
            self._task = loop.create_task(self._burst(loop))
            return
        for _ in range(_BURST):
            if not self._may_go_on:
                break
            message = self._next()
            if message is not None:
                self._call(message)
        if self._may_go_on:
            self._turn_soon()
        self._flush()

    def _flush(self) -> None:
        if self._done:
            batch, self._done = self._done, []
            self._finished(batch)

    def _next(self) -> Message | None:
        """The next message, whose delivery runs from here on; None when it was taken back or is not one."""
        delivery = self._waiting.claim(self._tickets.popleft())
        if delivery is None:
            return None
        try:
            message = self._decode(delivery)
        except BaseException as error:  # SystemExit of a schema class: the reactor would log it, and go on
            self._done.append((delivery, invalid(error)))
            return None
        self.running = delivery
        return message

    def _begin(self, message: Message) -> Any:
        """Call the callback."""
        if self._started is not None and self.running is not None:
            self._started(self.running)
        return self._callback(message)

    def _end(self, error: BaseException | None) -> None:
        delivery, self.running = self.running, None
        assert delivery is not None
        outcome = raised(error)
        self._halted = outcome is not None and ends_consumer(outcome)
        self._done.append((delivery, outcome))

    # Without asyncio

    def _call(self, message: Message) -> None:
        try:
            result = self._begin(message)
            waiting = outcome_of(result, self._from_thread) if is_awaitable(result) else None
        except BaseException as error:
            self._end(error)
            return
        if waiting is None:
            self._end(None)
        else:
            waiting.addCallbacks(self._fired, lambda failure: self._fired(Ended(None, failure.value)))

    def _fired(self, ended: Ended) -> None:
        self._end(ended.error)
        self._turn_soon()

    # With asyncio

    async def _burst(self, loop: asyncio.AbstractEventLoop) -> None:
        for _ in range(_BURST):
            if not self._may_go_on:
                break
            message = self._next()
            if message is None:
                continue
            try:
                await self._run(message, loop)
            except BaseException as error:
                self._end(error)
            else:
                self._end(None)
            if _is_being_cancelled():
                break  # which would hit the next one: it gets a task of its own
        self._bursting = False
        if self._may_go_on:
            self._turn_soon()
        self._flush()

    async def _run(self, message: Message, loop: asyncio.AbstractEventLoop) -> None:
        context = copy_context()
        result = context.run(self._begin, message)
        while is_awaitable(result):
            kind = type(result)
            # What has finished is settled while this one waits.
            if issubclass(kind, Deferred):
                self._flush()
                result = await wait_in_task(result, loop)
            elif issubclass(kind, Future) or asyncio.isfuture(result):
                self._flush()
                result = await wait_in_task(start_awaitable(result, self._from_thread), loop)
            else:
                coroutine = result if inspect.iscoroutine(result) else wrapped(result)
                result = await run_in_task(coroutine, loop, context, self._flush)


def _is_being_cancelled() -> bool:
    """Whether somebody has asked the present task to end, and it has not noticed (Python 3.11)."""
    task = asyncio.current_task()
    cancelling = getattr(task, "cancelling", None)
    return cancelling is not None and cancelling() > 0
