# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""One callback at a time: in a thread of its own, or on the reactor (module ``reactor_worker``).

A worker outlives connections, which is what keeps callbacks serial across reconnects. Deliveries go in
one by one; outcomes come back to the reactor's thread in batches: one wake-up of the reactor for
everything that finished since the last (2.5 times the rate of one wake-up for each message).
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from typing import Any, Protocol

from ..._core.delivery import Delivery, InvalidMessage, ends_consumer
from ..._reporting.text import shown
from ...exceptions import CallbackRaised, ConsumeException, ValidationError
from ...message import Message
from .awaiting import is_awaitable, outcome_of

__all__ = ["Decode", "Finished", "ThreadWorker", "Waiting", "Worker", "invalid", "raised"]

Decode = Callable[[Delivery], Message]
#: Takes the deliveries that are done, each with None or the exception raised, in the reactor's thread.
Finished = Callable[[list[tuple[Delivery, Exception | None]]], None]


class Worker(Protocol):
    """What a consumer hands its deliveries to."""

    def put(self, delivery: Delivery) -> None:
        """Run the callback for it when all before it have finished."""

    def take_back(self, before: float | None = None) -> list[Delivery]:
        """The deliveries that were not started (those that arrived before a time only), which will not be."""

    @property
    def oldest(self) -> float | None:
        """When the delivery that waits longest arrived; None when none waits."""

    @property
    def running(self) -> Delivery | None:
        """The delivery whose callback runs now."""

    def stop(self) -> None:
        """Nothing more will come. A callback that runs is left to finish."""


class Waiting:
    """Deliveries not started yet, in order.

    A delivery belongs to the thread that takes it out: the worker's, to run it, or the reactor's, to
    requeue it.
    """

    def __init__(self) -> None:
        self._deliveries: dict[int, Delivery] = {}
        self._last = 0

    def add(self, delivery: Delivery) -> int:
        """Add a delivery; returns the number to claim it by."""
        self._last += 1
        self._deliveries[self._last] = delivery
        return self._last

    def claim(self, ticket: int) -> Delivery | None:
        """The delivery, which is the caller's from here on; None when it was taken back."""
        return self._deliveries.pop(ticket, None)

    @property
    def oldest(self) -> float | None:
        """See :class:`Worker`."""
        return next((delivery.arrived for delivery in self._deliveries.copy().values()), None)

    def take_back(self, before: float | None) -> list[Delivery]:
        """See :class:`Worker`."""
        # copy() is one step, which the worker's thread cannot come between; list() of the items is not:
        # it makes tuples, which may start the garbage collector, which may let another thread run.
        taken = []
        for ticket, delivery in self._deliveries.copy().items():
            if before is not None and delivery.arrived >= before:
                break
            if self._deliveries.pop(ticket, None) is not None:
                taken.append(delivery)
        return taken


def invalid(error: BaseException) -> InvalidMessage:
    """The outcome of a delivery that could not be made into a message, whatever that raised."""
    if not issubclass(type(error), ValidationError):
        error = ValidationError(shown(error, 500))
    return InvalidMessage(error)  # type: ignore[arg-type]


def raised(error: BaseException | None) -> Exception | None:
    """The outcome of a callback that raised this, or (None) nothing."""
    if error is None or issubclass(type(error), Exception):
        return error  # type: ignore[return-value]
    return CallbackRaised(error)  # SystemExit and the like would end the thread or the reactor


class ThreadWorker:
    """Calls a plain callback in one dedicated daemon thread, so that it may block as long as it likes.

    Args:
        callback: Called with each message. Whatever it returns that is awaitable is awaited on the reactor.
        decode: Makes the message; runs in the same thread.
        finished: Called in the reactor's thread.
        from_thread: ``reactor.callFromThread``.
        name: The thread's name.
        started: Called in the worker's thread before each callback, when given; it must not raise.
        died: Called in the reactor's thread when the worker's thread cannot go on, for whatever reason.
    """

    def __init__(
        self,
        callback: Callable[[Message], Any],
        decode: Decode,
        finished: Finished,
        from_thread: Callable[..., Any],
        name: str,
        started: Callable[[Delivery], None] | None = None,
        died: Callable[[ConsumeException], None] = lambda _: None,
    ) -> None:
        self._callback = callback
        self._decode = decode
        self._finished = finished
        self._from_thread = from_thread
        self._name = name
        self._started = started
        self._died = died
        self._waiting = Waiting()
        self._tickets: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._done: deque[tuple[Delivery, Exception | None]] = deque()
        self._flush_due = False
        self._thread: threading.Thread | None = None
        self.running: Delivery | None = None

    def put(self, delivery: Delivery) -> None:
        """See :class:`Worker`."""
        self._tickets.put(self._waiting.add(delivery))
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            try:
                self._thread.start()
            except RuntimeError as error:  # there are too many threads
                self._from_thread(self._end, error)

    def take_back(self, before: float | None = None) -> list[Delivery]:
        """See :class:`Worker`."""
        return self._waiting.take_back(before)

    @property
    def oldest(self) -> float | None:
        """See :class:`Worker`."""
        return self._waiting.oldest

    def stop(self) -> None:
        """See :class:`Worker`."""
        self._tickets.put(None)

    def _run(self) -> None:
        try:
            self._work()
        except BaseException as error:  # raised into the thread from outside, for example
            self._from_thread(self._end, error)

    def _end(self, error: BaseException) -> None:
        """The thread has ended before its time; in the reactor's thread."""
        self._flush()
        died = ConsumeException(f"the thread that runs the callbacks has ended: {shown(error, 300)}")
        died.__cause__ = error
        delivery, self.running = self.running, None
        if delivery is not None:
            self._finished([(delivery, died)])
        self._died(died)

    def _work(self) -> None:
        while (ticket := self._tickets.get()) is not None:
            delivery = self._waiting.claim(ticket)
            if delivery is None:
                continue
            self.running = delivery
            outcome = self._call(delivery)
            self.running = None
            self._done.append((delivery, outcome))
            if not self._flush_due:
                self._flush_due = True
                self._from_thread(self._flush)
            if outcome is not None and ends_consumer(outcome):
                return  # nothing after it may run, and the reactor will hear of it only later

    def _call(self, delivery: Delivery) -> Exception | None:
        try:
            message = self._decode(delivery)
        except BaseException as error:  # SystemExit of a schema class would end the thread
            return invalid(error)
        try:
            if self._started is not None:
                self._started(delivery)
            result = self._callback(message)
            if result is not None and is_awaitable(result):
                return raised(self._wait_for(result))
        except BaseException as error:
            return raised(error)
        return None

    def _wait_for(self, awaitable: Any) -> BaseException | None:
        """Wait in this thread for something that is awaited in the reactor's; what it raised."""
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
        # Cleared before the deque is emptied: what finishes from here on wakes the reactor again.
        self._flush_due = False
        done = self._done
        batch = []
        while done:
            batch.append(done.popleft())
        if batch:
            self._finished(batch)
