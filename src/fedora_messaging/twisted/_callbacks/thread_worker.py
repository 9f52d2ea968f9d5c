# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Callbacks in threads of their own.

Deliveries go in one by one; outcomes come back to the reactor's thread in batches: one wake-up of the reactor
for everything that finished since the last (2.5 times the rate of one wake-up for each message).
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

from twisted.internet.defer import Deferred

from ..._core.delivery import Delivery, ends_consumer
from ..._reporting.text import shown
from ...exceptions import ConsumeException
from ...message import Message
from .awaiting import end_of, is_awaitable, outcome_of
from .timer import CallbackTimer
from .worker import Decode, Ended, Finished, Holds, Outcome, Started, Waiting, invalid, raised

__all__ = ["ThreadWorker"]


class ThreadWorker:
    """Calls a plain callback in dedicated daemon threads, so that it may block as long as it likes.

    Args:
        callback: Called with each message. Whatever it returns that is awaitable is awaited on the reactor.
        decode: Makes the message; runs in the same thread.
        finished: Called in the reactor's thread.
        from_thread: ``reactor.callFromThread``.
        name: The threads' name.
        started: Called in the worker's thread before each callback, when given.
        died: Called in the reactor's thread when a worker's thread cannot go on, for whatever reason.
        holds: Called in the worker's thread after each callback: whether to wait for :meth:`proceed`.
        concurrency: How many callbacks may run at a time, each in a thread of its own.
        loop: Where to await what the callback returns; None: on the reactor.
        ended: Called in the worker's thread after each delivery, when given.
        timer: Takes how long callbacks ran, when given.
    """

    def __init__(
        self,
        callback: Callable[[Message], Any],
        decode: Decode,
        finished: Finished,
        from_thread: Callable[..., Any],
        name: str,
        started: Started | None = None,
        died: Callable[[ConsumeException], None] = lambda _: None,
        holds: Holds = ends_consumer,
        concurrency: int = 1,
        loop: asyncio.AbstractEventLoop | None = None,
        *,
        ended: Ended | None = None,
        timer: CallbackTimer | None = None,
    ) -> None:
        self._callback = callback
        self._decode = decode
        self._finished = finished
        self._from_thread = from_thread
        self._name = name
        self._started = started
        self._ended = ended
        self._timer = timer
        self._died = died
        self._holds = holds
        self._concurrency = concurrency
        self._loop = loop
        self._waiting = Waiting()
        self._tickets: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._done: list[Outcome] = []
        self._flush_due = False
        self._threads = 0
        self._running: dict[int, Delivery] = {}
        self._stopped = False
        # What holds the threads: changed together, by whichever thread.
        self._lock = threading.Lock()
        self._open = threading.Event()
        self._open.set()
        self._again: Delivery | None = None
        self.held: Delivery | None = None

    @property
    def running(self) -> Delivery | None:
        """See :class:`Worker`."""
        return next(iter(self._running.copy().values()), None) if self._running else None

    def put(self, delivery: Delivery) -> None:
        """See :class:`Worker`."""
        self._tickets.put(self._waiting.add(delivery))
        if self._threads < self._concurrency:
            self._threads += 1
            thread = threading.Thread(target=self._run, args=(self._threads,), name=self._name, daemon=True)
            try:
                thread.start()
            except RuntimeError as error:  # there are too many threads
                self._from_thread(self._end, self._threads, error)

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
        with self._lock:
            if self.held is not None:
                self.held = None
                self._again = again
                self._open.set()

    def stop(self) -> None:
        """See :class:`Worker`."""
        self._stopped = True
        with self._lock:
            self._open.set()
        for _ in range(self._threads):
            self._tickets.put(None)

    def _hold(self, delivery: Delivery) -> None:
        with self._lock:
            self.held = delivery
            if not self._stopped:
                self._open.clear()

    def _run(self, number: int) -> None:
        try:
            self._work(number)
        except BaseException as error:  # raised into the thread from outside, for example
            self._from_thread(self._end, number, error)

    def _end(self, number: int, error: BaseException) -> None:
        """A thread has ended before its time; in the reactor's thread."""
        self._flush()
        died = ConsumeException(f"the thread that runs the callbacks has ended: {shown(error, 300)}")
        died.__cause__ = error
        delivery = self._running.pop(number, None)
        if delivery is not None:
            if self._timer is not None:
                self._timer.end(number, delivery, died)
            if self._ended is not None:
                self._ended(delivery, died)
            self._finished([(delivery, died)])
        self._died(died)

    def _work(self, number: int) -> None:
        running, waiting, opened = self._running, self._waiting, self._open
        watched = not (self._started is None and self._ended is None and self._timer is None)
        call = self._call_watched if watched else self._call
        while (ticket := self._tickets.get()) is not None:
            opened.wait()
            delivery = None if self._stopped else waiting.claim(ticket)
            while delivery is not None:
                running[number] = delivery
                # What a callback sets in its context, such as the present span, ends with it.
                outcome = copy_context().run(call, delivery, number)
                held = self._holds(delivery, outcome)
                if held:  # before the reactor's thread can see the outcome
                    self._hold(delivery)
                del running[number]
                self._done.append((delivery, outcome))
                if not self._flush_due:
                    self._flush_due = True
                    self._from_thread(self._flush)
                if not held:
                    break
                opened.wait()
                delivery, self._again = self._again, None

    def _call(self, delivery: Delivery, _: int) -> Exception | None:
        try:
            message = self._decode(delivery)
        except BaseException as error:  # SystemExit of a schema class would end the thread
            return invalid(error)
        try:
            result = self._callback(message)
            if result is not None and is_awaitable(result):
                return raised(self._wait_for(result))
        except BaseException as error:
            return raised(error)
        return None

    def _call_watched(self, delivery: Delivery, number: int) -> Exception | None:
        """Do what :meth:`_call` does, time the callback, and tell observers.

        What the timer's methods do for other workers is done here: calling them for each message took as long
        as timing it.
        """
        timer = self._timer
        outcome: Exception | None = None
        try:
            message = self._decode(delivery)
            headers = message._headers
        except BaseException as error:
            outcome = invalid(error)
            if timer is not None:
                timer.end(number, delivery, outcome)
        else:
            try:
                if self._started is not None:
                    self._started(delivery, message)
                if timer is not None:
                    timer.running[number] = timer.seconds()
                result = self._callback(message)
                if result is not None and is_awaitable(result):
                    outcome = raised(self._wait_for(result))
            except BaseException as error:
                outcome = raised(error)
            if timer is not None:
                now = timer.seconds()
                timer.ended.append((delivery, headers, now - timer.running.pop(number, now), outcome))
        if self._ended is not None:
            self._ended(delivery, outcome)
        return outcome

    def _wait_for(self, awaitable: Any) -> BaseException | None:
        """Wait in this thread for something that is awaited in another; what it raised."""
        if self._loop is not None and not issubclass(type(awaitable), Deferred):
            awaited = asyncio.run_coroutine_threadsafe(end_of(awaitable), self._loop).result()
            again = awaited.error is None and awaited.value is not None and is_awaitable(awaited.value)
            return self._wait_for(awaited.value) if again else awaited.error
        ended: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        context = copy_context()

        def start() -> None:
            try:
                waiting = outcome_of(awaitable, self._from_thread, context)
            except BaseException as error:
                ended.put(error)
            else:
                waiting.addCallbacks(
                    lambda end: ended.put(end.error), lambda failure: ended.put(failure.value)
                )

        self._from_thread(start)
        return ended.get()

    def _flush(self) -> None:
        # Cleared before the list is emptied: what finishes from here on wakes the reactor again.
        self._flush_due = False
        batch = self._done[:]  # one step, as is the next: no other thread comes between
        del self._done[: len(batch)]
        if batch:
            self._finished(batch)
