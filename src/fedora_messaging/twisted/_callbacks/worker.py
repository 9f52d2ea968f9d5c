# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What all workers have in common: how a consumer uses them, what waits in them, and what an outcome is.

A worker calls one consumer's callback, never more at a time than the consumer's concurrency. It outlives
connections, so that this holds across reconnects, too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ..._core.delivery import Delivery, InvalidMessage
from ..._reporting.text import shown
from ...exceptions import CallbackRaised, ValidationError
from ...message import Message

__all__ = [
    "Decode",
    "Ended",
    "Finished",
    "Holds",
    "Outcome",
    "Started",
    "Waiting",
    "Worker",
    "invalid",
    "raised",
]

#: Makes the message of a delivery, in the thread of its callback.
Decode = Callable[[Delivery], Message]
#: Called before a callback, in its thread; must not raise.
Started = Callable[[Delivery, Message], None]
#: Called after it with None or the exception raised, in the same thread; must not raise.
Ended = Callable[[Delivery, Exception | None], None]
#: A delivery that is done, with None or the exception raised.
Outcome = tuple[Delivery, Exception | None]
#: Takes the deliveries that are done, in the reactor's thread.
Finished = Callable[[list[Outcome]], None]
#: Whether nothing may be started after this outcome until the reactor's thread has dealt with it.
Holds = Callable[[Delivery, Exception | None], bool]


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
    def waiting(self) -> int:
        """How many deliveries wait for the callback to start."""

    @property
    def running(self) -> Delivery | None:
        """The delivery whose callback runs now; of several, the one that was started first."""

    @property
    def held(self) -> Delivery | None:
        """The delivery after whose outcome nothing is started until :meth:`proceed`."""

    def proceed(self, again: Delivery | None = None) -> None:
        """Go on after the outcome of the held delivery; first of all, run the callback for one once more."""

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

    def __len__(self) -> int:
        return len(self._deliveries)

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
