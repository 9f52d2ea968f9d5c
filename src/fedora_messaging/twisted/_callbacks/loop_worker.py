# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Callbacks on the asyncio event loop of whoever consumes, in whichever thread that runs.

Deliveries are put, taken back and settled in the reactor's thread, and callbacks run in the loop's. Both
hand over everything that waits with one wake-up of the other.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import inspect
import threading
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred

from ..._core.delivery import Delivery, ends_consumer
from ..._reporting.text import shown
from ...exceptions import ConsumeException
from ...message import Message
from .awaiting import ELSEWHERE, is_awaitable, run_in_task, running_loop, wrapped
from .reactor_worker import ReactorWorker
from .timer import CallbackTimer
from .worker import Decode, Ended, Finished, Holds, Started

__all__ = ["Caller", "LoopWorker"]


class Caller(NamedTuple):
    """Who consumes: the event loop, and the context of the task."""

    loop: asyncio.AbstractEventLoop
    context: Context


class LoopWorker(ReactorWorker):
    """Calls a coroutine function in tasks of an event loop, each time in a context of its own.

    Args:
        callback: Called with each message, when all before it have finished.
        decode: Makes the message; runs in the loop's thread.
        finished: Called in the reactor's thread with the outcomes.
        from_thread: ``reactor.callFromThread``.
        caller: Where callbacks run, and the context that theirs are copies of.
        started: Called in the loop's thread before each callback, when given.
        died: Called in the reactor's thread when the loop was closed.
        holds: Called in the loop's thread after each callback: whether to wait for :meth:`proceed`.
        concurrency: How many callbacks may run at a time.
        ended: Called in the loop's thread after each callback, when given.
        timer: Takes how long callbacks ran, when given.
    """

    def __init__(
        self,
        callback: Callable[[Message], Any],
        decode: Decode,
        finished: Finished,
        from_thread: Callable[..., Any],
        caller: Caller,
        started: Started | None = None,
        died: Callable[[ConsumeException], None] = lambda _: None,
        holds: Holds = ends_consumer,
        concurrency: int = 1,
        *,
        ended: Ended | None = None,
        timer: CallbackTimer | None = None,
    ) -> None:
        self._loop, self._context = caller
        #: Whether the loop is the reactor's, so that both are one thread.
        self._shared = self._loop is running_loop()
        self._died = died
        self._lock = threading.Lock()
        self._flush_due = False
        self._stopped = False
        self._closed = False
        super().__init__(
            callback,
            decode,
            finished,
            self._call_later,
            started,
            from_thread,
            holds,
            concurrency,
            ended=ended,
            timer=timer,
        )

    @property
    def running(self) -> Delivery | None:
        """See :class:`Worker`."""
        return next(iter(self._running.copy().values()), None) if self._running else None

    def proceed(self, again: Delivery | None = None) -> None:
        """See :class:`Worker`."""
        with self._lock:
            super().proceed(again)

    def stop(self) -> None:
        """See :class:`Worker`; a callback that still runs is cancelled."""
        self._stopped = True
        if self._running:
            self._in_loop(self._cancel_bursts)

    def _call_later(self, _: float, call: Callable[[], None]) -> None:
        if asyncio._get_running_loop() is self._loop:
            self._loop.call_soon(call, context=self._context)
        else:
            self._in_loop(call)

    def _in_loop(self, call: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(call, context=self._context)
        except RuntimeError as error:  # the loop is closed
            if not self._closed:
                self._closed = True
                self._from_thread(self._end_all, error)  # type: ignore[misc]

    def _end_all(self, error: RuntimeError) -> None:
        """The loop was closed; in the reactor's thread."""
        died = ConsumeException(
            f"the asyncio event loop that runs the callbacks cannot be used any more: {shown(error, 300)}"
        )
        died.__cause__ = error
        self._hand_over()
        running = list(self._running.values())
        self._running.clear()
        if running:
            for delivery in running:
                self._tell_ended(delivery, died)
            self._finished([(delivery, died) for delivery in running])
        self._died(died)

    def _cancel_bursts(self) -> None:
        for burst in list(self._bursts):
            burst.cancel()

    # In the loop's thread

    @property
    def _may_go_on(self) -> bool:
        return not self._stopped and super()._may_go_on

    def _turn(self) -> None:
        self._turn_due = False
        self._start_bursts(self._loop)

    def _end(self, delivery: Delivery, error: BaseException | None) -> None:
        with self._lock:
            super()._end(delivery, error)

    def _flush(self) -> None:
        if self._shared:
            super()._flush()
        elif self._done and not self._flush_due:
            self._flush_due = True
            self._from_thread(self._hand_over)  # type: ignore[misc]

    def _hand_over(self) -> None:
        # Cleared before the deque is emptied: what finishes from here on wakes the reactor again.
        self._flush_due = False
        super()._flush()

    async def _run(self, delivery: Delivery, message: Message, loop: asyncio.AbstractEventLoop) -> None:
        if self._shared:
            await super()._run(delivery, message, loop)
            return
        context = copy_context()
        result = context.run(self._begin, delivery, message)
        while is_awaitable(result):
            kind = type(result)
            if issubclass(kind, Deferred):
                raise RuntimeError(ELSEWHERE)
            if issubclass(kind, concurrent.futures.Future):
                result = asyncio.wrap_future(result, loop=loop)
            coroutine = result if inspect.iscoroutine(result) else wrapped(result)
            result = await run_in_task(coroutine, loop, context, self._flush)
