# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Where messages come from: a queue that ends with the command, or a stream that is there already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from ..._amqp import frames
from ..._core.delivery import Delivery
from ..._core.lifecycle import CloseReason
from ...exceptions import BaseException, ConsumeException, from_wire

if TYPE_CHECKING:
    from ...twisted._connection.channel import Channel

__all__ = ["OwnQueue", "Source", "Stream"]

#: How many messages the broker keeps for a reader that is slower than they come; then the oldest go.
_MOST = 10_000
#: How many messages of a stream may be on their way: RabbitMQ wants a limit, and acknowledgements.
_PREFETCH = 500


class Source(Protocol):
    """What messages come from.

    Attributes:
        waits: Whether what is not read waits on the broker for as long as it takes.
    """

    waits: bool

    async def open(self, channel: Channel) -> None:
        """Make what messages that come from now on are kept in."""

    async def consume(self, channel: Channel) -> None:
        """Have them delivered."""

    def check(self, headers: Mapping[str, Any]) -> None:
        """Make sure that a delivery with these headers is from what is to be read.

        Raises:
            ConsumeException: It is from another kind of queue.
        """

    def settle(self, channel: Channel, deliveries: Iterable[Delivery]) -> None:
        """Take note that these have been dealt with."""

    def error(self, reason: CloseReason) -> BaseException:
        """The documented error for a channel that ended."""


class OwnQueue:
    """A queue that the broker names and that ends with the connection, with bindings.

    Args:
        exchange: The exchange.
        patterns: What is bound.
    """

    waits = False

    def __init__(self, exchange: str, patterns: tuple[str, ...]) -> None:
        self._exchange = exchange
        self._patterns = patterns
        self._name = ""

    async def open(self, channel: Channel) -> None:
        """Declare and bind it; see :class:`Source`."""
        from pika import spec

        declared = await channel.call(
            spec.Queue.Declare(
                exclusive=True,
                auto_delete=True,
                arguments={"x-max-length": _MOST, "x-overflow": "drop-head"},
            ),
            spec.Queue.DeclareOk,
        )
        self._name = declared.queue
        for each in self._patterns:
            binding = spec.Queue.Bind(queue=self._name, exchange=self._exchange, routing_key=each)
            await channel.call(binding, spec.Queue.BindOk)

    async def consume(self, channel: Channel) -> None:
        """Consume without acknowledgements; see :class:`Source`."""
        from pika import spec

        consume = spec.Basic.Consume(queue=self._name, no_ack=True, exclusive=True)
        await channel.call(consume, spec.Basic.ConsumeOk)

    def check(self, headers: Mapping[str, Any]) -> None:
        """Nothing else can come."""

    def settle(self, channel: Channel, deliveries: Iterable[Delivery]) -> None:
        """Nothing is acknowledged."""

    def error(self, reason: CloseReason) -> BaseException:
        """See :class:`Source`."""
        from ...twisted._reading.queue_reader import channel_error

        return channel_error("exchange", self._exchange, reason)


class Stream:
    """A stream (https://www.rabbitmq.com/docs/streams), which is read and stays as it is.

    The argument that says where to begin has the broker refuse any other kind of queue.

    Args:
        name: Its name.
        offset: Where to begin: a word of RabbitMQ's, the number of a message, or a time.
    """

    waits = True

    def __init__(self, name: str, offset: str | int | datetime) -> None:
        self._name = name
        self._offset = offset

    async def open(self, channel: Channel) -> None:
        """Limit what may be on its way; see :class:`Source`."""
        from pika import spec

        await channel.call(spec.Basic.Qos(prefetch_count=_PREFETCH), spec.Basic.QosOk)

    async def consume(self, channel: Channel) -> None:
        """Consume from the offset; see :class:`Source`."""
        from pika import spec

        consume = spec.Basic.Consume(queue=self._name, arguments={"x-stream-offset": self._offset})
        await channel.call(consume, spec.Basic.ConsumeOk)

    def check(self, headers: Mapping[str, Any]) -> None:
        """Make sure that it is a stream whose broker ignores the argument; see :class:`Source`."""
        if "x-stream-offset" not in headers:
            raise self._no_stream()  # unacknowledged, the message goes back

    def settle(self, channel: Channel, deliveries: Iterable[Delivery]) -> None:
        """Acknowledge them, so that others follow: nothing leaves a stream by that."""
        if channel.ended is None:
            channel.settle(b"".join(frames.ack(channel.number, each.tag, False) for each in deliveries))

    def error(self, reason: CloseReason) -> BaseException:
        """See :class:`Source`."""
        from ...twisted._reading.queue_reader import channel_error

        return self._no_stream() if reason.code == 406 else channel_error("queue", self._name, reason)

    def _no_stream(self) -> ConsumeException:
        return ConsumeException(
            f"{from_wire(self._name)} is no stream: tail reads no other queue that is there already, since "
            "its messages would be missing elsewhere. Leave out --stream to see what comes from an exchange"
        )
