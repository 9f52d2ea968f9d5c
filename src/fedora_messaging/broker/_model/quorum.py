# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Quorum queues, on their one node: what they refuse, how they count deliveries, where returned messages go.

https://www.rabbitmq.com/docs/quorum-queues
"""

from __future__ import annotations

from collections.abc import Sequence

from .._wire.errors import AMQPError, kind_in_vhost, not_implemented, precondition
from .._wire.fields import Field, Malformed, Table, long
from .._wire.properties import Properties
from .delayed import Delayed
from .message import Entry, Message
from .options import Options
from .ports import Connection, QueueHost
from .queue import Queue
from .rotation import Subscriber
from .unsent import DeadLetter, Unsent

#: The highest priority of a message in a quorum queue.
MAX_PRIORITY = 31
#: The level of messages that were returned, where they go before all others.
_RETURNED = MAX_PRIORITY + 1
#: How often, in seconds, a queue looks whether it has expired.
_EXPIRY_INTERVAL = 5


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

    def __init__(
        self,
        vhost: QueueHost,
        name: str,
        declared: Options,
        options: Options,
        *,
        durable: bool,
        auto_delete: bool,
        owner: Connection | None,
        arguments: Table,
    ) -> None:
        self._delayed = Delayed(vhost.clock, self._retry)
        self._unsent = Unsent(vhost.clock, self._dead_letter)
        super().__init__(
            vhost,
            name,
            declared,
            options,
            durable=durable,
            auto_delete=auto_delete,
            owner=owner,
            arguments=arguments,
        )

    @property
    def _limit(self) -> int | None:
        limit = self.options.delivery_limit
        return self.vhost.emulation.delivery_limit if limit is None else limit

    @property
    def delayed_count(self) -> int:
        return len(self._delayed)

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
            delay = self.options.retry_delay(entry.attempts, failed=counted)
            if limit is not None and 0 <= limit < entry.attempts:
                self._dead_letter(entry.message, "delivery_limit", marked=True)
            elif delay is not None:
                self._delayed.hold(entry, delay)
            else:
                self._place(entry, first=not last)
                kept.append(entry)
        self.ready.put_back(kept)

    def _retry(self, entries: Sequence[Entry]) -> None:
        """Take back what has been held back for long enough."""
        for entry in entries:
            self._place(entry, first=True)
        self.ready.put_back(entries)
        self.dispatch()
        self.vhost.flush()

    def _place(self, entry: Entry, *, first: bool) -> None:
        """Give an entry its place behind all messages, or before them in the order of their return."""
        if first:
            self._returns += 1
            entry.position = self._returns
            if self.vhost.emulation.strict_priorities is not None:
                entry.level = _RETURNED
        else:
            self._position += 1
            entry.position = self._position

    def touch(self) -> None:
        self._used = self.vhost.clock.seconds()
        if self.options.expires is None or self.deleted:
            self._idle.cancel()
        else:
            self._idle.by(self._used + _EXPIRY_INTERVAL)

    def declared_again(self) -> None:
        """Do nothing: this is no use of a quorum queue."""

    def _expire(self) -> None:
        now = self.vhost.clock.seconds()
        expires = self.options.expires
        if expires is not None and not self.rotation and now - self._used >= expires / 1000:
            super()._expire()
        else:
            self._idle.by(now + _EXPIRY_INTERVAL)

    def purge(self) -> int:
        count = super().purge() + self._delayed.clear()
        return count + self._unsent.clear() if self.vhost.emulation.purges_dead_letters else count

    def adopt(self, options: Options) -> None:
        if not options.keeps_dead_letters:
            self._unsent.clear()
        super().adopt(options)

    def close(self) -> None:
        super().close()
        self._delayed.clear()
        self._unsent.clear()

    def _occupied(self) -> tuple[int, int]:
        count, size = super()._occupied()
        return (
            count + len(self._delayed) + len(self._unsent),
            size + self._delayed.size + self._unsent.size,
        )

    def _is_full(self, message: Message) -> bool:
        return not self.options.holds(*self._occupied())

    def _dead_letter(self, message: Message, reason: str, marked: bool = False) -> None:
        refused = self.vhost.dead_letter(self, message, reason, marked=marked)
        if refused is not None and self.options.keeps_dead_letters:
            self._unsent.keep(DeadLetter(message, reason, marked, refused))

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
