# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Quorum queues, on their one node: what they refuse, how they count deliveries, where returned messages go.

https://www.rabbitmq.com/docs/quorum-queues
"""

from __future__ import annotations

from collections.abc import Sequence

from .._wire.errors import AMQPError, kind_in_vhost, not_implemented, precondition
from .._wire.fields import Field, Malformed, long
from .._wire.properties import Properties
from .message import Entry, Message
from .queue import Queue
from .rotation import Subscriber

#: The highest priority of a message in a quorum queue.
MAX_PRIORITY = 31


def check_declaration(queue: str, vhost: str, *, durable: bool, auto_delete: bool, exclusive: bool) -> None:
    """Check a declaration for properties that quorum queues do not support.

    Raises:
        AMQPError: 406, for properties that quorum queues do not have.
    """
    what = kind_in_vhost("queue", queue, vhost)
    if not durable:
        raise precondition(f"invalid property 'non-durable' for {what}")
    if exclusive:
        raise precondition(f"invalid property 'exclusive-owner' for {what}")
    if auto_delete:
        raise precondition(f"invalid property 'auto-delete' for {what}")


class QuorumQueue(Queue):
    """A quorum queue."""

    type = "quorum"
    _returns = -(2**62)

    @property
    def _limit(self) -> int | None:
        limit = self.options.delivery_limit
        return self.vhost.emulation.delivery_limit if limit is None else limit

    def put_back(self, entries: Sequence[Entry], *, counted: bool, lost: bool = False) -> None:
        self.unacked -= len(entries)
        if self.deleted:
            return
        limit = self._limit
        last = self.vhost.emulation.returns_last and not lost
        kept = []
        for entry in entries:
            entry.redelivered = True
            entry.acquired += 1
            entry.attempts += counted
            if limit is not None and 0 <= limit < entry.attempts:
                self.vhost.dead_letter(self, entry.message, "delivery_limit", marked=True)
            else:
                entry.position = self._next_position(first=not last)
                kept.append(entry)
        self.ready.put_back(kept)

    def _next_position(self, *, first: bool) -> int:
        """Return a position behind all messages, or before them in the order of their return."""
        if first:
            self._returns += 1
            return self._returns
        self._position += 1
        return self._position

    def properties(self, entry: Entry, *, by_get: bool = False) -> bytes:
        counts: dict[str, Field | None] = {}
        emulation = self.vhost.emulation
        if entry.acquired and emulation.acquired_header:
            counts["x-acquired-count"] = long(entry.acquired)
        if entry.attempts or (by_get and emulation.zero_count_on_get):
            counts["x-delivery-count"] = long(entry.attempts)
        if not counts:
            return entry.message.properties
        try:
            return Properties(entry.message.properties).with_headers(counts)
        except Malformed:
            return entry.message.properties

    def subscribe(self, consumer: Subscriber, exclusive: bool) -> None:
        if consumer.channel_limit is not None:
            raise not_implemented(f"{self._what} does not support global qos")
        super().subscribe(consumer, exclusive)

    def check_get(self) -> None:
        if self.options.single_active:
            raise AMQPError(
                405,
                f"cannot obtain access to locked {self._what}. basic.get operations are not supported by "
                "quorum queues with single active consumer",
            )

    def check_conditions(self, *, if_unused: bool, if_empty: bool) -> None:
        for name, wanted in (("if-unused", if_unused), ("if-empty", if_empty)):
            if wanted:
                raise not_implemented(
                    f"cannot delete {self._what}. queue.delete operations with {name} flag set "
                    "are not supported by quorum queues"
                )

    @property
    def _what(self) -> str:
        return kind_in_vhost("queue", self.name, self.vhost.name)

    def _level(self, message: Message) -> int:
        default = self.vhost.emulation.strict_priorities
        if default is None:
            return 0
        return min(message.priority if message.priority is not None else default, MAX_PRIORITY)
