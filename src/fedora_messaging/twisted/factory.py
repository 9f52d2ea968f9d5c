# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The Twisted factory: makes protocols, one after the other, and outlives them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pika.connection
from twisted.internet import protocol
from twisted.internet.defer import Deferred, DeferredList
from twisted.python.failure import Failure

from .. import _topology, _wire
from .._backoff import Backoff
from .._lifecycle import CloseReason
from ..exceptions import ConnectionException
from ..message import Message, check_outgoing
from ._clock import Clock, global_clock
from ._errors import transport_reason
from ._publisher import Publisher
from .consumer import Consumer, ConsumerSettings
from .protocol import FedoraMessagingProtocol
from .stats import ConsumerStatistics, FactoryStatistics

if TYPE_CHECKING:
    from twisted.internet.interfaces import IAddress, IConnector

__all__ = ["FedoraMessagingFactory"]

_log = logging.getLogger(__name__)


class FedoraMessagingFactory(protocol.ReconnectingClientFactory):
    """Reconnecting factory for the Fedora Messaging protocol.

    Hand it to ``reactor.connectTCP`` or ``connectSSL``, or let
    :class:`~fedora_messaging.twisted.service.FedoraMessagingService` do so. Consumers and messages on
    their way
    belong to it, not to a connection: they survive reconnects.

    Args:
        parameters: pika's connection parameters.
        bindings: A dictionary, or a list of them, each with ``exchange``, ``routing_keys`` and
            ``queue``; what
            :meth:`consume` uses when it is given none.
        queues: The queues to declare, as in the configuration.
        exchanges: The exchanges to declare, as in the configuration.
        confirms: Whether a publish waits for the broker's confirm.
        publish_exchange: Where messages go that are published without an exchange.
        topic_prefix: Put before the topics of messages sent.
        publish_priority: The priority of messages that have none.
        mandatory: Whether a message that no queue takes is an error.
        max_message_size: The largest body that is sent or handed to a callback, in bytes.
        handshake_timeout: Seconds from the TCP connection to the end of AMQP's handshake.
        settings: How consumers behave.
        publisher: Another factory, to which :meth:`publish` delegates; None: this one's own connection
            is used for
            both. One connection for both is slower, and a broker that blocks publishers then blocks the
            acknowledgements too.
        clock: The source of time; None: the global reactor.

    Raises:
        ValueError: Bindings, queues or exchanges are not of the shape named.
    """

    noisy = False
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
        handshake_timeout: float = 10.0,
        settings: ConsumerSettings | None = None,
        publisher: FedoraMessagingFactory | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._parameters = parameters
        self._bindings = _topology.bindings(bindings)
        self._queues = _topology.queues(queues)
        self._settings = settings or ConsumerSettings()
        if exchanges is not None:
            self._settings = replace(self._settings, exchanges=_topology.exchanges(exchanges))
        self.confirms = confirms
        self.publish_exchange = publish_exchange
        self.topic_prefix = topic_prefix
        self.publish_priority = publish_priority
        self.mandatory = mandatory
        self._max_message_size = max_message_size
        self._handshake_timeout = handshake_timeout
        self._clock = clock = clock or global_clock()
        self._publisher_factory = publisher
        self._publisher = Publisher(
            clock,
            confirms=confirms,
            observer=self._settings.observer,
            wanted=self._connect,
            progressed=self._made_progress,
        )
        self._backoff = Backoff(self._settings.backoff_base, self._settings.backoff_cap)
        self._consumers: list[Consumer] = []
        self._ended_statistics = ConsumerStatistics()
        self._current: FedoraMessagingProtocol | None = None
        self._waiters: list[Deferred[FedoraMessagingProtocol]] = []
        self._dial: Callable[[], Any] | None = None
        self._dialling = False
        self._callID: Any = None
        self._reason: CloseReason | None = None

    # Publishing

    def publish(
        self, message: Message, exchange: str | None = None, *, timeout: float | None = None
    ) -> Deferred[None]:
        """Publish a message.

        Args:
            message: The message.
            exchange: The name of the exchange; None: ``publish_exchange``.
            timeout: Seconds until it is given up, for whatever reason; None: never.

        Returns:
            A Deferred that fires with None when the broker has confirmed the message; cancelling it
            gives up. It
            waits for a connection if there is none, and sends the message again (with the same id) if
            the connection
            is lost before its confirm. It fails with ValidationError (nothing was sent),
            PublishReturned (the broker
            refused it), PublishForbidden, PublishTimeout, or ConnectionException (credentials, virtual
            host or TLS
            refused; the factory was stopped).
        """
        if self._publisher_factory is not None:
            return self._publisher_factory.publish(message, exchange, timeout=timeout)
        try:
            check_outgoing(message)
            encoded = self.encode(message)
        except Exception as error:
            failed: Deferred[None] = Deferred()
            failed.errback(error)
            return failed
        return self.publish_encoded(encoded, exchange, timeout=timeout)

    def encode(self, message: Message) -> _wire.Encoded:
        """Encode a message that was checked; see :func:`fedora_messaging._wire.encode`. Any thread may
        call it."""
        return _wire.encode(
            message,
            topic_prefix=self.topic_prefix,
            priority=self.publish_priority,
            limit=self._max_message_size,
        )

    def publish_encoded(
        self, encoded: _wire.Encoded, exchange: str | None = None, *, timeout: float | None = None
    ) -> Deferred[None]:
        """Publish an encoded message; see :meth:`publish`."""
        if self._publisher_factory is not None:
            return self._publisher_factory.publish_encoded(encoded, exchange, timeout=timeout)
        return self._publisher.publish(
            encoded,
            self.publish_exchange if exchange is None else exchange,
            mandatory=self.mandatory,
            timeout=timeout,
        )

    @property
    def publishing_state(self) -> str:
        """What a message on its way is waiting for, in words."""
        return (self._publisher_factory or self)._publisher.state

    # Consuming

    def consume(
        self,
        message_callback: Callable[[Message], Any],
        *,
        bindings: Any = None,
        queues: Any = None,
        in_thread: bool = False,
    ) -> Deferred[list[Consumer]]:
        """Pass incoming messages to a callback. Each call adds consumers, which survive reconnects.

        Args:
            message_callback: Called with each message; may return a Deferred or be a coroutine function.
            bindings: As the class's argument; None: the factory's.
            queues: As the class's argument; None: the factory's.
            in_thread: Run a plain callback in a thread of its own rather than on the reactor.

        Returns:
            A Deferred that fires with a list of consumers, one for each queue, when each is consuming.
            It fails with
            the error of the first that has ended before, and then ends the others. Cancelling it
            cancels the consumers.

        Raises:
            ValueError: The callback is not callable, or bindings or queues are not of the shape named.
        """
        subscriptions = _topology.subscriptions(
            self._queues if queues is None else _topology.queues(queues),
            self._bindings if bindings is None else _topology.bindings(bindings),
        )
        from_thread = getattr(self._clock, "callFromThread", None) if in_thread else None
        consumers = [
            Consumer(
                subscription,
                message_callback,
                self._settings,
                self._clock,
                from_thread=from_thread,
                stuck=self._declaring_stuck,
                progressed=self._made_progress,
            )
            for subscription in subscriptions
        ]
        for consumer in consumers:
            self._consumers.append(consumer)
            consumer.result.addBoth(self._consumer_ended, consumer)
        for consumer in consumers:
            consumer.start()
            if self._current is not None:
                self._current.add(consumer)
        self._connect()
        return Deferred.fromCoroutine(self._all_consuming(consumers))

    async def _all_consuming(self, consumers: list[Consumer]) -> list[Consumer]:
        try:
            for consumer in consumers:
                await consumer.when_consuming()
        except BaseException:
            for consumer in consumers:
                consumer.cancel()
            raise
        return consumers

    def cancel(self, consumers: Iterable[Consumer]) -> Deferred[None]:
        """Cancel consumers.

        Returns:
            A Deferred that fires when their callbacks have finished and all is settled. It never fails.
        """
        return DeferredList([consumer.cancel() for consumer in consumers]).addCallback(lambda _: None)

    @property
    def consuming(self) -> bool:
        """Whether there are consumers, and all of them are consuming at this moment."""
        return bool(self._consumers) and all(consumer.running for consumer in self._consumers)

    @property
    def consumers(self) -> tuple[Consumer, ...]:
        """The consumers that have not ended."""
        return tuple(self._consumers)

    @property
    def stats(self) -> FactoryStatistics:
        """What has been published and consumed so far."""
        consumed = sum((consumer.stats for consumer in self._consumers), self._ended_statistics)
        return FactoryStatistics((self._publisher_factory or self)._publisher.published, consumed)

    def when_connected(self) -> Deferred[FedoraMessagingProtocol]:
        """A Deferred that fires with the protocol of the next connection, at once when there is one.

        It fails with ConnectionException when the factory is stopped before.
        """
        waiter: Deferred[FedoraMessagingProtocol] = Deferred(self._forget_waiter)
        if self._current is not None:
            waiter.callback(self._current)
        else:
            self._waiters.append(waiter)
        return waiter

    # Connecting

    def dial_with(self, dial: Callable[[], Any]) -> None:
        """How to connect when there is something to do; ``dial`` calls ``reactor.connectTCP(...,
        self)`` or alike."""
        self._dial = dial

    def connect(self) -> None:
        """Connect now, even with nothing to do."""
        self._connect()

    def _connect(self) -> None:
        """Connect unless that is under way."""
        if self._current is not None or self._dialling or not self.continueTrying:
            return
        if self.connector is not None:
            self._dialling = True
            self.connector.connect()
        elif self._dial is not None:
            self._dialling = True
            self._dial()

    def startedConnecting(self, connector: IConnector) -> None:
        """Called when the connection to the broker has started.

        See :class:`twisted.internet.protocol.ReconnectingClientFactory`.
        """
        self.connector = connector
        self._dialling = True

    def buildProtocol(self, addr: IAddress | None) -> FedoraMessagingProtocol:
        """Create the protocol of a new connection.

        See :class:`twisted.internet.protocol.ReconnectingClientFactory`.
        """
        made = self.protocol(
            self._parameters,
            self.confirms,
            clock=self._clock,
            handshake_timeout=self._handshake_timeout,
            max_message_size=self._max_message_size,
            topic_prefix=self.topic_prefix,
            publisher=self._publisher,
        )
        made.factory = self
        for consumer in self._consumers:
            made.add(consumer)
        assert made.ready is not None
        made.ready.addCallbacks(self._connected, lambda _: None)
        return made

    def _connected(self, connected: FedoraMessagingProtocol) -> None:
        self._current = connected
        self._dialling = False
        _log.info("Connected to the broker.")
        if self._settings.observer is not None:
            self._settings.observer.connected()
        connected.resumeProducing()
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.callback(connected)

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:
        """Called when the client has failed to connect to the broker.

        See :class:`twisted.internet.protocol.ReconnectingClientFactory`.
        """
        self._lost(connector, transport_reason(reason.value, opened=False))

    def clientConnectionLost(self, connector: IConnector, unused_reason: Failure) -> None:
        """Called when the connection to the broker has been lost.

        See :class:`twisted.internet.protocol.ReconnectingClientFactory`.
        """
        self._lost(connector, transport_reason(unused_reason.value, opened=True))

    def connection_ended(self, ended: FedoraMessagingProtocol, reason: CloseReason) -> None:
        """A protocol tells how its connection ended; Twisted's call, which does not know, follows."""
        if self._current is ended:
            self._current = None
        self._reason = reason

    def _lost(self, connector: IConnector, reason: CloseReason) -> None:
        told, self._reason = self._reason, None
        reason = told or reason
        self._dialling = False
        self.connector = connector
        if not self.continueTrying:
            _log.info("The connection to the broker is closed.")
            return
        if not reason.opened:
            self._publisher.unreachable(reason)
            for consumer in list(self._consumers):
                consumer.refused(reason)
        if self._settings.observer is not None:
            self._settings.observer.disconnected(str(reason))
        if (reason.refused_login or reason.refused_tls) and not self._wanted():
            _log.warning("Not connected to the broker: %s.", reason)
            return
        delay = self._backoff.next()
        _log.warning("Not connected to the broker: %s. Next try in %.1f s.", reason, delay)
        self._dialling = True
        self._callID = self._clock.callLater(delay, self._reconnect)

    def _wanted(self) -> bool:
        return bool(self._consumers or self._publisher.pending or self._waiters)

    def _reconnect(self) -> None:
        self._callID = None
        self._dialling = False
        self._connect()

    def _made_progress(self) -> None:
        self._backoff.reset()

    def _declaring_stuck(self) -> None:
        if self._current is not None and not any(consumer.running for consumer in self._consumers):
            self._current.abort("declaring took too long, and nothing else uses the connection")

    def _consumer_ended(self, _: Any, consumer: Consumer) -> None:
        self._consumers.remove(consumer)
        self._ended_statistics += consumer.stats
        if self._current is not None:
            self._current.remove(consumer)

    def _forget_waiter(self, waiter: Deferred[Any]) -> None:
        if waiter in self._waiters:
            self._waiters.remove(waiter)

    # Ending

    def stopTrying(self) -> None:
        """Do not connect any more; a connection that exists stays."""
        self.continueTrying = 0
        if self._callID is not None:
            self._callID.cancel()
            self._callID = None
        self._dialling = False
        if self.connector is not None and getattr(self.connector, "state", None) == "connecting":
            self.connector.stopConnecting()

    def stopFactory(self) -> None:
        """Twisted's: no connection is left. Between two attempts this means nothing; see :meth:`stop`."""

    async def drain_consumers(self, grace: float | None) -> None:
        """Stop all consumers in order; see :meth:`Consumer.drain`."""
        draining = [Deferred.fromCoroutine(consumer.drain(grace)) for consumer in list(self._consumers)]
        for each in draining:
            await each

    def abort(self) -> None:
        """Drop the connection now, and do not connect again."""
        self.stopTrying()
        self._publisher.close()
        if self._current is not None:
            self._current.abort("aborted by this client")

    async def stop(self, grace: float) -> None:
        """Stop: consumers first, then what is being published, then the connection.

        Args:
            grace: How long that may take, in seconds. What is not confirmed by then fails with
                ConnectionException.
        """
        until = self._clock.seconds() + grace
        await self.drain_consumers(grace)
        drained = self._publisher.drain()
        if not drained.called:
            timer = self._clock.callLater(max(until - self._clock.seconds(), 0.0), self._publisher.close)
            await drained
            if timer.active():
                timer.cancel()
        self.stopTrying()
        current = self._current
        if current is not None:
            await current.close()
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.errback(ConnectionException(reason="the factory was stopped"))
