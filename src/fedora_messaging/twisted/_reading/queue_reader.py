# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Takes the messages of a queue in batches; what is not acknowledged goes back in its order.

The order of a quorum queue is kept only when all of its messages are taken, by consumers and not by
``basic.get``, and returned after that by one ``basic.nack`` for each consumer. A message that is given back
alone goes behind those that were given back before it. Classic queues put each where it was in any case.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque

from pika import spec
from twisted.internet.defer import Deferred

from ..._amqp import frames
from ..._core.clock import Clock
from ..._core.delivery import Delivery
from ..._core.lifecycle import CloseReason, Scope
from ...exceptions import (
    BadDeclaration,
    BaseException,
    ConnectionException,
    ConsumeException,
    ConsumerCanceled,
    PermissionException,
    excerpt,
    from_wire,
)
from .._clock import wait
from .._connection.channel import Channel, ChannelEnded
from .._connection.connection import Connection

__all__ = ["QueueReader", "channel_error"]

#: With so many messages, or bytes of bodies, in memory nothing is read until they have been taken.
_MOST, _MOST_BYTES = 100, 8 * 1024 * 1024
#: How many messages a consumer holds; then another follows it. A quorum queue hands all of them over at the
#: same time, and so limits those without a prefetch_count to this number.
_PREFETCH = 2_000
#: Seconds without a message after which the queue is asked whether it has any, and how often. A message may
#: be on its way when the queue says that it has none.
_PAUSE, _PATIENCE = 0.5, 20


class QueueReader:
    """Reads one queue on a channel of its own; made by :meth:`open`.

    Args:
        connection: An open connection.
        channel: An open channel of it.
        queue: The queue's name.
        ready: How many messages it had when it was opened.

    Attributes:
        queue: The queue's name.
        ready: How many messages it had when it was opened.
        missing: How many of them did not come: another consumer has taken them, or their time was over.
    """

    def __init__(
        self, connection: Connection, channel: Channel, queue: str, ready: int, clock: Clock
    ) -> None:
        self.queue = queue
        self.ready = ready
        self.missing = 0
        self._connection = connection
        self._channel = channel
        self._clock = clock
        self._left = ready
        self._inbox: deque[Delivery] = deque()
        self._size = 0
        self._paused = False
        self._patience = _PATIENCE
        self._gone = False
        self._arrival: Deferred[None] | None = None
        #: The tag of the consumer, and how many messages it has delivered; None: there is none.
        self._consumer: str | None = None
        self._delivered = 0
        #: The tags that are not acknowledged, and for each consumer the last tag that it delivered.
        self._unsettled: set[int] = set()
        self._ends: list[int] = []

    @classmethod
    async def open(cls, connection: Connection, queue: str, clock: Clock) -> QueueReader:
        """Open a channel, and look for the queue.

        Args:
            connection: An open connection, which has no other use.
            queue: The queue's name.
            clock: The source of time.

        Raises:
            BadDeclaration: There is no such queue, or its name is too long.
            PermissionException: The broker refuses access to it.
            ConnectionException: The connection is lost.
            ConsumeException: The broker refuses for another reason.
        """
        try:
            channel = await connection.open_channel()
            declared = spec.Queue.Declare(queue=queue, passive=True)
            found = await channel.call(declared, spec.Queue.DeclareOk)
        except ChannelEnded as ended:
            raise channel_error("queue", queue, ended.reason) from None
        except ValueError:
            raise _too_long("queue", queue) from None
        return cls(connection, channel, queue, found.message_count, clock)

    @property
    def left(self) -> int:
        """How many messages are still to be taken at most."""
        return self._left

    def limit(self, most: int) -> None:
        """Take no more messages than this, from now on."""
        self._left = min(self._left, most)

    async def expect_exchange(self, name: str) -> None:
        """Make sure that an exchange is there.

        Raises:
            BadDeclaration: It is not there, or its name is too long.
            PermissionException: The broker refuses access to it.
            ConnectionException: The connection is lost.
        """
        if not name:  # the default exchange, which cannot be declared
            return
        try:
            channel = await self._connection.open_channel()
            await channel.call(
                spec.Exchange.Declare(exchange=name, type="direct", passive=True), spec.Exchange.DeclareOk
            )
        except ChannelEnded as ended:
            raise channel_error("exchange", name, ended.reason) from None
        except ValueError:
            raise _too_long("exchange", name) from None
        await channel.close()

    async def take(self) -> list[Delivery]:
        """Take the next messages, in their order; an empty list when there are no more.

        Over all calls no more are taken than the queue had when it was opened: one that comes back meanwhile
        is not taken again.

        Raises:
            PermissionException: The broker refuses access to the queue.
            ConnectionException: The connection is lost.
            ConsumerCanceled: The queue was deleted.
            ConsumeException: The broker refuses for another reason, or gives out no message.
        """
        while self._left and not self._inbox:
            try:
                await self._more()
            except ChannelEnded as ended:
                raise channel_error("queue", self.queue, ended.reason) from None
        batch = list(self._inbox)
        self._inbox.clear()
        self._size = 0
        self._read(True)
        return batch

    def ack(self, delivery: Delivery) -> None:
        """Acknowledge a message: it leaves the queue.

        Raises:
            ConnectionException: The channel is closed, and the message has gone back.
        """
        if self._channel.ended is not None:
            raise ConnectionException(reason=str(self._channel.ended))
        self._unsettled.discard(delivery.tag)
        self._channel.settle(frames.ack(self._channel.number, delivery.tag, False))

    async def close(self) -> None:
        """Give back what is not acknowledged, in its order, and close the channel. Never fails."""
        self._left = 0
        self._inbox.clear()
        self._read(True)
        channel = self._channel
        try:
            await self._cancel()
        except ChannelEnded:
            return
        last_of_consumer = {bisect_left(self._ends, tag): tag for tag in sorted(self._unsettled)}
        try:
            for tag in last_of_consumer.values():
                back = spec.Basic.Nack(delivery_tag=tag, multiple=True, requeue=True)
                channel.settle(frames.method(channel.number, back))
                # RabbitMQ joins what it has not passed on to a quorum queue, and mixes it up.
                await channel.call(spec.Queue.Declare(queue=self.queue, passive=True), spec.Queue.DeclareOk)
        except ChannelEnded:
            return
        await channel.close()

    async def _more(self) -> None:
        """Wait for messages.

        Raises:
            ChannelEnded: There is no channel any more.
            ConsumerCanceled: The queue was deleted.
            ConsumeException: It gives out no message.
        """
        channel = self._channel
        if self._gone:
            raise ConsumerCanceled(f"The queue {from_wire(self.queue)} was deleted")
        if channel.ended is not None:
            raise ChannelEnded(channel.ended)
        if self._delivered >= _PREFETCH:
            await self._cancel()
        if self._consumer is None:
            await self._consume()
        self._arrival = Deferred()
        if self._inbox or await wait(self._clock, self._arrival, _PAUSE):
            return
        found = await channel.call(spec.Queue.Declare(queue=self.queue, passive=True), spec.Queue.DeclareOk)
        if self._inbox:
            return
        self._patience -= 1
        if self._patience:
            return
        if found.message_count:
            raise ConsumeException(
                f"The queue {from_wire(self.queue)} has {found.message_count} messages and gives out none: "
                "another consumer may be its single active one"
            )
        self.missing, self._left = self._left, 0

    async def _consume(self) -> None:
        channel = self._channel
        channel.content.on_delivery = self._on_delivery
        channel.on_cancelled = self._on_cancelled
        channel.on_closed = lambda _: self._wake()
        await channel.call(spec.Basic.Qos(prefetch_count=_PREFETCH), spec.Basic.QosOk)
        self._delivered = 0
        self._ends.append(0)
        asked = channel.call(spec.Basic.Consume(queue=self.queue), spec.Basic.ConsumeOk)
        self._consumer = (await asked).consumer_tag

    async def _cancel(self) -> None:
        """End the consumer; what it has delivered stays taken."""
        tag, self._consumer = self._consumer, None
        if tag is not None:
            await self._channel.call(spec.Basic.Cancel(consumer_tag=tag), spec.Basic.CancelOk)

    def _on_delivery(
        self, tag: int, redelivered: bool, exchange: bytes, key: bytes, properties: bytes, body: bytes | None
    ) -> None:
        self._unsettled.add(tag)
        self._ends[-1] = tag
        self._delivered += 1
        if not self._left:
            return  # it came later than the others
        self._left -= 1
        self._patience = _PATIENCE
        where = exchange.decode("utf-8", "replace")
        self._inbox.append(Delivery(self.queue, where, key, tag, 0, redelivered, 0.0, properties, body))
        self._size += len(body or b"")
        if len(self._inbox) >= _MOST or self._size >= _MOST_BYTES:
            self._read(False)
        self._wake()

    def _on_cancelled(self) -> None:
        self._consumer = None
        self._gone = True
        self._wake()

    def _wake(self) -> None:
        arrival, self._arrival = self._arrival, None
        if arrival is not None:
            arrival.callback(None)

    def _read(self, reading: bool) -> None:
        """Read from the connection, or leave to the network what the broker sends."""
        transport = self._connection.transport
        if transport is None or self._paused is not reading:
            return
        self._paused = not reading
        if reading:
            transport.resumeProducing()
        else:
            transport.pauseProducing()


def _too_long(kind: str, name: str) -> BadDeclaration:
    return BadDeclaration(kind, excerpt(name, 60), "a name has 255 bytes of UTF-8 at most")


def channel_error(kind: str, name: str, reason: CloseReason) -> BaseException:
    """Return the documented error for a channel that ended."""
    if reason.scope is not Scope.CHANNEL:
        return reason.error()
    what = from_wire(name)
    if reason.code == 404:
        return BadDeclaration(kind, what, str(reason))
    if reason.code == 403:
        return PermissionException(kind, what, str(reason))
    return ConsumeException(f"The broker refuses access to the {kind} {what}: {reason}")
