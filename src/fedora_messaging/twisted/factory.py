# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The Twisted factory: makes protocols, one after the other, and outlives them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pika.connection
from twisted.internet.defer import Deferred, DeferredList, gatherResults

from .._amqp import frames, messages
from .._amqp.client_properties import check_client_properties
from .._core import topology
from .._core.address import Address
from .._core.backoff import Backoff
from .._core.clock import Clock
from .._core.lifecycle import CloseReason
from .._reporting.log import SafeLog
from ..exceptions import ValidationError
from ..message import Message
from ._clock import wait
from ._connection.reconnecting import Reconnecting
from ._connection.secret import update_secret
from ._consuming.settings import ConsumerSettings
from ._publishing.publisher import Publisher
from .consumer import Consumer
from .protocol import FedoraMessagingProtocol
from .stats import ConsumerStatistics, FactoryStatistics

if TYPE_CHECKING:
    from twisted.internet.interfaces import IAddress

__all__ = ["FedoraMessagingFactory"]

_log = SafeLog(__name__)


class FedoraMessagingFactory(Reconnecting[FedoraMessagingProtocol]):
    """Reconnecting factory for the Fedora Messaging protocol.

    Hand it to ``reactor.connectTCP`` or ``connectSSL``, or let
    :class:`~fedora_messaging.twisted.service.FedoraMessagingService` do so. Consumers and messages on
    their way belong to it, not to a connection: they survive reconnects.

    Args:
        parameters: pika's connection parameters.
        bindings: A dictionary, or a list of them, each with ``exchange``, ``routing_keys`` and
            ``queue``; what :meth:`consume` uses when it is given none.
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
            is used for both. One connection for both is slower, and a broker that blocks publishers
            then blocks the acknowledgements too.
        clock: The source of time; None: the global reactor.

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
        handshake_timeout: float = 10.0,
        settings: ConsumerSettings | None = None,
        publisher: FedoraMessagingFactory | None = None,
        clock: Clock | None = None,
    ) -> None:
        if parameters is not None:
            check_client_properties(parameters.client_properties or {})
        self._parameters = parameters or pika.connection.ConnectionParameters()
        self._bindings = topology.bindings(bindings)
        self._queues = topology.queues(queues)
        self._settings = settings or ConsumerSettings()
        if exchanges is not None:
            self._settings = replace(self._settings, exchanges=topology.exchanges(exchanges))
        self.confirms = confirms
        self.mandatory = mandatory
        frame_max = getattr(parameters, "frame_max", frames.UNTUNED_FRAME_MAX)
        try:
            exchange = messages.encoded_exchange(publish_exchange)
        except ValidationError as error:
            raise ValueError(f"publish_exchange: {error}") from None
        self._publish_settings = messages.PublishSettings(
            exchange, topic_prefix, publish_priority, max_message_size, frame_max
        )
        self._max_message_size = max_message_size
        self._handshake_timeout = handshake_timeout
        super().__init__(
            clock, Backoff(self._settings.backoff_base, self._settings.backoff_cap), self._settings.observer
        )
        self.address = Address.of(self._parameters)
        self._publisher_factory = publisher
        self._publisher = Publisher(
            self._clock,
            confirms=confirms,
            exchanges=self._settings.exchanges,
            passive_declares=self._settings.passive_declares,
            observer=self._settings.observer,
            wanted=self.connect,
            progressed=self._made_progress,
            frame_max=frame_max,
        )
        self._consumers: list[Consumer] = []
        self._ended_statistics = ConsumerStatistics()
        self._failed = 0

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
            gives up. It waits for a connection if there is none, and sends the message again (with the
            same id) if the connection is lost before its confirm. It fails with ValidationError
            (nothing was sent), PublishReturned (the broker refused it), PublishForbidden,
            PublishTimeout, ConnectionException (credentials, virtual host or TLS refused; the
            factory was stopped), or ValueError (``timeout`` is no number of seconds, 0 at least; nothing
            was sent).
        """
        if self._publisher_factory is not None:
            return self._publisher_factory.publish(message, exchange, timeout=timeout)
        try:
            timeout = messages.check_timeout(timeout)
            encoded = self.prepare(message, exchange)
        except Exception as error:
            failed: Deferred[None] = Deferred()
            failed.errback(error)
            return failed
        return self.publish_encoded(encoded, timeout=timeout)

    def prepare(self, message: Message, exchange: str | None = None) -> messages.Encoded:
        """Check and encode a message; see :func:`fedora_messaging._amqp.messages.prepare`.

        Any thread may call it.
        """
        return messages.prepare(message, exchange, self._publish_settings)

    def publish_encoded(self, encoded: messages.Encoded, *, timeout: float | None = None) -> Deferred[None]:
        """Publish an encoded message; see :meth:`publish`."""
        if self._publisher_factory is not None:
            return self._publisher_factory.publish_encoded(encoded, timeout=timeout)
        return self._publisher.publish(encoded, mandatory=self.mandatory, timeout=timeout)

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
        prefetch_count: int | None = None,
        name: str = "",
    ) -> Deferred[list[Consumer]]:
        """Pass incoming messages to a callback. Each call adds consumers, which survive reconnects.

        Args:
            message_callback: Called with each message; may return a Deferred or be a coroutine function.
            bindings: As the class's argument; None: the factory's.
            queues: As the class's argument; None: the factory's.
            prefetch_count: How many deliveries the broker sends ahead; None: the factory's.
            name: What distinguishes the consumers from others in logs and on the monitoring pages.
            in_thread: Run a plain callback in a thread of its own rather than on the reactor.

        Returns:
            A Deferred that fires with a list of consumers, one for each queue, when each is consuming.
            It fails with the error of the first that has ended by then, and ends the others.
            Cancelling it cancels the consumers.

        Raises:
            ValueError: The callback is not callable, or bindings or queues are not of the shape named.
        """
        subscriptions = topology.subscriptions(
            self._queues if queues is None else topology.queues(queues),
            self._bindings if bindings is None else topology.bindings(bindings),
        )
        if not subscriptions:
            raise ValueError("there is nothing to consume: neither a queue nor a binding is named")
        settings = self._settings
        if prefetch_count is not None:
            settings = replace(settings, prefetch_count=prefetch_count)
        from_thread = getattr(self._clock, "callFromThread", None) if in_thread else None
        consumers = [
            Consumer(
                subscription,
                message_callback,
                settings,
                self._clock,
                from_thread=from_thread,
                stuck=self._declaring_stuck,
                progressed=self._made_progress,
                name=name,
            )
            for subscription in subscriptions
        ]
        for consumer in consumers:
            self._consumers.append(consumer)
            consumer.result.addBoth(self._consumer_ended, consumer)
        for consumer in consumers:
            consumer.start()
            if self._connection is not None:
                self._connection.add(consumer)
        self.connect()
        return Deferred.fromCoroutine(self._all_consuming(consumers))

    async def _all_consuming(self, consumers: list[Consumer]) -> list[Consumer]:
        decided: Deferred[Any] = Deferred()

        def decide(result: Any) -> None:
            if not decided.called:
                decided.callback(result)

        gatherResults([consumer.when_consuming() for consumer in consumers], consumeErrors=True).addCallbacks(
            decide, lambda failure: decide(failure.value.subFailure)
        )
        # One that ends after it has consumed must be heard, too, while others wait for their queue.
        for consumer in consumers:
            consumer.result.addErrback(decide)
        try:
            await decided
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
    def ready(self) -> bool:
        """Whether every consumer consumes, and none has ended with an error; true when there are none."""
        return not self._failed and all(consumer.running for consumer in self._consumers)

    @property
    def consumers(self) -> tuple[Consumer, ...]:
        """The consumers that have not ended."""
        return tuple(self._consumers)

    @property
    def stats(self) -> FactoryStatistics:
        """What has been published and consumed so far."""
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
            handshake_timeout=self._handshake_timeout,
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
        """Use a new password or token from now on, as for OAuth tokens that expire.

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
            ValueError, nothing changed, when they are no strings or too long, or the login is by
            certificate. Cancelling it only stops waiting.
        """
        factories = [self] if self._publisher_factory is None else [self, self._publisher_factory]
        parameters = [factory._parameters for factory in factories]
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

    def _declaring_stuck(self) -> None:
        if self._connection is not None and not any(consumer.running for consumer in self._consumers):
            self._connection.abort("declaring took too long, and nothing else uses the connection")

    def _consumer_ended(self, outcome: Any, consumer: Consumer) -> None:
        if outcome is not consumer:
            self._failed += 1
        self._consumers.remove(consumer)
        self._ended_statistics += consumer.stats
        if self._connection is not None:
            self._connection.remove(consumer)

    # Ending

    async def drain_consumers(self, grace: float | None) -> None:
        """Stop all consumers in order; see :meth:`Consumer.drain`."""
        draining = [Deferred.fromCoroutine(consumer.drain(grace)) for consumer in list(self._consumers)]
        for each in draining:
            await each

    def abort(self) -> None:
        """Drop the connection now, and do not connect again; callbacks that run are left alone."""
        self.stopTrying()
        for consumer in list(self._consumers):
            consumer.abort()
        self._publisher.close()
        self.abort_connection()

    def restart(self) -> None:
        """Connect and publish again, after :meth:`stop`."""
        self.continueTrying = 1
        self._failed = 0
        self._publisher.reopen()

    async def stop(self, grace: float) -> None:
        """Stop: consumers first, then what is being published, then the connection.

        Args:
            grace: How long that may take, in seconds. What is not confirmed by then fails with
                ConnectionException.
        """
        until = self._clock.seconds() + grace
        await self.drain_consumers(grace)
        drained = self._publisher.drain()
        if not await wait(self._clock, drained, max(until - self._clock.seconds(), 0.0)):
            self._publisher.close()
        await self.disconnect(max(until - self._clock.seconds(), 0.0))


def __getattr__(name: str) -> Any:
    """The name that release 3.9.1 has for it, imported when it is asked for."""
    if name == "FedoraMessagingFactoryV2":
        warnings.warn(
            f"{name} is the name of release 3.9.1 for FedoraMessagingFactory; release 5.0 removes it",
            DeprecationWarning,
            stacklevel=2,
        )
        from ._compat import FedoraMessagingFactoryV2

        return FedoraMessagingFactoryV2
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
