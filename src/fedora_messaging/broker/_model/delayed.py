# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Delayed retries: the messages that a quorum queue holds back before it delivers them again.

https://www.rabbitmq.com/docs/quorum-queues
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush

from .._clock import Clock
from .alarm import Alarm
from .message import Entry


class Delayed:
    """Entries by the time they are due, to the millisecond; those due together in the order of publishing.

    Args:
        clock: the broker's clock.
        back: takes the entries that are due, in order.

    Attributes:
        size: bytes of all bodies.
    """

    def __init__(self, clock: Clock, back: Callable[[list[Entry]], None]) -> None:
        self.size = 0
        self._clock = clock
        self._back = back
        self._alarm = Alarm(clock, self._due)
        self._entries: list[tuple[int, int, Entry]] = []

    def __len__(self) -> int:
        return len(self._entries)

    def hold(self, entry: Entry, delay: int) -> None:
        """Hold an entry back for some ms."""
        due = int(self._clock.seconds() * 1000) + delay
        heappush(self._entries, (due, entry.number, entry))
        self.size += len(entry.message.body)
        self._alarm.by(due / 1000)

    def clear(self) -> int:
        """Drop all entries. Return how many there were."""
        count = len(self._entries)
        self._entries.clear()
        self.size = 0
        self._alarm.cancel()
        return count

    def _due(self) -> None:
        now = self._clock.seconds() * 1000 + 0.5  # seconds and milliseconds do not convert without a rest
        due = []
        while self._entries and self._entries[0][0] <= now:
            entry = heappop(self._entries)[2]
            self.size -= len(entry.message.body)
            due.append(entry)
        if self._entries:
            self._alarm.by(self._entries[0][0] / 1000)
        self._back(due)
