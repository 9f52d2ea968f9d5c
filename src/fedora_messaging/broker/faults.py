# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Faults that tests inject into a broker.

The test decides when each fault happens, by a count or by the broker's clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from ._clock import Clock
from ._connection.connection import Connection
from ._connection.ports import ConfirmableChannel, PublishFault
from ._model.vhost import VirtualHost
from ._wire.codec import PROTOCOL_HEADER
from ._wire.errors import AMQPError

__all__ = ["CORRUPT", "Faults"]

#: Bytes that no AMQP client can take for a frame, by what is wrong with them.
CORRUPT = {
    "type": b"\x63\x00\x00\x00\x00\x00\x01\x00\xce",
    "size": b"\x01\x00\x01\x7f\xff\xff\xff\x00\x00\x00\x00\xce",
    "end": b"\x01\x00\x01\x00\x00\x00\x04\x00\x14\x00\x0b\x00",
    "method": b"\x01\x00\x01\x00\x00\x00\x04\x63\x63\x63\x63\xce",
    "arguments": b"\x01\x00\x01\x00\x00\x00\x05\x00\x3c\x00\x3c\xff\xce",
    "header": PROTOCOL_HEADER,
}


class _Broker(Protocol):
    """What the faults need of the broker.

    Attributes:
        alarm: why publishers are blocked, or None.
    """

    alarm: str | None

    @property
    def connections(self) -> Sequence[Connection]:
        """The open connections."""

    @property
    def clock(self) -> Clock:
        """The broker's clock."""

    @property
    def vhosts(self) -> Mapping[str, VirtualHost]:
        """The virtual hosts, by name."""

    def flush(self) -> None:
        """Write what all connections have gathered."""


class Faults:
    """The faults of one broker."""

    def __init__(self, broker: _Broker) -> None:
        self._broker = broker
        self._drop_after: int | None = None
        self._close_after: tuple[int, AMQPError] | None = None
        self._hold = False
        self._delay = 0.0
        self._held: list[tuple[ConfirmableChannel, int, bool]] = []
        self._nack = 0

    def drop_after(self, publishes: int) -> None:
        """Cut the connection on which the N-th publish from now arrives, before it is confirmed."""
        self._drop_after = publishes

    def drop_connections(self) -> None:
        """Cut all connections now."""
        for connection in list(self._broker.connections):
            connection.abort()

    def close_connections(self, code: int = 320, text: str = "shutdown") -> None:
        """Close all connections with a reply code, like RabbitMQ when it stops."""
        for connection in list(self._broker.connections):
            connection.close(AMQPError(code, text, hard=True))

    def close_channel_after(self, publishes: int, code: int, text: str = "a fault") -> None:
        """Close the channel on which the N-th publish from now arrives."""
        self._close_after = (publishes, AMQPError(code, text, hard=False))

    def close_channels(self, code: int, text: str = "a fault") -> None:
        """Close all channels now."""
        for connection in self._broker.connections:
            for channel in connection.channels:
                connection.channels.close(channel, AMQPError(code, text, hard=False))
        self._broker.flush()

    def delay_confirms(self, seconds: float) -> None:
        """Delay every confirm by a number of seconds. 0 ends the delay."""
        self._delay = seconds

    def withhold_confirms(self) -> None:
        """Withhold all confirms until ``release_confirms``."""
        self._hold = True

    def release_confirms(self) -> None:
        """Send the withheld confirms, and stop withholding."""
        self._hold = False
        held, self._held = self._held, []
        for channel, number, accepted in held:
            channel.confirm(number, accepted)
        self._broker.flush()

    def nack_publishes(self, count: int = 1) -> None:
        """Answer the next publishes with ``basic.nack``, even though the queues accept them."""
        self._nack = count

    def block(self, reason: str = "low on memory") -> None:
        """Raise an alarm. Connections that publish are blocked, and not read any more.

        As in RabbitMQ, blocking begins after a content header. A publish with a body is accepted and
        confirmed when the alarm is over.
        """
        self._broker.alarm = reason

    def unblock(self) -> None:
        """End the alarm."""
        self._broker.alarm = None
        for connection in list(self._broker.connections):
            connection.unblock()
        self._broker.flush()

    def redeliver(self, queue: str, vhost: str = "/") -> None:
        """Requeue the unacknowledged messages of a queue, so that they are delivered again."""
        target = self._broker.vhosts[vhost].queues[queue]
        for connection in self._broker.connections:
            for channel in connection.channels:
                channel.requeue(target, counted=False)
        self._broker.flush()

    def cancel_consumers(self, queue: str, vhost: str = "/") -> None:
        """Cancel the consumers of a queue, as the broker may do. The queue remains."""
        target = self._broker.vhosts[vhost].queues[queue]
        for consumer in list(target.rotation.consumers):
            target.rotation.remove(consumer)
            consumer.notify_cancelled()
        self._broker.flush()

    def cut_off(self, queue: str, vhost: str = "/", *, cut_off: bool = True) -> None:
        """Behave for a quorum queue like a node that is cut off from its cluster, or end this.

        Its consumers are not notified, receive nothing, and are not counted.
        """
        target = self._broker.vhosts[vhost].queues[queue]
        target.rotation.cut_off = cut_off
        target.dispatch()
        self._broker.flush()

    def corrupt(self, what: str = "type") -> None:
        """Send bytes that are not a frame to all clients.

        Args:
            what: one of ``CORRUPT``.
        """
        for connection in list(self._broker.connections):
            connection.send(CORRUPT[what])
        self._broker.flush()

    def send(self, data: bytes) -> None:
        """Send any bytes to all clients."""
        for connection in list(self._broker.connections):
            connection.send(data)
        self._broker.flush()

    def silence(self, silent: bool = True) -> None:
        """Stop answering and reading on the open connections, or resume both."""
        for connection in list(self._broker.connections):
            connection.silence(silent)
        self._broker.flush()

    # For connections and channels

    def confirm(self, channel: ConfirmableChannel, number: int, accepted: bool) -> None:
        """Confirm a publish: now, later, or otherwise than it should be."""
        if self._nack:
            self._nack -= 1
            accepted = False
        if self._hold:
            self._held.append((channel, number, accepted))
        elif self._delay:
            self._broker.clock.callLater(self._delay, self._late, channel, number, accepted)
        else:
            channel.confirm(number, accepted)

    def published(self) -> PublishFault | None:
        """Count a publish, and return the fault that follows it, or None."""
        cut, channel_error = False, None
        if self._drop_after is not None:
            self._drop_after -= 1
            if self._drop_after <= 0:
                self._drop_after = None
                cut = True
        if self._close_after is not None:
            left, error = self._close_after
            self._close_after = (left - 1, error)
            if left <= 1:
                self._close_after = None
                channel_error = error
        return PublishFault(cut, channel_error) if cut or channel_error is not None else None

    def _late(self, channel: ConfirmableChannel, number: int, accepted: bool) -> None:
        channel.confirm(number, accepted)
        self._broker.flush()
