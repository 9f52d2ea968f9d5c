# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Classic queues: enqueueing, delivering, expiry and length limits."""

from __future__ import annotations

from collections.abc import Sequence

from .._clock import Timer
from .._wire.errors import AMQPError, kind_in_vhost, refused
from .._wire.fields import Table
from .arguments import Options
from .message import Entry, Message
from .ports import Connection, QueueHost
from .ready import Ready
from .rotation import ConsumerRotation, Subscriber


class Queue:
    """A queue and its messages.

    Attributes:
        name: its name.
        owner: the connection an exclusive queue belongs to.
        unacked: deliveries that wait for an acknowledgement.
        deleted: whether it has been deleted.
    """

    type = "classic"

    def __init__(
        self,
        vhost: QueueHost,
        name: str,
        options: Options,
        *,
        durable: bool,
        auto_delete: bool,
        owner: Connection | None,
        arguments: Table,
    ) -> None:
        self.vhost = vhost
        self.name = name
        self.options = options
        self.durable = durable
        self.auto_delete = auto_delete
        self.owner = owner
        self.arguments = arguments
        self.ready = Ready()
        self.rotation = ConsumerRotation(options.single_active)
        self.unacked = 0
        self.deleted = False
        self._position = 0
        self._exclusive: Subscriber | None = None
        self._expiry: Timer | None = None
        self._idle: Timer | None = None
        self._dispatching = False
        self._timed = False
        self.touch()

    def __repr__(self) -> str:
        return f"Queue({self.name!r}, ready={len(self.ready)}, unacked={self.unacked})"

    @property
    def consumer_count(self) -> int:
        """How many consumers the queue has."""
        return len(self.rotation)

    def check_access(self, connection: Connection | None) -> None:
        """Check that a connection may use the queue.

        Raises:
            AMQPError: 405, for another connection's exclusive queue.
        """
        if self.owner is not None and self.owner is not connection:
            what = kind_in_vhost("queue", self.name, self.vhost.name)
            raise AMQPError(
                405,
                f"cannot obtain exclusive access to locked {what}. It could be originally declared on "
                "another connection or the exclusive property value does not match that of the original "
                "declaration.",
            )

    # Messages in

    def publish(self, message: Message) -> bool:
        """Enqueue a message, or deliver it at once.

        Returns:
            Whether it was accepted; a full queue with ``reject-publish`` does not.
        """
        options = self.options
        if options.overflow != "drop-head" and self._is_full(message):
            if options.overflow == "reject-publish-dlx":
                self.vhost.dead_letter(self, message, "maxlen")
            return False
        self._position += 1
        entry = Entry(message, self._position, self._level(message), self._deadline(message))
        consumer = self.rotation.next() if not self.ready and not self._dispatching else None
        if consumer is not None:
            self.unacked += 1
            consumer.deliver(entry)
        else:
            self.ready.append(entry)
            self.dispatch()
        return True

    def put_back(self, entries: Sequence[Entry], *, counted: bool, lost: bool = False) -> None:
        """Requeue deliveries that were not acknowledged.

        Args:
            entries: the deliveries' entries.
            counted: whether a quorum queue counts the delivery as an attempt.
            lost: whether the channel was closed, rather than the client returning them.
        """
        self.unacked -= len(entries)
        if self.deleted:
            return
        for entry in entries:
            entry.redelivered = True
        self.ready.put_back(entries)

    def settle(self, entries: Sequence[Entry]) -> None:
        """Forget acknowledged deliveries."""
        self.unacked -= len(entries)

    def reject(self, entries: Sequence[Entry], *, marked: bool) -> None:
        """Drop or dead-letter rejected deliveries.

        Args:
            entries: the deliveries' entries.
            marked: whether dead letters count as redelivered.
        """
        self.unacked -= len(entries)
        if not self.deleted:
            for entry in entries:
                self.vhost.dead_letter(self, entry.message, "rejected", marked=marked)

    def purge(self) -> int:
        """Drop all ready messages. Return how many there were."""
        return len(self.ready.clear())

    # Messages out

    def pull(self) -> Entry | None:
        """Take the next message that has not expired."""
        if self._timed:
            self.drop_expired()
        entry = self.ready.pop() if self.ready else None
        if entry is not None:
            self.unacked += 1
        return entry

    def dispatch(self) -> None:
        """Deliver ready messages to the consumers that can take them, then apply the queue's limits."""
        if self._dispatching or self.deleted:
            return
        self._dispatching = True
        try:
            while self.ready:
                consumer = self.rotation.next()
                if consumer is None:
                    break
                entry = self.pull()
                if entry is None:
                    break
                consumer.deliver(entry)
        finally:
            self._dispatching = False
        if self.ready:
            self._drop_surplus()
            if self._timed:
                self.drop_expired()
                self._arm()

    def wake(self) -> None:
        """Deliver again, because a consumer may be able to take more."""
        self.rotation.wake()
        self.dispatch()

    def drop_expired(self) -> None:
        """Dead-letter the expired messages at the head of the queue."""
        for head in self.ready.heads():
            entry: Entry | None = head
            now = self.vhost.clock.seconds()
            while entry is not None and entry.expires is not None and entry.expires <= now:
                self.ready.pop(entry)
                self.vhost.dead_letter(self, entry.message, "expired")
                entry = next((e for e in self.ready.heads() if e.level == head.level), None)

    def properties(self, entry: Entry, *, by_get: bool = False) -> bytes:
        """Return the raw properties to deliver an entry with."""
        return entry.message.properties

    # Consumers

    def check_conditions(self, *, if_unused: bool, if_empty: bool) -> None:
        """Check that the queue's type supports the conditions of a deletion.

        Raises:
            AMQPError: 540, the queue's type does not support them.
        """

    def check_get(self) -> None:
        """Check that the queue supports ``basic.get``.

        Raises:
            AMQPError: 405, the queue does not support it.
        """

    def subscribe(self, consumer: Subscriber, exclusive: bool) -> None:
        """Add a consumer.

        Raises:
            AMQPError: 403, another consumer has the queue exclusively, or this one wants it and cannot.
        """
        taken = self._exclusive is not None
        if taken or (exclusive and (self.rotation.consumers or self.options.single_active)):
            raise refused(f"{kind_in_vhost('queue', self.name, self.vhost.name)} in exclusive use")
        if exclusive:
            self._exclusive = consumer
        self.rotation.add(consumer)
        self.touch()

    def unsubscribe(self, consumer: Subscriber) -> None:
        """Remove a consumer; an auto-delete queue is deleted with its last one."""
        if self.deleted:
            return
        self.rotation.remove(consumer)
        if self._exclusive is consumer:
            self._exclusive = None
        if self.auto_delete and not self.rotation:
            self.vhost.remove_queue(self.name)
        else:
            self.touch()
            self.dispatch()

    # Time

    def touch(self) -> None:
        """Restart the queue's own expiry (``x-expires``), because it is in use."""
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if self.options.expires is not None and not self.rotation and not self.deleted:
            self._idle = self.vhost.clock.callLater(self.options.expires / 1000, self._expire)

    def close(self) -> None:
        """Mark the queue as deleted, and stop its timers."""
        self.deleted = True
        for timer in (self._idle, self._expiry):
            if timer is not None:
                timer.cancel()
        self._idle = self._expiry = None
        self.ready.clear()

    def _expire(self) -> None:
        self._idle = None
        self.vhost.remove_queue(self.name)
        self.vhost.flush()

    def _arm(self) -> None:
        """Set the timer to the earliest expiry at the head of the queue."""
        first = min((e.expires for e in self.ready.heads() if e.expires is not None), default=None)
        if first is None:
            return
        delay = max(0.0, first - self.vhost.clock.seconds())
        if self._expiry is None:
            self._expiry = self.vhost.clock.callLater(delay, self._head_expired)
        elif first < self._expiry.getTime():
            self._expiry.reset(delay)

    def _head_expired(self) -> None:
        self._expiry = None
        self.drop_expired()
        self._arm()
        self.vhost.flush()

    # What subclasses decide

    def _level(self, message: Message) -> int:
        limit = self.options.max_priority
        return 0 if limit is None else min(message.priority or 0, limit)

    def _is_full(self, message: Message) -> bool:
        return not self.options.holds(len(self.ready) + 1, self.ready.size + len(message.body))

    def _drop_surplus(self) -> None:
        if self.options.overflow != "drop-head":
            return
        while not self.options.holds(len(self.ready), self.ready.size):
            self.vhost.dead_letter(self, self.ready.pop().message, "maxlen")

    def _deadline(self, message: Message) -> float | None:
        ttl = self.options.ttl
        if message.ttl is not None:
            ttl = message.ttl if ttl is None else min(ttl, message.ttl)
        if ttl is None:
            return None
        self._timed = True
        return self.vhost.clock.seconds() + ttl / 1000
