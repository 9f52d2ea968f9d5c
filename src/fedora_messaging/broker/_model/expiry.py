# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""When the messages of a queue expire: at its head, each at its own time.

https://www.rabbitmq.com/docs/ttl
"""

from __future__ import annotations

from collections.abc import Callable

from .._clock import Clock
from .alarm import Alarm
from .message import Entry, Message
from .ready import Ready


class Expiry:
    """Drops expired messages from the head of a queue.

    Args:
        clock: the broker's clock.
        ready: the queue's messages.
        drop: takes a message that has expired.
        flush: is called after messages have expired by themselves.

    Attributes:
        timed: whether any message has ever had a time to live.
    """

    def __init__(
        self, clock: Clock, ready: Ready, drop: Callable[[Message], None], flush: Callable[[], None]
    ) -> None:
        self.timed = False
        self._clock = clock
        self._ready = ready
        self._drop = drop
        self._flush = flush
        self._alarm = Alarm(clock, self._head_expired)

    def deadline(self, message: Message, ttl: int | None) -> float | None:
        """Return when a message expires in a queue with a time to live in ms, or None."""
        if message.ttl is not None:
            ttl = message.ttl if ttl is None else min(ttl, message.ttl)
        if ttl is None:
            return None
        self.timed = True
        return self._clock.seconds() + ttl / 1000

    def drop(self) -> None:
        """Drop the expired messages at the head of the queue."""
        for head in self._ready.heads():
            entry: Entry | None = head
            now = self._clock.seconds()
            while entry is not None and entry.expires is not None and entry.expires <= now:
                self._ready.pop(entry)
                self._drop(entry.message)
                entry = next((e for e in self._ready.heads() if e.level == head.level), None)

    def watch(self) -> None:
        """Drop messages from the head as soon as they expire."""
        first = min((e.expires for e in self._ready.heads() if e.expires is not None), default=None)
        if first is not None:
            self._alarm.by(first)

    def close(self) -> None:
        """Stop watching."""
        self._alarm.cancel()

    def _head_expired(self) -> None:
        self.drop()
        self.watch()
        self._flush()
