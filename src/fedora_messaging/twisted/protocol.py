# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The Twisted protocol: one AMQP connection that publishes and consumes messages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import pika.connection
from twisted.internet.defer import Deferred, fail

from .._amqp import frames, messages
from .._core.lifecycle import CloseReason
from ..message import Message
from ._connection.connection import Connection
from ._publishing.errors import connection_error
from ._publishing.publisher import Publisher
from ._renamed import warn_renamed

if TYPE_CHECKING:
    from .._core.clock import Clock
    from .consumer import Consumer

__all__ = ["FedoraMessagingProtocol"]


@runtime_checkable
class Reconnecting(Protocol):
    """What a protocol calls of the factory that made it."""

    def connection_ended(self, ended: FedoraMessagingProtocol, reason: CloseReason) -> None:
        """The connection has ended, for this reason."""

    def connection_blocked(self, reason: str | None) -> None:
        """The broker has blocked the connection, or (None) unblocked it."""


class FedoraMessagingProtocol(Connection):
    """One connection to the broker.

    It can be used with any of Twisted's endpoints, or by
    :class:`~fedora_messaging.twisted.factory.FedoraMessagingFactory`, whose publisher and consumers outlive
    it.

    Args:
        parameters: pika's connection parameters. Host, port and TLS belong to the endpoint.
        confirms: Whether :meth:`publish` waits for the broker's confirm.
        clock: The source of time. None means the global reactor.
        handshake_timeout: Seconds from the TCP connection to the end of AMQP's handshake.
        max_message_size: The largest body that is sent or handed to a callback, in bytes.
        topic_prefix: Put before the topics of messages sent.

    Attributes:
        ready: A Deferred that fires when the connection can be used, or fails with ConnectionException
            or PermissionException. None from then on.
        closed: A Deferred that fires when the connection has ended. None before the connection is ready.
    """

    def __init__(
        self,
        parameters: pika.connection.Parameters | None,
        confirms: bool = True,
        *,
        clock: Clock | None = None,
        handshake_timeout: float = 10.0,
        max_message_size: int = 64 * 1024 * 1024,
        topic_prefix: str = "",
        publisher: Publisher | None = None,
    ) -> None:
        super().__init__(
            parameters, clock=clock, handshake_timeout=handshake_timeout, max_body=max_message_size
        )
        self._own_publisher = publisher is None
        frame_max = getattr(parameters, "frame_max", frames.UNTUNED_FRAME_MAX)
        self.publisher = publisher or Publisher(self._clock, confirms=confirms, frame_max=frame_max)
        self._publish_settings = messages.PublishSettings(
            topic_prefix=topic_prefix, max_message_size=max_message_size, frame_max=frame_max
        )
        #: What the factory logged in with here.
        self.logged_in_with: Any = None
        self._consumers: dict[Consumer, None] = {}
        self.on_writable = self.publisher.writable
        self.on_blocked = self._blocked

    def publish(self, message: Message, exchange: str) -> Deferred[None]:
        """Publish a message.

        Args:
            message: The message.
            exchange: The name of the exchange.

        Returns:
            A Deferred that fires with None when the broker has confirmed the message; cancelling it
            gives up. It fails with ValidationError, PublishReturned, PublishForbidden or
            ConnectionException.
        """
        try:
            encoded = messages.prepare(message, exchange, self._publish_settings)
        except Exception as error:
            return fail(error)
        return self.publisher.publish(encoded)

    def pauseProducing(self) -> Deferred[None]:
        """Stop receiving messages, without disconnecting.

        Returns:
            A Deferred that fires when it is paused. It never fails.
        """
        return _all(Deferred.fromCoroutine(consumer.pause()) for consumer in list(self._consumers))

    def resumeProducing(self) -> Deferred[None]:
        """Start or resume receiving messages.

        Returns:
            A Deferred that fires when this was requested. It never fails, because each consumer has its own
            ``result``.
        """
        resumed = _all(Deferred.fromCoroutine(consumer.resume()) for consumer in list(self._consumers))
        for consumer in list(self._consumers):
            consumer.start()
        return resumed

    # What the factory uses

    def add(self, consumer: Consumer) -> None:
        """A consumer is to use this connection."""
        self._consumers[consumer] = None
        if self.alive:
            consumer.connected(self.open_channel)

    def remove(self, consumer: Consumer) -> None:
        """A consumer needs this connection no more."""
        self._consumers.pop(consumer, None)

    # Events of the connection

    def connectionReady(self) -> Any:
        """pika's: the connection is open."""
        self.publisher.connected(self.open_channel, self.frame_max)
        for consumer in list(self._consumers):
            consumer.connected(self.open_channel)
        return self

    def ended(self, reason: CloseReason) -> None:
        """See :class:`~fedora_messaging.twisted._connection.connection.Connection`."""
        self.publisher.disconnected(reason)
        if self._own_publisher:
            self.publisher.close(connection_error(reason))
        for consumer in list(self._consumers):
            consumer.disconnected()
        if isinstance(self.factory, Reconnecting):
            self.factory.connection_ended(self, reason)

    def _blocked(self, reason: str | None) -> None:
        self.publisher.blocked(reason)
        if isinstance(self.factory, Reconnecting):
            self.factory.connection_blocked(reason)


def _all(deferreds: Iterable[Deferred[Any]]) -> Deferred[None]:
    """Fires with None when all have."""

    async def wait() -> None:
        for each in list(deferreds):
            await each

    return Deferred.fromCoroutine(wait())


# Compatibility with release 3.9.1, until 5.0
def __getattr__(name: str) -> Any:
    """The name that release 3.9.1 has for the class, imported when it is asked for."""
    if name == "FedoraMessagingProtocolV2":
        warn_renamed(name, "FedoraMessagingProtocol")
        from ._compat import FedoraMessagingProtocolV2

        return FedoraMessagingProtocolV2
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
