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
    is_awaitable,
    outcome_of,
    run_in_task,
    running_loop,
    start_awaitable,
    wait_in_task,
    wrapped,
)
from .timer import CallbackTimer
from .worker import Decode, Ended, Finished, Holds, Outcome, Started, Waiting, invalid, raised

__all__ = ["ReactorWorker"]

#: How many callbacks may run before other events get their turn.
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
        started: Called before each callback, when given.
        from_thread: ``reactor.callFromThread``; None: the global reactor's.
        holds: Called after each callback: whether to wait for :meth:`proceed`.
        concurrency: How many callbacks may run at a time.
        longest_burst: How long callbacks may run under asyncio, however many at a time, before other events
            get their turn, in seconds.
        ended: Called after each callback, when given.
        timer: Takes how long callbacks ran, when given.
    """

    def __init__(
        self,
        callback: Callable[[Message], Any],
        decode: Decode,
        finished: Finished,
        call_later: Callable[..., Any],
        started: Started | None = None,
        from_thread: Callable[..., Any] | None = None,
        holds: Holds = ends_consumer,
        concurrency: int = 1,
        longest_burst: float = 0.01,
        *,
        ended: Ended | None = None,
        timer: CallbackTimer | None = None,
    ) -> None:
        self._callback = callback
        self._decode = decode
        self._finished = finished
        self._call_later = call_later
        self._started = started
        self._ended = ended
        self._timer = timer
        self._from_thread = from_thread
        self._waiting = Waiting()
        self._tickets: deque[int] = deque()
        self._done: list[Outcome] = []
        self._turn_due = False
        self._holds = holds
        self._again: Delivery | None = None
        self._concurrency = concurrency
        self._longest_burst = longest_burst
        self._bursts: set[asyncio.Task[None]] = set()  # references, which the loop does not keep
        self._running: dict[int, Delivery] = {}
        self.held: Delivery | None = None

    @property
    def running(self) -> Delivery | None:
        """See :class:`Worker`."""
        return next(iter(self._running.values()), None)

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

    @property
    def waiting(self) -> int:
        """See :class:`Worker`."""
        return len(self._waiting)

    def proceed(self, again: Delivery | None = None) -> None:
        """See :class:`Worker`."""
        if self.held is None:
            return
        self._again = again  # before anything can be started
        self.held = None
        self._turn_soon()

    def stop(self) -> None:
        """See :class:`Worker`."""

    def _turn_soon(self) -> None:
        if not self._turn_due:
            self._turn_due = True
            self._call_later(0, self._turn)

    @property
    def _may_go_on(self) -> bool:
        return (
            (bool(self._tickets) or self._again is not None)
            and len(self._running) < self._concurrency
            and self.held is None
        )

    def _turn(self) -> None:
        self._turn_due = False
        loop = running_loop()
        if loop is not None:
            self._start_bursts(loop)
            return
        for _ in range(_BURST):
            if not self._may_go_on:
                break
            found = self._next()
            if found is not None:
                self._call(*found)
        if self._may_go_on:
            self._turn_soon()
        self._flush()

    def _flush(self) -> None:
        batch = self._done[:]  # one step, as is the next: no other thread comes between
        del self._done[: len(batch)]
        if batch:
            self._finished(batch)

    def _next(self) -> tuple[Delivery, Message] | None:
        """The next delivery, which runs from here on; None when it was taken back or is no message."""
        delivery, self._again = self._again, None
        if delivery is None:
            delivery = self._waiting.claim(self._tickets.popleft())
        if delivery is None:
            return None
        try:
            message = self._decode(delivery)
        except BaseException as error:  # SystemExit of a schema class: the reactor would log it, and go on
            self._tell_ended(delivery, outcome := invalid(error))
            self._done.append((delivery, outcome))
            return None
        self._running[id(delivery)] = delivery
        return delivery, message

    def _begin(self, delivery: Delivery, message: Message) -> Any:
        """Call the callback."""
        if self._started is not None:
            self._started(delivery, message)
        if self._timer is not None:
            self._timer.begin(id(delivery), message._headers)
        return self._callback(message)

    def _tell_ended(self, delivery: Delivery, outcome: Exception | None) -> None:
        if self._timer is not None:
            self._timer.end(id(delivery), delivery, outcome)
        if self._ended is not None:
            self._ended(delivery, outcome)

    def _end(self, delivery: Delivery, error: BaseException | None) -> None:
        del self._running[id(delivery)]
        outcome = raised(error)
        self._tell_ended(delivery, outcome)
        if self._holds(delivery, outcome):
            self.held = delivery
        self._done.append((delivery, outcome))

    # Without asyncio

    def _call(self, delivery: Delivery, message: Message) -> None:
        try:
            context = copy_context()
            result = context.run(self._begin, delivery, message)
            waiting = outcome_of(result, self._from_thread, context) if is_awaitable(result) else None
        except BaseException as error:
            self._end(delivery, error)
            return
        if waiting is None:
            self._end(delivery, None)
        else:
            waiting.addCallbacks(
                lambda ended: self._fired(delivery, ended.error),
                lambda failure: self._fired(delivery, failure.value),
            )

    def _fired(self, delivery: Delivery, error: BaseException | None) -> None:
        self._end(delivery, error)
        self._turn_soon()

    # With asyncio

    def _start_bursts(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run callbacks in as many tasks as there may be callbacks, and work for."""
        wanted = len(self._tickets) + (self._again is not None)
        while wanted > 0 and self._may_go_on and len(self._bursts) < self._concurrency:
            wanted -= 1
            # An eager task (Python 3.12) may have run to its end when it comes back.
            task = loop.create_task(self._burst(loop))
            if not task.done():
                self._bursts.add(task)
                task.add_done_callback(self._burst_over)

    def _burst_over(self, task: asyncio.Task[None]) -> None:
        if task in self._bursts:  # it was cancelled before it began
            self._bursts.discard(task)
            if self._may_go_on:
                self._turn_soon()

    async def _burst(self, loop: asyncio.AbstractEventLoop) -> None:
        # All that may run at a time have their turns one after the other.
        until = loop.time() + self._longest_burst / self._concurrency
        for _ in range(_BURST):
            if not self._may_go_on or loop.time() > until:
                break
            found = self._next()
            if found is None:
                continue
            delivery, message = found
            try:
                await self._run(delivery, message, loop)
            except BaseException as error:
                if loop.is_closed():  # and this coroutine is being deleted
                    raise
                self._end(delivery, error)
            else:
                self._end(delivery, None)
            if _is_being_cancelled():
                break  # which would hit the next one: it gets a task of its own
        self._bursts.discard(asyncio.current_task())
        if self._may_go_on:
            self._turn_soon()
        self._flush()

    async def _run(self, delivery: Delivery, message: Message, loop: asyncio.AbstractEventLoop) -> None:
        context = copy_context()
        result = context.run(self._begin, delivery, message)
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
