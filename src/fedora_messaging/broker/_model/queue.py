# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Classic queues: enqueueing, delivering, expiry and length limits."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from .._wire.errors import AMQPError, kind_in_vhost, refused
from .._wire.fields import Table
from .alarm import Alarm
from .expiry import Expiry
from .message import Entry, Message
from .options import Options
from .ports import Connection, QueueHost
from .ready import Ready
from .rotation import ConsumerRotation, Subscriber


class Queue:
    """A queue and its messages.

    Attributes:
        name: its name.
        declared: what its arguments say.
        options: what they and its policy say.
        owner: the connection an exclusive queue belongs to.
        unacked: deliveries that wait for an acknowledgement.
        deleted: whether it has been deleted.
    """

    type = "classic"

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
        self.vhost = vhost
        self.name = name
        self.declared = declared
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
        self._expiry = Expiry(
            vhost.clock, self.ready, partial(self._dead_letter, reason="expired"), vhost.flush
        )
        self._idle = Alarm(vhost.clock, self._expire)
        self._dispatching = False
        self.touch()

    def __repr__(self) -> str:
        return f"Queue({self.name!r}, ready={len(self.ready)}, unacked={self.unacked})"

    @property
    def consumer_count(self) -> int:
        """How many consumers the queue has."""
        return 0 if self.rotation.cut_off else len(self.rotation)

    @property
    def delayed_count(self) -> int:
        """How many messages wait for a delayed retry."""
        return 0

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

    def adopt(self, options: Options) -> None:
        """Go by other options from now on, because a policy has changed."""
        self.options = options
        self.touch()
        self.dispatch()

    # Messages in

    def publish(self, message: Message) -> bool:
        """Enqueue a message, or deliver it at once.

        Returns:
            Whether it was accepted; a full queue with ``reject-publish`` does not.
        """
        options = self.options
        if not options.drops_head and self._is_full(message):
            if options.overflow == "reject-publish-dlx":
                self._dead_letter(message, "maxlen")
            return False
        self._position += 1
        expires = self._expiry.deadline(message, options.ttl)
        entry = Entry(message, self._position, self._level(message), expires)
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
                self._dead_letter(entry.message, "rejected", marked)

    def purge(self) -> int:
        """Drop all ready messages. Return how many there were."""
        return len(self.ready.clear())

    # Messages out

    def pull(self) -> Entry | None:
        """Take the next message that has not expired."""
        if self._expiry.timed:
            self._expiry.drop()
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
            if self._expiry.timed:
                self._expiry.drop()
                self._expiry.watch()

    def wake(self) -> None:
        """Deliver again, because a consumer may be able to take more."""
        self.rotation.wake()
        self.dispatch()

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
        if not self.rotation.admits(exclusive=exclusive):
            raise refused(f"{kind_in_vhost('queue', self.name, self.vhost.name)} in exclusive use")
        self.rotation.add(consumer, exclusive=exclusive)
        self.touch()

    def unsubscribe(self, consumer: Subscriber) -> None:
        """Remove a consumer; an auto-delete queue is deleted with its last one."""
        if self.deleted:
            return
        self.rotation.remove(consumer)
        if self.auto_delete and not self.rotation:
            self.vhost.remove_queue(self.name)
        else:
            self.touch()
            self.dispatch()

    # Time

    def touch(self) -> None:
        """Restart the queue's own expiry (``x-expires``), because it is in use."""
        self._idle.cancel()
        if self.options.expires is not None and not self.rotation and not self.deleted:
            self._idle.restart(self.options.expires / 1000)

    def declared_again(self) -> None:
        """Take note of a declaration that found the queue there."""
        self.touch()

    def close(self) -> None:
        """Mark the queue as deleted, and stop its timers."""
        self.deleted = True
        self._idle.cancel()
        self._expiry.close()
        self.ready.clear()

    def _expire(self) -> None:
        self.vhost.remove_queue(self.name)
        self.vhost.flush()

    # What subclasses decide

    def _level(self, message: Message) -> int:
        limit = self.options.max_priority
        return 0 if limit is None else min(message.priority or 0, limit)

    def _occupied(self) -> tuple[int, int]:
        """How many messages count for the queue's length, and the bytes of their bodies."""
        return len(self.ready), self.ready.size

    def _is_full(self, message: Message) -> bool:
        count, size = self._occupied()
        return not self.options.holds(count + 1, size + len(message.body))

    def _drop_surplus(self) -> None:
        if self.options.drops_head:
            while self.ready and not self.options.holds(*self._occupied()):
                self._dead_letter(self.ready.pop().message, "maxlen")

    def _dead_letter(self, message: Message, reason: str, marked: bool = False) -> None:
        self.vhost.dead_letter(self, message, reason, marked=marked)
