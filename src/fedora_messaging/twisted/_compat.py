# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Names of release 3.9.1, with the methods that they had there; release 5.0 removes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pika import spec
from pika.connection import Parameters
from twisted.internet.defer import Deferred

from .._core.lifecycle import CloseReason
from .._core.topology import Queue, Subscription
from ..config import conf, parse
from ..exceptions import BadDeclaration, ConnectionException, NoFreeChannels
from ..message import Message
from ._connection.channel import Channel, ChannelEnded
from ._connection.tls import client_options, configure
from ._consuming.settings import ConsumerSettings
from .consumer import Consumer
from .factory import FedoraMessagingFactory
from .protocol import FedoraMessagingProtocol
from .service import FedoraMessagingService

__all__ = ["FedoraMessagingFactoryV2", "FedoraMessagingProtocolV2", "FedoraMessagingServiceV2"]


def _configure_tls_parameters(parameters: Parameters) -> None:
    """Give pika's parameters the configured certificates, for applications that connect by themselves."""
    configure(parameters, parse(conf).tls)


def _ssl_context_factory(parameters: Parameters) -> Any:
    """What ``reactor.connectSSL`` takes, with the configured certificates."""
    return client_options(parameters.host, parse(conf).tls)


class FedoraMessagingProtocolV2(FedoraMessagingProtocol):
    """A connection that can declare exchanges, queues and bindings, and consume from queues."""

    #: How consumers of :meth:`consume` behave.
    settings = ConsumerSettings()

    def consume(
        self, callback: Callable[[Message], Any], queue: str, previous_consumer: Consumer | None = None
    ) -> Deferred[Consumer]:
        """Consume from a queue that exists, on this connection.

        Args:
            callback: Called with each message. If it is not a coroutine function, it runs in a thread.
            queue: The queue's name.
            previous_consumer: A consumer that the new one replaces.

        Returns:
            A Deferred that fires with the consumer when it consumes; it fails as
            :attr:`~fedora_messaging.twisted.consumer.Consumer.result` does.
        """
        if previous_consumer is not None:
            previous_consumer.cancel()
        consumer = Consumer(
            Subscription(Queue(name=queue)),
            callback,
            replace(self.settings, exchanges=(), passive_declares=True),
            self._clock,
            from_thread=getattr(self._clock, "callFromThread", None),
        )
        consumer.result.addBoth(lambda _: self.remove(consumer))
        consumer.start()
        self.add(consumer)
        return consumer.when_consuming()

    def declare_exchanges(self, exchanges: Iterable[Mapping[str, Any]]) -> Deferred[None]:
        """Declare exchanges.

        Args:
            exchanges: The arguments of ``exchange.declare``, each with ``exchange`` at least.

        Returns:
            A Deferred that fires when all are declared. It fails with BadDeclaration when the broker
            refuses one.
        """
        calls = [
            (("exchange", each["exchange"]), spec.Exchange.Declare(**each), spec.Exchange.DeclareOk)
            for each in exchanges
        ]
        return self._on_a_channel(calls).addCallback(lambda _: None)

    def declare_queue(self, queue: Mapping[str, Any]) -> Deferred[str]:
        """Declare a queue.

        Args:
            queue: The arguments of ``queue.declare``.

        Returns:
            A Deferred that fires with its name. It fails with BadDeclaration when the broker refuses it.
        """
        return self.declare_queues([queue]).addCallback(lambda names: next(iter(names)))

    def declare_queues(self, queues: Iterable[Mapping[str, Any]]) -> Deferred[set[str]]:
        """Declare queues; as :meth:`declare_queue`, with a set of their names."""
        calls = [
            (("queue", each.get("queue", "")), spec.Queue.Declare(**each), spec.Queue.DeclareOk)
            for each in queues
        ]
        return self._on_a_channel(calls).addCallback(lambda replies: {reply.queue for reply in replies})

    def bind_queues(self, bindings: Iterable[Mapping[str, Any]]) -> Deferred[None]:
        """Bind queues.

        Args:
            bindings: The arguments of ``queue.bind``: ``queue``, ``exchange`` and ``routing_key``.

        Returns:
            A Deferred that fires when all are bound. It fails with BadDeclaration when the broker
            refuses one.
        """
        calls = [(("binding", dict(each)), spec.Queue.Bind(**each), spec.Queue.BindOk) for each in bindings]
        return self._on_a_channel(calls).addCallback(lambda _: None)

    def halt(self) -> Deferred[None]:
        """Stop consuming and close the connection. Returns a Deferred that fires when this is done."""

        async def halt() -> None:
            for consumer in list(self._consumers):
                await consumer.cancel()
            await self.close()

        return Deferred.fromCoroutine(halt())

    def _on_a_channel(self, calls: list[tuple[tuple[str, Any], Any, Any]]) -> Deferred[list[Any]]:
        async def run() -> list[Any]:
            channel: Channel | None = None
            declared: tuple[str, Any] = ("channel", None)
            try:
                channel = await self.open_channel()
                replies = []
                for declared, method, reply in calls:  # noqa: B007, the one that failed is named below
                    replies.append(await channel.call(method, reply))
            except ChannelEnded as error:
                raise _documented(error.reason, declared) from error
            await channel.close()
            return replies

        return Deferred.fromCoroutine(run())


def _documented(reason: CloseReason, declared: tuple[str, Any]) -> Exception:
    if reason.code == 504:
        return NoFreeChannels(reason=reason.text)
    if reason.code in (403, 404, 405, 406, 541):
        return BadDeclaration(*declared, str(reason))
    error = reason.error()
    return error if isinstance(error, ConnectionException) else ConnectionException(reason=str(error))


class FedoraMessagingFactoryV2(FedoraMessagingFactory):
    """A reconnecting factory.

    Args:
        parameters: pika's connection parameters.
        confirms: Whether a publish waits for the broker's confirm.
        bindings: As for :class:`~fedora_messaging.twisted.factory.FedoraMessagingFactory`.
        options: The other arguments of that class.
    """

    protocol = FedoraMessagingProtocolV2

    def __init__(self, parameters: Any, confirms: bool = True, *, bindings: Any = (), **options: Any) -> None:
        super().__init__(parameters, bindings, confirms=confirms, **options)

    def consume(  # type: ignore[override]
        self, callback: Callable[[Message], Any], bindings: Any = None, queues: Any = None, **options: Any
    ) -> Deferred[list[Consumer]]:
        """Call a callback with each message. If it is not a coroutine function, it runs in a thread."""
        return super().consume(callback, bindings=bindings, queues=queues, **{"in_thread": True, **options})


class FedoraMessagingServiceV2(FedoraMessagingService):
    """A service whose factory publishes and consumes.

    Args:
        amqp_url: The broker, or several of a cluster. None means the configured one.
        publish_confirms: Whether a publish waits for the broker's confirm.
        options: Keyword arguments of :class:`~fedora_messaging.twisted.service.FedoraMessagingService`.
    """

    name = "fedora-messaging-servicev2"
    factoryClass: Any = FedoraMessagingFactoryV2

    def __init__(
        self, amqp_url: str | Sequence[str] | None = None, publish_confirms: bool = True, **options: Any
    ) -> None:
        super().__init__(None, amqp_url, confirms=publish_confirms, **options)
