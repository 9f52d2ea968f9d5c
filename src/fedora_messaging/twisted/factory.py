# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The Twisted factory: makes protocols, one after the other, and outlives them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pika.connection
from twisted.internet.defer import Deferred

from .._amqp import frames, messages
from .._amqp.client_properties import check_client_properties
from .._core import topology
from .._core.backoff import Backoff
from .._core.clock import Clock
from .._core.lifecycle import CloseReason
from .._core.spans import PublishTracer
from .._reporting.log import SafeLog
from .._reporting.loggers import CONNECTION
from ..exceptions import ValidationError
from ._clock import Grace, wait
from ._connection.secret import update_secret
from ._consuming.settings import ConsumerSettings
from ._consuming_factory import Consuming
from ._renamed import warn_renamed
from .protocol import FedoraMessagingProtocol
from .stats import FactoryStatistics

if TYPE_CHECKING:
    from twisted.internet.interfaces import IAddress

__all__ = ["FedoraMessagingFactory"]

_log = SafeLog(CONNECTION)


class FedoraMessagingFactory(Consuming[FedoraMessagingProtocol]):
    """Reconnecting factory for the Fedora Messaging protocol.

    Pass it to ``reactor.connectTCP`` or ``connectSSL``, or let
    :class:`~fedora_messaging.twisted.service.FedoraMessagingService` do so. Consumers and unconfirmed
    messages belong to the factory and not to a connection, so they survive reconnects.

    Args:
        parameters: pika's connection parameters.
        bindings: A dictionary, or a list of them, each with ``exchange``, ``routing_keys`` and
            ``queue``; what :meth:`consume` uses when it is given none.
        queues: The queues to declare, as in the configuration.
        exchanges: The exchanges to declare, as in the configuration.
        confirms: Whether a publish waits for the broker's confirm.
        publish_exchange: The exchange for messages that are published without naming one.
        topic_prefix: Put before the topics of messages sent.
        publish_priority: The priority of messages that do not set one.
        mandatory: Whether publishing a message that no queue receives is an error.
        max_message_size: The largest body that is sent or handed to a callback, in bytes.
        max_pending: How many messages may be unconfirmed. Further ones wait. Once twice as many are waiting
            or unconfirmed, publishing fails. 0 means no limit.
        max_pending_bytes: The same limit for their total size, in bytes.
        handshake_timeout: Seconds from the TCP connection to the end of AMQP's handshake.
        settings: How consumers behave.
        publisher: Another factory, to which :meth:`publish` delegates; None: this one's own connection
            is used for both. A single connection is slower, and if the broker blocks publishers, it also
            blocks the acknowledgements.
        clock: The source of time. None means the global reactor.
        tracer: Makes the spans of messages that are published. None means there are none.

    Raises:
        ValueError: Bindings, queues or exchanges are not of the shape named, ``publish_exchange`` is no
            name of an exchange, or AMQP cannot carry the parameters' client properties.
    """

    #: The class of protocols that :meth:`buildProtocol` makes.
    protocol = FedoraMessagingProtocol

    def __init__(
        self,
        parameters: pika.connection.Parameters | None,
        bindings: Any,
        *,
        queues: Any = None,
        exchanges: Any = None,
        confirms: bool = True,
        publish_exchange: str = "amq.topic",
        topic_prefix: str = "",
        publish_priority: int | None = None,
        mandatory: bool = False,
        max_message_size: int = 64 * 1024 * 1024,
        max_pending: int = 10_000,
        max_pending_bytes: int = 256 * 1024 * 1024,
        handshake_timeout: float = 10.0,
        settings: ConsumerSettings | None = None,
        publisher: FedoraMessagingFactory | None = None,
        clock: Clock | None = None,
        tracer: PublishTracer | None = None,
    ) -> None:
        if parameters is not None:
            check_client_properties(parameters.client_properties or {})
        self._bindings = topology.bindings(bindings)
        self._queues = topology.queues(queues)
        self._settings = settings or ConsumerSettings()
        if exchanges is not None:
            self._settings = replace(self._settings, exchanges=topology.exchanges(exchanges))
        frame_max = getattr(parameters, "frame_max", frames.UNTUNED_FRAME_MAX)
        try:
            exchange = messages.encoded_exchange(publish_exchange)
        except ValidationError as error:
            raise ValueError(f"publish_exchange: {error}") from None
        self._max_message_size = max_message_size
        super().__init__(
            clock,
            Backoff(self._settings.backoff_base, self._settings.backoff_cap),
            self._settings.observer,
            parameters or pika.connection.ConnectionParameters(),
            handshake_timeout,
            publisher=publisher,
            settings=messages.PublishSettings(
                exchange, topic_prefix, publish_priority, max_message_size, frame_max, tracer
            ),
            confirms=confirms,
            mandatory=mandatory,
            exchanges=self._settings.exchanges,
            passive_declares=self._settings.passive_declares,
            max_pending=max_pending,
            max_pending_bytes=max_pending_bytes,
        )

    @property
    def stats(self) -> FactoryStatistics:
        """The number of messages published and consumed so far."""
        consumed = sum((consumer.stats for consumer in self._consumers), self._ended_statistics)
        return FactoryStatistics((self._publisher_factory or self)._publisher.published, consumed)

    # Connections

    def buildProtocol(self, addr: IAddress | None) -> FedoraMessagingProtocol:
        """Create the protocol of a new connection.

        See :class:`twisted.internet.protocol.ReconnectingClientFactory`.
        """
        made = self.protocol(
            self._parameters,
            self.confirms,
            clock=self._clock,
            handshake_timeout=self._handshake_limit(),
            max_message_size=self._max_message_size,
            topic_prefix=self._publish_settings.topic_prefix,
            publisher=self._publisher,
        )
        made.factory = self
        made.logged_in_with = self._parameters.credentials
        for consumer in self._consumers:
            made.add(consumer)
        self.handshake_started(made)
        assert made.ready is not None
        made.ready.addCallbacks(self.connected, lambda _: None)
        return made

    def connected(self, connected: FedoraMessagingProtocol) -> None:
        """See :class:`~fedora_messaging.twisted._connection.reconnecting.Reconnecting`."""
        super().connected(connected)
        present: Any = self._parameters.credentials
        if connected.logged_in_with is not present:  # it changed during the handshake
            connected.update_secret(present.password).addErrback(
                lambda failure: _log.warning("%s", str(failure.value))
            )

    def update_secret(self, secret: str, reason: str = "the secret expires") -> Deferred[None]:
        """Use a new password or token from now on, for example because an OAuth token expires.

        The broker is given it on the connections that are open (``connection.update-secret``, which stay
        open), the publisher's included, and the next ones log in with it. Where the broker refuses it, the
        next ones log in with the one before.

        Args:
            secret: The new one.
            reason: Why, for the broker's log; 255 bytes at most.

        Returns:
            A Deferred that fires with None when it is in use everywhere, at once when nothing is connected.
            It fails with ConnectionException when a connection ends before the broker has accepted it
            (RabbitMQ refuses a secret by closing the connection), or when the broker does not answer; with
            ValueError, nothing changed, when they are no strings or too long, the login is by certificate, or
            the URLs of several brokers name different users. Cancelling it only stops waiting.
        """
        factories = [self] if self._publisher_factory is None else [self, self._publisher_factory]
        parameters = [broker.parameters for factory in factories for broker in factory.brokers]
        connections = [
            each for each in (factory._connection for factory in factories) if each and each.opened
        ]
        return Deferred.fromCoroutine(update_secret(parameters, connections, secret, reason))

    def could_not_connect(self, reason: CloseReason) -> None:
        """See :class:`~fedora_messaging.twisted._connection.reconnecting.Reconnecting`."""
        self._publisher.unreachable(reason)
        for consumer in list(self._consumers):
            consumer.refused(reason)

    def needs_connection(self) -> bool:
        """See :class:`~fedora_messaging.twisted._connection.reconnecting.Reconnecting`."""
        return bool(self._consumers or self._publisher.pending) or super().needs_connection()

    # Ending

    def abort(self) -> None:
        """Drop the connection now, and do not connect again. Running callbacks are not interrupted."""
        self.stopTrying()
        for consumer in list(self._consumers):
            consumer.abort()
        self._publisher.close()
        self.abort_connection()

    def restart(self) -> None:
        """Connect and publish again after :meth:`stop`."""
        self.continueTrying = 1
        self._failed = 0
        self._publisher.reopen()

    async def stop(self, grace: float) -> None:
        """Stop the consumers, wait for messages that are being published, and close the connection.

        Args:
            grace: How long this may take, in seconds. Messages that are not confirmed by then fail with
                ConnectionException.
        """
        for_all = Grace(self._clock, grace)
        await self.drain_consumers(grace)
        drained = self._publisher.drain()
        if not await wait(self._clock, drained, for_all.left):
            self._publisher.close()
        await self.disconnect(for_all.left or 0.0)


# Compatibility with release 3.9.1, until 5.0
def __getattr__(name: str) -> Any:
    """The name that release 3.9.1 has for the class, imported when it is asked for."""
    if name == "FedoraMessagingFactoryV2":
        warn_renamed(name, "FedoraMessagingFactory")
        from ._compat import FedoraMessagingFactoryV2

        return FedoraMessagingFactoryV2
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
