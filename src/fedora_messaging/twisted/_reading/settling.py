# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Takes messages out of a queue for good, each once something has been done with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from twisted.internet.defer import Deferred

from ..._core.delivery import Delivery
from ...exceptions import ValidationError
from .queue_reader import QueueReader

__all__ = ["Settling"]

#: What is done with a message; when the Deferred fires, the message may leave the queue. It fails with
#: ValidationError when this message alone is to stay, with anything else when it is better to stop.
Act = Callable[[Delivery], Deferred[None]]


@dataclass
class Settling:
    """Settles messages, and counts them.

    A message is acknowledged after it has been acted upon: an end in between costs a message that is both
    where it was and where it went, and never one that is nowhere.

    Args:
        reader: Where the messages come from.
        act: What is done with each.
        progressed: Called after each message.

    Attributes:
        done: How many left the queue.
        kept: How many stay since ``act`` failed with ValidationError for them.
        first_kept: The first of those, and its error.
        stopped: The error that was a reason to stop; None: there was none.
    """

    reader: QueueReader
    act: Act
    progressed: Callable[[], None] = lambda: None
    done: int = 0
    kept: int = 0
    first_kept: tuple[Delivery, ValidationError] | None = None
    stopped: Exception | None = None

    async def settle(self, deliveries: Iterable[Delivery]) -> None:
        """Act upon messages, all at the same time, and acknowledge each as soon as that is done."""
        waiting = [(each, self.act(each).addCallback(self._finished, each)) for each in deliveries]
        for delivery, acted in waiting:
            try:
                await acted
            except ValidationError as error:
                self.kept += 1
                self.first_kept = self.first_kept or (delivery, error)
            except Exception as error:
                self.stopped = self.stopped or error

    async def settle_all(self, wanted: Callable[[], bool]) -> None:
        """Settle all messages of the queue, a batch at a time, until one fails or ``wanted`` says no."""
        while self.stopped is None and wanted():
            batch = await self.reader.take()
            if not batch:
                return
            await self.settle(batch)

    def _finished(self, _: None, delivery: Delivery) -> None:
        self.reader.ack(delivery)
        self.done += 1
        self.progressed()
